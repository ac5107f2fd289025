"""Compiled families as bytes: a table of offsets, and four blocks of plain data for each family.

::

    head       magic, format, byte order; sizes and check sum of the directory
    directory  row of (offset, length, check sum) x 4 for each family | ends of buckets | buckets {name:
    number}
    blocks     forms    what the solver needs (`Family`), all families together at the front
               choices  what decides between the variants of a version
               texts    what is asked of the family, in words
               records  its packages

Only the blocks of families that a resolve touches are read, and each is checked by its sum first. This module
knows no files: bytes or a memory map come in, bytes go out. Several repositories make one index: the caller
gives the packages of a family from all of them in order.
"""

from __future__ import annotations

import sys
from itertools import chain
from typing import TYPE_CHECKING
from zlib import crc32

from rezup.errors import DamagedIndexError
from rezup.resolver.index.family import Family, dumps, members, read_data, read_requirement, version_texts
from rezup.resolver.index.tables import Tables
from rezup.resolver.repository import PackageRecord
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from typing import Any, TypeAlias

    from rezup.resolver.index.family import Choices, Text

    Buffer: TypeAlias = "bytes | bytearray | memoryview"

MAGIC = b"rezupidx"

#: Raise it whenever the meaning of any stored value changes; that of version keys is not stored.
FORMAT = 1

_HEAD = 32  # bytes: magic, format and byte order, families, buckets, length and sum of the directory, spare
_BLOCKS = _FORM, _CHOICES, _TEXTS, _RECORDS = 0, 3, 6, 9  # where a row has the numbers of a block
_ROW = 12  # numbers for each family
_FILL = 8  # names in a bucket, about


class StoredIndex:
    """An index that was written by `build` or `update`, over its bytes.

    :param data: bytes or a view of them; they must not change as long as the index is in use
    :raises DamagedIndexError: it is no index, or of another format, or its directory is damaged
    """

    __slots__ = ("_buckets", "_names", "_rows", "_size", "_view")

    def __init__(self, data: Buffer) -> None:
        self._view = view = memoryview(data)
        if len(view) < _HEAD or view[:8] != MAGIC:
            raise DamagedIndexError("not an index of packages")
        form, self._size, buckets, length, total, _ = view[8:_HEAD].cast("I").tolist()
        if form != _form_number():
            raise DamagedIndexError("the index was made by another version of rezup")
        directory = view[_HEAD : _HEAD + length]
        ends = self._size * _ROW * 4
        names = ends + (buckets + 1) * 4
        if len(directory) != length or names > length or crc32(directory) != total:
            raise DamagedIndexError("the directory of the index is damaged")
        self._rows = directory[:ends].cast("I")
        self._buckets = directory[ends:names].cast("I")
        self._names = directory[names:]

    def __len__(self) -> int:
        """Number of names: families, and names that packages only mention."""
        return self._size

    def number(self, name: str) -> int | None:
        """The number of a name; None where no package has or mentions it."""
        buckets = self._buckets
        if len(buckets) < 2:
            return None
        at = _bucket(name, len(buckets) - 1)
        found: int | None = read_data(self._names[buckets[at] : buckets[at + 1]]).get(name)
        return found

    def names(self) -> dict[str, int]:
        """All names and their numbers."""
        found: dict[str, int] = {}
        for start, end in zip(self._buckets, self._buckets[1:], strict=False):
            found.update(read_data(self._names[start:end]))
        return found

    def form(self, family: int) -> Family:
        """The compiled form of a family.

        :raises DamagedIndexError: its bytes are damaged; so in all that follow
        """
        return Family._make(read_data(self.block(family, _FORM)))

    def choices(self, family: int) -> Choices:
        """What decides between the variants of each version."""
        found: Choices = read_data(self.block(family, _CHOICES))
        return found

    def texts(self, family: int) -> list[Text]:
        """What is asked of a family, in words."""
        return list(read_data(self.block(family, _TEXTS)))

    def records(self, family: int) -> list[PackageRecord]:
        """The packages of a family in the order in which they were given."""
        return [
            PackageRecord(name, Version(version), *rest)
            for name, version, *rest in read_data(self.block(family, _RECORDS))
        ]

    def uri(self, family: int, version: str) -> str:
        """Where the definition of a version is; empty if there is no such version."""
        rows = read_data(self.block(family, _RECORDS))
        return next((row[-1] for row in rows if row[1] == version), "")

    def block(self, family: int, kind: int) -> memoryview:
        """The bytes of one block, checked."""
        rows = self._rows
        at = family * _ROW + kind
        offset = rows[at]
        found = self._view[offset : offset + rows[at + 1]]
        if crc32(found) != rows[at + 2]:
            raise DamagedIndexError(
                "the index is damaged", context=f"family number {family}, block {kind // 3}"
            )
        return found

    def verify(self) -> None:
        """Check all bytes.

        :raises DamagedIndexError: some are damaged
        """
        for family in range(self._size):
            for kind in _BLOCKS:
                self.block(family, kind)

    def families(self) -> list[str]:
        """The names of all families that have packages, ascending."""
        return sorted(name for name, number in self.names().items() if self.form(number).size)

    def family(self, name: str) -> Sequence[PackageRecord]:
        """All packages of a family; none if there is no such family."""
        number = self.number(name)
        return () if number is None else self.records(number)

    def tables(self, volatile: Mapping[str, Sequence[PackageRecord]] | None = None) -> StoredTables:
        """The families for a solver, or for many one after the other.

        :param volatile: families whose packages are given now and replace what is stored
        """
        return StoredTables(self, volatile or {})


class StoredTables(Tables):
    """Families that are read from an index when first touched."""

    __slots__ = ("_index", "_size", "_volatile")

    def __init__(self, index: StoredIndex, volatile: Mapping[str, Sequence[PackageRecord]]) -> None:
        super().__init__(None)
        self._index = index
        self._size = len(index)
        self.add_places(len(index))
        self._volatile = {self.number(name): records for name, records in volatile.items()}

    def number(self, name: str) -> int:
        """See `Tables`."""
        found = self.numbers.get(name)
        if found is None:
            stored = self._index.number(name)
            if stored is None:
                return super().number(name)
            self.numbers[name] = found = stored
            self.names[found] = name
        return found

    def read(self, family: int) -> Family:
        """Read a family, or compile one that is volatile."""
        if family in self._volatile or family >= self._size:
            return super().read(family)
        form = Family._make(read_data(self._index.block(family, _FORM)))
        if family not in self._known:
            return form
        # Something was asked of it, by packages that are not in the index, before it was needed itself.
        versions = version_texts(form)
        asked = [read_requirement(text).range for text in self.texts(family)[len(form.ranges) :]]
        more = [0 if each is None else members(each.intervals, versions, form.starts) for each in asked]
        return form._replace(ranges=(*form.ranges, *more))

    def grown(self) -> set[int]:
        """The families of the index of which more is asked now than is stored."""
        return {
            family
            for family in self._known
            if family < len(self._index) and len(self.texts(family)) > len(self._index.texts(family))
        }

    def read_texts(self, family: int) -> list[Text]:
        """See `Tables`."""
        return self._index.texts(family)

    def read_choices(self, family: int) -> Choices:
        """See `Tables`; those of a volatile family were placed with it."""
        return self._index.choices(family) if family < len(self._index) else {}

    def uri(self, family: int, version: str) -> str:
        """See `Tables`; nothing else is made of the records."""
        if family in self._volatile or family >= len(self._index):
            return super().uri(family, version)
        return self._index.uri(family, version)

    def listed(self, family: int) -> Sequence[PackageRecord]:
        """See `Tables`."""
        if family in self._volatile:
            return self._volatile[family]
        return self._index.records(family) if family < len(self._index) else ()


def build(records: Callable[[str], Sequence[PackageRecord]], names: Iterable[str]) -> bytes:
    """Compile families to bytes.

    :param records: the packages of a family, of all repositories in order
    :param names: the families
    """
    tables = Tables(records)
    for name in names:
        tables.load(tables.number(name))
    return _written(tables, None, range(len(tables.names)))


def update(index: StoredIndex, changed: Mapping[str, Sequence[PackageRecord]]) -> bytes:
    """An index in which some families have other packages than before; none if they are gone.

    Only these are compiled, and what they newly ask of others is added there; all else is copied.
    """
    tables = index.tables(changed)
    for name in changed:
        tables.load(tables.number(name))
    touched = {tables.number(name) for name in changed} | tables.grown()
    return _written(tables, index, touched | set(range(len(index), len(tables.names))))


def _written(tables: Tables, old: StoredIndex | None, fresh: Iterable[int]) -> bytes:
    """All families as bytes: those of `fresh` as the tables have them, others as they are stored."""
    size = len(tables.names)
    blocks: list[list[Any]] = [[None] * size for _ in _BLOCKS]
    rows = [0] * (size * _ROW)
    if old is not None:
        rows[: len(old) * _ROW] = old._rows.tolist()
        for family in range(len(old)):
            for place, kind in enumerate(_BLOCKS):
                blocks[place][family] = old.block(family, kind)
    for family in fresh:
        for place, block in enumerate(_blocks(tables, family)):
            blocks[place][family] = block
            rows[family * _ROW + _BLOCKS[place] + 2] = crc32(block)
    names = {tables.name(family): family for family in range(size)} if old is None else _names(tables, old)
    buckets = _directory(names)
    offset = _HEAD + len(rows) * 4 + len(buckets)
    for kind, of_kind in zip(_BLOCKS, blocks, strict=True):
        for at, block in zip(range(kind, len(rows), _ROW), of_kind, strict=True):
            rows[at] = offset
            rows[at + 1] = len(block)
            offset += len(block)
    directory = _numbers(rows) + buckets
    head = [_form_number(), size, _buckets(size), len(directory), crc32(directory), 0]
    return b"".join([MAGIC, _numbers(head), directory, *chain(*blocks)])


def _blocks(tables: Tables, family: int) -> tuple[bytes, bytes, bytes, bytes]:
    # More may be asked of it since it was made.
    form = tables.load(family)._replace(ranges=tables.ranges[family] or ())
    return (
        dumps(tuple(form)),
        dumps(tables.choices_of(family)),
        dumps(tables.texts(family)),
        dumps([(r.name, str(r.version), *r[2:7]) for r in tables.listed(family)]),
    )


def _names(tables: Tables, old: StoredIndex) -> dict[str, int]:
    return {**old.names(), **{tables.name(family): family for family in range(len(old), len(tables.names))}}


def _directory(names: dict[str, int]) -> bytes:
    """Names by buckets, so that finding one costs the same in an index of any size."""
    count = _buckets(len(names))
    buckets: list[dict[str, int]] = [{} for _ in range(count)]
    for name, number in names.items():
        buckets[_bucket(name, count)][name] = number
    blocks = list(map(dumps, buckets))
    ends = [0]
    for block in blocks:
        ends.append(ends[-1] + len(block))
    data = _numbers(ends) + b"".join(blocks)
    return data + bytes(-len(data) % 4)


def _buckets(size: int) -> int:
    return -(-size // _FILL)


def _bucket(name: str, count: int) -> int:
    return crc32(name.encode()) % count


def _numbers(values: list[int]) -> bytes:
    size = len(values) * 4
    view = memoryview(bytearray(size)).cast("I")
    for at, value in enumerate(values):
        view[at] = value
    return bytes(view)


def _form_number() -> int:
    return FORMAT << 8 | (sys.byteorder == "big")
