"""The graph of a resolve: what needs what, as data, as DOT and as Mermaid."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.resolver.conflict import Conflict, TotalReduction, bits, versioned
from rezup.resolver.requirement import Requirement

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.resolver.index.tables import Tables
    from rezup.resolver.resolution import Resolution
    from rezup.resolver.search.state import State

#: The node that asks for what was requested.
REQUEST = "request"


class Node(NamedTuple):
    """The request, a package, or an ephemeral."""

    name: str
    """Unique: the name of the package or ephemeral, or `REQUEST`."""

    label: str
    """Its version and variant, or how many versions are left."""

    kind: str
    """request, package, ephemeral, or clash for one that a failed resolve ended at."""


class Edge(NamedTuple):
    """One asks for another."""

    source: str
    target: str
    requirement: str
    kind: str
    """needs, excludes, or clashes."""


class Graph(NamedTuple):
    """A resolve."""

    nodes: tuple[Node, ...]
    edges: tuple[Edge, ...]

    def to_dot(self) -> str:
        """The text of a Graphviz graph."""
        shapes = {"request": "box", "package": "box", "ephemeral": "ellipse", "clash": "octagon"}
        lines = ["digraph resolve {", "    rankdir=LR;"]
        for node in self.nodes:
            colour = ", color=red" if node.kind == "clash" else ""
            lines.append(
                f"    {_dot(node.name)} [label={_dot(node.label)}, shape={shapes[node.kind]}{colour}];"
            )
        styles = {"needs": "", "excludes": ", style=dashed", "clashes": ", color=red"}
        for edge in self.edges:
            label = _dot(edge.requirement)
            lines.append(
                f"    {_dot(edge.source)} -> {_dot(edge.target)} [label={label}{styles[edge.kind]}];"
            )
        return "\n".join([*lines, "}", ""])

    def to_mermaid(self) -> str:
        """The text of a Mermaid flowchart."""
        numbers = {node.name: f"n{number}" for number, node in enumerate(self.nodes)}
        lines = ["flowchart LR"]
        for node in self.nodes:
            lines.append(f'    {numbers[node.name]}["{_mermaid(node.label)}"]')
            if node.kind == "clash":
                lines.append(f"    style {numbers[node.name]} stroke:red")
        for edge in self.edges:
            arrow = {"needs": "-->", "excludes": "-.->", "clashes": "--x"}[edge.kind]
            label = _mermaid(edge.requirement)
            lines.append(f'    {numbers[edge.source]} {arrow}|"{label}"| {numbers[edge.target]}')
        return "\n".join([*lines, ""])


def _dot(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _mermaid(text: str) -> str:
    for letter, code in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;"), ("|", "#124;")):
        text = text.replace(letter, code) if letter != "#" else text.replace("#", code)
    return text


def graph_of(resolution: Resolution, state: State | None) -> Graph:
    """The graph of a resolve; of a failed one its scopes at the first clash, and the clash."""
    failure = resolution.failure
    given = [Requirement(text) for text in resolution.request]
    if failure is not None and failure.phase is not None:
        phase = failure.phase
        scopes = {scope: phase.masks[scope] for scope in phase.order}
        return _Drawing(phase.tables, scopes, given, failure.reason).graph()
    if state is None:
        return _contradiction(given, failure.reason if failure is not None else None)
    masks = {scope: state.masks[scope] for scope in state.order}
    return _Drawing(state.tables, masks, given, None).graph()


def _contradiction(given: list[Requirement], reason: object) -> Graph:
    clash = reason.dependency.name if isinstance(reason, Conflict) else ""
    names = dict.fromkeys(each.name for each in given)
    nodes = [Node(REQUEST, REQUEST, "request")]
    nodes += [Node(name, name, "clash" if name == clash else "package") for name in names]
    edges = [
        Edge(REQUEST, each.name, str(each), "clashes" if each.name == clash else "needs") for each in given
    ]
    return Graph(tuple(nodes), tuple(edges))


class _Drawing:
    """Draws scopes."""

    def __init__(
        self, tables: Tables, scopes: Mapping[int, int], given: list[Requirement], reason: object
    ) -> None:
        self._tables = tables
        self._scopes = scopes
        self._given = given
        self._clashes: set[str] = set()
        if isinstance(reason, Conflict):
            self._clashes = {reason.dependency.name}
        elif isinstance(reason, TotalReduction):
            self._clashes = {reason.reductions[0].name, reason.reductions[0].dependency.name}

    def graph(self) -> Graph:
        names = {self._tables.name(scope) for scope in self._scopes}
        # What two ask for differently may clash before it has a scope of its own.
        unseen = self._clashes - names
        names |= unseen
        edges = [
            Edge(REQUEST, each.name, str(each), "excludes" if each.conflict else "needs")
            for each in self._given
            if each.name in names
        ]
        for scope, mask in self._scopes.items():
            if mask > 0:
                edges += self._edges(scope, mask, names)
        nodes = [Node(REQUEST, REQUEST, "request"), *map(self._node, self._scopes)]
        nodes += [Node(name, name, "clash") for name in sorted(unseen)]
        return Graph(tuple(nodes), tuple(edges))

    def _node(self, scope: int) -> Node:
        name, mask = self._tables.name(scope), self._scopes[scope]
        kind = "clash" if name in self._clashes else "package" if mask > 0 else "ephemeral"
        if mask <= 0:
            return Node(name, name, kind)
        variants = [self._tables.variant(scope, each) for each in bits(mask)]
        if len(variants) > 1:
            return Node(name, f"{name} ({len(variants)} variants)", kind)
        _, version, index = variants[0]
        return Node(name, versioned(name, version) + ("" if index is None else f"[{index}]"), kind)

    def _edges(self, scope: int, mask: int, names: set[str]) -> Iterator[Edge]:
        tables = self._tables
        for target, without, asked, excluded in (*tables.ephemerals[scope], *tables.dependencies[scope]):
            name = tables.name(target)
            if name not in names:
                continue
            for pairs, kind in ((asked, "needs"), (excluded, "excludes")):
                texts = [
                    str(tables.requirement(target, number)) for holders, number in pairs if holders & mask
                ]
                if texts and (kind == "excludes" or not without & mask):
                    shown = " or ".join(dict.fromkeys(texts))
                    yield Edge(tables.name(scope), name, shown, "clashes" if name in self._clashes else kind)
