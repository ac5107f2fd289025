"""Building a revision that others have, or that broke: by what the remote or its own folder has of it."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.containers.creation import MADE_HERE, Provenance
from rezup.errors import ContainerError, InterpreterNotFoundError, LockError, RevisionNotReadyError
from rezup.lockfiles.lock import WHEELS
from rezup.recipes.parse import parse
from rezup.stores.base import RECEIPT, RECIPE
from rezup.system import locks
from rezup.wheelhouse.finding import first_of, in_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rezup.containers.backoff import Attempt
    from rezup.containers.creation import Workshop
    from rezup.containers.locked import GivenLocks
    from rezup.containers.revision import NotReadyError, Revision
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

#: Seconds to read a recipe from a remote root; a build follows, so there is time.
_READ_TIMEOUT = 15.0


class Obtaining:
    """Gives recipe and locks of a revision to the workshop, which builds it under its own name."""

    def __init__(
        self,
        local: LocalStore,
        remote: RemoteStore | None,
        workshop: Callable[[], Workshop],
        reporter: Reporter,
    ) -> None:
        self._local = local
        self._remote = remote
        self._workshop = workshop
        self._reporter = reporter

    def pull(
        self,
        container: ContainerName,
        stamp: Stamp,
        attempt: Attempt | None = None,
        *,
        quickly: bool = False,
    ) -> Revision:
        """Build a revision of the remote.

        :param quickly: there is something to fall back to, so the remote is not waited for
        :raises RevisionNotReadyError: it is incomplete or damaged there
        :raises LockError: what a lock names doesn't fit or can't be had
        :raises InstallError: the environment can't be built
        :raises RemoteUnreachableError: the remote doesn't answer
        """
        if self._remote is None:
            raise ContainerError("there is no remote root", hint="set REZUP_ROOT_REMOTE or --remote-root")
        remote = self._remote if quickly else type(self._remote)(self._remote.root, timeout=_READ_TIMEOUT)
        data = remote.read(container, stamp, RECIPE)
        receipt = remote.read(container, stamp, RECEIPT)
        if data is None or receipt is None:
            raise RevisionNotReadyError(
                f"revision {stamp} of {container} is incomplete on the remote",
                context="it has no recipe" if data is None else "it has no receipt",
                hint=f"publish it anew; `rezup list {container}` shows the others",
            )
        digests, provenance = _remote_facts(container, stamp, receipt)
        recipe = parse(data, remote.folder(container, stamp) / RECIPE)
        given = locked.of_revision(
            digests,
            lambda name: remote.read(container, stamp, name),
            locked.in_remote(remote, self._reporter, timeout=_READ_TIMEOUT),
            f"revision {stamp} of {container} on the remote",
        )
        if remote.is_writable_by_all():
            self._reporter.warning(f"anybody may write to {remote.root}, and so decide what runs here")
        self._reporter.info(f"{container}: building revision {stamp} of the remote")
        return self._workshop().pull(container, recipe, stamp, provenance, given=given, attempt=attempt)

    def rebuild(
        self, container: ContainerName, stamp: Stamp, problem: NotReadyError, attempt: Attempt
    ) -> Revision:
        """Build a revision anew from its own copy of recipe and locks, under its own name.

        :param problem: why it has to be; raised where there is no recipe any more
        :raises LockError: what a lock names doesn't fit or can't be had
        :raises InstallError: the environment can't be built
        :raises locks.Gone: somebody else removes it, or builds it anew, at this moment
        """
        data = self._local.read(container, stamp, RECIPE)
        if data is None:
            if self._is_changing(container, stamp):
                raise locks.Gone(stamp)
            raise problem
        source, provenance = "", MADE_HERE
        digests: Mapping[str, str] = {}
        with contextlib.suppress(receipts.DamagedReceiptError):
            receipt = receipts.parse(self._local.read(container, stamp, RECEIPT) or b"")
            source, digests = receipt.recipe_source, receipt.locks
            provenance = Provenance(
                receipt.origin, receipt.verified, receipt.published_by, receipt.published_on
            )
        is_own = provenance.origin == "local"
        recipe = parse(data, Path(source) if source else None)
        found = self._local.find(container, stamp)
        if found is None:
            raise locks.Gone(stamp)
        self._reporter.warning(f"{problem}; building it anew")
        if found != self._local.folder(container, stamp):
            known = self._local.listing(container).everything  # this one is in the shape of rezup 2.x
            return self._workshop().create(container, recipe, keep_own=False, known=known)
        try:
            given = self._own_locks(container, stamp, recipe, digests)
        except LockError as error:
            if not is_own:  # under the studio's name there is but what the studio locked
                return self.pull(container, stamp, attempt)
            self._reporter.warning(f"{error}; locking anew")
            given = None
        try:
            return self._workshop().pull(container, recipe, stamp, provenance, given=given, attempt=attempt)
        except (LockError, InterpreterNotFoundError) as error:
            if not is_own and isinstance(error, LockError):
                return self.pull(container, stamp, attempt)
            if given is None or not is_own:
                raise
            self._reporter.warning(f"{container}: locked anew, as by its own lock it can't be built: {error}")
        return self._workshop().pull(container, recipe, stamp, MADE_HERE, attempt=attempt)

    def _is_changing(self, container: ContainerName, stamp: Stamp) -> bool:
        """Whether one whose recipe was missing is gone as a whole, or another is in its place by now."""
        is_gone = self._local.find(container, stamp) is None
        return is_gone or self._local.read(container, stamp, RECIPE) is not None

    def _own_locks(
        self, container: ContainerName, stamp: Stamp, recipe: Recipe, digests: Mapping[str, str]
    ) -> GivenLocks | None:
        """The locks of a broken revision, as far as they are what they were.

        :param digests: empty if its receipt can't be read; then the locks are taken as they are
        :raises LockError: one is missing
        :raises HashMismatchError: one was changed
        """

        def read(name: str) -> bytes | None:
            return self._local.read(container, stamp, name)

        wheels, source = in_folder(self._local.folder(container, stamp) / WHEELS), f"revision {stamp}"
        if self._remote is not None:
            wheels = first_of(wheels, locked.in_remote(self._remote, self._reporter, timeout=_READ_TIMEOUT))
        if not digests:
            files = {name: data for name in locked.lock_names(recipe) if (data := read(name))}
            return locked.GivenLocks(files, wheels, source) if files else None
        return locked.of_revision(digests, read, wheels, source)


def _remote_facts(
    container: ContainerName, stamp: Stamp, data: bytes
) -> tuple[Mapping[str, str], Provenance]:
    """Digests of the locks, and who published it, from the receipt; an older rezup told but the latter."""
    try:
        receipt = receipts.parse(data)
    except receipts.DamagedReceiptError as error:
        if not receipts.is_of_rezup_2(data):
            raise RevisionNotReadyError(
                f"revision {stamp} of {container} is damaged on the remote",
                context=str(error),
                hint=f"publish it anew; `rezup list {container}` shows the others",
            ) from error
        document = json.loads(data)
        creator, host = (str(document.get(name) or "") for name in ("creator", "hostname"))
        return {}, Provenance("remote", None, creator, host)
    return receipt.locks, Provenance("remote", receipt.verified, receipt.creator, receipt.host)
