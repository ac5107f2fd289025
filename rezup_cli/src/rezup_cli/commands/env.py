"""``rezup env``: into a Rez environment, as rez-env does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import Request, paths_option, resolve_options, talk_options
from rezup_cli.console import ConsoleReporter
from rezup_cli.env_run import run_env

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "env",
    options_metavar="[OPTIONS]",
    epilog="\b\nrezup env maya-2024 rigging            a shell with these packages\n"
    "rezup env maya-2024 -- maya -batch      run a command with them\n"
    "rezup env -i shot.rxt                   a context that was saved\n"
    "rezup env maya rigging -o shot.rxt      save one instead\n"
    "rezup env ^foo bar-2 --patch            changes to the context you are in",
)
@click.argument("request", nargs=-1, metavar="[PKG...] [-- COMMAND...]", type=Request())
@click.option("--shell", metavar="SHELL", help="The shell, instead of the configured or your own one.")
@click.option("--rcfile", metavar="FILE", help="Read this file in place of the usual start-up files.")
@click.option("--norc", is_flag=True, help="Read no start-up files.")
@click.option("-c", "--command", "line", metavar="LINE", help="A line of the shell to run, and leave.")
@click.option("-s", "--stdin", is_flag=True, help="Read commands from standard input.")
@click.option("--no-local", "--nl", is_flag=True, help="Leave the local packages out.")
@click.option("-b", "--build", is_flag=True, help="An environment to build in.")
@click.option("--no-filters", is_flag=True, help="Leave the configured package filter out.")
@click.option(
    "-o", "--output", metavar="FILE",
    help="Save the context and do not enter it; `-` is stdout; a name in .json makes a farm job of it.",
)  # fmt: skip
@click.option(
    "-i", "--input", "source", metavar="FILE", type=click.Path(),
    help="Enter a saved context, or an exported one if it can be had again; `-` is stdin.",
)  # fmt: skip
@click.option("-p", "--patch", is_flag=True, help="Change the request of the context you are in, or of -i.")
@click.option("--strict", is_flag=True, help="With --patch: keep all else as it was resolved.")
@click.option(
    "--patch-rank", type=click.IntRange(0), default=0, metavar="N",
    help="With --patch: which part of other versions may change.",
)  # fmt: skip
@click.option("--new-session", is_flag=True, help="Start the shell in a session of its own.")
@click.option("--detached", is_flag=True, help="Open another terminal, and do not wait for it.")
@click.option("--fail-graph", is_flag=True, help="Print the graph of a failed resolve to stderr.")
@click.option("--stats", is_flag=True, help="Show how the packages were found.")
@click.option("--no-passive", is_flag=True, hidden=True)
@click.option("--no-cache", is_flag=True, help="Accepted; resolves are not cached.")
@click.option("--no-pkg-cache", is_flag=True, help="Accepted; packages are not cached.")
@click.option("--pkg-cache-mode", type=click.Choice(["sync", "async"]), help="Accepted; without effect.")
@paths_option
@resolve_options
@click.option("--timings", is_flag=True, help="Show where the time went.")
@talk_options
@click.pass_obj
def command(console: Console, /, request: tuple[str, ...], **options: Any) -> int:
    """Open a shell with packages, or run a command with them.

    Everything after `--` is the command; its status is returned. The same
    environment as with rez-env, from the same configuration and packages.
    """
    _check(console, request, options)
    return run_env(console, request, options)


def _check(console: Console, request: tuple[str, ...], options: dict[str, Any]) -> None:
    """:raises click.UsageError: options that exclude each other"""
    if console.tail and options["line"] is not None:
        raise click.UsageError("Either --command or a command after `--`.")
    if options["source"] and request and not options["patch"]:
        raise click.UsageError("--input has its own packages; to change them, add --patch.")
    if (options["strict"] or options["patch_rank"]) and not options["patch"]:
        raise click.UsageError("--strict and --patch-rank need --patch.")
    output = options["output"]
    if output and (console.tail or options["line"] is not None):
        if output.endswith(".json"):
            raise click.UsageError(
                "--output writes the file and starts nothing: leave the command away, "
                f"or run it with `rezup use --from {output} -- COMMAND`."
            )
        # Scripts of Rez's users may have it: rez-env takes no notice of it either.
        ConsoleReporter(console, timings=False).warning(
            "the command is not run: --output saves the context and starts nothing"
        )
