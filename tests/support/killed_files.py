"""Performs one action in this process and kills it before one of its file operations, or as it writes.

Usage: ``python killed_files.py ACTION ROOT SOURCE NUMBER BYTES``: before the operation of that number below ROOT,
counted from 0, or when a file gets larger than BYTES; a negative one is never reached.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

OPERATIONS = {
    "open",
    "os.rename",
    "os.mkdir",
    "os.chmod",
    "os.remove",
    "os.rmdir",
    "os.utime",
    "os.listdir",
    "os.scandir",
}


def kill_before(number: int, root: str) -> None:
    """Kill this process before an operation on a path below `root`."""
    count = 0

    def see(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if event not in OPERATIONS or not isinstance(arguments[0], (str, os.PathLike)):
            return
        if os.fspath(arguments[0]).startswith(root):
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

    sys.addaudithook(see)


def kill_beyond(size: int) -> None:
    """Kill this process when it makes a file larger; nothing is cleaned up."""
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def main() -> None:
    """Perform the action."""
    action, root, source, number, size = sys.argv[1:]
    from rezup.containers.bundle_file import read_bundle, write_bundle
    from rezup.wheelhouse.store import Wheelhouse
    from support.bundles import FACTS, FILES, WHEEL
    from support.wheelhouses import wheel_of

    wheel = wheel_of(Path(source).read_bytes())
    if int(number) >= 0:
        kill_before(int(number), root)
    if int(size) >= 0:
        kill_beyond(int(size))
    if action == "put":
        Wheelhouse(Path(root)).put(Path(source), wheel)
    elif action == "remove":
        Wheelhouse(Path(root)).remove(wheel.sha256)
    elif action == "write":
        write_bundle(Path(root) / "foo.rezup", {**FILES, WHEEL: Path(source)}, FACTS)
    else:
        read_bundle(Path(source), Path(root) / "into")


if __name__ == "__main__":
    main()
