"""The folders of entered contexts: private, and swept when nobody needs them any more."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.errors import LaunchError
from rezup.launch.context_folder import make_folder

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are looked for on POSIX alone")

DAY = 86400.0


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"TMPDIR": str(tmp_path)}


@pytest.fixture
def gone() -> int:
    """The id of a process that is no more."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def named(path: str, owner: object, age: float = 0.0) -> str:
    """A folder beside `path` as another process would have made it."""
    head, _, tail = path.rpartition(f"-{os.getpid()}-")
    other = f"{head}-{owner}-{tail}"
    os.mkdir(other)
    with open(os.path.join(other, "context.rxt"), "w"):
        pass
    past = time.time() - age
    os.utime(other, (past, past))
    return other


def test_each_is_new_and_the_users_alone(environ: dict[str, str], tmp_path: Path) -> None:
    first, second = make_folder(environ, None), make_folder(environ, None)
    assert first != second
    assert os.path.dirname(first) == str(tmp_path / f"rezup-{os.geteuid()}")
    for path in (first, os.path.dirname(first)):
        assert os.stat(path).st_mode & 0o777 == 0o700
    assert f"-{os.getpid()}-" in os.path.basename(first)


def test_a_umask_does_not_open_it(environ: dict[str, str]) -> None:
    before = os.umask(0)
    try:
        path = make_folder(environ, None)
    finally:
        os.umask(before)
    assert os.stat(path).st_mode & 0o777 == os.stat(os.path.dirname(path)).st_mode & 0o777 == 0o700


def test_the_folder_that_is_configured(environ: dict[str, str], tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    below = own / f"rezup-{os.geteuid()}"  # others may use the configured one, too
    assert os.path.dirname(make_folder(environ, str(own))) == str(below)
    assert stat.S_IMODE(below.stat().st_mode) == 0o700
    # The usual one is everybody's: ours lies below it.
    usual = make_folder(environ, str(tmp_path))
    assert os.path.dirname(os.path.dirname(usual)) == str(tmp_path)


def test_what_is_left_by_processes_that_are_gone_is_swept(environ: dict[str, str], gone: int) -> None:
    path = make_folder(environ, None)
    left = {
        "young": named(path, f"{gone}-young", 10),
        "alive": named(path, f"{os.getppid()}", 120),
        "detached": named(path, "detached", 120),
        "another host's": os.path.join(os.path.dirname(path), f"rezup-elsewhere-{gone}-abc"),
        "no folder of ours": os.path.join(os.path.dirname(path), "other"),
    }
    past = time.time() - 10 * DAY
    for name in ("another host's", "no folder of ours"):
        os.mkdir(left[name])
        os.utime(left[name], (past, past))
    swept = [
        named(path, f"{gone}-old", 120),
        named(path, "detached-old", 8 * DAY),
        named(path, "9" * 30, 120),
    ]
    now = make_folder(environ, None)
    assert {os.path.join(os.path.dirname(path), name) for name in os.listdir(os.path.dirname(path))} == {
        path, now, *left.values(),
    }  # fmt: skip
    assert not any(map(os.path.exists, swept))


def test_folders_below_go_with_it_and_links_are_not_followed(
    environ: dict[str, str], gone: int, tmp_path: Path
) -> None:
    path = named(make_folder(environ, None), gone)
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    os.symlink(tmp_path / "kept", os.path.join(path, "link"))
    os.makedirs(os.path.join(path, "below", "more"))
    past = time.time() - 120
    os.utime(path, (past, past))
    make_folder(environ, None)
    assert not os.path.exists(path)
    assert (tmp_path / "kept" / "file").exists()


def test_a_detached_one_is_not_this_process(environ: dict[str, str]) -> None:
    assert f"-{os.getpid()}-" not in os.path.basename(make_folder(environ, None, detached=True))


@pytest.mark.parametrize("kind", ["link", "open to others", "file"])
def test_a_parent_that_may_be_anothers_is_not_used(
    environ: dict[str, str], tmp_path: Path, kind: str
) -> None:
    parent = tmp_path / f"rezup-{os.geteuid()}"
    if kind == "link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        parent.symlink_to(tmp_path / "elsewhere")
    elif kind == "file":
        parent.touch(0o600)
    else:
        parent.mkdir()
        parent.chmod(0o770)
    with pytest.raises(LaunchError) as caught:
        make_folder(environ, None)
    assert caught.value.message == "there is no place for the files of the context"
    assert caught.value.context == f"{parent}: it is not the user's own folder"


def test_a_place_that_is_not_there(environ: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(LaunchError) as caught:
        make_folder(environ, str(tmp_path / "missing"))
    assert str(tmp_path / "missing") in str(caught.value.context)
    assert caught.value.hint == "set TMPDIR, or Rez's context_tmpdir, to a folder that can be written to"


def test_a_link_where_a_folder_was_is_left_alone(environ: dict[str, str], tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "file").write_text("kept")
    folder = make_folder(environ, None)
    name = os.path.basename(folder).split("-")
    planted = os.path.join(os.path.dirname(folder), "-".join([*name[:2], "3999999", "aa"]))
    os.symlink(mine, planted)
    os.utime(planted, (0, 0), follow_symlinks=False)
    make_folder(environ, None)
    assert (mine / "file").read_text() == "kept"


def test_numbers_of_processes_mean_something_within_their_own_space_only(environ: dict[str, str]) -> None:
    folder = make_folder(environ, None)
    parent, name = os.path.split(folder)
    other = os.path.join(parent, name.replace("-", "_0000-", 2).replace("_0000-", "-", 1))
    os.rename(folder, other)
    os.utime(other, (0, 0))
    make_folder(environ, None)
    assert os.path.isdir(other)


def test_a_temporary_folder_that_is_gone_is_not_used(tmp_path: Path) -> None:
    folder = make_folder({"TMPDIR": str(tmp_path / "gone")}, None)
    assert folder.startswith("/tmp/rezup-")
    os.rmdir(folder)
