"""`suite`: making suites, looking into them, and running their tools."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.session import Session
from rezup.session.contexts.suites import Suites
from support.cli_packages import furnish, package, saved

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import Outcome, World


@pytest.fixture
def studio(world: World) -> World:
    """A machine with a suite of two contexts; both have a tool `maya`."""
    furnish(world)
    contexts = Session.create(environ=world.environ).contexts()
    suite = Suites(contexts, world.environ).create(str(world.home / "show"))
    for name, request in (("old", ["maya-2023"]), ("new", ["maya", "rig"])):
        suite.add(name, contexts.open(saved(world, f"{name}.rxt", *request)))
    suite.save()
    return world


def done(world: World, *arguments: str, **options: Any) -> str:
    outcome = world.rezup("suite", *arguments, **options)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out


def members(world: World) -> dict[str, dict[str, Any]]:
    data = world.rezup("suite", "show", "show", "--json").data
    return {each["name"]: each for each in data["contexts"]}


def tools(world: World, *more: str) -> dict[str, tuple[str, str]]:
    data = json.loads(done(world, "tools", "show", *more, "--json"))["data"]
    return {
        each["alias"]: (each["context"], each["tool"]) for each in data["tools"] if each["state"] == "visible"
    }


def started(world: World, tool: str, *arguments: str, **options: Any) -> Outcome:
    """Run the wrapper of a tool as a program."""
    from support.world import Outcome

    options.setdefault("stdin", subprocess.DEVNULL)
    ended = subprocess.run(
        [world.home / "show/bin" / tool, *arguments], env={**world.environ, **options.pop("env", {})},
        capture_output=True, text=True, check=False, cwd=world.home, **options,
    )  # fmt: skip
    return Outcome(ended.returncode, ended.stdout, ended.stderr)


# -- making one


def test_create_says_nothing_and_makes_a_folder(world: World) -> None:
    furnish(world)
    assert done(world, "create", "show") == ""
    assert (world.home / "show/suite.yaml").is_file()
    verbose = world.rezup("suite", "create", "other", "-v")
    assert verbose.err == f"to have its tools, put {world.home}/other/bin on PATH\n"
    assert world.rezup("suite", "create", "third", "--json").data == {
        "path": f"{world.home}/third", "contexts": [],
    }  # fmt: skip
    again = world.rezup("suite", "create", "show")
    assert (again.code, again.out) == (1, "")
    assert again.err.startswith(f"error: the suite can't be saved as {world.home}/show\n")


def test_tools_of_the_last_context_are_in_front(studio: World) -> None:
    assert tools(studio)["maya"] == ("new", "maya")
    done(studio, "bump", "show", "old")
    assert tools(studio)["maya"] == ("old", "maya")


def test_add_takes_the_current_context_and_all_options(studio: World) -> None:
    env = {"REZ_RXT_FILE": str(studio.home / "old.rxt")}
    done(studio, "add", "show", "third", "--prefix-char", "@", "--description", "a third one", env=env)
    third = members(studio)["third"]
    assert (third["prefix_char"], third["description"]) == ("@", "a third one")
    assert third["file"] == f"{studio.home}/show/contexts/third.rxt"
    done(studio, "add", "show", "fourth", "old.rxt", "-P", "")
    assert members(studio)["fourth"]["prefix_char"] == ""
    with (studio.home / "old.rxt").open() as stream:
        done(studio, "add", "show", "fifth", "-", stdin=stream)
    done(studio, "remove", "show", "fifth")
    assert list(members(studio)) == ["fourth", "new", "old", "third"]


def test_names_of_tools(studio: World) -> None:
    done(studio, "prefix", "show", "old", "old_")
    done(studio, "suffix", "show", "new", "--", "-fx")
    done(studio, "alias", "show", "new", "render", "draw")
    assert tools(studio) == {
        "maya-fx": ("new", "maya"), "draw": ("new", "render"), "old_maya": ("old", "maya"),
    }  # fmt: skip
    assert sorted(os.listdir(studio.home / "show/bin")) == ["draw", "maya-fx", "old_maya"]
    done(studio, "unalias", "show", "new", "render")
    done(studio, "prefix", "show", "old", "")
    assert set(tools(studio)) == {"maya-fx", "render-fx", "maya"}
    assert members(studio)["new"]["suffix"] == "-fx"


def test_hidden_tools(studio: World) -> None:
    done(studio, "hide", "show", "new", "maya")
    assert tools(studio)["maya"] == ("old", "maya")
    assert members(studio)["new"]["hidden"] == ["maya"]
    done(studio, "unhide", "show", "new", "maya")
    assert tools(studio)["maya"] == ("new", "maya")


def test_descriptions(studio: World) -> None:
    done(studio, "describe", "show", "old", "what was")
    assert members(studio)["old"]["description"] == "what was"
    done(studio, "describe", "show", "old", "")
    assert members(studio)["old"]["description"] is None


def test_every_change_tells_the_whole_suite_as_json(studio: World) -> None:
    for words in (
        ["add", "show", "x", "old.rxt"], ["bump", "show", "x"], ["prefix", "show", "x", "p"], ["suffix", "show", "x", "s"],
        ["alias", "show", "x", "maya", "m"], ["unalias", "show", "x", "maya"], ["hide", "show", "x", "maya"],
        ["unhide", "show", "x", "maya"], ["describe", "show", "x", "d"], ["remove", "show", "x"],
    ):  # fmt: skip
        document = json.loads(done(studio, *words, "--json"))
        assert document["command"] == f"suite {words[0]}"
        data = document["data"]
        assert data == studio.rezup("suite", "show", "show", "--json").data


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["add", "show", "new", "old.rxt"], "the suite has a context 'new' already"),
        (["add", "show", "a/b", "old.rxt"], "'a/b' can't be the name of a context in a suite"),
        (["add", "show", "x", "old.rxt", "-P", "-"], "'-' can't begin the options of a suite's tools"),
        (["add", "show", "x"], "there is no context here"),
        (["add", "show", "x", "gone.rxt"], "{home}/gone.rxt can't be read"),
        (["remove", "show", "nope"], "the suite has no context 'nope'"),
        (["bump", "show", "nope"], "the suite has no context 'nope'"),
        (["alias", "show", "new", "nope", "x"], "context 'new' has no tool 'nope'"),
        (["alias", "show", "new", "maya", "../x"], "'../x' can't be the name of a tool in a suite"),
        (["hide", "show", "new", "nope"], "context 'new' has no tool 'nope'"),
        (["prefix", "show", "new", "a/b"], "'a/b' can't be the prefix of a context"),
        (["suffix", "show", "new", "a\nb"], "'a\\nb' can't be the suffix of a context"),
        (["show", "nowhere"], "{home}/nowhere is no suite"),
        (["tools", "show", "nope"], "the suite has no context 'nope'"),
        (["which", "show", "nope"], "no tool of the suite is seen as 'nope'"),
        (["find", "show", "--resolve", "a-1+<"], "'a-1+<' can't be looked for"),
        (["enter", "show", "nope", "--", "x"], "the suite has no context 'nope'"),
        (["run", "show/suite.yaml"], "{home}/show/suite.yaml is no tool of a suite"),
        (["run", "gone"], "{home}/gone is no tool of a suite"),
    ],
)
def test_what_can_not_be(studio: World, words: list[str], message: str) -> None:
    before = (studio.home / "show/suite.yaml").read_bytes()
    outcome = studio.rezup("suite", *words)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[0] == f"error: {message.format(home=studio.home)}"
    assert (studio.home / "show/suite.yaml").read_bytes() == before


@pytest.mark.parametrize(
    "words",
    [
        ["create"], ["nope"], ["prefix", "show", "new"], ["prefix", "show", "new", "a", "--", "b"],
        ["bump", "show", "new", "--", "x"], ["find", "show"], ["show", "a", "b"], ["run"], ["tools"],
    ],
)  # fmt: skip
def test_wrong_usage(studio: World, words: list[str]) -> None:
    outcome = studio.rezup("suite", *words)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: rezup suite ")


# -- looking into one


def test_show(studio: World) -> None:
    assert done(studio, "show", "show") == "Suite contains 2 contexts:\nnew old\n"
    assert done(studio, "show", "show", "-v").splitlines()[2:] == [
        "NAME  VISIBLE TOOLS            PATH",
        "----  -------------            ----",
        f"new   2 tools from 2 packages  {studio.home}/show/contexts/new.rxt",
        f"old   no tools                 {studio.home}/show/contexts/old.rxt",
    ]


def test_the_suites_on_path(studio: World) -> None:
    assert done(studio, "show") == "No visible suites.\n"
    env = {"PATH": f"{studio.home}/show/bin{os.pathsep}{studio.environ['PATH']}"}
    assert done(studio, "show", env=env) == f"{studio.home}/show\n"
    document = json.loads(done(studio, "show", "--json", env=env))
    assert document["data"] == {"suites": [f"{studio.home}/show"]}


def test_tools(studio: World) -> None:
    def rows(*more: str) -> list[list[str]]:
        lines = done(studio, "tools", "show", *more).splitlines()[2:]
        return [line.split() for line in lines if line.strip()]

    plain = rows()
    assert plain[0] == ["maya", "-", "maya-2024", "new"]
    assert plain[1][0] == "render"
    assert plain[1][-2:] == ["(in", "conflict)"]
    assert len(plain) == 2
    assert rows("-v")[-1] == ["maya", "-", "maya-2023", "old", "(not", "visible)"]
    assert rows("old") == []
    data = json.loads(done(studio, "tools", "show", "--json"))["data"]
    assert data["path"] == f"{studio.home}/show"
    assert data["tools"][-1] == {
        "alias": "maya", "tool": "maya", "context": "old", "packages": ["maya-2023"], "clashing": False,
        "state": "overridden",
    }  # fmt: skip
    assert [each["clashing"] for each in data["tools"]] == [False, True, False]
    assert [
        each["context"]
        for each in json.loads(done(studio, "tools", "show", "old", "--json"))["data"]["tools"]
    ] == ["old"]


def test_which_and_find(studio: World) -> None:
    assert done(studio, "which", "show", "maya") == f"{studio.home}/show/bin/maya\n"
    found = json.loads(done(studio, "which", "show", "maya", "--json"))["data"]
    assert found == {"path": f"{studio.home}/show/bin/maya", "context": "new"}
    assert done(studio, "find", "show", "--resolve", "maya-2024") == "new\n"
    assert done(studio, "find", "show", "--request", "maya") == "new\nold\n"
    assert done(studio, "find", "show", "--request", "maya", "--resolve", "!rig") == "old\n"
    assert done(studio, "find", "show", "--request", "nope") == ""
    document = json.loads(done(studio, "find", "show", "--resolve", "lib", "--json"))
    assert document["data"] == {"contexts": ["new"]}


def test_validate(studio: World) -> None:
    assert done(studio, "validate", "show") == "the suite is valid\n"
    assert json.loads(done(studio, "validate", "show", "--json"))["data"]["valid"] is True
    package(studio, "lib/1", "requires = 7")
    outcome = studio.rezup("suite", "validate", "show")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: context 'new' can't be used\n")


# -- running tools


def test_a_tool_runs_in_its_context_and_returns_its_status(studio: World) -> None:
    outcome = started(studio, "maya", "a b", "$(id)", "", "--", "x;y")
    assert (outcome.code, outcome.out, outcome.err) == (7, "maya: a b $(id)  -- x;y of 2024:maya rig\n", "")
    by_path = studio.rezup("suite", "run", "show/bin/maya", "--", "-v", "--help")
    assert (by_path.code, by_path.out) == (7, "maya: -v --help of 2024:maya rig\n")


def test_another_name_runs_the_same_tool(studio: World) -> None:
    done(studio, "alias", "show", "new", "maya", "m y")
    assert started(studio, "m y", "1").out == "maya: 1 of 2024:maya rig\n"


def test_about_versions_and_help(studio: World) -> None:
    about = started(studio, "maya", "++about")
    assert (about.code, about.err) == (0, "")
    assert about.out.splitlines() == [
        "Tool:     maya",
        f"Path:     {studio.home}/show/bin/maya",
        f"Suite:    {studio.home}/show",
        f"Context:  {studio.home}/show/contexts/new.rxt ('new')",
        "Package:  maya-2024",
    ]
    versions = started(studio, "maya", "++versions")
    assert versions.out.split()[:2] == ["*", "maya-2024"]
    clash = started(studio, "render", "++versions")
    assert clash.code == 1
    assert clash.out.startswith("Packages (in conflict): ")
    for word in ("++help", "+h"):
        assert started(studio, "maya", word).out.startswith("usage: maya [+h]")


def test_peek(studio: World) -> None:
    assert started(studio, "maya", "++peek").out == ""
    package(studio, "python/3.10")
    peek = started(studio, "maya", "++peek")
    assert [line.split() for line in peek.out.splitlines()] == [
        ["python-3.9", "python-3.10", "(+1", "versions)"]
    ]


def test_patch(studio: World) -> None:
    ran = started(studio, "maya", "x", "++patch", "^rig")
    assert (ran.code, ran.out, ran.err) == (7, "maya: x of 2024:maya\n", "")
    told = started(studio, "maya", "++verbose", "++patch", "lib-1")
    assert (told.code, told.err) == (7, "request: maya rig lib-1\n")
    assert told.out == "maya: of 2024:maya rig lib-1\n"
    strict = started(studio, "maya", "++strict", "++patch", "^rig")
    assert strict.out == "maya: of 2024:lib-1 python-3.9 maya-2024\n"
    failed = started(studio, "maya", "++patch", "lib-2", "maya-2024")
    assert (failed.code, failed.out) == (1, "")
    assert failed.err.startswith("error: ")


def test_patch_without_local_packages(studio: World) -> None:
    package(studio, "lib/1.9", folder="own")
    env = {"REZ_PACKAGES_PATH": f"{studio.home}/own{os.pathsep}{studio.home}/packages"}
    version = ["++command", "printenv", "REZ_LIB_VERSION"]
    assert started(studio, "maya", "++patch", *version, env=env).out == "1.9\n"
    assert started(studio, "maya", "++no-local", "++patch", *version, env=env).out == "1\n"


def test_other_commands_and_shells(studio: World) -> None:
    assert started(studio, "maya", "++command", "printenv", "MAYA").out == "of 2024\n"
    shell = {"REZ_DEFAULT_SHELL": "bash"}
    piped = started(studio, "maya", "++stdin", stdin=None, input="echo $MAYA; mm; exit 3\n", env=shell)
    assert (piped.code, piped.out) == (3, "of 2024\naliased\n")
    opened = started(
        studio, "maya", "++interactive", "++quiet", stdin=None, input="echo $MAYA; exit 4\n", env=shell
    )
    assert opened.code == 4
    assert "of 2024" in opened.out.splitlines()


def test_stdin_that_gives_nothing_is_left_alone(studio: World) -> None:
    reading, writing = os.pipe()  # open, and nothing ever comes
    try:
        outcome = started(studio, "maya", "x", "++stdin", stdin=reading, timeout=60)
    finally:
        os.close(reading)
        os.close(writing)
    assert (outcome.code, outcome.out) == (7, "maya: x of 2024:maya rig\n")


def test_options_that_are_the_tools_own(studio: World) -> None:
    assert started(studio, "maya", "++no-rez-args", "++about").out == "maya: ++about of 2024:maya rig\n"
    wrong = started(studio, "maya", "++command")
    assert (wrong.code, wrong.out) == (1, "")
    assert wrong.err.startswith("error: the options of the suite's tool 'maya' can't be understood\n")
    env = {"REZ_SUITE_ALIAS_PREFIX_CHAR": "@"}
    assert started(studio, "maya", "++about", env=env).out == "maya: ++about of 2024:maya rig\n"
    assert started(studio, "maya", "@@about", env=env).out.startswith("Tool: ")
    done(studio, "add", "show", "plain", "new.rxt", "-P", "")
    assert started(studio, "maya", "++about").out == "maya: ++about of 2024:maya rig\n"


def test_a_context_that_can_not_be_used(studio: World) -> None:
    (studio.home / "show/contexts/new.rxt").write_text("{")
    outcome = started(studio, "maya")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {studio.home}/show/contexts/new.rxt is no context of Rez")
    assert studio.rezup("suite", "show", "show").code == 0  # reads no contexts
    assert studio.rezup("suite", "tools", "show").err.startswith("error: context 'new' can't be used\n")


def test_a_wrapper_outside_of_its_suite(studio: World) -> None:
    (studio.home / "show/bin/maya").rename(studio.home / "maya")
    outcome = studio.rezup("suite", "run", "maya")
    assert outcome.err.startswith(f"error: {studio.home}/maya can't be run\n")


def test_enter(studio: World) -> None:
    outcome = studio.rezup("suite", "enter", "show", "old", "--", "printenv", "REZ_USED_REQUEST")
    assert (outcome.code, outcome.out, outcome.err) == (0, "maya-2023\n", "")
    assert studio.rezup("suite", "enter", "show", "new", "--", "maya", "x").code == 7


def test_status_inside_tells_the_suite(studio: World) -> None:
    outcome = started(studio, "maya", "++command", *studio.command("status", "--json"))
    assert outcome.data["context"]["suite"] == {"path": f"{studio.home}/show", "context": "new"}
    human = started(studio, "maya", "++command", *studio.command("status")).out
    assert f"suite     {studio.home}/show (as new)" in human.splitlines()


def test_completion_of_contexts(studio: World) -> None:
    words = {"COMP_WORDS": "rezup suite bump show n", "COMP_CWORD": "4", "_REZUP_COMPLETE": "bash_complete"}
    code = "from rezup_cli.command_group import cli; cli.main(prog_name='rezup')"
    ended = subprocess.run(
        [sys.executable, "-c", code], env={**studio.environ, **words}, cwd=studio.home, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ended.stdout == "plain,new\n"


def test_running_a_tool_loads_little(studio: World, tmp_path: Path) -> None:
    listing = tmp_path / "modules"
    script = (
        "import atexit, sys\n"
        "from rezup_cli.application import run\n"
        "import os\n"
        "real = os.execve\n"
        "def leave(*arguments):\n"
        f"    open({str(listing)!r}, 'w').write(' '.join(sorted(sys.modules)))\n"
        "    real(*arguments)\n"
        "os.execve = leave\n"
        "sys.exit(run(['suite', 'run', 'show/bin/maya', '--', 'x']))\n"
    )
    for _ in range(2):  # the first one keeps what the second finds
        subprocess.run(
            [sys.executable, "-c", script], env=studio.environ, cwd=studio.home, capture_output=True, check=False,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
    loaded = set(listing.read_text().split())
    assert "rezup.session.contexts.suites" in loaded
    heavy = {"yaml", "argparse", "rezup.session.session", "rezup.containers", "rezup.runtime.config.config"}
    assert loaded & {*heavy, "rezup_cli.commands.suite_changing", "rezup.runtime.suites.suite"} == set()
