"""What killed processes leave behind: staging and trash folders and asides, told by their names alone.

The name holds host and process, so that work under way is never taken for a leaving where
locks are broken; what another host left goes when it is a day old. An *aside* is a folder that
another one takes the place of at this moment: it ends with the name that it had, and has that
again if the other one never comes, see `rezup.system.swapping`.
"""

from __future__ import annotations

import os
import re
import time
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from rezup.system import locks
from rezup.system.machine import host_name

if TYPE_CHECKING:
    from pathlib import Path

STAGING, TRASH, ASIDE = "staging", "trash", "aside"

#: Seconds after which leavings are deleted: of a dead process of this host, and of any other.
#:
#: The minute is needed though the process is gone and the lease free, as neither proves that nobody works
#: there. A builder in a container with the name of its host, or on a machine cloned with its name, has no
#: process here. Its lease looks free where locks don't reach it (NFS with local locks) and before it is
#: locked, and what is published has none at all. At least short work is safe then.
SWEEP_AFTER, SWEEP_AFTER_UNKNOWN = 60.0, 86400.0

_NAME = re.compile(
    rf"\.({STAGING}|{TRASH}|{ASIDE})-([0-9a-f]{{8}})-([0-9]{{1,10}})-[0-9a-f]{{8}}(?:-(.+))?", re.DOTALL
)

#: The name of a file that is written beside the one it replaces, see `rezup.system.files.write_atomic`.
TEMPORARY = re.compile(r"\..+\.[0-9]+\.[0-9a-f]{8}\.tmp")


class Leaving(NamedTuple):
    """What the name of such a folder tells."""

    kind: str
    """`STAGING`, `TRASH` or `ASIDE`."""
    is_ours: bool
    """Whether a process of this host made it."""
    pid: int
    called: str
    """What an aside was called before; else empty."""

    @property
    def is_dead(self) -> bool:
        """Whether it surely is of a process that is gone."""
        return self.is_ours and not _is_running(self.pid)


def new_name(kind: str) -> str:
    """The name of a new folder of this process."""
    return f".{kind}-{_host()}-{os.getpid()}-{os.urandom(4).hex()}"


def new_aside(called: str) -> str:
    """The name of a folder that this process puts another one in the place of."""
    return f"{new_name(ASIDE)}-{called}"


def parse(name: str) -> Leaving | None:
    """What a name tells; None for a name that isn't given by `new_name` or `new_aside`."""
    match = _NAME.fullmatch(name)
    called = match[4] or "" if match else ""
    if match is None or (match[1] == ASIDE) != bool(called) or called in (".", ".."):
        return None
    return Leaving(match[1], match[2] == _host(), int(match[3]), called)


def give_back(aside: Path) -> bool:
    """Give a folder that was put aside its name again; False if that is taken by now.

    :raises OSError: it can't be renamed
    """
    from rezup.system.files import rename_new

    found = parse(aside.name)
    return found is not None and bool(found.called) and rename_new(aside, aside.with_name(found.called))


def sweep(folder: Path, lease: str) -> None:
    """Delete what is left in a folder; never raises, never touches work under way.

    :param lease: name of the file that whoever works on such a folder holds
    """
    import contextlib

    try:
        names = [] if folder.is_symlink() else os.listdir(folder)
    except OSError:
        return
    for name in names:
        path = folder / name
        found = parse(name)
        with contextlib.suppress(OSError):
            if TEMPORARY.fullmatch(name) and time.time() - path.lstat().st_mtime > SWEEP_AFTER_UNKNOWN:
                path.unlink()
            elif found is not None and found.called and not os.path.lexists(folder / found.called):
                if found.is_dead:  # else somebody may be about to
                    give_back(path)
            elif found is not None:
                _remove_idle(path, found, lease)


def _remove_idle(path: Path, found: Leaving, lease: str) -> None:
    """Delete a folder that nobody works on, as far as can be told."""
    from rezup.system.files import remove_tree

    with locks.exclusive(path / lease) as free:
        is_dead = found.is_dead
        if found.is_ours and not is_dead and free is None and os.name != "nt":
            return  # without locks, a process that is there is all that tells of work
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
        leaving = parse(name)
        if leaving is None or leaving.kind != STAGING:
            continue
        if not leaving.is_ours:
            found.append("a process of another host")
        elif not leaving.is_dead:
            found.append(f"process {leaving.pid}")
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
