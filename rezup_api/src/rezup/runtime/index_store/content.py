"""The bytes of an index file, read piece by piece.

A file is not mapped into memory: where another machine replaces it on a file server, touching a map of
the old one kills the process. Reading raises an error instead, which means a damaged index.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Protocol

from rezup.errors import DamagedIndexError

if TYPE_CHECKING:
    from typing import TypeAlias

    Piece: TypeAlias = "bytes | memoryview"


class Content(Protocol):
    """Bytes that don't change."""

    size: int

    def read(self, offset: int, length: int) -> Piece:
        """A part of them.

        :raises DamagedIndexError: it can't be read
        """


class InMemory:
    """Bytes that are there."""

    __slots__ = ("_view", "size")

    def __init__(self, data: Piece) -> None:
        self._view = memoryview(data)
        self.size = len(self._view)

    def read(self, offset: int, length: int) -> Piece:
        """See `Content`."""
        return self._view[offset : offset + length]


class InFile:
    """Those of a file that is open; it may be replaced meanwhile.

    :param descriptor: is closed with this object
    """

    __slots__ = ("_descriptor", "size")

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.size = os.fstat(descriptor).st_size

    def read(self, offset: int, length: int) -> Piece:
        """See `Content`."""
        try:
            return os.pread(self._descriptor, length, offset)
        except OSError as error:
            raise DamagedIndexError("the index can't be read", context=error.strerror) from error

    def __del__(self) -> None:
        os.close(self._descriptor)


def open_content(path: str) -> Content:
    """The content of a file.

    :raises OSError: it can't be read
    """
    if hasattr(os, "pread"):
        return InFile(os.open(path, os.O_RDONLY))
    with open(path, "rb") as stream:  # Windows, where nobody can replace a file that is open
        return InMemory(stream.read())
