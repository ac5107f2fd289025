"""Prunes in this process and kills it with SIGKILL at a named moment.

Usage: ``python killed_prune.py WHAT STAGE EDGE``, WHAT being "revisions" or "wheels", EDGE "start" or "end";
or STAGE being "file" and EDGE a number: when that many files were deleted.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys

from rezup.session import Session
from support.killed import Executioner


def main() -> None:
    """Prune."""
    what, stage, edge = sys.argv[1:]
    if stage == "file":
        kill_after(int(edge))
    removal = Session.create(reporter=Executioner(stage, edge)).removal()
    if what == "wheels":
        removal.unused_wheels(remove=True)
    else:
        removal.old_revisions(remove=True)


def kill_after(count: int) -> None:
    """Kill this process when it is about to delete one file more than so many."""
    files = itertools.count()

    def hook(event: str, _: object) -> None:
        if event == "os.remove" and next(files) == count:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


if __name__ == "__main__":
    main()
