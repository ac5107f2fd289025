"""Which folders of others are taken for leavings, by their names, their age and their lease."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.system.leftovers import STAGING, SWEEP_AFTER_UNKNOWN, new_aside, new_name, parse, sweep

if TYPE_CHECKING:
    from pathlib import Path

LEASE = "lease"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there, no process is asked after")


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def leaving(folder: Path, *, pid: int, has_lease: bool) -> Path:
    """A folder of a process, made more than a day ago."""
    made = folder / re.sub(r"-[0-9]+-", f"-{pid}-", new_name(STAGING), count=1)
    made.mkdir()
    if has_lease:
        (made / LEASE).touch()
    old = time.time() - SWEEP_AFTER_UNKNOWN - 60
    os.utime(made, (old, old))
    return made


@pytest.mark.parametrize("has_lease", [True, False])
def test_of_a_process_that_is_gone(tmp_path: Path, has_lease: bool) -> None:
    made = leaving(tmp_path, pid=dead_process(), has_lease=has_lease)
    sweep(tmp_path, LEASE)
    assert not made.exists()


def test_of_a_process_that_runs_and_does_not_hold_it(tmp_path: Path) -> None:
    """Another one has its number by now."""
    made = leaving(tmp_path, pid=os.getpid(), has_lease=True)
    sweep(tmp_path, LEASE)
    assert not made.exists()


def test_of_a_process_that_runs_where_nothing_tells_whether_it_holds_it(tmp_path: Path) -> None:
    made = leaving(tmp_path, pid=os.getpid(), has_lease=False)
    sweep(tmp_path, LEASE)
    assert made.exists()


# -- what was put aside -----------------------------------------------------------------------


def aside(folder: Path, called: str, *, pid: int) -> Path:
    made = folder / re.sub(r"-[0-9]+-", f"-{pid}-", new_aside(called), count=1)
    made.mkdir()
    (made / "file").touch()
    return made


@pytest.mark.parametrize("called", ["100.000000", ".venv", "a b\"c'é-1-2"])
def test_of_a_dead_process_it_has_its_name_again(tmp_path: Path, called: str) -> None:
    made = aside(tmp_path, called, pid=dead_process())
    sweep(tmp_path, LEASE)
    assert not made.exists()
    assert (tmp_path / called / "file").is_file()


def test_of_a_process_that_runs_it_stays(tmp_path: Path) -> None:
    made = aside(tmp_path, "100.000000", pid=os.getpid())
    sweep(tmp_path, LEASE)
    assert made.exists()


def test_where_the_other_one_came_it_is_a_leaving(tmp_path: Path) -> None:
    made = aside(tmp_path, "100.000000", pid=dead_process())
    os.utime(made, (0, 0))
    (tmp_path / "100.000000").mkdir()
    sweep(tmp_path, LEASE)
    assert os.listdir(tmp_path) == ["100.000000"]
    assert not os.listdir(tmp_path / "100.000000")


@pytest.mark.parametrize(
    "name",
    [
        ".aside-00000000-1-00000000", ".aside-00000000-1-00000000-", ".aside-00000000-1-00000000-..",
        ".trash-00000000-1-00000000-x", ".staging-00000000-1-0000000", ".other-00000000-1-00000000",
    ],
)  # fmt: skip
def test_names_of_others(name: str) -> None:
    assert parse(name) is None
