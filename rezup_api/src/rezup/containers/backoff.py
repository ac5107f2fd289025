"""A build that failed is not tried again at every launch.

One file per revision in the user's state folder; the pause doubles with every failure.
"""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, NamedTuple
from zlib import crc32

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp

#: Seconds after the first failure, and at most.
FIRST_PAUSE, LONGEST_PAUSE = 60.0, 6 * 3600.0


class Failure(NamedTuple):
    """The last failed build of a revision; ``until`` is when the next may be tried (seconds since 1970)."""

    attempts: int
    until: float
    cause: str


class Backoff:
    """Failures of builds below one root; a folder that can't be written only means more attempts."""

    def __init__(self, folder: Path, root: Path) -> None:
        self._folder = folder
        self._root = root

    def pending(self, container: ContainerName, revision: Stamp) -> Failure | None:
        """The failure that forbids another attempt right now, or None."""
        failure = self._read(container, revision)
        # A clock that was set back must not forbid it for ever.
        if failure is None or not 0 < failure.until - time.time() <= LONGEST_PAUSE:
            return None
        return failure

    def failed(self, container: ContainerName, revision: Stamp, cause: str) -> None:
        """Note a failure."""
        from rezup.system.files import make_folder, write_atomic

        before = self._read(container, revision)
        attempts = min((before.attempts if before else 0) + 1, 30)
        pause = min(FIRST_PAUSE * 2 ** (attempts - 1), LONGEST_PAUSE)
        failure = Failure(attempts, time.time() + pause, cause)
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
            document = json.loads(self._path(container, revision).read_bytes())
            return Failure(int(document["attempts"]), float(document["until"]), str(document["cause"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def _path(self, container: ContainerName, revision: Stamp) -> Path:
        mark = crc32(str(self._root).encode("utf-8", "surrogateescape"))
        return self._folder / f"{container}-{revision}-{mark:08x}.json"
