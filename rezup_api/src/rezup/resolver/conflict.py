"""Why a phase failed, as Rez says it.

The search works on sets and stops at the first contradiction it meets. Rez's text names the first one
in *its* order, and some contradictions are errors there that end the whole resolve. So a failed phase
is run again here, slowly and in exactly that order (rules 7 and 12): `ExactPhase`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import (
    ContradictoryPackageError,
    InvalidRequirementError,
    PackageFamilyNotFoundError,
)
from rezup.resolver.index.family import read_requirement, requirement_lists
from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement, RequirementList, VersionedObject
from rezup.resolver.search.state import find
from rezup.resolver.search.symbolic import narrowed, union_of
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import TypeAlias

    from rezup.resolver.index.family import Pairs
    from rezup.resolver.index.tables import Tables
    from rezup.resolver.search.state import Snapshot

    Reason: TypeAlias = "Conflict | TotalReduction | Cycle"


class Conflict(NamedTuple):
    """What packages have in common can't be with what is left of another."""

    dependency: Requirement
    conflicting: Requirement

    @property
    def description(self) -> str:
        """In Rez's words."""
        return f"The following package conflicts occurred: ({self.dependency} <--!--> {self.conflicting})"


class Reduction(NamedTuple):
    """A variant that was dropped."""

    name: str
    version: str
    variant: int | None
    dependency: Requirement
    """What it asks for or excludes."""
    conflicting: Requirement
    """What is left of that."""

    def __str__(self) -> str:
        index = "" if self.variant is None else self.variant
        shown = f"{versioned(self.name, self.version)}[{index}]"
        return f"{shown} (dep({self.dependency}) <--!--> {self.conflicting})"


class TotalReduction(NamedTuple):
    """Nothing is left of a package, since another is in the way; these were the last of its variants."""

    reductions: tuple[Reduction, ...]

    @property
    def description(self) -> str:
        """In Rez's words; Rez's order of the variants is accidental."""
        return "A package was completely reduced: " + " ".join(f"({each})" for each in self.reductions)


class Cycle(NamedTuple):
    """Packages that need each other."""

    packages: tuple[tuple[str, str], ...]
    """(name, version), each needing the next, and the last the first."""

    @property
    def description(self) -> str:
        """In Rez's words; Rez begins anywhere in the cycle."""
        names = [versioned(*each) for each in (*self.packages, self.packages[0])]
        return "A cyclic dependency was detected: " + " --> ".join(names)


class FailedPhase(NamedTuple):
    """The scopes at the moment of a clash, for explanations."""

    tables: Tables
    request: RequirementList
    order: tuple[int, ...]
    masks: dict[int, int]
    visible: Callable[[int], int]
    """All variants of a family that no filter hides."""
    is_later: bool
    """Whether the search had made a choice before."""


class Unexplained(Exception):  # noqa: N818 -- a signal inside this module's callers: a phase that fails without reason
    """A package is missing and the settings make that an ordinary failure; `args[0]` is for stderr."""


def versioned(name: str, version: str) -> str:
    """A name and its version as Rez writes them."""
    return str(VersionedObject.construct(name, Version(version)))


class ExactPhase:
    """One phase in Rez's order, from the scopes as they were when it began.

    :param locations: the repositories, for messages
    :param missing_is_error: whether a package that no repository has ends the resolve
    """

    def __init__(
        self,
        start: Snapshot,
        *,
        allowed: Callable[[int], int] | None,
        locations: Sequence[str],
        missing_is_error: bool,
    ) -> None:
        self._tables: Tables = start.tables
        self._order = list(start.order)
        self._masks = dict(start.masks)
        self._others = dict(start.others)
        self._changed = set(start.changed)
        self._dirty = {family for family in start.changed if self._masks[family] > 0}
        self._allowed = allowed
        self._searched = "; ".join(locations)
        self._missing_is_error = missing_is_error
        self._widened: set[int] = set()
        self._askers: dict[str, dict[str, None]] = {}

    def at_clash(self, request: RequirementList, *, is_later: bool) -> FailedPhase:
        """The scopes as `run` left them."""
        visible = self._allowed or (lambda family: (1 << self._tables.load(family).size) - 1)
        return FailedPhase(self._tables, request, tuple(self._order), dict(self._masks), visible, is_later)

    def run(self) -> Reason | None:
        """Why it fails; None if it doesn't.

        :raises PackageNotFoundError: no version is in the range that packages ask for
        :raises PackageFamilyNotFoundError: no repository has what packages ask for
        :raises ContradictoryPackageError: a package can't be met by its own requirements
        :raises Unexplained: as for a missing package, where that is an ordinary failure
        """
        while True:
            size = len(self._order)
            self._widened = set()
            while emitted := self._extract():
                reason = self._meet(emitted)
                if reason is not None:
                    return reason
            if len(self._order) == size and not self._changed and not self._widened:
                return None
            reduced = self._reduce(size)
            if reduced is not None:
                return reduced
            self._changed = set()

    # -- extraction

    def _extract(self) -> list[Requirement]:
        emitted = []
        for scope in self._order:
            if scope not in self._dirty:
                continue
            self._dirty.discard(scope)
            variants = self._masks[scope]
            broken = self._tables.load(scope).broken & variants
            if broken:
                raise contradiction(self._tables, scope, broken)
            for found in (self._tables.ephemerals[scope], self._tables.dependencies[scope]):
                for family, without, asked, _ in found:
                    if not without & variants:
                        name = self._tables.name(family)
                        common = union_of(self._tables, family, asked, variants)
                        emitted.append(Requirement.construct(name, common))
                        self._askers.setdefault(name, {})[self._tables.name(scope)] = None
        return emitted

    def _meet(self, emitted: list[Requirement]) -> Reason | None:
        merged = RequirementList(emitted)
        if merged.conflict is not None:
            return Conflict(*merged.conflict)
        met = set()
        for scope in self._order:
            requirement = merged.get(self._tables.name(scope))
            if requirement is not None:
                met.add(requirement.name)
                before = self._request(scope)
                if not self._intersect(scope, requirement.range or VersionRange("")):
                    return Conflict(requirement, before)
        for requirement in merged:
            if requirement.name not in met:
                self._add(requirement)
        return None

    def _intersect(self, scope: int, asked: VersionRange) -> bool:
        old = self._masks[scope]
        if old > 0:
            new = old & self._tables.members(scope, asked)
            if new and new != old:
                self._masks[scope] = new
                self._dirty.add(scope)
                self._changed.add(scope)
            return bool(new)  # with nothing left the scope stays as it was, for explanations
        requirement = self._others[scope]
        if requirement.is_ephemeral:
            left = narrowed(requirement, asked)
            if left is not None and left is not requirement:
                self._others[scope] = left
                self._changed.add(scope)
                if requirement.conflict:
                    self._widened.add(scope)
            return left is not None
        if not self._tables.load(scope).size:
            raise self._no_family(requirement.name)
        rest = asked if requirement.range is None else asked - requirement.range
        found = 0 if rest is None else self._visible(scope, rest)
        if found:
            self._masks[scope] = found
            self._dirty.add(scope)
            self._changed.add(scope)
            self._widened.add(scope)
        return bool(found)

    def _add(self, requirement: Requirement) -> None:
        family = self._tables.number(requirement.name)
        if requirement.is_ephemeral:
            self._masks[family] = -1
            self._others[family] = requirement
        else:
            self._masks[family] = find(self._tables, requirement, self._visible, self._no_family)
            self._dirty.add(family)
        self._order.append(family)

    def _visible(self, family: int, range_: VersionRange) -> int:
        found = self._tables.members(family, range_)
        reached = self._tables.reached
        reached[family] = reached.get(family, 0) | found
        return found if self._allowed is None else found & self._allowed(family)

    def _no_family(self, name: str) -> Exception:
        askers = ", ".join(self._askers.get(name, ()))
        if not askers or self._masks.get(self._tables.number(name)):
            return PackageFamilyNotFoundError(
                f"package family not found: {name} (searched: {self._searched})"
            )
        text = f"package family not found: {name}, was required by: {askers} (searched: {self._searched})"
        return PackageFamilyNotFoundError(text) if self._missing_is_error else Unexplained(text)

    # -- reduction

    def _reduce(self, size: int) -> Reason | None:
        places = {family: place for place, family in enumerate(self._order)}
        changed = {places[family] for family in self._changed}
        everything = range(len(self._order))
        pairs = {(x, y) for x in range(size) for y in (*changed, *everything[size:])}
        pairs |= {(x, y) for x in everything[size:] for y in everything}
        pairs |= {(places[family], y) for family in self._widened for y in everything}
        stack = sorted(pairs)
        while stack:
            x, y = stack.pop()
            dropped = self._dropped(self._order[x], self._order[y]) if x != y else []
            if not dropped:
                continue
            scope = self._order[x]
            left = self._masks[scope]
            for variant, _ in dropped:
                left &= ~(1 << variant)
            if not left:
                conflicting = self._request(self._order[y])
                return TotalReduction(
                    tuple(
                        Reduction(*self._tables.variant(scope, variant), dependency, conflicting)
                        for variant, dependency in dropped
                    )
                )
            self._masks[scope] = left
            self._dirty.add(scope)
            stack += [(j, x) for j in everything if j != x]
        return None

    def _dropped(self, scope: int, other: int) -> list[tuple[int, Requirement]]:
        """The variants of a scope that can't be with another, highest first, and what they say of it."""
        variants, left = self._masks[scope], self._masks[other]
        found = []
        for pairs, excludes in self._mentions(scope).get(other, ()):
            for holders, number in pairs:
                if holders & variants and self._clash(other, number, left, excludes=excludes):
                    requirement = self._tables.requirement(other, number)
                    found += [(variant, requirement) for variant in bits(holders & variants)]
        return sorted(found, key=lambda each: each[0], reverse=True)

    def _mentions(self, scope: int) -> dict[int, tuple[tuple[Pairs, bool], ...]]:
        if self._masks[scope] < 0:
            return {}
        return {
            target: ((asked, False), (excluded, True))
            for target, _, asked, excluded in self._tables.all_dependencies(scope)
        }

    def _clash(self, other: int, number: int, left: int, *, excludes: bool) -> bool:
        if left < 0:
            return self._tables.requirement(other, number).conflicts_with(self._others[other])
        fits = (self._tables.ranges[other] or ())[number]
        return not (left & ~fits if excludes else left & fits)

    def _request(self, scope: int) -> Requirement:
        """What is left of a scope, as the requirement that others meet."""
        return request_of(self._tables, scope, self._masks[scope], self._others)


def request_of(tables: Tables, scope: int, variants: int, others: dict[int, Requirement]) -> Requirement:
    """A scope as a requirement: its surviving versions, or the requirement that it is."""
    if variants < 0:
        return others[scope]
    texts = dict.fromkeys(tables.variant(scope, variant)[1] for variant in bits(variants))
    return Requirement.construct(tables.name(scope), VersionRange.from_versions(map(Version, texts)))


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, ascending."""
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def contradiction(tables: Tables, scope: int, broken: int) -> ContradictoryPackageError:
    """The error about the newest of some variants that contradict themselves."""
    variant = broken.bit_length() - 1
    name, version, index = tables.variant(scope, variant)
    shown = f"{versioned(name, version)}[{'' if index is None else index}]"
    record = next(each for each in tables.records(scope) if str(each.version) == version)
    texts = requirement_lists(record, building=tables.building)[index or 0]
    try:
        conflict = RequirementList([read_requirement(text) for text in texts])
    except InvalidRequirementError as error:
        return ContradictoryPackageError(f"The package {shown} can't be used", context=str(error))
    return ContradictoryPackageError(f"The package {shown} has an internal requirements conflict: {conflict}")
