"""A root that several machines see: recipes and receipts only, and it may be gone.

Every reading operation is bounded in time. Nothing here is a server: a remote root is a folder
on a share, so that any studio has one.
"""

from __future__ import annotations

import contextlib
import errno
import os
from typing import TYPE_CHECKING, Any

from rezup.errors import InvalidNameError, RemoteUnreachableError, StoreError
from rezup.recipes.names import ContainerName
from rezup.stores.folder import FolderStore
from rezup.system import bounded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: Seconds that a launch waits for the remote before it goes on with what it knows.
TIMEOUT = 1.0


class RemoteStore(FolderStore):
    """The same shape as a local root, without environments."""

    def __init__(self, root: Path, *, timeout: float = TIMEOUT) -> None:
        super().__init__(root)
        self.timeout = timeout

    def _do(self, operation: Callable[[], Any], *, patience: int = 1) -> Any:
        def if_mounted() -> Any:
            answer = operation()
            if not answer or (isinstance(answer, dict) and not answer["exists"]):
                _check_mounted(self.root)
            return answer

        try:
            return bounded.call(if_mounted, self.timeout * patience)
        except bounded.TimedOut:
            raise RemoteUnreachableError(
                f"the remote root {self.root} is unreachable",
                context=f"no answer within {self.timeout * patience:g} s",
                hint="check the mount; `rezup use --local` takes what is on this machine",
            ) from None

    def _content(self, path: Path) -> bytes:
        return path.read_bytes()  # what hangs is given up above

    def folders(self) -> tuple[ContainerName, ...]:
        """Names of what may be containers, by one look at the root alone, which is waited for longer.

        :raises RemoteUnreachableError: it doesn't answer, or can't be read
        """
        try:
            found = self._do(lambda: _folders(self.root), patience=15)  # nobody waits for a launch here
        except OSError as error:
            raise self._unreadable(error) from error
        return tuple(map(ContainerName, found))

    def check_begun(self, *, is_known: bool) -> None:
        """Refuse to publish where the share isn't there: to the disk under its mount point.

        :param is_known: whether the root had revisions before, so that an empty one isn't new
        :raises RemoteUnreachableError: the folder is missing, or empty and known
        """
        found = self._do(lambda: _state(self.root), patience=15)  # nobody waits for a launch here
        if found == "there" or (found == "empty" and not is_known):
            return
        if found == "empty":
            reason = "it is empty, as a folder is that nothing is mounted on, and it had revisions before"
            hint = "mount the share; to begin anew, put any file into the folder"
        else:
            reason, hint = (
                "there is no such folder",
                f"mount the share; to begin a new one: mkdir {self.root}",
            )
        raise RemoteUnreachableError(f"the remote root {self.root} is unreachable", context=reason, hint=hint)

    def is_writable_by_all(self) -> bool:
        """Whether anybody may put recipes there; False where that can't be told."""
        from rezup.system.files import is_writable_by_all

        try:
            return bool(self._do(lambda: is_writable_by_all(self.root) or None))
        except (OSError, RemoteUnreachableError):
            return False

    def _unreadable(self, error: OSError) -> StoreError:
        return RemoteUnreachableError(
            f"the remote root {self.root} is unreachable",
            context=error.strerror or str(error),
            hint="check the mount; `rezup use --local` takes what is on this machine",
        )


def _folders(root: Path) -> list[str]:
    """No link is followed, as what it leads to may hang."""
    found = []
    with os.scandir(root) as entries:
        for entry in entries:
            with contextlib.suppress(InvalidNameError):
                if entry.is_symlink() or entry.is_dir(follow_symlinks=False):
                    found.append(ContainerName.parse(entry.name))
    return sorted(found)


def _state(root: Path) -> str:
    try:
        with os.scandir(root) as entries:
            return "empty" if next(entries, None) is None else "there"
    except (FileNotFoundError, NotADirectoryError):
        return "missing"


def _check_mounted(root: Path) -> None:
    """Tell "no such container" from a share that isn't there: absent, or the empty folder it belongs on.

    :raises OSError: it isn't there
    """
    with os.scandir(root) as entries:
        if next(entries, None) is None:
            raise OSError(errno.ENOENT, "it is empty, as a folder is that nothing is mounted on", str(root))
