"""From a recipe to what goes into each of its environments; `rezup.installers.environments` makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.installers.base import Package

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.lockfiles.lock import FindWheel, Lock
    from rezup.recipes.model import Backend, Recipe, Tool
    from rezup.recipes.names import ToolName


class EnvironmentPlan(NamedTuple):
    """One environment to build: all of `packages` are resolved together."""

    name: ToolName
    python: str | None
    """What the recipe asks for, as in `Tool.python`."""
    tools: tuple[Tool, ...]
    """Whose console scripts become production scripts."""
    packages: tuple[Package, ...]
    backend: Backend = "auto"
    rez: Tool | None = None
    """The one of `tools` that is Rez itself; None where Rez is but a library."""
    is_embedded: bool = False
    """Whether Rez is the runtime of this very library, see `rezup.installers.embedded`."""


def plan(recipe: Recipe) -> tuple[EnvironmentPlan, ...]:
    """The environments of a recipe: Rez with all that shares its environment, then the isolated ones.

    The recipe's variables must be filled in before.
    """
    is_embedded = recipe.runtime == "embedded"
    joined = (recipe.rez, *(tool for tool in recipe.extensions if not tool.isolated))
    shared = recipe.shared.requirements if recipe.shared else ()
    first = EnvironmentPlan(
        name=recipe.rez.name,
        python=recipe.rez.python,
        tools=joined,
        packages=() if is_embedded else _distinct([*_packages(joined), *map(Package, shared)]),
        backend=recipe.backend,
        rez=recipe.rez,
        is_embedded=is_embedded,
    )
    isolated = (
        EnvironmentPlan(
            name=tool.name,
            python=tool.python,
            tools=(tool,),
            # There is no Rez to install beside a tool where the recipe asks for none.
            packages=_distinct([*(() if is_embedded else [_package(recipe.rez)]), *_packages([tool])]),
            backend=recipe.backend,
        )
        for tool in recipe.extensions
        if tool.isolated
    )
    return (first, *isolated)


class Locked(NamedTuple):
    """What an environment is installed by."""

    lock: Lock
    find: FindWheel
    """Where wheels may be that needn't be fetched."""
    only_local: bool = False
    """Whether all of them are there: no index is asked, not even one that the recipe names."""


def _packages(tools: Iterable[Tool]) -> list[Package]:
    found = []
    for tool in tools:
        found += [_package(tool), *map(Package, tool.libraries)]
    return found


def _package(tool: Tool) -> Package:
    if tool.path is not None:
        return Package(str(tool.path), editable=tool.editable)
    return Package(tool.requirement)


def _distinct(packages: Iterable[Package]) -> tuple[Package, ...]:
    return tuple(dict.fromkeys(packages))
