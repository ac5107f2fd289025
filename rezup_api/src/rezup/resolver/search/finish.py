"""The end of a solve: whether there is a cycle, and the order of the result (rules 11.3 to 11.5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup.resolver.search.state import State


def dependencies(state: State, scope: int) -> tuple[int, ...]:
    """The families that the one variant left in a scope asks for; none of an ephemeral."""
    variant = state.masks[scope]
    return state.tables.settled(scope, variant)[1] if variant > 0 else ()


def candidates(state: State, request: Iterable[int]) -> list[int]:
    """All that will be reported: what was asked for in that order, then the rest by name."""
    masks, others, names = state.masks, state.others, state.tables.names
    nodes = {family for family in state.order if masks[family] > 0 or not others[family].conflict}
    asked = [family for family in dict.fromkeys(request) if family in nodes]
    return asked + sorted(nodes.difference(asked), key=names.__getitem__)  # type: ignore[arg-type]  # all are loaded


def arrange(state: State, nodes: Sequence[int]) -> list[int] | None:
    """Nodes in the order of a result: dependencies first, else as given; None if there is a cycle."""
    bits = {family: 1 << place for place, family in enumerate(nodes)}
    below = _reachable(state, bits)
    if below is None:
        return None
    found: list[int] = []
    missing = (1 << len(nodes)) - 1
    for family, bit in bits.items():
        if not missing & bit:
            continue
        stack = [family]
        while stack:
            family = stack[-1]
            first = below[family] & missing ^ bits[family]
            if first:
                stack.append(nodes[(first & -first).bit_length() - 1])
            else:
                missing ^= bits[family]
                found.append(stack.pop())
    return found


def _reachable(state: State, bits: dict[int, int]) -> dict[int, int] | None:
    """For each node a bit for itself and for all that can be reached from it; None if there is a cycle.

    No recursion, as chains of dependencies may be longer than Python's stack.
    """
    edges = {family: dependencies(state, family) for family in bits}
    known: dict[int, int] = {}
    for root in bits:
        path, rests, reaches = (
            ([root], [iter(edges[root])], [bits[root]]) if root not in known else ([], [], [])
        )
        while path:
            reach = reaches[-1]
            for target in rests[-1]:
                further = known.get(target)
                if further is None:
                    if len(path) == len(bits):
                        return None
                    reaches[-1] = reach
                    path.append(target)
                    rests.append(iter(edges[target]))
                    reaches.append(bits[target])
                    break
                reach |= further
            else:
                known[path.pop()] = reach
                rests.pop()
                reaches.pop()
                if path:
                    reaches[-1] |= reach
    return known


def cycle(edges: dict[int, tuple[int, ...]]) -> list[int]:
    """The nodes of a shortest cycle, in the order in which they ask for each other."""
    best: list[int] = []
    for root in edges:
        came: dict[int, int] = {}
        queue = [root]
        for node in queue:
            if root in edges[node]:
                path = [node]
                while path[-1] != root:
                    path.append(came[path[-1]])
                if not best or len(path) < len(best):
                    best = path[::-1]
                break
            for target in edges[node]:
                if target not in came and target != root:
                    came[target] = node
                    queue.append(target)
    return best
