"""Scopes that are a requirement instead of variants: ephemerals, and conflicts not met so far.

These are judged by their ranges, as there are no versions to count (rules 3.3, 7.4, 7.6).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from rezup.resolver.index.family import Pairs
    from rezup.resolver.index.tables import Tables
    from rezup.resolver.search.state import State

ANY = VersionRange("")


def union_of(tables: Tables, family: int, asked: Pairs, variants: int) -> VersionRange:
    """The range that all which is asked of a family by some variants has together."""
    ranges = [
        tables.requirement(family, number).range or ANY for holders, number in asked if holders & variants
    ]
    return ranges[0] if len(ranges) == 1 else ranges[0].union(ranges[1:])


def narrowed(scope: Requirement, asked: VersionRange) -> Requirement | None:
    """What is left of an ephemeral scope that meets a range; the scope itself if that is nothing new."""
    if scope.conflict:
        # Rez itself breaks on a conflict without range; that one excludes nothing.
        left = asked if scope.range is None else asked - scope.range
    else:
        left = asked.intersection(scope.range or ANY)
    if left is None:
        return None
    if not scope.conflict and left == scope.range:
        return scope
    return Requirement.construct(scope.name, left)


def extract_ephemerals(state: State, scope: int, variants: int, changed: dict[int, bool]) -> int | None:
    """Extract what variants have in common in ephemerals; gives the one that clashed, if any."""
    for family, without, asked, _ in state.tables.ephemerals[scope]:
        if without & variants:
            continue
        common = union_of(state.tables, family, asked, variants)
        if not state.masks[family]:
            state.tables.load(family)  # like a package that needs nothing
            state.append(family)
            state.trail.append((family, 0, scope))
            state.masks[family] = -1
            state.others[family] = Requirement.construct(state.tables.name(family), common)
            changed[family] = False
            continue
        old = state.others[family]
        new = narrowed(old, common)
        if new is None:
            return family
        if new is not old:
            state.trail.append((family, old, scope))
            state.others[family] = new
            changed.setdefault(family, True)
    return None


def reduce_by_requirement(state: State, other: int, asked: Pairs, excluded: Pairs, variants: int) -> int:
    """The holders of requirements that clash with a scope that is a requirement."""
    requirement = state.others[other]
    if requirement.range is None:
        return 0
    drop = 0
    tables = state.tables
    for pairs in (asked, excluded):
        for holders, number in pairs:
            if holders & variants and tables.requirement(other, number).conflicts_with(requirement):
                drop |= holders
    return drop
