"""What `rez-context` shows of a context, as lines of text."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import PackageDefinitionError
from rezup.resolver.requirement import Requirement
from rezup.runtime.context import queries

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.package import Variant


class Line(NamedTuple):
    """One line, and what it is, for whoever gives it a colour."""

    text: str
    mark: str = ""
    """heading, local, implicit, ephemeral or critical; empty for any other."""


def info_lines(
    context: Context,
    config: Config,
    environ: Mapping[str, str],
    *,
    verbosity: int = 0,
    source_order: bool = False,
    show_uris: bool = False,
    show_ways: bool = True,
) -> list[Line]:
    """All that `rez-context` prints: origin, request, packages; the same text.

    :param environ: tells whether this is the context that one stands in
    :param verbosity: from 1 with search paths, filters and times; from 2 with the tools
    :param source_order: packages in the order of their commands instead of by name
    :param show_uris: where packages are defined, instead of the folders of their payloads
    :param show_ways: of a failed resolve, how each request leads to the clash. Rez shows it just after the
        resolve; of a file it shows only the line above.
    :raises ContextFileError: the resolve failed, and the graph of it can't be read
    """
    lines = [*_origin(context, verbosity), Line("")]
    if verbosity:
        lines += _searched(context, config)
    lines += [Line("requested packages:", "heading"), *_requested(context), Line("")]
    if context.status in ("failed", "aborted"):
        return lines + _failed(context, show_ways)
    lines.append(Line("resolved packages:", "heading"))
    is_current = bool(queries.is_current(context, environ))
    packages = queries.resolved_packages(context, source_order=source_order)
    rows = [_package_row(variant, environ, is_current, show_uris) for variant in packages]
    ephemerals = sorted(context.resolved_ephemerals, key=lambda text: Requirement(text).name)
    rows += [((text, "", "(ephemeral)"), "ephemeral") for text in ephemerals]
    lines += _table(rows)
    if verbosity:
        lines += [Line(""), Line("resolve details:", "heading"), *_details(context)]
    if verbosity >= 2:
        lines += [Line(""), Line("tools:", "heading"), *tool_lines(context)]
    return lines


def tool_lines(context: Context) -> list[Line]:
    """The table of tools, those that clash marked; nothing where there are none.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    found = queries.tools(context)
    if not found:
        return []
    clashing = queries.conflicting_tools(context)
    rows: list[tuple[Sequence[str], str]] = [(("TOOL", "PACKAGE", ""), ""), (("----", "-------", ""), "")]
    for _, (variant, tools) in sorted(found.items(), key=lambda item: item[0]):
        for tool in sorted(tools):
            is_clash = tool in clashing
            note, mark = ("(in conflict)", "critical") if is_clash else ("", "")
            rows.append(((tool, variant.qualified_package_name, note), mark))
    return _table(rows)


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Rows of a table as text: all columns but the last are padded, two blanks between them."""
    widths: dict[int, int] = {}
    for row in rows:
        for number, cell in enumerate(row):
            widths[number] = max(widths.get(number, 0), len(cell))
    return [
        "".join([cell.ljust(widths[number] + 2) for number, cell in enumerate(row[:-1])]) + "".join(row[-1:])
        for row in rows
    ]


def _table(rows: Sequence[tuple[Sequence[str], str]]) -> list[Line]:
    texts = columns([cells for cells, _ in rows])
    return [Line(text, mark) for text, (_, mark) in zip(texts, rows, strict=True)]


def _origin(context: Context, verbosity: int) -> Iterator[Line]:
    outcome = "resolve failed," if context.status in ("failed", "aborted") else "resolved"
    yield Line(
        f"{outcome} by {context.user}@{context.host}, on {_date(context.created, verbosity)}, "
        f"using Rez v{context.rez_version}"
    )
    if context.requested_timestamp:
        yield Line(f"packages released after {_date(context.requested_timestamp, verbosity)} were ignored")


def _date(moment: int, verbosity: int) -> str:
    local = time.localtime(moment)
    if verbosity:
        return f"{time.strftime('%a %b %d %H:%M:%S %Z %Y', local)} ({moment})"
    return time.strftime("%a %b %d %H:%M:%S %Y", local)


def _searched(context: Context, config: Config) -> list[Line]:
    """The packages path, and the filters where there are some."""
    rows: list[tuple[Sequence[str], str]] = []
    for path in context.package_paths:
        is_local = queries.is_same_location(path, config["local_packages_path"])
        rows.append(((path, "(local)"), "local") if is_local else ((path, ""), ""))
    lines = [Line("search paths:", "heading"), *_table(rows), Line("")]
    if any(each.get("excludes") for each in context.package_filter or ()):
        lines += [Line("package filters:", "heading")]
        lines += [Line(text) for text in _yaml(context.package_filter).splitlines()]
        lines += [Line("")]
    return lines


def _yaml(data: Any) -> str:
    import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

    text: str = yaml.safe_dump(data, default_flow_style=False)
    return text.strip()


def _requested(context: Context) -> list[Line]:
    rows: list[tuple[Sequence[str], str]] = []
    for text in context.package_requests:
        is_ephemeral = Requirement(text).is_ephemeral
        rows.append(((text, "(ephemeral)"), "ephemeral") if is_ephemeral else ((text, ""), ""))
    rows += [((text, "(implicit)"), "implicit") for text in context.implicit_packages]
    return _table(rows)


def _failed(context: Context, show_ways: bool) -> list[Line]:
    from rezup.runtime.context.drawing import read_drawing
    from rezup.runtime.context.resolve_graph import ways_to_the_clash

    ways = "" if context.graph is None else ways_to_the_clash(read_drawing(context.graph))
    if not show_ways:
        ways = ways.partition("\n")[0]
    text = f"The context failed to resolve:\n{context.failure_description}"
    lines = [Line(each, "critical") for each in text.split("\n")]
    lines += [Line(""), *[Line(each) for each in ways.split("\n")], Line("")]
    lines += [
        Line(
            "To see a graph of the failed resolution, add --fail-graph in your rez-env or rez-build command."
        ),
        Line(""),
    ]
    return lines


def _package_row(
    variant: Variant, environ: Mapping[str, str], is_current: bool, show_uris: bool
) -> tuple[Sequence[str], str]:
    notes, mark = [], ""
    try:
        root, is_local = variant.root, queries.is_local(variant)
    except PackageDefinitionError:
        # Rez fails here. The folder of the version is as near as one gets without the definition.
        root, is_local = variant.parent.place.folder, False
    shown = root
    prefix = f"REZ_{variant.parent.name.upper().replace('.', '_')}"
    if is_current and environ.get(f"{prefix}_ORIG_ROOT"):
        shown = environ.get(f"{prefix}_ROOT", root)
        notes.append("cached")
    if show_uris or not root or not shown:
        shown = variant.uri
    elif not os.path.exists(shown):
        notes.append("NOT FOUND")
        mark = "critical"
    if is_local:
        notes.append("local")
        mark = "local"
    return (variant.qualified_package_name, shown, f"({', '.join(notes)})" if notes else ""), mark


def _details(context: Context) -> Iterator[Line]:
    yield Line(f"load time:         {context.load_time:.2f} secs")
    yield Line(f"solve time:        {context.solve_time - context.load_time:.2f} secs")
    yield Line(f"packages queried:  {context.num_loaded_packages}")
    yield Line(f"from cache:        {context.from_cache}")
    if context.load_path:
        yield Line(f"rxt file:          {context.load_path}")
