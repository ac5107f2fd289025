"""A process killed at any step of a build, a pull or a publication leaves a working system."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

import support.killed
from rezup.recipes.names import ContainerName
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.system.leftovers import SWEEP_AFTER
from support.wheels import write_rez

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

STAGES = ["staging", "interpreter", "environment", "install", "scripts", "byte-code", "receipt", "publish"]
MOMENTS = [(stage, edge) for stage in STAGES for edge in ("start", "end")]


def kill(world: World, action: str, stage: str, edge: str) -> int:
    return subprocess.run(
        [sys.executable, support.killed.__file__, action, stage, edge],
        env=world.environ, capture_output=True, cwd=world.home, check=False, timeout=120,
    ).returncode  # fmt: skip


@pytest.mark.parametrize(("stage", "edge"), MOMENTS)
def test_a_build_killed_at_any_step_leaves_the_last_good_revision(
    world: World, stage: str, edge: str
) -> None:
    world.revision("foo", "100.000000")
    world.recipe()
    assert kill(world, "make", stage, edge) == -signal.SIGKILL
    complete = ["100.000000"] if (stage, edge) != ("publish", "end") else world.stamps()
    assert world.stamps() == complete
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 0
    assert outcome.err == ""


@pytest.mark.parametrize(("stage", "edge"), [("install", "start"), ("receipt", "end"), ("publish", "start")])
def test_a_pull_killed_at_any_step_is_made_anew_at_the_next_use(
    world: World, stage: str, edge: str, tmp_path: Path
) -> None:
    studio = tmp_path / "studio"
    write_rez(studio / "wheels")
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    world.write(
        "rezup.foo.toml",
        f"[rez]\nname = 'rez'\n[pip]\noptions = ['--no-index', '--find-links={studio / 'wheels'}']\n",
    )
    # A proof would leave the environment in the cache, and the pull nothing to install.
    assert world.rezup("add", "foo", "--remote", "--skip-use", "--no-verify").code == 0
    assert kill(world, "use", stage, edge) == -signal.SIGKILL
    assert world.stamps() == []
    assert world.rezup("use", "foo", "--", "rez").code == 0
    assert len(world.stamps()) == 1


def test_leavings_of_a_killed_build_are_swept_by_a_later_one(world: World) -> None:
    world.recipe()
    assert kill(world, "make", "publish", "start") == -signal.SIGKILL
    (left,) = (world.root / "foo").glob(".staging-*")
    old = time.time() - SWEEP_AFTER - 1
    os.utime(left, (old, old))
    assert world.rezup("add", "foo", "--skip-use").code == 0
    assert list((world.root / "foo").glob(".staging-*")) == []


def test_a_killed_builder_does_not_keep_the_lock(world: World) -> None:
    world.recipe()
    assert kill(world, "make", "install", "start") == -signal.SIGKILL
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 0
    assert "waiting" not in outcome.err


def test_a_drop_killed_half_way_leaves_no_half_revision(world: World) -> None:
    folder = world.revision("foo", "100.000000")
    world.revision("foo", "200.000000")
    trash = folder.with_name(".trash-00000000-1-deadbeef")
    folder.rename(trash)  # what a killed drop leaves behind
    assert world.stamps() == ["200.000000"]
    assert world.rezup("use", "foo", "--", "rez").code == 0
    old = time.time() - 2 * 86400
    os.utime(trash, (old, old))
    LocalStore(world.root).sweep(ContainerName("foo"))
    assert not trash.exists()


def test_a_publication_that_dies_before_its_rename_is_not_seen(tmp_path: Path) -> None:
    remote = RemoteStore(tmp_path)
    staging = remote.stage(ContainerName("foo"))
    (staging / "rezup.toml").write_text("")
    assert remote.listing(ContainerName("foo")).newest is None
    assert remote.containers() == ()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts a tmpfs")
@pytest.mark.parametrize("size", ["64k", "2m", "8m"])
def test_a_full_disk_publishes_nothing_and_what_is_there_goes_on(
    world: World, tmp_path: Path, size: str
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", small], capture_output=True, check=False
    ).returncode:
        pytest.skip("mounting needs more rights than this user has")
    try:
        world.root = small
        world.revision("foo", "100.000000")
        world.recipe()
        world.variables["REZUP_ROOT_LOCAL"] = str(small)
        before = os.statvfs(small).f_bfree
        outcome = world.rezup("add", "foo", "--skip-use")
        assert outcome.code == 1
        assert "Traceback" not in outcome.err
        assert "hint:" in outcome.err
        assert world.stamps() == ["100.000000"]
        assert abs(os.statvfs(small).f_bfree - before) <= 2
        assert world.rezup("use", "foo", "--", "rez").code == 0
    finally:
        subprocess.run(["umount", small], check=True)
