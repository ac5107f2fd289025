"""Becoming, or starting, the program: signals, descriptors and exit status are the child's."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import TYPE_CHECKING, Any, NoReturn

from rezup.errors import LaunchError

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Mapping, Sequence

    from rezup.system.locks import Hold


def run(
    arguments: Sequence[str],
    environment: Mapping[str, str],
    hold: Hold,
    *,
    wait: bool = True,
    own_session: bool = False,
) -> int:
    """Run a program that keeps the revision held; on POSIX this process becomes it.

    :param wait: False starts it detached from the terminal and returns at once
    :param own_session: whether it leads a session of its own, so that it stays a child
    :returns: the program's exit status, 128+N for signal N; 0 with `wait` False
    :raises LaunchError: it can't be started
    """
    if not arguments or not arguments[0]:
        raise LaunchError(
            "there is nothing to run",
            context="the name of the command is empty",
            hint="is a variable unset? write the command after `--`: rezup use NAME -- COMMAND",
        )
    if not wait:
        return _detach(arguments, environment, hold)
    if sys.platform != "win32" and hold.keep_for_children() and not own_session:
        _become(arguments, environment)
    return spawn(arguments, environment, hold, own_session=own_session)


def _become(arguments: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError, AttributeError):
            continue
    # Python ignores these two, and a program would inherit that.
    numbers = [getattr(signal, name) for name in ("SIGPIPE", "SIGXFSZ") if hasattr(signal, name)]
    before = {number: signal.signal(number, signal.SIG_DFL) for number in numbers}
    try:
        os.execvpe(arguments[0], list(arguments), dict(environment))  # noqa: S606 - no shell is the point
    except (OSError, ValueError) as error:
        for number, handler in before.items():  # we live on, and so does who called us
            signal.signal(number, handler)
        raise _cannot_start(arguments[0], error) from error


def spawn(
    arguments: Sequence[str], environment: Mapping[str, str], hold: Hold, *, own_session: bool = False
) -> int:
    """Run a program as a child and wait for it; signals that would end this process are the child's.

    :raises LaunchError: it can't be started
    """
    import subprocess

    descriptors = _kept(hold)
    with _Relay(own_session=own_session) as relay:
        try:
            process = subprocess.Popen(
                _found(arguments, environment),
                env=dict(environment),
                pass_fds=descriptors,
                start_new_session=own_session,
            )
        except (OSError, ValueError) as error:
            raise _cannot_start(arguments[0], error) from error
        relay.send_to(process)
        _wait_for_its_end(process)
    status = process.wait()
    return status if status >= 0 else 128 - status


def _wait_for_its_end(process: subprocess.Popen[bytes]) -> None:
    """Wait, but leave its status where it is: until that is fetched, its number is nobody else's."""
    if sys.platform != "win32" and hasattr(os, "waitid"):
        with contextlib.suppress(ChildProcessError):  # SIGCHLD is ignored, so there is no status
            os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    else:
        process.wait()


class _Relay:
    """Hands the signals that would end this process to the program, from its very start.

    What a terminal sends reaches a program in the foreground by itself, unless it has a session of its own.
    Nothing tells whether a SIGTERM went to us alone or to our whole process group: in the latter case the
    program gets two. Signals that are ignored stay so, here and in the program.
    """

    def __init__(self, *, own_session: bool) -> None:
        self._own_session = own_session
        self._numbers: list[int] = [signal.SIGINT]
        self._relayed: list[int] = []
        if sys.platform != "win32":
            self._numbers += [signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP]
            self._relayed = self._numbers[0 if own_session else 2 :]
        self._early: list[int] = []
        self._process: subprocess.Popen[bytes] | None = None
        self._before: dict[int, Any] = {}

    def __enter__(self) -> _Relay:
        for number in self._numbers:
            if signal.getsignal(number) not in (signal.SIG_IGN, None):
                with contextlib.suppress(ValueError):  # only the main thread may
                    self._before[number] = signal.signal(number, self._take)
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def send_to(self, process: subprocess.Popen[bytes]) -> None:
        """From now on, and what came before."""
        self._process = process
        while self._early:
            self._send(process, self._early.pop(0))

    def _take(self, number: int, _frame: object = None) -> None:
        if number not in self._relayed:
            return
        if self._process is None:
            self._early.append(number)
        else:
            self._send(self._process, number)

    def _send(self, process: subprocess.Popen[bytes], number: int) -> None:
        # It has just ended, or is another user's by now, as with sudo: then its end is waited for.
        with contextlib.suppress(OSError):
            if self._own_session and sys.platform != "win32":
                os.killpg(process.pid, number)  # it leads a group, as what the terminal has in front does
            else:
                process.send_signal(number)


def _detach(arguments: Sequence[str], environment: Mapping[str, str], hold: Hold) -> int:
    import subprocess

    hold.keep_for_children()
    windows = os.name == "nt"
    try:
        subprocess.Popen(
            _found(arguments, environment),
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=_kept(hold),
            start_new_session=not windows,
            creationflags=0x00000200 | 0x00000008 if windows else 0,  # a new process group, no console
        ).returncode = 0  # left on purpose: no warning about a child that was not waited for
    except (OSError, ValueError) as error:
        raise _cannot_start(arguments[0], error) from error
    return 0


def _kept(hold: Hold) -> tuple[int, ...]:
    """The descriptor that a child is to keep, none of the three that it takes for its streams."""
    if hold.descriptor is None or sys.platform == "win32":
        return ()
    if hold.descriptor < 3:  # a stream was closed, and the number free
        import fcntl

        low, hold.descriptor = hold.descriptor, fcntl.fcntl(hold.descriptor, fcntl.F_DUPFD_CLOEXEC, 3)
        os.close(low)
    return (hold.descriptor,)


def _found(arguments: Sequence[str], environment: Mapping[str, str]) -> list[str]:
    """The program looked up on the child's PATH: `Popen` would use ours on Windows."""
    import shutil

    return [shutil.which(arguments[0], path=environment.get("PATH")) or arguments[0], *arguments[1:]]


def _cannot_start(program: str, error: OSError | ValueError) -> LaunchError:
    if isinstance(error, FileNotFoundError):
        return LaunchError(
            f"{ascii(program)[1:-1]} can't be started",
            context="there is no such program on the PATH of the container",
            hint="give its full path, or add it to the recipe",
        )
    # A ValueError: a NUL in an argument, or a `=` in the name of a variable.
    reason = getattr(error, "strerror", None) or str(error)
    return LaunchError(f"{ascii(program)[1:-1]} can't be started", context=reason)
