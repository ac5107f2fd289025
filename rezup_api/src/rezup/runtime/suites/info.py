"""What `rez-suite` shows of a suite, as lines of text: the same that Rez prints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.runtime.context.info import Line, columns

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup.runtime.suites.suite import Suite
    from rezup.runtime.suites.tools import Tool


def info_lines(suite: Suite, *, verbose: bool = False) -> list[Line]:
    """The contexts of a suite; on demand as a table with their files and how many tools are seen of each.

    :raises SuiteError: a context or one of its packages can't be used
    """
    names = sorted(suite.names)
    if not names:
        return [Line("Suite is empty.")]
    head = Line(f"Suite contains {len(names)} contexts:")
    if not verbose:
        return [head, Line(" ".join(names))]
    rows = [("NAME", "VISIBLE TOOLS", "PATH"), ("----", "-------------", "----")]
    visible = suite.tools().visible.values()
    for name in names:
        found = [tool for tool in visible if tool.context == name]
        tools = {tool.name for tool in found}
        # As Rez counts: a package counts once more for tools that clash.
        sources = {(tool.is_clashing, frozenset(each.uri for each in tool.variants)) for tool in found}
        seen = f"{len(tools)} tools from {len(sources)} packages" if tools else "no tools"
        rows.append((name, seen, suite.context_path(name) or "-"))
    return [head, Line(""), *map(Line, columns(rows))]


def tools_lines(suite: Suite, *, verbose: bool = False, context_name: str | None = None) -> list[Line]:
    """The table of the tools of a suite.

    :param verbose: those, too, that are hidden or overridden, and all packages of those that clash
    :param context_name: only those of this context
    :raises SuiteError: there is no such context, or a context or one of its packages can't be used
    """
    if context_name:
        suite.member(context_name)
    table = suite.tools()
    found = [(tool, "") for tool in table.visible.values()]
    if verbose:
        found += [(tool, "(hidden)") for tool in table.hidden]
        found += [(tool, "(not visible)") for tools in table.overridden.values() for tool in tools]
    rows: list[Sequence[str]] = [
        ("TOOL", "ALIASING", "PACKAGE", "CONTEXT", ""),
        ("----", "--------", "-------", "-------", ""),
    ]
    marks = ["", ""]
    for number, name in enumerate([context_name] if context_name else sorted(suite.names)):
        own = [each for each in found if each[0].context == name]
        if own and number:
            rows.append(("", "", "", "", ""))
            marks.append("")
        for tool, state in sorted(own, key=lambda each: each[0].alias.lower()):
            row, mark = _row(tool, verbose)
            rows.append((*row[:-1], state) if state else row)
            marks.append("warning" if state else mark)
    return [Line(text, mark) for text, mark in zip(columns(rows), marks, strict=True)]


def list_lines(paths: Iterable[str]) -> list[Line]:
    """The suites that are seen on PATH.

    :param paths: see `rezup.runtime.suites.visible_suites`
    """
    return [Line(path) for path in paths] or [Line("No visible suites.")]


def _row(tool: Tool, verbose: bool) -> tuple[tuple[str, ...], str]:
    names = [each.qualified_package_name for each in tool.variants]
    notes, mark, package = [], "", names[0]
    if tool.is_clashing:
        notes.append("(in conflict)")
        mark = "critical"
        package = ", ".join(names) if verbose else f"{names[0]} (+{len(names) - 1} more)"
    if tool.alias != tool.name:
        notes.append("(aliased)")
        mark = mark or "alias"
    aliasing = tool.name if tool.alias != tool.name else "-"
    return (tool.alias, aliasing, package, tool.context, " ".join(notes)), mark
