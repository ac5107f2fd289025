"""What a revision was made from, wherever it is: recipe, locks and receipt."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.errors import RevisionNotFoundError, RevisionNotReadyError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE
from rezup.wheelhouse.finding import first_of, in_folder

if TYPE_CHECKING:
    from rezup.containers.locked import GivenLocks
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

#: Seconds to wait for a wheel on a remote root.
_READ_TIMEOUT = 15.0


class Source(NamedTuple):
    """What a revision was made from."""

    container: ContainerName
    recipe: Recipe
    receipt: receipts.Receipt
    given: GivenLocks | None
    """Its locks; None if it was made without."""


def of_revision(
    container: ContainerName,
    stamp: Stamp,
    local: LocalStore,
    remote: RemoteStore | None,
    reporter: Reporter,
) -> Source:
    """What a revision of this machine, else of the remote root, was made from.

    :raises RevisionNotFoundError: neither has it
    :raises RevisionNotReadyError: its receipt can't be read
    :raises RecipeError: its recipe can't be used
    :raises LockError: a lock is missing, or isn't what it was
    """
    from rezup.recipes.parse import parse

    for store in (local, remote):
        data = None if store is None else store.read(container, stamp, RECIPE)
        if store is None or data is None:
            continue
        receipt = _receipt(store.read(container, stamp, RECEIPT), container, stamp)
        if store is remote:
            receipt = receipt._replace(origin="remote")
        folder = store.folder(container, stamp)
        recipe = parse(data, Path(receipt.recipe_source) if receipt.recipe_source else folder / RECIPE)
        find = in_folder(folder / WHEELS)
        if remote is not None:
            find = first_of(find, locked.in_remote(remote, reporter, timeout=_READ_TIMEOUT))
        read = functools.partial(store.read, container, stamp)
        given = locked.of_revision(receipt.locks, read, find, f"revision {stamp} of {container}")
        return Source(container, recipe, receipt, given)
    raise RevisionNotFoundError(f"revision {stamp} of {container} has no recipe to share")


def _receipt(data: bytes | None, container: ContainerName, stamp: Stamp) -> receipts.Receipt:
    try:
        return receipts.parse(data or b"")
    except receipts.DamagedReceiptError as error:
        raise RevisionNotReadyError(
            f"the receipt of revision {stamp} of {container} can't be read", context=str(error)
        ) from error
