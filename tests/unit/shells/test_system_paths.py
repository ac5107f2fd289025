"""Where a bare shell looks for programs: what the real shells say."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.shells.system_paths import system_paths
from support.shell_code import program_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

DEFAULT = tuple(os.defpath.split(os.pathsep))


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh", "fish"])
def test_neither_path_nor_start_up_files_change_it(shell: str, tmp_path: Path) -> None:
    program = program_of(shell)
    for name in (".bashrc", ".profile", ".zshrc", ".zshenv"):
        (tmp_path / name).write_text("export PATH=/mine\n")
    (tmp_path / ".tcshrc").write_text("setenv PATH /mine\n")
    (tmp_path / ".config/fish").mkdir(parents=True)
    (tmp_path / ".config/fish/config.fish").write_text("set -x PATH /mine\n")
    environ = {
        "HOME": str(tmp_path), "PATH": "/mine", "ENV": str(tmp_path / ".profile"), "BASH_ENV": str(tmp_path / ".bashrc"),
    }  # fmt: skip
    found = system_paths(shell, program, environ).paths
    assert "/mine" not in found
    assert found == system_paths(shell, program, {}).paths
    assert {*DEFAULT} <= {*found}
    assert "" not in found
    assert [each for each in found if each in DEFAULT]


def stand_in(folder: Path, text: str) -> str:
    path = folder / "shell"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return str(path)


def test_what_it_says_comes_first_and_nothing_twice(tmp_path: Path) -> None:
    program = stand_in(tmp_path, f"echo some noise; echo '__PATHS_:/a b:/opt/x::{DEFAULT[0]}'")
    rest = tuple(path for path in DEFAULT[1:] if path)
    assert system_paths("bash", program, {}).paths == ("/a b", "/opt/x", DEFAULT[0], *rest)


@pytest.mark.parametrize(
    "text", ["exit 3", "echo nothing of use", "kill -9 $$", "echo '__PATHS_:/x'; exit 1"]
)
def test_a_shell_that_fails_says_nothing(tmp_path: Path, text: str) -> None:
    assert system_paths("zsh", stand_in(tmp_path, text), {}) == (DEFAULT, False)  # and is asked again


def test_one_that_is_not_there_or_cannot_be_asked(tmp_path: Path) -> None:
    assert system_paths("bash", str(tmp_path / "missing"), {}) == (DEFAULT, False)
    assert system_paths("cmd", stand_in(tmp_path, "touch asked"), {}) == (DEFAULT, True)
    assert os.listdir(tmp_path) == ["shell"]


def test_sh_is_asked_as_rez_asks_it(tmp_path: Path) -> None:
    """As if it were bash, which dash refuses; under its own name it is asked in its own way."""
    program = stand_in(tmp_path, 'case "$1" in --*) exit 2;; esac\necho "__PATHS_:/of/dash"')
    assert system_paths("sh", program, {}).paths == DEFAULT
    assert (
        system_paths("dash", program, {})
        == system_paths("ash", program, {})
        == (("/of/dash", *DEFAULT), True)
    )
