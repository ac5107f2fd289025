"""Reading families from their repositories, with what is to be watched of them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple, overload

from rezup.errors import PackageDefinitionError
from rezup.resolver.repository import PackageRecord
from rezup.runtime.index_store.folders import PackageFolder
from rezup.runtime.index_store.stamps import ABSENT, is_settled, stamp
from rezup.runtime.index_store.watch import Before, Watch

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from rezup.resolver.repository import Repository
    from rezup.runtime.index_store.linked import Root
    from rezup.runtime.index_store.stamps import Clock, Stamp

    Source: TypeAlias = "PackageFolder | Repository"
    """A folder, or a repository of another kind, which is asked each time."""


class FamilyNow(NamedTuple):
    """A family as it is now."""

    records: tuple[PackageRecord, ...]
    """Of all repositories, in their order."""
    watches: tuple[Watch | None, ...]
    """One for each folder; None where it has no such family."""
    error: PackageDefinitionError | None = None
    """Why it can't be read at all; its records are none then."""

    @property
    def volatile(self) -> str:
        """Why it must be read each time; empty if it need not."""
        return next((watch.volatile for watch in self.watches if watch and watch.volatile), "")

    @property
    def storable(self) -> tuple[PackageRecord, ...]:
        """What an index may keep."""
        if self.volatile:
            return ()
        return tuple([each if each.late is None else each._replace(late=None) for each in self.records])


def read_family(sources: Sequence[Source], name: str, clock: Clock) -> FamilyNow:
    """Read a family from all repositories; what can't be loaded at all is a reason to read it again."""
    records: list[PackageRecord] = []
    watches: list[Watch | None] = []
    failure: PackageDefinitionError | None = None
    for source in sources:
        if not isinstance(source, PackageFolder):
            records += source.family(name)
            continue
        before = Before(os.path.join(source.location, name), clock(), source.filenames)
        try:
            readings = list(source.repository.readings(name))
        except PackageDefinitionError as error:
            failure = failure or error
            watches.append(Watch(before.folder, ABSENT, volatile=str(error)))
            continue
        records += [record if record.late is None else _marked(record) for record, *_ in readings]
        watches.append(before.watch(readings) if before.is_listed else None)
    return FamilyNow(() if failure else tuple(records), tuple(watches), failure)


def _marked(record: PackageRecord) -> PackageRecord:
    from rezup.runtime.index_store.unusable import marked  # a valid index needs none of this

    return marked(record)


class Listing(NamedTuple):
    """The families of a folder, and the stamp it had before they were listed."""

    stamp: Stamp
    names: tuple[str, ...]
    """Ascending."""
    is_reliable: bool
    """Whether the same stamp means the same names."""

    @property
    def known(self) -> Stamp | None:
        """The stamp for an index to keep."""
        return self.stamp if self.is_reliable else None


def list_folder(folder: PackageFolder, known: Root | None, clock: Clock) -> Listing:
    """The families of a folder, which is listed only if it has changed."""
    at = clock()
    found = stamp(folder.location)
    if known is not None and known.stamp == found:
        return Listing(found, known.names, True)
    names = tuple(sorted(folder.repository.families()))
    return Listing(found, names, is_settled([found], at) and not _has_loose_links(folder.location))


def _has_loose_links(location: str) -> bool:
    """Whether a link leads nowhere: once it leads to a family, the folder is still as it was."""
    try:
        with os.scandir(location) as entries:
            return any(entry.is_symlink() and not os.path.exists(entry.path) for entry in entries)
    except OSError:
        return False


class Lazy(Sequence[PackageRecord]):
    """The packages of a family that is read when somebody looks.

    :param read: reads it
    :param found: it, if it was read already
    """

    def __init__(self, read: Callable[[], FamilyNow], found: FamilyNow | None = None) -> None:
        self._read = read
        self.found = found
        """None until it was read."""
        self.is_new = True
        """Whether it is as of this resolve; set back when another begins."""

    def read(self) -> FamilyNow:
        """Read it, if it wasn't yet."""
        if self.found is None:
            self.found = self._read()
        return self.found

    @property
    def records(self) -> tuple[PackageRecord, ...]:
        """The packages.

        :raises PackageDefinitionError: not even the number of versions is known
        """
        found = self.read()
        if found.error is not None:
            raise found.error
        return found.records

    def __len__(self) -> int:
        return len(self.records)

    @overload
    def __getitem__(self, place: int) -> PackageRecord: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[PackageRecord]: ...
    def __getitem__(self, place: int | slice) -> PackageRecord | Sequence[PackageRecord]:
        return self.records[place]
