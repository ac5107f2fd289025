"""The root on this machine: revisions with their environments.

A revision is in use while anybody holds a shared lock on its ``lease`` file, or runs with its
name in ``REZUP_REVISION``. A staging folder is being worked on while its builder holds one.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any

from rezup.errors import RevisionInUseError, StoreError
from rezup.stores.folder import LEASE, FolderStore, as_listing, is_revision, left_alone, look
from rezup.stores.stamps import Stamp
from rezup.system import locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.base import Listing
    from rezup.system.leftovers import Leaving


#: Seconds that a revision may be gone because a new one takes its place, which takes milliseconds.
_GAP = 3.0

#: Seconds in which whoever asks for a lock, or removes a revision, has let go of it again.
_PATIENCE = 0.05


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

    def may_enter(self, container: ContainerName, revision: Stamp) -> bool:
        """False for a revision whose folder nobody lets us into, so that nothing in it can be told."""
        path = self.find(container, revision)
        try:
            if path is not None:
                os.stat(path / LEASE)
        except PermissionError:
            return False
        except OSError:
            pass
        return True

    def _listed(self, container: ContainerName, found: dict[str, Any]) -> Listing:
        """A revision that another one takes the place of at this moment is waited for.

        It comes back if whoever does that was killed, or isn't heard of any more.
        """
        from rezup.system.leftovers import give_back

        end, is_last = time.monotonic() + _GAP, False
        while (lost := _lost(found)) and not is_last:
            is_over = time.monotonic() >= end
            is_last = is_over or all(leaving.is_dead for _, leaving in lost)
            for aside, leaving in lost:
                if is_over or leaving.is_dead:
                    with contextlib.suppress(OSError):
                        give_back(self.root / container / aside)
            time.sleep(0 if is_last else 0.005)
            found = look(self.root / container)
        return as_listing(found)

    def holders(
        self, container: ContainerName, revision: Stamp, *, patience: float = _PATIENCE
    ) -> tuple[str, ...]:
        """Who uses a revision, in words; empty if nobody does, as far as can be seen.

        :param patience: seconds for those to let go who only look who uses it, or are removing it
        """
        from rezup.system import holders

        path = self.find(container, revision)
        if path is None:
            return ()
        # rezup 2.x sets no such variables, and its revisions have no lease: their PATH tells.
        marks = {"REZUP_CONTAINER": container, "REZUP_REVISION": revision}
        has_lease = os.path.exists(path / LEASE)  # False, too, where nobody lets us in
        found = {*holders.with_environment(marks if has_lease else {}, path_below=path)}
        with _alone(path / LEASE, 0 if found else patience) as free:
            pass
        if free is not True:  # else whoever has it open but asks, as we do
            found.update(holders.open_by(path / LEASE))
        if found:
            return tuple(str(holder) for holder in sorted(found))
        return ("an unknown process",) if free is False else ()

    def remove(self, container: ContainerName, revision: Stamp, *, reporter: Reporter | None = None) -> bool:
        with self._unused(container, revision) as path:
            return path is not None and super().remove(container, revision, reporter=reporter)

    @contextlib.contextmanager
    def _unused(self, container: ContainerName, revision: Stamp) -> Iterator[Path | None]:
        """A revision that nobody uses, nor can begin to meanwhile; None if there is none any more.

        :raises RevisionInUseError: somebody uses it
        """
        path = self.find(container, revision)
        if path is None:
            yield None
            return
        users = self.holders(container, revision)
        with _alone(path / LEASE, 0 if users else _PATIENCE) as free:
            if not users and free is not False:
                yield path
            elif self.find(container, revision) is None:
                yield None  # they were removing it
            else:
                raise RevisionInUseError(
                    f"revision {revision} of {container} is in use",
                    holders=users or ("an unknown process",),
                    hint="leave its shells, then try again",
                )

    def stage(self, container: ContainerName) -> Path:
        staging = super().stage(container)
        try:
            (staging / LEASE).touch(mode=0o644)
        except OSError as error:
            from rezup.system.files import remove_tree

            with contextlib.suppress(OSError):
                remove_tree(staging)
            raise self._unwritable(error) from error
        return staging

    def settle(self, container: ContainerName, staging: Path, at: Stamp) -> bool:
        """Make a revision that was staged and sealed visible under this very stamp; False if one is there.

        :raises OSError: it could not be renamed; nothing became visible
        """
        from rezup.system.files import rename_new

        return rename_new(staging, self.folder(container, at))

    def replace(
        self, container: ContainerName, staging: Path, at: Stamp, *, is_broken: Callable[[], bool]
    ) -> bool:
        """Swap a revision that was staged and sealed with a broken one, which is at `staging` then.

        :param is_broken: asked while nobody can begin to use what is there
        :returns: False if there is none to be replaced any more, see `settle`
        :raises RevisionInUseError: somebody uses it
        :raises StoreError: it is none of rezup's
        :raises OSError: it could not be renamed; nothing was changed
        """
        from rezup.system.swapping import swap

        with self._unused(container, at) as path:
            if path is None or path != self.folder(container, at) or not is_broken():
                return False
            if not is_revision(path, self.root):
                raise left_alone(path)
            return swap(staging, path)

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


def _lost(found: dict[str, Any]) -> list[tuple[str, Leaving]]:
    """Revisions that one look saw under the name of an aside alone, by that name."""
    if "asides" not in found:
        return []
    from rezup.system.leftovers import parse

    asides = [(name, leaving) for name in found["asides"] if (leaving := parse(name)) is not None]
    known = {*found["revisions"], *found["legacy"]}
    return [(name, each) for name, each in asides if Stamp.is_stamp(each.called) and each.called not in known]


@contextlib.contextmanager
def _alone(lease: Path, patience: float) -> Iterator[bool | None]:
    """Try to lock a lease against every hold, see `locks.exclusive`.

    :param patience: seconds to try it again, as others ask in the same way, each for a moment
    """
    end = time.monotonic() + patience
    while True:
        with locks.exclusive(lease) as free:
            if free is not False or time.monotonic() >= end:
                yield free
                return
        time.sleep(0.005)
