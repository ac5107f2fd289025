"""This process: what a caller may have set up so that we could not work."""

from __future__ import annotations

import io
import sys
from typing import NoReturn


def prepare_process() -> None:
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
