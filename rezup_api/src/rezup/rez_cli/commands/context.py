"""Show a context: that of this shell, or the one in a file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.rez_cli.options import SHELLS
from rezup.runtime.context import queries

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller
    from rezup.runtime.context.context import Context
    from rezup.runtime.context.drawing import Drawing

_DATA = ("dict", "table", "json")


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-context`."""
    del caller
    add = parser.add_argument
    add("--req", "--print-request", dest="print_request", action="store_true", help="only what was asked for")
    add("--res", "--print-resolve", dest="print_resolve", action="store_true", help="only the packages")
    add("--so", "--source-order", dest="source_order", action="store_true", help="in the order of commands")
    add("--su", "--show-uris", dest="show_uris", action="store_true", help="definitions instead of folders")
    add("-t", "--tools", action="store_true", help="the programs of the packages")
    add("--which", metavar="CMD", help="where a program is found in the context")
    add("-g", "--graph", action="store_true", help="print the graph of the resolve")
    add("-d", "--dependency-graph", action="store_true", help="the plainer graph of what needs what")
    add("--pg", "--print-graph", dest="print_graph", action="store_true", help="print the graph")
    add("--wg", "--write-graph", dest="write_graph", metavar="FILE", help="write the graph (.dot)")
    add("--pp", "--prune-package", dest="prune_pkg", metavar="PKG", help="only what leads to PKG")
    add("-i", "--interpret", action="store_true", help="print what the context does to an environment")
    add("-f", "--format", choices=(*SHELLS, *_DATA), help="with -i: for a shell, or the variables as data")
    add(
        "-s", "--style", default="file", choices=("file", "eval"), help="with -i: as a script, or on one line"
    )
    add("--no-env", action="store_true", help="as if in an empty environment")
    add("--diff", metavar="RXT", help="what changes to that context")
    add("--fetch", action="store_true", help="what changes if it is resolved anew")
    add("RXT", nargs="?", help="the file of a context; - is stdin; without one the current context")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print what is asked for."""
    del parser, groups
    path = options.RXT or caller.context_file
    if not path:
        caller.err.say("there is no context here: this is no shell of rez-env")
        return 1
    context = caller.contexts.load(path)
    if options.interpret:
        return _interpret(context, options, caller)
    for name, show in _SHOWN:
        if getattr(options, name):
            return show(context, options, caller)
    from rezup.runtime.context.info import info_lines

    caller.out.lines(
        info_lines(
            context,
            caller.config,
            caller.environ,
            verbosity=options.verbose,
            source_order=options.source_order,
            show_uris=options.show_uris,
            show_ways=False,
        )
    )
    return 0


def _request(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    del options
    caller.out.items(queries.requested_packages(context))
    return 0


def _resolve(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    packages = context.resolved_packages
    caller.out.items([each.uri if options.show_uris else each.qualified_package_name for each in packages])
    return 0


def _tools(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    from rezup.runtime.context.info import tool_lines

    del options
    caller.out.lines(tool_lines(context))
    return 0


def _diff(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    other = caller.contexts.load(options.diff)
    headings = os.path.basename(str(context.load_path)), os.path.basename(str(other.load_path))
    return _show_difference(context, other, headings if context.load_path else None, caller)


def _fetch(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    del options
    found, _ = caller.contexts.resolve(context.package_requests, paths=context.package_paths)
    return _show_difference(context, found, ("current", "updated"), caller)


def _show_difference(
    context: Context, other: Context, headings: tuple[str, str] | None, caller: Caller
) -> int:
    from rezup.runtime.context.difference import difference, difference_lines, on_path

    for line in difference_lines(difference(context, other, on_path(caller.config)), headings):
        caller.out.say(line)
    return 0


def _which(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    environ = _executed(context, options, caller).environ
    found = queries.which(options.which, environ)
    if found:
        caller.out.say(found)
    else:
        caller.err.say(f"{options.which!r} is no program of the context")
    return 0


def _print_graph(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    caller.out.say(_graph(context, options).to_dot())
    return 0


def _show_graph(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    from rezup.resolver.requirement import Requirement
    from rezup.rez_cli.graphs import show_graph
    from rezup.runtime.context.resolve_graph import pruned

    drawing = _graph(context, options)
    if options.prune_pkg:
        drawing = pruned(drawing, Requirement.parse_package(options.prune_pkg).name)
    is_shown = options.graph or options.dependency_graph
    return show_graph(drawing.to_dot(), caller, None if is_shown else options.write_graph)


def _graph(context: Context, options: argparse.Namespace) -> Drawing:
    from rezup.runtime.context.resolve_graph import dependency_graph, resolve_graph

    return dependency_graph(context) if options.dependency_graph else resolve_graph(context)


def _interpret(context: Context, options: argparse.Namespace, caller: Caller) -> int:
    from rezup.rez_cli.environs import environ_text

    shell = options.format or caller.current_shell
    found = _executed(context, options, caller, None if shell in _DATA else shell)
    if shell in _DATA:
        caller.out.say(environ_text(found.environ, shell))
        return 0
    from rezup.shells.code import code_for

    caller.out.say(
        code_for(shell, executable=caller.program_of(shell))
        .write(found.actions, style=options.style)
        .rstrip("\n")
    )
    return 0


def _executed(context: Context, options: argparse.Namespace, caller: Caller, shell: str | None = None) -> Any:
    from rezup.runtime.context.execution import execute
    from rezup.session.contexts.contexts import check_solved

    check_solved(context)
    surroundings = caller.surroundings(shell)
    if shell is not None and context.load_path:
        surroundings = surroundings._replace(rxt_file=context.load_path)
    return execute(context, caller.config, {} if options.no_env else caller.environ, surroundings)


_SHOWN = (
    ("print_request", _request),
    ("print_resolve", _resolve),
    ("tools", _tools),
    ("diff", _diff),
    ("fetch", _fetch),
    ("which", _which),
    ("print_graph", _print_graph),
    ("graph", _show_graph),
    ("dependency_graph", _show_graph),
    ("write_graph", _show_graph),
)
