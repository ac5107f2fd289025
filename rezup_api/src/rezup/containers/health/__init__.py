"""What is wrong on a machine, and what can be done about it: `rezup check` and `rezup doctor`.

``checking`` compares revisions with what was recorded when they were made; ``roots``, ``revisions`` and
``caches`` look for findings, each kind of which is in the table of ``kinds``; ``mending`` puts files right.
"""
