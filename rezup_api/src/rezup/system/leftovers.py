"""What killed processes leave behind: staging and trash folders, told by their names alone.

The name holds host and process, so that work under way is never taken for a leaving where
locks are broken; what another host left goes when it is a day old.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING
from zlib import crc32

from rezup.system import locks
from rezup.system.machine import host_name

if TYPE_CHECKING:
    from pathlib import Path

STAGING, TRASH = "staging", "trash"

#: Seconds after which leavings are deleted: of a dead process of this host, and of any other.
#:
#: The minute is needed though the process is gone and the lease free, as neither proves that nobody works
#: there. A builder in a container with the name of its host, or on a machine cloned with its name, has no
#: process here. Its lease looks free where locks don't reach it (NFS with local locks) and before it is
#: locked, and what is published has none at all. At least short work is safe then.
SWEEP_AFTER, SWEEP_AFTER_UNKNOWN = 60.0, 86400.0

_NAME = re.compile(r"\.(?:staging|trash)-([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}")

#: The name of a file that is written beside the one it replaces, see `rezup.system.files.write_atomic`.
TEMPORARY = re.compile(r"\..+\.[0-9]+\.[0-9a-f]{8}\.tmp")


def new_name(kind: str) -> str:
    """The name of a new folder of this process."""
    return f".{kind}-{_host()}-{os.getpid()}-{os.urandom(4).hex()}"


def sweep(folder: Path, lease: str) -> None:
    """Delete what is left in a folder; never raises, never touches work under way.

    :param lease: name of the file that whoever works on such a folder holds
    """
    import contextlib

    from rezup.system.files import remove_tree

    try:
        names = [] if folder.is_symlink() else os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = folder / name
        if TEMPORARY.fullmatch(name):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > SWEEP_AFTER_UNKNOWN:
                    path.unlink()
        match = _NAME.fullmatch(name)
        if match is None:
            continue
        with contextlib.suppress(OSError), locks.exclusive(path / lease) as free:
            is_here = match[1] == _host()
            is_dead = is_here and not _is_running(int(match[2]))
            if is_here and not is_dead and free is None and os.name != "nt":
                continue  # without locks, a process that is there is all that tells of work
            limit = SWEEP_AFTER if is_dead else SWEEP_AFTER_UNKNOWN
            age = time.time() - path.lstat().st_mtime
            if is_dead:  # what it left tomorrow was left before the clock was set back
                age = abs(age)
            if free is not False and age > limit:
                remove_tree(path)


def builders(folder: Path) -> list[str]:
    """Who seems to build in a folder, by the names of staging folders alone: nothing is locked or opened."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return []
    found = []
    for name in names:
        match = _NAME.fullmatch(name)
        if match is None or not name.startswith(f".{STAGING}-"):
            continue
        if match[1] != _host():
            found.append("a process of another host")
        elif _is_running(int(match[2])):
            found.append(f"process {int(match[2])}")
    return found


def _host() -> str:
    return f"{crc32(host_name().encode()):08x}"


def _is_running(pid: int) -> bool:
    if os.name == "nt":
        return True  # asking would end it there
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
