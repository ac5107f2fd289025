"""Open a shell with packages, or run a command with them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from rezup.rez_cli.options import SHELLS, paths_of

if TYPE_CHECKING:
    from rezup.rez_cli.caller import Caller
    from rezup.runtime.context.context import Context


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-env`."""
    del caller
    add = parser.add_argument
    add("--shell", choices=SHELLS, help="the shell, instead of the configured one or your own")
    add("--rcfile", help="read this file in place of the usual start-up files")
    add("--norc", action="store_true", help="read no start-up files")
    add("-c", "--command", help="a line of the shell to run, and leave; or put a command behind --")
    add("-s", "--stdin", action="store_true", help="read commands from standard input")
    add("--ni", "--no-implicit", dest="no_implicit", action="store_true", help="without implicit packages")
    add("--nl", "--no-local", dest="no_local", action="store_true", help="without local packages")
    add("-b", "--build", action="store_true", help="an environment to build in")
    add("--paths", help="look for packages here, instead of on the configured path")
    add("-t", "--time", help="leave out what was released later: seconds since 1970, or -10s, -5m, -2d")
    add("--max-fails", type=int, default=-1, metavar="N", help="give up after N failed steps")
    add("--time-limit", type=int, default=-1, metavar="SECS", help="give up after that time")
    add("-o", "--output", metavar="FILE", help="save the context and do not enter it; - is stdout")
    add("-i", "--input", metavar="FILE", help="enter a saved context")
    add("--exclude", nargs="+", metavar="RULE", help="hide packages, beside those hidden already")
    add("--include", nargs="+", metavar="RULE", help="spare packages from being hidden")
    add("--no-filters", action="store_true", help="leave the configured package filter out")
    add("-p", "--patch", action="store_true", help="change the request of the current context")
    add("--strict", action="store_true", help="with --patch: keep all else as it was resolved")
    add(
        "--patch-rank",
        type=int,
        default=0,
        metavar="N",
        help="with --patch: what part of versions may change",
    )
    add("--no-cache", action="store_true", help="accepted; resolves are not cached")
    add("-q", "--quiet", action="store_true", help="no welcome")
    add("--fail-graph", action="store_true", help="print the graph of a failed resolve to stderr")
    add("--new-session", action="store_true", help="start the shell in a process group of its own")
    add("--detached", action="store_true", help="open another terminal, and do not wait for it")
    add("--no-passive", action="store_true", help="accepted; with -v only steps that matter are told")
    add("--stats", action="store_true", help="tell how packages were found")
    add("--no-pkg-cache", action="store_true", help="accepted; packages are not cached")
    add("--pkg-cache-mode", choices=["sync", "async"], help="accepted; packages are not cached")
    add("--pre-command", help=argparse.SUPPRESS)
    add("PKG", nargs="*", help="what is asked for")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Resolve, and enter or save."""
    from rezup.launch.context_entry import Wish

    if groups and options.command:
        parser.error("argument --command: not allowed with arguments after '--'")
    command: Any = (groups[0] if groups else options.command) or None
    if options.input and options.PKG and not options.patch:
        parser.error("--input has packages of its own; to change them, add --patch")
    context = _context(options, caller)
    if context is None:
        caller.err.say("there is no context to patch: this is no shell of rez-env")
        return 1
    if not context.is_solved:
        _tell_failure(context, caller, with_graph=options.fail_graph)
    if options.output:
        return _save(context, options.output, caller)
    if not context.is_solved:
        return 1
    wish = Wish(
        shell=options.shell,
        command=command,
        stdin=options.stdin and _has_input(),
        rcfile=options.rcfile,
        norc=options.norc,
        quiet=options.quiet or bool(command),
        new_session=options.new_session,
        detached=options.detached,
    )
    return caller.enter(context, wish)


def _context(options: argparse.Namespace, caller: Caller) -> Context | None:
    """The context that is meant; None where one is to be patched and there is none."""
    base = caller.contexts.load(options.input) if options.input else None
    if options.patch:
        base = base or caller.context
        if base is None:
            return None
    elif base is not None:
        return base
    from rezup.session.packages.request import parse_time

    paths = None
    if options.paths is not None:
        paths = paths_of(options.paths, caller.config.facts.home)
    elif options.no_local:
        paths = caller.contexts.nonlocal_paths()
    context, resolved = caller.contexts.resolve(
        options.PKG if options.patch else list(map(_written, options.PKG)),
        patch=base,
        strict=options.strict,
        rank=options.patch_rank,
        paths=paths,
        implicit=not options.no_implicit,
        time=parse_time(options.time) if options.time else None,
        excludes=options.exclude or (),
        includes=options.include or (),
        filtered=not options.no_filters,
        max_fails=None if options.max_fails < 0 else options.max_fails,
        time_limit=None if options.time_limit < 0 else options.time_limit,
        building=options.build,
    )
    if options.stats:
        resolution = resolved.resolution
        caller.err.say(f"steps: {resolution.phases}, of which failed: {resolution.fails}")
        for part, seconds in resolved.timings.items():
            caller.err.say(f"{part}: {seconds * 1000:.2f} ms")
    return context


def _written(request: str) -> str:
    """A request as Rez writes it: "maya" for "maya-"."""
    from rezup.resolver.requirement import Requirement

    return str(Requirement.parse_package(request))


def _tell_failure(context: Context, caller: Caller, *, with_graph: bool) -> None:
    from rezup.errors import RezupError
    from rezup.runtime.context.creation import with_graph as drawn
    from rezup.runtime.context.info import info_lines
    from rezup.runtime.context.resolve_graph import resolve_graph

    is_new = context.load_path is None
    try:
        context = drawn(context)
        caller.err.lines(info_lines(context, caller.config, caller.environ, show_ways=is_new))
        if with_graph:
            caller.err.say(resolve_graph(context).to_dot())
    except RezupError as error:
        caller.err.say(error)


def _save(context: Context, path: str, caller: Caller) -> int:
    if path == "-":
        caller.out.stream.write(caller.contexts.text(context))
    else:
        caller.contexts.save(context, path)
    return 0 if context.is_solved else 1


def _has_input() -> bool:
    """Whether something can be read from standard input at once; shells behave so, too."""
    import select
    import sys

    try:
        return bool(select.select([sys.stdin], [], [], 0.0)[0])
    except (OSError, ValueError):  # Windows knows this for sockets only
        return True
