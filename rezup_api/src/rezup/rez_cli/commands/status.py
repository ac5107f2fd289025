"""Tell where one is: the context and suites around, or what a tool, package, context or suite is."""

from __future__ import annotations

import os
from fnmatch import fnmatch
from typing import TYPE_CHECKING, Any

from rezup.errors import RezupError
from rezup.runtime.context import queries
from rezup.runtime.context.info import Line, columns

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

    from rezup.rez_cli.caller import Caller
    from rezup.runtime.package import Package, Variant
    from rezup.runtime.suites.invocation import Invocation


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-status`."""
    del caller
    parser.add_argument(
        "-t", "--tools", action="store_true", help="list tools; OBJECT may be a pattern: foo*"
    )
    parser.add_argument(
        "OBJECT", nargs="?", help="a tool, package, context or suite; without one: this shell"
    )


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print what is asked for; 1 where nothing is known."""
    del parser, groups
    if options.tools:
        return 0 if _print_tools(options.OBJECT, caller) else 1
    if not options.OBJECT:
        for line in _here(caller):
            caller.out.say(line)
        return 0
    is_known = False
    for tell in (_tool, _package, _suite, _context):
        lines = tell(options.OBJECT, "is also" if is_known else "is", caller)
        if lines is not None:
            caller.out.lines([*lines, Line("")])
            is_known = True
    if not is_known:
        caller.out.say(f"Rez does not know what '{options.OBJECT}' is")
    return 0 if is_known else 1


def _here(caller: Caller) -> Iterator[str]:
    from rezup.runtime.config.facts import REZ_VERSION

    yield f"Using Rez v{REZ_VERSION}"
    context = caller.context
    yield ""
    if context is None:
        yield "No active context."
    else:
        yield f"Active Context: {context.load_path}" if context.load_path else "In Active Context."
    yield ""
    if caller.suites:
        yield f"{len(caller.suites)} visible suites:"
        yield from (str(suite.path) for suite in caller.suites)
    else:
        yield "No visible suites."
    if context is not None and context.parent_suite_path:
        yield ""
        yield (
            f"Currently within context {context.suite_context_name!r} "
            f"in suite at {os.path.realpath(context.parent_suite_path)}"
        )


def _tool(name: str, word: str, caller: Caller) -> list[Line] | None:
    """A file that is a tool of a suite or context; None where it is neither."""
    is_bare = os.path.basename(name) == name
    path = queries.which(name, caller.environ) if is_bare else None
    if path is None and os.path.exists(os.path.abspath(name)):
        path = os.path.abspath(name)
    if path is None or not os.path.isfile(path):
        return None
    tool = os.path.basename(path)
    asked = _invocation(path, caller)
    if asked is not None:
        return [Line(f"'{tool}' {word} a suite tool:"), *_about(asked, caller)]
    context = caller.context
    found = [] if context is None else queries.packages_with_tool(context, tool)
    if context is not None and found:
        lines = [Line(f"'{tool}' {word} a tool in the active context:"), Line(f"Tool:     {tool}")]
        if context.load_path:
            lines.append(Line(f"Context:  {context.load_path}"))
        return [*lines, _owner(found)]
    for suite in caller.suites if is_bare else ():
        hidden = os.path.join(str(suite.tools_path), tool)
        if os.path.isfile(hidden):
            asked = _invocation(hidden, caller)
            if asked is None:
                return []
            text = f"'{tool}' {word} a suite tool, but is hidden by an unknown tool '{path}':"
            return [Line(text, "warning"), *_about(asked, caller)]
    return None


def _owner(found: list[Variant]) -> Line:
    names = " ".join(each.qualified_package_name for each in found)
    return (
        Line(f"Packages (in conflict): {names}", "critical") if len(found) > 1 else Line(f"Package:  {names}")
    )


def _invocation(path: str, caller: Caller) -> Invocation | None:
    """The wrapper at a path; None where it is none that works."""
    from rezup.runtime.suites.invocation import invocation_of

    try:
        asked = invocation_of(path, [], caller.config["suite_alias_prefix_char"])
        caller.contexts.load(asked.context_path)
    except RezupError:
        return None
    return asked


def _about(asked: Invocation, caller: Caller) -> list[Line]:
    from rezup.runtime.suites.about import about_lines

    return about_lines(asked, caller.contexts.load(asked.context_path))


def _package(text: str, word: str, caller: Caller) -> list[Line] | None:
    """A package of the context, else the latest one on the path; None where there is none."""
    from rezup.resolver.requirement import Requirement

    if os.path.basename(text) != text:
        return None
    try:
        wanted = Requirement.parse_package(text)
    except RezupError:
        return None
    range_ = wanted.range
    if wanted.conflict or range_ is None:
        return None
    context = caller.context
    variant = None if context is None else queries.resolved_package(context, wanted.name)
    if context is not None and variant is not None and variant.version in range_:
        lines = [Line(f"'{wanted.name}' {word} a package in the active context:")]
        lines += _described(variant.qualified_package_name, variant.uri, is_local=queries.is_local(variant))
        return lines + ([Line(f"Context:  {context.load_path}")] if context.load_path else [])
    found = caller.shelf().packages(wanted.name, range_)
    if not found:
        return None
    within = "" if range_.is_any() else f" in the range '{range_}'"
    latest = found[-1]
    return [
        Line(f"'{wanted.name}' {word} a package. The latest version{within} is:"),
        *_described(latest.qualified_name, latest.uri, is_local=_is_local(latest)),
    ]


def _described(name: str, uri: str, *, is_local: bool) -> list[Line]:
    return [Line(f"Package:  {name}"), Line(f"URI:      {uri}{'  (local)' if is_local else ''}")]


def _is_local(package: Package) -> bool:
    return queries.is_local(next(iter(package.variants_of_it())))


def _suite(path: str, word: str, caller: Caller) -> list[Line] | None:
    from rezup.runtime.suites.suite import Suite

    path = os.path.abspath(path)
    if not os.path.isdir(path):
        return None
    try:
        Suite.load(path, caller.config)
    except RezupError:
        return None
    return [Line(f"'{path}' {word} a suite. Use 'rez-suite' for more information.")]


def _context(path: str, word: str, caller: Caller) -> list[Line] | None:
    path = os.path.abspath(path)
    if not os.path.isfile(path):
        return None
    try:
        caller.contexts.load(path)
    except RezupError:
        return None
    return [Line(f"'{path}' {word} a context. Use 'rez-context' for more information.")]


#: Tool, what it is an alias of, package, where it is from, remark; and the mark of the line.
_Row = tuple[tuple[str, str, str, str, str], str]


def _print_tools(pattern: str | None, caller: Caller) -> bool:
    rows = list(_context_tools(pattern, caller))
    rows += _suite_tools(pattern, {row[0] for row, _ in rows}, caller)
    if not rows:
        caller.out.say("No matching tools.")
        return False
    heads: list[_Row] = [
        (("TOOL", "ALIASING", "PACKAGE", "SOURCE", ""), ""),
        (("----", "--------", "-------", "------", ""), ""),
    ]
    rows = heads + sorted(rows, key=lambda row: row[0][0].lower())
    texts = columns([cells for cells, _ in rows])
    caller.out.lines(Line(text, mark) for text, (_, mark) in zip(texts, rows, strict=True))
    return True


def _context_tools(pattern: str | None, caller: Caller) -> Iterator[_Row]:
    if caller.context is None:
        return
    clashing = queries.conflicting_tools(caller.context)
    for _, (variant, tools) in sorted(queries.tools(caller.context).items(), key=lambda item: item[0]):
        for tool in _matching(tools, pattern):
            note, mark = ("(in conflict)", "critical") if tool in clashing else ("", "")
            yield (tool, "-", variant.qualified_package_name, "active context", note), mark


def _suite_tools(pattern: str | None, seen: set[str], caller: Caller) -> Iterator[_Row]:
    for suite in caller.suites:
        for alias, tool in suite.tools().visible.items():
            if alias in seen or not list(_matching([alias], pattern)):
                continue
            seen.add(alias)
            notes, mark = [], ""
            path = queries.which(alias, caller.environ)
            if path and path != os.path.join(str(suite.tools_path), alias):
                notes.append(f"(hidden by unknown tool '{path}')")
                mark = "warning"
            if tool.is_clashing:
                notes.append("(in conflict)")
                mark = "critical"
            names = ", ".join(each.qualified_package_name for each in tool.variants)
            own = "-" if tool.name == alias else tool.name
            source = f"context '{tool.context}' in suite '{suite.path}'"
            yield (alias, own, names, source, " ".join(notes)), mark


def _matching(tools: Iterable[str], pattern: str | None) -> Iterator[str]:
    return (tool for tool in tools if not pattern or fnmatch(tool, pattern))
