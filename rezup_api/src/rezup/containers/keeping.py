"""Why a revision of this machine stays when `prune` looks at it."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import choice as choices
from rezup.containers import history
from rezup.containers import receipt as receipts
from rezup.containers.choice import Wanted
from rezup.containers.revision import (
    FOREIGN_PLATFORM,
    NEWER,
    UNTOUCHABLE,
    WITHOUT_PYTHON,
    NotReadyError,
)
from rezup.errors import RevisionNotFoundError, StoreError, UnsupportedFormatError
from rezup.stores.base import RECEIPT
from rezup.stores.folder import LEASE, is_revision
from rezup.system import locks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from rezup.containers.acquisition import Acquisition
    from rezup.containers.choice import View
    from rezup.recipes.names import ContainerName
    from rezup.stores.base import Listing
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp

_DAY = 86400.0

#: Seconds for which every new revision is spared: a process that uses it may hide from us.
GUARD_AGE = 3600.0
#: The same where locks tell nothing, so that only processes that can be seen are known to use it.
GUARD_AGE_UNKNOWN = 7 * _DAY

# Codes of reasons.
NEWEST, TAKEN, ASKED_FOR = "newest", "taken", "asked-for"
PINNED, PINNED_REMOTE, ROLLED_BACK, PIN_UNKNOWN = "pinned", "pinned-remote", "rolled-back", "pin-unknown"
KEPT, YOUNG, RECENT, IN_USE = "kept", "young", "recent", "in-use"
NOT_READY, FOREIGN, OTHERS = "not-ready", "foreign", "other-owner"

#: State of what rezup 2.x made, beside those of `rezup.containers.revision`.
_LEGACY = "made by rezup 2.x"

#: Such as in a job of cron, which has no environment of the studio.
_NO_ROOT = "the studio's pin isn't known: no remote root is set (give --remote-root, or `rezup drop` it)"

_FOREIGN = {
    _LEGACY: f"{_LEGACY}; `rezup drop` removes it",
    FOREIGN_PLATFORM: "made for another platform, which may use it",
    NEWER: "made by a newer rezup",
}


class Rules(NamedTuple):
    """What is asked to stay, beside what always does."""

    keep: int = 1
    """So many of the newest ready revisions."""
    older_than: float | None = None
    """Days; nothing younger goes."""


class Reason(NamedTuple):
    """Why a revision stays: one of the codes above, and the same for a person."""

    code: str
    text: str


class State(NamedTuple):
    """What a revision is: a word of `rezup.containers.revision`, empty if it is ready."""

    word: str
    receipt: receipts.Receipt | None
    """None where it can't be read."""


def states(acquisition: Acquisition, container: ContainerName, listing: Listing) -> dict[Stamp, State]:
    """What each revision of a container on this machine is, the newest first."""
    return {stamp: _state(acquisition, container, stamp, listing) for stamp in listing.newest_first()}


def _state(acquisition: Acquisition, container: ContainerName, stamp: Stamp, listing: Listing) -> State:
    if stamp not in listing.revisions:
        return State(_LEGACY, None)
    try:
        return State("", acquisition.open(container, stamp).receipt)
    except NotReadyError as error:
        word = error.state
    try:
        return State(word, receipts.parse(acquisition.local.read(container, stamp, RECEIPT) or b""))
    except (receipts.DamagedReceiptError, UnsupportedFormatError, StoreError):
        return State(word, None)


# -- by what is chosen ------------------------------------------------------------------------


def chosen(
    acquisition: Acquisition, wanted: Wanted, view: View, known: Mapping[Stamp, State], keep: int
) -> Iterator[tuple[Stamp, Reason]]:
    """What is taken by now, or would be if a better one failed, and the newest that are ready."""
    ready = [stamp for stamp, state in known.items() if not state.word]
    for position, stamp in enumerate(ready[: max(keep, 1)]):
        if position == 0:
            yield stamp, Reason(NEWEST, "the newest that is ready")
        else:
            yield stamp, Reason(KEPT, f"one of the {keep} newest")
    if wanted.revision is not None:
        with contextlib.suppress(RevisionNotFoundError):
            asked = acquisition.choose(wanted, view)
            if asked is not None:
                yield asked.revision, Reason(ASKED_FOR, f"asked for by {wanted.source}")
    choice = acquisition.choose(Wanted(wanted.container), view)
    if choice is None:
        return
    if not choice.is_pinned and choice.revision not in ready[:1]:
        yield choice.revision, Reason(TAKEN, f"`use` takes it: {choice.reason}")
    if choice.revision not in ready:
        fallback = acquisition.fallback(wanted.container, choice, view)
        if fallback is not None:
            text = f"`use` falls back to it as long as {choice.revision} isn't ready here"
            yield fallback.stamp, Reason(TAKEN, text)


def pinned(
    acquisition: Acquisition,
    container: ContainerName,
    listing: Listing,
    view: View,
    known: Mapping[Stamp, State],
) -> Iterator[tuple[Stamp, Reason]]:
    """What the pins of both roots name; where one can't be read, all that it could.

    :param listing: of this machine, with its pin as it is
    """
    local, remote = acquisition.local, acquisition.remote
    if listing.damaged_pin is not None:
        yield from _unclear(known, f"what is pinned here can't be read ({listing.damaged_pin!a})")
    if listing.pin is not None:
        yield listing.pin, _pin(listing.pin, "here", PINNED, lambda: history.read_local(local, container))
    if remote is None:
        pulled = [stamp for stamp, state in known.items() if not state.word and is_pulled(state)]
        yield from _unclear(pulled, _NO_ROOT)
        return
    there = view.remote
    if there is not None and view.remote_state == choices.REACHABLE:
        with contextlib.suppress(StoreError):  # as it is, too
            there = remote.listing(container)
    if there is None:
        pulled = [stamp for stamp, state in known.items() if state.receipt is None or is_pulled(state)]
        yield from _unclear(pulled, "the studio's pin is not known, as its root was never reached")
        return
    if there.damaged_pin is not None:
        yield from _unclear(known, f"what is pinned for the studio can't be read ({there.damaged_pin!a})")
    if there.pin is not None:
        reason = _pin(
            there.pin, "for the studio", PINNED_REMOTE, lambda: history.read_remote(remote, container)
        )
        yield there.pin, reason


def is_pulled(state: State) -> bool:
    """Whether a revision came from the studio, as far as its receipt can be read."""
    return state.receipt is not None and state.receipt.origin == "remote"


def _unclear(stamps: Mapping[Stamp, State] | list[Stamp], text: str) -> Iterator[tuple[Stamp, Reason]]:
    return ((stamp, Reason(PIN_UNKNOWN, text)) for stamp in stamps)


def _pin(pin: Stamp, where: str, code: str, read: Callable[[], list[history.Entry]]) -> Reason:
    """Whether a revision was pinned, or rolled back to; without a history it was pinned."""
    last = None
    with contextlib.suppress(StoreError):
        last = next(reversed(read()), None)
    if last is not None and (last.action, last.to) == ("rollback", pin):
        return Reason(ROLLED_BACK, f"rolled back to {where}")
    return Reason(code, f"pinned {where}")


# -- by what they are -------------------------------------------------------------------------


def untouchable(
    store: LocalStore, container: ContainerName, known: Mapping[Stamp, State]
) -> Iterator[tuple[Stamp, Reason]]:
    """What isn't ours, or is no use to anybody as it is and still somebody's to look at."""
    is_link = (store.root / container).is_symlink()
    newer_is_ready = False
    for stamp, state in known.items():
        folder = store.find(container, stamp)
        if is_link or (folder is not None and not is_revision(folder, store.root)):
            yield stamp, Reason(FOREIGN, "not a folder of rezup's below the root")
        elif state.word in UNTOUCHABLE or state.word == _LEGACY:
            yield stamp, Reason(FOREIGN, _FOREIGN.get(state.word, "made by rezup 1.x, or by something else"))
        elif state.word and not (state.word in WITHOUT_PYTHON and newer_is_ready):
            yield stamp, Reason(NOT_READY, f"not ready ({state.word}); see `rezup doctor`")
        owner = None if folder is None else _other_owner(folder)
        if owner is not None:
            yield stamp, Reason(OTHERS, f"it belongs to {owner}")
        newer_is_ready = newer_is_ready or not state.word


def _other_owner(folder: Path) -> str | None:
    """Who has a folder, if it is somebody else."""
    if not hasattr(os, "geteuid"):
        return None
    try:
        owner = folder.lstat().st_uid
    except OSError:
        return None
    if owner == os.geteuid():
        return None
    import pwd

    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"user {owner}"


# -- by time and use --------------------------------------------------------------------------


def young(folder: Path, age: float, rules: Rules) -> Reason | None:
    """Whether it is too early.

    :param age: seconds
    """
    if age < 0:
        return Reason(YOUNG, "made in the future, by its clock or ours")
    if age < GUARD_AGE:
        return Reason(YOUNG, "made less than an hour ago")
    if age < GUARD_AGE_UNKNOWN and _tells_nothing(folder / LEASE):
        return Reason(YOUNG, "made less than a week ago, and no lock tells who uses it")
    if rules.older_than is not None and age <= rules.older_than * _DAY:
        return Reason(RECENT, f"not older than {rules.older_than:g} days")
    return None


def _tells_nothing(lease: Path) -> bool:
    try:
        with locks.exclusive(lease) as free:
            return free is None
    except OSError:
        return True


def used(store: LocalStore, container: ContainerName, stamp: Stamp) -> Reason | None:
    """Whether somebody uses it, and who as far as can be seen."""
    try:
        users = store.holders(container, stamp)
    except OSError as error:
        users = (f"nobody knows whom: {error.strerror or error}",)
    return in_use_by(users) if users else None


def in_use_by(users: tuple[str, ...]) -> Reason:
    """The reason of what is in use."""
    return Reason(IN_USE, f"in use by {', '.join(users)}")
