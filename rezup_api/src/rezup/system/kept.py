"""Small files of plain data that a cache keeps: read at once, checked by their sum, replaced as a whole."""

from __future__ import annotations

import marshal
import os
import stat
from typing import Any
from zlib import crc32

#: Names of buckets and what they hold are the callers'; this is the length of the check sum.
_SUM = 4

#: No link is followed, and nothing is waited for.
_SAFELY = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


def read_kept(path: str) -> Any | None:
    """What is kept in a file; None where there is none, it is damaged, or others could have written it."""
    try:
        with open(os.open(path, os.O_RDONLY | _SAFELY), "rb") as stream:
            if not _is_own(os.fstat(stream.fileno())):
                return None
            content = stream.read()
        if crc32(content[_SUM:]) != int.from_bytes(content[:_SUM], "little"):
            return None
        return marshal.loads(content[_SUM:])  # noqa: S302 - our own cache, checked
    except (OSError, ValueError, EOFError, TypeError):
        return None


def _is_own(found: os.stat_result) -> bool:
    """Whether nobody but this user can have written a file: what is kept may hold code."""
    if os.name == "nt":
        return True  # the folder of the user's caches is closed to others
    return stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o022


def write_kept(path: str, value: Any) -> bool:
    """Keep plain data, for this user alone; whether that could be done.

    A value that is no plain data, and a place that can't be written, are no error: a cache is no
    reason to stop.
    """
    from pathlib import Path

    from rezup.system.files import make_folder, write_atomic

    try:
        content = marshal.dumps(value, 4)
        make_folder(Path(path).parent)
        data = crc32(content).to_bytes(_SUM, "little") + content
        write_atomic(Path(path), data, mode=0o600, durable=False)
    except (OSError, ValueError):
        return False
    return True


def limit_kept(folder: str, most: int) -> None:
    """Where a folder has more files than that, remove the oldest ones until there is some room."""
    try:
        names = os.listdir(folder)
    except OSError:
        return
    if len(names) <= most:
        return
    ages = []
    for name in names:
        path = os.path.join(folder, name)
        try:
            ages.append((os.stat(path).st_mtime_ns, path))
        except OSError:  # another process was quicker
            continue
    for _, path in sorted(ages)[: -most * 3 // 4]:
        try:
            os.unlink(path)
        except OSError:
            continue
