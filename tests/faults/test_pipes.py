"""A pipe in the place of a file of this machine is not waited for: it reads as damaged, or as absent.

What somebody has a lease on, as Samba has, is a file all the same.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.cache.manifest import DamagedError, read_manifest
from rezup.containers import receipt as receipts
from rezup.errors import RecipeError
from rezup.recipes.names import ContainerName
from rezup.recipes.parse import load
from rezup.stores.base import PIN, RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.environments import make_project, make_venv
from support.world import fake_receipt

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes of POSIX")

OLD, GOOD, NEWEST = "50.000000", "100.000000", "200.000000"

#: For a launch that is stuck to be told from one that waits.
LONG = 60.0

SHARED = (PIN, ".lock", ".lock.owner", "history.jsonl")


def be_pipe(path: Path) -> None:
    path.unlink(missing_ok=True)
    os.mkfifo(path)


#: Has a lease on a file until somebody wants to open it.
HOLDER = """
import fcntl, os, signal, sys
descriptor = os.open(sys.argv[1], os.O_RDONLY)
def give_back(*_):
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    print("given back", flush=True)
signal.signal(signal.SIGIO, give_back)
try:
    fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_WRLCK)
except OSError as error:
    sys.exit(str(error))
print("held", flush=True)
sys.stdin.read()
"""


@contextlib.contextmanager
def leased(path: Path) -> Iterator[None]:
    """Somebody has a lease on a file, and is asked for it."""
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "held\n":
            pytest.skip("leases are not supported here")
        yield
    finally:
        said, _ = holder.communicate()
    assert said == "given back\n"


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="leases of Linux")
@pytest.mark.parametrize("name", [RECEIPT, PIN])
def test_a_file_with_a_lease_is_waited_for(world: World, name: str) -> None:
    world.revision("foo", OLD)
    newest = world.revision("foo", GOOD)
    (newest.parent / PIN).write_text(f"{OLD}\n" if name == PIN else f"{GOOD}\n")
    with leased((newest.parent if name == PIN else newest) / name):
        outcome = world.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert (outcome.code, outcome.out) == (0, f"rez of {OLD if name == PIN else GOOD}\n"), outcome.err


@pytest.mark.parametrize("name", [RECEIPT, RECIPE, "lease", *SHARED])
def test_in_a_container(world: World, name: str) -> None:
    world.revision("foo", OLD)
    newest = world.revision("foo", GOOD)
    be_pipe((newest.parent if name in SHARED else newest) / name)
    outcome = world.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert (outcome.code, outcome.out) == (0, f"rez of {OLD if name == RECEIPT else GOOD}\n"), outcome.err
    assert outcome.err.count("\n") == (1 if name in (RECEIPT, PIN) else 0)
    assert world.rezup("status", "foo", timeout=LONG).code == 0
    if name in (RECEIPT, "history.jsonl"):
        assert world.rezup("list", "foo", timeout=LONG).code == 0
        for words in (["history", "foo"], ["check", "foo"], ["doctor"]):
            assert "Traceback" not in world.rezup(*words, timeout=LONG).err
    if name == RECEIPT:
        dropped = world.rezup("drop", "foo", "--yes", timeout=LONG)
        assert dropped.code in (0, 1)
        assert "Traceback" not in dropped.err


def test_as_the_only_revision_it_is_a_clear_error(world: World) -> None:
    newest = world.revision("foo", GOOD)
    be_pipe(newest / RECEIPT)
    be_pipe(newest / RECIPE)
    outcome = world.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert outcome.code == 1
    assert "no regular file" in outcome.err
    assert "hint:" in outcome.err


@pytest.mark.parametrize(
    "place", ["cache/rezup/remotes-v1/*", "cache/rezup/**/config-*.json", "local/state/rezup/**/foo-*.json"]
)
def test_in_what_is_remembered(world: World, place: str) -> None:
    config = world.write(".config/rezup/config.toml", "prompt = 'x'\n")
    os.utime(config, (1e9, 1e9))
    studio = world.folder / "studio"
    studio.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    receipt = fake_receipt("foo", kind=receipts.RECIPE).to_bytes()
    for stamp in (GOOD, NEWEST):  # the newest can't be had, which is noted
        RemoteStore(studio).publish(
            ContainerName("foo"), {RECIPE: b"no recipe", RECEIPT: receipt}, Stamp(stamp)
        )
    world.revision("foo", GOOD, origin="remote")
    assert world.rezup("use", "foo", "--", "rez").out == f"rez of {GOOD}\n"
    found = [path for path in world.home.glob(f".{place}") if path.is_file()]
    assert found
    for path in found:
        be_pipe(path)
    outcome = world.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err
    studio.rename(world.folder / "away")
    outcome = world.rezup("use", "foo", "--", "rez", timeout=LONG)
    assert (outcome.code, outcome.out) == (0, f"rez of {GOOD}\n"), outcome.err


@pytest.mark.parametrize("name", ["manifest", "used", "lease"])
def test_in_the_cache_of_environments(world: World, name: str) -> None:
    (world.home / "bin").mkdir()
    (world.home / "bin" / "python3").symlink_to(sys.executable)
    world.variables["PATH"] = f"{world.home / 'bin'}:{world.environ['PATH']}"
    project = make_project(world.home / "shop")
    make_venv(project)
    assert world.rezup("cache", "store", cwd=project).code == 0
    (entry,) = (path.parent for path in world.home.rglob("manifest"))
    be_pipe(entry / name)
    for words in (["list"], ["verify"], ["restore"], ["store"]):
        outcome = world.rezup("cache", *words, cwd=project, timeout=LONG)
        assert outcome.code in (0, 1), outcome.err
        assert "Traceback" not in outcome.err
    assert world.rezup("cache", "restore", cwd=project, timeout=LONG).code == 0


def test_as_a_manifest_or_a_recipe_it_is_damaged(tmp_path: Path) -> None:
    be_pipe(tmp_path / "it")
    with pytest.raises(DamagedError, match="no regular file"):
        read_manifest(tmp_path / "it", own_only=True)
    with pytest.raises(RecipeError, match="can't be read"):
        load(tmp_path / "it")


def test_as_the_note_of_the_last_upgrade_check(world: World) -> None:
    """It stands before everything else at a start."""
    from rezup_cli.bootstrap import _is_pause_over

    be_pipe(world.home / "x.stamp")
    assert _is_pause_over(str(world.home / "x.stamp"), "", 0.0)
