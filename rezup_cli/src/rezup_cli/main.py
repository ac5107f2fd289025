"""The entry point: cuts off the command after ``--``, runs one command, maps errors to exit statuses.

0 done, 1 the request failed, 2 wrong usage, 130 interrupted; `use` returns the child's own.
"""

from __future__ import annotations

import contextlib
import io
import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn

import click

from rezup.errors import RezupError
from rezup_cli import __version__
from rezup_cli.console import Console, show_error

if TYPE_CHECKING:
    from collections.abc import Sequence

#: command -> the module below `commands` that holds it; loaded when it is called
COMMANDS = {
    "add": "add",
    "completions": "completions",
    "config": "config",
    "drop": "drop",
    "index": "index",
    "list": "list",
    "recipe": "recipe",
    "resolve": "resolve",
    "search": "search",
    "status": "status",
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


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 80},
    epilog="Next: `rezup use --help`, `rezup list`, `rezup status`.",
)
@click.version_option(__version__, "-V", "--version", message="rezup %(version)s")
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    :param arguments: instead of this process's own
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    tail: list[str] | None = None
    if "--" in given:  # all after it is somebody else's command line
        cut = given.index("--")
        given, tail = given[:cut], given[cut + 1 :]
    console = Console(tail=tail, arguments=given)
    _prepare()
    try:
        return _run(console, given)
    except BrokenPipeError:
        _give_up_stdout()  # whoever read our output has had enough
        return 1
    except Exception as error:  # noqa: BLE001 - the last resort, for what nobody foresaw too
        return _failed(console, error)


def _prepare() -> None:
    """Undo what a caller may have set up so that we could not work."""
    if sys.platform != "win32":
        import signal

        # A build that is told to end, or whose terminal is closed, ends its installer and cleans up.
        for name in (signal.SIGTERM, signal.SIGHUP):
            if signal.getsignal(name) == signal.SIG_DFL:
                signal.signal(name, _end)
        # Where it is ignored, the exit status of every child is lost.
        if signal.getsignal(signal.SIGCHLD) == signal.SIG_IGN:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    if isinstance(sys.stdout, io.TextIOWrapper) and sys.stdout.errors == "strict":
        sys.stdout.reconfigure(errors="backslashreplace")  # a path may hold what can't be printed


def _end(number: int, frame: object) -> NoReturn:
    raise SystemExit(128 + number)


def _run(console: Console, arguments: list[str]) -> int:
    try:
        status = cli.main(arguments, prog_name="rezup", obj=console, standalone_mode=False)
        return status if isinstance(status, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        return console.usage_error(error)
    except (click.Abort, KeyboardInterrupt):
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
