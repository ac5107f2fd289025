"""The command line on a machine whose share is slow, or doesn't answer at all.

Usage: ``python faulty_remote.py FOLDER SECONDS ARGUMENT…``: each file that is opened and each folder that is listed
below FOLDER takes so long, in any process that is forked from this one.
"""

from __future__ import annotations

import os
import sys
import time


def slow_down(folder: str, seconds: float) -> None:
    """Have this process wait whenever it reads something at or below `folder`."""

    def see(event: str, arguments: tuple[object, ...]) -> None:
        if event in ("open", "os.scandir", "os.listdir") and isinstance(arguments[0], (str, os.PathLike)):
            path = os.fspath(arguments[0])
            if path == folder or path.startswith(folder + os.sep):
                time.sleep(seconds)

    sys.addaudithook(see)


def main() -> int:
    """Be the command line."""
    folder, seconds = sys.argv[1:3]
    del sys.argv[1:3]
    slow_down(folder, float(seconds))
    from rezup_cli.main import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
