"""Which revision `use` takes, and why: a decision on data alone.

In this order: the revision asked for by name, the local pin, the remote pin, the newest on the
remote, the newest here. With a remote root, revisions that were only made here count when
`--local` is given or when a reachable remote has no such container.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.containers.revision import DAMAGED, INCOMPLETE, UNTOUCHABLE, WITHOUT_PYTHON
from rezup.errors import RevisionNotFoundError
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.recipes.names import ContainerName
    from rezup.stores.base import Listing

#: How the remote answered.
NO_REMOTE, REACHABLE, UNREACHABLE = "none", "reachable", "unreachable"

#: Whose revisions count where none is named or pinned: the studio's, all that are here, or of those
#: only the ones that came from a remote which was never seen.
STUDIOS, HERE, PULLED = "studio's", "here", "pulled"

#: What becomes of a chosen revision that isn't ready: it is built by what the remote has of it, or by
#: its own recipe and locks; or it is left alone, it can't be mended, the remote would have to be asked.
PULL, REBUILD, LEFT_ALONE, BROKEN, UNKNOWN = "pull", "rebuild", "left alone", "broken", "unknown"


#: Where a revision is asked for that no setting names.
COMMAND_LINE = "command line"


class View(NamedTuple):
    """What is known of a container at one moment.

    ``remote`` is what the remote said, or what it said last when it is unreachable now; None
    without a remote, or when it was never reached.
    """

    local: Listing
    remote: Listing | None = None
    remote_state: str = NO_REMOTE


class Wanted(NamedTuple):
    """What was asked for; ``source`` names where ``revision`` comes from."""

    container: ContainerName
    revision: str | None = None
    source: str = COMMAND_LINE


class Choice(NamedTuple):
    """The revision to take, and why.

    ``is_remote`` tells that it is the studio's, so it may be built here; ``is_explicit`` that it
    was asked for by name, so no other will do; ``is_pinned`` that nothing newer was looked at.
    """

    revision: Stamp
    reason: str
    is_remote: bool
    is_explicit: bool = False
    is_pinned: bool = False


def choose(wanted: Wanted, view: View, *, is_pulled: Callable[[Stamp], bool]) -> Choice | None:
    """Decide; None if the container has nothing to offer.

    :param is_pulled: whether a revision that is here came from the remote; asked only when the
        remote is unreachable and was never seen
    :raises RevisionNotFoundError: a revision was asked for by name, and there is none or several
    """
    local, remote = view.local, view.remote
    if wanted.revision is not None:
        return _explicit(wanted, view)
    counting = basis(view)
    if counting == PULLED:
        return _never_seen(local, is_pulled)
    theirs = remote.everything if remote is not None else frozenset()
    if local.pin is not None:
        return Choice(local.pin, "pinned here", local.pin in theirs, is_pinned=True)
    if remote is not None and remote.pin is not None:
        return Choice(remote.pin, "pinned on the remote", remote.pin in theirs, is_pinned=True)
    if counting == STUDIOS and remote is not None and remote.newest is not None:
        known = ", as last seen" if view.remote_state == UNREACHABLE else ""
        return Choice(remote.newest, f"newest on the remote{known}", is_remote=True)
    newest = local.newest
    return None if newest is None else Choice(newest, "newest here", is_remote=False)


def basis(view: View) -> str:
    """Whose revisions count where none is named or pinned: `STUDIOS`, `HERE` or `PULLED`."""
    if view.remote is None:
        return PULLED if view.remote_state == UNREACHABLE else HERE
    return STUDIOS if view.remote.everything else HERE


def way(choice: Choice, view: View, state: str, *, has_fallback: bool) -> str:
    """What becomes of the chosen revision, which isn't ready: `PULL`, `REBUILD`, or why neither.

    :param state: why it isn't, in the words of `rezup.containers.revision`
    :param has_fallback: there is another that can be taken, so only what is safe is mended
    """
    if state in UNTOUCHABLE:
        return LEFT_ALONE  # building over it would destroy what others use
    is_forced = not choice.is_remote and not has_fallback
    if state in WITHOUT_PYTHON or (is_forced and state in {DAMAGED, INCOMPLETE}):
        return REBUILD
    if not choice.is_remote:
        return BROKEN
    return UNKNOWN if view.remote_state == UNREACHABLE else PULL


def fallbacks(choice: Choice, view: View) -> list[Stamp]:
    """What to take when the chosen revision can't be had: revisions that are here, newest first.

    None newer than the chosen one, since a newer one may be what was rolled back; with a remote
    only the studio's; and nothing at all for a revision that was asked for by name.
    """
    if choice.is_explicit:
        return []
    here = view.local.everything
    if view.remote is not None and view.remote.exists:
        here &= view.remote.everything
    older = [stamp for stamp in here if stamp.order < choice.revision.order]
    return sorted(older, key=lambda stamp: stamp.order, reverse=True)


def _never_seen(local: Listing, is_pulled: Callable[[Stamp], bool]) -> Choice | None:
    stamps = local.newest_first()
    if local.pin is not None:
        stamps.sort(key=lambda stamp: stamp != local.pin)
    for stamp in stamps:
        if is_pulled(stamp):
            if stamp == local.pin:
                return Choice(stamp, "pinned here", is_remote=False, is_pinned=True)
            return Choice(
                stamp, "newest here that came from the remote, which is unreachable", is_remote=False
            )
    return None


def _explicit(wanted: Wanted, view: View) -> Choice:
    spec = (wanted.revision or "").strip().removeprefix("@")
    remote = view.remote.everything if view.remote is not None else frozenset()
    stamps = sorted(view.local.everything | remote, key=lambda s: s.order, reverse=True)
    try:
        stamp = match(spec, stamps, wanted.container)
    except RevisionNotFoundError as error:
        if wanted.source != COMMAND_LINE:  # else nobody would know who asked for it
            error.context = "; ".join(filter(None, (error.context, f"{wanted.source} asks for it")))
        raise
    return Choice(stamp, f"asked for ({wanted.source})", stamp in remote, is_explicit=True)


def instead(choice: Choice) -> str:
    """Why a revision is taken that was not chosen."""
    return f"the last good one before {choice.revision} ({choice.reason})"


def match(spec: str, stamps: list[Stamp], container: ContainerName) -> Stamp:
    """The one revision that `spec` names: a stamp, a unique prefix, or "-N", the N-th before the newest.

    :param stamps: newest first
    :raises RevisionNotFoundError: none, or more than one
    """
    hint = f"`rezup list {container}` shows what there is"
    if spec.startswith("-"):
        number = spec[1:]
        if number.isascii() and number.isdigit() and len(number) <= 9 and int(number) < len(stamps):
            return stamps[int(number)]
        raise RevisionNotFoundError(
            f"{container} has no revision @{ascii(spec)[1:-1]}",
            context=f"it has {len(stamps)} in all; @-1 is the one before the newest",
            hint=hint,
        )
    if spec in stamps:
        return Stamp(spec)
    found = [stamp for stamp in stamps if spec and stamp.startswith(spec)]
    if len(found) == 1:
        return found[0]
    if found:
        raise RevisionNotFoundError(
            f"{container} has {len(found)} revisions that begin with {ascii(spec)[1:-1]}",
            context=", ".join(found[:5]),
            hint="give more digits",
        )
    raise RevisionNotFoundError(f"{container} has no revision {ascii(spec)[1:-1]}", hint=hint)
