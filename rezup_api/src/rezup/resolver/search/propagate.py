"""One phase: what follows from the choices made so far, in Rez's rounds (rule 7).

A round extracts what all variants of a changed scope have in common and intersects the scopes of these
packages with it; when no round finds anything new, scopes are reduced: variants are dropped that can't
be with what is left of another scope. Then the rounds begin again. Rez's rounds are kept, not only
their fixed point, as they decide the order in which packages get their scope.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.resolver.index.tables import Broken
from rezup.resolver.search.symbolic import extract_ephemerals, reduce_by_requirement

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup.resolver.index.tables import User
    from rezup.resolver.search.state import State


class Clash:
    """Why a phase failed, in short: `family` has nothing left after it met `cause`.

    `entering` says that it had no scope before, so that it may be an error of the repository.
    """

    __slots__ = ("cause", "entering", "family")

    def __init__(self, family: int, cause: int, *, entering: bool = False) -> None:
        self.family = family
        self.cause = cause
        self.entering = entering


def propagate(state: State, changed: Iterable[int], *, again: bool = True) -> Clash | None:
    """Run a phase to its end; None if nothing clashed.

    :param changed: the scopes that are not what they were at the end of the phase before
    :param again: whether these were extracted before
    """
    masks = state.masks
    news = dict.fromkeys(changed, again)
    dirty = extract(state, {family: again for family in changed if masks[family] > 0})
    while True:
        while dirty:
            if isinstance(dirty, Clash):
                return dirty
            news.update(dirty)
            dirty = extract(state, dirty)
        if not news:
            return None
        dirty = reduce(state, news)
        news = {}


def extract(state: State, dirty: dict[int, bool]) -> dict[int, bool] | Clash:
    """One round over scopes that changed; gives the scopes that changed by it.

    :param dirty: for each whether it was extracted before; then nothing new can come of what all
        variants of the package ask for alike
    """
    masks, trail, tables = state.masks, state.trail, state.tables
    commons, agains, ephemerals = tables.commons, tables.agains, tables.ephemerals
    scopes = list(dirty) if len(dirty) == 1 else sorted(dirty, key=state.places.__getitem__)
    changed: dict[int, bool] = {}
    # A scope that another narrows in this round is extracted as it was before.
    for scope, variants in zip(scopes, [masks[scope] for scope in scopes]):  # noqa: B905 -- costs time here
        again = dirty[scope]
        found = (agains if again else commons)[scope].get(variants)
        if found is None:
            try:
                found = tables.common_again(scope, variants) if again else tables.common(scope, variants)
            except Broken:
                return Clash(scope, scope, entering=True)
            if len(masks) < len(commons):
                state.grow()
        if ephemerals[scope]:
            clash = extract_ephemerals(state, scope, variants, changed)
            if clash is not None:
                return Clash(clash, scope)
        for family, fits in found:
            old = masks[family]
            new = old & fits
            if new == old and old:
                continue
            if old > 0:
                if not new:
                    # Two of this round ask for what had no scope before it: Rez looks for both at once.
                    return Clash(family, scope, entering=changed.get(family) is False)
                masks[family] = new
                trail.append((family, old, scope))
                changed.setdefault(family, True)
            else:
                if not state.enter(family, fits, scope):
                    return Clash(family, scope, entering=not old)
                changed[family] = False
    return changed


def reduce(state: State, news: dict[int, bool]) -> dict[int, bool] | Clash:
    """Drop what can't be with the scopes that changed, and then with those that shrank by this."""
    masks, users, ranges = state.masks, state.users, state.tables.ranges
    shrunk: dict[int, bool] = {}
    queue = [(other, using) for other in news if (using := users[other])]
    if state.added:
        queue += _old_of_new(state, news)
        state.added.clear()
    for other, users_of_other in queue:
        left = masks[other]
        if left < 0:
            for scope, asked, excluded, _ in users_of_other:
                drop = reduce_by_requirement(state, other, asked, excluded, masks[scope])
                if drop and not _drop(state, scope, other, drop, shrunk, queue):
                    return Clash(scope, other)
            continue
        fits = ranges[other] or ()
        for scope, asked, excluded, core in users_of_other:
            if left & core:
                continue
            variants = masks[scope]
            # A single variant had all it asks for intersected already.
            if excluded or variants & (variants - 1):
                drop = 0
                for holders, requirement in asked:
                    if not fits[requirement] & left and holders & variants:
                        drop |= holders
                for holders, requirement in excluded:
                    if not left & ~fits[requirement] and holders & variants:
                        drop |= holders
                if drop and not _drop(state, scope, other, drop, shrunk, queue):
                    return Clash(scope, other)
    return shrunk


def _drop(
    state: State,
    scope: int,
    other: int,
    drop: int,
    shrunk: dict[int, bool],
    queue: list[tuple[int, list[User]]],
) -> bool:
    """Take variants from a scope, which others must then be tried against; False if none are left."""
    variants = state.masks[scope]
    left = variants & ~drop
    if not left:
        return False
    state.masks[scope] = left
    state.trail.append((scope, variants, other))
    shrunk[scope] = True
    using = state.users[scope]
    if using:
        queue.append((scope, using))
    return True


def _old_of_new(state: State, news: dict[int, bool]) -> Iterator[tuple[int, list[User]]]:
    """What scopes that are new mention of those that didn't change."""
    masks, tables = state.masks, state.tables
    for scope in state.added:
        for target, _, user in tables.varying[scope] or ():
            if masks[target] and target not in news and target != scope:
                yield target, [user]
        if tables.ephemerals[scope]:
            for target, user in state.ephemerals_of(scope):
                if masks[target] and target not in news:
                    yield target, [user]
