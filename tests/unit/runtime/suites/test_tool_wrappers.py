"""Wrappers of tools: their scripts, run by real shells, and what they are to do."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from rezup.errors import SuiteError
from rezup.runtime.context.difference import on_path
from rezup.runtime.suites import wrappers
from rezup.runtime.suites.about import about_lines, version_lines
from rezup.runtime.suites.invocation import help_lines, invocation_of
from rezup.runtime.suites.suite import Suite
from rezup.runtime.suites.wrappers import Wrapper
from support.suite_world import config_of, context_of, write_packages

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.config import Config

HOSTILE = "a b\"c'é"


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_of(tmp_path, write_packages(tmp_path / "packages"))


@pytest.fixture
def suite(config: Config, tmp_path: Path) -> Suite:
    made = Suite(config)
    made.add("anim", context_of(config, "maya-2024", "lib-1"), prefix_char="@")
    made.add(HOSTILE, context_of(config, "nuke-13", "util-10", "houdini-20"))
    made.save(str(tmp_path / HOSTILE))
    return made


def program(folder: Path, name: str) -> None:
    """A program that tells its arguments."""
    folder.mkdir(exist_ok=True)
    script = (
        f"#!{sys.executable}\nimport json, sys\nprint(json.dumps([{name!r}, *sys.argv[1:]]))\nsys.exit(7)\n"
    )
    (folder / name).write_text(script)
    (folder / name).chmod(0o755)


SHELLS = [each for each in ("dash", "bash", "zsh", "ksh", "busybox", "yash") if shutil.which(each)]


@pytest.mark.skipif(os.name != "posix", reason="a script of sh")
@pytest.mark.parametrize("present", [("rezup", "_rez_fwd"), ("rezup",), ("_rez_fwd",), ()])
@pytest.mark.parametrize("shell", [None, *SHELLS])
def test_it_is_run_by_rezup_or_else_by_rez(
    suite: Suite, tmp_path: Path, present: tuple[str, ...], shell: str | None
) -> None:
    for name in present:
        program(tmp_path / "programs", name)
    words = ["-x", "a  b", "$(touch OWNED)", "", "--", "é'\"\n", "++about"]
    for alias in ("maya", HOSTILE, "with blank"):
        path = suite.tool_path(alias)
        assert path is not None
        start = [] if shell is None else [shutil.which(shell) or "", *(["sh"] if shell == "busybox" else [])]
        done = subprocess.run(
            [*start, path, *words], env={"PATH": f"{tmp_path / 'programs'}"}, cwd=tmp_path, capture_output=True,
            text=True, check=False,
        )  # fmt: skip
        if "rezup" in present:
            expected = ["rezup", "suite", "run", path, "--", *words]
        elif present:
            expected = ["_rez_fwd", path, *words]
        else:
            assert (done.returncode, done.stdout) == (127, "")
            assert done.stderr == "a tool of a suite needs rezup or Rez, and PATH has neither\n"
            continue
        assert json.loads(done.stdout) == expected
        assert (done.returncode, done.stderr) == (7, "")
    assert not (tmp_path / "OWNED").exists()


text = st.text(st.characters(exclude_categories=()), max_size=20)


@given(st.text(min_size=1, max_size=8, alphabet="ab c\"'é$`:#{}[]&*!|>%@-?,\U0001f600"), text, st.booleans())
def test_any_tool_can_be_written_and_read(context: str, tool: str, windows: bool) -> None:
    wrapper = Wrapper(context, tool, "+")
    written = wrappers.text_of(wrapper, windows=windows)
    head = written.splitlines()[:4] if windows else written.splitlines()[:2]
    assert head == wrappers.text_of(Wrapper("x", "y"), windows=windows).splitlines()[: len(head)]
    if any("\ud800" <= char <= "\udfff" for char in tool):
        return  # YAML has none; nor has any package
    body = "".join(written.splitlines(keepends=True)[4:]) if windows else written
    found = yaml.safe_load(body)
    assert found["kwargs"] == {"context_name": context, "tool_name": tool, "prefix_char": "+"}
    assert (found["module"], found["func_name"]) == ("suite", "_FWD__invoke_suite_tool_alias")


@pytest.mark.parametrize("windows", [False, True])
def test_it_is_read_as_it_was_written(tmp_path: Path, windows: bool) -> None:
    path = tmp_path / "tool"
    for wrapper in (
        Wrapper("a", "b"),
        Wrapper(HOSTILE, "x\ny\x7f\u2028\U0001f600", ""),
        Wrapper("a", "b", "+"),
    ):
        path.write_text(wrappers.text_of(wrapper, windows=windows), encoding="utf-8")
        assert wrappers.read(str(path)) == wrapper
        # And by way of YAML, as somebody may have edited it.
        content = path.read_text(encoding="utf-8")
        path.write_text(content.replace("kwargs: {", "kwargs: { ").replace("module: suite", "module:  suite"))
        assert wrappers.read(str(path)) == wrapper if windows else True


def test_those_of_rez_are_read(tmp_path: Path) -> None:
    body = "func_name: _FWD__invoke_suite_tool_alias\nkwargs:\n  context_name: anim\n  prefix_char: null\n  tool_name: maya\nmodule: suite\n"
    windows = "@echo off\n_rez_fwd.exe %~dpnx0 %*\ngoto :eof\n:: YAML\n"
    for head in ("#!/usr/bin/env _rez_fwd\n", windows, windows.replace("\n", "\r\n")):
        (tmp_path / "tool").write_bytes((head + body).encode())
        assert wrappers.read(str(tmp_path / "tool")) == Wrapper("anim", "maya")
    assert wrappers.file_name("maya", windows=True) == "maya.cmd"
    assert wrappers.file_name("maya.CMD", windows=True) == "maya.CMD"
    assert wrappers.file_name("maya", windows=False) == "maya"


REZ = "#!/usr/bin/env _rez_fwd\nfunc_name: _FWD__invoke_suite_tool_alias\nmodule: suite\nkwargs: "


@pytest.mark.parametrize(
    "content",
    [
        "", "#!/bin/sh\n", "x", "\x00", "\xff", "#!/usr/bin/env _rez_fwd\n", "#!/usr/bin/env _rez_fwd\n[", "@echo off\n",
        REZ, REZ + "[]", REZ + "{context_name: a}", REZ + "{context_name: ../a, tool_name: b}",
        REZ + "{context_name: a, tool_name: 3}", REZ + "{context_name: a, tool_name: b, prefix_char: ab}",
        REZ + "!!python/object/apply:os.system [touch OWNED]", REZ + "{context_name: 1, tool_name: b}",
        REZ + "[" * 3000, REZ.replace("_FWD__", "_FWD__other_"), REZ + "x" * 70000, "#!/usr/bin/env _rez_fwd\n2001-99-99",
        wrappers.text_of(Wrapper("a", "b"), windows=False)[:-3], wrappers.text_of(Wrapper("..", "b"), windows=False),
        wrappers.text_of(Wrapper("a", "b"), windows=False).replace('"b"', "[" * 9000),
    ],
    ids=range(23),
)  # fmt: skip
def test_what_is_no_wrapper(tmp_path: Path, content: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "tool"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(SuiteError, match="is no tool of a suite") as caught:
        wrappers.read(str(path))
    assert "\n" not in str(caught.value)
    assert not wrappers.is_wrapper(str(path))
    assert os.listdir(tmp_path) == ["tool"]


def test_no_file_at_all(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for name in ("nope", "pipe", ".", "\0"):
        with pytest.raises(SuiteError, match="is no tool of a suite"):
            wrappers.read(f"{tmp_path}/{name}")


def test_what_is_to_be_run(suite: Suite, tmp_path: Path) -> None:
    path = suite.tool_path("with blank") or ""
    asked = invocation_of(path, ["-x", "@about", "$(id)"], "+")
    assert asked.kind == "run"
    assert asked.command == ("with blank", "-x", "@about", "$(id)")
    assert (asked.suite_path, asked.context_name) == (str(tmp_path / HOSTILE), HOSTILE)
    assert asked.context_path == suite.context_path(HOSTILE)
    assert asked.patch is None
    asked = invocation_of(
        path, ["+p", "maya-2023", "+i", "++strict", "++nl", "++verbose", "++verbose", "++quiet"], "+"
    )
    assert asked.kind == "interactive"
    assert asked.prompt == f"{HOSTILE}*>"
    assert (asked.patch, asked.is_strict, asked.no_local, asked.verbosity, asked.is_quiet) == (
        ("maya-2023",), True, True, 2, True,
    )  # fmt: skip
    assert invocation_of(path, ["+i", "++patch"], "+").prompt == f"{HOSTILE}>"
    assert invocation_of(path, ["++stdin"], "+").from_stdin
    assert invocation_of(path, ["++command", "ls", "-l"], "+").command == ("ls", "-l")
    assert invocation_of(path, ["++no-rez", "++about", "x"], "+").command == ("with blank", "++about", "x")
    assert invocation_of(path, ["++about"], "").command == ("with blank", "++about")
    assert invocation_of(path, ["x", "+h", "++patch=a"], "+").kind == "help"
    asked = invocation_of(suite.tool_path("maya") or "", ["@@peek", "++about"], "+")
    assert (asked.kind, asked.prefix_char) == ("peek", "@")
    with pytest.raises(
        SuiteError, match="options of the suite's tool 'with blank' can't be understood"
    ) as caught:
        invocation_of(path, ["++about=x"], "+")
    assert caught.value.hint == "++help shows them; after ++no-rez-args all goes to the tool"


def test_help_names_all_options(suite: Suite) -> None:
    for char in ("+", "%", "="):
        shown = "\n".join(help_lines("a %s b", char))
        for name in (
            "about",
            "interactive",
            "patch",
            "versions",
            "command",
            "stdin",
            "peek",
            "no-rez-args",
            "help",
        ):
            assert f"{char * 2}{name}" in shown
        assert "a %s b" in shown


def test_a_wrapper_outside_of_its_suite(suite: Suite, tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    shutil.copy(suite.tool_path("maya") or "", tmp_path / "bin" / "maya")
    with pytest.raises(SuiteError, match="is no suite"):
        invocation_of(str(tmp_path / "bin" / "maya"), [], "+")
    for tool in ("", "a\0b"):
        target = tmp_path / HOSTILE / "bin" / "maya"
        target.write_text(wrappers.text_of(Wrapper("anim", tool), windows=False))
        with pytest.raises(SuiteError, match="no program is called"):
            invocation_of(str(target), [], "+")


def test_what_a_tool_tells_of_itself(suite: Suite, config: Config, tmp_path: Path) -> None:
    asked = invocation_of(suite.tool_path("maya") or "", ["@@versions"], "+")
    context = suite.context("anim")
    lines, is_possible = version_lines(asked, context, on_path(config))
    assert is_possible
    root = tmp_path / "packages" / "maya"
    assert [(line.text, line.mark) for line in lines] == [
        (f"* maya-2024  {root / '2024'}  (local)", "heading"),
        (f"  maya-2023  {root / '2023'}  (local)", "local"),
    ]
    assert [line.text for line in about_lines(asked, context)] == [
        "Tool:     maya",
        f"Path:     {tmp_path / HOSTILE}/bin/maya",
        f"Suite:    {tmp_path / HOSTILE}",
        f"Context:  {suite.context_path('anim')} ('anim')",
        "Package:  maya-2024",
    ]
    asked = invocation_of(suite.tool_path("render") or "", ["++versions"], "+")
    clash = "Packages (in conflict): nuke-13 util-10 houdini-20"
    assert [line.text for line in version_lines(asked, suite.context(HOSTILE), on_path(config))[0]] == [clash]
    assert not version_lines(asked, suite.context(HOSTILE), on_path(config))[1]
    assert about_lines(asked, suite.context(HOSTILE))[-1].text == clash


def test_tools_for_windows(config: Config, tmp_path: Path) -> None:
    suite = Suite(config)
    suite.add("anim", context_of(config, "maya-2024"))
    suite.save(str(tmp_path / "s"), windows=True)
    assert sorted(os.listdir(tmp_path / "s" / "bin")) == ["maya.cmd", "mayapy.cmd", "render.cmd"]
    asked = invocation_of(str(tmp_path / "s" / "bin" / "maya.cmd"), ["x"], "+")
    assert asked.command == ("maya", "x")
    suite.save(windows=False)
    assert sorted(os.listdir(tmp_path / "s" / "bin")) == ["maya", "mayapy", "render"]


def test_a_wrapper_loads_next_to_nothing(suite: Suite) -> None:
    ask = (
        "import sys; before = set(sys.modules)\n"
        "from rezup.runtime.suites.invocation import invocation_of\n"
        "invocation_of(sys.argv[1], ['x'], '+'); print(*sorted(set(sys.modules) - before))"
    )
    done = subprocess.run(
        [sys.executable, "-c", ask, suite.tool_path("maya") or ""], capture_output=True, text=True, check=True
    )
    assert not {"yaml", "argparse", "dataclasses", "pathlib"} & set(done.stdout.split())
