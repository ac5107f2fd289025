"""``rezup suite create|add|remove|…``: what changes a suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, talk_options
from rezup_cli.commands.suite_data import name_argument, plain, suite_argument, suites_of, tool_argument
from rezup_cli.console import VERBOSE

if TYPE_CHECKING:
    from rezup.runtime.suites.suite import Suite
    from rezup_cli.console import Console


@click.command("create")
@suite_argument
@json_option
@talk_options
@click.pass_obj
def create(console: Console, path: str) -> int:
    """Make an empty suite in a new folder."""
    console.refuse_tail()
    suite = suites_of(console)[1].create(path)
    console.result("suite create", plain(suite))
    console.say(f"to have its tools, put {suite.tools_path} on PATH", level=VERBOSE)
    return 0


@click.command("add")
@suite_argument
@name_argument
@click.argument("file", metavar="[RXT]", required=False, type=click.Path())
@click.option(
    "-P", "--prefix-char", metavar="CHAR",
    help="What begins rezup's own options of the tools, instead of `+`; empty for no such options.",
)  # fmt: skip
@click.option("-d", "--description", metavar="TEXT", help="What it is for.")
@json_option
@talk_options
@click.pass_obj
def add(
    console: Console, path: str, name: str, file: str | None, prefix_char: str | None, description: str | None
) -> int:
    """Add a context: that of a file, or the one that you are in.

    Its tools go in front of those that the suite has.
    """
    console.refuse_tail()
    contexts, suites = suites_of(console)
    suite = suites.load(path)
    context = contexts.open(file) if file else contexts.current_one()
    suite.add(name, context, prefix_char=prefix_char, description=description)
    return _saved(console, suite, "add")


@click.command("remove")
@suite_argument
@name_argument
@json_option
@talk_options
@click.pass_obj
def remove(console: Console, path: str, name: str) -> int:
    """Take a context out."""
    console.refuse_tail()
    return _changed(console, path, "remove", name)


@click.command("bump")
@suite_argument
@name_argument
@json_option
@talk_options
@click.pass_obj
def bump(console: Console, path: str, name: str) -> int:
    """Bring a context's tools in front of all others."""
    console.refuse_tail()
    return _changed(console, path, "bump", name)


@click.command("describe")
@suite_argument
@name_argument
@click.argument("text", metavar="TEXT", required=False)
@json_option
@talk_options
@click.pass_obj
def describe(console: Console, path: str, name: str, text: str | None) -> int:
    """Say what a context is for; with an empty text nothing is said."""
    return _changed(console, path, "describe", name, _text(console, text) or None)


@click.command("prefix")
@suite_argument
@name_argument
@click.argument("text", metavar="TEXT", required=False)
@json_option
@talk_options
@click.pass_obj
def prefix(console: Console, path: str, name: str, text: str | None) -> int:
    """Begin the names of a context's tools with a text; empty for none."""
    return _changed(console, path, "set_prefix", name, _text(console, text))


@click.command("suffix")
@suite_argument
@name_argument
@click.argument("text", metavar="TEXT", required=False)
@json_option
@talk_options
@click.pass_obj
def suffix(console: Console, path: str, name: str, text: str | None) -> int:
    """End the names of a context's tools with a text; empty for none."""
    return _changed(console, path, "set_suffix", name, _text(console, text))


@click.command("alias")
@suite_argument
@name_argument
@tool_argument
@click.argument("alias", metavar="ALIAS")
@json_option
@talk_options
@click.pass_obj
def alias(console: Console, path: str, name: str, tool: str, alias: str) -> int:
    """Give a tool another name, without prefix and suffix."""
    console.refuse_tail()
    return _changed(console, path, "alias", name, tool, alias)


@click.command("unalias")
@suite_argument
@name_argument
@tool_argument
@json_option
@talk_options
@click.pass_obj
def unalias(console: Console, path: str, name: str, tool: str) -> int:
    """Give a tool its own name back."""
    console.refuse_tail()
    return _changed(console, path, "unalias", name, tool)


@click.command("hide")
@suite_argument
@name_argument
@tool_argument
@json_option
@talk_options
@click.pass_obj
def hide(console: Console, path: str, name: str, tool: str) -> int:
    """Let a tool of a context not be seen."""
    console.refuse_tail()
    return _changed(console, path, "hide", name, tool)


@click.command("unhide")
@suite_argument
@name_argument
@tool_argument
@json_option
@talk_options
@click.pass_obj
def unhide(console: Console, path: str, name: str, tool: str) -> int:
    """Let a hidden tool be seen again."""
    console.refuse_tail()
    return _changed(console, path, "unhide", name, tool)


def _changed(console: Console, path: str, word: str, *arguments: Any) -> int:
    """Load a suite, call one of its methods, and save it."""
    suite = suites_of(console)[1].load(path)
    getattr(suite, word)(*arguments)
    return _saved(console, suite, word.removeprefix("set_"))


def _saved(console: Console, suite: Suite, word: str) -> int:
    suite.save()
    console.result(f"suite {word}", plain(suite))
    return 0


def _text(console: Console, text: str | None) -> str:
    """The word that may stand behind ``--``, where it begins with a dash.

    :raises click.UsageError: there is none, or more than one
    """
    words: list[str] = [*([] if text is None else [text]), *(console.tail or ())]
    if not words:
        raise click.UsageError("Missing argument 'TEXT'.")
    if len(words) > 1:
        raise click.UsageError("TEXT is one word; one that begins with a dash stands after `--`.")
    return words[0]
