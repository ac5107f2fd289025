"""Looking at indexes from outside: what there is, whether it is right, and throwing it away."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import DamagedIndexError
from rezup.runtime.index_store.linked import SUFFIX, read_linked
from rezup.runtime.index_store.reading import read_family
from rezup.runtime.index_store.store import shared_file

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.resolver.repository import PackageRecord
    from rezup.runtime.index_store.folders import PackageFolder
    from rezup.runtime.index_store.linked import Linked
    from rezup.runtime.index_store.store import IndexStore


class IndexFile(NamedTuple):
    """A file in the folder of indexes, or one that a repository brings along."""

    path: str
    size: int
    """Bytes."""
    locations: tuple[str, ...] = ()
    """The repositories that it is of, in their order; none where it can't be used."""
    python: str = ""
    """The Python that read the definitions, such as "cpython-311"."""
    families: int = 0
    versions: int = 0
    """Packages that are stored, over all repositories."""
    volatile: tuple[tuple[str, str], ...] = ()
    """(family, why it is read each time), ascending."""
    problem: str = ""
    """Why it can't be used, in words; empty if it can."""


class Status(NamedTuple):
    """How things stand for an ordered list of repositories."""

    locations: tuple[str, ...]
    missing: tuple[str, ...]
    """Those of them that are not there."""
    file: IndexFile | None
    """The index that the next resolve begins with; None where it has to be made."""
    is_shared: bool
    """Whether that one lies beside the repository."""
    unread: tuple[str, ...]
    """Families of which nothing is known yet, ascending."""
    stale: tuple[str, ...]
    """Those that have changed since they were read, ascending; the next resolve that needs one reads it."""


class Difference(NamedTuple):
    """A family of which an index tells something else than its repositories, though it looks unchanged."""

    family: str
    stored: tuple[PackageRecord, ...]
    actual: tuple[PackageRecord, ...]


class Verification(NamedTuple):
    """What came out of reading everything again."""

    families: int
    """Number of those that were compared."""
    versions: int
    differences: tuple[Difference, ...]
    stale: tuple[str, ...]
    """Those not compared as they have changed, which any resolve would notice."""
    volatile: tuple[tuple[str, str], ...]
    """Those not compared as they are read each time, and why."""
    damage: str = ""
    """What is wrong with the file, in words; empty if nothing is."""

    @property
    def is_good(self) -> bool:
        """Whether the index tells nothing wrong."""
        return not self.differences and not self.damage


def index_files(store: IndexStore) -> list[IndexFile]:
    """All index files of this machine, by path."""
    return [_described(path) for path in _paths(store)]


def status(store: IndexStore, folders: Sequence[PackageFolder]) -> Status:
    """How things stand for these repositories; nothing is read but the index, and nothing changed."""
    path = next((path for path in store.files(folders) if _is_of(store, folders, path)), None)
    view = store.view(folders, whole=False)
    known = view.linked
    listed = {name for root in known.roots for name in root.watched}
    return Status(
        tuple(folder.location for folder in folders),
        tuple(folder.location for folder in folders if not os.path.isdir(folder.location)),
        None if path is None else _described(path),
        path is not None and len(folders) == 1 and path == shared_file(folders[0].location),
        tuple(name for name in view.doubtful if name not in listed),
        tuple(sorted({*view.stale(), *(listed & {*view.doubtful} - known.volatile.keys())})),
    )


def verify(store: IndexStore, folders: Sequence[PackageFolder]) -> Verification:
    """Read every definition again, and compare it with what the index has; nothing is changed."""
    found = store.stored(folders)
    if found is None:
        damage = (
            "there is no index that can be used" if any(map(os.path.exists, store.files(folders))) else ""
        )
        return Verification(0, 0, (), (), (), damage)
    try:
        found.verify()
        view = store.view(folders, whole=False)
        stale = {*view.stale(), *view.doubtful} - found.volatile.keys()
        compared = {
            name: tuple(found.index.records(number))
            for name, number in sorted(found.index.names().items())
            if name not in stale and name not in found.volatile
        }
    except DamagedIndexError as error:
        return Verification(0, 0, (), (), (), str(error))
    differences = []
    for name, stored in compared.items():
        actual = read_family(folders, name, store.clock).records
        if list(map(_words, stored)) != list(map(_words, actual)):
            differences.append(Difference(name, stored, actual))
    named = {name: records for name, records in compared.items() if records}
    return Verification(
        len(named),
        sum(map(len, named.values())),
        tuple(differences),
        tuple(sorted(stale)),
        tuple(sorted(found.volatile.items())),
    )


def clear(store: IndexStore) -> list[IndexFile]:
    """Delete all index files of this machine, and what writers that were killed left; those that were there.

    Indexes beside repositories stay: they belong to those who publish there.

    :raises OSError: one can't be deleted
    """
    files = index_files(store)
    for path in [*(file.path for file in files), *_left_over(store)]:
        try:
            os.unlink(path)
        except FileNotFoundError:
            continue  # somebody else cleared it
    return files


def _paths(store: IndexStore) -> list[str]:
    if store.folder is None:
        return []
    try:
        names = os.listdir(store.folder)
    except OSError:
        return []
    return [os.path.join(store.folder, name) for name in sorted(names) if name.endswith(SUFFIX)]


def _left_over(store: IndexStore) -> list[str]:
    if store.folder is None or not os.path.isdir(store.folder):
        return []
    names = [name for name in os.listdir(store.folder) if name[0] == "." and name.endswith(".tmp")]
    return [os.path.join(store.folder, name) for name in names if f"{SUFFIX}." in name]


def _is_of(store: IndexStore, folders: Sequence[PackageFolder], path: str) -> bool:
    found = read_linked(path)
    return found is not None and found.scope == store.scope(folders)


def _described(path: str) -> IndexFile:
    size = os.path.getsize(path) if os.path.exists(path) else 0
    found = read_linked(path)
    if found is None:
        return IndexFile(path, size, problem="it is damaged, or made by another version of rezup")
    try:
        counts = _counts(found)
    except DamagedIndexError as error:
        return IndexFile(path, size, found.scope.locations, found.scope.python, problem=str(error))
    return IndexFile(
        path, size, found.scope.locations, found.scope.python, len(counts), sum(counts),
        tuple(sorted(found.volatile.items())),
    )  # fmt: skip


def _counts(linked: Linked) -> list[int]:
    """How many versions each family has of which any are stored."""
    index = linked.index
    return [count for number in range(len(index)) if (count := len(index.records(number)))]


def _words(record: PackageRecord) -> tuple[object, ...]:
    """All that an index stores of a package."""
    return (record.name, str(record.version), *record._replace(late=None)[2:])
