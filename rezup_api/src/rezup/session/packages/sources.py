"""The repositories of a packages path, and how they are worked with through an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rezup.errors import ContradictoryPackageError
from rezup.resolver.repository import MemoryRepository, Repository
from rezup.runtime.index_store.folders import PackageFolder
from rezup.runtime.locations import parse_location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from rezup.errors import PackageDefinitionError
    from rezup.reporting import Reporter
    from rezup.resolver.index.stored import StoredTables
    from rezup.resolver.repository import LateBinding, PackageRecord
    from rezup.runtime.config import Config
    from rezup.runtime.index_store.reading import Source
    from rezup.runtime.index_store.unusable import Trouble
    from rezup.runtime.index_store.view import View
    from rezup.session.packages.bound import BoundFolder

_Answer = TypeVar("_Answer")


class Notes:
    """What came up while definitions were read."""

    def __init__(self) -> None:
        self.warnings: dict[str, dict[str, None]] = {}
        """By the family that they are about."""
        self.unusable: dict[str, PackageDefinitionError] = {}
        """Why a package can't be used, by "NAME-VERSION"."""

    def add(self, name: str, version: str, error: PackageDefinitionError) -> None:
        """Note why a version can't be used."""
        self.unusable[f"{name}-{version}" if version else name] = error

    def hear(self, troubles: Iterable[tuple[str, Trouble]]) -> None:
        """Note what is wrong with definitions that need not be read again."""
        heard = [(name, trouble.version, trouble.error) for name, trouble in troubles]
        for name, _, error in heard:
            self.warnings.setdefault(name, {})[str(error)] = None
        for each in reversed(heard):  # of two repositories the first counts
            self.add(*each)


def open_sources(
    entries: Iterable[str],
    config: Callable[[], Config],
    filenames: Sequence[str],
    memory: Mapping[str, Repository],
    binding: LateBinding,
    notes: Notes,
) -> list[Source]:
    """The repositories that entries of a packages path name, each once; nothing is read yet.

    :param config: gives the configuration once a definition must be read
    :raises PackageLocationError: an entry can't be understood
    """

    def opened(location: str) -> BoundFolder:
        from rezup.session.packages.bound import BoundFolder

        return BoundFolder(location, config(), binding, notes)

    def in_memory(name: str) -> Repository:
        from rezup.session.packages.bound import BoundRepository

        given = memory.get(name) or MemoryRepository((), f"memory@{name}")
        return BoundRepository(given, binding, notes)

    sources: dict[tuple[str, str], Source] = {}
    for entry in entries:
        kind, place = parse_location(entry)
        if kind == "memory":
            sources[kind, place] = in_memory(place)
        else:
            folder = PackageFolder(place, opened, filenames)
            sources.setdefault((kind, folder.location), folder)
    return list(sources.values())


def use(view: View, work: Callable[[StoredTables], _Answer], notes: Notes, reporter: Reporter) -> _Answer:
    """Work through a view; the reporter hears of what is wrong with families that were touched."""
    touched: dict[str, None] = {}

    def working(tables: StoredTables) -> _Answer:
        try:
            return work(tables)
        finally:
            touched.update(dict.fromkeys([form.name for form in tables.families if form is not None]))

    try:
        try:
            return view.use(working)
        finally:
            notes.hear(view.unusable(touched))
    except ContradictoryPackageError as error:
        for package, reason in notes.unusable.items():
            if f" {package}[" in error.message:
                for messages in notes.warnings.values():
                    messages.pop(str(reason), None)  # told by the error
                raise reason from error
        raise
    finally:
        for name in touched.keys() & notes.warnings.keys():
            for message in notes.warnings[name]:
                reporter.warning(message)


def family_names(sources: Iterable[Source]) -> set[str]:
    """The names of all families that the repositories list now."""
    repositories = [each.repository if isinstance(each, PackageFolder) else each for each in sources]
    return {name for repository in repositories for name in repository.families()}


class Listed(Repository):
    """The families of a view as a repository, each of which counts as touched once it was asked for."""

    def __init__(self, tables: StoredTables) -> None:
        self._tables = tables

    @property
    def location(self) -> str:
        """See `Repository`."""
        return "index"

    def families(self) -> Iterable[str]:
        """See `Repository`; those touched so far."""
        return tuple(self._tables.numbers)

    def family(self, name: str) -> Sequence[PackageRecord]:
        """See `Repository`; late-bound requirements are bound already."""
        number = self._tables.number(name)
        records = self._tables.records(number) if self._tables.load(number).size else ()
        return [record._replace(late=None) for record in records]
