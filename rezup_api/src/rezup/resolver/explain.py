"""A failed resolve in plain words: the shortest way from the request to the clash.

Rez names the two requirements that clash. Here is also told who they come from::

    you asked for tool-1; tool-1.3 needs python-2.7; you asked for rig-3; rig-3.0 needs python-3: no
    python is both

It explains the first phase that failed, as Rez's text does. Where that came of a choice that the search
had made, the words say so, since another choice failed for a reason of its own.
"""

from __future__ import annotations

from itertools import combinations, pairwise
from typing import TYPE_CHECKING, NamedTuple

from rezup.resolver.conflict import Conflict, Cycle, bits, versioned
from rezup.resolver.requirement import Requirement
from rezup.resolver.search.symbolic import union_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.resolver.conflict import FailedPhase, TotalReduction
    from rezup.resolver.index.tables import Tables
    from rezup.resolver.resolution import Resolution

_REQUEST = -1


class Step(NamedTuple):
    """One requirement on the way to a clash."""

    asker: str
    """The package that asks, such as "tool-1.3"; empty for the request."""

    requirement: str
    """What it asks for."""

    def __str__(self) -> str:
        return f"{self.asker} needs {self.requirement}" if self.asker else f"you asked for {self.requirement}"


class Explanation(NamedTuple):
    """Why a resolve failed."""

    chains: tuple[tuple[Step, ...], ...]
    """Ways from the request to requirements that can't all be met; each begins with the request."""

    clash: str
    """What can't be: "no python is both"."""

    guilty: tuple[str, ...]
    """The packages whose requirements clash, the farthest from the request first; none of the request."""

    chosen: bool
    """Whether the search had chosen between variants before it came to this clash."""

    @property
    def chain(self) -> tuple[Step, ...]:
        """All steps in the order in which they are told, each once."""
        return tuple(dict.fromkeys(step for chain in self.chains for step in chain))

    @property
    def text(self) -> str:
        """In plain words, one sentence."""
        told = "; ".join(map(str, self.chain))
        words = f"{told}: {self.clash}" if told else self.clash
        return f"{words} (the first clash among the choices that were tried)" if self.chosen else words


def explain(resolution: Resolution) -> Explanation | None:
    """The explanation of a failed resolve; None for any other."""
    failure = resolution.failure
    if failure is None:
        return None
    reason = failure.reason
    if isinstance(reason, Cycle):
        names = [versioned(*each) for each in (*reason.packages, reason.packages[0])]
        steps = [Step(asker, target) for asker, target in pairwise(names)]
        clash = "they need each other" if len(steps) > 1 else f"{names[0]} requires itself"
        return Explanation((tuple(steps),), clash, tuple(names[:-1]), chosen=resolution.phases > 1)
    if failure.phase is None or reason is None:
        return _of_request(resolution) if isinstance(reason, Conflict) else _without_reason(resolution)
    return _Chains(failure.phase).explanation(reason, chosen=resolution.phases > 1 and failure.phase.is_later)


def _of_request(resolution: Resolution) -> Explanation:
    """The request contradicts itself: the smallest part of it that does."""
    given = [Requirement(text) for text in resolution.request]
    name = resolution.failure.reason.dependency.name  # type: ignore[union-attr]  # the caller looked
    about = [each for each in given if each.name == name]
    pairs = [pair for pair in combinations(about, 2) if pair[0].merged(pair[1]) is None]
    return Explanation(
        tuple((Step("", str(each)),) for each in (pairs[0] if pairs else about)),
        _no(name, 2),
        (),
        chosen=False,
    )


def _without_reason(resolution: Resolution) -> Explanation:
    return Explanation(
        (), "; ".join(resolution.messages) or "Rez has no reason for it either", (), chosen=False
    )


def _no(name: str, number: int) -> str:
    return f"no {name} is {'both' if number == 2 else 'all of these'}"


class _Chains:
    """Who asks for what, in the scopes as they were at the clash."""

    def __init__(self, phase: FailedPhase) -> None:
        self._tables: Tables = phase.tables
        self._phase = phase
        self._request = {phase.tables.number(each.name): each for each in phase.request}
        self._asked = {scope: self._asks(scope) for scope in phase.order}
        self._parents = self._shortest_ways()

    def _asks(self, scope: int) -> dict[int, Requirement]:
        """What all that is left of a scope asks for."""
        tables, variants = self._tables, self._phase.masks[scope]
        if variants <= 0:
            return {}
        found = {}
        for target, without, asked, _ in (*tables.ephemerals[scope], *tables.dependencies[scope]):
            if not without & variants:
                found[target] = Requirement.construct(
                    tables.name(target), union_of(tables, target, asked, variants)
                )
        return found

    def _shortest_ways(self) -> dict[int, int]:
        """For each scope from which one it is reached; what was requested is reached from the request."""
        found = {family: _REQUEST for family, each in self._request.items() if not each.conflict}
        queue = list(found)
        for scope in queue:
            for target in self._asked.get(scope, ()):
                if target not in found:
                    found[target] = scope
                    queue.append(target)
        return found

    def _way(self, scope: int, target: int) -> tuple[Step, ...]:
        """The steps from the request over a scope to what it asks of a target."""
        steps = []
        while scope != _REQUEST:
            steps.append(Step(self._label(scope), str(self._asked[scope][target])))
            scope, target = self._parents.get(scope, _REQUEST), scope
        steps.append(Step("", str(self._request[target])))
        return tuple(reversed(steps))

    def _label(self, scope: int) -> str:
        tables = self._tables
        name = tables.name(scope)
        versions = list(
            dict.fromkeys(tables.variant(scope, each)[1] for each in bits(self._phase.masks[scope]))
        )
        if len(versions) == 1:
            return versioned(name, versions[0])
        return f"every {name} of {len(versions)} ({versions[0]} to {versions[-1]})"

    # -- clashes

    def explanation(self, reason: Conflict | TotalReduction, *, chosen: bool) -> Explanation:
        if isinstance(reason, Conflict):
            target = self._tables.number(reason.dependency.name)
            if self._excludes_itself(target):
                return self._of_itself(target, chosen=chosen)
            ways = self._clashing(target)
            return self._told(ways, target, chosen=chosen)
        first = reason.reductions[0]
        scope = self._tables.number(first.name)
        target = self._tables.number(first.dependency.name)
        return self._of_reduction(reason, scope, target, chosen=chosen)

    def _excludes_itself(self, scope: int) -> bool:
        """Whether all that is left of a scope asks for other versions of itself."""
        asked = self._asked.get(scope, {}).get(scope)
        if asked is None or asked.range is None or asked.is_ephemeral:
            return False
        return not self._tables.members(scope, asked.range) & self._phase.masks[scope]

    def _of_itself(self, scope: int, *, chosen: bool) -> Explanation:
        name = self._label(scope)
        clash = f"{name} requires another version of itself"
        return Explanation((self._way(scope, scope),), clash, (name,), chosen=chosen)

    def _askers(self, target: int) -> list[int]:
        found = [scope for scope, asked in self._asked.items() if target in asked]
        found.sort(key=self._distance)
        return [_REQUEST, *found] if target in self._request else found

    def _distance(self, scope: int) -> int:
        steps = 0
        while scope != _REQUEST:
            scope = self._parents.get(scope, _REQUEST)
            steps += 1
        return steps

    def _says(self, asker: int, target: int) -> Requirement:
        return self._request[target] if asker == _REQUEST else self._asked[asker][target]

    def _clashing(self, target: int, extra: Iterable[Requirement] = ()) -> tuple[int, ...]:
        """The fewest askers, nearest to the request, that can't be met together."""
        askers = self._askers(target)
        for number in (1, 2, 3):
            for some in sorted(combinations(askers, number), key=lambda each: sum(map(self._distance, each))):
                if not self._left(target, [*(self._says(each, target) for each in some), *extra]):
                    return some
        return tuple(askers)

    def _left(self, target: int, requirements: Iterable[Requirement]) -> bool:
        """Whether anything of a target meets all requirements."""
        merged: Requirement | None = None
        for each in requirements:
            merged = each if merged is None else merged.merged(each)
            if merged is None:
                return False
        if merged is None or merged.is_ephemeral or merged.range is None:
            return True
        fits = self._tables.members(target, merged.range)
        return bool(self._phase.visible(target) & (~fits if merged.conflict else fits))

    def _told(self, askers: Iterable[int], target: int, *, chosen: bool) -> Explanation:
        askers = tuple(askers)
        chains = [self._way(asker, target) for asker in askers]
        by_distance = sorted(askers, key=self._distance, reverse=True)
        guilty = tuple(self._label(asker) for asker in by_distance if asker != _REQUEST)
        return Explanation(tuple(chains), _no(self._tables.name(target), len(chains)), guilty, chosen=chosen)

    def _of_reduction(self, reason: TotalReduction, scope: int, target: int, *, chosen: bool) -> Explanation:
        """Each variant of a scope wants of a target what isn't left of it."""
        wanted = list(dict.fromkeys(str(each.dependency) for each in reason.reductions))
        parent = self._parents.get(scope, _REQUEST)
        chains = []
        if parent != _REQUEST or scope in self._request:
            chains.append(self._way(parent, scope))
        name = self._tables.name(scope)
        chains.append((Step(f"every {name} that is left", " or ".join(wanted)),))
        left = reason.reductions[0].conflicting
        blockers = self._clashing(target, [each.dependency for each in reason.reductions[:1]])
        for asker in blockers:
            if asker not in (scope, _REQUEST) or target in self._request:
                chains.append(self._way(asker, target))
        guilty = (name, *(self._label(asker) for asker in blockers if asker != _REQUEST))
        clash = f"of {self._tables.name(target)} only {left} is left" if blockers else f"{left} is in the way"
        return Explanation(tuple(chains), clash, guilty, chosen=chosen)
