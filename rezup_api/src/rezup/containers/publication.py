"""`add --remote`: giving a recipe, and what it is locked to, to the whole studio."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rezup.containers.creation import Maker, recipe_receipt
from rezup.containers.workroom import workroom
from rezup.errors import RecipeError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from rezup.containers.building import Builder, LockedFolder
    from rezup.containers.locked import GivenLocks
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.remote import RemoteStore
    from rezup.wheelhouse.store import Wheelhouse


def publish(
    container: ContainerName,
    recipe: Recipe,
    remote: RemoteStore,
    *,
    builder: Builder,
    maker: Maker,
    reporter: Reporter,
    allow_local_paths: bool,
    wheelhouse: bool = False,
    given: GivenLocks | None = None,
) -> Stamp:
    """Add a revision to the remote root; every machine builds it, by its locks, at its next launch.

    :param allow_local_paths: publish paths that other machines may not see
    :param wheelhouse: put all wheels there, so that no machine needs an index
    :param given: locks to publish, instead of those of the recipe, or new ones
    :raises LockError: the recipe can't be locked
    :raises RecipeError: the recipe has a literal secret, or a path that others can't see
    :raises StoreError: the remote root can't be written; nothing became visible
    """
    from rezup.containers.building import digests
    from rezup.recipes.sharing import unshareable
    from rezup.system.files import is_writable_by_all
    from rezup.wheelhouse.store import Wheelhouse

    refuse_literal_secrets(recipe, "on the remote")
    hidden = () if allow_local_paths else unshareable(recipe, [remote.root])
    if hidden:
        raise RecipeError(
            "the recipe has paths that other machines may not see",
            problems=hidden,
            hint="put them on the share, or say --allow-local-paths if every machine has them",
        )
    with workroom(builder.cache) as work:
        found = builder.lock(recipe, work, container, given=given)
        if wheelhouse:
            builder.download(recipe, found, container, given)
        carry(found, Wheelhouse(remote.root))
    receipt = recipe_receipt(container, recipe, maker, digests=digests(found.files), locks=found.locks)
    files = {RECIPE: recipe.data, **found.files, RECEIPT: receipt.to_bytes()}
    stamp = remote.publish(container, files, Stamp.at(time.time()))
    try:
        if is_writable_by_all(remote.root):
            reporter.warning(
                f"anybody may write to {remote.root}, and so run code on every machine that uses it"
            )
    except OSError:
        pass
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

    :raises StoreError: it can't be written
    """
    for lock in found.locks.values():
        for package in lock.packages:
            for wheel in package.wheels:
                path = found.folder / WHEELS / wheel.name
                if path.is_file():
                    house.put(path, wheel)
