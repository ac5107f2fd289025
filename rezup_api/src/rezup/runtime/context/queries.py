"""What can be asked of a context."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ContextError, PackageDefinitionError
from rezup.resolver.requirement import Requirement
from rezup.runtime.context.handles import is_gone, location_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Variant


class Missing(NamedTuple):
    """A package of a context that is no longer there."""

    name: str
    """Such as "maya-2024[1]"."""
    uri: str
    """Where its definition was."""


def missing(context: Context) -> list[Missing]:
    """The packages that have vanished since the context was made, in its order."""
    gone = [variant for variant in context.resolved_packages if is_gone(variant)]
    return [Missing(_named(variant), variant.uri) for variant in gone]


def require_all(context: Context) -> None:
    """Make sure that no package has vanished.

    :raises ContextError: some have; it names them
    """
    gone = missing(context)
    if gone:
        shown = ", ".join(each.name for each in gone)
        raise ContextError(
            f"{len(gone)} of {len(context.resolved_packages)} packages of the context are gone",
            context=f"{shown}; first looked for at {gone[0].uri}",
            hint="resolve the request again, or bring the packages back",
        )


def validate(context: Context) -> None:
    """Check every attribute of every package.

    :raises ContextError: the context is not solved, or a package can't be used
    """
    _solved(context)
    for variant in context.resolved_packages:
        try:
            variant.parent.validate()
        except PackageDefinitionError as error:
            raise ContextError(
                f"{variant.qualified_package_name} can't be used", context=str(error), hint=error.hint
            ) from error


def resolved_package(context: Context, name: str) -> Variant | None:
    """The package of this name."""
    return next((each for each in context.resolved_packages if each.parent.name == name), None)


def requested_packages(context: Context, *, implicit: bool = False) -> tuple[str, ...]:
    """What was asked for, on demand with the implicit packages behind."""
    return context.package_requests + (context.implicit_packages if implicit else ())


def resolved_packages(context: Context, *, source_order: bool = False) -> list[Variant]:
    """The packages by name, or in the order in which their commands run."""
    packages = list(context.resolved_packages)
    return packages if source_order else sorted(packages, key=lambda each: each.parent.name)


def resolve_as_exact_requests(context: Context) -> list[str]:
    """A requirement of just its version for each package.

    :raises ContextError: the context is not solved
    """
    _solved(context)
    return [variant.parent.as_exact_requirement() for variant in context.resolved_packages]


def values(context: Context, key: str, *, request_only: bool = False) -> dict[str, tuple[Variant, Any]]:
    """An attribute of each package that has it, by the package's name.

    :param request_only: only of packages that were asked for by name
    :raises ContextError: the context is not solved, or a package has no attribute of that name
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    _solved(context)
    requests = [Requirement(text) for text in context.package_requests]
    wanted = {each.name for each in requests if not each.conflict}
    found = {}
    for variant in context.resolved_packages:
        if request_only and variant.parent.name not in wanted:
            continue
        try:
            value = getattr(variant, key)
        except AttributeError as error:
            raise ContextError(f"there is no attribute {key[:80]!a}", context=str(error)) from error
        if value is not None:
            found[variant.parent.name] = (variant, value)
    return found


def tools(context: Context, *, request_only: bool = False) -> dict[str, tuple[Variant, list[str]]]:
    """The tools of each package that has some, by its name; see `values`."""
    return values(context, "tools", request_only=request_only)


def packages_with_tool(context: Context, tool: str) -> list[Variant]:
    """The packages that have a tool of this name; with several, the paths decide which one runs."""
    return [variant for variant, found in tools(context).values() if tool in found]


def conflicting_tools(context: Context, *, request_only: bool = False) -> dict[str, list[Variant]]:
    """The tools that more than one package has, and these packages."""
    owners: dict[str, list[Variant]] = {}
    for variant, found in tools(context, request_only=request_only).values():
        for tool in dict.fromkeys(found):
            owners.setdefault(tool, []).append(variant)
    return {tool: variants for tool, variants in owners.items() if len(variants) > 1}


def which(program: str, environ: Mapping[str, str], windows: bool | None = None) -> str | None:
    """The path of a program in an environment, such as the one that a context makes.

    :param windows: whether the rules of Windows hold; those of this machine by default
    """
    is_windows = os.name == "nt" if windows is None else windows
    if os.path.dirname(program):
        return next(filter(_is_program, _spellings(program, environ, is_windows)), None)
    folders = environ.get("PATH", os.defpath).split(os.pathsep)
    if is_windows:
        folders.insert(0, os.curdir)
    for folder in dict.fromkeys(folders):
        for name in _spellings(program, environ, is_windows):
            path = os.path.join(folder, name)  # an empty folder is the current one
            if _is_program(path):
                return path
    return None


def is_current(context: Context, environ: Mapping[str, str]) -> bool | None:
    """Whether an environment is that of this context; None where it is in none.

    The context must have been read from a file, else it is False.
    """
    if not context.load_path:
        return False
    path = environ.get("REZ_RXT_FILE")
    if not path or not os.path.exists(path):
        return None
    return path == context.load_path


def is_local(variant: Variant) -> bool:
    """Whether a package is in the folder that its user builds into.

    :raises PackageDefinitionError: the package is gone or can't be read
    """
    return _same(location_of(variant), variant.parent.config["local_packages_path"])


def is_same_location(first: str, second: str) -> bool:
    """Whether two entries of a packages path are one place."""
    (kind, place), (other_kind, other) = _kind_and_place(first), _kind_and_place(second)
    if kind != other_kind:
        return False
    return _same(place, other) if kind == "filesystem" else place == other


def _kind_and_place(entry: str) -> tuple[str, str]:
    kind, at, place = entry.partition("@")
    return (kind, place) if at else ("filesystem", entry)


def _same(first: str, second: str) -> bool:
    return os.path.normcase(os.path.realpath(first)) == os.path.normcase(os.path.realpath(second))


def _spellings(name: str, environ: Mapping[str, str], is_windows: bool) -> Iterator[str]:
    """The file names that a program may have."""
    endings = environ.get("PATHEXT", "").split(os.pathsep) if is_windows else []
    if not endings or any(name.lower().endswith(each.lower()) for each in endings if each):
        yield name
        return
    for ending in endings:
        yield name + ending


def _is_program(path: str) -> bool:
    return os.path.isfile(path) and os.access(path, os.X_OK)


def _solved(context: Context) -> None:
    if not context.is_solved:
        raise ContextError(
            "the context has no packages",
            context=f"its resolve {'failed' if context.status == 'failed' else 'was not finished'}",
            hint="see `rezup context show` for the reason",
        )


def _named(variant: Variant) -> str:
    index = "" if variant.index is None else f"[{variant.index}]"
    return f"{variant.qualified_package_name}{index}"
