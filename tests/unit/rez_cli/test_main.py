"""Which command is meant, how it is given options, and how it ends."""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import pytest

from rezup.errors import PackageFamilyNotFoundError
from rezup.rez_cli.caller import Caller
from rezup.rez_cli.main import ABSENT, COMMANDS, Call, call_of, main

if TYPE_CHECKING:
    from pathlib import Path


class Ended(NamedTuple):
    """How a call ended."""

    status: int
    out: str
    err: str


class Desk:
    """A folder to call commands in, with two packages."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            "HOME": str(folder), "PATH": "/usr/bin:/bin", "REZ_PACKAGES_PATH": f"{folder}/packages",
            "REZ_IMPLICIT_PACKAGES": "", "REZUP_CACHE_DIR": str(folder / "cache"), "REZ_DEFAULT_SHELL": "sh",
        }  # fmt: skip
        self.package("maya/2023", "requires = ['python']")
        self.package("maya/2024", "requires = ['python']\ndef commands():\n    env.MAYA = '{root}'")
        self.package("python/3", "tools = ['python']")

    def package(self, name: str, text: str) -> None:
        family, version = name.split("/")
        path = self.folder / "packages" / name / "package.py"
        path.parent.mkdir(parents=True)
        path.write_text(f"name = {family!r}\nversion = {version!r}\n{text}\n")

    def call(self, *argv: str) -> Ended:
        out, err = io.StringIO(), io.StringIO()
        status = main(argv, self.environ, out=out, err=err)
        return Ended(status, out.getvalue(), err.getvalue())


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["/x/rez-env", "a"], Call("env", ["a"])),
        (["rez-env.exe", "a"], Call("env", ["a"])),
        (["rez", "env", "a"], Call("env", ["a"])),
        (["rezolve", "env", "-h"], Call("env", ["-h"])),
        (["_rez_fwd", "f", "x"], Call("forward", ["f", "x"])),
        (["_rez-complete"], Call("complete", [])),
        (["rez-pkg-cache", "x"], Call("pkg-cache", ["x"])),
        (["rez", "-V"], Call(None, ["-V"])),
        (["rez"], Call(None, [])),
    ],
)
def test_the_command_is_in_the_name_or_the_first_word(argv: list[str], expected: Call) -> None:
    assert call_of(argv) == expected


def test_both_ways_are_the_same(desk: Desk) -> None:
    first, second = desk.call("rez-search", "maya"), desk.call("rez", "search", "maya")
    assert first == second == (0, "maya-2023\nmaya-2024\n", "")


@pytest.mark.parametrize("command", ABSENT)
def test_what_is_not_there_is_told_in_one_line(desk: Desk, command: str) -> None:
    for argv in (["rez", command, "-h"], [f"rez-{command}"]):
        ended = desk.call(*argv)
        assert (ended.status, ended.out, ended.err.count("\n")) == (2, "", 1)
        assert f"rez {command} is not in the embedded runtime" in ended.err


def test_an_unknown_command(desk: Desk) -> None:
    ended = desk.call("rez", "nonsense\x1b")
    assert ended.status == 2
    assert "'nonsense\\x1b'" in ended.err
    assert "forward" not in ended.err


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "python"])
def test_help_has_every_option(desk: Desk, command: str) -> None:
    ended = desk.call(f"rez-{command}", "--help")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out.startswith(f"usage: rez {command}")
    assert "--verbose" in ended.out


@pytest.mark.parametrize(
    "argv", [["rez"], ["rez", "--nope"], ["rez-env", "--nope"], ["rez-search", "-t", "x"], ["rez-view"]]
)
def test_usage_errors(desk: Desk, argv: list[str]) -> None:
    ended = desk.call(*argv)
    assert (ended.status, ended.out) == (2, "")
    assert ended.err.startswith("usage: rez")
    assert ": error: " in ended.err


def test_the_version(desk: Desk) -> None:
    ended = desk.call("rez", "-V")
    assert ended.status == 0
    assert ended.out.startswith("Rez 3.4.0 from ")
    assert f"(python {sys.version_info.major}.{sys.version_info.minor})" in ended.out
    assert "embedded in rezup" in desk.call("rez", "--info").out


def test_a_failed_request_is_1_and_is_told(desk: Desk) -> None:
    ended = desk.call("rez-env", "nope", "--", "true")
    assert (ended.status, ended.out) == (1, "")
    assert ended.err.startswith("PackageFamilyNotFoundError: ")


@pytest.mark.parametrize(
    ("argv", "text"),
    [
        (["rez-env", "--command", "x", "maya", "--", "y"], "not allowed with arguments after"),
        (["rez-env", "-i", "x.rxt", "maya"], "--patch"),
        (["rez-suite", "--hide", "x"], "which folder"),
        (["_rez_fwd"], "which tool"),
        (["rez-search", "--before", "5", "--after", "6"], "--before"),
    ],
)
def test_options_that_exclude_each_other(desk: Desk, argv: list[str], text: str) -> None:
    ended = desk.call(*argv)
    assert ended.status == 2
    assert text in ended.err


def test_a_context_is_saved_and_shown(desk: Desk) -> None:
    path = str(desk.folder / "x.rxt")
    assert desk.call("rez-env", "maya<2024", "-o", path) == (0, "", "")
    assert desk.call("rez-context", "--res", path).out == "python-3\nmaya-2023\n"
    assert '"status": "solved"' in desk.call("rez-env", "-i", path, "-o", "-").out


def test_a_bundle(desk: Desk) -> None:
    desk.package("fixed/1", "relocatable = False")
    path, home = str(desk.folder / "x.rxt"), desk.environ["HOME"]
    desk.call("rez-env", "maya", "fixed", "-o", path)
    refused = desk.call("rez-bundle", path, "~/made")
    assert (refused.status, refused.out) == (1, "")
    assert "fixed-1 can't be put into a bundle" in refused.err
    assert desk.call("rez-bundle", "-s", "-f", path, "~/made").status == 2
    kept = desk.call("rez-bundle", "-s", "-n", path, "~/made")
    assert kept == (0, "", "fixed-1 is not relocatable and stays where it is\n")
    assert f"{home}/packages/fixed/1" in desk.call("rez-context", f"{home}/made/context.rxt").out
    forced = desk.call("rez", "bundle", "-f", "-v", "~/x.rxt", f"{home}/forced")
    assert forced.status == 0
    assert len(forced.err.splitlines()) == 3
    shown = desk.call("rez-context", f"{home}/forced/context.rxt").out
    assert f"{home}/forced/packages/maya/2024" in shown
    assert f"{home}/packages" not in shown
    assert desk.call("rez-bundle", "-f", path, "~/forced").status == 1
    assert desk.call("rez-bundle", "~/none.rxt", "~/other").status == 1


def test_more_groups_than_one_are_left_out(desk: Desk) -> None:
    path = str(desk.folder / "x.rxt")
    assert desk.call("rez-env", "python", "-o", path, "--", "a", "--", "maya").status == 0
    assert desk.call("rez-context", "--req", path).out == "python\n"


def test_a_failed_resolve_is_saved_too_and_drawn(desk: Desk) -> None:
    path = str(desk.folder / "x.rxt")
    ended = desk.call("rez-env", "maya-2023", "maya-2024", "-o", path, "--fail-graph")
    assert ended.status == 1
    assert "The context failed to resolve:" in ended.err
    assert "digraph" in ended.err
    assert desk.call("rez-context", path).out.startswith("resolve failed")
    assert desk.call("rez-env", "-i", path).status == 1


@pytest.mark.parametrize("command", ["context", "depends"])
def test_graphs_are_printed_or_written(desk: Desk, command: str) -> None:
    path = str(desk.folder / "x.rxt")
    desk.call("rez-env", "maya", "-o", path)
    subject = path if command == "context" else "python"
    shown = desk.call(f"rez-{command}", "-g", subject)
    assert shown.out.startswith("digraph")
    assert "Graphviz" in shown.err
    file = desk.folder / "graph.dot"
    assert desk.call(f"rez-{command}", "--wg", str(file), subject) == (0, "", "")
    assert file.read_text() == shown.out
    refused = desk.call(f"rez-{command}", "--wg", "graph.png", subject)
    assert refused.status == 1
    assert "Graphviz" in refused.err
    assert desk.call(f"rez-{command}", "--wg", "/nowhere/graph.dot", subject).status == 1


def test_a_pruned_graph(desk: Desk) -> None:
    path = str(desk.folder / "x.rxt")
    desk.call("rez-env", "maya", "-o", path)
    assert "maya-2024" in desk.call("rez-context", "-g", path).out
    assert "python" in desk.call("rez-context", "-g", "--pp", "python", path).out
    assert desk.call("rez-context", "-g", "--pp", "nope", path).status == 1


def test_a_damaged_package_is_shown_and_does_not_hide_others(desk: Desk) -> None:
    desk.package("hurt/1", "requires = [")
    found = desk.call("rez-search", "-t", "package")
    assert found.status == 0
    assert found.out.splitlines()[0] == "hurt-1"
    assert "can't be loaded" in found.out.splitlines()[1]
    assert found.out.splitlines()[2:] == ["maya-2023", "maya-2024", "python-3"]
    only = desk.call("rez-search", "-e", "-t", "package")
    assert only.out.splitlines()[::2] == ["hurt-1"]
    assert desk.call("rez-view", "hurt").status == 1
    assert desk.call("rez-search", "-f", "{requires}", "hurt").out.splitlines()[0] == "hurt-1"


def test_depends_and_view_tell_what_is_missing(desk: Desk) -> None:
    assert desk.call("rez-depends", "python").out == "#0: python\n#1: maya\n"
    assert desk.call("rez-depends", "nope").status == 1
    assert desk.call("rez-view", "nope") == (1, "no matches found\n", "")
    assert desk.call("rez-view", "-c", "maya").status == 1


def test_settings(desk: Desk) -> None:
    assert desk.call("rez-config", "default_shell") == (0, "sh\n", "")
    assert desk.call("rez-config", "--json", "packages_path").out == f'["{desk.folder}/packages"]\n'
    assert desk.call("rez-config", "nope").status == 1
    assert "packages_path:\n" in desk.call("rez-config").out


def test_colours_when_they_are_forced(desk: Desk) -> None:
    assert desk.call("rez-search", "maya").out == "maya-2023\nmaya-2024\n"
    desk.environ["REZ_COLOR_ENABLED"] = "force"
    assert "\x1b[" in desk.call("rez-search", "maya").out


@pytest.mark.parametrize("words", [["maya", "nope"], ["maya-2023"], ["python-3"], ["maya-2024", "maya-2023"]])
def test_a_comparison_that_can_not_be(desk: Desk, words: list[str]) -> None:
    ended = desk.call("rez-diff", *words)
    assert (ended.status, ended.out) == (1, "")


def test_interpreting(desk: Desk) -> None:
    code = desk.folder / "x.rex"
    code.write_text("env.A = 'one'\nenv.PATH.append('/x')\n")
    assert desk.call("rez-interpret", str(code), "-f", "table", "--no-env").out == "A     one\nPATH  /x\n"
    inherited = desk.call("rez-interpret", str(code), "-f", "dict", "--pv", "all").out
    assert inherited == "{'A': 'one', 'PATH': '/usr/bin:/bin:/x'}\n"
    assert "export A=" in desk.call("rez-interpret", str(code), "-f", "bash").out
    assert desk.call("rez-interpret", "nothere", "-f", "dict").status == 1
    failed = desk.call("rez-interpret", "-c", "stop('no %s', 'way')", "-f", "dict")
    assert failed.status == 1
    assert "no way" in failed.err


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
def test_sources_are_brought_and_compared(desk: Desk) -> None:
    source = desk.folder / "source"
    source.mkdir()
    who = ["-c", "user.name=ann", "-c", "user.email=a@b"]

    def git(*arguments: str) -> str:
        done = subprocess.run(
            ["git", *who, *arguments],
            cwd=source,
            env=desk.environ,
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    git("init", "--quiet")
    for version in ("1", "2"):
        (source / "file").write_text(f"of version {version}\n")
        git("add", "file")
        git("commit", "--quiet", "-m", version)
        revision = {"commit": git("rev-parse", "HEAD"), "fetch_url": str(source)}
        desk.package(f"kept/{version}", f"vcs = 'git'\nrevision = {revision!r}")
    tool = desk.folder / "tool"
    tool.write_text('#!/bin/sh\ncat "$1/file" "$2/file" > "$HOME/seen"\nls -a "$1" >> "$HOME/seen"\n')
    tool.chmod(0o755)
    desk.environ["REZ_DIFFTOOL"] = str(tool)
    ended = desk.call("rez-diff", "kept-2")
    assert ended == (0, f"Exporting kept-2...\nExporting kept-1...\nOpening diff viewer {tool}...\n", "")
    assert (desk.folder / "seen").read_text().split("\n")[:-1] == [
        "of version 2",
        "of version 1",
        ".",
        "..",
        "file",
    ]
    desk.environ["REZ_DIFFTOOL"] = "/nowhere/tool"
    assert desk.call("rez-diff", "kept-1", "kept-2").status == 1
    shutil.rmtree(source)
    assert desk.call("rez-diff", "kept-1", "kept-2").status == 1


def test_tracebacks_for_who_asks(desk: Desk) -> None:
    with pytest.raises(PackageFamilyNotFoundError):
        desk.call("rez-env", "nope", "--debug")
    desk.environ["REZ_DEBUG"] = "on"
    with pytest.raises(PackageFamilyNotFoundError):
        desk.call("rez-depends", "nope")


@pytest.mark.parametrize("shell", ["/bin/zsh", "zsh", "-zsh"])
def test_a_shell_goes_by_its_name(desk: Desk, shell: str) -> None:
    assert Caller({**desk.environ, "REZ_DEFAULT_SHELL": shell}).current_shell == "zsh"


def test_the_folder_of_the_programs_is_that_of_the_command(desk: Desk) -> None:
    folder = desk.folder / "bin"
    folder.mkdir()
    program = str(folder / "rez-env")
    before = Caller(desk.environ, program).surroundings("sh")
    assert before.rez_bin_path is None
    (folder / ".rez_production_install").touch()
    assert Caller(desk.environ, program).surroundings("sh").rez_bin_path == str(folder)
    link = desk.folder / "rez-env"
    link.symlink_to(program)
    assert Caller(desk.environ, str(link)).surroundings("sh").rez_bin_path == str(folder)
