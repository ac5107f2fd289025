"""`resolve`: what it prints, where, and what it loads."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.world import World


@pytest.fixture
def studio(world: World) -> World:
    """A machine whose Rez has one repository and no implicit packages."""
    world.variables.update(REZ_PACKAGES_PATH=str(world.home / "packages"), REZ_IMPLICIT_PACKAGES="")
    for name, text in {
        "python/2.7": "",
        "python/3.9": "",
        "maya/2023": "requires = ['python-2']",
        "maya/2024": "requires = ['python-3']\ntimestamp = 5000",
        "tool/1.0": "variants = [['python-2'], ['python-3']]",
    }.items():
        package(world, name, text)
    return world


def package(world: World, name: str, text: str = "") -> None:
    family, _, version = name.partition("/")
    world.write(f"packages/{name}/package.py", f"name = {family!r}\nversion = {version!r}\n{text}\n")


def test_a_line_for_each_package(studio: World) -> None:
    outcome = studio.rezup("resolve", "tool", "maya")
    place = studio.home / "packages"
    assert outcome.out == (
        f"python-3.9   {place}/python/3.9/package.py[]\n"
        f"tool-1.0[1]  {place}/tool/1.0/package.py[1]\n"
        f"maya-2024    {place}/maya/2024/package.py[]\n"
    )
    assert (outcome.code, outcome.err) == (0, "")


def test_json(studio: World) -> None:
    data = studio.rezup("resolve", "python-2", ".feature-1", "--json").data
    uri = str(studio.home / "packages/python/2.7/package.py[]")
    assert data["packages"] == [{"name": "python", "version": "2.7", "variant": None, "uri": uri}]
    assert data["ephemerals"] == [".feature-1"]
    assert (data["status"], data["failure"], data["phases"]) == ("solved", None, 1)
    assert set(data["timings"]) == {"settings", "index", "solve", "save", "total"}
    assert data["timings"]["total"] >= data["timings"]["solve"] > 0
    assert data["paths"] == [str(studio.home / "packages")]


@pytest.mark.parametrize("command", ["env", "resolve"])
@pytest.mark.parametrize("rule", ["maya-2024*", "glob(maya-*)"])
def test_a_second_rule_without_its_option(studio: World, command: str, rule: str) -> None:
    outcome = studio.rezup(command, "maya", "--exclude", "*.beta", rule)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith(f"error: {rule!r} is no requirement\n")
    hint = outcome.err.splitlines()[-1]
    assert hint.startswith("hint: ")
    assert "--exclude" in hint
    assert "repeated" in hint


def test_a_failed_solve(studio: World) -> None:
    outcome = studio.rezup("resolve", "maya-2024", "python-2")
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert lines[0].startswith("error: The following package conflicts occurred: (python-")
    assert "maya-2024 needs python-3" in lines[1]
    assert "you asked for python-2" in lines[1]
    assert lines[2] == "hint: --explain shows each step"

    document = json.loads(studio.rezup("resolve", "maya-2024", "python-2", "--json").out)
    assert (document["status"], document["exit_code"], document["command"]) == ("error", 1, "resolve")
    data = document["data"]
    assert (data["status"], data["packages"]) == ("failed", [])
    assert f"error: {data['failure']['text']}" == lines[0]
    assert f"  {data['failure']['explanation']}" == lines[1]
    assert {"package": "maya-2024", "needs": "python-3"} in data["failure"]["chain"]
    (error,) = document["errors"]
    assert (error["code"], error["message"]) == ("resolve-failed", data["failure"]["text"])


def test_explain_tells_each_step(studio: World) -> None:
    outcome = studio.rezup("resolve", "maya-2024", "python-2", "--explain")
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert [line[:5] for line in lines[2:5]] == ["  1. ", "  2. ", "  3. "]
    assert {line[5:] for line in lines[2:5]} == {
        "you asked for maya-2024",
        "maya-2024 needs python-3",
        "you asked for python-2",
    }
    assert lines[5] == "  look at: maya-2024"


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ("nope", "package-family-not-found"),
        ("maya-1999", "package-not-found"),
        ("maya-1-1+<", "invalid-requirement"),
    ],
)
def test_what_is_an_error_of_rez_too(studio: World, request_: str, code: str) -> None:
    document = json.loads(studio.rezup("resolve", request_, "--json").out)
    assert document["data"] is None
    assert [error["code"] for error in document["errors"]] == [code]
    assert studio.rezup("resolve", request_).code == 1


@pytest.mark.parametrize(("form", "first"), [("dot", "digraph resolve {"), ("mermaid", "flowchart LR")])
def test_graphs(studio: World, form: str, first: str) -> None:
    solved = studio.rezup("resolve", "maya", "--graph", form)
    assert solved.out.splitlines()[0] == first
    assert "maya-2024" in solved.out
    failed = studio.rezup("resolve", "maya-2024", "python-2", "--graph", form)
    assert failed.code == 1
    assert failed.out.splitlines()[0] == first
    assert failed.err.startswith("error: ")
    assert studio.rezup("resolve", "maya", "--graph", form, "--json").data["graph"].startswith(first)


def test_options_that_choose_packages(studio: World) -> None:
    def names(*arguments: str) -> list[str]:
        return [line.split()[0] for line in studio.rezup("resolve", *arguments).out.splitlines()]

    assert names("maya", "--exclude", "maya-2024") == ["python-2.7", "maya-2023"]
    assert names("maya", "--exclude", "maya", "--include", "maya-2023") == ["python-2.7", "maya-2023"]
    assert names("maya", "--time", "-2d") == ["python-3.9", "maya-2024"]
    assert names("maya", "--time", "4999") == ["python-2.7", "maya-2023"]
    studio.variables["REZ_IMPLICIT_PACKAGES"] = "!maya-2024"
    assert names("maya") == ["python-2.7", "maya-2023"]
    assert names("maya", "--no-implicit") == ["python-3.9", "maya-2024"]
    studio.write("other/maya/1/package.yaml", "name: maya\nversion: '1'\n")
    assert names("maya", "--paths", "other") == ["maya-1"]
    assert names("maya", "--paths", f"~/other{os.pathsep}packages", "--no-implicit") == [
        "python-3.9",
        "maya-2024",
    ]


def test_limits(studio: World) -> None:
    fails = studio.rezup("resolve", "tool", "!python-3", "!python-2", "--max-fails", "0")
    assert fails.code == 1
    assert studio.rezup("resolve", "tool", "--time-limit", "0").err == "error: time limit exceeded\n"


def test_timings_go_to_stderr(studio: World) -> None:
    lines = studio.rezup("resolve", "maya", "--timings").err.splitlines()
    assert [line.split()[0] for line in lines] == ["settings", "index", "solve", "save", "total"]
    assert all(line.endswith(" ms") for line in lines)


def test_a_patch(studio: World) -> None:
    context = studio.write("x.rxt", json.dumps({"package_requests": ["maya-2024", "tool"]}))
    named = studio.rezup("resolve", "maya-2023", "--patch", context, "--json")
    assert named.data["request"] == ["maya-2023", "tool"]
    current = studio.rezup("resolve", "^tool", "--patch", "--json", env={"REZ_RXT_FILE": str(context)})
    assert current.data["request"] == ["maya-2024"]
    assert studio.rezup("resolve", "--patch", context, "--json").data["request"] == ["maya-2024", "tool"]
    outside = studio.rezup("resolve", "maya", "--patch")
    assert (outside.code, outside.out) == (1, "")
    assert "REZ_RXT_FILE is not set" in outside.err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("maya", "--time", "1w"),
        ("maya", "--graph", "png"),
        ("maya", "--max-fails", "-1"),
        ("maya", "--", "x"),
    ],
)
def test_wrong_usage(studio: World, arguments: tuple[str, ...]) -> None:
    assert studio.rezup("resolve", *arguments).code == 2


def test_a_change_is_seen_by_the_next_resolve(studio: World) -> None:
    def version() -> str:
        return studio.rezup("resolve", "python").out.split()[0]

    assert version() == "python-3.9"
    package(studio, "python/3.10")
    assert version() == "python-3.10"
    package(studio, "python/3.10", "requires = ['maya-1999']")
    assert "maya-1999" in studio.rezup("resolve", "python-3.10").err
    (studio.home / "packages/python/3.10/package.py").unlink()
    (studio.home / "packages/python/3.10").rmdir()
    assert version() == "python-3.9"
    package(studio, "brand_new/1")
    assert studio.rezup("resolve", "brand_new").out.startswith("brand_new-1  ")


def test_a_damaged_package_is_a_warning_until_it_is_needed(studio: World) -> None:
    studio.write("packages/tool/0.9/package.py", "name = 'tool'\n1 / 0\n")
    path = studio.home / "packages/tool/0.9/package.py"
    fine = studio.rezup("resolve", "tool-1")
    assert fine.out.count("\n") == 2
    assert fine.err.startswith(f"warning: {path}:2: it can't be loaded")
    assert studio.rezup("resolve", "maya").err == ""
    needed = studio.rezup("resolve", "tool-0.9")
    assert needed.code == 1
    assert needed.err.startswith(f"error: {path}:2: it can't be loaded\n")
    document = json.loads(studio.rezup("resolve", "tool-0.9", "--json").out)
    assert document["errors"][0]["code"] == "invalid-package-definition"


def test_a_reader_that_leaves_early_is_no_traceback(studio: World) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@" | head -1', "sh", *studio.command("resolve", "tool", "maya")],
        env=studio.environ, capture_output=True, text=True, cwd=studio.home, check=False,
    )  # fmt: skip
    assert done.stdout.startswith("python-3.9")
    assert done.stderr == ""


#: All that a resolve may load beside what `import click` has loaded, and pieces of the resolver itself.
ALLOWED = {
    "rezup", "rezup.errors", "rezup.reporting",
    "rezup.session", "rezup.session.packages", "rezup.session.packages.configuration",
    "rezup.session.packages.packages", "rezup.session.packages.sources",
    "rezup.runtime", "rezup.runtime.locations", "rezup.runtime.index_store",
    "rezup.runtime.index_store.content", "rezup.runtime.index_store.folders",
    "rezup.runtime.index_store.linked", "rezup.runtime.index_store.reading",
    "rezup.runtime.index_store.stamps", "rezup.runtime.index_store.store",
    "rezup.runtime.index_store.view", "rezup.runtime.index_store.watch",
    "rezup.system", "rezup.system.dirs", "rezup.system.kept", "rezup.system.machine",
    "rezup_cli", "rezup_cli.commands", "rezup_cli.commands.options", "rezup_cli.commands.resolve",
    "rezup_cli.console", "rezup_cli.main", "rezup_cli.application", "rezup_cli.bootstrap", "rezup_cli.process",
    "rezup_cli.command_group", "rezup_cli.env_words", "rezup_cli.lazy_group",
    "bisect", "_bisect", "gc", "signal", "zlib", "locale", "_locale",
}  # fmt: skip


def test_a_resolve_from_the_index_loads_little(studio: World) -> None:
    code = (
        "import sys, time\n"
        "import click\n"
        "ns = time.time_ns\n"
        "time.time_ns = lambda: ns() + 10**10\n"  # what was just written is settled
        "import os\n"
        "before = set(sys.modules)\n"
        "from rezup_cli.main import main\n"
        "status = main(['resolve', 'tool', 'maya'])\n"
        "print(status, *sorted(set(sys.modules) - before), file=sys.stderr)\n"
    )
    # A measurement of coverage would load modules of its own.
    environment = {name: value for name, value in studio.environ.items() if not name.startswith("COVERAGE_")}

    def run() -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True, cwd=studio.home
        )  # fmt: skip
        assert done.stdout.startswith("python-3.9   ")
        status, *names = done.stderr.split()
        assert status == "0"
        return names

    assert "rezup.runtime.config.config" in run()  # nothing was kept yet
    loaded = [name for name in run() if not name.startswith("rezup.resolver")]
    assert {*loaded} <= ALLOWED
    assert "rezup.runtime.index_store.view" in loaded
