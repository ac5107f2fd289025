"""`drop`, and what `prune` has in common with it: taking revisions off this machine."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from rezup.containers.choice import match
from rezup.containers.history import Entry
from rezup.containers.pinning import write_pin
from rezup.errors import (
    ContainerError,
    ContainerNotFoundError,
    RevisionInUseError,
    RevisionNotReadyError,
    StoreError,
)
from rezup.stores.base import PIN, RECEIPT

if TYPE_CHECKING:
    from rezup.containers.pinning import Author
    from rezup.errors import RezupError
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp


def targets(container: ContainerName, revision: str | None, store: LocalStore) -> list[Stamp]:
    """The revisions that `drop` would remove, newest first.

    :raises ContainerNotFoundError: the container has none on this machine
    :raises RevisionNotFoundError: it has no such revision
    :raises ContainerError: it is pinned here, so that `use` would ask for what is gone
    """
    listing = store.listing(container)
    stamps = listing.newest_first()
    if not stamps:
        raise ContainerNotFoundError(
            f"there is no container {container} in {store.root}", hint="`rezup list` shows what there is"
        )
    if revision is None:
        return stamps
    found = match(revision, stamps, container)
    if found == listing.pin:
        raise ContainerError(
            f"revision {found} of {container} is pinned here, and stays",
            context=f"{store.root / container / PIN} names it",
            hint=f"lift the pin first: rezup unpin {container}",
        )
    return [found]


def drop(
    container: ContainerName, revision: str | None, store: LocalStore, *, author: Author, reporter: Reporter
) -> list[Stamp]:
    """Remove one revision, or all; what has to stay is an error after the rest is gone.

    With all of them goes the pin of this machine, which the history tells.

    :returns: what was removed
    :raises RevisionInUseError: somebody uses one of them
    :raises UnsupportedFormatError: a newer rezup made one of them
    :raises RevisionNotReadyError: one of them is not of rezup 2 or 3
    :raises StoreError: one of them can't be removed
    :raises ContainerError: several stay, for different reasons
    """
    removed: list[Stamp] = []
    refused: list[RezupError] = []
    pin = store.listing(container).pin
    for stamp in targets(container, revision, store):
        try:
            is_ours = take_off(container, stamp, store, reporter=reporter)
        except (ContainerError, StoreError) as error:
            refused.append(error)
            continue
        if is_ours:  # else somebody else removed it just now
            removed.append(stamp)
            reporter.debug(f"removed {container}@{stamp}")
    if pin is not None and (pin in removed or not store.listing(container).everything):
        _lift_pin(container, pin, store, author=author, reporter=reporter)
    if refused:
        raise _refusal(container, refused, removed)
    store.remove_leftovers(container)
    return removed


def take_off(container: ContainerName, stamp: Stamp, store: LocalStore, *, reporter: Reporter) -> bool:
    """Remove a revision that is ours to remove and that nobody uses; one that is missing is fine.

    :returns: whether it was there
    :raises RevisionInUseError: somebody uses it
    :raises UnsupportedFormatError: a newer rezup made it
    :raises RevisionNotReadyError: it is not of rezup 2 or 3
    :raises StoreError: it can't be removed
    """
    _refuse_others(container, stamp, store)
    return store.remove(container, stamp, reporter=reporter)


def _lift_pin(
    container: ContainerName, pin: Stamp, store: LocalStore, *, author: Author, reporter: Reporter
) -> None:
    """Take away a pin that would name nothing."""
    entry = Entry(round(time.time(), 6), "unpin", *author, pin, None, "its revision was dropped")
    try:
        write_pin(store, container, entry, reporter=reporter)
    except StoreError as error:  # the revisions are gone nevertheless
        reporter.warning(str(error))


def _refusal(container: ContainerName, refused: list[RezupError], removed: list[Stamp]) -> RezupError:
    """One error for all that stays, which says what is gone nevertheless."""
    gone = f"; removed: {', '.join(removed)}" if removed else ""
    if len(refused) == 1:
        (error,) = refused
        if gone:
            error.context = f"{error.context or 'it stays'}{gone}"
        return error
    in_use = [error for error in refused if isinstance(error, RevisionInUseError)]
    if len(in_use) == len(refused):
        holders = [holder for error in in_use for holder in error.holders]
        return RevisionInUseError(
            f"{len(refused)} revisions of {container} are in use",
            holders=holders,
            context=", ".join(holders) + gone,
            hint=refused[0].hint,
        )
    kinds = {type(error) for error in refused}
    kind = kinds.pop() if len(kinds) == 1 else ContainerError
    return kind(
        f"{len(refused)} revisions of {container} stay",
        context="; ".join(map(str, refused)) + gone,
        hint=next((error.hint for error in refused if error.hint), None),
    )


def _refuse_others(container: ContainerName, stamp: Stamp, store: LocalStore) -> None:
    """What a newer rezup made, or rezup 1.x, or something else, is left alone.

    :raises UnsupportedFormatError: the receipt is of a newer format
    :raises RevisionNotReadyError: the receipt is foreign
    """
    from rezup.containers import receipt as receipts

    data = store.read(container, stamp, RECEIPT)
    if data is None:
        return
    try:
        receipts.parse(data)
    except receipts.ForeignReceiptError as error:
        if not receipts.is_of_rezup_2(data):
            raise RevisionNotReadyError(
                f"revision {stamp} of {container} is left alone",
                context=f"its receipt is foreign: {error}",
                hint="remove its folder by hand if nobody needs it",
            ) from error
    except receipts.DamagedReceiptError:
        return  # what a crash left of one of ours
