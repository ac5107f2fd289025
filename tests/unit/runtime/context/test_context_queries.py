"""Questions to contexts, their graphs, and what changed between two."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.errors import ContextError, ContextFileError
from rezup.runtime.context import queries
from rezup.runtime.context.context_file import load, save
from rezup.runtime.context.creation import with_graph
from rezup.runtime.context.difference import difference, difference_lines, on_path
from rezup.runtime.context.drawing import read_drawing
from rezup.runtime.context.info import info_lines, tool_lines
from rezup.runtime.context.resolve_graph import dependency_graph, pruned, resolve_graph, ways_to_the_clash
from support.context_rez import edges
from support.context_worlds import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


def test_packages_and_requests(world: World) -> None:
    context = world.context("scripts maya-2024.2 !toggle")._replace(implicit_packages=("~os-1",))
    assert queries.requested_packages(context) == ("scripts", "maya-2024.2", "!toggle")
    assert queries.requested_packages(context, implicit=True)[-1] == "~os-1"
    assert queries.resolve_as_exact_requests(context) == ["python==3.11.4.1", "scripts", "maya==2024.2"]
    names = [each.parent.name for each in queries.resolved_packages(context)]
    assert names == ["maya", "python", "scripts"]
    assert queries.resolved_packages(context, source_order=True) == list(context.resolved_packages)
    found = queries.resolved_package(context, "maya")
    assert found is not None
    assert found.uri == f"{world.paths[0]}/maya/2024.2/package.yaml[]"
    assert queries.resolved_package(context, "nuke") is None


def test_tools(world: World) -> None:
    context = world.context("scripts rig-1.0 ~maya-1")
    assert {name: tools for name, (_, tools) in queries.tools(context).items()} == {
        "python": ["python"], "rig": ["rig"], "scripts": ["rig", "go"],
    }  # fmt: skip
    assert sorted(queries.tools(context, request_only=True)) == ["rig", "scripts"]
    assert [each.parent.name for each in queries.conflicting_tools(context)["rig"]] == ["scripts", "rig"]
    assert [each.parent.name for each in queries.packages_with_tool(context, "go")] == ["scripts"]
    assert [(line.text, line.mark) for line in tool_lines(context)] == [
        ("TOOL    PACKAGE          ", ""),
        ("----    -------          ", ""),
        ("python  python-3.11.4.1  ", ""),
        ("rig     rig-1.0          (in conflict)", "critical"),
        ("go      scripts          ", ""),
        ("rig     scripts          (in conflict)", "critical"),
    ]
    assert tool_lines(world.context("toggle")) == []
    with pytest.raises(ContextError, match="there is no attribute 'nonsense'"):
        queries.values(context, "nonsense")


def test_late_bound_tools_see_the_context(world: World, tmp_path: Path) -> None:
    context = world.context("later .x-1")
    save(context, str(tmp_path / "x.rxt"))
    for each in (context, load(str(tmp_path / "x.rxt"), world.config)):
        assert queries.tools(each)["later"][1] == ["False", "False", ".x-1"]
    assert queries.tools(world.context("later maya-2023"))["later"][1] == ["True", "False", ""]


def test_a_failed_context_has_no_packages(world: World) -> None:
    failed = world.context("maya-2023 python-2")
    for ask in (queries.tools, queries.resolve_as_exact_requests, queries.validate, dependency_graph):
        with pytest.raises(ContextError):
            ask(failed)  # type: ignore[operator]


def test_validation(tmp_path: Path) -> None:
    world = World(tmp_path)
    queries.validate(world.context("rig maya"))
    world.write("one/odd/1/package.py", "name = 'odd'\nversion = '1'\ntools = 5")
    with pytest.raises(ContextError, match="odd-1 can't be used"):
        queries.validate(world.context("odd"))


def test_which(tmp_path: Path) -> None:
    for name in ("a/tool", "b/tool", "b/other", "a/plain"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("")
        path.chmod(0o644 if name == "a/plain" else 0o755)
    (tmp_path / "a/other").mkdir()
    environ = {"PATH": os.pathsep.join([str(tmp_path / "a"), str(tmp_path / "b")])}
    assert queries.which("tool", environ) == str(tmp_path / "a/tool")
    assert queries.which("other", environ) == str(tmp_path / "b/other")
    assert queries.which("plain", environ) is None
    assert queries.which("nope", environ) is None
    assert queries.which(str(tmp_path / "b/tool"), {}) == str(tmp_path / "b/tool")
    assert queries.which(str(tmp_path / "b/nope"), environ) is None
    (tmp_path / "b/run.EXE").write_text("")
    (tmp_path / "b/run.EXE").chmod(0o755)
    windows = {**environ, "PATHEXT": os.pathsep.join([".COM", ".EXE"])}
    assert queries.which("run", windows, windows=True) == str(tmp_path / "b/run.EXE")


def test_the_current_context(world: World, tmp_path: Path) -> None:
    path = str(tmp_path / "x.rxt")
    context = world.context("maya")
    assert queries.is_current(context, {"REZ_RXT_FILE": path}) is False
    save(context, path)
    context = load(path, world.config)
    assert queries.is_current(context, {"REZ_RXT_FILE": path}) is True
    assert queries.is_current(context, {"REZ_RXT_FILE": world.paths[0]}) is False
    assert queries.is_current(context, {"REZ_RXT_FILE": path + "x"}) is None
    assert queries.is_current(context, {}) is None


def test_places_under_two_names(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    real, link = str(tmp_path / "real"), str(tmp_path / "link")
    assert queries.is_same_location(real, link)
    assert queries.is_same_location(f"filesystem@{link}", real)
    assert queries.is_same_location("memory@a", "memory@a")
    assert not queries.is_same_location("memory@a", "memory@b")
    assert not queries.is_same_location(f"memory@{real}", real)


def test_cached_and_vanished_packages_are_marked(tmp_path: Path) -> None:
    world = World(tmp_path / "w")
    save(world.context("local maya"), str(tmp_path / "x.rxt"))
    context = load(str(tmp_path / "x.rxt"), world.config)
    (tmp_path / "w/one/python/3.11.4.1").rename(tmp_path / "elsewhere")
    environ = {
        "REZ_RXT_FILE": str(tmp_path / "x.rxt"), "REZ_MAYA_ORIG_ROOT": "x", "REZ_MAYA_ROOT": str(tmp_path / "elsewhere"),
    }  # fmt: skip
    lines = info_lines(context, world.config, environ)[-3:]
    assert [line.mark for line in lines] == ["local", "", "critical"]
    assert lines[1].text.split() == ["maya-2024.2", str(tmp_path / "elsewhere"), "(cached)"]
    assert lines[2].text.endswith("(NOT FOUND)")


def test_the_graph_of_a_resolve(world: World) -> None:
    context = world.context("rig-1.0 python-2 .x-1 !toggle")
    drawing = resolve_graph(context)
    assert edges(drawing) == [
        (".x-1", ".x-1", ""), ("python-2", "python-2.7[]", ""), ("python-2.7", "python-2.7[]", ""),
        ("rig-1.0", "rig-1.0[0]", ""), ("rig-1.0[0]", "python-2.7", ""),
    ]  # fmt: skip
    stored = with_graph(context).graph
    assert stored is not None
    assert read_drawing(stored).to_compact() == stored
    assert edges(read_drawing(stored)) == edges(read_drawing(drawing.to_dot())) == edges(drawing)
    assert edges(resolve_graph(with_graph(context))) == edges(drawing)
    kept = pruned(drawing, "rig")
    assert sorted(kept.label(node) for node in kept.nodes) == ["rig-1.0", "rig-1.0[0]"]
    with pytest.raises(ContextError, match="nuke is not in the graph"):
        pruned(drawing, "nuke")
    assert ways_to_the_clash(drawing) == ""
    assert dependency_graph(context).edges.keys() == {("rig", "python")}


@pytest.mark.parametrize(
    ("request_", "ways"),
    [
        (
            "maya-2023 python-3.11",
            ["maya-2023 --> maya-2023 --> python-3.9", "python-3.11 --> python-3.11.4.1"],
        ),
        ("maya-2023 maya-2024", ["maya-2023", "maya-2024"]),
    ],
)
def test_the_graph_of_a_failed_resolve(world: World, request_: str, ways: list[str]) -> None:
    drawing = resolve_graph(world.context(request_))
    assert [found["color"] for found in drawing.edges.values() if found.get("label")] == ["red"]
    assert ways_to_the_clash(drawing).splitlines()[1].strip().startswith(ways[0])
    shown = [line.text for line in info_lines(world.context(request_), world.config, {})]
    assert any(ways[0] in line for line in shown)


def test_a_cycle_is_drawn(tmp_path: Path) -> None:
    world = World(tmp_path)
    for name, other in (("egg", "hen"), ("hen", "egg")):
        world.write(f"one/{name}/1/package.py", f"name = {name!r}\nversion = '1'\nrequires = [{other!r}]")
    drawing = resolve_graph(world.context("egg"))
    assert [found["label"] for found in drawing.edges.values() if "label" in found] == ["CYCLE", "CYCLE"]
    assert "to cycle" in ways_to_the_clash(drawing)


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "nonsense", "digraph g {\n!!\n}", "{'nodes': 5}", "{'nodes': [], 'edges': [((), [('a', 'b')])]}",
        "{" * 10_000, "__import__('os')", "{'a': __import__('os').system('true')}", "{'nodes': [((), [('x y', 'l')])]}",
    ],
)  # fmt: skip
def test_graphs_that_can_not_be_read(text: str) -> None:
    with pytest.raises(ContextFileError, match="graph of the context can't be read"):
        read_drawing(text)


def test_a_failed_context_without_a_graph(world: World) -> None:
    failed = world.context("maya-2023 python-2")._replace(graph=None)
    with pytest.raises(ContextError, match="has no graph"):
        resolve_graph(failed)
    assert info_lines(failed, world.config, {})[-2].text.startswith("To see a graph")


def test_differences(world: World) -> None:
    first, other = world.context("maya-2023 local-1.1"), world.context("maya-2024.2 local-1.0 rig-1.0")
    found = difference(first, other, on_path(world.config))
    assert {name: [str(each.version) for each in steps] for name, steps in found.newer.items()} == {
        "maya": ["2023", "2024.1", "2024.2"], "python": ["3.9.1", "3.11.4.1"],
    }  # fmt: skip
    assert {name: [str(each.version) for each in steps] for name, steps in found.older.items()} == {
        "local": ["1.1", "1.0"]
    }
    assert [each.name for each in found.added] == ["rig"]
    assert difference_lines(found, ("a", "bb")) == [
        "a             bb               ",
        "-             --               ",
        "maya-2023     maya-2024.2      (+2 versions)",
        "python-3.9.1  python-3.11.4.1  (+1 versions)",
        "local-1.1     local-1.0        (-1 versions)",
        "-             rig-1.0          ",
    ]
    assert not difference(first, first, on_path(world.config))
    assert difference_lines(difference(first, first, on_path(world.config)), ("a", "b")) == []
    nothing = difference(first, other, lambda _: ())
    assert [str(each.version) for each in nothing.newer["maya"]] == ["2023", "2024.2"]


def test_what_can_not_be_compared(world: World) -> None:
    first = world.context("maya")
    with pytest.raises(ContextError) as caught:
        difference(first, world.context("maya", paths=world.paths[:1]), on_path(world.config))
    assert world.paths[1] in str(caught.value.context)
    with pytest.raises(ContextError, match="can't be compared"):
        difference(first, world.context("maya-2023 python-2"), on_path(world.config))
