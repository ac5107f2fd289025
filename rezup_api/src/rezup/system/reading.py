"""Reading a file that may turn out to be something else."""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

#: A pipe is opened at once, whether anybody writes to it or not; to files without a lease it is the same.
AT_ONCE = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)


def open_at_once(path: str | Path, extra: int = 0) -> int:
    """A descriptor for reading what may turn out to be a pipe, which is not waited for.

    A file that somebody has a lease on, such as an oplock of Samba, is: the kernel asks for it back.

    :param extra: more flags for `os.open`
    :raises OSError: it can't be opened
    """
    flags = os.O_RDONLY | extra
    try:
        return os.open(path, flags | AT_ONCE)
    except BlockingIOError:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise
        return os.open(path, flags | (AT_ONCE & ~getattr(os, "O_NONBLOCK", 0)))


def read_file(path: Path, most: int = sys.maxsize) -> bytes:
    """The content of a regular file; what else is in its place is not waited for.

    :param most: bytes after which it is cut off
    :raises OSError: it can't be read, or is no regular file
    """
    descriptor = open_at_once(path)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        chunks = []
        while most > 0 and (chunk := os.read(descriptor, min(max(status.st_size + 1, 1 << 16), most))):
            chunks.append(chunk)
            most -= len(chunk)
        return b"".join(chunks)
    finally:
        os.close(descriptor)
