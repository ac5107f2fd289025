"""The indexes of package folders: made, looked at, checked and thrown away on demand."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import PackageLocationError
from rezup.runtime.index_store import inspection
from rezup.runtime.index_store.folders import PackageFolder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rezup.reporting import Reporter
    from rezup.runtime.index_store.inspection import IndexFile, Status, Verification
    from rezup.runtime.index_store.linked import Linked
    from rezup.runtime.index_store.reading import Source
    from rezup.runtime.index_store.store import IndexStore
    from rezup.session.packages.sources import Notes


class Built(NamedTuple):
    """An index that was brought up to date."""

    locations: tuple[str, ...]
    """The repositories that it is of."""

    path: str | None
    """Where it is kept; None where nothing is."""

    families: int
    volatile: tuple[tuple[str, str], ...]
    """(family, why it is read each time), ascending."""


class Indexes:
    """See `Packages.indexes`, which makes it.

    :param open_all: opens the repositories of a packages path; None is that of the configuration
    :param configurations: the folder of kept configurations; None where nothing is kept
    """

    def __init__(
        self,
        store: IndexStore,
        open_all: Callable[[Iterable[str] | None, Notes], list[Source]],
        reporter: Reporter,
        configurations: str | None,
    ) -> None:
        self._store = store
        self._open_all = open_all
        self._reporter = reporter
        self._configurations = configurations

    def build(self, paths: Iterable[str] | None = None) -> Built:
        """Bring this machine's index of a packages path up to date; every family is checked.

        :raises PackageLocationError: an entry can't be understood
        """
        opened = self._folders(paths)
        with opened as folders:
            linked = self._store.view(folders).refreshed()
            opened.notes.hear(linked.unusable())
            path = self._store.file(linked.scope)
            return _built(linked.scope.locations, path, linked)

    def build_shared(self, location: str) -> Built:
        """Put an index beside the packages of a repository, for all machines that see it.

        :raises PackageLocationError: it is no folder
        :raises StoreError: it can't be written
        """
        opened = self._folders([location])
        with opened as folders:
            if not folders:
                raise PackageLocationError(f"{location} is no folder of packages")
            path = self._store.write_shared(folders[0])
            linked = self._store.stored(folders)
            opened.notes.hear(linked.unusable() if linked else ())
            return _built((folders[0].location,), path, linked)

    def status(self, paths: Iterable[str] | None = None) -> Status:
        """How things stand for a packages path; nothing is changed.

        :raises PackageLocationError: an entry can't be understood
        """
        with self._folders(paths) as folders:
            return inspection.status(self._store, folders)

    def files(self) -> list[IndexFile]:
        """All index files of this machine."""
        return inspection.index_files(self._store)

    def verify(self, paths: Iterable[str] | None = None) -> Verification:
        """Read every definition of a packages path again, and compare; nothing is changed.

        :raises PackageLocationError: an entry can't be understood
        """
        with self._folders(paths) as folders:
            return inspection.verify(self._store, folders)

    def clear(self) -> list[str]:
        """Delete all indexes of this machine and what is kept of Rez's configuration; gives the files.

        Indexes beside repositories stay.

        :raises OSError: one can't be deleted
        """
        gone = [file.path for file in inspection.clear(self._store)]
        for path in self._kept_configurations():
            os.unlink(path)
            gone.append(path)
        return gone

    def _kept_configurations(self) -> list[str]:
        folder = self._configurations
        if folder is None or not os.path.isdir(folder):
            return []
        return [os.path.join(folder, name) for name in sorted(os.listdir(folder))]

    def _folders(self, paths: Iterable[str] | None) -> _Opened:
        return _Opened(self._open_all, paths, self._reporter)


class _Opened:
    """The folders of a packages path; in the end all is told that came up while they were read."""

    def __init__(
        self,
        open_all: Callable[[Iterable[str] | None, Notes], list[Source]],
        paths: Iterable[str] | None,
        reporter: Reporter,
    ) -> None:
        from rezup.session.packages.sources import Notes

        self.notes = Notes()
        self._sources = open_all(paths, self.notes)
        self._reporter = reporter

    def __enter__(self) -> list[PackageFolder]:
        return [source for source in self._sources if isinstance(source, PackageFolder)]

    def __exit__(self, *_: object) -> None:
        for message in self._messages():
            self._reporter.warning(message)

    def _messages(self) -> Iterator[str]:
        for family in sorted(self.notes.warnings):
            yield from self.notes.warnings[family]


def _built(locations: tuple[str, ...], path: str | None, linked: Linked | None) -> Built:
    if linked is None:
        return Built(locations, path, 0, ())
    families = {name for root in linked.roots for name in root.names}
    return Built(locations, path, len(families), tuple(sorted(linked.volatile.items())))
