"""What all tests of failing upgrades look for, and a fixture that mounts. (PYTEST_DONT_REWRITE)"""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from support.upgrade_wheels import (
    NEW,
    OLD,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.upgrades import Machine


def all_is_well(machine: Machine, version: str) -> None:
    """The command runs with `version`, says nothing, and nothing lies about."""
    outcome = machine.use()
    assert (outcome.out, outcome.err) == (f"used {version}\n", "")
    assert machine.leftovers() == []


def recovers(machine: Machine, version: str = NEW) -> None:
    """The next check takes `version` and cleans up."""
    machine.let_pass()
    assert machine.used() == version
    all_is_well(machine, version)


def fails(machine: Machine) -> str:
    """The upgrade fails with one warning that is returned, and the command runs."""
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    first, second = outcome.err.splitlines()
    assert first == f"upgrading rezup-api from {OLD} to {NEW} ..."
    assert second.startswith("warning: ")
    assert second.endswith(f"; going on with {OLD}")
    assert machine.leftovers() == []
    assert not (machine.api / "current.json").exists()
    assert machine.use().err == ""
    return second


@pytest.fixture
def mount(tmp_path: Path) -> Iterator[Callable[..., None]]:
    """Mounts something for the time of a test, or skips it."""
    mounted: list[Path] = []

    def mount(target: Path, *options: str | Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["mount", *options, target], capture_output=True, check=False)
        if done.returncode:
            pytest.skip("mounting needs more rights than this user has")
        mounted.append(target)

    if not sys.platform.startswith("linux"):
        pytest.skip("mounts as Linux does")
    yield mount
    for target in reversed(mounted):
        subprocess.run(["umount", target], check=True)
