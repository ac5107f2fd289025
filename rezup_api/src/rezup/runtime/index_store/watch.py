"""What has to be looked at to know that a family in one repository is as it was.

It is the folder of the family, each definition file, and what else decides what a version is. A file that
must not appear is watched by the folder in which it would. Stamps are taken *before* the file is
read wherever its place can be told beforehand, so a change during the reading is found by the next look.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.runtime.index_store.stamps import is_settled, stamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.runtime.filesystem import Reading
    from rezup.runtime.index_store.stamps import Stamp

_BUILDING = ".building"
_SUFFIXES = (".py", ".yaml")

#: Why a family is read again that changed a moment ago.
JUST_CHANGED = "it changed a moment ago"


class Watch(NamedTuple):
    """A family in one repository; plain data."""

    folder: str
    """Where its versions lie; for a combined file it does not exist."""

    stamp: Stamp
    """Of the folder."""

    inside: tuple[tuple[str, Stamp], ...] = ()
    """Paths within the folder, with the separator that they begin with, and their stamps."""

    outside: tuple[tuple[str, Stamp], ...] = ()
    """Whole paths elsewhere, and their stamps."""

    volatile: str = ""
    """Why the family must be read each time, in words; empty if it need not."""

    unusable: tuple[tuple[Any, ...], ...] = ()
    """Of each version that can't be used, why: a `Trouble`."""

    def entries(self) -> list[tuple[str, Stamp]]:
        """Whole paths and stamps of all that is watched."""
        inside = [(self.folder + path, known) for path, known in self.inside]
        return [(self.folder, self.stamp), *inside, *self.outside]


def is_unchanged(watch: Watch, *, folders_only: bool, versions: frozenset[str] | None = None) -> bool:
    """Whether all that is watched is as it was.

    :param folders_only: trust that the definitions of versions are never edited
    :param versions: those whose definitions matter; None is all
    """
    if watch.volatile:
        return False
    folder = watch.folder
    stat = os.stat
    try:
        if watch.stamp:
            found = stat(folder)
            if (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino) != watch.stamp:
                return False
            if folders_only:
                return True
        elif stamp(folder):
            return False
        inside = watch.inside if versions is None else _of(watch.inside, versions)
        for path, known in inside:
            found = stat(folder + path)
            if (found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino) != known:
                return False
    except (OSError, ValueError):
        # A link that led nowhere and still does gets here, too. It is rare, and the slow way settles it.
        return all(stamp(path) == known for path, known in watch.entries())
    return all(stamp(path) == known for path, known in watch.outside)


def grounds_of(
    watch: Watch, *, folders_only: bool, versions: frozenset[str] | None = None
) -> list[tuple[str, Stamp]]:
    """All that `is_unchanged` looks at, for who looks at it later."""
    if watch.stamp and folders_only:
        return [(watch.folder, watch.stamp)]
    inside = watch.inside if versions is None else _of(watch.inside, versions)
    if not all(known for _, known in inside):
        return watch.entries()  # as above: a link that leads nowhere
    found = [(watch.folder + path, known) for path, known in inside]
    return [(watch.folder, watch.stamp), *found, *watch.outside]


def _of(inside: tuple[tuple[str, Stamp], ...], versions: frozenset[str]) -> list[tuple[str, Stamp]]:
    """What lies in folders of these versions, or in no folder of a version."""
    found = []
    for item in inside:
        _, version, *rest = item[0].split(os.sep, 2)
        if not rest or version in versions:
            found.append(item)
    return found


class Before:
    """What a family's folder looks like before it is read.

    :param folder: where versions lie; for a combined file it does not exist
    :param at: the time now, in nanoseconds
    :param filenames: how definition files are called
    """

    __slots__ = ("_is_building", "_is_folder", "_others", "_usual", "at", "folder", "stamps")

    def __init__(self, folder: str, at: int, filenames: Sequence[str]) -> None:
        self.folder = folder
        self.at = at
        self.stamps = {folder: stamp(folder)}
        first = filenames[0]
        self._usual = first + _SUFFIXES[0]
        self._is_building = False
        self._others: list[str] = []
        definitions = [first + suffix for suffix in _SUFFIXES]
        try:
            with os.scandir(folder) as found:
                entries = list(found)
        except OSError:
            self._is_folder = False
            self.stamps.update((folder + suffix, stamp(folder + suffix)) for suffix in _SUFFIXES)
            return
        self._is_folder = True
        for entry in entries:
            self._look_at(entry, definitions)

    @property
    def is_listed(self) -> bool:
        """Whether its repository lists the family, which need not have a version."""
        combined = [self.folder + suffix for suffix in _SUFFIXES]
        return self._is_folder or any(os.path.lexists(path) and not os.path.isdir(path) for path in combined)

    def watch(self, readings: list[Reading]) -> Watch:
        """The watch over the family, which was read in the meantime."""
        from rezup.runtime.index_store.unusable import trouble_of
        from rezup.runtime.nature import PURE  # here and below: a valid index needs none of this

        folder = self.folder
        usual = os.sep + self._usual
        paths: dict[str, None] = {}
        volatile = ""
        unusable: list[tuple[Any, ...]] = []
        for reading in readings:
            if reading.nature is PURE and reading.record.late is None and reading.path.endswith(usual):
                paths[reading.path] = None  # as most are
                continue
            paths.update(dict.fromkeys(self._paths(reading)))
            volatile = volatile or _why(reading)
            trouble = trouble_of(reading.record)
            if trouble is not None:
                unusable.append(tuple(trouble))
        if not volatile and self._is_building:
            volatile = "a version is being built"
        paths.update(dict.fromkeys(self._unlisted(readings)))
        before = self.stamps
        stamps = {path: before.get(path) or stamp(path) for path in paths}
        if not volatile and not is_settled((before[folder], *stamps.values()), self.at):
            volatile = JUST_CHANGED
        within = folder + os.sep
        start = len(folder)
        return Watch(
            folder,
            before[folder],
            tuple([(path[start:], known) for path, known in stamps.items() if path.startswith(within)]),
            tuple([item for item in stamps.items() if not item[0].startswith(within)]),
            volatile,
            tuple(unusable),
        )

    def _look_at(self, entry: os.DirEntry[str], definitions: list[str]) -> None:
        name = entry.name
        path = entry.path
        if name.startswith(_BUILDING):
            self._is_building = True
        if name in definitions:
            self.stamps[path] = stamp(path)
        is_link = entry.is_symlink()
        if is_link or (name[0] != "." and entry.is_dir()):
            self._others.append(path)
            for definition in definitions:
                inner = f"{path}{os.sep}{definition}"
                found = stamp(inner)
                if found:
                    self.stamps[inner] = found
                    break

    def _unlisted(self, readings: list[Reading]) -> list[str]:
        """What is no version now, and may become one though the folder does not change."""
        folder = self.folder
        if not self._is_folder:
            # The other suffix counts only where the better one is missing.
            better, other = (folder + suffix for suffix in _SUFFIXES)
            return [better] if self.stamps[better] else [better, other]
        listed = {os.path.dirname(reading.path) for reading in readings}
        if folder in listed:
            return []  # without versions: all else in there is payload
        unlisted = [path for path in self._others if path not in listed]
        inner = [f"{path}{os.sep}{self._usual}" for path in unlisted]
        return unlisted + [path for path in inner if os.path.islink(path)]

    def _paths(self, reading: Reading) -> list[str]:
        """The files that decide what one version is."""
        path = reading.path
        paths = [path]
        if self._is_folder and not path.endswith(os.sep + self._usual):
            # A better file may appear beside it, be it the far end of a link that leads nowhere yet.
            paths.append(os.path.dirname(path))
            paths.append(_watchable(os.path.splitext(path)[0] + _SUFFIXES[0]))
        if reading.nature is not None:
            paths += map(_watchable, reading.nature.files)
        elif not os.path.lexists(path):
            paths.append(os.path.dirname(path))  # where a definition of any name may appear
        return paths


def _watchable(path: str) -> str:
    """The path; if nothing is there, the folder that has to change before something is."""
    while not os.path.lexists(path) and (folder := os.path.dirname(path)) != path:
        path = folder
    return path


def _why(reading: Reading) -> str:
    from rezup.runtime.index_store.unusable import is_lasting
    from rezup.runtime.nature import Kind

    if is_lasting(reading):
        return ""
    nature = reading.nature
    if nature is None:
        return f"{reading.path} can't be loaded"
    if nature.kind is Kind.VOLATILE:
        return f"{reading.path}:{nature.line or 1} {nature.reason}"
    if reading.record.late is not None:
        return f"{reading.path} has requirements that can't be kept"
    return ""
