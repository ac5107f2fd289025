"""What one user makes for all: readable by others under any umask, and never writable by all."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT
from support.watched import Run, run_watched
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="users of Linux"),
    pytest.mark.skipif(
        not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be another user"
    ),
]

READER, GROUP = 12345, 23456
PYTHON = "/usr/bin/python3"


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[Path]:
    """A place that every user of this machine reaches, as pytest's own is not."""
    import tempfile

    folder = tempfile.mkdtemp(prefix="rezup-umask-")
    os.chmod(folder, 0o755)
    try:
        yield tmp_path.__class__(folder)
    finally:
        shutil.rmtree(folder)


def publisher(shared: Path, umask: int) -> World:
    """A machine of root's whose two roots are everybody's, with a published and a built revision."""
    world = World(shared / "publisher")
    (shared / "remote").mkdir()
    world.variables |= {
        "REZUP_ROOT_REMOTE": str(shared / "remote"), "REZUP_ROOT_LOCAL": str(shared / "local"), "PIP_NO_INDEX": "1",
    }  # fmt: skip
    world.recipe(extra=f"python = '{PYTHON}'")
    world.recipe("secret", extra=f"python = '{PYTHON}'\n[env]\nMY_TOKEN = 'c4nary'")
    for words in (
        ("add", "foo", "--remote", "--wheelhouse", "--skip-use", "--allow-local-paths"), ("use", "foo", "--", "rez", "--version"),
        ("pin", "foo", "--remote"), ("use", "secret", "--local", "--make", "--", "true"),
    ):  # fmt: skip
        done = world.rezup(*words, umask=umask)
        assert done.code == 0, done.err
    return world


def read_by(
    world: World, shared: Path, commands: Sequence[tuple[str, ...]], *, group: int = GROUP
) -> list[Run]:
    """The commands as another user with a home of his own."""
    home = shared / f"home of {group}"
    home.mkdir(exist_ok=True)
    os.chown(home, READER, group)
    copies = {"REZUP_ROOT_REMOTE": shared / "remote", "REZUP_ROOT_LOCAL": shared / "local"}
    own = {"HOME": str(shared / "own"), "USER": "root"}
    for variable, root in copies.items():  # what root does first, to import all, is done to copies
        own[variable] = str(shared / "own" / root.name)
        shutil.rmtree(own[variable], ignore_errors=True)
        if root.is_dir():
            shutil.copytree(root, own[variable], symlinks=True)
    theirs = {"HOME": str(home), "USER": "reader", "TMPDIR": "/tmp"}
    batches = [[(words, own) for words in commands], [(words, theirs) for words in commands]]
    return run_watched(world, batches, user=(READER, group))[1]


@pytest.mark.skipif(not os.path.exists(PYTHON), reason=f"{PYTHON} is a Python that every user can run")
@pytest.mark.parametrize("umask", [0o077, pytest.param(0o027, marks=pytest.mark.slow), 0o002])
def test_others_read_and_use_what_was_made(shared: Path, umask: int) -> None:
    world = publisher(shared, umask)
    (stamp,) = [path.name for path in (shared / "remote" / "foo").iterdir() if path.name[0].isdigit()]
    check_modes(shared / "remote", umask)
    check_modes(shared / "local", umask)
    commands: list[tuple[str, ...]] = [
        ("list",), ("list", "foo", "--json"), ("status", "foo"), ("history", "foo"), ("use", "foo", "--", "rez"),
        ("check", "foo"), ("doctor",), ("use", "secret", "--local", "--", "true"),
    ]  # fmt: skip
    from rezup_cli.command_group import COMMANDS

    if "prune" in COMMANDS:
        commands.append(("prune", "foo"))
    before = {path: os.lstat(path).st_mtime_ns for path in (shared / "local").rglob("*")}
    runs = dict(zip(commands, read_by(world, shared, commands), strict=True))
    for words, run in runs.items():
        if words[:2] == ("use", "secret"):  # the recipe with the secret is its owner's
            assert run.code == 1
            assert "Permission denied" in run.text
            assert "c4nary" not in run.text
            assert "something went wrong" not in run.text
            continue
        assert run.code == 0, f"{words}: {run.text}"
        assert "Permission denied" not in run.text
    assert stamp in runs["list", "foo", "--json"].text
    assert '"state": "ready"' in runs["list", "foo", "--json"].text
    assert {path: os.lstat(path).st_mtime_ns for path in (shared / "local").rglob("*")} == before


def check_modes(root: Path, umask: int) -> None:
    """All below a root can be read by others, and written by nobody who should not."""
    assert [path for path in root.rglob("*") if not path.is_symlink()]
    for path in (root, *root.rglob("*")):
        if path.is_symlink():
            continue
        mode = stat.S_IMODE(path.lstat().st_mode)
        assert not mode & 0o002, f"{path}: {mode:o}"
        # Only what several publish into follows a umask that shares with the group.
        may_share = path in (root, *root.iterdir()) or ".wheels" in path.parts or path.name == "history.jsonl"
        assert not mode & 0o020 or (umask == 0o002 and may_share), f"{path}: {mode:o}"
        if path.name == "rezup.toml" and "c4nary" in path.read_text():
            assert mode == 0o600, f"{path}: {mode:o}"
            continue
        wanted = 0o555 if path.is_dir() else 0o444
        assert mode & wanted == wanted, f"{path}: {mode:o}"


@pytest.mark.parametrize(("umask", "code"), [(0o002, 0), (0o022, 1)])
def test_a_group_that_shares_publishes_together(shared: Path, umask: int, code: int) -> None:
    """What its folder and its umask give a group stays its own; a pin stands for all that is written."""
    remote = shared / "remote"
    remote.mkdir()
    os.chown(remote, 0, GROUP)
    remote.chmod(0o2775)
    world = World(shared / "publisher")
    world.variables |= {"REZUP_ROOT_REMOTE": str(remote), "PIP_NO_INDEX": "1"}
    world.recipe()
    assert world.rezup("add", "foo", "--remote", "--skip-use", "--allow-local-paths", umask=umask).code == 0
    folder = remote / "foo"
    assert folder.stat().st_gid == GROUP
    assert not folder.stat().st_mode & 0o002
    (run,) = read_by(world, shared, [("pin", "foo", "--remote", "--json")])
    assert run.code == code, run.text
    assert (folder / "pin").is_file() or code
    if code:
        assert "Permission denied" in run.text
        assert '"hint"' in run.text
    (stranger,) = read_by(world, shared, [("pin", "foo", "--remote")], group=GROUP + 1)
    assert stranger.code == (1 if code else stranger.code)
    receipts = list(folder.glob(f"*/{RECEIPT}"))
    assert [stat.S_IMODE(path.stat().st_mode) for path in receipts] == [0o644]


def test_a_root_that_all_may_write_to_is_told_by_each_command_that_fills_it(shared: Path) -> None:
    world = World(shared / "machine")
    world.recipe()
    world.variables |= {"REZUP_ROOT_REMOTE": str(shared / "remote"), "PIP_NO_INDEX": "1"}
    for name in ("remote", "machine/home/.rezup"):
        (shared / name).mkdir()
        (shared / name).chmod(0o777)
    assert "anybody may write" in world.rezup("add", "foo", "--skip-use").err
    assert (
        "anybody may write" in world.rezup("add", "foo", "--remote", "--skip-use", "--allow-local-paths").err
    )
    found = world.rezup("doctor", "--json").data["findings"]
    told = {each["where"] for each in found if each["code"] == "root-writable-by-all"}
    assert told == {str(shared / "remote"), str(world.root)}
    # What is protected by the sticky bit is not told of: nobody can replace what others put there.
    for path in (shared / "remote", world.root):
        path.chmod(0o1777)
    assert "anybody may write" not in world.rezup("add", "foo", "--skip-use").err
