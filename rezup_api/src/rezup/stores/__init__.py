"""Where revisions live: listed, read, published and removed.

``base`` states the contract; ``local``, ``remote`` and ``memory`` keep it.
"""
