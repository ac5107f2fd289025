"""The cache of finished environments: kept by what went into them, cloned to where they are needed.

It knows nothing of installers: whoever wants an environment hands in what builds it.
"""
