"""How the command line talks: data to stdout, talk to stderr, and nothing by colour alone."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

from rezup.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import click

    from rezup.errors import RezupError
    from rezup.session import Session
    from rezup.session.caching import Caches
    from rezup.session.contexts import Contexts
    from rezup.session.packages import Packages
    from rezup_cli.bootstrap import Start

#: A stage shorter than this is not worth a line, in seconds.
_WORTH_A_LINE = 0.05

QUIET, NORMAL, VERBOSE, DEBUG = range(4)

#: Commands that have commands.
_GROUPS = frozenset({"cache", "context", "index", "recipe", "self", "suite"})


class Console:
    """One run of the command line: what the user asked to hear, and what came after ``--``."""

    def __init__(
        self, tail: list[str] | None = None, arguments: Sequence[str] = (), start: Start | None = None
    ) -> None:
        self.tail = tail
        self.start = start
        self.level = NORMAL
        self.overrides: dict[str, Any] = {}
        """Settings given on the command line, by configuration key."""
        self.is_json = "--json" in arguments
        words = [word for word in arguments if not word.startswith("-")]
        is_in_group = bool(words) and words[0] in _GROUPS
        self.command = " ".join(words[: 2 if is_in_group else 1]) or "use"

    @property
    def debug(self) -> bool:
        """Whether a traceback is wanted."""
        return self.level == DEBUG

    def set_level(self, *, quiet: bool = False, verbose: bool = False, debug: bool = False) -> None:
        """Take the options of the group or of a command; a command's add to the group's."""
        if debug:
            self.level = DEBUG
        elif verbose:
            self.level = max(self.level, VERBOSE)
        elif quiet:
            self.level = QUIET

    def session(self, *, timings: bool = False) -> Session:
        """A session that talks through this console."""
        from pathlib import Path

        from rezup.session import Session

        script = self._script()
        return Session.create(
            reporter=ConsoleReporter(self, timings=timings),
            overrides=self.overrides,
            program=None if script is None else Path(script),
        )

    def contexts(self) -> Contexts:
        """Contexts of this environment; what containers need is not loaded."""
        from rezup.session.contexts import Contexts
        from rezup.system.machine import process_environment

        return Contexts(self.packages(), process_environment(), program=self._script())

    def _script(self) -> str | None:
        """Rezup's own script, where this process runs it."""
        return os.path.abspath(sys.argv[0]) if os.path.basename(sys.argv[0]).startswith("rezup") else None

    @property
    def is_quiet(self) -> bool:
        """Whether only warnings and errors are wanted."""
        return self.level <= QUIET

    def packages(self) -> Packages:
        """Packages of this environment; what containers need is not loaded."""
        from rezup.session.packages import Packages
        from rezup.system.machine import process_environment

        reporter = ConsoleReporter(self, timings=False)
        return Packages(process_environment(), reporter=reporter, overrides=self.overrides)

    def caches(self) -> Caches:
        """Caches of this environment; what containers need is not loaded."""
        from rezup.session.caching import Caches
        from rezup.system.machine import process_environment

        reporter = ConsoleReporter(self, timings=False)
        return Caches(process_environment(), reporter=reporter, overrides=self.overrides)

    def refuse_tail(self) -> None:
        """:raises click.UsageError: there is a ``--`` that this command has no use for"""
        if self.tail is not None:
            import click

            raise click.UsageError(
                "`--` and a command after it belong to `rezup use`, `rezup add` and `rezup env`."
            )

    def say(self, line: str, *, level: int = NORMAL) -> None:
        """A line of talk."""
        if self.level >= level:
            echo(line, err=True)

    def show(self, lines: Iterable[str]) -> None:
        """Lines of data."""
        text = [*lines]
        if text:
            echo("\n".join(text))

    def result(self, command: str, data: Any, lines: Iterable[str] = ()) -> None:
        """What a command found out: as a JSON document for those who asked for one, else as lines."""
        if self.is_json:
            from rezup_cli.results import document

            lines = [document(command, data)]
        self.show(lines)

    @property
    def is_program(self) -> bool:
        """Whether this process is rezup's own, and not one that calls it from Python."""
        program = sys.argv[0]
        is_module = program.endswith(os.path.join("rezup_cli", "__main__.py"))
        return is_module or os.path.splitext(os.path.basename(program))[0] == "rezup"

    def hurry(self) -> None:
        """Go without the garbage collector from now on, where the process has only a moment to live."""
        if self.is_program:
            import gc

            gc.disable()

    def leave(self, status: int) -> int:
        """End this process at once if it is rezup's own, else return the status.

        Taking an interpreter down in order takes as long as a resolve, and there is nothing left to be done:
        all files are closed, and no thread or child is left.
        """
        if self.is_program:
            for stream in (sys.stdout, sys.stderr):
                if stream is not None:
                    stream.flush()
            os._exit(status)
        return status

    def usage_error(self, error: click.ClickException) -> int:
        """Show what was wrong with the command line; returns the exit status."""
        if self.is_json:
            from rezup_cli.results import error_document, error_entry

            entry = error_entry("usage", error.format_message())
            echo(error_document(self.command, error.exit_code, [entry]))
        else:
            import io

            text = io.StringIO()
            error.show(text)
            echo(text.getvalue().rstrip("\n"), err=True)
        return error.exit_code

    def interrupted(self) -> int:
        """Say that Ctrl-C ended it; returns the exit status."""
        if self.is_json:
            from rezup_cli.results import error_document, error_entry

            echo(error_document(self.command, 130, [error_entry("interrupted", "interrupted")]))
        else:
            echo("interrupted", err=True)
        return 130


class ConsoleReporter(Reporter):
    """The library's voice on a terminal, or as plain lines where there is none."""

    def __init__(self, console: Console, *, timings: bool, stages: bool = True) -> None:
        self._console = console
        self._shows_stages = stages
        self._timings: list[tuple[str, float, float]] | None = [] if timings else None
        self._progress: Any = None
        self._started = time.monotonic()

    def info(self, message: str) -> None:
        self._console.say(message)

    def warning(self, message: str) -> None:
        self._console.say(f"{styled('warning:', fg='yellow')} {message}", level=QUIET)

    def notice(self, message: str) -> None:
        self._console.say(f"{styled('warning:', fg='yellow')} {message}")

    def debug(self, message: str) -> None:
        self._console.say(message, level=VERBOSE)

    def stage_started(self, name: str, detail: str) -> None:
        if name == "start":
            self._print_timings()
        elif name in LONG_STAGES and self._console.level >= (NORMAL if self._shows_stages else VERBOSE):
            self._show_stage(name, detail)

    def stage_finished(self, name: str, seconds: float, cpu: float) -> None:
        if self._timings is not None:
            self._timings.append((name, seconds, cpu))
        if name in LONG_STAGES and self._progress is not None:
            self._progress.stop()
            self._progress = None
        if name in LONG_STAGES and seconds >= _WORTH_A_LINE:
            self._console.say(f"{name}: {seconds:.2f} s", level=VERBOSE)

    def output(self, line: str) -> None:
        self._console.say(f"  {line}", level=DEBUG)

    def waiting(self, what: str, holder: str, seconds: float) -> None:
        self._console.say(f"waiting for {what} by {holder} ({seconds:.0f} s)")

    def _show_stage(self, name: str, detail: str) -> None:
        text = f"{LONG_STAGES[name]} {detail}".rstrip()
        if not sys.stderr.isatty() or self._console.level >= DEBUG or os.environ.get("TERM") == "dumb":
            self._console.say(f"{text} ...")
            return
        from rich.console import Console as RichConsole
        from rich.status import Status

        if self._progress is not None:
            self._progress.stop()
        self._progress = Status(text, console=RichConsole(stderr=True))
        self._progress.start()

    def stop(self) -> None:
        """Take a progress display off the screen."""
        if self._progress is not None:
            self._progress.stop()
            self._progress = None

    def _print_timings(self) -> None:
        if self._timings is None:
            return
        total = time.monotonic() - self._started
        for name, seconds, cpu in [*self._timings, ("total since start", total, sum(os.times()[:4]))]:
            echo(f"{name:20} {seconds * 1000:8.1f} ms wall {cpu * 1000:8.1f} ms cpu", err=True)


#: The stages that a user waits for, in words.
LONG_STAGES = {
    "interpreter": "finding Python",
    "lock": "locking",
    "environment": "making the environment",
    "install": "installing",
    "scripts": "writing scripts",
    "byte-code": "compiling",
    "publish": "putting it in place",  # others are told of what is "published" to them only
    "download": "fetching",
    "prove": "trying it",
}


def styled(text: str, **style: Any) -> str:
    """Colour for stderr, where a terminal shows it and nobody objects."""
    if not sys.stderr.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    import click

    return click.style(text, **style)


def echo(text: str, *, err: bool = False) -> None:
    """Write a text and a line end; most who enter an environment say nothing, and do without click."""
    import click

    # Data for a program arrives as it is; what a person sees may hold names and words of others.
    if err or (sys.stdout is not None and sys.stdout.isatty()):
        text = harmless(text, is_data=not err)
    click.echo(text, err=err)


def harmless(text: str, *, is_data: bool = False) -> str:
    """The text without what would steer a terminal, but for line ends, tabs and colours.

    :param is_data: it may be a file of Windows, with the line ends that are used there
    """
    import re

    steering = r"\x1b(?!\[[0-9;]*m)|" + (r"\r(?!\n|\Z)" if is_data else r"\r")
    steering += r"|[\0-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]"
    return re.sub(steering, lambda match: ascii(match[0])[1:-1], text)


def show_error(console: Console, error: RezupError, code: str | None = None, *, status: int = 1) -> int:
    """What failed, why, what to do; as JSON for those who asked for it. Returns the exit status.

    :param code: instead of the error's own
    :param status: the exit status
    """
    problems = getattr(error, "problems", ())
    if console.is_json:
        from rezup_cli.results import error_document, error_entry

        code = code or error.code
        entries = [error_entry(code, str(problem), error.message, error.hint) for problem in problems]
        entries = entries or [error_entry(code, error.message, error.context, error.hint)]
        echo(error_document(console.command, status, entries))
        return status
    echo(f"{styled('error:', fg='red', bold=True)} {error.message}", err=True)
    if problems:
        for problem in problems:
            echo(f"  {problem}", err=True)
    elif error.context:
        echo(f"  {error.context}", err=True)
    if error.hint:
        echo(f"{styled('hint:', fg='cyan')} {error.hint}", err=True)
    return status


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Columns of text, as wide as needed; no line ends in blanks."""
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    ]
