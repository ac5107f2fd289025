"""``rezup suite run|enter``: into the contexts of a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import talk_options
from rezup_cli.commands.suite_data import name_argument, suite_argument, suites_of

if TYPE_CHECKING:
    from rezup.runtime.suites.invocation import Invocation
    from rezup_cli.console import Console


@click.command("enter")
@suite_argument
@name_argument
@talk_options
@click.pass_obj
def enter(console: Console, path: str, name: str) -> int:
    """Open a shell in a context of the suite; or run the command after `--`."""
    from rezup.launch.context_entry import Wish

    contexts, suites = suites_of(console)
    context = suites.load(path).context(name)
    entry = contexts.entry(context)
    wish = Wish(command=console.tail or None, quiet=console.is_quiet)
    ready = entry.prepare(wish)
    return entry.start(ready, wish)


@click.command("run")
@click.argument("file", metavar="FILE [-- ARG...]", type=click.Path())
@talk_options
@click.pass_obj
def run(console: Console, file: str) -> int:
    """Run the tool whose wrapper is FILE, as the files in a suite's `bin` do.

    Everything after `--` is for the tool. Words that begin with `+` may be
    for rezup: `++help` lists them.
    """
    console.hurry()
    contexts, suites = suites_of(console)
    asked = suites.invocation(file, console.tail or ())
    told = suites.told(asked)
    if told is not None:
        console.show(told.lines)
        return 0 if told.is_complete else 1
    context, resolved = suites.context(asked)
    if resolved is not None and asked.verbosity:
        for message in (f"request: {' '.join(resolved.request)}", *resolved.resolution.messages):
            console.say(message)
    entry = contexts.entry(context)
    wish = _wish(asked)
    return entry.start(entry.prepare(wish), wish)


def _wish(asked: Invocation) -> Any:
    from rezup.session.contexts.suites import wish_of

    return wish_of(asked, has_input=asked.from_stdin and _has_input())


def _has_input() -> bool:
    """Whether something can be read from standard input at once."""
    import select
    import sys

    try:
        return bool(select.select([sys.stdin], [], [], 0.0)[0])
    except (OSError, ValueError, TypeError):  # Windows knows this for sockets only
        return sys.stdin is not None
