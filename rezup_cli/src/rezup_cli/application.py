"""The command line: cuts off the command after ``--``, runs one command, maps errors to exit statuses.

0 done, 1 the request failed, 2 wrong usage, 130 interrupted; `use` returns the child's own.
"""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING, Any

from rezup.errors import RezupError
from rezup_cli.console import Console, show_error
from rezup_cli.process import prepare_process

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup_cli.bootstrap import Start


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
    if arguments[:1] == ["env"] and "_REZUP_COMPLETE" not in os.environ:
        from rezup_cli.env_words import plain_words

        found = plain_words(arguments[1:], has_tail=bool(console.tail))
        if found is not None:
            return _run_env(console, *found)
    return _run_by_click(console, arguments)


def _run_env(console: Console, request: tuple[str, ...], options: dict[str, Any], is_quiet: bool) -> int:
    from rezup_cli.env_run import run_env

    console.set_level(quiet=is_quiet)
    try:
        return run_env(console, request, options)
    except KeyboardInterrupt:
        return console.interrupted()


def _run_by_click(console: Console, arguments: list[str]) -> int:
    import click

    from rezup_cli.command_group import cli

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
