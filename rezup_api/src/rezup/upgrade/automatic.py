"""The upgrade that nobody asked for: polite, bounded, and never a reason for a command to fail."""

from __future__ import annotations

import contextlib
import random
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import RezupError
from rezup.system.files import make_folder, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.reporting import Reporter
    from rezup.upgrade.sources.base import Release
    from rezup.upgrade.upgrader import Upgrader

#: Limits of asking for releases, and of it all, in seconds.
QUERY_SECONDS = 1.0
WHOLE_SECONDS = 30.0
#: Pauses after which a version that failed on this machine is tried once more.
FORGIVEN_AFTER = 7


class Policy(NamedTuple):
    """What is configured."""

    auto_upgrade: str
    """"on" takes a newer library, "check" tells of it, "off" does not ask."""
    pause: float
    """Seconds between two checks."""
    is_pause_locked: bool
    """Whether the site allows no other pause."""
    may_ask: bool
    """Whether the source may be asked: it is local, or the network may be used."""


class Automatic:
    """What happens at a start when a check is due."""

    def __init__(self, upgrader: Upgrader, policy: Policy, reporter: Reporter, *, may_write: bool) -> None:
        self._upgrader = upgrader
        self._policy = policy
        self._reporter = reporter
        self._may_write = may_write
        self._stamp = upgrader.place.stamp

    def run(self) -> str | None:
        """Do what is configured: look for a newer library, and take it. Never raises what went wrong.

        :returns: the version that is in place now and wants a new start; None to go on as before
        """
        try:
            if not self._write_stamp() or self._policy.auto_upgrade == "off" or not self._policy.may_ask:
                return None
            return self._look()
        except (RezupError, OSError) as error:
            self._reporter.debug(f"no upgrade: {error}")
            return None

    def _look(self) -> str | None:
        until = time.monotonic() + WHOLE_SECONDS
        obstacle = self._upgrader.obstacle()
        if obstacle is not None:
            self._tell_once(obstacle)
            return None
        latest = self._upgrader.latest(seconds=QUERY_SECONDS)
        if latest.command_line is not None:
            self._reporter.info(f"rezup {latest.command_line} is out; get it with: {latest.command}")
        if latest.library is None:
            return None
        version = latest.library.version
        if self._policy.auto_upgrade == "check":
            self._reporter.info(f"rezup-api {version} is out; get it with: rezup self upgrade")
            return None
        return self._take(latest.library, until)

    def _take(self, release: Release, until: float) -> str | None:
        failed = self._stamp.with_suffix(".failed")
        if _is_recent(failed, release.requirement, FORGIVEN_AFTER * self._policy.pause):
            self._reporter.debug(f"rezup-api {release.version} failed here lately; it is tried again later")
            return None
        text = f"upgrading rezup-api from {self._upgrader.in_use} to {release.version} ..."
        try:
            taken = self._upgrader.take(
                release, lambda: until - time.monotonic(), announce=lambda: self._reporter.info(text)
            )
        except (RezupError, OSError) as error:
            self._note(failed, release.requirement)
            self._reporter.warning(f"{_sentence(error)}; going on with {self._upgrader.in_use}")
            return None
        return taken

    def _write_stamp(self) -> bool:
        """Note that a check was made; false where that can't be noted, so none may be made."""
        pause = self._policy.pause
        jitter = random.random() * 0.1  # noqa: S311 - to spread load
        locked = int(self._policy.is_pause_locked)
        return self._note(self._stamp, f"{time.time():.0f} {pause:.0f} {jitter:.4f} {locked}\n")

    def _tell_once(self, message: str) -> None:
        told = self._stamp.with_suffix(".told")
        with contextlib.suppress(OSError, ValueError):
            if told.read_text(encoding="utf-8") == message:
                return
        if self._note(told, message):
            self._reporter.info(message)

    def _note(self, path: Path, text: str) -> bool:
        if not self._may_write:
            return False
        try:
            make_folder(path.parent)
            write_atomic(path, text.encode("utf-8", "backslashreplace"), durable=False)
        except OSError:
            return False
        return True


def _is_recent(note: Path, text: str, seconds: float) -> bool:
    """Whether a note says `text`, and is not older than that; one of tomorrow is of a clock set back."""
    try:
        return note.read_text(encoding="utf-8") == text and -60 < time.time() - note.stat().st_mtime < seconds
    except (OSError, ValueError):
        return False


def _sentence(error: RezupError | OSError) -> str:
    return str(error) if isinstance(error, RezupError) else f"no upgrade: {error.strerror or error}"
