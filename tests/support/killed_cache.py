"""Runs one action on a cache in this process and kills it with SIGKILL at a named moment.

Usage: ``python killed_cache.py ACTION STAGE EDGE`` in a project's folder, EDGE being "start" or "end".
"""

from __future__ import annotations

import sys

from rezup.session.caching import Caches
from rezup.system.machine import process_environment
from support.killed import Executioner


def main() -> None:
    """Perform the action."""
    action, stage, edge = sys.argv[1:]
    caches = Caches(process_environment(), reporter=Executioner(stage, edge))
    if action == "prune":
        caches.prune(older_than=0)
    elif action == "erase":
        caches.project().erase()
    elif action == "store":
        caches.project().store()
    else:
        caches.project().restore()


if __name__ == "__main__":
    main()
