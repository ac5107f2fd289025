"""`add --remote`: giving a recipe to the whole studio."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rezup.containers.creation import Maker, recipe_receipt
from rezup.errors import RecipeError
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.remote import RemoteStore


def publish(
    container: ContainerName,
    recipe: Recipe,
    remote: RemoteStore,
    *,
    maker: Maker,
    reporter: Reporter,
    allow_local_paths: bool,
) -> Stamp:
    """Add a revision to the remote root; every machine builds it at its next launch.

    :param allow_local_paths: publish paths that other machines may not see
    :raises RecipeError: the recipe has a literal secret, or a path that others can't see
    :raises StoreError: the remote root can't be written; nothing became visible
    """
    from rezup.recipes.secrets import literal_secrets
    from rezup.recipes.sharing import unshareable
    from rezup.system.files import is_writable_by_all

    secrets = literal_secrets(recipe)
    if secrets:
        raise RecipeError(
            "the recipe holds a secret, which everybody could read on the remote",
            problems=secrets,
            hint="write ${VARIABLE} in its place; each machine sets that variable",
        )
    hidden = () if allow_local_paths else unshareable(recipe, [remote.root])
    if hidden:
        raise RecipeError(
            "the recipe has paths that other machines may not see",
            problems=hidden,
            hint="put them on the share, or say --allow-local-paths if every machine has them",
        )
    receipt = recipe_receipt(container, recipe, maker)
    stamp = remote.publish(
        container, {RECIPE: recipe.data, RECEIPT: receipt.to_bytes()}, Stamp.at(time.time())
    )
    try:
        if is_writable_by_all(remote.root):
            reporter.warning(
                f"anybody may write to {remote.root}, and so run code on every machine that uses it"
            )
    except OSError:
        pass
    return stamp
