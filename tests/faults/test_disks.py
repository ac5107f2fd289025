"""Disks without room for another file, and machines on which nothing can be written at all.

Full disks are in `tests/crash/test_kill.py` and `tests/cli/test_sharing.py`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts as Linux does")
pytest_plugins = ["support.upgrade_faults"]

GOOD = "100.000000"


@pytest.mark.parametrize(
    "files", [40, *(pytest.param(number, marks=pytest.mark.slow) for number in (16, 18, 25, 100, 300, 600))]
)
def test_a_disk_that_takes_no_more_files_publishes_nothing_and_what_is_there_goes_on(
    world: World, mount: Callable[..., None], files: int
) -> None:
    mount(world.root, "-t", "tmpfs", "-o", f"nr_inodes={files}", "tmpfs")
    world.revision("foo", GOOD)
    world.recipe()
    before = os.statvfs(world.root).f_ffree
    outcome = world.rezup("add", "foo", "--skip-use")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert "No space left" in outcome.err
    assert "hint:" in outcome.err
    assert world.stamps() == [GOOD]
    assert before - os.statvfs(world.root).f_ffree <= 2  # the lock stays
    assert world.rezup("use", "foo", "--", "rez").out == f"rez of {GOOD}\n"


class TestNothingCanBeWritten:
    """Root, home folder, caches and state are all on a disk that is read-only."""

    @pytest.fixture
    def machine(self, world: World, mount: Callable[..., None]) -> World:
        mount(world.home, "-t", "tmpfs", "tmpfs")
        world.recipe()
        studio = world.home / "studio"
        studio.mkdir()
        world.variables["REZUP_ROOT_REMOTE"] = str(studio)
        for stamp in (GOOD, "200.000000"):
            files = {RECIPE: b"", RECEIPT: b"{}"}
            RemoteStore(studio).publish(ContainerName("foo"), files, Stamp(stamp))
            world.revision("foo", stamp, origin="remote")
        world.write(".config/rezup/config.toml", "prompt = 'x'\n")
        os.utime(world.home / ".config/rezup/config.toml", (1e9, 1e9))
        return world

    @staticmethod
    def lock(folder: Path) -> None:
        subprocess.run(["mount", "-o", "remount,ro", folder], check=True)
        with pytest.raises(OSError, match="Read-only"):
            (folder / "probe").touch()

    @pytest.mark.parametrize("was_used", [False, True])
    def test_but_what_is_ready_is_used(self, machine: World, was_used: bool) -> None:
        if was_used:
            machine.rezup("use", "foo", "--", "true")
        self.lock(machine.home)
        outcome = machine.rezup("use", "foo", "--", "rez")
        assert (outcome.code, outcome.out, outcome.err) == (0, "rez of 200.000000\n", "")
        outcome = machine.rezup("use", f"foo@{GOOD}", "--", "rez")
        assert (outcome.code, outcome.out, outcome.err) == (0, f"rez of {GOOD}\n", "")

    def test_but_everything_can_be_looked_at(self, machine: World) -> None:
        self.lock(machine.home)
        for words in (
            ["list"],
            ["list", "foo"],
            ["status", "foo"],
            ["history", "foo"],
            ["recipe", "show", "foo"],
        ):
            outcome = machine.rezup(*words)
            assert (outcome.code, "Traceback" in outcome.err) == (0, False), outcome.err
        assert "Traceback" not in machine.rezup("doctor").err

    @pytest.mark.parametrize(
        "words",
        [
            ["add", "foo", "--skip-use"],
            ["add", "foo", "--remote", "--skip-use", "--allow-local-paths"],
            ["use", "foo", "--make", "--", "rez"],
            ["drop", f"foo@{GOOD}", "--yes"],
            ["pin", f"foo@{GOOD}"],
        ],
    )
    def test_and_what_would_write_is_a_clear_error(self, machine: World, words: list[str]) -> None:
        self.lock(machine.home)
        outcome = machine.rezup(*words)
        assert outcome.code == 1
        assert [line.split(" ")[0] for line in outcome.err.splitlines()][-3:] == ["error:", "", "hint:"]
        assert "Read-only file system" in outcome.err
        assert machine.rezup("use", "foo", "--", "rez").out == "rez of 200.000000\n"

    def test_and_a_damaged_revision_is_passed_over(self, machine: World) -> None:
        (machine.root / "foo" / "200.000000" / RECEIPT).write_bytes(b"{")
        self.lock(machine.home)
        outcome = machine.rezup("use", "foo", "--", "rez")
        assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n")
        assert outcome.err.count("warning:") == 1


def test_a_read_only_root_alone(world: World, mount: Callable[..., None]) -> None:
    mount(world.root, "-t", "tmpfs", "tmpfs")
    world.revision("foo", GOOD)
    world.recipe()
    subprocess.run(["mount", "-o", "remount,ro", world.root], check=True)
    assert world.rezup("use", "foo", "--", "rez").out == f"rez of {GOOD}\n"
    refused = world.rezup("use", "foo", "--make", "--", "rez")
    assert refused.code == 1
    assert "Read-only file system" in refused.err
    assert "hint:" in refused.err
