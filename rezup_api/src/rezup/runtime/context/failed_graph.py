"""The graph of a resolve that failed, drawn like Rez's from what the resolver tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.resolver.conflict import Conflict, Cycle, TotalReduction
from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement
from rezup.runtime.context.resolve_graph import OPEN, PACKAGE, REQUIREMENT, Scope, drawn

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.resolver.graph import Node
    from rezup.resolver.resolution import Resolution
    from rezup.runtime.context.drawing import Drawing

_CLASH = {"arrowsize": "1", "label": "CONFLICT", "style": "bold", "color": "red", "fontcolor": "red"}
_CYCLE = {**_CLASH, "label": "CYCLE"}
_EDGE = {"arrowsize": "1"}


def failed_graph(resolution: Resolution) -> Drawing:
    """All that leads to the clash; everything, where nothing is known of one."""
    graph = resolution.graph()
    needed: dict[str, list[str]] = {}
    for edge in graph.edges:
        if edge.source != "request":
            needed.setdefault(edge.source, []).append(_merged(edge.requirement))
    scopes = [_scope(node, needed.get(node.name, ())) for node in graph.nodes if _is_scope(node)]
    drawing = drawn(resolution.request, scopes)
    ends = _Clash(drawing, scopes).draw(resolution.failure.reason if resolution.failure else None)
    return drawing.pruned(ends) if ends else drawing


class _Clash:
    """Draws what the resolve failed of, into the graph of its scopes."""

    def __init__(self, drawing: Drawing, scopes: Iterable[Scope]) -> None:
        self._drawing = drawing
        nodes = {drawing.label(node): node for node in drawing.nodes}
        self._scopes = {scope.name: nodes[scope.label] for scope in scopes}

    def draw(self, reason: object) -> set[str]:
        """Add the clash.

        :returns: the nodes that it is between
        """
        match reason:
            case Conflict(dependency, conflicting):
                return self._conflict(self._requirement(dependency), conflicting)
            case TotalReduction(reductions):
                return set().union(*(self._reduced(*each) for each in reductions))
            case Cycle(packages):
                return self._cycle([name for name, _ in packages])
        return set()

    def _conflict(self, node: str, conflicting: Requirement) -> set[str]:
        other = self._scopes.get(conflicting.name) or self._requirement(conflicting)
        if other != node:
            self._drawing.add_edge(node, other, _CLASH)
        return {node, other}

    def _reduced(
        self, name: str, version: str, variant: int | None, dependency: Requirement, conflicting: Requirement
    ) -> set[str]:
        node = self._requirement(dependency)
        ends = self._conflict(node, conflicting)
        if name in self._scopes:
            index = "" if variant is None else f"[{variant}]"
            self._drawing.add_edge(
                self._scopes[name], node, {**_EDGE, "label": f"{name}-{version}{index}", "fontsize": 10}
            )
            ends.add(self._scopes[name])
        return ends

    def _cycle(self, names: list[str]) -> set[str]:
        nodes = [self._scopes[name] for name in names if name in self._scopes]
        for node, following in zip(nodes, nodes[1:] + nodes[:1], strict=True):
            self._drawing.add_edge(node, following, _CYCLE)
        return set(nodes)

    def _requirement(self, requirement: Requirement) -> str:
        text = str(requirement)
        taken = set(self._scopes.values())
        nodes = self._drawing.nodes
        known = (node for node in nodes if node not in taken and self._drawing.label(node) == text)
        return next(known, None) or self._drawing.add_node(text, REQUIREMENT)


def _is_scope(node: Node) -> bool:
    """Whether a node is a package or ephemeral; the others are only excluded, or not there yet."""
    if node.kind == "ephemeral":
        return node.name.startswith(".")
    return node.kind == "package" or (node.kind == "clash" and node.label != node.name)


def _scope(node: Node, requires: Iterable[str]) -> Scope:
    is_single = node.kind != "ephemeral" and " " not in node.label
    label = f"{node.label}[]" if is_single and not node.label.endswith("]") else node.label
    return Scope(node.name, label, PACKAGE if is_single else OPEN, tuple(requires))


def _merged(text: str) -> str:
    """What variants ask for one by one ("foo-1 or foo-3") as one requirement ("foo-1|3")."""
    several = [Requirement(each) for each in text.split(" or ")]
    ranges = [each.range for each in several if each.range is not None and not each.conflict]
    if len(several) == 1 or len(ranges) != len(several):
        return text
    union = ranges[0]
    for each in ranges[1:]:
        union = union.union(each)
    return str(Requirement.construct(several[0].name, VersionRange(str(union))))
