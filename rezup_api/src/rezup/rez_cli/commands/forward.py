"""Run a tool of a suite, in its context; the tools of suites call this."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.launch.context_entry import Wish

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller
    from rezup.runtime.context.context import Context
    from rezup.runtime.suites.invocation import Invocation


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `_rez_fwd`."""
    del caller
    parser.add_argument("FILE", nargs="?", help="the tool, as it lies in the suite")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Run the tool, or tell about it."""
    from rezup.runtime.suites.invocation import help_lines, invocation_of

    del groups
    if not options.words:
        parser.error("which tool?")
    path, *words = options.words
    asked = invocation_of(path, words, caller.config["suite_alias_prefix_char"])
    if asked.kind == "help":
        for text in help_lines(asked.tool, asked.prefix_char):
            caller.out.say(text)
        return 0
    context = caller.contexts.load(asked.context_path)
    if asked.kind in ("about", "versions"):
        return _tell(asked, context, caller)
    if asked.kind == "peek":
        return _peek(context, caller)
    if asked.patch is not None:
        context = _patched(asked, context, caller)
    wish = Wish(
        shell=caller.current_shell,
        command=None if asked.kind == "interactive" else asked.command,
        stdin=asked.from_stdin,
        quiet=asked.is_quiet or asked.kind != "interactive",
    )
    return caller.enter(context, wish)


def _tell(asked: Invocation, context: Context, caller: Caller) -> int:
    from rezup.runtime.context.difference import on_path
    from rezup.runtime.suites.about import about_lines, version_lines

    if asked.kind == "about":
        caller.out.lines(about_lines(asked, context))
        return 0
    lines, is_done = version_lines(asked, context, on_path(caller.config))
    caller.out.lines(lines)
    return 0 if is_done else 1


def _peek(context: Context, caller: Caller) -> int:
    from rezup.runtime.context.difference import difference, difference_lines, on_path

    found, _ = caller.contexts.resolve(context.package_requests, paths=context.package_paths)
    for line in difference_lines(difference(context, found, on_path(caller.config))):
        caller.out.say(line)
    return 0


def _patched(asked: Invocation, context: Context, caller: Caller) -> Context:
    """Another resolve, with the changes."""
    found, _ = caller.contexts.resolve(
        asked.patch or (),
        patch=context,
        strict=asked.is_strict,
        paths=caller.contexts.nonlocal_paths() if asked.no_local else None,
    )
    return found
