"""Failures in plain words, and graphs."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from rezup.errors import ResolveError
from rezup.resolver.explain import Step
from rezup.resolver.graph import REQUEST, Edge, Node
from support.resolve_worlds import Package, ResolveWorld, random_world, resolution

if TYPE_CHECKING:
    from rezup.resolver.explain import Explanation

PYTHONS = [Package("python", "2.7.1"), Package("python", "3.1")]


def explanation(packages: list[Package], *request: str) -> Explanation:
    found = resolution(ResolveWorld.of(packages, *request)).explain()
    assert found is not None
    return found


def test_what_was_solved_needs_no_explanation() -> None:
    assert resolution(ResolveWorld.of(PYTHONS, "python")).explain() is None


def test_the_ways_from_the_request_to_the_clash_are_told() -> None:
    packages = [Package("tool", "1.3", ("python-2.7",)), Package("rig", "3.0", ("python-3",)), *PYTHONS]
    found = explanation(packages, "tool-1", "rig-3")
    assert found.text == (
        "you asked for tool-1; tool-1.3 needs python-2.7; you asked for rig-3; rig-3.0 needs python-3: no python is both"
    )
    assert set(found.guilty) == {"tool-1.3", "rig-3.0"}
    assert not found.chosen


def test_the_shortest_of_several_ways_is_told() -> None:
    packages = [
        Package("tool", "1", ("far", "near")), Package("near", "1", ("python-2.7",)),
        Package("far", "1", ("farther",)), Package("farther", "1", ("python-2.7",)), *PYTHONS,
    ]  # fmt: skip
    found = explanation(packages, "tool", "python-3")
    assert (
        found.text
        == "you asked for python-3; you asked for tool; tool-1 needs near; near-1 needs python-2.7: no python is both"
    )
    assert found.guilty == ("near-1",)


def test_three_that_clash_only_together_are_all_told() -> None:
    packages = [
        Package("a", "1", ("x-1|2",)), Package("b", "1", ("x-2|3",)), Package("c", "1", ("x-1|3",)),
        *(Package("x", version) for version in "123"),
    ]  # fmt: skip
    found = explanation(packages, "a", "b", "c")
    assert found.clash == "no x is all of these"
    assert len(found.guilty) == 3


def test_several_versions_are_told_as_such() -> None:
    packages = [Package("tool", "1.0", ("python-2.7",)), Package("tool", "1.1", ("python-2.7",)), *PYTHONS]
    found = explanation(packages, "tool", "python-3")
    assert "every tool of 2 (1.0 to 1.1) needs python-2.7" in found.text


def test_a_request_that_contradicts_itself_is_told_by_its_parts() -> None:
    found = explanation(PYTHONS, "python-2+", "python-2", "python-3")
    assert found.text == "you asked for python-2; you asked for python-3: no python is both"
    assert found.guilty == ()


def test_a_cycle_is_told_step_by_step() -> None:
    found = explanation([Package("a", "1", ("b",)), Package("b", "1", ("a",))], "a")
    assert found.text == "a-1 needs b-1; b-1 needs a-1: they need each other"


def test_a_package_that_requires_itself_is_told_as_such() -> None:
    found = explanation([Package("a", "1", ("a",))], "a")
    assert found.text == "a-1 needs a-1: a-1 requires itself"


def test_a_package_that_requires_another_version_of_itself_is_told_as_the_guilty_one() -> None:
    packages = [
        Package("tool", "1", ("python-2",)), Package("python", "2.7", ("python-3",)), Package("python", "3.1"),
    ]  # fmt: skip
    found = explanation(packages, "tool")
    assert found.text == (
        "you asked for tool; tool-1 needs python-2; python-2.7 needs python-3: python-2.7 requires another version of itself"
    )
    assert found.guilty == ("python-2.7",)


def test_versions_that_all_require_another_of_their_package_are_told_together() -> None:
    packages = [Package("python", version, ("python-9",)) for version in ("2.6", "2.7")]
    found = explanation(packages, "python-2")
    assert found.clash == "every python of 2 (2.6 to 2.7) requires another version of itself"


def test_versions_that_require_one_another_are_told_by_the_one_that_was_tried() -> None:
    packages = [Package("python", "2", ("python-3",)), Package("python", "3", ("python-2",))]
    found = explanation(packages, "python")
    assert found.chain[-1] == Step("python-3", "python-2")
    assert found.text.startswith(
        "you asked for python; python-3 needs python-2: python-3 requires another version of itself"
    )


def test_a_package_that_requires_another_version_of_itself_by_way_of_others_is_told_step_by_step() -> None:
    packages = [Package("python", "2", ("x",)), Package("x", "1", ("python-3",)), Package("python", "3")]
    found = explanation(packages, "python-2")
    assert found.text == "you asked for python-2; python-2 needs x; x-1 needs python-3: no python is both"
    assert found.guilty == ("x-1",)


def test_a_package_without_variants_left_is_told_with_what_is_in_the_way() -> None:
    packages = [Package("b", "1", (), (("c-2",), ("!c-1",))), *(Package("c", version) for version in "123")]
    found = explanation(packages, "b", "c-1")
    assert found.guilty[0] == "b"
    assert "every b that is left needs" in found.text
    assert "c==1" in found.clash


def test_a_clash_after_a_choice_is_told_as_one_of_several() -> None:
    packages = [
        Package("a", "2", ("b",)), Package("a", "1", ("d",)), Package("b", "1", ("c-1",)), Package("d", "1", ("c-2",)),
        Package("e", "1", ("c-3",)), *(Package("c", version) for version in "123"),
    ]  # fmt: skip
    found = explanation(packages, "a", "e")
    assert found.chosen
    assert found.text.endswith("(the first clash among the choices that were tried)")


def test_every_failure_in_made_up_studios_can_be_explained_and_drawn() -> None:
    explained = 0
    for seed in range(400):
        try:
            found = resolution(random_world(random.Random(seed)))
        except ResolveError:
            continue
        told = found.explain()
        assert (told is None) is found.is_solved, seed
        assert found.graph().to_dot().startswith("digraph")
        if told is not None:
            assert told.text.endswith((told.clash, "that were tried)")), seed
            explained += 1
    assert explained > 40


# -- graphs

SOLVED = [
    Package("app", "1", ("lib-2", ".mode-1"), (("python-3",),)),
    Package("lib", "2.1", ("!python-2",)),
    *PYTHONS,
]


def test_the_graph_of_a_resolve_has_its_packages_and_what_they_ask_for() -> None:
    graph = resolution(ResolveWorld.of(SOLVED, "app")).graph()
    assert set(graph.nodes) == {
        Node(REQUEST, "request", "request"), Node("app", "app-1[0]", "package"), Node("lib", "lib-2.1", "package"),
        Node("python", "python-3.1", "package"), Node(".mode", ".mode", "ephemeral"),
    }  # fmt: skip
    assert set(graph.edges) == {
        Edge(REQUEST, "app", "app", "needs"), Edge("app", "lib", "lib-2", "needs"),
        Edge("app", ".mode", ".mode-1", "needs"), Edge("app", "python", "python-3", "needs"),
        Edge("lib", "python", "!python-2", "excludes"),
    }  # fmt: skip


def test_the_graph_of_a_failed_resolve_shows_the_clash() -> None:
    packages = [Package("tool", "1.3", ("python-2.7",)), Package("rig", "3.0", ("python-3",)), *PYTHONS]
    graph = resolution(ResolveWorld.of(packages, "tool", "rig")).graph()
    assert [node.name for node in graph.nodes if node.kind == "clash"] == ["python"]
    assert {edge.source for edge in graph.edges if edge.kind == "clashes"} == {"tool", "rig"}
    graph = resolution(ResolveWorld.of(packages, "tool-1", "tool-2")).graph()
    assert [node.name for node in graph.nodes if node.kind == "clash"] == ["tool"]


def test_graphs_as_text() -> None:
    graph = resolution(ResolveWorld.of(SOLVED, "app", "python<4")).graph()
    dot = graph.to_dot()
    assert dot.startswith("digraph resolve {")
    assert '    "app" -> "lib" [label="lib-2"];' in dot.splitlines()
    assert '    "lib" -> "python" [label="!python-2", style=dashed];' in dot.splitlines()
    mermaid = graph.to_mermaid().splitlines()
    assert mermaid[0] == "flowchart LR"
    assert '    n0["request"]' in mermaid
    assert any(line.endswith('|"python#lt;4"| n2') for line in mermaid)
