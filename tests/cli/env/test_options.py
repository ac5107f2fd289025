"""`rezup env`: its options and words, with the real entry point and real shells."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from support.shell_code import SHELLS, program_of
from support.terminal import Terminal
from support.world import Outcome, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


def test_a_command_and_its_status(studio: World) -> None:
    outcome = studio.rezup("env", "maya", "--", "sh", "-c", "echo $MAYA $PY; exit 7")
    assert outcome == Outcome(7, f"{studio.home}/packages/maya/2024 3.9\n", "")
    assert studio.rezup("env", "maya", "--", "no_such_program").code == 127
    assert studio.rezup("env", "maya", "--", "hello", "a b").out == "hello a b\n"
    assert studio.rezup("env", "maya", "-c", "hello x; exit 3").code == 3


def test_a_child_that_dies_of_a_signal(studio: World) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@"; echo $?', "sh", *studio.command("env", "maya", "-c", "kill -9 $$")],
        env=studio.environ, capture_output=True, text=True, cwd=studio.home, check=False,
    )  # fmt: skip
    assert done.stdout == "137\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("maya", "-c", "x", "--", "y"), "Either --command or a command after `--`."),
        (("maya", "-i", "x.rxt"), "--input has its own packages; to change them, add --patch."),
        (("maya", "--strict"), "--strict and --patch-rank need --patch."),
        (("maya", "--patch-rank", "1"), "--strict and --patch-rank need --patch."),
        (("maya", "--patch-rank", "-1"), "-1 is not in the range"),
        (("maya", "--pkg-cache-mode", "never"), "'never' is not one of 'sync', 'async'"),
        (("maya", "--time", "1w"), "time"),
        (("maya", "--such"), "--such"),
    ],
)
def test_wrong_usage(studio: World, arguments: tuple[str, ...], text: str) -> None:
    outcome = studio.rezup("env", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert text in outcome.err


def test_what_cannot_be_entered(studio: World) -> None:
    def error(*arguments: str, **options: Any) -> list[str]:
        outcome = studio.rezup("env", *arguments, "--", "echo", "never", **options)
        assert (outcome.code, outcome.out) == (1, "")
        return outcome.err.splitlines()

    lines = error("maya-2024", "python-2")
    assert lines[0].startswith("error: The following package conflicts occurred: (python-")
    assert "maya-2024 needs python-3" in lines[1]
    assert lines[2] == "hint: rezup resolve --explain maya-2024 python-2 shows each step"
    assert error("nope")[0].startswith("error: package family not found: nope")
    assert error("maya-1999")[0] == "error: Package could not be found: maya-1999"
    assert error("maya", "--time-limit", "0")[0] == "error: time limit exceeded"
    place = studio.home / "packages"
    lines = error("stops")
    assert lines[0].startswith("error: commands of stops-1 stop the environment")
    assert lines[0].endswith(f"{place}/stops/1/package.py:4")
    assert lines[1] == "  not here"
    lines = error("fails")
    assert lines[0] == f"error: commands of fails-1 fail, {place}/fails/1/package.py:5"
    assert lines[1:3] == [
        "  AttributeError: package fails-1 has no attribute 'nothing'",
        "    env.B = this.nothing",
    ]
    lines = error("maya", "--shell", "nosh")
    assert lines[:2] == [
        "error: unknown shell 'nosh'",
        "  known shells: bash, zsh, fish, sh, dash, ash, tcsh, csh, pwsh, powershell, cmd",
    ]
    assert "rezup use NAME -- rez-env" in lines[2]
    lines = error("maya", "--shell", "fish", env={"PATH": "/nowhere"})
    assert lines[0] == "error: fish can't be started"
    assert lines[2] == "hint: name another shell with --shell"
    assert "REZ_RXT_FILE is not set" in "\n".join(error("--patch", "^maya"))
    assert "digraph" in "\n".join(error("maya-2024", "python-2", "--fail-graph"))


def test_options_that_choose_packages(studio: World) -> None:
    def used(*arguments: str) -> str:
        return studio.rezup("env", *arguments, "--", "printenv", "REZ_USED_RESOLVE").out.strip()

    assert used("maya") == "python-3.9 maya-2024"
    assert used("maya", "--exclude", "maya-2024") == "python-2.7 maya-2023"
    assert used("maya", "--exclude", "maya", "--include", "maya-2023") == "python-2.7 maya-2023"
    assert used("maya", "--time", "4999") == "python-2.7 maya-2023"
    studio.variables["REZ_IMPLICIT_PACKAGES"] = "!maya-2024"
    assert used("maya") == "python-2.7 maya-2023"
    assert used("maya", "--no-implicit") == used("maya", "--ni") == "python-3.9 maya-2024"
    studio.variables["REZ_PACKAGE_FILTER_JSON"] = '{"excludes": ["maya"]}'
    assert used("maya") == ""
    assert used("maya", "--no-filters") == "python-2.7 maya-2023"
    del studio.variables["REZ_PACKAGE_FILTER_JSON"]
    studio.write("other/maya/1/package.yaml", "name: maya\nversion: '1'\n")
    assert used("maya", "--paths", "other") == "maya-1"
    both = os.pathsep.join([str(studio.home / "other"), str(studio.home / "packages")])
    studio.variables.update(REZ_PACKAGES_PATH=both, REZ_LOCAL_PACKAGES_PATH=str(studio.home / "other"))
    assert used("maya-1") == "maya-1"
    assert used("maya-1", "--no-local") == ""


def test_building(studio: World) -> None:
    assert studio.rezup("env", "maya", "-b", "--", "printenv", "BUILD").out == "True\n"
    assert studio.rezup("env", "maya", "--", "printenv", "BUILD").out == "False\n"


def test_what_has_no_effect_is_one_notice(studio: World) -> None:
    outcome = studio.rezup(
        "env", "maya", "--no-cache", "--no-pkg-cache", "--pkg-cache-mode", "async", "--", "echo", "x"
    )
    assert (outcome.code, outcome.out) == (0, "x\n")
    assert outcome.err == (
        "--no-cache, --no-pkg-cache, --pkg-cache-mode: there is no such cache here, so it has no effect\n"
    )
    assert studio.rezup("env", "maya", "--no-cache", "-q", "--", "true").err == ""


def test_timings_and_stats_go_to_stderr(studio: World) -> None:
    outcome = studio.rezup("env", "maya", "--timings", "--stats", "--", "echo", "x")
    assert outcome.out == "x\n"
    assert outcome.err.startswith("steps: ")
    words = [line.split()[0] for line in outcome.err.splitlines() if line.endswith(" ms")]
    assert words[-4:] == ["shell", "commands", "script", "total"]


@pytest.mark.parametrize("shell", SHELLS)
def test_commands_from_standard_input(studio: World, shell: str) -> None:
    outcome = studio.rezup(
        "env", "maya", "--shell", program_of(shell), "-s", stdin=None, input="echo $PY\nexit 4\n"
    )
    assert (outcome.code, outcome.out, outcome.err) == (4, "3.9\n", "")


def test_start_up_files(studio: World) -> None:
    """Of a shell that somebody types into; a command has none."""
    program = program_of("bash")
    studio.write(".bashrc", "export RC=usual\n")
    own = studio.write("own rc", "export RC=own\n")
    studio.variables["TERM"] = "dumb"

    def rc(*arguments: str | Path) -> str:
        command = studio.command("env", "maya", "-q", "--shell", program, *arguments)
        with Terminal(command, studio.environ, studio.home) as terminal:
            terminal.send('echo "<$RC-$PY>"; exit\n')
            terminal.expect("<")
            return terminal.finish()[1].rpartition("<")[2].partition(">")[0]

    assert rc() == "usual-3.9"
    assert rc("--norc") == "-3.9"
    assert rc("--rcfile", own) == "own-3.9"
    assert studio.rezup("env", "maya", "--shell", "bash", "-c", "echo $RC-$PY").out == "-3.9\n"
