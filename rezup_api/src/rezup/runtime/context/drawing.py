"""Drawn graphs, and the two texts that a context's file may hold one in.

Rez 2.0 stored DOT. Later ones store the text of a Python literal, "compact": nodes and edges are
grouped by their attributes, each node with its label, each edge with its ends and perhaps a label::

    {'nodes': [((('fillcolor', '#AAFFAA'), ('fontsize', 10)), [('_1', 'foo-1.0[]'), …]), …],
     'edges': [((('arrowsize', '0.5'),), [('_1', '_2'), ('_2', '_3', 'CONFLICT'), …]), …]}
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.errors import ContextFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_Attributes = dict[str, Any]


class Drawing:
    """Nodes and edges with attributes of Graphviz."""

    def __init__(self) -> None:
        self.nodes: dict[str, _Attributes] = {}
        """By their ids; each has a "label"."""
        self.edges: dict[tuple[str, str], _Attributes] = {}
        """By the ids of their ends; "label" is among the attributes where there is one."""

    def add_node(self, label: str, attributes: Mapping[str, Any]) -> str:
        """A new node.

        :returns: its id
        """
        name = f"_{len(self.nodes) + 1}"
        self.nodes[name] = {**attributes, "label": label}
        return name

    def add_edge(self, source: str, target: str, attributes: Mapping[str, Any]) -> None:
        """An edge; it takes the place of one between the same nodes."""
        self.edges.pop((source, target), None)
        self.edges[source, target] = dict(attributes)

    def label(self, node: str) -> str:
        """What a node shows."""
        return str(self.nodes[node].get("label", node))

    def neighbours(self) -> dict[str, list[str]]:
        """For each node those that it points at."""
        found: dict[str, list[str]] = {node: [] for node in self.nodes}
        for source, target in self.edges:
            found[source].append(target)
        return found

    def pruned(self, keep: Iterable[str]) -> Drawing:
        """These nodes, and all from which one can get to them."""
        sources: dict[str, list[str]] = {}
        for source, target in self.edges:
            sources.setdefault(target, []).append(source)
        waiting, kept = list(keep), set()
        while waiting:
            node = waiting.pop()
            if node not in kept:
                kept.add(node)
                waiting += sources.get(node, ())
        result = Drawing()
        result.nodes = {node: found for node, found in self.nodes.items() if node in kept}
        result.edges = {ends: found for ends, found in self.edges.items() if kept.issuperset(ends)}
        return result

    def to_compact(self) -> str:
        """The text that Rez stores."""
        nodes: dict[tuple[Any, ...], list[Any]] = {}
        edges: dict[tuple[Any, ...], list[Any]] = {}
        for node, attributes in self.nodes.items():
            label = attributes.get("label")
            nodes.setdefault(_key(attributes), []).append((node, label) if label else node)
        for ends in self._ordered():
            attributes = self.edges[ends]
            label = attributes.get("label")
            edges.setdefault(_key(attributes), []).append((*ends, label) if label else ends)
        return str({"nodes": list(nodes.items()), "edges": list(edges.items())})

    def to_dot(self) -> str:
        """The text that Graphviz takes, laid out as Rez does."""
        lines = ["digraph g {"]
        lines += [f"{node} {_bracketed(attributes)};" for node, attributes in self.nodes.items()]
        for source, target in self._ordered():
            lines.append(f"{source} -> {target} {_bracketed(self.edges[source, target])};")
        return "\n".join([*lines, "}"])

    def to_mermaid(self) -> str:
        """The text of a Mermaid flowchart."""
        numbers = {node: f"n{number}" for number, node in enumerate(self.nodes)}
        lines = ["flowchart LR"]
        for node, attributes in self.nodes.items():
            lines.append(f'    {numbers[node]}["{_escaped(self.label(node))}"]')
            if "fillcolor" in attributes:
                lines.append(f"    style {numbers[node]} fill:{attributes['fillcolor']}")
        for ends in self._ordered():
            label = self.edges[ends].get("label")
            arrow = f'-->|"{_escaped(str(label))}"|' if label else "-->"
            lines.append(f"    {numbers[ends[0]]} {arrow} {numbers[ends[1]]}")
        return "\n".join(lines)

    def _ordered(self) -> list[tuple[str, str]]:
        """The edges by where they begin, in the order of the nodes."""
        return [(node, target) for node, targets in self.neighbours().items() for target in targets]


def read_drawing(text: str) -> Drawing:
    """The drawing in a text, compact or DOT as Rez wrote it.

    :raises ContextFileError: it is neither
    """
    try:
        return _compact(text) if text.startswith("{") else _dot(text)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError, KeyError) as error:
        raise ContextFileError("the graph of the context can't be read", context=str(error)[:200]) from error


def _compact(text: str) -> Drawing:
    import ast

    data = ast.literal_eval(text)
    result = Drawing()
    for attributes, values in data.get("nodes", []) if isinstance(data, dict) else _bad("no mapping"):
        shared = dict(attributes)
        for value in values:
            name, label = (value, value) if isinstance(value, str) else value
            result.nodes[_name(name)] = {**shared, "label": str(label)}
    for attributes, values in data.get("edges", []):
        shared = dict(attributes)
        for source, target, *label in values:
            found = {**shared, "label": str(label[0])} if label else dict(shared)
            result.edges[_known(result, source), _known(result, target)] = found
    return result


def _name(found: Any) -> str:
    """A node's id, which DOT takes without quotes."""
    if not isinstance(found, str) or not found.replace(".", "_").isidentifier():
        raise ValueError(f"{str(found)[:80]!a} is no id of a node")
    return found


def _known(drawing: Drawing, node: Any) -> str:
    if node not in drawing.nodes:
        raise ValueError(f"an edge has the end {str(node)[:80]!a}, which is no node")
    return str(node)


def _bad(reason: str) -> Any:
    raise ValueError(reason)


def _dot(text: str) -> Drawing:
    import re

    statement = re.compile(r'\s*"?([\w.]+)"?(?:\s*->\s*"?([\w.]+)"?)?\s*(?:\[(.*)\])?\s*;?\s*')
    attribute = re.compile(r'(\w+)\s*=\s*("(?:[^"\\]|\\.)*"|[^,\s]+)')
    lines = text.strip().splitlines()
    if not lines or not lines[0].startswith("digraph"):
        raise ValueError("it is neither Rez's compact text nor DOT")
    result = Drawing()
    for line in lines[1:]:
        found = statement.fullmatch(line)
        if found is None:
            if line.strip() not in ("", "}"):
                raise ValueError(f"the line {line[:80]!a} can't be understood")
            continue
        source, target, inner = found.groups()
        attributes = {key: value.strip('"') for key, value in attribute.findall(inner or "")}
        if target is None:
            if source not in ("graph", "node", "edge"):
                result.nodes[source] = {"label": source, **attributes}
            continue
        for node in (source, target):
            result.nodes.setdefault(node, {"label": node})
        result.edges[source, target] = attributes
    return result


def _key(attributes: _Attributes) -> tuple[Any, ...]:
    return tuple(sorted((key, value) for key, value in attributes.items() if key != "label"))


def _bracketed(attributes: _Attributes) -> str:
    if not attributes:
        return ""
    inner = ", ".join([f'{key}="{_quoted(value)}"' for key, value in attributes.items()])
    return f"[{inner}]"


def _quoted(value: Any) -> str:
    return str(value).strip('"').replace("\\", "\\\\").replace('"', '\\"')


def _escaped(text: str) -> str:
    """A label as Mermaid shows it: what means something to it or to HTML stands for itself."""
    plain = " -_.,:/=+*~!@"
    return "".join(char if char.isalnum() or char in plain else f"#{ord(char)};" for char in text)
