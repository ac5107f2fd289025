"""`add --remote`: giving a recipe, and what it is locked to, to the whole studio."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.containers.creation import Maker, recipe_receipt
from rezup.containers.workroom import workroom
from rezup.errors import RecipeError, RemoteUnreachableError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE, Listing
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rezup.containers.building import Builder, LockedFolder
    from rezup.containers.locked import GivenLocks
    from rezup.containers.proving import Proof, Prover
    from rezup.containers.receipt import Receipt
    from rezup.containers.remembered import Remembered
    from rezup.lockfiles.lock import FindWheel, Lock, Wheel
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.wheelhouse.store import Wheelhouse


#: Seconds that a listing may take, and then all looks at what was published before together; no launch waits.
_READ_TIMEOUT = 15.0

#: So many of the newest revisions are compared with one that is published in any case.
_COMPARED = 20

#: What follows where those looks fail.
_MAYBE_AGAIN = "publishing, maybe what was published before"


class Published(NamedTuple):
    """A revision that everybody sees now."""

    stamp: Stamp
    proof: Proof | None
    """What was found to work; None without a proof."""
    pinned: Stamp | None = None
    """What the remote root pins, so that nobody gets this one."""
    left_on: Stamp | None = None
    """What hosts on rezup 2.x stay on; None where they follow, or there are none."""

    def warnings(self, container: ContainerName) -> list[str]:
        """Who doesn't get it, and what to do about that; a line each."""
        found = []
        if self.pinned is not None:
            found.append(
                f"{container} is pinned to {self.pinned} for the whole studio; "
                f"nobody gets {self.stamp} before `rezup unpin {container} --remote`"
            )
        if self.left_on is not None:
            found.append(f"hosts on rezup 2.x stay on {self.left_on}: publish with --also-2x")
        return found


class Existing(NamedTuple):
    """A revision with the same recipe and locks, which everybody has seen before."""

    stamp: Stamp
    taken: Stamp
    """What the studio takes: the revision that the remote root pins, else the newest there."""


class Publishing(NamedTuple):
    """How a revision is published."""

    allow_local_paths: bool = False
    """Publish paths that other machines may not see."""
    wheelhouse: bool = False
    """Put all wheels there, so that no machine needs an index."""
    also_2x: bool = False
    """Write the shape of rezup 2.x beside it."""


class Publisher:
    """Publishes to one remote root.

    :param prove: None publishes without a proof
    :param remembered: what the root said last
    """

    def __init__(
        self,
        remote: RemoteStore,
        *,
        builder: Builder,
        maker: Maker,
        prove: Prover | None,
        how: Publishing,
        remembered: Remembered,
    ) -> None:
        self.remote = remote
        self.builder = builder
        self.maker = maker
        self.prove = prove
        self.how = how
        self.remembered = remembered

    def __call__(
        self, container: ContainerName, recipe: Recipe, given: GivenLocks | None = None
    ) -> Published:
        """Add a revision; every machine builds it, by its locks, at its next launch.

        It is proved before: nothing is written to the remote root until it was built and started here.

        :param given: locks to publish, instead of those of the recipe, or new ones
        :raises LockError: the recipe can't be locked
        :raises RecipeError: it has a literal secret, a path that others can't see, or what 2.x can't do
        :raises InstallError: it can't be built here
        :raises ProofError: it doesn't start here, or can't be tried here
        :raises StoreError: the remote root can't be written
        """
        from rezup.containers import legacy_writing

        self._check(recipe)
        with workroom(self.builder.cache) as work:
            locks = work / "locks"
            locks.mkdir()
            found = self.builder.lock(recipe, locks, container, given=given)
            if given is None:
                self._tell_same(container, recipe, found)
            if self.how.wheelhouse:
                self.builder.download(recipe, found, container, given)
            proof = self.prove and self.prove(container, recipe, self.remote, found, given, work)
            stamp, listing = self._publish(container, recipe, found, is_proved=proof is not None)
        if self.how.also_2x:
            legacy_writing.write(self.remote, container, stamp, recipe, found.locks, self.maker)
        if listing is None:
            return Published(stamp, proof)
        left_on = None if self.how.also_2x else _left_on(listing, stamp)
        return Published(stamp, proof, _pin(listing), left_on)

    def find(self, container: ContainerName, recipe: Recipe, given: GivenLocks) -> Existing | None:
        """The newest revision of the remote root with this recipe and these locks; None if there is none.

        It counts if its files are what was published, and if it was proved where a proof is wanted.

        :raises RecipeError: it could not be published, see `__call__`
        :raises RemoteUnreachableError: the remote root isn't there
        """
        from rezup.containers.building import digests

        self._check(recipe)
        listing = self._listing(container)
        remote = _Patient(self.remote.root, _READ_TIMEOUT)
        same = self._same(remote, container, listing.newest_first(), recipe, digests(given.files))
        for stamp, receipt in same:
            if self._counts(remote, container, stamp, receipt):
                return Existing(stamp, _pin(listing) or listing.newest or stamp)
        return None

    def _listing(self, container: ContainerName) -> Listing:
        """What the remote root has of a container; nothing where that can't be told, which is warned of."""
        try:
            return RemoteStore(self.remote.root, timeout=_READ_TIMEOUT).listing(container)
        except RemoteUnreachableError as error:
            cause = error.__cause__
            if not isinstance(cause, OSError):
                self._warn_of_silence(self.remote.root / container)
            elif cause.errno != errno.ENOENT:  # an empty root is one that a publication begins
                self.builder.reporter.warning(
                    f"{self.remote.root / container} can't be read ({cause.strerror}); {_MAYBE_AGAIN}"
                )
            return Listing(frozenset(), exists=False)

    def _same(
        self,
        remote: _Patient,
        container: ContainerName,
        stamps: Iterable[Stamp],
        recipe: Recipe,
        locks: Mapping[str, str],
    ) -> Iterator[tuple[Stamp, Receipt]]:
        """Those of some revisions that have this recipe and these locks, by their receipts.

        :param locks: SHA-256 by name
        """
        from rezup.containers.inventory import readable_receipt

        for stamp in stamps:
            receipt = readable_receipt(remote, container, stamp)
            if receipt is not None and (receipt.recipe_digest, receipt.locks) == (recipe.digest, locks):
                yield stamp, receipt
            if remote.is_over:
                self._warn_of_silence(remote.root / container / stamp)
                return

    def _warn_of_silence(self, path: Path) -> None:
        self.builder.reporter.warning(f"{path} doesn't answer within {_READ_TIMEOUT:g} s; {_MAYBE_AGAIN}")

    def _tell_same(self, container: ContainerName, recipe: Recipe, found: LockedFolder) -> None:
        """Say that a revision like the one to be published is there, as it is published all the same."""
        from rezup.containers.building import digests

        stamps = self._listing(container).newest_first()[:_COMPARED]
        remote = _Patient(self.remote.root, _READ_TIMEOUT)
        same = next(self._same(remote, container, stamps, recipe, digests(found.files)), None)
        if same is not None:
            self.builder.reporter.info(f"{container}: same recipe and locks as revision {same[0]}")

    def _counts(self, remote: _Patient, container: ContainerName, stamp: Stamp, receipt: Receipt) -> bool:
        """Whether a revision is as good as one published now would be; why not is told."""
        where = f"revision {stamp} on {remote.root} has the same recipe and locks"
        if self.prove and not receipt.verified:
            self.builder.reporter.info(f"{where}, but was published without a proof: it doesn't count")
            return False
        is_whole = _is_whole(remote, container, stamp, {RECIPE: receipt.recipe_digest, **receipt.locks})
        if not is_whole and not remote.is_over:
            self.builder.reporter.warning(f"{where}, but its files were lost or changed: it doesn't count")
        return is_whole

    def add_wheels(self, given: GivenLocks) -> int:
        """Put the wheels of locks whose revision is there onto the remote root, too.

        :returns: how many it didn't have
        :raises HashMismatchError: one isn't the one that was locked
        :raises StoreError: the remote root can't be written
        """
        from rezup.lockfiles.reading import parse
        from rezup.wheelhouse.store import Wheelhouse

        locks = [parse(data, f"{name} of {given.source}") for name, data in given.files.items()]
        return carry(locks, given.find, Wheelhouse(self.remote.root))

    def _check(self, recipe: Recipe) -> None:
        """Refuse what is not for others, or can't go to them, before anything is done."""
        from rezup.containers import legacy_writing
        from rezup.recipes.sharing import unshareable

        self.remote.check_begun(is_known=self.remembered.knows_root())
        refuse_literal_secrets(recipe, "on the remote")
        hidden = () if self.how.allow_local_paths else unshareable(recipe, [self.remote.root])
        if hidden:
            raise RecipeError(
                "the recipe has paths that other machines may not see",
                problems=hidden,
                hint="put them on the share, or say --allow-local-paths if every machine has them",
            )
        if self.how.also_2x:
            legacy_writing.check(recipe, allow_local_paths=self.how.allow_local_paths)
        if self.prove:
            self.prove.check_platforms(recipe.platforms, "the recipe")

    def _publish(
        self, container: ContainerName, recipe: Recipe, found: LockedFolder, *, is_proved: bool
    ) -> tuple[Stamp, Listing | None]:
        """Make it visible; also what the remote root has then, None where it doesn't tell."""
        from rezup.containers.building import digests
        from rezup.system.files import is_writable_by_all
        from rezup.wheelhouse.store import Wheelhouse

        root = self.remote.root
        self.remote.check_begun(is_known=self.remembered.knows_root())  # a proof takes long
        carry(found.locks.values(), _beside(found), Wheelhouse(root))
        receipt = recipe_receipt(
            container, recipe, self.maker, digests=digests(found.files), locks=found.locks, verified=is_proved
        )
        files = {RECIPE: recipe.data, **found.files, RECEIPT: receipt.to_bytes()}
        stamp = self.remote.publish(container, files, Stamp.at(time.time()))
        listing = None
        with contextlib.suppress(StoreError):
            listing = RemoteStore(root, timeout=_READ_TIMEOUT).listing(container)
            self.remembered.keep(container, listing)
        with contextlib.suppress(OSError):
            if is_writable_by_all(root):
                self.builder.reporter.warning(
                    f"anybody may write to {root}, and so run code on every machine that uses it"
                )
        return stamp, listing


def refuse_literal_secrets(recipe: Recipe, where: str) -> None:
    """Keep a recipe with secrets on this machine.

    :param where: it would be read, such as "on the remote"
    :raises RecipeError: it has one
    """
    from rezup.recipes.secrets import literal_secrets

    secrets = literal_secrets(recipe)
    if secrets:
        raise RecipeError(
            f"the recipe holds a secret, which everybody could read {where}",
            problems=secrets,
            hint="write ${VARIABLE} in its place; each machine sets that variable",
        )


def carry(locks: Iterable[Lock], find: FindWheel, house: Wheelhouse) -> int:
    """Put the wheels of locks into a house; those that are there already stay.

    What killed processes left there goes.

    :param find: where wheels are; what it doesn't have is left out
    :returns: how many were not there
    :raises StoreError: it can't be written
    """
    house.sweep()
    added = 0
    for lock in locks:
        for package in lock.packages:
            for wheel in package.wheels:
                path = find(wheel)
                if path is not None:
                    added += house.find(wheel) is None
                    house.put(path, wheel)  # one that is there is marked as wanted again
    return added


def _beside(found: LockedFolder) -> FindWheel:
    """The wheels beside locks, not looked into: whoever takes one checks it."""

    def find(wheel: Wheel) -> Path | None:
        path = found.folder / WHEELS / wheel.name
        return path if path.is_file() else None

    return find


class _Patient(RemoteStore):
    """A remote root whose answers may take long, but all together no longer than one of them.

    :param timeout: seconds
    """

    def __init__(self, root: Path, timeout: float) -> None:
        super().__init__(root, timeout=timeout)
        self._end = time.monotonic() + timeout

    @property
    def is_over(self) -> bool:
        """Whether the time is up, so that no answer is to be had."""
        return time.monotonic() >= self._end

    def _do(self, operation: Callable[[], Any], *, patience: int = 1) -> Any:
        self.timeout = max(self._end - time.monotonic(), 0.0)
        return super()._do(operation, patience=patience)


def _is_whole(
    remote: RemoteStore, container: ContainerName, stamp: Stamp, digests: Mapping[str, str]
) -> bool:
    """Whether files of a revision can be read and are what they were.

    :param digests: SHA-256 by name
    """
    for name, digest in digests.items():
        try:
            data = remote.read(container, stamp, name)
        except StoreError:
            return False
        if data is None or hashlib.sha256(data).hexdigest() != digest:
            return False
    return True


def _pin(listing: Listing) -> Stamp | None:
    """The pin that counts: one of what is there."""
    return listing.pin if listing.pin in listing.everything else None


def _left_on(listing: Listing, published: Stamp) -> Stamp | None:
    """What rezup 2.x takes, where the studio still published for it before this revision.

    It did if any revision has both shapes, or if the last one had the old one. A root that was left long ago
    has neither, and its old revisions are nobody's concern.
    """
    newest = max(listing.legacy, key=_order, default=None)
    before = max(listing.everything - {published}, key=_order, default=None)
    has_twins = bool(listing.legacy & listing.revisions)
    return newest if has_twins or before == newest else None


def _order(stamp: Stamp) -> tuple[int, str, str]:
    return stamp.order
