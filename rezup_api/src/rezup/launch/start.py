"""Becoming, or starting, the program: signals, descriptors and exit status are the child's."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

from rezup.errors import LaunchError

if TYPE_CHECKING:
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
    for name in ("SIGPIPE", "SIGXFSZ"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_DFL)
    try:
        os.execvpe(arguments[0], list(arguments), dict(environment))  # noqa: S606 - no shell is the point
    except (OSError, ValueError) as error:
        raise _cannot_start(arguments[0], error) from error


def spawn(
    arguments: Sequence[str], environment: Mapping[str, str], hold: Hold, *, own_session: bool = False
) -> int:
    """Run a program as a child and wait for it; Ctrl-C is the child's business.

    :raises LaunchError: it can't be started
    """
    import subprocess

    descriptors = () if hold.descriptor is None or os.name == "nt" else (hold.descriptor,)
    try:
        process = subprocess.Popen(
            _found(arguments, environment),
            env=dict(environment),
            pass_fds=descriptors,
            start_new_session=own_session,
        )
    except (OSError, ValueError) as error:
        raise _cannot_start(arguments[0], error) from error
    while True:
        try:
            status = process.wait()
        except KeyboardInterrupt:
            continue
        return status if status >= 0 else 128 - status


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
            pass_fds=() if windows or hold.descriptor is None else (hold.descriptor,),
            start_new_session=not windows,
            creationflags=0x00000200 | 0x00000008 if windows else 0,  # a new process group, no console
        ).returncode = 0  # left on purpose: no warning about a child that was not waited for
    except (OSError, ValueError) as error:
        raise _cannot_start(arguments[0], error) from error
    return 0


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
