"""A build that failed is not tried again at every launch.

One file per revision in the user's state folder; the pause doubles with every failure.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

from rezup.errors import RevisionNotReadyError, RezupError
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp

#: Seconds after the first failure, and at most. With these, one that keeps failing is tried ten times in its
#: first day and twice in each one after it, however often it is launched.
FIRST_PAUSE, LONGEST_PAUSE = 120.0, 12 * 3600.0


class Failure(NamedTuple):
    """The last failed build of a revision; ``until`` is when the next may be tried (seconds since 1970)."""

    attempts: int
    until: float
    cause: str


def delayed(failure: Failure) -> RevisionNotReadyError:
    """The error where another attempt has to wait."""
    return RevisionNotReadyError(
        "its last build failed", context=f"{failure.cause}; attempts so far: {failure.attempts}"
    )


class Backoff:
    """Failures of builds below one root; a folder that can't be written only means more attempts.

    :param clock: tells the time, in seconds since 1970; the system's if not given
    """

    def __init__(self, folder: Path, root: Path, *, clock: Callable[[], float] | None = None) -> None:
        self._folder = folder
        self._root = root
        self._clock = clock or time.time

    def pending(self, container: ContainerName, revision: Stamp) -> Failure | None:
        """The failure that forbids another attempt right now, or None."""
        failure = self._read(container, revision)
        # A clock that was set back must not forbid it for ever.
        if failure is None or not 0 < failure.until - self._clock() <= LONGEST_PAUSE:
            return None
        return failure

    def failed(self, container: ContainerName, revision: Stamp, cause: str) -> None:
        """Note a failure."""
        from rezup.system.files import make_folder, write_atomic

        before = self._read(container, revision)
        attempts = min((before.attempts if before else 0) + 1, 30)
        pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
        failure = Failure(attempts, self._clock() + pause, cause)
        try:
            make_folder(self._folder)
            write_atomic(
                self._path(container, revision), json.dumps(failure._asdict()).encode(), durable=False
            )
        except OSError:
            pass

    def succeeded(self, container: ContainerName, revision: Stamp) -> None:
        """Forget the failures of a revision."""
        with contextlib.suppress(OSError):
            self._path(container, revision).unlink(missing_ok=True)

    def _read(self, container: ContainerName, revision: Stamp) -> Failure | None:
        try:
            document = json.loads(read_file(self._path(container, revision)))
            return Failure(int(document["attempts"]), float(document["until"]), str(document["cause"]))
        except (OSError, ValueError, KeyError, TypeError, OverflowError, RecursionError):
            return None

    def _path(self, container: ContainerName, revision: Stamp) -> Path:
        mark = crc32(str(self._root).encode("utf-8", "surrogateescape"))
        return self._folder / f"{container}-{revision}-{mark:08x}.json"


class Attempt:
    """One attempt of this process to build a revision; entered as soon as nobody else is at it.

    A failure is noted before the next one can begin, once, however many builds an attempt takes.

    :param can_wait: it is not made where another process failed at it meanwhile
    """

    def __init__(
        self, backoff: Backoff, container: ContainerName, revision: Stamp, *, can_wait: bool
    ) -> None:
        self._backoff = backoff
        self._container = container
        self._revision = revision
        self._can_wait = can_wait
        self._is_noted = False

    def __enter__(self) -> None:
        """:raises RevisionNotReadyError: another process failed at it"""
        if not self._can_wait or self._is_noted:
            return
        failure = self._backoff.pending(self._container, self._revision)
        if failure is not None:
            self._is_noted = True  # by that process
            raise delayed(failure)

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RezupError):
            self.failed(error)

    def failed(self, error: RezupError) -> None:
        """Note what it failed with."""
        if not self._is_noted:
            self._is_noted = True
            self._backoff.failed(self._container, self._revision, str(error))

    def succeeded(self) -> None:
        """Forget the failures of those before."""
        self._backoff.succeeded(self._container, self._revision)
