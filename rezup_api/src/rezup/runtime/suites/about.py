"""What the tool of a suite tells of itself, as lines of text: the same that Rez prints."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.runtime.context import queries
from rezup.runtime.context.info import Line, columns
from rezup.runtime.suites.layout import tools_path

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Package, Variant
    from rezup.runtime.suites.invocation import Invocation


def about_lines(asked: Invocation, context: Context) -> list[Line]:
    """What `++about` prints.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    lines = [
        Line(f"Tool:     {asked.tool}"),
        Line(f"Path:     {os.path.join(tools_path(asked.suite_path), asked.tool)}"),
        Line(f"Suite:    {asked.suite_path}"),
        Line(f"Context:  {context.load_path} ({asked.context_name!r})"),
    ]
    found = queries.packages_with_tool(context, asked.tool)
    if len(found) > 1:
        return [*lines, _in_conflict(found)]
    return lines + [Line(f"Package:  {each.qualified_package_name}") for each in found]


def version_lines(
    asked: Invocation, context: Context, packages_of: Callable[[str], Iterable[Package]]
) -> tuple[list[Line], bool]:
    """What `++versions` prints, and whether that was possible: not where several packages have the tool.

    :param packages_of: all packages of a family, see `rezup.runtime.context.difference.on_path`
    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    found = queries.packages_with_tool(context, asked.tool)
    if len(found) > 1:
        return [_in_conflict(found)], False
    rows, marks = [], []
    for variant in found:
        for package in sorted(packages_of(variant.parent.name), key=lambda each: each.version, reverse=True):
            is_local = queries.is_local(next(iter(package.variants_of_it())))
            is_this = package.version == variant.parent.version
            rows.append(
                (
                    f"{'*' if is_this else ' '} {package.qualified_name}",
                    package.place.folder or package.uri,
                    "(local)" if is_local else "",
                )
            )
            marks.append("heading" if is_this else "local" if is_local else "")
    return [Line(text, mark) for text, mark in zip(columns(rows), marks, strict=True)], True


def _in_conflict(variants: Iterable[Variant]) -> Line:
    names = " ".join(each.qualified_package_name for each in variants)
    return Line(f"Packages (in conflict): {names}", "critical")
