"""The root on this machine: revisions with their environments.

A revision is in use while anybody holds a shared lock on its ``lease`` file, or runs with its
name in ``REZUP_REVISION``. A staging folder is being worked on while its builder holds one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.errors import RevisionInUseError, StoreError
from rezup.stores.folder import LEASE, FolderStore
from rezup.system import locks

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.stamps import Stamp


class LocalStore(FolderStore):
    """A folder store whose revisions have environments and leases."""

    def hold(self, container: ContainerName, revision: Stamp) -> locks.Hold:
        """Mark a revision as in use until the last process that inherits the mark has ended.

        :raises locks.Gone: it was removed at that moment; choose again
        """
        path = self.find(container, revision)
        if path is None:
            raise locks.Gone(revision)
        try:
            return locks.hold(path / LEASE)
        except FileNotFoundError:
            # Revisions of rezup 2.x have no lease; the environment variable protects them.
            if path.is_dir():
                return locks.Hold(None)
            raise locks.Gone(revision) from None

    def holders(self, container: ContainerName, revision: Stamp) -> tuple[str, ...]:
        """Who uses a revision, in words; empty if nobody does."""
        from rezup.system import holders

        path = self.find(container, revision)
        if path is None:
            return ()
        # rezup 2.x sets no such variables, and its revisions have no lease: their PATH tells.
        marks = {"REZUP_CONTAINER": container, "REZUP_REVISION": revision}
        has_lease = (path / LEASE).exists()
        found = {
            *holders.open_by(path / LEASE),
            *holders.with_environment(marks if has_lease else {}, path_below=path),
        }
        if found:
            return tuple(str(holder) for holder in sorted(found))
        with locks.exclusive(path / LEASE) as free:
            return ("an unknown process",) if free is False else ()

    def remove(self, container: ContainerName, revision: Stamp, *, reporter: Reporter | None = None) -> bool:
        path = self.find(container, revision)
        if path is None:
            return False
        users = self.holders(container, revision)
        with locks.exclusive(path / LEASE) as free:
            if users or free is False:
                if self.find(container, revision) is None:
                    return False  # they were removing it
                raise RevisionInUseError(
                    f"revision {revision} of {container} is in use",
                    holders=users or ("an unknown process",),
                    hint="leave its shells, then try again",
                )
            return super().remove(container, revision, reporter=reporter)

    def stage(self, container: ContainerName) -> Path:
        staging = super().stage(container)
        try:
            (staging / LEASE).touch(mode=0o644)
        except OSError as error:
            import contextlib

            from rezup.system.files import remove_tree

            with contextlib.suppress(OSError):
                remove_tree(staging)
            raise self._unwritable(error) from error
        return staging

    def settle(
        self,
        container: ContainerName,
        staging: Path,
        at: Stamp,
        *,
        private: frozenset[str] = frozenset(),
        sealed: Mapping[str, Sequence[str]] | None = None,
    ) -> bool:
        """Make a staged revision visible under exactly this stamp; False if one is there already.

        See `adopt` for the rest.

        :raises OSError: it could not be synced or renamed; nothing became visible
        """
        from rezup.system.files import rename_new, seal_tree

        seal_tree(staging, private=private, sealed=sealed)
        return rename_new(staging, self.folder(container, at))

    def check_root(self) -> None:
        """Refuse a root that Rez itself could not run in.

        :raises StoreError: its path has a character that breaks shells or PATH
        """
        text = str(self.root)
        wrong = sorted(
            {c for c in text if c in "$`%" or ord(c) < 32 or (c == os.pathsep and os.pathsep == ":")}
        )
        if wrong:
            raise StoreError(
                f"the root {text!a} can't hold Rez",
                context=f"its path has {', '.join(map(ascii, wrong))}, which shells expand or split at",
                hint="choose another with --root or REZUP_ROOT_LOCAL",
            )
