"""`drop`: taking revisions off this machine."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from rezup.containers.choice import match
from rezup.errors import ContainerNotFoundError, RevisionInUseError
from rezup.stores.base import RECEIPT

if TYPE_CHECKING:
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp


def targets(container: ContainerName, revision: str | None, store: LocalStore) -> list[Stamp]:
    """The revisions that `drop` would remove, newest first.

    :raises ContainerNotFoundError: the container has none on this machine
    :raises RevisionNotFoundError: it has no such revision
    """
    stamps = store.listing(container).newest_first()
    if not stamps:
        raise ContainerNotFoundError(
            f"there is no container {container} in {store.root}", hint="`rezup list` shows what there is"
        )
    return stamps if revision is None else [match(revision, stamps, container)]


def drop(
    container: ContainerName, revision: str | None, store: LocalStore, *, reporter: Reporter
) -> list[Stamp]:
    """Remove one revision, or all; what is in use stays, and is an error after the rest is gone.

    :returns: what was removed
    :raises RevisionInUseError: somebody uses one of them
    :raises UnsupportedFormatError: a newer rezup made one of them
    """
    removed, refused = [], []
    for stamp in targets(container, revision, store):
        _refuse_newer(container, stamp, store)
        try:
            store.remove(container, stamp)
        except RevisionInUseError as error:
            refused.append(error)
        else:
            removed.append(stamp)
            reporter.debug(f"removed {container}@{stamp}")
    if refused:
        if len(refused) == 1:
            raise refused[0]
        raise RevisionInUseError(
            f"{len(refused)} revisions of {container} are in use",
            holders=[holder for error in refused for holder in error.holders],
            hint=refused[0].hint,
        )
    store.remove_leftovers(container)
    return removed


def _refuse_newer(container: ContainerName, stamp: Stamp, store: LocalStore) -> None:
    """What a newer rezup made is left alone.

    :raises UnsupportedFormatError: the receipt is of such a format
    """
    from rezup.containers.receipt import DamagedReceiptError, parse

    data = store.read(container, stamp, RECEIPT)
    if data is not None:
        with contextlib.suppress(DamagedReceiptError):
            parse(data)
