"""A process killed at any step of a store, a restore or a prune leaves whole environments only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import support.killed_cache
from rezup.cache.environments import BUCKET, Environments
from rezup.system.leftovers import SWEEP_AFTER
from support.environments import build, content, make_project, make_venv, output, wanted

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by signal")

EDGES = ("start", "end")


@pytest.fixture
def project(world: World) -> Path:
    """A project with its environment, and `python3` being this one."""
    (world.home / "bin").mkdir()
    (world.home / "bin" / "python3").symlink_to(sys.executable)
    world.variables["PATH"] = f"{world.home / 'bin'}:{os.environ['PATH']}"
    folder = make_project(world.home / "shop")
    make_venv(folder)
    return folder


def kill(world: World, project: Path, action: str, stage: str, edge: str) -> int:
    return subprocess.run(
        [sys.executable, support.killed_cache.__file__, action, stage, edge],
        env={**world.environ, "PYTHONPATH": str(Path(support.killed_cache.__file__).parents[1])},
        capture_output=True, cwd=project, check=False, timeout=120,
    ).returncode  # fmt: skip


def cache(world: World, project: Path, *arguments: str) -> int:
    return world.rezup("cache", *arguments, cwd=project).code


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("stage", ["build", "copy", "record", "settle", "trim"])
def test_a_killed_store_is_there_completely_or_not_at_all(
    world: World, project: Path, stage: str, edge: str
) -> None:
    before = content(project / ".venv")
    assert kill(world, project, "store", stage, edge) == -signal.SIGKILL
    assert content(project / ".venv") == before
    is_there = stage == "trim" or (stage, edge) == ("settle", "end")
    assert cache(world, project, "verify") == 0
    assert cache(world, project, "restore") == (0 if is_there else 1)
    assert output(project / ".venv/bin/greet").startswith("hello")
    assert cache(world, project, "store") == 0
    assert cache(world, project, "restore") == 0


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("stage", ["build", "copy", "record", "settle", "delete"])
def test_a_killed_store_over_an_earlier_one_leaves_one_of_both(
    world: World, project: Path, stage: str, edge: str
) -> None:
    assert cache(world, project, "store") == 0
    make_venv(project, says="again")
    assert kill(world, project, "store", stage, edge) == -signal.SIGKILL
    assert cache(world, project, "verify") == 0
    assert cache(world, project, "restore") == 0
    is_new = stage == "delete" or (stage, edge) == ("settle", "end")
    assert output(project / ".venv/bin/greet").startswith("again" if is_new else "hello")


@pytest.mark.parametrize("edge", EDGES)
@pytest.mark.parametrize("stage", ["clone", "rewrite", "swap", "delete"])
@pytest.mark.parametrize("was_there", [True, False])
def test_a_killed_restore_leaves_the_old_environment_or_the_new_one(
    world: World, project: Path, stage: str, edge: str, was_there: bool
) -> None:
    assert cache(world, project, "store") == 0
    venv = project / ".venv"
    if was_there:
        make_venv(project, says="old")
    else:
        subprocess.run(["rm", "-rf", venv], check=True)
    assert kill(world, project, "restore", stage, edge) == -signal.SIGKILL
    is_new = stage == "delete" or (stage, edge) == ("swap", "end")
    if is_new or was_there:
        assert output(venv / "bin/greet").startswith("hello" if is_new else "old")
    else:
        assert not venv.exists()
    assert cache(world, project, "restore") == 0
    assert output(venv / "bin/greet").startswith("hello")


def test_leavings_of_a_killed_restore_go_with_a_later_one(world: World, project: Path) -> None:
    assert cache(world, project, "store") == 0
    assert kill(world, project, "restore", "rewrite", "start") == -signal.SIGKILL
    (left,) = project.glob(".staging-*")
    old = time.time() - SWEEP_AFTER - 1
    os.utime(left, (old, old))
    assert cache(world, project, "restore") == 0
    assert list(project.glob(".staging-*")) == []


@pytest.mark.parametrize("action", ["prune", "erase"])
@pytest.mark.parametrize("edge", EDGES)
def test_a_killed_removal_leaves_no_half_entry(world: World, project: Path, action: str, edge: str) -> None:
    root = world.home / ("cache" if action == "erase" else ".cache/rezup")
    store = Environments(root)
    for text in ("one", "two"):
        store.environment(wanted(text), build).release()
    assert kill(world, project, action, "delete", edge) == -signal.SIGKILL
    assert len(store.names()) == 1
    assert [store.damage(key) for key in store.names()] == [[]]
    old = time.time() - SWEEP_AFTER - 1
    for left in (root / BUCKET).glob(".trash-*"):
        os.utime(left, (old, old))
    assert kill(world, project, action, "never", edge) == 0
    assert [path.name for path in (root / BUCKET).iterdir()] == ["CACHEDIR.TAG"]
