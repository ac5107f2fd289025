"""Rez's filesystem repositories: a folder of families.

::

    LOCATION/
      maya/2022.1/package.py      a version; also package.yaml
      maya/.ignore2022.1          hides that version
      maya/.building2022.1        hides it as long as it has no package file
      scripts/package.py          a package without versions
      houdini.py  nuke.yaml       a combined file: all versions of a family in one
      settings.yaml               Rez's own settings for the repository; not a family

What lies there is looked at anew with every call.
"""

from __future__ import annotations

import os
import sys
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import InvalidVersionError, PackageDefinitionError
from rezup.reporting import Reporter
from rezup.resolver.repository import PackageRecord, Repository
from rezup.resolver.requirement import is_package_name
from rezup.resolver.version import Version
from rezup.runtime.attributes import requirement
from rezup.runtime.package import Package
from rezup.runtime.place import (
    SUFFIXES,
    Loaded,
    Place,
    RepositorySettings,
    candidates,
    combined_versions,
    find_definition,
    load_combined,
    load_folder,
    version_of_combined,
)
from rezup.runtime.source_code import SourceCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rezup.resolver.repository import LateBinding
    from rezup.runtime.config import Config
    from rezup.runtime.nature import Nature

_IGNORE = ".ignore"
_BUILDING = ".building"

#: Folders that Python makes; never a family.
_NO_FAMILY = frozenset(["__pycache__"])


class Reading(NamedTuple):
    """One version of a family with all that an index needs to know of it."""

    record: PackageRecord
    path: str
    """The definition file; the folder where there is none."""
    nature: Nature | None
    """What the definition depends on; None where it can't be loaded."""


class FilesystemRepository(Repository):
    """A folder of packages.

    :param location: the folder; it need not exist
    :param reporter: hears of definitions that can't be loaded, and of folders that are no version
    """

    def __init__(self, location: str, config: Config, reporter: Reporter | None = None) -> None:
        # Links are resolved, so that a repository has one name however it is reached.
        self._location = os.path.normpath(os.path.realpath(location))
        if sys.platform == "win32":
            self._location = self._location.lower()
        self._config = config
        self._settings = RepositorySettings.of(config)
        self._reporter = reporter or Reporter()

    @property
    def location(self) -> str:
        """The folder."""
        return self._location

    def families(self) -> Iterable[str]:
        """The names of all families, whether or not they have a version."""
        found = []
        for entry in self._entries(self._location):
            if entry.name in ("settings.yaml", self._settings.file_lock_dir):
                continue
            name, suffix = entry.name, None
            if not _is_folder(entry):
                name, suffix = os.path.splitext(name)
            if suffix in (None, *SUFFIXES) and is_package_name(name) and name not in _NO_FAMILY:
                found.append(name)
        return tuple(dict.fromkeys(found))

    def family(self, name: str) -> Sequence[PackageRecord]:
        """All versions of a package.

        One whose definition can't be used is among them: it raises once its requirements are
        asked for, and the reporter hears of it at once.
        """
        return [self._record(package) for package in self.packages(name)]

    def readings(self, name: str) -> Iterator[Reading]:
        """All versions of a package, with what their definitions depend on."""
        for package in self.packages(name):
            record = self._record(package)
            yield Reading(record, package.place.path, package.place.nature())

    def packages(self, name: str) -> list[Package]:
        """All versions of a package, their definitions not yet read (but for combined files).

        :raises PackageDefinitionError: a combined file can't be loaded
        """
        if not is_package_name(name) or name in _NO_FAMILY:
            return []
        folder = os.path.join(self._location, name)
        if not os.path.isdir(folder):
            places = self._combined(name)
        elif self._is_there(name):
            places = self._versioned(name, folder)
        else:
            places = iter(())
        return [Package(place, self._config) for place in places]

    def package(self, name: str, version: Version | str = "") -> Package | None:
        """One version of a package."""
        wanted = Version(version) if isinstance(version, str) else version
        return next((each for each in self.packages(name) if each.version == wanted), None)

    def __repr__(self) -> str:
        return f"FilesystemRepository({self._location!r})"

    def _is_there(self, name: str) -> bool:
        """Whether the name is written just so; Windows finds it written otherwise, too."""
        return sys.platform != "win32" or name in os.listdir(self._location)

    def _versioned(self, name: str, folder: str) -> Iterator[Place]:
        settings = self._settings
        path = find_definition(folder, settings.package_filenames)
        if path is not None and settings.allow_unversioned_packages:
            yield self._place(name, Version(""), folder, [path])
            return
        for text in self._version_folders(folder):
            inner = f"{folder}{os.sep}{text}"
            try:
                version = Version(text)
            except InvalidVersionError:
                self._reporter.warning(f"{inner} is passed over: its name is no version")
                continue
            yield self._place(name, version, inner, candidates(inner, settings.package_filenames))

    def _place(self, name: str, version: Version, folder: str, paths: list[str]) -> Place:
        load = partial(load_folder, folder, paths, self._settings)
        return Place(name, version, paths, load, folder=folder, shortlinks=self._settings.shortlinks)

    def _version_folders(self, folder: str) -> list[str]:
        """Names of the folders of versions, those hidden left out."""
        entries = {entry.name: entry for entry in self._entries(folder)}
        hidden = {
            name[len(_IGNORE) :]
            for name, entry in entries.items()
            if name.startswith(_IGNORE) and entry.is_file()
        }
        if self._settings.check_package_definition_files:
            doubtful = set(entries)
        else:
            doubtful = {name[len(_BUILDING) :] for name in entries if name.startswith(_BUILDING)}
        return sorted(
            name
            for name, entry in entries.items()
            if name[0] != "." and name not in hidden and _is_folder(entry)
            and (name not in doubtful or self._has_definition(os.path.join(folder, name)))
        )  # fmt: skip

    def _has_definition(self, folder: str) -> bool:
        if find_definition(folder, ("package",)) is None:
            return False
        names = self._settings.package_filenames
        return not self._settings.check_package_definition_files or find_definition(folder, names) is not None

    def _combined(self, name: str) -> Iterator[Place]:
        path = find_definition(self._location, (name,))
        if path is None or not self._is_there(os.path.basename(path)):
            return
        file = load_combined(path, self._settings)
        versions = combined_versions(path, file.data)
        if not versions and self._settings.allow_unversioned_packages:
            yield Place(name, Version(""), [path], partial(_said, file, None), mark="<>")
        for text in versions:
            version = Version(text)
            yield Place(name, version, [path], partial(_said, file, version), mark=f"<{text}>")

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as found:
                return list(found)
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            self._reporter.warning(f"{folder} can't be read: {error.strerror or error}")
            return []

    def _record(self, package: Package) -> PackageRecord:
        try:
            return record_of(package)
        except PackageDefinitionError as error:
            self._reporter.warning(str(error))
            return PackageRecord(package.name, package.version, uri=package.place.uri, late=Unusable(error))


def _said(file: Loaded, version: Version | None) -> Loaded:
    if version is None:
        return file
    return file._replace(data=version_of_combined(file.path, file.data, version))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link in a circle
        return False


class Unusable:
    """Stands for the requirements of a package whose definition can't be used: it raises."""

    __slots__ = ("error", "requires")

    def __init__(self, error: PackageDefinitionError, requires: tuple[str, ...] | None = None) -> None:
        self.error = error
        self.requires = requires
        """What it requires where only building it is impossible."""

    def __call__(self, given: LateBinding) -> tuple[str, ...]:
        if self.requires is None or given.building:
            raise self.error
        return self.requires


class Late:
    """Late-bound requirements of a package."""

    __slots__ = ("package",)

    def __init__(self, package: Package) -> None:
        self.package = package

    def __call__(self, given: LateBinding) -> tuple[str, ...]:
        """What the package requires in this resolve.

        Late-bound requirements for building come after those, before the variant's own.
        """
        bound = self.package.in_resolve(given)
        found = list(bound.requires or ())
        if given.building and _is_late(self.package, "build_requires"):
            found += bound.build_requires or ()
        return tuple(map(str, found))


def _is_late(package: Package, name: str) -> bool:
    return isinstance(package.data.get(name), SourceCode)


def record_of(package: Package) -> PackageRecord:
    """What the solver needs to know of a package.

    :raises PackageDefinitionError: its definition can't be loaded, or its requirements can't be used
    """
    data = package.place.data()
    late: Any = None
    try:
        requires = _texts(data.get("requires", ()))
        build = _texts(data.get("build_requires", ()))
        variants = tuple(map(_texts, data.get("variants", ())))
    except (TypeError, ValueError):
        # Something unusual: the long way finds out what, and says so.
        variants = tuple(tuple(map(str, each)) for each in package.attribute("variants") or ())
        requires, build, late = _unusual(package)
    stamp = data.get("timestamp")
    return PackageRecord(
        package.name, package.version, requires, variants, build,
        stamp if isinstance(stamp, int) else 0, package.place.uri, late,
    )  # fmt: skip


def _texts(value: Any) -> tuple[str, ...]:
    if type(value) is not list and value != ():
        raise TypeError
    for text in value:
        requirement(text)
    return tuple(value)


def _unusual(package: Package) -> tuple[tuple[str, ...], tuple[str, ...], Any]:
    late = [name for name in ("requires", "build_requires") if _is_late(package, name)]
    requires: tuple[str, ...] = ()
    if "requires" not in late:
        requires = tuple(map(str, package.attribute("requires") or ()))
    if late:
        build = () if "build_requires" in late else package.attribute("build_requires") or ()
        return requires, tuple(map(str, build)), Late(package)
    try:
        return requires, tuple(map(str, package.attribute("build_requires") or ())), None
    except PackageDefinitionError as error:
        return requires, (), Unusable(error, requires)
