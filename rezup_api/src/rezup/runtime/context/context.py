"""A context: a request, what it was resolved to, and what from, when and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.runtime.package import Variant


class Context(NamedTuple):
    """What Rez calls a ResolvedContext; its fields have the names that its file gives them.

    :raises PackageDefinitionError: on access of packages whose definition can't be loaded
    """

    status: str
    """"solved", "failed" or "aborted"."""
    package_requests: tuple[str, ...]
    """What was asked for, without the implicit packages."""
    implicit_packages: tuple[str, ...] = ()
    package_paths: tuple[str, ...] = ()
    resolved_packages: tuple[Variant, ...] = ()
    """In Rez's order."""
    resolved_ephemerals: tuple[str, ...] = ()
    timestamp: int = 0
    """The time of the resolve: packages released later were not looked at; seconds since 1970."""
    requested_timestamp: int | None = None
    """The same, where it was given by the user."""
    building: bool = False
    testing: bool = False
    failure_description: str | None = None
    graph: str | None = None
    """Rez's compact text of the graph; None where it has not been drawn."""
    package_filter: Any = None
    """Plain data."""
    package_orderers: Any = None
    """Plain data."""
    default_patch_lock: str = "no_lock"
    patch_locks: Mapping[str, str] = {}
    append_sys_path: bool = True
    caching: bool = True
    package_caching: bool = False
    package_cache_async: bool = True
    created: int = 0
    """When it was made; seconds since 1970."""
    user: str = ""
    host: str = ""
    platform: str = ""
    arch: str = ""
    os: str = ""
    rez_version: str = ""
    """Of Rez, or of the Rez whose answers ours are."""
    rez_path: str = ""
    solve_time: float = 0.0
    load_time: float = 0.0
    num_loaded_packages: int = 0
    from_cache: bool = False
    parent_suite_path: str | None = None
    suite_context_name: str | None = None
    load_path: str | None = None
    """The file that it was read from; no part of it."""

    @property
    def is_solved(self) -> bool:
        """Whether there are packages for the request."""
        return self.status == "solved"
