"""`add --remote`: giving a recipe, and what it is locked to, to the whole studio."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers.creation import Maker, recipe_receipt
from rezup.containers.workroom import workroom
from rezup.errors import RecipeError, RemoteUnreachableError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from rezup.containers.building import Builder, LockedFolder
    from rezup.containers.locked import GivenLocks
    from rezup.containers.proving import Proof, Prover
    from rezup.containers.remembered import Remembered
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.wheelhouse.store import Wheelhouse


#: Seconds to wait for each look at what was published before; no launch waits for it.
_READ_TIMEOUT = 15.0


class Published(NamedTuple):
    """A revision that everybody sees now."""

    stamp: Stamp
    proof: Proof | None
    """What was found to work; None without a proof."""


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
            if self.how.wheelhouse:
                self.builder.download(recipe, found, container, given)
            proof = self.prove and self.prove(container, recipe, self.remote, found, given, work)
            stamp = self._publish(container, recipe, found, is_proved=proof is not None)
        if self.how.also_2x:
            legacy_writing.write(self.remote, container, stamp, recipe, found.locks, self.maker)
        return Published(stamp, proof)

    def find(self, container: ContainerName, recipe: Recipe, given: GivenLocks) -> Stamp | None:
        """The newest revision of the remote root with this recipe and these locks; None if there is none.

        :raises RecipeError: it could not be published, see `__call__`
        :raises RemoteUnreachableError: the remote root isn't there
        """
        from rezup.containers.building import digests
        from rezup.containers.inventory import readable_receipt

        self._check(recipe)
        locks = digests(given.files)
        remote = type(self.remote)(self.remote.root, timeout=_READ_TIMEOUT)
        with contextlib.suppress(RemoteUnreachableError):  # so is an empty one, which a publication begins
            for stamp in remote.listing(container).newest_first():
                receipt = readable_receipt(remote, container, stamp)
                if receipt and receipt.recipe_digest == recipe.digest and receipt.locks == locks:
                    return stamp
        return None

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
    ) -> Stamp:
        from rezup.containers.building import digests
        from rezup.system.files import is_writable_by_all
        from rezup.wheelhouse.store import Wheelhouse

        root = self.remote.root
        self.remote.check_begun(is_known=self.remembered.knows_root())  # a proof takes long
        carry(found, Wheelhouse(root))
        receipt = recipe_receipt(
            container, recipe, self.maker, digests=digests(found.files), locks=found.locks, verified=is_proved
        )
        files = {RECIPE: recipe.data, **found.files, RECEIPT: receipt.to_bytes()}
        stamp = self.remote.publish(container, files, Stamp.at(time.time()))
        with contextlib.suppress(StoreError):
            self.remembered.keep(container, self.remote.listing(container))
        with contextlib.suppress(OSError):
            if is_writable_by_all(root):
                self.builder.reporter.warning(
                    f"anybody may write to {root}, and so run code on every machine that uses it"
                )
        return stamp


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


def carry(found: LockedFolder, house: Wheelhouse) -> None:
    """Put the wheels beside locks into a house; those that are there already stay.

    What killed processes left there goes.

    :raises StoreError: it can't be written
    """
    house.sweep()
    for lock in found.locks.values():
        for package in lock.packages:
            for wheel in package.wheels:
                path = found.folder / WHEELS / wheel.name
                if path.is_file():
                    house.put(path, wheel)
