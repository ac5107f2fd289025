"""The graphs of a context: how the resolve came about, and the plainer one of what needs what.

The resolve's has a node for each request (yellow), each package (green) and each requirement
between them (dashed); where a resolve failed, the clash is red.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import ContextError, InvalidRequirementError
from rezup.resolver.requirement import Requirement, RequirementList
from rezup.runtime.context.drawing import Drawing, read_drawing

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup.runtime.context.context import Context

#: How nodes look: requests, what packages ask for, packages, and what is not down to one version.
REQUEST = {"fontsize": 10, "fillcolor": "#FFFFAA", "style": "filled,dashed"}
REQUIREMENT = {"fontsize": 10, "fillcolor": "#F6F6F6", "style": "filled,dashed"}
PACKAGE = {"fontsize": 10, "fillcolor": "#AAFFAA", "style": "filled"}
OPEN = {"fontsize": 10, "fillcolor": "#F6F6F6", "style": "filled"}
_EDGE = {"arrowsize": "0.5"}

#: A longer answer to "how does one get from the requests to the clash" helps nobody.
_LONGEST_WALK = 10_000


class Scope(NamedTuple):
    """A package or ephemeral of a resolve, and what it asks for."""

    name: str
    label: str
    style: dict[str, object]
    """Attributes of Graphviz."""
    requires: Sequence[str] = ()


def resolve_graph(context: Context) -> Drawing:
    """The graph of the resolve: that of the file, else of a solved context drawn from its packages.

    :raises ContextError: the resolve failed, and no graph of it was kept
    :raises ContextFileError: the graph of the file can't be read
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    if context.graph is not None:
        return read_drawing(context.graph)
    if not context.is_solved:
        raise ContextError(
            "the context has no graph", context="its resolve failed, and was saved without one"
        )
    scopes = []
    for variant in context.resolved_packages:
        merged = RequirementList(variant.get_requires(build_requires=context.building))
        requires = list(map(str, merged.requirements))
        scopes.append(Scope(variant.parent.name, _label(variant.qualified_name), PACKAGE, requires))
    scopes += [Scope(Requirement(text).name, text, OPEN) for text in context.resolved_ephemerals]
    return drawn((*context.package_requests, *context.implicit_packages), scopes)


def drawn(request: Iterable[str], scopes: Sequence[Scope]) -> Drawing:
    """A graph of what was asked for, the packages, and what they ask for."""
    drawing = Drawing()
    requests = {text: drawing.add_node(text, REQUEST) for text in dict.fromkeys(request)}
    nodes = {scope.name: drawing.add_node(scope.label, scope.style) for scope in scopes}
    requirements: dict[str, str] = dict(requests)
    for text, node in requests.items():
        _join(drawing, text, node, nodes)
    for scope in scopes:
        for text in scope.requires:
            node = requirements.get(text, "")
            if not node:
                node = requirements[text] = drawing.add_node(text, REQUIREMENT)
                _join(drawing, text, node, nodes)
            drawing.add_edge(nodes[scope.name], node, _EDGE)
    return drawing


def dependency_graph(context: Context) -> Drawing:
    """What needs what: packages, each at the ends of its requirements that are no conflicts.

    :raises ContextError: the context is not solved
    :raises PackageDefinitionError: a package is gone or can't be read
    """
    if not context.is_solved:
        raise ContextError("there is no graph of dependencies", context="the resolve failed")
    style = {"fontsize": 10, "fillcolor": "#AAFFAA", "style": "filled"}
    drawing = Drawing()
    for variant in context.resolved_packages:
        drawing.nodes[variant.parent.name] = {**style, "label": variant.qualified_package_name}
    for text in context.resolved_ephemerals:
        drawing.nodes[Requirement(text).name] = {**style, "label": text}
    for variant in context.resolved_packages:
        for request in variant.get_requires():
            if not request.conflict and request.name in drawing.nodes:
                drawing.add_edge(variant.parent.name, request.name, {})
    return drawing


def pruned(drawing: Drawing, name: str) -> Drawing:
    """Only what leads to a package.

    :raises ContextError: the package is not in the graph
    """
    nodes = [node for node in drawing.nodes if _name_of(drawing.label(node)) == name]
    if not nodes:
        raise ContextError(f"{name[:80]} is not in the graph", hint="name a package without its version")
    return drawing.pruned(nodes)


def ways_to_the_clash(drawing: Drawing) -> str:
    """The ways from the requests to where a resolve failed, a line each, as Rez tells them.

    Empty where nothing clashes.
    """
    cycle = _first_edge(drawing, "CYCLE")
    clash = cycle or _first_edge(drawing, "CONFLICT")
    if clash is None:
        return ""
    aim = "cycle" if cycle else "conflict"
    lines = [f"Resolve paths starting from initial requests to {aim}:"]
    neighbours = drawing.neighbours()
    for node, attributes in drawing.nodes.items():
        if attributes.get("fillcolor") == REQUEST["fillcolor"]:
            walk = _walk(neighbours, node, cycle)
            lines.append("  " + " --> ".join(_steps(drawing, walk, None if cycle else clash)))
    return "\n".join(lines)


def _join(drawing: Drawing, text: str, node: str, nodes: dict[str, str]) -> None:
    """Let a requirement point at its package."""
    name = _name_of(text)
    if name in nodes:
        drawing.add_edge(node, nodes[name], _EDGE)


def _first_edge(drawing: Drawing, label: str) -> tuple[str, str] | None:
    return next((ends for ends, found in drawing.edges.items() if found.get("label") == label), None)


def _walk(neighbours: dict[str, list[str]], start: str, cycle: tuple[str, str] | None) -> list[str]:
    """Down from a request, each time to the first node not seen yet."""
    walk = {start: None}
    node = start
    while len(walk) < _LONGEST_WALK:
        following = next((each for each in neighbours[node] if each not in walk), None)
        if following is None:
            break
        walk[following] = None
        if cycle is not None and following in cycle:
            break
        node = following
    return list(walk)


def _steps(drawing: Drawing, walk: Sequence[str], clash: tuple[str, str] | None) -> list[str]:
    """What is told of a walk: the request, the packages, and the requirement that clashes."""
    steps = [_without_index(drawing.label(walk[0]))]
    for node in walk[1:]:
        is_requirement = "dashed" in str(drawing.nodes[node].get("style", ""))
        is_end = is_requirement and clash is not None and node in clash
        if is_end or not is_requirement:
            steps.append(_without_index(drawing.label(node)))
        if is_end:
            break
    return steps


def _without_index(label: str) -> str:
    return label.rsplit("[", 1)[0]


def _name_of(label: str) -> str:
    try:
        return Requirement.parse_package(_without_index(label)).name
    except InvalidRequirementError:
        return ""  # Rez shows several variants as "[bar==2.0[0,1]]"


def _label(name: str) -> str:
    return name if name.endswith("]") else f"{name}[]"
