"""One index file: the compiled families of an ordered list of repositories, and what to watch of them.

::

    head        magic, format; lengths of the three parts; check sums of the first and of all heads
    about       marshal of (what was indexed, the listing of each repository,
                {family that must be read each time: why})
    watches     row of (offset, length, check sum) for each family | blocks: marshal of its watches
    index       see `rezup.resolver.index.stored`

The file of a single repository also is what files of several are put together from.
"""

from __future__ import annotations

import marshal
import sys
from typing import TYPE_CHECKING, NamedTuple, cast
from zlib import crc32

from rezup.errors import DamagedIndexError
from rezup.resolver.index import stored
from rezup.runtime.index_store.content import InMemory, open_content
from rezup.runtime.index_store.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup.runtime.index_store.content import Content, Piece
    from rezup.runtime.index_store.stamps import Stamp
    from rezup.runtime.index_store.unusable import Trouble

MAGIC = b"rezuplnk"
SUFFIX = ".idx"
#: Raise it whenever what is stored means something else, also when definitions are read differently.
FORMAT = 3
_HEAD = 32
_INDEX_HEAD = 32
_DIRECTORY = 3  # which number in the head of the index is the length of its directory
_ROW = 3


class Root(NamedTuple):
    """The folder of a repository as it was listed."""

    stamp: Stamp | None
    """None where the listing can't be relied on: it must be read again. () if there was no folder."""

    names: tuple[str, ...]
    """Its families, ascending."""

    unread: tuple[str, ...] = ()
    """Those of which the index knows nothing yet, and those that it knows but that are not listed."""

    @property
    def watched(self) -> set[str]:
        """The families that the index has a watch for in this repository."""
        return {*self.names} ^ {*self.unread} if self.unread else {*self.names}


class Scope(NamedTuple):
    """What an index is of; another scope needs another index."""

    locations: tuple[str, ...]
    settings: str
    """All settings that reading definitions depends on, as text."""
    python: str
    """Definitions are programs of this Python."""


class Linked:
    """An index file over its content.

    :raises DamagedIndexError: it is no such file, of another format, or damaged where it was read
    """

    __slots__ = ("_content", "_rows", "_start", "index", "roots", "scope", "volatile")

    def __init__(self, content: Content) -> None:
        self._content = content
        head = bytes(content.read(0, _HEAD))
        if len(head) < _HEAD or head[:8] != MAGIC:
            raise DamagedIndexError("not an index of repositories")
        form, about, watches, index, about_sum, heads_sum = memoryview(head)[8:].cast("I").tolist()
        if form != _form():
            raise DamagedIndexError("the index was made by another version of rezup")
        start = _HEAD + about + watches
        words = content.read(_HEAD, about)
        inner = bytes(content.read(start, _INDEX_HEAD))
        if content.size != start + index or crc32(words) != about_sum or _sum(head, inner) != heads_sum:
            raise DamagedIndexError("the index is damaged")
        scope, roots, self.volatile = marshal.loads(words)  # noqa: S302 - as trusted as the package files
        self.scope = Scope(*scope)
        self.roots = tuple(Root(*root) for root in roots)
        self.index = _Pieces(content, start, inner)
        rows = len(self.index) * _ROW * 4
        self._start = _HEAD + about
        self._rows = memoryview(content.read(self._start, rows)).cast("I")

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self._content.size

    def data(self) -> bytes:
        """All bytes of the file."""
        return bytes(self._content.read(0, self._content.size))

    def in_memory(self) -> Linked:
        """The same, read at once: better for who looks at all of it."""
        return Linked(InMemory(self.data()))

    def watches(self, family: int) -> tuple[Watch | None, ...]:
        """What to watch of a family, for each repository; None where it has no such family."""
        if family >= len(self.index):
            return (None,) * len(self.roots)
        found = marshal.loads(self.block(family))  # noqa: S302 - as trusted as the package files
        return tuple([None if watch is None else Watch(*watch) for watch in found])

    def unusable(self) -> Iterator[tuple[str, Trouble]]:
        """(family, what is wrong with one of its versions) for all families, ascending.

        :raises DamagedIndexError: some of it is damaged
        """
        from rezup.runtime.index_store.unusable import Trouble

        for name, number in sorted(self.index.names().items()):
            for watch in self.watches(number):
                for trouble in watch.unusable if watch is not None else ():
                    yield name, Trouble(*trouble)

    def block(self, family: int) -> Piece:
        """The bytes of what is to be watched of a family, checked."""
        offset, length, total = self._rows[family * _ROW : (family + 1) * _ROW]
        block = self._content.read(self._start + offset, length)
        if crc32(block) != total:
            raise DamagedIndexError("the index is damaged", context=f"watches of family number {family}")
        return block

    def verify(self) -> None:
        """Check all bytes.

        :raises DamagedIndexError: some are damaged
        """
        self.index.verify()
        for family in range(len(self.index)):
            self.block(family)


class _Pieces(stored.StoredIndex):
    """An index of families whose blocks are read when they are asked for."""

    __slots__ = ()

    def __init__(self, content: Content, start: int, head: bytes) -> None:
        directory = memoryview(head)[8:].cast("I")[_DIRECTORY] if len(head) == _INDEX_HEAD else 0
        super().__init__(head + bytes(content.read(start + _INDEX_HEAD, directory)))
        self._view = cast("memoryview", _Slices(content, start))


class _Slices:
    """Stands for all bytes of an index, of which a few are read."""

    __slots__ = ("_content", "_start")

    def __init__(self, content: Content, start: int) -> None:
        self._content = content
        self._start = start

    def __getitem__(self, piece: slice) -> Piece:
        return self._content.read(self._start + piece.start, piece.stop - piece.start)


def write_linked(
    scope: Scope,
    roots: Sequence[Root],
    volatile: Mapping[str, str],
    index: bytes,
    watches: Mapping[int, tuple[Watch | None, ...]],
    old: Linked | None = None,
) -> bytes:
    """The bytes of an index file.

    :param watches: by the number of the family; those of other families are taken from `old`
    """
    size = len(stored.StoredIndex(index))
    blocks: list[Piece] = []
    rows = memoryview(bytearray(size * _ROW * 4)).cast("I")
    offset = len(rows) * 4
    nothing = (None,) * len(roots)
    for family in range(size):
        if old is not None and family not in watches and family < len(old.index):
            block = old.block(family)
        else:
            found = watches.get(family, nothing)
            block = marshal.dumps(tuple(watch and tuple(watch) for watch in found), 4)
        at = family * _ROW
        rows[at], rows[at + 1], rows[at + 2] = offset, len(block), crc32(block)
        offset += len(block)
        blocks.append(block)
    about = marshal.dumps((tuple(scope), tuple(map(tuple, roots)), dict(volatile)), 4)
    about += bytes(-len(about) % 4)
    blocks.append(bytes(-offset % 4))
    watched = b"".join([bytes(rows), *blocks])
    head = bytearray(_HEAD)
    head[:8] = MAGIC
    numbers = memoryview(head)[8:].cast("I")
    for place, value in enumerate((_form(), len(about), len(watched), len(index), crc32(about))):
        numbers[place] = value
    numbers[5] = _sum(head, index[:_INDEX_HEAD])
    return b"".join([bytes(head), about, watched, index])


def read_linked(path: str) -> Linked | None:
    """The index file at `path`; None where there is none that can be used."""
    try:
        return Linked(open_content(path))
    except (DamagedIndexError, OSError, ValueError, EOFError, TypeError):
        return None


def _sum(head: bytes | bytearray, inner: bytes) -> int:
    """The check sum of both heads, but for where it is written itself."""
    return crc32(inner, crc32(head[: _HEAD - 4]))


def _form() -> int:
    return FORMAT << 8 | (sys.byteorder == "big")
