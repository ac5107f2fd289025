"""A package folder whose late-bound requirements are bound for one resolve while it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import PackageDefinitionError
from rezup.reporting import Reporter
from rezup.runtime.filesystem import FilesystemRepository

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rezup.resolver.repository import LateBinding, PackageRecord
    from rezup.runtime.config import Config
    from rezup.runtime.filesystem import Reading
    from rezup.session.packages.sources import Notes

#: Stands for requirements that can't be had: no resolve can use a package that has it.
_UNUSABLE = ("!",)


class BoundRepository(FilesystemRepository):
    """See `FilesystemRepository`.

    :param binding: what late-bound requirements see
    :param notes: takes what is to be said of packages
    """

    def __init__(self, location: str, config: Config, binding: LateBinding, notes: Notes) -> None:
        self._binding = binding
        self._notes = notes
        self._family = ""
        super().__init__(location, config, _Noting(self))

    def readings(self, name: str) -> Iterator[Reading]:
        """See `FilesystemRepository`; that a record was bound late is still to be seen in it."""
        self._family = name
        for reading in super().readings(name):
            yield reading._replace(record=self._bound(reading.record))

    def family(self, name: str) -> Sequence[PackageRecord]:
        """See `FilesystemRepository`."""
        self._family = name
        return [self._bound(record) for record in super().family(name)]

    def note(self, message: str) -> None:
        """Remember a warning about the family that is being read."""
        self._notes.warnings.setdefault(self._family, {})[message] = None

    def _bound(self, record: PackageRecord) -> PackageRecord:
        if record.late is None:
            return record
        try:
            return record._replace(requires=tuple(record.late(self._binding)))
        except PackageDefinitionError as error:
            shown = f"{record.name}-{record.version}" if record.version else record.name
            self._notes.unusable[shown] = error
            return record._replace(requires=_UNUSABLE)


class _Noting(Reporter):
    def __init__(self, repository: BoundRepository) -> None:
        self._repository = repository

    def warning(self, message: str) -> None:
        self._repository.note(message)
