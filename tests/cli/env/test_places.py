"""The places that `rezup env` writes to: ones that are not as they should be, and who sweeps them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from support.cli_packages import start_sleeping
from support.permissions import obey_permissions

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


def folders(world: World) -> list[Path]:
    """The folders of contexts that there are."""
    return sorted((world.home / "tmp").glob("rezup-*/rezup-*"))


@pytest.mark.parametrize("place", ["missing", "a file", "closed"])
def test_no_folder_for_contexts(studio: World, place: str) -> None:
    studio.write("a file", "")
    (studio.home / "closed").mkdir(0o500)
    studio.variables["REZ_CONTEXT_TMPDIR"] = str(studio.home / place)
    _no_place(studio, studio.home / place)


@pytest.mark.parametrize("place", ["missing", "a file", "closed"])
def test_a_temporary_folder_that_is_none_is_passed_over(studio: World, place: str) -> None:
    """As with Rez, and all of Python: the next usual one is taken."""
    studio.write("a file", "")
    (studio.home / "closed").mkdir(0o500)
    outcome = studio.rezup(
        "env",
        "maya",
        "--",
        "echo",
        "x",
        env={"TMPDIR": str(studio.home / place)},
        preexec_fn=obey_permissions,
    )
    assert (outcome.code, outcome.out, outcome.err) == (0, "x\n", "")


def _no_place(studio: World, place: Path) -> None:
    outcome = studio.rezup("env", "maya", "--", "echo", "never", preexec_fn=obey_permissions)
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert lines[0] == "error: there is no place for the files of the context"
    assert str(place) in lines[1]
    assert lines[2] == "hint: set TMPDIR, or Rez's context_tmpdir, to a folder that can be written to"


def test_a_home_that_is_not_there(studio: World) -> None:
    outcome = studio.rezup(
        "env", "maya", "--", "printenv", "MAYA", env={"HOME": str(studio.home / "missing")}
    )
    assert (outcome.code, outcome.err) == (0, "")
    without = {name: value for name, value in studio.environ.items() if name != "HOME"}
    done = subprocess.run(
        studio.command("env", "maya", "--", "printenv", "MAYA"), env=without, capture_output=True, text=True,
        cwd=studio.home, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, outcome.out, "")


@pytest.mark.parametrize("place", ["a file", "a file/below"])
def test_a_cache_that_cannot_be_written(studio: World, place: str) -> None:
    studio.write("a file", "")
    for _ in range(2):
        outcome = studio.rezup(
            "env", "maya", "--", "echo", "x", env={"REZUP_CACHE_DIR": str(studio.home / place)}
        )
        assert (outcome.code, outcome.out) == (0, "x\n")
        assert "Traceback" not in outcome.err


def test_folders_are_private_and_swept_when_their_shell_is_gone(studio: World) -> None:
    studio.rezup("env", "maya", "--", "true")
    (found,) = folders(studio)
    assert found.stat().st_mode & 0o777 == 0o700
    assert found.parent.stat().st_mode & 0o777 == 0o700
    studio.rezup("env", "maya", "--", "true")
    assert found in folders(studio)  # too young to go
    old = time.time() - 3600
    os.utime(found, (old, old))
    studio.rezup("env", "maya", "--", "true")
    assert found not in folders(studio)


def test_a_shell_that_is_killed_leaves_nothing_broken(studio: World) -> None:
    process = start_sleeping(studio)
    (found,) = folders(studio)
    old = time.time() - 3600
    os.utime(found, (old, old))
    assert studio.rezup("env", "maya", "--", "echo", "x").out == "x\n"
    assert found in folders(studio)  # its shell lives
    os.killpg(process.pid, signal.SIGKILL)  # some shells run the command in a child
    process.communicate(timeout=30)
    assert studio.rezup("env", "maya", "--", "echo", "x").out == "x\n"
    assert found not in folders(studio)


def test_killed_at_any_moment(studio: World) -> None:
    for milliseconds in (5, 20, 40, 60, 80, 100, 130, 160):
        process = studio.start("env", "maya", "--", "true")
        try:
            process.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=30)
        assert (
            studio.rezup("env", "maya", "--", "printenv", "REZ_USED_RESOLVE").out == "python-3.9 maya-2024\n"
        )


def test_folders_of_others_are_not_used(studio: World) -> None:
    parent = studio.home / "tmp" / f"rezup-{os.geteuid()}"
    elsewhere = studio.home / "elsewhere"
    elsewhere.mkdir()
    parent.symlink_to(elsewhere)
    outcome = studio.rezup("env", "maya", "--", "echo", "never", preexec_fn=obey_permissions)
    assert (outcome.code, outcome.out) == (1, "")
    assert "it is not the user's own folder" in outcome.err
    assert not list(elsewhere.iterdir())
