"""Making a context of what a resolve gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.runtime.context.context import Context
from rezup.runtime.context.handles import Opener, binding_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.resolver.resolution import Resolution
    from rezup.runtime.config import Config
    from rezup.runtime.config.facts import SystemFacts


class Setting(NamedTuple):
    """What a resolve was made with, as the context keeps it."""

    paths: Sequence[str]
    """The packages path."""
    requested_time: int | None = None
    """Packages released later were ignored; seconds since 1970."""
    building: bool = False
    testing: bool = False
    package_filter: Sequence[Any] = ()
    """Plain data, as `PackageFilterList.to_pod` gives it."""
    package_orderers: Sequence[Any] = ()
    """Plain data, as `PackageOrderList.to_pod` gives it."""
    caching: bool = True
    """Whether the resolve was allowed to be answered from a cache."""
    package_caching: bool = True
    package_cache_async: bool = True
    append_sys_path: bool = True
    rez_path: str = ""
    """The folder of the library that made it; `$REZ_USED`."""
    solve_time: float = 0.0
    """Seconds, with `load_time` in it."""
    load_time: float = 0.0


def context_of(
    resolution: Resolution,
    uris: Sequence[str],
    *,
    requests: Sequence[str],
    implicit: Sequence[str],
    setting: Setting,
    config: Config,
    now: int,
    known: Mapping[str, tuple[str, dict[str, Any]]] | None = None,
) -> Context:
    """The context of a resolve, also of a failed one.

    A failed resolve has its graph drawn, since nothing else could draw it later; that of a solved
    one follows from its packages, see `with_graph`.

    :param uris: of the variants in `resolution.packages`, as `rezup.session.packages.Resolved` has them
    :param requests: what was asked for, without the implicit packages
    :param config: the packages' attributes are read by it
    :param now: seconds since 1970
    :param known: see `Opener`
    :raises ContextError: a package is in no folder
    """
    seen: dict[str, Any] = {
        "package_requests": tuple(requests),
        "implicit_packages": tuple(implicit),
        "resolved_ephemerals": tuple(resolution.ephemerals),
        "building": setting.building,
        "testing": setting.testing,
    }
    opener = Opener(config, known, binding_of(seen, config.facts))
    packages = [
        opener.at_uri(uri, package.name, package.version, package.variant)
        for uri, package in zip(uris, resolution.packages, strict=True)
    ]
    failure = resolution.failure
    return Context(
        status=resolution.status,
        package_paths=tuple(setting.paths),
        resolved_packages=tuple(packages),
        # Rez takes a requested time of 0 for none, too.
        timestamp=setting.requested_time or now,
        requested_timestamp=setting.requested_time,
        failure_description=None if failure is None else failure.text,
        graph=None if resolution.is_solved else _graph(resolution),
        created=now,
        num_loaded_packages=len(packages),
        **seen,
        **_kept(setting),
        **_origin(config.facts),
    )


def with_graph(context: Context) -> Context:
    """The same context with the graph of its resolve in it, so that its file has one.

    :raises ContextError: the resolve failed, and no graph of it was kept
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    if context.graph is not None:
        return context
    from rezup.runtime.context.resolve_graph import resolve_graph

    return context._replace(graph=resolve_graph(context).to_compact())


def _kept(setting: Setting) -> dict[str, Any]:
    """The fields that a setting gives as they are."""
    return {
        "package_filter": list(setting.package_filter),
        "package_orderers": list(setting.package_orderers) or None,
        "append_sys_path": setting.append_sys_path,
        "caching": setting.caching,
        "package_caching": setting.package_caching,
        "package_cache_async": setting.package_cache_async,
        "rez_path": setting.rez_path,
        "solve_time": setting.solve_time,
        "load_time": setting.load_time,
    }


def _graph(resolution: Resolution) -> str:
    from rezup.runtime.context.failed_graph import failed_graph

    return failed_graph(resolution).to_compact()


def _origin(facts: SystemFacts) -> dict[str, Any]:
    return {
        "user": facts.user,
        "host": facts.hostname,
        "platform": facts.platform,
        "arch": facts.arch,
        "os": facts.os,
        "rez_version": facts.rez_version,
    }
