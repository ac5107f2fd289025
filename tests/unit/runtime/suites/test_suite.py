"""Suites in memory and on disk: what conformance can't show."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
import yaml

from rezup.errors import SuiteError
from rezup.runtime.context import context_file
from rezup.runtime.suites.info import info_lines, list_lines, tools_lines
from rezup.runtime.suites.suite import Suite, load_visible_suites
from support.suite_world import config_of, context_of, tree, write_packages

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.config import Config


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_of(tmp_path, write_packages(tmp_path / "packages"))


@pytest.fixture
def suite(config: Config) -> Suite:
    made = Suite(config)
    made.add("anim", context_of(config, "maya-2024", "lib-1", requests=["maya"]))
    made.add("comp", context_of(config, "nuke-13", "util-10"))
    return made


def visible(suite: Suite) -> dict[str, tuple[str, str]]:
    return {alias: (tool.context, tool.name) for alias, tool in suite.tools().visible.items()}


def test_the_last_context_is_in_front(suite: Suite) -> None:
    assert visible(suite)["render"] == ("comp", "render")
    assert [tool.context for tool in suite.tools().overridden["render"]] == ["anim"]
    suite.bump("anim")
    assert visible(suite)["render"] == ("anim", "render")
    assert visible(suite)["maya"] == ("anim", "maya")
    assert "hidden_in_lib" not in visible(suite), "only packages that were asked for show their tools"


def test_two_packages_of_one_context_clash(suite: Suite) -> None:
    tool = suite.tools().visible["render"]
    assert tool.is_clashing
    assert [each.qualified_package_name for each in tool.variants] == ["nuke-13", "util-10"]
    suite.alias("comp", "convert", "Nuke")
    assert suite.tools().visible["Nuke"].is_clashing


def test_a_tool_that_a_package_names_twice_does_not_clash(tmp_path: Path) -> None:
    packages = write_packages(tmp_path / "p", {"foo-1": {"tools": ["a", "a"]}})
    suite = Suite(config_of(tmp_path, packages))
    suite.add("x", context_of(suite._config, "foo-1"))
    assert not suite.tools().visible["a"].is_clashing


def test_names_of_tools(suite: Suite) -> None:
    suite.set_prefix("anim", "p_")
    suite.set_suffix("anim", "_s")
    suite.alias("anim", "render", "draw")
    suite.hide("anim", "mayapy")
    assert {alias for alias, (context, _) in visible(suite).items() if context == "anim"} == {
        "p_maya_s",
        "draw",
    }
    suite.unalias("anim", "render")
    suite.unhide("anim", "mayapy")
    suite.set_prefix("anim", "")
    assert {"maya_s", "render_s", "mayapy_s"} <= visible(suite).keys()
    assert suite.context_of_tool("maya_s") == "anim"
    assert suite.context_of_tool("maya") is None


def test_saved_and_loaded(suite: Suite, config: Config, tmp_path: Path) -> None:
    assert (suite.path, suite.tools_path, suite.tool_path("maya"), suite.context_path("anim")) == (None,) * 4
    suite.describe("anim", "for animators")
    folder = tmp_path / "a b\"c'é" / "suite"
    suite.save(str(folder))
    assert suite.path == str(folder)
    assert suite.tool_path("maya") == f"{folder}/bin/maya"
    assert suite.tool_path("nope") is None
    again = Suite.load(str(folder), config)
    assert again.members == suite.members
    assert visible(again) == visible(suite)
    context = context_file.load(str(folder / "contexts" / "anim.rxt"), config)
    assert (context.parent_suite_path, context.suite_context_name) == (str(folder), "anim")
    assert set(tree(folder)) == {
        "suite.yaml", "contexts/anim.rxt", "contexts/comp.rxt",
        *(f"bin/{each}" for each in ("maya", "mayapy", "render", "Nuke", "python", "convert", "with blank")),
    }  # fmt: skip
    again.remove("comp")
    again.save()
    assert set(tree(folder)) == {
        "suite.yaml", "contexts/anim.rxt", *(f"bin/{each}" for each in ("maya", "mayapy", "render")),
    }  # fmt: skip
    assert not [each for each in folder.parent.iterdir() if each != folder]


def test_a_save_without_change_writes_nothing(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("*")}
    Suite.load(str(tmp_path / "s"), config).save()
    suite.save()
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "s").rglob("*")} == before


def test_a_context_that_takes_the_place_of_another(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    old = suite.context("anim")
    for context in (context_of(config, "houdini-20"), old):
        suite.remove("anim")
        suite.add("anim", context)
        suite.save()
        found = Suite.load(str(tmp_path / "s"), config).context("anim")
        assert found.package_requests == context.package_requests


def test_a_moved_suite_is_put_right(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    (tmp_path / "s").rename(tmp_path / "t")
    moved = Suite.load(str(tmp_path / "t"), config)
    assert visible(moved) == visible(suite)
    moved.save()
    assert Suite.load(str(tmp_path / "t"), config).context("anim").parent_suite_path == str(tmp_path / "t")


def test_a_copy_leaves_the_first_as_it_is(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    before = tree(tmp_path / "s")
    other = Suite.load(str(tmp_path / "s"), config)
    other.remove("anim")
    other.save(str(tmp_path / "t"))
    assert tree(tmp_path / "s") == before
    assert other.path == str(tmp_path / "t")


def test_a_link_to_a_suite_stays_one(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    (tmp_path / "link").symlink_to(tmp_path / "s")
    linked = Suite.load(str(tmp_path / "link"), config)
    linked.remove("comp")
    linked.save(str(tmp_path / "link"))
    assert (tmp_path / "link").is_symlink()
    assert Suite.load(str(tmp_path / "s"), config).names == ("anim",)


def test_what_the_file_says_beyond_is_kept(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    file = tmp_path / "s" / "suite.yaml"
    data = yaml.safe_load(file.read_text())
    data["contexts"]["anim"]["colour"] = [1, "é"]
    data["contexts"]["anim"]["hidden_tools"] = ["maya"]
    file.write_text(yaml.safe_dump(data))
    other = Suite.load(str(tmp_path / "s"), config)
    other.bump("anim")
    other.save()
    found = yaml.safe_load(file.read_text())["contexts"]["anim"]
    assert (found["colour"], found["hidden_tools"], found["priority"]) == ([1, "é"], {"maya"}, 3)


def test_texts(suite: Suite, config: Config, tmp_path: Path) -> None:
    assert [line.text for line in info_lines(Suite(config))] == ["Suite is empty."]
    assert [line.text for line in info_lines(suite)] == ["Suite contains 2 contexts:", "anim comp"]
    assert info_lines(suite, verbose=True)[-1].text == "comp  5 tools from 3 packages  -"
    suite.hide("comp", "convert")
    suite.alias("anim", "maya", "Maya")
    lines = {
        line.text.split()[0]: line.mark for line in tools_lines(suite, verbose=True) if line.text.split()
    }
    assert (lines["convert"], lines["Maya"], lines["Nuke"]) == ("warning", "alias", "")
    assert [line.mark for line in tools_lines(suite, context_name="comp") if "conflict" in line.text] == [
        "critical"
    ]
    with pytest.raises(SuiteError, match="no context 'nope'"):
        tools_lines(suite, context_name="nope")
    assert [line.text for line in list_lines([])] == ["No visible suites."]
    suite.save(str(tmp_path / "s"))
    (found,) = load_visible_suites([suite.tools_path or "", "/nope"], config)
    assert [line.text for line in list_lines([found.path or ""])] == [str(tmp_path / "s")]


def test_what_can_not_be_done_says_why(suite: Suite, config: Config) -> None:
    def fails(message: str, do: object, *arguments: object, **named: object) -> SuiteError:
        members = suite.members
        with pytest.raises(SuiteError, match=message) as caught:
            do(*arguments, **named)  # type: ignore[operator]
        assert suite.members == members
        return caught.value

    context = context_of(config, "lib-1")
    fails("has a context 'anim' already", suite.add, "anim", context)
    fails("can't be added: its request could not", suite.add, "x", context_of(config, status="failed"))
    for do in (suite.remove, suite.bump, suite.context, lambda name: suite.hide(name, "maya")):
        assert fails("has no context 'nope'", do, "nope").hint == "it has: 'anim', 'comp'"
    assert fails("no tool 'nope'", suite.hide, "anim", "nope").hint == "it has: 'maya', 'render', 'mayapy'"
    fails("no tool 'hidden_in_lib'", suite.alias, "anim", "hidden_in_lib", "x")
    suite.alias("anim", "maya", "x")
    fails("has an alias already: it is 'x'", suite.alias, "anim", "maya", "y")
    fails("can't be looked for", suite.find, in_resolve="!!")
    fails("has no folder yet", suite.save)
    for name in ("", ".", "..", "a/b", "a\\b", "a\nb", "a\0b", "\x7f", "\udc80", "é" * 130, "a\u2028b"):
        fails("can't be the name of a context", suite.add, name, context)
        fails("can't be the name of a tool", suite.alias, "comp", "Nuke", name)
    for text in ("/", "a\nb", "..\\"):
        fails("can't be the prefix", suite.set_prefix, "anim", text)
        fails("can't be the suffix", suite.set_suffix, "anim", text)
    for char in ("-", "++", "a", "1", " ", "\n"):
        fails("can't begin the options", suite.add, "x", context, prefix_char=char)
    for path in ("\0", "a\0b"):
        fails("is no folder for a suite", suite.save, path)


def test_find_and_validate(suite: Suite, config: Config, tmp_path: Path) -> None:
    assert suite.find() == ["anim", "comp"]
    assert suite.find(in_request="maya") == ["anim"]
    assert suite.find(in_resolve="!maya-2024") == ["comp"]
    assert suite.find(in_resolve="~maya") == ["anim", "comp"], "it excludes nothing"
    suite.validate()
    suite.save(str(tmp_path / "s"))
    (tmp_path / "packages" / "maya" / "2024" / "package.py").write_text(
        "name = 'maya'\nversion = '2024'\ntools = 3\n"
    )
    with pytest.raises(SuiteError, match="context 'anim' can't be used"):
        Suite.load(str(tmp_path / "s"), config).validate()


def test_packages_that_are_gone(suite: Suite, config: Config, tmp_path: Path) -> None:
    suite.save(str(tmp_path / "s"))
    os.unlink(tmp_path / "packages" / "maya" / "2024" / "package.py")
    other = Suite.load(str(tmp_path / "s"), config)
    before = tree(tmp_path / "s")
    with pytest.raises(SuiteError, match=r"context 'anim' can't be used: .*gone"):
        other.save()
    assert tree(tmp_path / "s") == before
    other.remove("anim")
    other.save()
    assert Suite.load(str(tmp_path / "s"), config).names == ("comp",)
