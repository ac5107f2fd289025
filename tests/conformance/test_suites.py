"""Suites, made and read by the live Rez and by us: data, tools, texts, wrappers."""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from rezup.errors import SuiteError
from rezup.runtime.context import context_file
from rezup.runtime.context.difference import on_path
from rezup.runtime.suites import kept_suites, visible_suites
from rezup.runtime.suites.about import about_lines, version_lines
from rezup.runtime.suites.invocation import invocation_of
from rezup.runtime.suites.suite import Suite
from support.suite_rez import Rez
from support.suite_world import REQUESTS, config_of, play, state, write_packages

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context

pytestmark = pytest.mark.skipif(os.name != "posix", reason="wrappers of Windows are others")


class World:
    """Packages, the contexts of them that Rez resolved, and that Rez."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.packages = write_packages(folder / "packages")
        (folder / "home").mkdir()
        self.rez = Rez(folder / "home", self.packages)
        self.config: Config = config_of(folder / "home", self.packages)
        self.contexts: dict[str, Context] = {}
        for name, request in [*REQUESTS.items(), ("failed", ["maya", "!maya"])]:
            file = str(folder / f"{name}.rxt")
            status = self.rez.ask("resolve", request=request, paths=[str(self.packages)], file=file)
            assert status == ("failed" if name == "failed" else "solved")
            self.contexts[file] = context_file.load(file, self.config)
        self._numbers = itertools.count()

    def pair(self) -> tuple[str, str]:
        """Two new folders, one for each, with paths of the same length."""
        number = f"{next(self._numbers):07}"
        return str(self.folder / f"ours{number}"), str(self.folder / f"rezs{number}")


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("suites"))
    yield made
    made.rez.close()


NAMES = ("anim", "fx", "a b\"c'é")
TOOLS = ("maya", "render", "mayapy", "Nuke", "python", "convert", "hython", "a b\"c'é", "nope")
ALIASES = ("maya", "render", "RENDER", "x", "with 'quotes' $(id)", "é")
AFFIXES = ("", "x_", "_y", "é ")


def steps_of(world: World) -> st.SearchStrategy[list[list[Any]]]:
    names, tools = st.sampled_from(NAMES), st.sampled_from(TOOLS)
    adding = st.tuples(
        st.just("add"), names, st.sampled_from(sorted(world.contexts)), st.sampled_from([None, "", "+", "@"])
    )
    others = st.one_of(
        st.tuples(st.sampled_from(["remove", "bump"]), names),
        st.tuples(st.sampled_from(["prefix", "suffix"]), names, st.sampled_from(AFFIXES)),
        st.tuples(st.sampled_from(["hide", "unhide", "unalias"]), names, tools),
        st.tuples(st.just("alias"), names, tools, st.sampled_from(ALIASES)),
        st.tuples(st.just("store")),
    )
    steps = st.lists(st.one_of(adding, others, others), max_size=14)
    return steps.map(lambda found: [list(each) for each in found])


def settled(found: Any, folder: str) -> Any:
    """Without the folder, and without which of two packages that clash is named first."""
    text = json.dumps(found).replace(folder, "SUITE")
    return json.loads(text, object_hook=_settled_lines)


def _settled_lines(found: dict[str, Any]) -> dict[str, Any]:
    for key in ("tools text", "tools text -v"):
        if key in found:
            found[key] = [_settled_line(line) for line in found[key]]
    if "of one" in found:
        found["of one"] = {
            name: [_settled_line(each) for each in lines] for name, lines in found["of one"].items()
        }
    return found


def _settled_line(line: str) -> str:
    clashing = "(in conflict)" in line
    return line.replace("nuke-13", "PACKAGE").replace("util-10", "PACKAGE") if clashing else line


def compare(world: World, steps: list[list[Any]]) -> None:
    ours, theirs = world.pair()
    answer = play(ours, steps, world.config, world.contexts)
    expected = world.rez.ask("play", folder=theirs, steps=steps)
    assert settled(answer, ours) == settled(expected, theirs)
    # And each reads what the other wrote.
    assert settled(world.rez.ask("state", folder=ours), ours) == settled(answer["state"], ours)
    assert settled(state(theirs, world.config), theirs) == settled(expected["state"], theirs)
    with open(f"{ours}/suite.yaml") as mine, open(f"{theirs}/suite.yaml") as other:
        assert mine.read() == other.read() + "\n"


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_the_same_steps_make_the_same_suite(world: World, data: st.DataObject) -> None:
    compare(world, data.draw(steps_of(world)))


@pytest.mark.conformance
@pytest.mark.timeout(3600)
@settings(deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_two_thousand_rows_of_steps_make_the_same_suites(world: World, data: st.DataObject) -> None:
    compare(world, data.draw(steps_of(world)))


def full(world: World, folder: str) -> None:
    """A suite with clashes, aliases and hidden tools, made by us."""
    suite = Suite(world.config)
    for name, context in (("anim", "maya"), ("a b\"c'é", "clash"), ("fx", "fx")):
        suite.add(name, world.contexts[str(world.folder / f"{context}.rxt")])
    suite.alias("anim", "render", "with 'quotes' $(id) # : \U0001f600")
    suite.hide("fx", "render")
    suite.set_suffix("fx", "_fx")
    suite.save(folder)


def test_rez_changes_what_we_made_and_back(world: World) -> None:
    ours, _ = world.pair()
    full(world, ours)
    before = state(ours, world.config)
    asked = world.rez.ask("state", folder=ours)
    assert settled(asked, ours) == settled(before, ours)
    ask = """
import sys
from rez.suite import Suite
suite = Suite.load(sys.argv[1])
suite.bump_context("anim")
suite.save(sys.argv[1])
"""
    environ = {"HOME": str(world.folder / "home"), "PATH": os.defpath}
    subprocess.run([sys.executable, "-W", "ignore", "-c", ask, ours], env=environ, check=True)
    suite = Suite.load(ours, world.config)
    assert suite.member("anim").priority == 4
    suite.set_prefix("anim", "p_")
    suite.save()
    assert settled(world.rez.ask("state", folder=ours), ours) == settled(state(ours, world.config), ours)


def test_rez_keeps_a_description(world: World) -> None:
    ours, _ = world.pair()
    full(world, ours)
    suite = Suite.load(ours, world.config)
    suite.describe("anim", "for animators: é")
    suite.save()
    found = world.rez.ask("state", folder=ours)["data"]
    assert [each.get("description") for each in found] == [None, "for animators: é", None]


WORDS = (
    "-x", "--long", "--", "a b", "$(id)", "+", "+a", "++about", "++ab", "+i", "++interactive", "+p", "+pmaya", "++patch",
    "maya-2024", "++versions", "++command", "++strict", "+ai", "++verbose", "++verb", "++quiet", "++nl", "++no-local",
    "++no-rez-args", "++no-rez", "++no", "++nope", "++stdin", "++patch=a", "+5", "é", "", "++about=1", "@a", "+a b",
)  # fmt: skip


def decided(world: World, path: str, words: list[str]) -> dict[str, Any]:
    """What we would do, told as `support.suite_rez` tells what Rez does."""
    try:
        asked = invocation_of(path, words, "+")
    except SuiteError:
        return {"status": "exit 2", "out": []}
    context = context_file.load(asked.context_path, world.config)
    if asked.kind == "about":
        return {"status": 0, "out": [line.text for line in about_lines(asked, context)]}
    if asked.kind == "versions":
        lines, is_possible = version_lines(asked, context, on_path(world.config))
        return {"status": 0 if is_possible else 1, "out": [line.text for line in lines]}
    if asked.kind == "interactive":
        found: dict[str, Any] = {"command": None, "prompt": asked.prompt}
    else:
        found = {"command": list(asked.command), "prompt": None}
    # Nothing is to be read from the standard input of that Rez.
    found |= {"status": 0, "out": [], "stdin": False, "quiet": asked.is_quiet}
    if asked.patch is not None:
        found |= {"patch": list(asked.patch), "strict": asked.is_strict}
    return found


def same_decision(world: World, path: str, words: list[str]) -> None:
    theirs = world.rez.ask("tool", path=path, arguments=words)
    if theirs["status"] == "crash":  # a shortened ++no-rez-args, or ++versions
        return
    if "patch" in theirs:
        theirs["out"] = []  # the new resolve may tell of itself
    ours = decided(world, path, words)
    if ours.get("command") is not None and "prompt" in theirs:
        ours["prompt"] = theirs["prompt"]  # of no interest without a shell
    if any("in conflict" in line for line in theirs["out"]):
        theirs["out"][-1:] = [" ".join(sorted(theirs["out"][-1].split()))]
        ours["out"][-1:] = [" ".join(sorted(ours["out"][-1].split()))]
    assert ours == theirs, words


@pytest.fixture(scope="module")
def shared(world: World) -> str:
    ours, _ = world.pair()
    full(world, ours)
    return ours


@pytest.mark.parametrize(
    "tool", ["maya", "Nuke", "a b\"c'é_fx", "with 'quotes' $(id) # : \U0001f600", "convert"]
)
def test_a_tool_does_what_rez_would_do(world: World, shared: str, tool: str) -> None:
    choose = random.Random(tool)
    path = f"{shared}/bin/{tool}"
    for word in WORDS:
        same_decision(world, path, [word])
    for _ in range(60):
        same_decision(world, path, choose.choices(WORDS, k=choose.randint(0, 5)))


@pytest.mark.parametrize("char", ["", "@", "=", "%"])
def test_so_it_does_with_another_prefix_character(world: World, char: str) -> None:
    folder, _ = world.pair()
    suite = Suite(world.config)
    suite.add("anim", world.contexts[str(world.folder / "maya.rxt")], prefix_char=char)
    suite.save(folder)
    for word in WORDS:
        if (char != "%" or not word.startswith("%")) and char != "=":  # Rez itself fails with that one
            same_decision(world, f"{folder}/bin/maya", [word.replace("+", char) if char else word])
        elif char == "=":
            same_decision(world, f"{folder}/bin/maya", [word])


def test_the_visible_suites(world: World, tmp_path: Path) -> None:
    folders = []
    for name in ("one", "two", "a b\"c'é"):
        full(world, str(tmp_path / name))
        folders.append(str(tmp_path / name))
    (tmp_path / "none" / "bin").mkdir(parents=True)
    (tmp_path / "one" / "other").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "two")
    entries = [
        *(f"{each}/bin" for each in folders), f"{folders[0]}/bin/", f"{folders[0]}/other", f"{tmp_path}/none/bin",
        f"{tmp_path}/link/bin", "", "/nope/bin", f"{folders[1]}/bin/maya",
    ]  # fmt: skip
    for paths in (entries, entries[::-1], entries[5:6], []):
        for mode in ("never", "always", "parent", "parent_priority"):
            for parent in (None, folders[1], "/elsewhere"):
                visible, kept = world.rez.ask("visible", paths=paths, mode=mode, parent=parent)
                found = visible_suites(paths)
                assert list(found) == visible
                assert [f"{each}/bin" for each in kept_suites(mode, found, parent)] == kept
