"""Files of contexts: what is written comes back, what can't be used is refused, nothing runs."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rezup.errors import ContextError, ContextFileError, PackageDefinitionError, RezupError
from rezup.resolver.resolution import Resolution, ResolvedPackage
from rezup.runtime.context import queries
from rezup.runtime.context.context_file import dumps, from_dict, load, loads, save, to_dict
from rezup.runtime.context.creation import Setting, context_of, with_graph
from rezup.runtime.context.info import info_lines
from support.context_worlds import NOW, World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("world"))


#: What Rez writes into a file.
KEYS = {
    "append_sys_path", "arch", "building", "caching", "created", "default_patch_lock",
    "failure_description", "from_cache", "graph", "host", "implicit_packages", "load_time",
    "num_loaded_packages", "os", "package_cache_async", "package_caching", "package_filter",
    "package_orderers", "package_paths", "package_requests", "parent_suite_path", "patch_locks",
    "platform", "requested_timestamp", "resolved_ephemerals", "resolved_packages", "rez_path",
    "rez_version", "serialize_version", "solve_time", "status", "suite_context_name", "testing",
    "timestamp", "user",
}  # fmt: skip


def plain(context: Any) -> dict[str, Any]:
    """All of a context that can be compared."""
    found = {name: value for name, value in context._asdict().items() if name != "load_path"}
    return {**found, "resolved_packages": [each.uri for each in context.resolved_packages]}


@pytest.mark.parametrize(
    "request_",
    ["rig maya", "many-2 site.lib", "toggle .feature-1 .other", "hash scripts", "maya-2023 python-2"],
)
def test_what_is_written_comes_back(world: World, tmp_path: Path, request_: str) -> None:
    context = world.context(request_, time=2550 if "maya" in request_ else None)._replace(
        package_filter=[{"excludes": ["glob(*.beta)"]}], package_orderers=[{"type": "no_order", "packages": None}],
        patch_locks={"maya": "lock_3"}, default_patch_lock="lock", parent_suite_path="/suite", suite_context_name="x",
        user='quotes " and \\ and é and \udcff', building=True, testing=True, solve_time=0.5, from_cache=True,
    )  # fmt: skip
    path = str(tmp_path / "x.rxt")
    save(context, path)
    again = load(path, world.config)
    assert plain(again) == plain(context)
    assert again.load_path == path
    assert dumps(again) == dumps(context)
    assert plain(loads(dumps(context), world.config)) == plain(context)
    assert [each.root for each in again.resolved_packages] == [
        each.root for each in context.resolved_packages
    ]


def test_fields_of_a_new_context(world: World) -> None:
    context = world.context("maya-2023")
    assert (context.timestamp, context.requested_timestamp, context.created) == (NOW, None, NOW)
    assert (context.status, context.rez_version, context.graph) == ("solved", "3.4.0", None)
    early = world.context("maya", time=2450)
    assert (early.timestamp, early.requested_timestamp, early.created) == (2450, 2450, NOW)
    failed = world.context("maya-2023 python-2")
    assert failed.status == "failed"
    assert "<--!-->" in str(failed.failure_description)
    assert "CONFLICT" in str(failed.graph)
    assert "'maya-2023[]'" in str(with_graph(context).graph)


def test_every_key_of_rez_is_there(world: World) -> None:
    assert to_dict(world.context("maya")).keys() == KEYS


def test_packages_in_memory_are_no_part_of_a_context(world: World) -> None:
    resolution = Resolution("solved", request=("foo",), packages=(ResolvedPackage("foo", "1", None),))
    with pytest.raises(ContextError, match="foo-1 can't be part of a context"):
        context_of(
            resolution, ["[]"], requests=["foo"], implicit=(), setting=Setting(()), config=world.config, now=0
        )
    data = to_dict(world.context("maya"))
    data["resolved_packages"][0]["key"] = "memory.variant"
    with pytest.raises(ContextFileError) as caught:
        from_dict(data, world.config)
    assert "memory.variant" in str(caught.value.context)


def _changed(data: dict[str, Any], *path: Any, value: Any) -> dict[str, Any]:
    result = json.loads(json.dumps(data))
    inner = result
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return result


HOSTILE = [
    (("serialize_version",), "5.0"), (("serialize_version",), None), (("serialize_version",), {}),
    (("serialize_version",), "²"), (("status",), "won"), (("status",), []), (("timestamp",), "now"),
    (("timestamp",), True), (("timestamp",), 1e300), (("created",), -1e18), (("timestamp",), None),
    (("package_requests",), "maya"), (("package_requests",), [1]), (("package_requests",), ["$(x)"]),
    (("package_requests",), ["../x"]), (("package_requests",), ["maya-1<<"]), (("implicit_packages",), {"a": 1}),
    (("package_paths",), ["a\0b"]), (("rez_path",), "a\0b"), (("resolved_packages",), {}),
    (("resolved_packages",), [None]), (("resolved_packages",), [[]]), (("resolved_packages", 0), {"key": "x"}),
    (("resolved_packages", 0, "variables", "name"), "../../etc"), (("resolved_packages", 0, "variables", "name"), 1),
    (("resolved_packages", 0, "variables", "version"), "1/../.."), (("resolved_packages", 0, "variables", "index"), -1),
    (("resolved_packages", 0, "variables", "index"), True), (("resolved_packages", 0, "variables", "index"), "0"),
    (("resolved_packages", 0, "variables", "location"), "relative"), (("resolved_packages", 0, "variables", "location"), ""),
    (("resolved_packages", 0, "variables", "location"), "/a\0b"), (("resolved_packages", 0, "variables", "location"), 7),
    (("resolved_packages", 0, "variables", "repository_type"), "memory"), (("resolved_packages", 0, "key"), []),
    (("resolved_ephemerals",), ["$"]), (("building",), "no"), (("package_filter",), [1]), (("package_orderers",), {"a": 1}),
    (("default_patch_lock",), "lock_9"), (("patch_locks",), [["maya"]]), (("patch_locks",), {"maya": 1}),
    (("graph",), 1), (("user",), ["x"]), (("solve_time",), "fast"), (("from_cache",), 3),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), HOSTILE)
def test_values_of_the_wrong_kind(world: World, tmp_path: Path, path: tuple[Any, ...], value: Any) -> None:
    data = _changed(to_dict(world.context("maya-2023")), *path, value=value)
    file = tmp_path / "x.rxt"
    file.write_text(json.dumps(data))
    with pytest.raises(ContextFileError) as caught:
        load(str(file), world.config)
    assert str(file) in caught.value.message
    assert caught.value.context


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{", b"[]", b"{}", b"null", b"3", b"\xff\xfe", b'{"a": "\xff"}', b"[" * 100_000, b'{"a":' * 100_000, b"- " * 100_000,
        b"a: &a [*a]", b"- !!python/object/apply:os.system ['touch /tmp/ran']", b"a: 2024-13-99",
        b"!!python/name:os.system", b"\0", b'{"serialize_version": "4.9"', b"a: b: c", b"<html>", b"{a: 1}",
    ],
)  # fmt: skip
def test_files_that_are_no_context(world: World, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.rxt"
    file.write_bytes(content)
    with pytest.raises(ContextFileError, match="no context of Rez") as caught:
        load(str(file), world.config)
    assert caught.value.context
    with pytest.raises(ContextFileError, match="stdin"):
        loads(content, world.config, "stdin")


def test_every_truncation_is_refused(world: World) -> None:
    text = dumps(with_graph(world.context("maya-2023"))).rstrip()
    for size in range(0, len(text), 7):
        with pytest.raises(ContextFileError):
            loads(text[:size], world.config)


@pytest.mark.parametrize("path", ["nowhere/x.rxt", ".", "a\0b", "x" * 5000])
def test_files_that_can_not_be_read_or_written(world: World, tmp_path: Path, path: str) -> None:
    where = str(tmp_path / path)
    with pytest.raises(ContextFileError, match="can't be read"):
        load(where, world.config)
    with pytest.raises(ContextFileError, match="can't be written"):
        save(world.context("maya-2023"), where)
    assert os.listdir(tmp_path) == []


def test_a_newer_minor_version_and_unknown_keys_are_read(world: World) -> None:
    context = world.context("maya-2023")
    data = {**to_dict(context), "serialize_version": "4.99", "news": {"a": [1]}}
    assert plain(from_dict(data, world.config)) == plain(context)


def test_a_newer_major_version_says_what_to_do(world: World) -> None:
    data = {**to_dict(world.context("maya-2023")), "serialize_version": "12.1"}
    with pytest.raises(ContextFileError) as caught:
        from_dict(data, world.config, load_path="/x.rxt")
    assert (caught.value.context, caught.value.hint) == (
        "it has the format 12.1; formats up to 4 are known", "a newer rezup may know it",
    )  # fmt: skip


def test_loading_reads_no_package(tmp_path: Path) -> None:
    world = World(tmp_path / "w")
    witness = tmp_path / "ran"
    world.write("one/evil/1/package.py", f"open({str(witness)!r}, 'w').close()\nname = 'evil'\nversion = '1'")
    context = world.context("evil")
    witness.unlink()
    save(context, str(tmp_path / "x.rxt"))
    again = load(str(tmp_path / "x.rxt"), world.config)
    assert again.resolved_packages[0].uri.endswith("one/evil/1/package.py[]")
    assert not witness.exists()


def test_packages_that_vanished(tmp_path: Path) -> None:
    world = World(tmp_path / "w")
    save(world.context("rig maya many-2 hash"), str(tmp_path / "x.rxt"))
    context = load(str(tmp_path / "x.rxt"), world.config)
    assert queries.missing(context) == []
    queries.require_all(context)
    (tmp_path / "w/one/python").rename(tmp_path / "w/one/snake")
    world.write("one/many.py", "name = 'many'\nversions = ['1', '3']")
    world.write("one/hash/1/package.py", "name = 'hash'\nversion = '1'")
    context = load(str(tmp_path / "x.rxt"), world.config)
    gone = queries.missing(context)
    assert sorted(each.name.split("-")[0] for each in gone) == ["hash", "many", "python"]
    with pytest.raises(ContextError, match="3 of 6 packages of the context are gone") as caught:
        queries.require_all(context)
    assert all(each.name in str(caught.value.context) for each in gone)
    python = queries.resolved_package(context, "python")
    assert python is not None
    with pytest.raises(PackageDefinitionError, match=r"python-[\d.]+, which the context has, is gone"):
        _ = python.requires
    hashed = queries.resolved_package(context, "hash")
    assert hashed is not None
    with pytest.raises(PackageDefinitionError, match=r"variant 1 of hash-1, which the context has, is gone"):
        _ = hashed.root


def test_locations_in_a_bundle(world: World, tmp_path: Path) -> None:
    (tmp_path / "bundle.yaml").write_text("")
    (tmp_path / "packages").symlink_to(world.paths[0])
    data = to_dict(world.context("maya-2023"))
    for handle in data["resolved_packages"]:
        handle["variables"]["location"] = "packages"
    (tmp_path / "x.rxt").write_text(json.dumps(data))
    context = load(str(tmp_path / "x.rxt"), world.config)
    assert [each.uri for each in context.resolved_packages] == [
        each.uri for each in world.context("maya-2023").resolved_packages
    ]
    save(context, str(tmp_path / "y.rxt"))  # they lie outside
    assert world.paths[0] in (tmp_path / "y.rxt").read_text()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["maya", "filesystem", "4.9"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)  # fmt: skip


@given(
    changes=st.dictionaries(st.sampled_from(sorted(KEYS)), _VALUES, max_size=3),
    variables=st.dictionaries(st.sampled_from(["name", "version", "index", "location", "ext"]), _VALUES, max_size=2),
)  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_whatever_a_file_says_it_is_shown_or_refused(
    world: World, changes: dict[str, Any], variables: dict[str, Any]
) -> None:
    data = json.loads(json.dumps({**to_dict(world.context("maya-2023")), **changes}))
    if isinstance(data["resolved_packages"], list):
        for handle in data["resolved_packages"]:
            if isinstance(handle, dict) and isinstance(handle.get("variables"), dict):
                handle["variables"].update(variables)
    try:
        context = from_dict(data, world.config)
        again = loads(dumps(context), world.config)
        assert plain(again) == plain(context)
        info_lines(context, world.config, {}, verbosity=1)
        queries.missing(context)
    except RezupError:
        return


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("package_paths", ["/a\ud800"]), ("rez_path", "\ud800"), ("rez_version", "\udfff"), ("host", "a\udc00"),
        ("package_filter", [{"excludes": ["\ud800"]}]), ("package_orderers", [{"type": "\ud800"}]),
    ],
)  # fmt: skip
def test_half_characters_are_refused(world: World, name: str, value: Any) -> None:
    data = {**to_dict(world.context("maya-2023")), name: value}
    with pytest.raises(ContextFileError) as caught:
        loads(json.dumps(data), world.config)
    assert str(caught.value.context).startswith(f"{name} must be a")


def test_half_characters_in_the_place_of_a_package_are_refused(world: World) -> None:
    data = to_dict(world.context("maya-2023"))
    data["resolved_packages"][0]["variables"]["location"] += "\ud800"
    with pytest.raises(ContextFileError, match="ud800"):
        loads(json.dumps(data), world.config)


def test_bytes_of_paths_that_are_no_text_are_kept(world: World) -> None:
    data = to_dict(world.context("maya-2023")._replace(package_paths=("/a\udc80\udcff",)))
    assert loads(json.dumps(data), world.config).package_paths == ("/a\udc80\udcff",)
