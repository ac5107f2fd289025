"""What there is: containers and revisions of all roots, for `list` and `status`."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.containers.receipt import DamagedReceiptError, Receipt, is_of_rezup_2
from rezup.containers.receipt import parse as parse_receipt
from rezup.containers.revision import NotReadyError
from rezup.errors import (
    ContainerError,
    LockError,
    RemoteUnreachableError,
    StoreError,
    UnsupportedFormatError,
)
from rezup.lockfiles.names import lock_name
from rezup.stores.base import RECEIPT, RECIPE, Listing
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.containers.acquisition import Acquisition
    from rezup.recipes.names import ContainerName
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore

READY = "ready"

#: The state of a revision that only the remote has.
NOT_HERE = "not here"

#: Of so many revisions that only the remote has, the newest ones, the version of Rez is looked up.
VERSIONS_READ = 50

#: Seconds after which no more revisions of a remote are asked what they say; no launch waits.
_LOOKING = 15.0

_NOTHING = Listing(frozenset(), exists=False)


@dataclass(frozen=True, slots=True)
class ContainerSummary:
    """One container and where it exists."""

    name: ContainerName
    local: int
    """Number of revisions on this machine."""
    remote: int | None
    """Number of revisions on the remote root; None if there is no remote, or it is unreachable."""
    recipe: Path | None
    newest: Stamp | None
    pinned: Stamp | None
    """The pin that counts: of this machine, else of the remote root."""
    ignored_pin: str | None
    """What the stronger of the pins that count for nothing says: no revision, or one that isn't there."""


@dataclass(frozen=True, slots=True)
class RevisionSummary:
    """One revision and what is known of it."""

    stamp: Stamp
    is_local: bool
    is_remote: bool
    state: str
    """Either "ready", or why not; a revision that is only on the remote is "not here"."""
    is_legacy: bool
    receipt: Receipt | None
    """That of this machine; of a revision that is only on the remote, the one there."""
    folder: Path | None
    rez_version: str | None
    """By the receipt, or by the lock on the remote for the newest `VERSIONS_READ` of what isn't here."""


class Looks:
    """What the revisions of a remote say of themselves; not asked again once it gave no answer.

    :param remote: None without one, or where it didn't answer
    :param seconds: after which nothing more is asked, however well it answers
    """

    def __init__(self, remote: RemoteStore | None, *, seconds: float = _LOOKING) -> None:
        self._remote = remote
        self._end = time.monotonic() + seconds
        self._versions: dict[str, str | None] = {}
        """By the SHA-256 of the lock of Rez: many revisions have the same."""

    def receipt(self, container: ContainerName, stamp: Stamp) -> Receipt | None:
        """The receipt; None where it can't be read."""
        data = self._read(container, stamp, RECEIPT)
        try:
            return None if data is None else parse_receipt(data)
        except (DamagedReceiptError, UnsupportedFormatError):
            return None

    def rez_version(self, container: ContainerName, stamp: Stamp, receipt: Receipt) -> str | None:
        """The version of Rez that its lock has, several with commas between them; None if not known."""
        digest = receipt.locks.get(lock_name(None))
        if digest is None:  # one of rezup 2.x
            return None
        if digest not in self._versions:
            import hashlib

            data = self._read(container, stamp, lock_name(None))
            if data is None or hashlib.sha256(data).hexdigest() != digest:
                return None
            self._versions[digest] = _locked_rez(data)
        return self._versions[digest]

    def learn(self, receipt: Receipt | None) -> None:
        """What need not be looked up, as a revision of this machine was built by the same lock."""
        digest = receipt.locks.get(lock_name(None)) if receipt is not None else None
        if receipt is not None and digest is not None:
            self._versions.setdefault(digest, receipt.rez_version)

    def _read(self, container: ContainerName, stamp: Stamp, name: str) -> bytes | None:
        if self._remote is None or time.monotonic() >= self._end:
            return None
        try:
            return self._remote.read(container, stamp, name)
        except RemoteUnreachableError as error:
            if error.__cause__ is None:  # no answer in time; else it is only this file that is kept from us
                self._remote = None
            return None


def _locked_rez(data: bytes) -> str | None:
    from rezup.lockfiles.reading import parse

    try:
        packages = parse(data, lock_name(None)).packages
    except LockError:
        return None
    return ", ".join(sorted({each.version for each in packages if each.name == "rez"})) or None


def containers(
    local: LocalStore, remote: RemoteStore | None, recipes: Mapping[ContainerName, Path]
) -> tuple[list[ContainerSummary], RemoteUnreachableError | None]:
    """Every container known here, on the remote, or by its recipe only; sorted by name."""
    on_machine = local.overview()
    on_remote: Mapping[ContainerName, Listing] = {}
    unreachable = None
    if remote is not None:
        try:
            on_remote = remote.overview()
        except RemoteUnreachableError as error:
            unreachable, remote = error, None
    summaries = []
    for name in sorted({*on_machine, *on_remote, *recipes}):
        here = on_machine.get(name) or local.listing(name)  # which may have a pin alone
        there = on_remote.get(name, _NOTHING) if remote is not None else None
        both = {stamp for listing in (here, there) if listing is not None for stamp in listing.everything}
        pins = [pin for listing in (here, there) if listing is not None for pin in _pins(listing)]
        # Without an answer of the remote, a pin may name what is there.
        counting = [pin for pin in pins if isinstance(pin, Stamp) and (pin in both or unreachable)]
        summaries.append(
            ContainerSummary(
                name=name,
                local=len(here.everything),
                remote=None if there is None else len(there.everything),
                recipe=recipes.get(name),
                newest=max(both, key=lambda stamp: stamp.order, default=None),
                pinned=next(iter(counting), None),
                ignored_pin=next((str(pin) for pin in pins if pin not in counting), None),
            )
        )
    return summaries, unreachable


def _pins(listing: Listing) -> list[str]:
    """The pin of a root, a `Stamp` where it names a revision; empty if there is none."""
    pin = listing.pin or listing.damaged_pin
    return [] if pin is None else [pin]


def revisions(
    container: ContainerName, acquisition: Acquisition
) -> tuple[list[RevisionSummary], RemoteUnreachableError | None]:
    """All revisions of a container, newest first; what is here is ready if `use` says so."""
    local, remote = acquisition.local, acquisition.remote
    here = local.listing(container)
    there: frozenset[Stamp] = frozenset()
    unreachable = None
    if remote is not None:
        try:
            there = remote.listing(container).everything
        except RemoteUnreachableError as error:
            unreachable = error
    stamps = sorted(here.everything | there, key=lambda stamp: stamp.order, reverse=True)
    found = {
        stamp: _local_summary(container, stamp, acquisition, is_remote=stamp in there)
        for stamp in stamps
        if stamp in here.everything
    }
    looks = Looks(remote if unreachable is None else None)
    for summary in found.values():
        looks.learn(summary.receipt)
    for number, stamp in enumerate(stamp for stamp in stamps if stamp not in here.everything):
        found[stamp] = _remote_summary(container, stamp, looks, with_version=number < VERSIONS_READ)
    return [found[stamp] for stamp in stamps], unreachable


def _remote_summary(
    container: ContainerName, stamp: Stamp, looks: Looks, *, with_version: bool
) -> RevisionSummary:
    receipt = looks.receipt(container, stamp)
    version = looks.rez_version(container, stamp, receipt) if receipt and with_version else None
    return RevisionSummary(stamp, False, True, NOT_HERE, False, receipt, None, version)


def _local_summary(
    container: ContainerName, stamp: Stamp, acquisition: Acquisition, *, is_remote: bool
) -> RevisionSummary:
    receipt, state, local = None, READY, acquisition.local
    folder = local.find(container, stamp)
    try:
        receipt = acquisition.open(container, stamp).receipt
    except NotReadyError as error:
        state = error.state
        receipt = readable_receipt(local, container, stamp)
    legacy = folder is not None and folder.parent.name != container
    version = receipt.rez_version if receipt is not None else None
    return RevisionSummary(stamp, True, is_remote, state, legacy, receipt, folder, version)


def readable_receipt(
    store: LocalStore | RemoteStore, container: ContainerName, stamp: Stamp
) -> Receipt | None:
    """The receipt of a revision, whether or not it is ready; None where it can't be read."""
    try:
        data = store.read(container, stamp, RECEIPT)
        return None if data is None else parse_receipt(data)
    except (DamagedReceiptError, UnsupportedFormatError, StoreError, ContainerError):
        return None


def remote_facts(container: ContainerName, stamp: Stamp, remote: RemoteStore) -> tuple[Receipt | None, str]:
    """The receipt of a revision of the remote, and why a machine could not build it; empty if it is whole.

    :raises RemoteUnreachableError: it doesn't answer
    """
    data = remote.read(container, stamp, RECEIPT)
    if data is None:
        return None, "it has no receipt"
    receipt = None
    try:
        receipt = parse_receipt(data)
    except UnsupportedFormatError:
        return None, "its receipt is of a newer format"
    except DamagedReceiptError as error:
        if not is_of_rezup_2(data):
            return None, f"its receipt is damaged ({error})"
    return receipt, "" if remote.read(container, stamp, RECIPE) is not None else "it has no recipe"
