"""`context`: what it prints of a context, and what it makes of one."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.cli_packages import furnish, package, saved

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture
def studio(world: World) -> World:
    """A machine with packages, and two contexts of them."""
    furnish(world)
    saved(world, "new.rxt", "maya", "rig", ".look-1")
    saved(world, "old.rxt", "maya-2023")
    return world


def lines(world: World, *arguments: str) -> list[str]:
    outcome = world.rezup("context", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return [line.rstrip() for line in outcome.out.splitlines()]


# -- show


def test_show_tells_request_and_packages(studio: World) -> None:
    found = lines(studio, "show", "new.rxt")
    place = studio.home / "packages"
    assert found[0].startswith("resolved by ")
    assert found[2:6] == ["requested packages:", "maya", "rig", ".look-1  (ephemeral)"]
    assert found[7:] == [
        "resolved packages:",
        f"lib-1       {place}/lib/1",
        f"maya-2024   {place}/maya/2024",
        f"python-3.9  {place}/python/3.9",
        f"rig-1.0     {place}/rig/1.0/python-3",
        f".look-1     {' ' * len(f'{place}/rig/1.0/python-3')}  (ephemeral)",
    ]


@pytest.mark.parametrize("arguments", [["show", "new.rxt"], ["new.rxt"], ["./new.rxt"], ["-"], []])
def test_a_context_is_named_or_read_or_the_current_one(studio: World, arguments: list[str]) -> None:
    path = studio.home / "new.rxt"
    with path.open() as stream:
        env = {} if arguments else {"REZ_RXT_FILE": str(path)}
        outcome = studio.rezup("context", *arguments, "--request", stdin=stream, env=env)
    assert (outcome.code, outcome.out) == (0, "maya\nrig\n.look-1\n")


def test_bare_options_mean_show(studio: World) -> None:
    env = {"REZ_RXT_FILE": str(studio.home / "new.rxt")}
    assert "maya    maya-2024 " in studio.rezup("context", "--tools", env=env).out
    assert studio.rezup("context", "--json", env=env).data["request"] == ["maya", "rig", ".look-1"]
    assert studio.rezup("context", "--help").out.startswith("Usage: rezup context [OPTIONS] COMMAND")


def test_packages_by_name_or_in_the_order_of_their_commands(studio: World) -> None:
    by_name = lines(studio, "new.rxt", "--resolve")
    assert by_name == ["lib-1", "maya-2024", "python-3.9", "rig-1.0", ".look-1"]
    in_order = lines(studio, "new.rxt", "--resolve", "--source-order")
    assert sorted(in_order) == sorted(by_name)
    assert in_order.index("python-3.9") < in_order.index("maya-2024")
    uri = f"{studio.home}/packages/rig/1.0/package.py[1]"
    assert uri in lines(studio, "new.rxt", "--resolve", "--uris")
    assert any(line.endswith(uri) for line in lines(studio, "show", "new.rxt", "--uris"))


def test_tools_and_variables(studio: World) -> None:
    tools = lines(studio, "new.rxt", "--tools")
    assert tools == [
        "TOOL    PACKAGE",
        "----    -------",
        "maya    maya-2024",
        "render  maya-2024   (in conflict)",
        "pyx     python-3.9",
        "render  rig-1.0     (in conflict)",
    ]
    environ = lines(studio, "new.rxt", "--env")
    assert environ == sorted(environ)
    assert "MAYA=of 2024" in environ
    assert "WITH_RIG=True" in environ


def test_more_with_each_v(studio: World) -> None:
    plain, verbose, debug = (lines(studio, "show", "new.rxt", *more) for more in ([], ["-v"], ["-D"]))
    assert "search paths:" not in plain
    assert "search paths:" in verbose
    assert f"rxt file:          {studio.home}/new.rxt" in verbose
    assert "tools:" not in verbose
    assert "tools:" in debug


def test_graphs(studio: World) -> None:
    dot = lines(studio, "new.rxt", "--graph", "dot")
    assert (dot[0], dot[-1]) == ("digraph g {", "}")
    assert any('label="rig-1.0[1]"' in line for line in dot)
    small = lines(studio, "new.rxt", "--graph", "mermaid", "--dependencies")
    assert small[0] == "flowchart LR"
    nodes = {line.split("[")[0].strip(): line.split('"')[1] for line in small if '["' in line}
    edges = {
        tuple(nodes[end] for end in line.split(" --> ")) for line in map(str.strip, small) if "-->" in line
    }
    assert edges == {("maya-2024", "python-3.9"), ("maya-2024", "lib-1"), ("rig-1.0", "python-3.9")}
    pruned = lines(studio, "new.rxt", "--graph", "mermaid", "--dependencies", "--prune", "lib")
    assert [line.split('"')[1] for line in pruned if '["' in line] == ["lib-1", "maya-2024"]
    odd = studio.rezup("context", "new.rxt", "--graph", "mermaid")
    assert '["rig-1.0#91;1#93;"]' in odd.out  # brackets would end the label
    missing = studio.rezup("context", "new.rxt", "--graph", "dot", "--prune", "nope")
    assert missing.err == "error: nope is not in the graph\nhint: name a package without its version\n"


def test_show_as_json(studio: World) -> None:
    data = studio.rezup("context", "show", "new.rxt", "--json").data
    assert (data["file"], data["status"], data["failure"]) == (f"{studio.home}/new.rxt", "solved", None)
    assert (data["request"], data["implicit"], data["ephemerals"]) == (
        ["maya", "rig", ".look-1"],
        [],
        [".look-1"],
    )
    rig = next(each for each in data["packages"] if each["name"] == "rig")
    place = f"{studio.home}/packages/rig/1.0"
    assert rig == {
        "name": "rig", "version": "1.0", "variant": 1, "uri": f"{place}/package.py[1]",
        "root": f"{place}/python-3", "missing": False,
    }  # fmt: skip
    assert (data["paths"], data["suite"], data["building"]) == ([f"{studio.home}/packages"], None, False)
    more = studio.rezup("context", "new.rxt", "--tools", "--json").data
    assert more["tools"] == {"maya": ["maya", "render"], "python": ["pyx"], "rig": ["render"]}
    assert studio.rezup("context", "new.rxt", "--env", "--json").data["environ"]["MAYA"] == "of 2024"
    graph = studio.rezup("context", "new.rxt", "--graph", "mermaid", "--json").data["graph"]
    assert graph.startswith("flowchart LR\n")


def test_what_vanished_is_told(studio: World) -> None:
    shutil.rmtree(studio.home / "packages/rig")
    found = next(line for line in lines(studio, "new.rxt") if line.startswith("rig-1.0"))
    assert found.endswith("(NOT FOUND)")
    package = studio.rezup("context", "new.rxt", "--json").data["packages"][-1]
    assert (package["name"], package["root"], package["missing"]) == ("rig", None, True)
    outcome = studio.rezup("context", "new.rxt", "--env")
    assert (outcome.code, outcome.out) == (1, "")
    assert "rig/1.0" in outcome.err


def test_a_failed_context_is_shown(studio: World) -> None:
    outcome = studio.rezup("env", "maya-2024", "python-2", "-o", "failed.rxt")
    assert outcome.code == 1
    found = lines(studio, "failed.rxt")
    assert "The context failed to resolve:" in found
    data = studio.rezup("context", "failed.rxt", "--json").data
    assert (data["status"], data["packages"]) == ("failed", [])
    assert data["failure"].startswith("The following package conflicts occurred")
    for arguments in (["--env"], ["--tools"], ["--graph", "dot", "--dependencies"]):
        assert studio.rezup("context", "failed.rxt", *arguments).code == 1
    assert studio.rezup("context", "failed.rxt", "--graph", "dot").out.startswith("digraph g {")


def test_there_is_no_context(studio: World) -> None:
    outcome = studio.rezup("context")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "error: there is no context here\n"
        "  REZ_RXT_FILE is not set: this is no shell of rez-env\n"
        "hint: name the .rxt file of a context\n"
    )
    document = json.loads(studio.rezup("context", "show", "gone.rxt", "--json").out)
    (error,) = document["errors"]
    assert (document["command"], error["code"]) == ("context show", "invalid-context-file")
    assert error["message"] == f"{studio.home}/gone.rxt can't be read"
    bare = json.loads(studio.rezup("context", "gone.rxt", "--json").out)
    assert (bare["command"], bare["errors"]) == ("context show", document["errors"])


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"serialize_version": "99.0"}', "\0", "a: !!python/name:os.system"]
)
def test_files_that_are_no_context(studio: World, text: str) -> None:
    studio.write("odd.rxt", text)
    for command in (["show", "odd.rxt"], ["diff", "new.rxt", "odd.rxt"], ["export", "odd.rxt"]):
        outcome = studio.rezup("context", *command)
        assert (outcome.code, outcome.out) == (1, "")
        assert outcome.err.startswith("error: ")
        assert "Traceback" not in outcome.err


# -- diff


def test_diff_of_two(studio: World) -> None:
    assert lines(studio, "diff", "new.rxt", "old.rxt") == [
        "new.rxt     old.rxt",
        "-------     -------",
        "maya-2024   maya-2023  (-1 versions)",
        "lib-1       -",
        "python-3.9  -",
        "rig-1.0     -",
    ]
    data = studio.rezup("context", "diff", "new.rxt", "old.rxt", "--json").data
    assert data == {
        "newer": {},
        "older": {"maya": ["2024", "2023"]},
        "added": [],
        "removed": ["lib-1", "python-3.9", "rig-1.0"],
    }


def test_diff_begins_with_the_current_context(studio: World) -> None:
    env = {"REZ_RXT_FILE": str(studio.home / "old.rxt")}
    assert "maya-2023  maya-2024   (+1 versions)" in studio.rezup("context", "diff", "new.rxt", env=env).out


@pytest.mark.parametrize("arguments", [["new.rxt"], ["--fetch"]])
def test_diff_with_no_context_around(studio: World, arguments: list[str]) -> None:
    outcome = studio.rezup("context", "diff", *arguments)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: there is no context here to compare with\n")
    hint = outcome.err.splitlines()[-1]
    assert "two files" in hint
    assert "--fetch" in hint


def test_diff_with_a_new_resolve(studio: World) -> None:
    same = studio.rezup("context", "diff", "--fetch", "new.rxt")
    assert (same.code, same.out, same.err) == (0, "", "no package changes\n")
    package(studio, "python/3.10")
    assert lines(studio, "diff", "--fetch", "new.rxt") == [
        "current     updated",
        "-------     -------",
        "python-3.9  python-3.10  (+1 versions)",
    ]
    env = {"REZ_RXT_FILE": str(studio.home / "new.rxt")}
    data = studio.rezup("context", "diff", "--fetch", "--json", env=env).data
    assert data["newer"] == {"python": ["3.9", "3.10"]}
    package(studio, "rig/1.0", "requires = ['maya-2023']")
    outcome = studio.rezup("context", "diff", "--fetch", "new.rxt")
    assert outcome.code == 0
    package(studio, "maya/2023", "requires = ['lib-3']")
    package(studio, "maya/2024", "requires = ['lib-3']")
    assert studio.rezup("context", "diff", "--fetch", "new.rxt").code == 1


def test_a_request_that_can_not_be_fetched(studio: World) -> None:
    package(studio, "rig/1.0", "requires = ['!maya']")
    outcome = studio.rezup("context", "diff", "--fetch", "new.rxt")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(
        "error: the request of the context leads to no packages today\n  A package was completely reduced: (rig"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ["diff"],
        ["diff", "a", "b", "c"],
        ["diff", "--fetch", "a", "b"],
        ["bundle"],
        ["bundle", "a", "b", "c"],
        ["which"],
        ["interpret", "--format", "ksh"],
        ["interpret", "--style", "x"],
        ["show", "a", "b"],
        ["show", "--tools", "--env"],
        ["show", "--prune", "x"],
        ["show", "--graph", "png"],
        ["show", "--", "x"],
        ["nope"],
    ],
)
def test_wrong_usage(studio: World, arguments: list[str]) -> None:
    outcome = studio.rezup("context", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: rezup context ")


# -- which, interpret


def test_which(studio: World) -> None:
    path = f"{studio.home}/packages/maya/2024/bin/maya"
    assert lines(studio, "which", "maya", "new.rxt") == [path]
    assert studio.rezup("context", "which", "maya", "new.rxt", "--json").data == {"path": path}
    outcome = studio.rezup("context", "which", "nope", "new.rxt")
    assert (outcome.code, outcome.out) == (1, "")
    assert (
        outcome.err
        == "error: 'nope' is no program of the context\nhint: `rezup context show --tools` lists them\n"
    )


@pytest.mark.parametrize("style", ["file", "eval"])
def test_interpret_is_code_that_a_shell_runs(studio: World, style: str) -> None:
    code = studio.rezup("context", "interpret", "new.rxt", "--format", "bash", "--style", style).out
    assert (code.count("\n") == 1) is (style == "eval")
    script = 'eval "$CODE"; echo "$MAYA"; echo "$REZ_RXT_FILE"; maya x; echo $?'
    done = subprocess.run(
        ["bash", "-c", script],
        env={**studio.environ, "CODE": code},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines() == [
        "of 2024", f"{studio.home}/new.rxt", "maya: x of 2024:maya rig .look-1", "7",
    ]  # fmt: skip


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "sh", "tcsh", "csh", "pwsh", "powershell", "cmd"])
def test_interpret_for_shells_that_need_not_be_here(studio: World, shell: str) -> None:
    outcome = studio.rezup("context", "interpret", "new.rxt", "--format", shell)
    assert (outcome.code, outcome.err) == (0, "")
    assert "MAYA" in outcome.out
    document = studio.rezup("context", "interpret", "new.rxt", "--format", shell, "--json").data
    assert (document["format"], document["style"], document["code"] + "\n") == (shell, "file", outcome.out)


def test_interpret_for_the_shell_that_is_configured(studio: World) -> None:
    default = studio.rezup("context", "interpret", "new.rxt", env={"REZ_DEFAULT_SHELL": "sh"})
    assert default.out.splitlines()[0] == "#!/bin/sh"
    env = {"REZ_DEFAULT_SHELL": "/no/where/bash"}
    missing = studio.rezup("context", "interpret", "new.rxt", env=env)
    assert (missing.code, missing.out) == (1, "")
    assert missing.err.startswith("error: /no/where/bash can't be started\n")


def test_interpret_as_data(studio: World) -> None:
    environ = json.loads("\n".join(lines(studio, "interpret", "new.rxt", "--format", "json")))
    assert environ["MAYA"] == "of 2024"
    text = "\n".join(lines(studio, "interpret", "new.rxt", "--format", "dict"))
    assert "'MAYA': 'of 2024'" in text
    table = lines(studio, "interpret", "new.rxt", "--format", "table")
    assert [line.split() for line in table if line.startswith("MAYA")] == [["MAYA", "of", "2024"]]
    document = studio.rezup("context", "interpret", "new.rxt", "--format", "json", "--json").data
    assert document == {"format": "json", "environ": environ}


def test_interpret_in_an_empty_environment(studio: World) -> None:
    package(
        studio, "rig/1.0", "def commands():\n    env.SEEN = '{env.OUTSIDE}' if defined('OUTSIDE') else 'none'"
    )
    saved(studio, "rig.rxt", "rig")

    def seen(*more: str) -> str:
        outcome = studio.rezup(
            "context", "interpret", "rig.rxt", "--format", "json", *more, env={"OUTSIDE": "yes"}
        )
        return str(json.loads(outcome.out)["SEEN"])

    assert (seen(), seen("--no-env")) == ("yes", "none")


# -- completion


@pytest.mark.parametrize(
    ("word", "found"),
    [
        ("", ["bundle", "diff", "export", "interpret", "show", "which", "new.rxt", "old.rxt"]),
        ("n", ["new.rxt"]),
        ("in", ["interpret"]),
        ("./o", ["./old.rxt"]),
        ("--to", ["--tools"]),
    ],
)
def test_completion_of_commands_and_files(studio: World, word: str, found: list[str]) -> None:
    assert completed(studio, word) == [f"plain,{each}" for each in found]


def test_completion_of_other_paths_is_the_shell_s(studio: World) -> None:
    assert completed(studio, "pack") == ["file,pack"]
    assert completed(studio, "nowhere/x") == ["file,nowhere/x"]


def completed(world: World, word: str) -> list[str]:
    words = {"_REZUP_COMPLETE": "bash_complete", "COMP_WORDS": f"rezup context {word}", "COMP_CWORD": "2"}
    outcome = world.rezup(env=words)
    assert outcome.err == ""
    return outcome.out.split()


# -- export, bundle


def test_export_to_stdout_and_to_a_file(studio: World) -> None:
    document = json.loads(studio.rezup("context", "export", "new.rxt").out)
    assert (document["kind"], document["implicit"]) == ("exact", [])
    assert sorted(document["request"]) == [".look-1", "lib==1", "maya==2024", "python==3.9", "rig==1.0"]
    outcome = studio.rezup("context", "export", "new.rxt", "-o", "x.json")
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    assert json.loads((studio.home / "x.json").read_text()) == document
    portable = studio.rezup("context", "export", "--portable", "new.rxt", "--json").data
    assert portable["file"] is None
    assert (portable["document"]["kind"], portable["document"]["request"]) == (
        "portable",
        ["maya", "rig", ".look-1"],
    )
    failed = studio.rezup("context", "export", "new.rxt", "-o", "no/where.json")
    assert failed.code == 1
    assert failed.err.startswith("error: no/where.json can't be written\n")


def test_the_command_of_an_export_gives_the_same(studio: World) -> None:
    (line,) = lines(studio, "export", "new.rxt", "--command")
    assert line.startswith("rezup env --no-implicit --time ")
    done = subprocess.run(
        ["sh", "-c", f"{line} -o again.rxt"], env=studio.environ, cwd=studio.home, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert lines(studio, "again.rxt", "--resolve", "--uris") == lines(
        studio, "new.rxt", "--resolve", "--uris"
    )


def test_what_no_option_can_say_is_told(studio: World) -> None:
    studio.write(
        "rezconfig.py", "package_orderers = [{'type': 'per_family', 'orderers': [{'packages': ['maya'], "
        "'type': 'sorted', 'descending': False}]}]\n",
    )  # fmt: skip
    env = {"REZ_CONFIG_FILE": str(studio.home / "rezconfig.py")}
    assert studio.rezup("env", "maya", "-o", "ordered.rxt", env=env).code == 0
    outcome = studio.rezup("context", "export", "ordered.rxt", "--portable", "--command")
    assert outcome.err == "package_orderers: no option can say this, so it is not in the command\n"


def test_a_bundle_works_where_it_is_moved(studio: World, tmp_path: Path) -> None:
    outcome = studio.rezup("context", "bundle", "new.rxt", "bundle")
    assert (outcome.code, outcome.out, outcome.err) == (0, f"{studio.home}/bundle/context.rxt\n", "")
    shutil.rmtree(studio.home / "packages")
    (studio.home / "bundle").rename(tmp_path / "moved")
    run = studio.rezup("env", "-i", tmp_path / "moved/context.rxt", "--", "maya", "y")
    assert (run.code, run.out) == (7, "maya: y of 2024:maya rig .look-1\n")


def test_what_may_not_be_bundled(studio: World) -> None:
    package(studio, "rig/2.0", "relocatable = False")
    saved(studio, "fixed.rxt", "rig")
    refused = studio.rezup("context", "bundle", "fixed.rxt", "bundle")
    assert (refused.code, refused.out) == (1, "")
    assert refused.err.startswith("error: rig-2.0 can't be put into a bundle\n")
    assert not (studio.home / "bundle").exists()
    env = {"REZ_RXT_FILE": str(studio.home / "fixed.rxt")}
    skipped = studio.rezup("context", "bundle", "one", "--skip-non-relocatable", "--json", env=env)
    assert skipped.data["notes"] == ["WARNING: rig-2.0 is not relocatable and stays where it is"]
    assert skipped.err == "rig-2.0 is not relocatable and stays where it is\n"
    forced = studio.rezup("context", "bundle", "two", "--force", "--no-lib-patch", "-v", env=env)
    assert (studio.home / "two/packages/rig/2.0/package.py").is_file()
    assert forced.err.startswith(f"Copied {studio.home}/packages/rig/2.0/package.py[] to ")
    again = studio.rezup("context", "bundle", "two", "--force", env=env)
    assert again.err == "error: two exists\nhint: name a new folder for the bundle\n"
