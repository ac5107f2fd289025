"""What `use` would do with a container, and why: foreseen by its own decisions, and nothing is done.

Nothing is built, pulled or held. The remote is looked at once, and is what it said last where it
doesn't answer.
"""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rezup.containers import choice as choices
from rezup.containers.history import pins_of
from rezup.containers.inventory import NOT_HERE, READY, readable_receipt, remote_facts
from rezup.containers.revision import NotReadyError
from rezup.errors import RemoteUnreachableError, RezupError
from rezup.system import locks
from rezup.system.leftovers import builders

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.containers.acquisition import Acquisition
    from rezup.containers.backoff import Failure
    from rezup.containers.choice import Choice, View, Wanted
    from rezup.containers.history import Pinned
    from rezup.containers.receipt import Receipt
    from rezup.containers.revision import Revision
    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp

#: How often a revision may be replaced between being looked at and being judged.
_LOOKS = 5


@dataclass(frozen=True, slots=True)
class Candidate:
    """A revision that could have been taken."""

    stamp: Stamp
    is_local: bool
    is_remote: bool
    state: str
    """Either "ready", or why not in a word; "not here" for one that only the remote has."""
    problem: str
    """The same at length; empty if nothing is wrong with it."""
    receipt: Receipt | None
    """None where it can't be read."""
    is_taken: bool
    why: str
    """Why it is the one, or why another is."""
    failure: Failure | None
    """The failed build that delays the next one."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What `use` would do.

    ``stamp`` is the revision that it would take, and ``revision`` that one where it is ready;
    ``way`` tells how it is had: "ready", "pull" or "rebuild". Without a ``stamp``, ``error`` is why.
    """

    container: ContainerName
    view: View
    choice: Choice | None
    """What was decided; another one is taken where it can't be had."""
    stamp: Stamp | None
    reason: str
    way: str | None
    revision: Revision | None
    source: Path | None
    """The remote root that it would be pulled from."""
    error: RezupError | None
    """Why `use` would fail, or why what was chosen can't be had."""
    candidates: tuple[Candidate, ...] = ()
    """All revisions, the newest first; only on demand, as are the next two."""
    pins: tuple[Pinned, ...] = ()
    builders: tuple[str, ...] = ()
    """Who seems to build a revision of the container on this machine."""


def foresee(acquisition: Acquisition, wanted: Wanted, *, in_full: bool = False) -> Outlook:
    """What `Acquisition.acquire` would return, or raise.

    :param in_full: also every revision with the reason why it is not the one
    :raises RevisionNotFoundError: what was asked for by name doesn't exist
    """
    container = wanted.container
    found = _outlook(acquisition, wanted)
    view = found.view
    if not in_full:
        return found
    remote = acquisition.remote if view.remote_state == choices.REACHABLE else None
    return replace(
        found,
        candidates=tuple(_candidates(acquisition, found)),
        pins=pins_of(container, view, acquisition.local, remote),
        builders=tuple(builders(acquisition.local.root / container)),
    )


def _outlook(acquisition: Acquisition, wanted: Wanted) -> Outlook:
    """What would be done, looked at again where others change it at that moment."""
    container = wanted.container
    for look in range(_LOOKS):
        time.sleep(0.05 * look)
        view = acquisition.view(container)
        choice = acquisition.choose(wanted, view)
        if choice is None:
            is_silent = view.remote_state == choices.UNREACHABLE
            error = acquisition.unknown(container) if is_silent else None
            return Outlook(container, view, None, None, "it has no revision", None, None, None, error)
        with contextlib.suppress(locks.Gone):
            return _of_choice(acquisition, container, view, choice)
    vanishing = acquisition.vanishing(container)
    return Outlook(container, view, None, None, "it is being changed", None, None, None, vanishing)


def _of_choice(acquisition: Acquisition, container: ContainerName, view: View, choice: Choice) -> Outlook:
    def taking(
        stamp: Stamp | None,
        way: str | None,
        revision: Revision | None = None,
        error: RezupError | None = None,
    ) -> Outlook:
        reason = choice.reason if stamp in (None, choice.revision) else choices.instead(choice)
        remote = acquisition.remote if way == choices.PULL else None
        source = None if remote is None else remote.root
        return Outlook(container, view, choice, stamp, reason, way, revision, source, error)

    try:
        ready = acquisition.open(container, choice.revision)
    except NotReadyError as error:
        problem = error
    else:
        return taking(choice.revision, READY, ready)
    fallback = acquisition.fallback(container, choice, view)
    try:
        way = acquisition.way(container, view, choice, problem, may_wait=fallback is not None)
    except RezupError as error:
        if fallback is not None:
            return taking(fallback.stamp, READY, fallback, error)
        older = acquisition.older(view, choice, error)
        return taking(older[0], choices.PULL, None, error) if older else taking(None, None, None, error)
    return taking(choice.revision, way)


def _candidates(acquisition: Acquisition, found: Outlook) -> list[Candidate]:
    here = found.view.local.everything
    there = found.view.remote.everything if found.view.remote is not None else frozenset()
    look_there = _remote_look(acquisition, found)
    candidates = []
    for stamp in sorted(here | there, key=lambda each: each.order, reverse=True):
        state, problem, receipt = (
            _local_look(acquisition, found.container, stamp)
            if stamp in here
            else (NOT_HERE, *look_there(stamp))
        )
        candidates.append(
            Candidate(
                stamp=stamp,
                is_local=stamp in here,
                is_remote=stamp in there,
                state=state,
                problem=problem,
                receipt=receipt,
                is_taken=stamp == found.stamp,
                why=_why(found, stamp, state, receipt),
                failure=acquisition.failure(found.container, stamp),
            )
        )
    return candidates


def _local_look(
    acquisition: Acquisition, container: ContainerName, stamp: Stamp
) -> tuple[str, str, Receipt | None]:
    try:
        ready = acquisition.open(container, stamp)
    except NotReadyError as error:
        receipt = readable_receipt(acquisition.local, container, stamp)
        return error.state, error.context or error.message, receipt
    return READY, "", ready.receipt


def _remote_look(acquisition: Acquisition, found: Outlook) -> Callable[[Stamp], tuple[str, Receipt | None]]:
    """What is wrong with a revision of the remote, and its receipt; not asked again once it is silent."""
    remote = acquisition.remote if found.view.remote_state == choices.REACHABLE else None

    def look(stamp: Stamp) -> tuple[str, Receipt | None]:
        nonlocal remote
        if remote is None:
            return "", None
        try:
            receipt, problem = remote_facts(found.container, stamp, remote)
        except RemoteUnreachableError as error:
            remote = None
            return error.context or error.message, None
        return problem, receipt

    return look


def _why(found: Outlook, stamp: Stamp, state: str, receipt: Receipt | None) -> str:
    """Why a revision is the one, or why it isn't."""
    choice, view = found.choice, found.view
    if stamp == found.stamp:
        return found.reason
    if choice is not None and stamp == choice.revision:
        return f"would be taken ({choice.reason}), but {found.error}"
    if choice is not None and choice.is_explicit:
        return f"{choice.revision} is {choice.reason}"
    if choice is not None and choice.is_pinned and not _is_passed_over(found, stamp):
        return f"{choice.revision} is {choice.reason}"
    basis = choices.basis(view)
    if basis == choices.STUDIOS and view.remote is not None and stamp not in view.remote.everything:
        is_pulled = receipt is not None and receipt.origin == "remote"
        what = (
            "pulled, and gone from the remote"
            if is_pulled
            else "made here only, and the remote has this container"
        )
        return f"{what}; --local takes it"
    if choice is None or (basis == choices.PULLED and stamp.order > choice.revision.order):
        return "it did not come from the remote, which is unreachable and was never seen"
    if _is_passed_over(found, stamp):
        return f"can't be taken instead of {choice.revision}: {state}"
    return f"{found.stamp or choice.revision} is newer"


def _is_passed_over(found: Outlook, stamp: Stamp) -> bool:
    """Whether it lies between what was chosen and what is taken instead."""
    if found.choice is None:
        return False
    is_older = stamp.order < found.choice.revision.order
    return is_older and (found.stamp is None or found.stamp.order < stamp.order)
