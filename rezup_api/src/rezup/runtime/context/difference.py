"""What changed from one context to another, as `rez-context --diff` tells it."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import ContextError
from rezup.resolver.ranges import VersionRange
from rezup.runtime.context.handles import location_of
from rezup.runtime.context.info import columns

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Package, Variant


class Difference(NamedTuple):
    """Packages that two contexts don't share; which variants were chosen is of no concern."""

    newer: Mapping[str, tuple[Package, ...]]
    """By name: from the first context's version up to the newer one of the other."""
    older: Mapping[str, tuple[Package, ...]]
    """By name: from the first context's version down to the older one of the other."""
    added: tuple[Package, ...]
    """Only in the other, by name."""
    removed: tuple[Package, ...]
    """Only in the first, by name."""

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return any(self)


def difference(first: Context, other: Context, packages_of: Callable[[str], Iterable[Package]]) -> Difference:
    """What changed from the first to the other.

    :param packages_of: gives all packages of a family, as `on_path` does
    :raises ContextError: one is not solved, or their packages paths differ
    """
    for context in (first, other):
        if not context.is_solved:
            raise ContextError("the contexts can't be compared", context="the resolve of one failed")
    if first.package_paths != other.package_paths:
        lines = difflib.ndiff(first.package_paths, other.package_paths)
        raise ContextError(
            "the contexts can't be compared",
            context=f"their packages paths differ: {'; '.join(line.rstrip() for line in lines)}",
            hint="compare contexts that were resolved with the same paths",
        )
    ours, theirs = _packages(first), _packages(other)
    only_ours = {each.name: each for key, each in ours.items() if key not in theirs}
    only_theirs = {each.name: each for key, each in theirs.items() if key not in ours}
    newer, older = {}, {}
    for name in sorted(only_ours.keys() & only_theirs.keys()):
        before, after = only_ours[name], only_theirs[name]
        if after.version > before.version:
            newer[name] = _between(before, after, packages_of)
        elif after.version < before.version:
            older[name] = _between(after, before, packages_of)[::-1]
    return Difference(
        newer,
        older,
        tuple(only_theirs[name] for name in sorted(only_theirs.keys() - only_ours.keys())),
        tuple(only_ours[name] for name in sorted(only_ours.keys() - only_theirs.keys())),
    )


def difference_lines(found: Difference, headings: tuple[str, str] | None = None) -> list[str]:
    """The table that Rez prints of a difference; nothing where there is none.

    :param headings: names of the two contexts, such as the names of their files
    """
    if not found:
        return []
    rows: list[tuple[str, str, str]] = []
    if headings is not None:
        rows = [(*headings, ""), ("-" * len(headings[0]), "-" * len(headings[1]), "")]
    for changes, sign in ((found.newer, "+"), (found.older, "-")):
        for packages in changes.values():
            steps = f"({sign}{len(packages) - 1} versions)"
            rows.append((packages[0].qualified_name, packages[-1].qualified_name, steps))
    rows += [("-", package.qualified_name, "") for package in found.added]
    rows += [(package.qualified_name, "-", "") for package in found.removed]
    return columns(rows)


def on_path(config: Config) -> Callable[[str], list[Package]]:
    """A look into the folders of the setting `packages_path`: all packages of a family.

    Of two with the same version the one that comes first on the path counts. Rez looks there too,
    whatever paths the contexts were made with.
    """

    def packages_of(name: str) -> list[Package]:
        from rezup.runtime.filesystem import FilesystemRepository
        from rezup.runtime.locations import open_repositories

        found: dict[str, Package] = {}
        for repository in open_repositories(config["packages_path"], config):
            if isinstance(repository, FilesystemRepository):
                for package in repository.packages(name):
                    found.setdefault(str(package.version), package)
        return list(found.values())

    return packages_of


def _packages(context: Context) -> dict[tuple[str, str, str], Package]:
    """The packages by what tells one from another."""
    return {_identity(variant): variant.parent for variant in context.resolved_packages}


def _identity(variant: Variant) -> tuple[str, str, str]:
    package = variant.parent
    return package.name, str(package.version), location_of(variant)


def _between(
    low: Package, high: Package, packages_of: Callable[[str], Iterable[Package]]
) -> tuple[Package, ...]:
    """The packages from one to the other, in order of version; both are among them, there or not."""
    between = VersionRange.as_span(low.version, high.version)
    found = {str(each.version): each for each in packages_of(low.name) if each.version in between}
    for package in (low, high):
        found.setdefault(str(package.version), package)
    return tuple(sorted(found.values(), key=lambda each: each.version))
