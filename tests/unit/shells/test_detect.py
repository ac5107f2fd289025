from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.errors import LaunchError
from rezup.shells.detect import ShellChoice, detect, parent_shell

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Holds zsh, fish and bash-5.2, and a shell that nobody knows."""
    for name in ("zsh", "fish", "bash-5.2", "xonsh"):
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / "tcsh").touch(mode=0o644)
    return tmp_path


def choose(folder: Path, parent: str | None = None, *, windows: bool = False, **environ: str) -> ShellChoice:
    return detect({"PATH": str(folder), **environ}, parent=lambda: parent, windows=windows)


def test_setting_by_name_wins_over_all(folder: Path) -> None:
    choice = choose(folder, str(folder / "fish"), REZUP_DEFAULT_SHELL="zsh", SHELL=str(folder / "fish"))
    assert choice == ShellChoice("zsh", str(folder / "zsh"), "REZUP_DEFAULT_SHELL")


def test_setting_by_path_may_bear_a_version(folder: Path) -> None:
    choice = choose(folder, REZUP_DEFAULT_SHELL=str(folder / "bash-5.2"))
    assert (choice.name, choice.executable) == ("bash", str(folder / "bash-5.2"))


def test_setting_that_is_no_known_shell_is_an_error_with_the_known_names(folder: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        choose(folder, REZUP_DEFAULT_SHELL="xonsh")
    assert "xonsh" in caught.value.message
    assert "bash, zsh, fish" in (caught.value.hint or "")


@pytest.mark.parametrize("value", ["", "  "])
def test_empty_setting_is_none(folder: Path, value: str) -> None:
    assert choose(folder, str(folder / "fish"), REZUP_DEFAULT_SHELL=value).name == "fish"


def test_setting_that_is_not_installed_gives_way_and_is_told(folder: Path) -> None:
    choice = choose(folder, str(folder / "fish"), REZUP_DEFAULT_SHELL="dash")
    assert choice.name == "fish"
    assert choice.reason == (
        "the shell that rezup was started from; REZUP_DEFAULT_SHELL: dash is not installed"
    )


def test_parent_given_by_its_bare_name_is_found_on_path(folder: Path) -> None:
    assert choose(folder, "zsh").executable == str(folder / "zsh")
    assert choose(folder, "-zsh").executable == str(folder / "zsh")


def test_unknown_parent_gives_way_to_shell_variable(folder: Path) -> None:
    choice = choose(folder, str(folder / "xonsh"), SHELL=str(folder / "fish"))
    assert choice.name == "fish"
    assert f"{folder / 'xonsh'} is not supported" in choice.reason


def test_file_that_is_no_program_is_not_installed(folder: Path) -> None:
    choice = choose(folder, str(folder / "tcsh"), SHELL=str(folder / "fish"))
    assert choice.name == "fish"


def test_without_any_trace_it_is_the_default() -> None:
    choice = detect({}, parent=lambda: None, windows=False)
    assert (choice.name, choice.executable, choice.reason) == ("sh", "/bin/sh", "the default")


def test_on_windows_the_default_is_comspec(folder: Path) -> None:
    (folder / "cmd.exe").touch(mode=0o755)
    choice = choose(folder, windows=True, COMSPEC=str(folder / "cmd.exe"), SHELL="/usr/bin/bash-of-git")
    assert (choice.name, choice.executable) == ("cmd", str(folder / "cmd.exe"))
    assert choice.reason.startswith("COMSPEC")


def test_no_shell_at_all_is_an_error_that_tells_what_was_tried(tmp_path: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        choose(tmp_path, windows=True)
    assert caught.value.context == "the default: cmd.exe is not installed"
    assert "REZUP_DEFAULT_SHELL" in (caught.value.hint or "")


def test_asking_for_the_parent_finds_a_path_or_nothing() -> None:
    found = parent_shell()
    assert found is None or os.path.basename(found)
