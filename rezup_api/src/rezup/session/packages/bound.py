"""Repositories whose late-bound requirements are bound for one resolve while they are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import PackageDefinitionError
from rezup.reporting import Reporter
from rezup.resolver.repository import Repository
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.index_store.unusable import NO_REQUIREMENTS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rezup.resolver.repository import LateBinding, PackageRecord
    from rezup.runtime.config import Config
    from rezup.runtime.filesystem import Reading
    from rezup.session.packages.sources import Notes


def bind(record: PackageRecord, binding: LateBinding, notes: Notes) -> PackageRecord:
    """The package with its late-bound requirements; that they were bound late is still to be seen in it.

    One whose requirements can't be had is unusable, and the notes say why.
    """
    if record.late is None:
        return record
    try:
        return record._replace(requires=tuple(record.late(binding)))
    except PackageDefinitionError as error:
        notes.add(record.name, str(record.version), error)
        return record._replace(requires=NO_REQUIREMENTS)


class BoundRepository(Repository):
    """Another repository, bound.

    :param repository: it; its functions may raise anything
    :param binding: what late-bound requirements see
    :param notes: takes what is to be said of packages
    """

    def __init__(self, repository: Repository, binding: LateBinding, notes: Notes) -> None:
        self._repository = repository
        self._binding = binding
        self._notes = notes

    @property
    def location(self) -> str:
        """See `Repository`."""
        return self._repository.location

    def families(self) -> Iterable[str]:
        """See `Repository`."""
        return self._repository.families()

    def family(self, name: str) -> Sequence[PackageRecord]:
        """See `Repository`."""
        return [
            bind(self._told(record), self._binding, self._notes) for record in self._repository.family(name)
        ]

    def _told(self, record: PackageRecord) -> PackageRecord:
        """The package, whose failing function is told as one of a package file is."""
        late = record.late
        if late is None:
            return record

        def requires(given: LateBinding) -> Iterable[str]:
            try:
                return tuple(late(given))
            except PackageDefinitionError:
                raise
            except Exception as error:
                raise PackageDefinitionError(
                    "late-bound requires fails",
                    path=record.uri or f"{self.location}: {record.name}-{record.version}".rstrip("-"),
                    context=f"{type(error).__name__}: {error}",
                ) from error

        return record._replace(late=requires)


class BoundFolder(FilesystemRepository):
    """A folder of packages, bound.

    :param binding: what late-bound requirements see
    :param notes: takes what is to be said of packages
    """

    def __init__(self, location: str, config: Config, binding: LateBinding, notes: Notes) -> None:
        self._binding = binding
        self._notes = notes
        self._family = ""
        super().__init__(location, config, _Noting(self))

    def readings(self, name: str) -> Iterator[Reading]:
        """See `FilesystemRepository`."""
        self._family = name
        for reading in super().readings(name):
            yield reading._replace(record=bind(reading.record, self._binding, self._notes))

    def family(self, name: str) -> Sequence[PackageRecord]:
        """See `FilesystemRepository`."""
        self._family = name
        return [bind(record, self._binding, self._notes) for record in super().family(name)]

    def note(self, message: str) -> None:
        """Remember a warning about the family that is being read."""
        self._notes.warnings.setdefault(self._family, {})[message] = None


class _Noting(Reporter):
    def __init__(self, repository: BoundFolder) -> None:
        self._repository = repository

    def warning(self, message: str) -> None:
        self._repository.note(message)
