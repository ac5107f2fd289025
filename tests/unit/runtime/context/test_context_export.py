"""Exported contexts, and what is said where they can't be made again."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import ContextError, ContextFileError
from rezup.runtime.context.export import command_text, exact, portable
from rezup.runtime.context.reproduce import deviations, reproduce, wanted_of
from support.context_worlds import NOW, World

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.context.context import Context
    from rezup.runtime.context.reproduce import Wanted


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


def again(world: World) -> Any:
    """Resolves as a session would."""

    def resolve(wanted: Wanted) -> Context:
        options: dict[str, Any] = {"time": wanted.time, "implicit": wanted.implicit is None}
        if wanted.packages_path is not None:
            options["paths"] = wanted.packages_path
        return world.context(" ".join(wanted.request), **options)

    return resolve


def test_an_exact_document(world: World) -> None:
    context = world.context("rig maya !toggle .x-1")._replace(
        package_filter=[{"excludes": ["glob(*.beta)"], "includes": ["range(maya-1 x)"]}], building=True,
    )  # fmt: skip
    document = exact(context)
    assert json.loads(json.dumps(document)) == document
    assert document["request"] == ["python==3.11.4.1", "maya==2024.2", "rig==1.1", ".x-1"]
    assert document["packages"][-1] == {
        "name": "rig", "version": "1.1", "variant": 1, "requires": ["maya-2024", "python-3"],
        "uri": f"{world.paths[0]}/rig/1.1/package.py[1]",
    }  # fmt: skip
    assert document["command"] == [
        "rezup", "env", "--no-implicit", "--time", str(NOW), "--paths", ":".join(world.paths), "--build",
        "--no-filters", "--exclude", "glob(*.beta)", "--include", "range(maya-1 x)", *document["request"],
    ]  # fmt: skip
    assert shlex.split(command_text(document)) == document["command"]
    assert (document["not_in_command"], document["requested"]) == ([], ["rig", "maya", "!toggle", ".x-1"])


def test_a_portable_document(world: World) -> None:
    context = world.context("rig maya", time=2650)._replace(
        package_filter=[{"excludes": ["a"]}, {"excludes": ["b"]}],
        package_orderers=[{"type": "no_order"}], implicit_packages=("~os-1",),
    )  # fmt: skip
    document = portable(context)
    assert document["command"] == ["rezup", "env", "--time", "2650", "--no-filters", "rig", "maya"]
    assert document["not_in_command"] == ["package_filter", "package_orderers"]
    assert (document["implicit"], document["packages_path"], document["time"]) == (None, None, 2650)
    wanted = wanted_of(document)
    assert (wanted.request, wanted.time, wanted.implicit, wanted.packages_path) == (
        ("rig", "maya"),
        2650,
        None,
        None,
    )
    assert wanted.package_filter == ({"excludes": ["a"]}, {"excludes": ["b"]})


@pytest.mark.parametrize("kind", [exact, portable])
def test_the_same_comes_out(world: World, kind: Any) -> None:
    document = kind(world.context("rig-1.1 maya-2024 toggle .feature-1+<3"))
    assert reproduce(document, again(world)).is_equal


def test_later_packages_do_not_count(world: World) -> None:
    document = portable(world.context("maya", time=3100))
    world.write("one/maya/2025/package.py", "name = 'maya'\nversion = '2025'\ntimestamp = 3200")
    assert reproduce(document, again(world)).is_equal
    found = deviations(document, world.context("maya"))
    assert [str(each) for each in found] == [
        "python: python-3.11.4.1 is missing", "maya: another version: 2025 instead of 2024.2",
    ]  # fmt: skip


def test_every_deviation_is_named(world: World, tmp_path: Path) -> None:
    document = exact(world.context("rig-1.1 maya-2024 .x-1 many-2"))
    other = World(tmp_path / "other")
    other.write(
        "one/rig/1.1/package.py", "name = 'rig'\nversion = '1.1'\nvariants = [['maya'], ['python-3', 'maya']]"
    )
    found = deviations(document, other.context("rig-1.1 maya-2024.1 .y-1 scripts"))
    assert [(each.kind, each.name) for each in found] == [
        ("path", "python"), ("version", "maya"), ("variant", "rig"), ("missing", "many"), ("unexpected", "scripts"),
        ("ephemeral", ".x"), ("ephemeral", ".y"),
    ] or {each.kind for each in found} == {
        "path", "version", "variant", "missing", "unexpected", "ephemeral",
    }  # fmt: skip
    texts = [str(each) for each in found]
    assert "rig: another variant: [0] (maya) instead of [1] (maya-2024, python-3)" in texts
    assert "many: many-2 is missing" in texts
    assert "scripts: scripts is there, too" in texts
    same_elsewhere = World(tmp_path / "third").context("rig-1.1 maya-2024 .x-1 many-2")
    assert {each.kind for each in deviations(document, same_elsewhere)} == {"path"}
    assert deviations({**document, "kind": "portable"}, same_elsewhere) == ()


def test_no_solution(world: World) -> None:
    document = exact(world.context("maya-2023"))
    world.write("one/maya/2023/package.py", "name = 'maya'\nversion = '2023'\nrequires = ['python-2']")
    with pytest.raises(ContextError, match="can't be made again") as caught:
        reproduce(document, again(world))
    assert "<--!-->" in str(caught.value.context)
    assert "maya-2023" in str(caught.value.hint)


def test_what_can_not_be_exported(world: World) -> None:
    for kind in (exact, portable):
        with pytest.raises(ContextError):
            kind(world.context("maya-2023 python-2"))
    context = world.context("rig-1.1 maya-2024")
    world.write("one/rig/1.1/package.py", "name = 'rig'\nversion = '1.1'\nvariants = [['maya']]")
    with pytest.raises(ContextError, match="has no variant 1 any more"):
        exact(context)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2), ("format", "1"), ("kind", "odd"), ("request", "maya"), ("request", [1]), ("request", ["$(x)"]),
        ("request", ["a\0"]), ("time", "now"), ("time", True), ("packages_path", "x"), ("packages_path", [3]),
        ("packages", [{}]), ("packages", [None]), ("packages", {}), ("building", 1), ("ephemerals", ["$"]),
        ("implicit", [["x"]]), ("package_filter", None), ("package_orderers", 4),
        ("format", True), ("format", 1.0), ("package_filter", [1, 2]), ("package_filter", [{"excludes": 3}]),
        ("package_filter", [{"excludes": "regex([)"}]), ("package_orderers", ["sorted"]), ("time", 1 << 80),
        ("packages_path", ["/a\ud800"]), ("package_filter", [{"excludes": ["\ud800"]}]), ("requested", None),
        ("requested", [5]), ("requested", ["$(x)"]), ("requested_implicit", "x"), ("requested_time", True),
    ],
)  # fmt: skip
def test_documents_that_are_none(world: World, key: str, value: Any) -> None:
    document = {**exact(world.context("maya-2023")), key: value}
    with pytest.raises(ContextFileError, match="exported context can't be used"):
        reproduce(document, again(world))
    for nothing in (None, [], {}, "x"):
        with pytest.raises(ContextFileError):
            wanted_of(nothing)


def test_nothing_is_resolved_for_a_document_that_is_none(world: World) -> None:
    document = exact(world.context("maya-2023"))
    del document["requested"]
    asked: list[Wanted] = []
    with pytest.raises(ContextFileError) as caught:
        reproduce(document, asked.append)  # type: ignore[arg-type]
    assert (caught.value.context, asked) == ("requested is missing", [])


@pytest.mark.parametrize(
    "changes",
    [
        {"requires": [1, {}]}, {"requires": ["a\ud800"]}, {"variant": True}, {"variant": -1}, {"name": "../x"},
        {"version": "1..2"}, {"uri": "/a\0"}, {"uri": None},
    ],
)  # fmt: skip
def test_packages_that_are_none(world: World, changes: dict[str, Any]) -> None:
    document = exact(world.context("maya-2023"))
    document["packages"][0].update(changes)
    with pytest.raises(ContextFileError) as caught:
        wanted_of(document)
    assert caught.value.context == "packages must have name, version, variant, requires and uri"


def test_a_package_that_is_listed_twice(world: World) -> None:
    document = exact(world.context("maya-2023"))
    document["packages"] *= 2
    with pytest.raises(ContextFileError) as caught:
        wanted_of(document)
    assert caught.value.context == f"packages has {document['packages'][0]['name']} twice"


def test_what_is_wrong_is_said_of_its_part(world: World) -> None:
    document = exact(world.context("maya-2023"))
    for key, value, words in (
        ("package_filter", [1, 2], "package_filter must be a list of package filters"),
        ("package_filter", [{"excludes": 3}], "package_filter: `excludes` is no rule"),
        ("packages_path", ["\ud800"], "packages_path must be a list of texts, or null"),
    ):
        with pytest.raises(ContextFileError) as caught:
            wanted_of({**document, key: value})
        assert str(caught.value.context).startswith(words)


def test_paths_that_are_no_text_are_kept(world: World) -> None:
    document = {**exact(world.context("maya-2023")), "packages_path": ["/a\udcff"]}
    assert wanted_of(json.loads(json.dumps(document))).packages_path == ("/a\udcff",)


def test_a_relative_packages_path_is_made_absolute(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    paths = (
        "one",
        "filesystem@two@x",
        "/three/../four",
        "filesystem@/five",
        "odd@six",
        "../seven",
    )
    context = world.context("maya-2023")._replace(package_paths=paths)
    document = exact(context)
    assert document["packages_path"] == [
        f"{tmp_path}/one", f"filesystem@{tmp_path}/two@x", "/three/../four", "filesystem@/five",
        "odd@six", f"{tmp_path.parent}/seven",
    ]  # fmt: skip
    assert ":".join(document["packages_path"]) in document["command"]
    assert context.package_paths == paths
    assert portable(context)["packages_path"] is None
    (tmp_path / "a@b").mkdir()
    monkeypatch.chdir(tmp_path / "a@b")
    assert exact(context)["packages_path"][0] == f"filesystem@{tmp_path}/a@b/one"
