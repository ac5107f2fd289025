"""The tree of commands for click, which loads those that are called."""

from __future__ import annotations

from typing import Any

import click

from rezup_cli import __version__
from rezup_cli.console import Console
from rezup_cli.lazy_group import LazyGroup

#: command -> the module below `commands` that holds it; loaded when it is called
COMMANDS = {
    "add": "add",
    "bundle": "bundle",
    "cache": "cache",
    "check": "check",
    "completions": "completions",
    "config": "config",
    "context": "context",
    "diff": "diff",
    "doctor": "doctor",
    "drop": "drop",
    "env": "env",
    "history": "history",
    "index": "index",
    "list": "list",
    "lock": "lock",
    "pin": "pin",
    "prune": "prune",
    "recipe": "recipe",
    "resolve": "resolve",
    "rollback": "rollback",
    "search": "search",
    "self": "self_",
    "status": "status",
    "suite": "suite",
    "unbundle": "unbundle",
    "unpin": "unpin",
    "use": "use",
    "which": "which",
}


class Commands(LazyGroup):
    """All commands; a word that is none gets advice."""

    modules = COMMANDS

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, Any, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            import difflib

            near = difflib.get_close_matches(args[0], COMMANDS, n=1)
            advice = (
                f"Did you mean {near[0]!r}?" if near else f"For a container of that name: rezup use {args[0]}"
            )
            raise click.UsageError(f"{error.message} {advice}", ctx) from None


def _show_version(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        import rezup

        click.echo(f"rezup {__version__} (rezup-api {rezup.__version__})")
        ctx.exit()


def _show_latest(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    if value and not ctx.resilient_parsing:
        from rezup_cli.commands.self_ import show_latest

        show_latest(ctx.ensure_object(Console))
        ctx.exit()


@click.group(
    cls=Commands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Next: `rezup use --help`, `rezup list`, `rezup status`.",
)
@click.option(
    "-V", "--version", is_flag=True, is_eager=True, expose_value=False, callback=_show_version,
    help="Show the versions and exit.",
)  # fmt: skip
@click.option(
    "-L", "--latest", is_flag=True, is_eager=True, expose_value=False, callback=_show_latest,
    help="Show the newest version there is and exit; as `self version --latest`.",
)  # fmt: skip
@click.option("-q", "--quiet", is_flag=True, help="Only warnings and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Also what was chosen, and why.")
@click.option("-D", "--debug", is_flag=True, help="As -v, and tracebacks.")
@click.pass_context
def cli(ctx: click.Context, quiet: bool, verbose: bool, debug: bool) -> None:
    """Open a production Rez environment, the same on every machine.

    Without a command, `rezup` opens a shell in the default container, `.main`,
    and makes it on the first run.
    """
    ctx.ensure_object(Console).set_level(quiet=quiet, verbose=verbose, debug=debug)
    if ctx.invoked_subcommand is None:
        ctx.invoke(cli.get_command(ctx, "use"))  # type: ignore[arg-type]
