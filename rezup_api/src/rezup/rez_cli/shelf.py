"""Packages as they lie on the packages path, without a resolve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.locations import open_repositories

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.resolver.ranges import VersionRange
    from rezup.runtime.config import Config
    from rezup.runtime.package import Package


class Shelf:
    """All packages below the entries of a packages path.

    :param paths: instead of the setting `packages_path`
    :raises PackageLocationError: an entry can't be understood
    """

    def __init__(self, config: Config, paths: Iterable[str] | None = None) -> None:
        entries = config["packages_path"] if paths is None else paths
        self._repositories = [
            each for each in open_repositories(entries, config) if isinstance(each, FilesystemRepository)
        ]

    def families(self) -> list[str]:
        """The names of all families, ascending."""
        return sorted({name for each in self._repositories for name in each.families()})

    def packages(self, name: str, range_: VersionRange | None = None) -> list[Package]:
        """The versions of a family, ascending; of two that are the same the first on the path.

        :raises PackageDefinitionError: a combined file can't be loaded
        """
        found: dict[str, Package] = {}
        for repository in self._repositories:
            for package in repository.packages(name):
                if range_ is None or package.version in range_:
                    found.setdefault(str(package.version), package)
        return sorted(found.values(), key=lambda each: each.version)
