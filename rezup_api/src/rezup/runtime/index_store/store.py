"""The indexes of this machine: found, made, and kept.

A resolve begins with what is stored. When it is done, everything that it touched is checked; what turns
out to have changed is read anew, and the resolve is done again with it. So an unchanged world costs one
look at each file that mattered, and a changed one is seen by the very next resolve.

::

    FOLDER/1b2c3d4e.idx                            an index of this machine, by what it is of
    REPOSITORY/.rezup/packages-v1-cpython-311.idx  one that a repository brings along
"""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING
from zlib import crc32

from rezup.errors import StoreError
from rezup.resolver.index import stored
from rezup.runtime.index_store.content import InMemory
from rezup.runtime.index_store.folders import PackageFolder
from rezup.runtime.index_store.linked import SUFFIX, Linked, Root, Scope, read_linked, write_linked
from rezup.runtime.index_store.reading import FamilyNow, list_folder, read_family
from rezup.runtime.index_store.view import View

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from rezup.resolver.repository import PackageRecord
    from rezup.runtime.index_store.reading import Source
    from rezup.runtime.index_store.stamps import Clock
    from rezup.runtime.index_store.watch import Watch

#: The folder in a repository that holds its shared index, and the bucket of those of this machine.
SHARED = ".rezup"
BUCKET = "packages-v1"

#: How many index files a machine keeps; a user has one for each packages path and one for each folder.
MOST = 64

_HOUR = 3_600_000_000_000  # nanoseconds


def shared_file(location: str) -> str:
    """Where the index lies that a repository brings along."""
    return os.path.join(location, SHARED, f"{BUCKET}-{sys.implementation.cache_tag}{SUFFIX}")


class IndexStore:
    """Index files in one folder.

    :param folder: None keeps nothing: what a resolve touches is read each time
    :param settings: all settings that reading definitions depends on, as text
    :param trust_releases: whether a version that is there is never edited: then only the folders of
        families are looked at, which sees added and removed versions, but no edited definition
    :param clock: gives the time in nanoseconds
    :param most: how many files are kept; beyond, those go that were not used for longest
    """

    def __init__(
        self, folder: str | Path | None, *, settings: str, trust_releases: bool = False,
        clock: Clock = time.time_ns, most: int = MOST,
    ) -> None:  # fmt: skip
        self.folder = None if folder is None else os.fspath(folder)
        self._settings = settings
        self.trust_releases = trust_releases
        self.clock = clock
        self._most = most

    def view(self, sources: Sequence[Source], *, whole: bool = True) -> View:
        """The index of these repositories in their order.

        :param sources: folders; those of another kind are asked each time and never kept
        :param whole: make an index that is missing of all families, not just of those that are touched
        """
        folders = [source for source in sources if isinstance(source, PackageFolder)]
        linked = self.stored(folders)
        found: dict[str, FamilyNow] = {}
        if linked is None and whole and folders and self.folder is not None:
            linked, found = self.make(folders)
        return View(self, sources, linked or self._nothing(folders), found)

    def scope(self, folders: Sequence[PackageFolder]) -> Scope:
        """What an index of these folders is of."""
        locations = tuple([folder.location for folder in folders])
        return Scope(locations, self._settings, f"{sys.implementation.cache_tag}")

    def file(self, scope: Scope) -> str | None:
        """Where the index of a scope lies on this machine."""
        if self.folder is None:
            return None
        text = "\0".join((*scope.locations, scope.settings, scope.python))
        return os.path.join(self.folder, f"{crc32(text.encode('utf-8', 'surrogateescape')):08x}{SUFFIX}")

    def files(self, folders: Sequence[PackageFolder]) -> list[str]:
        """Where an index of these folders may lie, the best place first."""
        scope = self.scope(folders)
        own = self.file(scope)
        files = [] if own is None else [own]
        return [*files, shared_file(scope.locations[0])] if len(folders) == 1 else files

    def stored(self, folders: Sequence[PackageFolder]) -> Linked | None:
        """The index of these folders that is there and can be used."""
        scope = self.scope(folders)
        files = self.files(folders)
        for path in files:
            found = read_linked(path)
            if found is not None and found.scope == scope:
                if self.folder is not None and path == files[0]:
                    self._note_use(path)
                return found
        return None

    def make(self, folders: Sequence[PackageFolder]) -> tuple[Linked, dict[str, FamilyNow]]:
        """Make and keep an index: of one folder by reading it, of several from theirs.

        Also gives what was read of families that can't be kept.
        """
        if len(folders) == 1:
            listing = list_folder(folders[0], None, self.clock)
            families = {name: read_family(folders, name, self.clock) for name in listing.names}
            watched = {name for name, family in families.items() if family.watches[0] is not None}
            roots = [Root(listing.known, listing.names, tuple(sorted(watched ^ {*listing.names})))]
        else:
            parts = [self.view([folder]).refreshed().in_memory() for folder in folders]
            families = _joined(parts)
            roots = [part.roots[0] for part in parts]
        index = stored.build(lambda name: families[name].storable if name in families else (), families)
        numbers = stored.StoredIndex(index).names()
        watches = {numbers[name]: family.watches for name, family in families.items()}
        volatile = {name: why for name, family in families.items() if (why := family.volatile)}
        linked = self.keep(write_linked(self.scope(folders), roots, volatile, index, watches))
        return linked, {name: families[name] for name in volatile} if len(folders) == 1 else {}

    def keep(self, data: bytes) -> Linked:
        """Replace this machine's file of that scope; where it can't be written, go on without."""
        linked = Linked(InMemory(data))
        path = self.file(linked.scope)
        if path is not None:
            is_new = not os.path.exists(path)
            try:
                _write(path, data, durable=False)
            except OSError:
                return linked
            if is_new:
                from rezup.runtime.index_store.eviction import evict

                evict(os.path.dirname(path), self._most, path)
        return linked

    def write_shared(self, folder: PackageFolder) -> str:
        """Put an index beside the packages of a repository, for all who use it; its path.

        Everything is checked first. What changed a moment ago is left to those who read it.

        :raises StoreError: it can't be written
        """
        path = shared_file(folder.location)
        try:
            if not os.path.isdir(folder.location):
                raise NotADirectoryError(0, "there is no such folder")
            _make_folder(path)  # changes the repository's own stamp, so it comes first
            _write(path, self.view([folder]).refreshed().data(), durable=True)
        except OSError as error:
            raise StoreError(
                f"{path} can't be written",
                context=error.strerror or str(error),
                hint="the index of a repository is written by somebody who may publish packages there",
            ) from error
        return path

    def _note_use(self, path: str) -> None:
        """Have the time of a file tell that it is in use, to the hour, where that can be written."""
        try:
            if self.clock() - os.stat(path).st_mtime_ns > _HOUR:
                os.utime(path)
        except OSError:
            return

    def _nothing(self, folders: Sequence[PackageFolder]) -> Linked:
        """An index that knows what there is, and has read none of it."""
        roots = []
        for folder in folders:
            listing = list_folder(folder, None, self.clock)
            roots.append(Root(listing.known, listing.names, listing.names))
        data = write_linked(self.scope(folders), roots, {}, stored.build(lambda _: (), ()), {})
        return Linked(InMemory(data))


def _joined(parts: Sequence[Linked]) -> dict[str, FamilyNow]:
    """The families of several folders from the index of each, ascending."""
    numbers = [part.index.names() for part in parts]
    families = {}
    for name in sorted({name for part in parts for root in part.roots for name in root.watched}):
        records: list[PackageRecord] = []
        watches: list[Watch | None] = []
        for part, known in zip(parts, numbers, strict=True):
            number = known.get(name)
            watch = None if number is None else part.watches(number)[0]
            watches.append(watch)
            if number is not None and watch is not None:
                records += part.index.records(number)
        families[name] = FamilyNow(tuple(records), tuple(watches))
    return families


def _write(path: str, data: bytes, *, durable: bool) -> None:
    from pathlib import Path

    from rezup.system.files import write_atomic

    _make_folder(path)
    write_atomic(Path(path), data, durable=durable)


def _make_folder(path: str) -> None:
    from pathlib import Path

    from rezup.system.files import make_folder

    make_folder(Path(path).parent)
