"""Homes that are missing, relative, a file, or another user's, as under sudo."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from rezup.containers.receipt import EnvironmentRecord
from support.watched import run_watched
from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="homes of POSIX")
as_root = pytest.mark.skipif(
    not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away"
)

OWNER = 12345
COMMANDS = (
    ("use", "foo", "--", "true"), ("list",), ("status", "foo"), ("add", "foo", "--skip-use"), ("doctor",),
    ("env", "--", "true"), ("cache", "dir"), ("self", "version"), ("-V",),
)  # fmt: skip


def run(world: World, home: str | None, *words: str) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in world.environ.items() if name != "HOME"}
    if home is not None:
        environ["HOME"] = home
    return subprocess.run(
        world.command(*words), env=environ, cwd=world.home, capture_output=True, text=True, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


@pytest.fixture
def machine(world: World) -> World:
    return with_named_folders(world)


def with_named_folders(world: World) -> World:
    """A machine whose folders are all named, so that no test writes into the home of who runs it."""
    (world.home / "work").mkdir()
    named = {
        "REZUP_ROOT_LOCAL": "root", "REZUP_CACHE_DIR": "caches", "XDG_STATE_HOME": "state", "XDG_DATA_HOME": "data",
        "XDG_CONFIG_HOME": "config", "XDG_CACHE_HOME": "xdg",
    }  # fmt: skip
    world.variables |= {name: str(world.home / folder) for name, folder in named.items()}
    world.variables |= {"REZUP_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    world.root = world.home / "root"
    world.revision("foo", "100.000000")
    return world


@pytest.mark.skipif(sys.platform != "linux", reason="the descriptors of /proc")
@pytest.mark.parametrize("home", ["", "relative", "./x", "~"])
def test_that_name_no_folder_count_as_none(machine: World, home: str) -> None:
    """The user database tells then; nothing is put into the working folder, nor into that of the system."""
    before = {*os.listdir(machine.home), *os.listdir("/")}
    # `add` would write the default recipe into the true home.
    ((*runs, shown),) = run_watched(
        machine,
        [
            [
                (words, {"HOME": home})
                for words in (*COMMANDS, ("use", "nosuch", "--", "true"))
                if words[0] != "add"
            ]
        ],
    )
    for run in runs:
        assert run.code in (0, 3), run
        assert "Traceback" not in run.text
    made = {*os.listdir(machine.home), *os.listdir("/")} - before
    assert made <= {"caches", "state", "data", "config", "xdg"}
    assert shown.code == 1
    assert re.search(r"there is no recipe /\S+/rezup\.nosuch\.toml", shown.text), shown.text


def test_without_a_home_the_user_database_tells(machine: World) -> None:
    done = run(machine, None, "use", "nosuch", "--", "true")
    assert done.returncode == 1
    assert re.search(r"there is no recipe /\S+/rezup\.nosuch\.toml", done.stderr), done.stderr
    assert run(machine, None, "use", "foo", "--", "true").returncode == 0


@pytest.mark.skipif(sys.platform != "linux", reason="the descriptors of /proc")
@pytest.mark.parametrize("kind", ["missing", "file"])
def test_that_can_not_be_written_are_clear_errors(world: World, kind: str) -> None:
    world.write("file", "")
    home = str(world.home / kind / "below" if kind == "file" else world.home / "file")
    (runs,) = run_watched(world, [[(words, {"HOME": home}) for words in COMMANDS]])
    for words, each in zip(COMMANDS, runs, strict=True):
        lines = each.text.splitlines()
        assert "Traceback" not in each.text
        assert "something went wrong" not in each.text
        if words[0] in ("use", "add"):
            assert each.code == 1
            assert [line for line in lines if line.startswith("error: ")]
            assert lines[-1].startswith("hint: ")
        else:
            assert each.code in (0, 3), f"{words}: {each.text}"
    assert (world.home / "file").read_text() == ""


@as_root
@pytest.mark.skipif(sys.platform != "linux", reason="the descriptors of /proc")
def test_that_nobody_knows_is_an_error_with_a_hint(world: World) -> None:
    """A user without an entry and without HOME, as in many containers."""
    commands = [
        (words, {"HOME": ""}) for words in (("list",), ("status", "foo"), ("use", "foo", "--", "true"))
    ]
    warm = [(words, {"HOME": str(world.home)}) for words, _ in commands]
    _, runs = run_watched(world, [[*warm, *commands], commands], user=(54321, 54321))
    for each in runs:
        assert each.code == 1
        assert "there is no home folder" in each.text
        assert "hint: set HOME" in each.text
        assert each.written == ()


@as_root
@pytest.mark.skipif(sys.platform != "linux", reason="the descriptors of /proc")
def test_that_nobody_knows_are_not_missed_where_all_folders_are_given() -> None:
    """There are no recipes then; only what is about one can't be done without."""
    with tempfile.TemporaryDirectory() as folder:  # the folders of pytest are closed to others
        os.chmod(folder, 0o755)
        use_without_a_home(with_named_folders(World(Path(folder))))


def use_without_a_home(machine: World) -> None:
    python = machine.root / "foo" / "100.000000" / "venv" / "rez" / "bin" / "python"
    python.unlink()
    python.symlink_to("/bin/sh")  # the one of the tests may be nobody else's to look at
    for path in (machine.home, *machine.home.rglob("*")):
        os.chown(path, OWNER, OWNER, follow_symlinks=False)
    fine: tuple[tuple[str, ...], ...] = (
        ("use", "foo", "--", "true"), ("list",), ("status", "foo"), ("which", "foo"), ("doctor",), ("history", "foo"),
        ("pin", "foo@100.000000"), ("env", "--", "true"), ("self", "version"), ("prune", "foo"),
    )  # fmt: skip
    missing = (("use", "nosuch", "--", "true"), ("use", "--", "true"))
    recipes = (("recipe", "show", "foo"), ("lock", "foo"), ("recipe", "validate", "foo"))
    commands = (*fine, *missing, *recipes)
    homes = ({"HOME": ""}, {"HOME": "relative"})
    first = [(words, {"HOME": str(machine.home)}) for words in commands]
    batches = [[(words, home) for words in commands] for home in homes]
    for runs in run_watched(machine, [first, *batches], user=(OWNER, OWNER))[1:]:
        for words, each in zip(commands, runs, strict=True):
            assert "Traceback" not in each.text, words
            if words in fine:
                assert "home folder" not in each.text, f"{words}: {each.text}"
                assert each.code in (0, 3), f"{words}: {each.text}"
                continue
            assert each.code == 1, words
            assert (
                "there is no container" if words in missing else "error: there is no home folder"
            ) in each.text
            assert "hint: set HOME" in each.text, words


@as_root
def test_under_sudo_no_command_leaves_anything_of_roots(tmp_path: Path, world: World) -> None:
    """What can't be done without is refused; the rest goes without."""
    world.recipe()
    world.revision("bar", "100.000000")
    world.revision("bar", "200.000000")
    world.write("packages/thing/1.0/package.py", "name='thing'\nversion='1.0'\n")
    world.write("unknown.rezup", "")
    for path in (world.home, *world.home.rglob("*")):
        os.chown(path, OWNER, OWNER, follow_symlinks=False)
    remote = tmp_path / "remote"
    remote.mkdir()
    world.variables |= {
        "SUDO_UID": str(OWNER), "SUDO_GID": str(OWNER), "SUDO_USER": "artist",
        "REZ_PACKAGES_PATH": str(world.home / "packages"), "PIP_NO_INDEX": "1",
    }  # fmt: skip
    target = str(tmp_path / "made")
    commands: tuple[tuple[str, ...], ...] = (
        ("use", "bar", "--", "true"), ("use", "foo", "--", "true"), ("use", "foo", "--make", "--", "true"),
        ("add", "foo", "--skip-use"), ("add", "new", "--skip-use"), ("lock", "foo"), ("unpin", "bar"), ("rollback", "bar"),
        ("add", "foo", "--remote", "--skip-use", "--remote-root", str(remote)), ("pin", "bar@100.000000"),
        ("history", "bar"), ("list",), ("status", "bar"), ("check", "bar"), ("doctor",), ("doctor", "--fix"), ("config",),
        ("env", "thing", "--", "true"), ("env", "thing", "-o", f"{target}.rxt"), ("resolve", "thing"), ("search", "thing"),
        ("index", "build"), ("index", "status"), ("index", "clear"), ("cache", "list"), ("cache", "clear"),
        ("cache", "prune"), ("bundle", "bar", f"{target}.rezup"), ("unbundle", "unknown.rezup"), ("recipe", "show", "foo"),
        ("diff", "bar@-1", "bar"), ("self", "version"), ("completions", "bash"), *_of_later(),
        ("drop", "bar@100.000000", "--yes"),
    )  # fmt: skip
    batches = run_watched(world, [[(words, {})] for words in commands])
    of_root = {str(path) for path in world.home.rglob("*") if path.lstat().st_uid == 0}
    for words, (done,) in zip(commands, batches, strict=True):
        assert "Traceback" not in done.text, words
        assert "something went wrong" not in done.text, f"{words}: {done.text}"
        assert done.code in (0, 1, 3), f"{words}: {done.text}"
        assert not of_root.intersection(done.written), words
    assert of_root == set()


def _of_later() -> list[tuple[str, ...]]:
    later = (("which", "bar"), ("prune", "bar", "--yes", "--keep", "1"))
    return [words for words in later if _are_there(words[0])]


def _are_there(*commands: str) -> bool:
    from rezup_cli.command_group import COMMANDS as KNOWN

    return all(command in KNOWN for command in commands)


@as_root
def test_under_sudo_an_upgrade_check_leaves_nothing_either(world: World) -> None:
    world.revision("bar", "100.000000")
    for path in (world.home, *world.home.rglob("*")):
        os.chown(path, OWNER, OWNER, follow_symlinks=False)
    world.variables |= {"REZUP_NO_UPGRADE": "", "CI": "", "REZUP_UPGRADE_SOURCE": str(world.folder / "none")}
    for words in (("list",), ("use", "bar", "--", "true"), ("self", "upgrade"), ("self", "rollback")):
        done = world.rezup(*words)
        assert "Traceback" not in done.err, words
        assert [path for path in world.home.rglob("*") if path.lstat().st_uid == 0] == [], words


@as_root
def test_under_sudo_what_a_python_told_of_itself_is_not_kept(world: World) -> None:
    record = EnvironmentRecord(
        "rez", "venv/rez/bin/python", "venv/rez/bin/rez", sys.executable, platform.python_version(), "cpython", "",
        "uv", "1", "test", "", interpreter_size=1, interpreter_modified=1,
    )  # fmt: skip
    world.revision("bar", "100.000000", environments=(record,))
    memory = world.home / ".local" / "state" / "rezup" / "pythons.json"
    for path in (world.home, *world.home.rglob("*")):
        os.chown(path, OWNER, OWNER, follow_symlinks=False)
    for words in (
        ("use", "bar", "--", "true"),
        ("which", "bar"),
        ("status", "bar"),
        ("list", "bar"),
        ("doctor",),
    ):
        done = world.rezup(*words)
        assert done.code in (0, 3), f"{words}: {done.err}"
        assert "building it anew" not in done.err
        assert [path for path in world.home.rglob("*") if path.lstat().st_uid == 0] == [], words
        assert not memory.exists(), words
    os.chown(world.home, 0, 0)  # root's own home, where it is kept
    assert world.rezup("use", "bar", "--", "true").code == 0
    assert memory.exists()
