"""Running other programs: argument lists only, never a shell string."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

from rezup.errors import ProcessError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

#: How much of a program's output an error carries; the log file has all of it.
OUTPUT_LINES = 20

#: Seconds to read what a program that was killed has said.
_LAST_WORDS = 1.0


class Finished(NamedTuple):
    """A program that ended with status 0."""

    output: str


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    folder: Path | None = None,
    log: Path | None = None,
    on_line: Callable[[str], None] | None = None,
    mask: Callable[[str], str] = str,
    what: str | None = None,
    separate_errors: bool = False,
    timeout: float | None = None,
    own_group: bool = False,
) -> Finished:
    """Run a program to its end, its output kept, appended to `log` and handed on line by line.

    :param environment: the whole environment of the program
    :param log: file that receives the command and all it prints
    :param on_line: called with each line as it comes
    :param mask: removes secrets from whatever is logged, handed on or put into an error
    :param what: the words for it in an error message, e.g. "installing rez"
    :param separate_errors: the output returned is stdout alone (stderr is logged all the same)
    :param timeout: seconds; the program is killed after it
    :param own_group: it has no terminal; on POSIX what it started ends with it, however it ends
    :raises ProcessError: it can't be started, or its status is not 0
    """
    arguments = [str(part) for part in command]
    shown = [mask(part) for part in arguments]
    what = what or f"running {Path(arguments[0]).name}"

    def failure(reason: str, status: int | None, output: str = "") -> ProcessError:
        return ProcessError(
            f"{what} failed", command=shown, status=status, output=output, log=log, context=reason
        )

    stream = None if log is None else log.open("a", encoding="utf-8", errors="replace")
    transcript = _Transcript(stream, on_line, mask)
    try:
        transcript.note(f"$ {subprocess.list2cmdline(shown)}")
        status = _run(arguments, environment, folder, transcript, separate_errors, timeout, own_group)
    except OSError as error:
        raise failure(f"{shown[0]}: {error.strerror or error}", None) from error
    except _TimedOutError as error:
        raise failure(str(error), None, transcript.end) from error
    finally:
        if stream is not None:
            stream.close()
    if status != 0:
        raise failure(transcript.last_line or f"exit status {status}", status, transcript.end)
    return Finished("".join(transcript.kept))


class _Transcript:
    """All that a program prints: kept, logged, handed on."""

    def __init__(
        self, log: TextIO | None, on_line: Callable[[str], None] | None, mask: Callable[[str], str]
    ) -> None:
        self._log, self._on_line, self._mask = log, on_line, mask
        self._tail: deque[str] = deque(maxlen=OUTPUT_LINES)
        self.kept: list[str] = []

    def note(self, text: str) -> None:
        """A line for the log alone."""
        if self._log is not None:
            self._log.write(text + "\n")
            self._log.flush()

    def take(self, line: str, *, keep: bool = True) -> None:
        """A line that the program printed."""
        text = self._mask(line.rstrip("\r\n"))
        self._tail.append(text)
        if keep:
            self.kept.append(line)
        self.note(text)
        if self._on_line is not None:
            self._on_line(text)

    @property
    def end(self) -> str:
        """The last lines."""
        return "\n".join(self._tail)

    @property
    def last_line(self) -> str:
        """The last line that says something."""
        return next((line.strip() for line in reversed(self._tail) if line.strip()), "")


def _run(
    arguments: list[str],
    environment: Mapping[str, str],
    folder: Path | None,
    transcript: _Transcript,
    separate_errors: bool,
    timeout: float | None,
    own_group: bool,
) -> int:
    process = subprocess.Popen(
        arguments,
        env=dict(environment),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if separate_errors else subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=own_group,
    )
    with process:
        try:
            if separate_errors or timeout is not None:
                _take_all(process, transcript, timeout)
            else:
                for line in process.stdout or ():
                    transcript.take(line)
            status = process.wait()
            if own_group:
                _end(process, whole_group=True)
            return status
        except subprocess.TimeoutExpired as error:
            late = _TimedOutError(_lateness(process.poll(), error.timeout))
            _end(process, whole_group=own_group)
            # What it said until then; something that outlives it may keep the pipe open.
            with contextlib.suppress(subprocess.TimeoutExpired):
                _take_all(process, transcript, _LAST_WORDS)
            raise late from None
        except BaseException:  # Ctrl-C, too: nothing is left running behind
            _end(process, whole_group=own_group)
            raise


class _TimedOutError(Exception):
    """A program took too long; its text says of what."""


def _lateness(status: int | None, timeout: float) -> str:
    """What was waited for in vain.

    :param status: of the program itself, None if it hasn't ended
    """
    if status is None:
        return f"no answer within {timeout:g} s"
    return (
        f"it ended with status {status}, and something that it started kept its output open for {timeout:g} s"
    )


def _take_all(process: subprocess.Popen[str], transcript: _Transcript, timeout: float | None) -> None:
    output, errors = process.communicate(timeout=timeout)
    for line in (errors or "").splitlines(keepends=True):
        transcript.take(line, keep=False)
    for line in output.splitlines(keepends=True):
        transcript.take(line)


def _end(process: subprocess.Popen[str], *, whole_group: bool) -> None:
    """Kill a program; on POSIX its group, too, which may outlive it."""
    if whole_group and os.name != "nt":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # Of one that has ended nobody gets the number as long as its group has members.
            os.killpg(process.pid, signal.SIGKILL)
    process.kill()
