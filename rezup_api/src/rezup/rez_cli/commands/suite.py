"""Make a suite, change it, or show it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.errors import SuiteError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from rezup.rez_cli.caller import Caller
    from rezup.runtime.suites.suite import Suite

#: Options that need --context.
_OF_CONTEXT = ("add", "prefix", "suffix", "hide", "unhide", "alias", "unalias", "interactive")


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-suite`."""
    del caller
    add = parser.add_argument
    add("-l", "--list", action="store_true", help="the suites on PATH")
    add("-t", "--tools", dest="print_tools", action="store_true", help="the tools of the suite")
    add("--which", metavar="TOOL", help="where a tool is in the suite")
    add("--validate", action="store_true", help="check the suite and all its packages")
    add("--create", action="store_true", help="make an empty suite")
    add("-c", "--context", metavar="NAME", help="the context that other options are about")
    add("-i", "--interactive", action="store_true", help="open a shell in the context")
    add("-a", "--add", metavar="RXT", help="add a context from its file")
    add("-P", "--prefix-char", metavar="CHAR", help="with --add: what begins options of tools; '' for none")
    add("-r", "--remove", metavar="NAME", help="take a context out")
    add("-d", "--description", metavar="DESC", help="with --add: describe the context")
    add("-p", "--prefix", help="begin the names of a context's tools with this")
    add("-s", "--suffix", help="end the names of a context's tools with this")
    add("--hide", metavar="TOOL", help="let a tool not be seen")
    add("--unhide", metavar="TOOL", help="let it be seen again")
    add("--alias", nargs=2, metavar=("TOOL", "ALIAS"), help="give a tool another name")
    add("--unalias", metavar="TOOL", help="take that name away")
    add("-b", "--bump", metavar="NAME", help="bring the tools of a context in front of all others")
    add("--find-request", metavar="PKG", help="the contexts that ask for a package")
    add("--find-resolve", metavar="PKG", help="the contexts that have a package")
    add("DIR", nargs="?", help="the folder of the suite")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Do what is asked for: the first of several."""
    from rezup.runtime.suites.suite import Suite

    del groups
    if options.list:
        from rezup.runtime.suites.info import list_lines

        caller.out.lines(list_lines(str(suite.path) for suite in caller.suites))
        return 0
    if not options.DIR:
        parser.error("which folder?")
    if options.create:
        _tell(f"create empty suite at {options.DIR!r}...", options, caller)
        Suite(caller.config).save(options.DIR)
        return 0
    suite = Suite.load(options.DIR, caller.config)
    for name, act in _ACTS:
        if getattr(options, name):
            if name in _OF_CONTEXT and not options.context:
                parser.error(f"--{name} needs --context")
            return act(suite, options, caller)
    for name, change in _CHANGES:
        if getattr(options, name):
            if name in _OF_CONTEXT and not options.context:
                parser.error(f"--{name} needs --context")
            change(suite, options, caller)
            _tell(f"saving suite to {options.DIR!r}...", options, caller)
            suite.save()
            return 0
    return _show(suite, options, caller)


def _tell(text: str, options: argparse.Namespace, caller: Caller) -> None:
    if options.verbose:
        caller.out.say(text)


def _show(suite: Suite, options: argparse.Namespace, caller: Caller) -> int:
    if options.context:
        from rezup.runtime.context.info import info_lines as context_lines

        context = suite.context(options.context)
        lines = context_lines(
            context, caller.config, caller.environ, verbosity=options.verbose, show_ways=False
        )
    else:
        from rezup.runtime.suites.info import info_lines

        lines = info_lines(suite, verbose=bool(options.verbose))
    caller.out.lines(lines)
    return 0


def _enter(suite: Suite, options: argparse.Namespace, caller: Caller) -> int:
    from rezup.launch.context_entry import Wish

    return caller.enter(suite.context(options.context), Wish(shell=caller.current_shell))


def _validate(suite: Suite, options: argparse.Namespace, caller: Caller) -> int:
    del options
    try:
        suite.validate()
    except SuiteError as error:
        caller.err.say(f"The suite is invalid:\n{error}")
        return 1
    caller.out.say("The suite is valid.")
    return 0


def _find(suite: Suite, options: argparse.Namespace, caller: Caller) -> int:
    for name in suite.find(in_request=options.find_request, in_resolve=options.find_resolve):
        caller.out.say(name)
    return 0


def _tools(suite: Suite, options: argparse.Namespace, caller: Caller) -> int:
    from rezup.runtime.suites.info import tools_lines

    lines = tools_lines(suite, verbose=bool(options.verbose), context_name=options.context)
    caller.out.lines(lines)
    return 0


def _which(suite: Suite, options: argparse.Namespace, caller: Caller) -> int:
    path = suite.tool_path(options.which)
    if path is None:
        return 1
    caller.out.say(path)
    return 0


def _add(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"loading context at {options.add!r}...", options, caller)
    context = caller.contexts.load(os.path.expanduser(options.add))
    _tell(f"adding context {options.context!r}...", options, caller)
    suite.add(
        options.context, context, prefix_char=options.prefix_char, description=options.description or None
    )


def _remove(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"removing context {options.remove!r}...", options, caller)
    suite.remove(options.remove)


def _bump(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"bumping context {options.bump!r}...", options, caller)
    suite.bump(options.bump)


def _prefix(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"prefixing context {options.context!r}...", options, caller)
    suite.set_prefix(options.context, options.prefix)


def _suffix(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"suffixing context {options.context!r}...", options, caller)
    suite.set_suffix(options.context, options.suffix)


def _hide(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"hiding tool {options.hide!r} in context {options.context!r}...", options, caller)
    suite.hide(options.context, options.hide)


def _unhide(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"unhiding tool {options.unhide!r} in context {options.context!r}...", options, caller)
    suite.unhide(options.context, options.unhide)


def _alias(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    tool, alias = options.alias
    _tell(f"aliasing tool {tool!r} as {alias!r} in context {options.context!r}...", options, caller)
    suite.alias(options.context, tool, alias)


def _unalias(suite: Suite, options: argparse.Namespace, caller: Caller) -> None:
    _tell(f"unaliasing tool {options.unalias!r} in context {options.context!r}...", options, caller)
    suite.unalias(options.context, options.unalias)


_ACTS: tuple[tuple[str, Callable[[Suite, argparse.Namespace, Caller], int]], ...] = (
    ("interactive", _enter),
    ("validate", _validate),
    ("find_request", _find),
    ("find_resolve", _find),
    ("print_tools", _tools),
    ("which", _which),
)
_CHANGES: tuple[tuple[str, Callable[[Suite, argparse.Namespace, Caller], None]], ...] = (
    ("add", _add),
    ("remove", _remove),
    ("bump", _bump),
    ("prefix", _prefix),
    ("suffix", _suffix),
    ("hide", _hide),
    ("unhide", _unhide),
    ("alias", _alias),
    ("unalias", _unalias),
)
