"""Searching packages, by the rules of `rez-search`."""

from __future__ import annotations

import fnmatch
import re
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InvalidRequirementError, PackageFamilyNotFoundError
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.resolver.index.stored import StoredTables
    from rezup.resolver.ranges import VersionRange
    from rezup.session.packages import Packages


class FoundPackage(NamedTuple):
    """One version of a package."""

    name: str

    version: str
    """Empty for an unversioned package."""

    uri: str
    """The definition of the first repository that has it."""

    timestamp: int
    """Seconds since 1970 of the release; 0 is unknown."""

    def __str__(self) -> str:
        return f"{self.name}-{self.version}" if self.version else self.name


class Found(NamedTuple):
    """What a search found: families, or packages of those that match."""

    families: tuple[str, ...]
    """The names that match, ascending."""

    packages: tuple[FoundPackage, ...] | None
    """Ascending by name and version; None where only families were asked for."""


#: Where the name ends and the range begins; as with Rez any of these may stand between them.
_PATTERN = re.compile(r"([^-@#=<>]*)(.*)", re.DOTALL)


def search(
    tables: StoredTables, families: Iterable[str], pattern: str | None, *, latest: bool = False
) -> Found:
    """Packages if a range is given, only one family matches, or the latest are wanted; else families.

    :param families: the names of all there are
    :param latest: only the latest version of each package
    :raises InvalidRequirementError: the range can't be understood
    :raises PackageFamilyNotFoundError: there is no such family
    """
    names = sorted(set(families))
    range_ = None
    if pattern is not None:
        glob, range_ = _parsed(pattern)
        names = [name for name in names if fnmatch.fnmatchcase(name, glob)]
        if not names:
            raise PackageFamilyNotFoundError(f"no package family matches {pattern[:80]!a}")
    if not latest and range_ is None and (pattern is None or len(names) > 1):
        return Found(tuple(names), None)
    packages = [found for name in names for found in _packages(tables, name, range_)[-1 if latest else 0 :]]
    return Found(tuple(names), tuple(packages))


def beginning(packages: Packages, text: str, paths: Iterable[str] | None = None) -> list[str]:
    """Requirements that begin like a text: families, or the versions of one behind "-", ascending.

    Folders are listed, and no definition is read but that of a combined file.

    :param text: may begin as a requirement does, with "!" or "~", or with the "^" of a patch
    :param paths: instead of the setting `packages_path`
    :raises RuntimePackageError: a setting or a location can't be used
    """
    from rezup.runtime.filesystem import FilesystemRepository
    from rezup.runtime.locations import open_repositories

    entries = packages.settings.packages_path if paths is None else paths
    repositories = open_repositories(entries, packages.config())
    head = text[: len(text) - len(text.lstrip("!~^"))]
    name, dash, _ = text[len(head) :].partition("-")
    if not dash:
        found = sorted({family for each in repositories for family in each.families()})
    else:
        shelves = [each for each in repositories if isinstance(each, FilesystemRepository)]
        versions = {package.version for each in shelves for package in each.packages(name)}
        found = [f"{name}-{version}" for version in sorted(versions) if version]
    return [head + each for each in found if (head + each).startswith(text)]


def _parsed(pattern: str) -> tuple[str, VersionRange | None]:
    """A glob for names, and the range; None where there is none."""
    name, rest = _PATTERN.fullmatch(pattern).groups()  # type: ignore[union-attr] # it fits any text
    if not name or name[0] in "!~":
        raise InvalidRequirementError(
            f"{pattern[:80]!a} can't be searched for", hint="write NAME or NAME-RANGE; NAME may have * and ?"
        )
    return name, Requirement(f"x{rest}").range if rest else None


def _packages(tables: StoredTables, name: str, range_: VersionRange | None) -> list[FoundPackage]:
    number = tables.number(name)
    if not tables.load(number).size:
        return []
    return [
        FoundPackage(name, str(record.version), record.uri, record.timestamp)
        for record in tables.records(number)
        if range_ is None or record.version in range_
    ]
