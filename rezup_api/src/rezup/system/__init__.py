"""The only code that touches the operating system, the environment or other processes.

It knows no word of rezup's domain: folders, files, locks, processes, interpreters.
"""
