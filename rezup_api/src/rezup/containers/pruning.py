"""`prune`: which revisions of this machine may go, and letting go of them.

A revision goes when nothing keeps it, see `rezup.containers.keeping`. Its age is that of its making on
this machine: a use leaves no trace of when it was, since it needs no write access anywhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import choice as choices
from rezup.containers import keeping
from rezup.containers.keeping import Reason
from rezup.containers.removal import take_off
from rezup.errors import ContainerError, RevisionInUseError, StoreError
from rezup.reporting import stage

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rezup.containers.acquisition import Acquisition
    from rezup.containers.choice import View, Wanted
    from rezup.containers.keeping import Rules, State
    from rezup.containers.receipt import Receipt
    from rezup.errors import RezupError
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp


class Candidate(NamedTuple):
    """A revision on this machine; it may go if it has no reason to stay."""

    container: ContainerName
    stamp: Stamp
    folder: Path
    age: float
    """Seconds since it was made here; below 0 if a clock says that it is yet to be made."""
    on_remote: bool | None
    """Whether the studio has it, so that it can be built again; None where that is not known."""
    is_reflink: bool
    """Whether it may share blocks with others so that nobody can tell what it takes alone."""
    reasons: tuple[Reason, ...]

    @property
    def goes(self) -> bool:
        """Whether nothing keeps it."""
        return not self.reasons


class Looked(NamedTuple):
    """What was found in a container."""

    candidates: tuple[Candidate, ...]
    """Newest first."""
    is_remote_known: bool
    """False if the remote root doesn't answer, so that what it said last counts."""


class Pruned(NamedTuple):
    """What became of revisions that were to go."""

    removed: tuple[Candidate, ...]
    spared: tuple[Candidate, ...]
    """Those that somebody uses or pinned by now, with that as their reason."""
    gone: tuple[Candidate, ...]
    """Those that somebody else removed meanwhile, such as another `prune`."""
    failures: tuple[tuple[Candidate, RezupError], ...]
    """Those that could not be removed, and why."""


def look(acquisition: Acquisition, wanted: Wanted, rules: Rules, *, now: float) -> Looked:
    """All revisions of a container on this machine, newest first, each with why it stays.

    :param wanted: what `use` is asked for here, such as by REZUP_USE_REVISION
    :param now: seconds since 1970
    :raises StoreError: the root can't be read
    """
    store, container = acquisition.local, wanted.container
    listing = store.listing(container)
    if not listing.everything:  # nobody has to wait for the remote
        return Looked((), is_remote_known=True)
    view = acquisition.view(container)
    known = keeping.states(acquisition, container, listing)
    shut = [stamp for stamp in known if not store.may_enter(container, stamp)]
    reasons: dict[Stamp, list[Reason]] = {stamp: [] for stamp in known}
    for stamp, reason in (
        *keeping.chosen(acquisition, wanted, view, known, rules.keep),
        *keeping.pinned(acquisition, container, listing, view, known),
        *((stamp, Reason(keeping.NOT_READY, "not ready (its folder can't be entered)")) for stamp in shut),
        *keeping.untouchable(store, container, {s: known[s] for s in known if s not in shut}),
    ):
        if stamp in reasons:
            reasons[stamp].append(reason)
    found = []
    for stamp, state in known.items():
        folder = store.find(container, stamp)
        if folder is None:  # somebody removed it just now
            continue
        age = now - _made(folder, state)
        if not reasons[stamp]:
            late = keeping.young(folder, age, rules) or keeping.used(store, container, stamp)
            reasons[stamp] += [late] if late else []
        is_there, why = _is_there(stamp, state, view), tuple(reasons[stamp])
        found.append(Candidate(container, stamp, folder, age, is_there, _is_reflink(state.receipt), why))
    return Looked(tuple(found), is_remote_known=view.remote_state != choices.UNREACHABLE)


def _made(folder: Path, state: State) -> float:
    """When a revision was made on this machine, seconds since 1970; of a copied root the later."""
    created = 0.0 if state.receipt is None else state.receipt.created
    try:
        return max(created, folder.stat().st_mtime)
    except OSError:
        return float("inf")


def _is_there(stamp: Stamp, state: State, view: View) -> bool | None:
    if view.remote is not None:
        return stamp in view.remote.everything
    is_unknown = view.remote_state == choices.UNREACHABLE or keeping.is_pulled(state)
    return None if is_unknown else False


def _is_reflink(receipt: Receipt | None) -> bool:
    return receipt is not None and any("reflink" in each.cloned for each in receipt.environments)


def prune(looked: Iterable[Candidate], store: LocalStore, *, reporter: Reporter) -> Pruned:
    """Remove those that go, the oldest first; each is looked at once more, and what fails stops no other.

    :param looked: of one store; one that stays but for being in use may turn out to be gone in the end, as
        somebody else who is removing it has it locked, too
    """
    looked = list(looked)
    removed: list[Candidate] = []
    spared: list[Candidate] = []
    gone: list[Candidate] = []
    failures: list[tuple[Candidate, RezupError]] = []
    going = [each for each in looked if each.goes]
    for each in sorted(going, key=lambda candidate: candidate.stamp.order):
        try:
            is_removed, reason = _remove(each, store, reporter)
        except (ContainerError, StoreError) as error:
            failures.append((each, error))
            continue
        if is_removed:
            removed.append(each)
        elif reason is not None:
            spared.append(each._replace(reasons=(reason,)))
        else:
            gone.append(each)
    for each in [*spared, *(each for each in looked if is_in_use(each))]:
        if store.find(each.container, each.stamp) is None:
            gone.append(each._replace(reasons=()))
    names = {each.stamp for each in gone}
    spared = [each for each in spared if each.stamp not in names]
    return Pruned(tuple(removed), tuple(spared), tuple(gone), tuple(failures))


def is_in_use(each: Candidate) -> bool:
    """Whether a revision stays, and only because somebody is in it."""
    return {reason.code for reason in each.reasons} == {keeping.IN_USE}


def _remove(each: Candidate, store: LocalStore, reporter: Reporter) -> tuple[bool, Reason | None]:
    """Whether a revision was removed, or why it stays after all; neither if somebody else was faster."""
    if store.listing(each.container).pin == each.stamp:
        return False, Reason(keeping.PINNED, "pinned here just now")
    try:
        with stage(reporter, "remove", f"{each.container}@{each.stamp}"):
            return take_off(each.container, each.stamp, store, reporter=reporter), None
    except RevisionInUseError as error:
        return False, keeping.in_use_by(error.holders)
