"""By what a file or folder is known to be unchanged.

A stamp is the times of the last change of content and of entry, the size and the number of the inode.
No program can set the time of entry, so a file that got its old time back, or another file in its
place, has another stamp. Times have a grain: what changed just now may change again within the same
grain, so only stamps that lie some time back are settled.

The device is no part of it: it has another number on each machine, and after each restart. On Windows the
time of entry is that of creation; there an edit that keeps the size and restores the time is not seen.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Clock: TypeAlias = "Callable[[], int]"
    """Gives the time in nanoseconds, as `time.time_ns` does."""

Stamp: TypeAlias = "tuple[int, int, int, int] | tuple[()]"
"""(modified, changed, size, inode), times in nanoseconds; () for what is not there."""

ABSENT: Stamp = ()

#: How far back a change must lie, in nanoseconds: the coarsest grain of times in use is two seconds (FAT).
GRAIN = 2_500_000_000

#: The first of the two times that tell when the last change was. Anybody may set the other to any time,
#: also to one in the future; but on Windows it is the only one that moves.
_FIRST = 0 if sys.platform == "win32" else 1


def stamp(path: str) -> Stamp:
    """The stamp of what is at `path` now, links followed."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return ABSENT
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def all_unchanged(known: Iterable[tuple[str, Stamp]]) -> bool:
    """Whether what is at all these paths still has these stamps."""
    stat = os.stat
    for path, stamp_then in known:
        try:
            found = stat(path)
        except (OSError, ValueError):
            if stamp_then:
                return False
        else:
            if (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino) != stamp_then:
                return False
    return True


def is_settled(stamps: Iterable[Stamp], now: int) -> bool:
    """Whether all changes lie far enough back at the time `now`, in nanoseconds.

    A change in the future, by the clock of a file server that is ahead, is not settled either.
    """
    latest = now - GRAIN
    return all(max(each[_FIRST:2], default=0) < latest for each in stamps)
