"""The command line: cuts off the command after ``--``, runs one command, maps errors to exit statuses.

0 done, 1 the request failed, 2 wrong usage, 130 interrupted; `use` returns the child's own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

import click

from rezup.errors import RezupError
from rezup_cli import __version__
from rezup_cli.console import Console, show_error
from rezup_cli.process import prepare_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_cli.bootstrap import Start

#: command -> the module below `commands` that holds it; loaded when it is called
COMMANDS = {
    "add": "add",
    "bundle": "bundle",
    "cache": "cache",
    "completions": "completions",
    "config": "config",
    "context": "context",
    "diff": "diff",
    "drop": "drop",
    "env": "env",
    "index": "index",
    "list": "list",
    "lock": "lock",
    "recipe": "recipe",
    "resolve": "resolve",
    "search": "search",
    "self": "self_",
    "status": "status",
    "suite": "suite",
    "unbundle": "unbundle",
    "use": "use",
}


class LazyGroup(click.Group):
    """Loads a command's module only when that command is called, or its help is shown."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = import_module(f"rezup_cli.commands.{module}").command
        return command

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
    cls=LazyGroup,
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


def run(
    given: list[str],
    start: Start | None = None,
    unforeseen: Callable[[Exception], None] = lambda error: None,
) -> int:
    """Run the command line; returns the exit status.

    :param given: its words
    :param start: how this process came to be; None for a guest in somebody else's
    :param unforeseen: called when an error turns up that is none of the library's own
    """
    tail: list[str] | None = None
    if "--" in given:  # all after it is somebody else's command line
        cut = given.index("--")
        given, tail = given[:cut], given[cut + 1 :]
    console = Console(tail=tail, arguments=given, start=start)
    prepare_process()
    try:
        return _run(console, given)
    except BrokenPipeError:
        _give_up_stdout()  # whoever read our output has had enough
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort, for what nobody foresaw too
        if not isinstance(error, RezupError):
            unforeseen(error)
        return _failed(console, error)


def _run(console: Console, arguments: list[str]) -> int:
    try:
        status = cli.main(arguments, prog_name="rezup", obj=console, standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return console.usage_error(error)
    except (click.Abort, KeyboardInterrupt) as error:
        if isinstance(error.__cause__, EOFError):  # byte-code that is cut short; click takes it for Ctrl-D
            raise error.__cause__ from None
        return console.interrupted()


def _failed(console: Console, error: Exception) -> int:
    """Show an error, also one that is a mistake of ours; returns the exit status."""
    if console.debug:
        import traceback

        with contextlib.suppress(OSError):
            traceback.print_exc()
    code = None
    if not isinstance(error, RezupError):
        code, error = _in_our_words(error)
    for _ in range(2):
        try:
            if sys.stdout is not None:
                sys.stdout.flush()
            return show_error(console, error, code)
        except OSError:  # the disk is full, or the terminal is gone; stderr may still work
            _give_up_stdout()
            console.is_json = False
    return 1


def _give_up_stdout() -> None:
    """Nothing more can be said there; what is still buffered would be an error at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _in_our_words(error: Exception) -> tuple[str, RezupError]:
    hint = "run it again with --debug to see where"
    if isinstance(error, OSError):
        reason, file = error.strerror or str(error), error.filename
        context = "while writing or reading" if file is None else ascii(file)[1:-1][:300]
        return "os-error", RezupError(f"the system refused: {reason}", context=context, hint=hint)
    context = f"{type(error).__name__}: {error}".partition("\n")[0][:300]
    return "internal-error", RezupError("something went wrong inside rezup", context=context, hint=hint)
