"""How the library talks: through an object that the caller hands in, never by printing.

The hooks of :class:`Reporter` do nothing, so a caller overrides what it wants to hear.
"""

from __future__ import annotations

import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Reporter:
    """Receives what the library has to say; the base class drops it all.

    Hooks are called from the thread that does the work and must not raise.
    """

    def info(self, message: str) -> None:
        """One line that a user wants to read in a normal run."""

    def warning(self, message: str) -> None:
        """One line about something that went wrong and was coped with."""

    def notice(self, message: str) -> None:
        """One line about something odd that changes nothing; a warning, for who makes no difference."""
        self.warning(message)

    def debug(self, message: str) -> None:
        """One line for whoever looks for a cause: a choice and its reason."""

    def stage_started(self, name: str, detail: str) -> None:
        """A step of long work begins, e.g. ``("install", "rez>=2.83")``."""

    def stage_finished(self, name: str, seconds: float, cpu: float) -> None:
        """The step ended after `seconds` on the wall and `cpu` seconds of this process and its children."""

    def output(self, line: str) -> None:
        """One line that a program printed while it was running for us; secrets are masked."""

    def waiting(self, what: str, holder: str, seconds: float) -> None:
        """Somebody else (`holder`: host and process) has held `what` for `seconds` of our waiting."""


@contextmanager
def stage(reporter: Reporter, name: str, detail: str = "") -> Iterator[None]:
    """Report the start and the duration of a step; an error leaves it unfinished."""
    reporter.stage_started(name, detail)
    started, before = time.monotonic(), os.times()
    yield
    after = os.times()
    cpu = sum(after[:4]) - sum(before[:4])
    reporter.stage_finished(name, time.monotonic() - started, cpu)
