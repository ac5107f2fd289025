"""Entries of the packages path, and the repositories that they name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.errors import PackageLocationError
from rezup.resolver.repository import MemoryRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.reporting import Reporter
    from rezup.resolver.repository import Repository
    from rezup.runtime.config import Config


def parse_location(entry: str) -> tuple[str, str]:
    """The kind of repository and its place: "/packages" and "filesystem@/packages" are the same.

    The part before the first "@" is the kind, as with Rez; a path that has one itself must be
    written with its kind.

    :raises PackageLocationError: there is no such kind
    """
    kind, at, place = entry.partition("@")
    if not at:
        kind, place = "filesystem", entry
    if kind == "filesystem":
        return kind, os.path.abspath(place)
    if kind == "memory":
        return kind, place
    raise PackageLocationError(
        f"{entry!r} is no place for packages",
        context=f"there is no kind of repository called {kind!r}",
        hint="write filesystem@PATH for a path that contains an @; a Rez with a plugin of that name does it "
        "in its container: rezup use NAME -- rez-env …",
    )


def open_repository(
    entry: str,
    config: Config,
    memory: Mapping[str, Repository] | None = None,
    reporter: Reporter | None = None,
) -> Repository:
    """The repository that an entry of the packages path names.

    :param memory: the repositories that `memory@NAME` may name; any other name is an empty one
    :raises PackageLocationError: the entry can't be understood
    """
    kind, place = parse_location(entry)
    if kind == "memory":
        return (memory or {}).get(place) or MemoryRepository((), f"memory@{place}")
    # A resolve that finds all in an index does without reading packages, and what that needs.
    from rezup.runtime.filesystem import FilesystemRepository

    return FilesystemRepository(place, config, reporter)


def open_repositories(
    entries: Iterable[str],
    config: Config,
    memory: Mapping[str, Repository] | None = None,
    reporter: Reporter | None = None,
) -> list[Repository]:
    """The repositories of a packages path, in their order, each once.

    :raises PackageLocationError: an entry can't be understood
    """
    unique = dict.fromkeys(map(parse_location, entries))
    return [open_repository("@".join(location), config, memory, reporter) for location in unique]
