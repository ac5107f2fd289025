"""``rezup check``: what was changed in a revision is listed by path, and nothing is written."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from support.environments import has_reflinks
from support.world import World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A machine with one built revision."""
    made = World(tmp_path_factory.mktemp("template") / "machine")
    made.recipe()
    assert made.rezup("use", "foo", "--", "rez", "--version").code == 0
    return made


@pytest.fixture
def machine(template: World, world: World) -> World:
    """A copy of that machine, to be changed."""
    ignored = shutil.ignore_patterns("uv")  # the cache of that program
    shutil.copytree(template.home, world.home, symlinks=True, dirs_exist_ok=True, ignore=ignored)
    return world


def test_a_machine_without_containers(world: World) -> None:
    outcome = world.rezup("check")
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err == "there is no revision on this machine to check\n"


def revision(machine: World) -> Path:
    return machine.root / "foo" / machine.stamps()[0]


def library(machine: World) -> Path:
    return next(revision(machine).glob("venv/rez/lib/python*/site-packages/rez"))


def differences(machine: World, *arguments: str) -> set[tuple[str, str]]:
    found = machine.rezup("check", "--json", *arguments)
    (checked,) = found.data["revisions"]
    told = {(each["kind"], each["path"]) for each in checked["differences"]}
    assert found.code == (1 if told else 0)
    return told


def test_a_new_revision_is_good(machine: World) -> None:
    found = machine.rezup("check", "--json")
    document = json.loads(found.out)
    assert (found.code, document["status"], document["errors"]) == (0, "success", [])
    stamp = machine.stamps()[0]
    assert document["data"] == {
        "good": True,
        "revisions": [
            {
                "container": "foo", "revision": stamp, "folder": str(revision(machine)), "state": "recorded",
                "reason": None, "differences": [],
            }
        ],
    }  # fmt: skip
    told = machine.rezup("check")
    assert (told.code, told.out, told.err) == (0, f"foo@{stamp}: good\n", "")


def test_using_a_revision_leaves_it_good(machine: World) -> None:
    code = "import rez.cli, rez.system, json, email"
    assert machine.rezup("use", "foo", "--", "python", "-B", "-c", code).code in (0, 1, 127)
    assert machine.rezup("use", "foo", "--", "rez", "--version").code == 0
    assert differences(machine) == set()


def test_what_is_missing_changed_or_added_is_listed_by_path(machine: World) -> None:
    package = library(machine)
    base = package.relative_to(revision(machine)).as_posix()
    (package / "cli.py").chmod(0o644)
    (package / "cli.py").write_bytes((package / "cli.py").read_bytes().swapcase())
    (package / "system.py").unlink()
    (package / "new.py").write_text("x = 1\n")
    (package / "__pycache__" / "late.cpython-311.pyc").write_bytes(b"written later")
    (package / "empty").mkdir()
    python = revision(machine) / "venv/rez/bin/python"
    python.unlink()
    python.symlink_to("/elsewhere/python")
    assert differences(machine) == {
        ("changed", f"{base}/cli.py"),
        ("missing", f"{base}/system.py"),
        ("added", f"{base}/new.py"),
        ("added", f"{base}/__pycache__/late.cpython-311.pyc"),
        ("added", f"{base}/empty/"),
        ("changed", "venv/rez/bin/python"),
    }
    told = machine.rezup("check", "foo")
    assert told.code == 1
    assert f"  changed     {base}/cli.py" in told.out.splitlines()
    assert "hint: " in told.err


def test_a_change_that_keeps_size_and_time_is_found(machine: World) -> None:
    path = library(machine) / "cli.py"
    before = path.stat()
    path.chmod(0o644)
    path.write_bytes(b"#" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert differences(machine) == {("changed", path.relative_to(revision(machine)).as_posix())}


def test_recipe_locks_wheels_and_record_are_compared_too(machine: World) -> None:
    folder = revision(machine)
    (folder / "rezup.toml").write_text("[rez]\n")
    wheel = next((folder / "wheels").glob("rez-*.whl"))
    wheel.chmod(0o644)
    wheel.write_bytes(b"evil")
    (folder / "notes.txt").write_text("mine")
    found = {("changed", "rezup.toml"), ("changed", f"wheels/{wheel.name}"), ("added", "notes.txt")}
    assert differences(machine) == found
    (folder / "pylock.toml").write_text("evil")  # its wheels can't be told any more
    (folder / "records" / "rez").unlink()
    found = {("changed", "rezup.toml"), ("added", "notes.txt")}
    assert differences(machine) == found | {("changed", "pylock.toml"), ("missing", "records/rez")}


@pytest.mark.parametrize("mode", [0o664, 0o646])
def test_a_record_that_others_may_write_is_told_by_its_permissions(machine: World, mode: int) -> None:
    """What it says is no proof; that it was changed is not known, either."""
    (revision(machine) / "records" / "rez").chmod(mode)
    assert differences(machine) == {("permissions", "records/rez")}


@pytest.mark.parametrize("data", [None, b"", b"\0" * 100, b'{"format": 1'])
def test_a_damaged_receipt_differs(machine: World, data: bytes | None) -> None:
    path = revision(machine) / "revision.json"
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    assert differences(machine) == {("missing" if data is None else "changed", "revision.json")}


def test_a_newer_format_is_not_judged(machine: World) -> None:
    path = revision(machine) / "revision.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), "format": 99}))
    found = machine.rezup("check", "--json")
    assert (found.code, found.data["revisions"][0]["state"]) == (0, "not checked")


def test_revisions_of_an_older_rezup_are_said_to_have_no_record(world: World) -> None:
    world.revision("foo", recipe_digest="c8dbad4cb8f5a1ec2f2a5a6d0b0c7f1c" * 2)
    legacy = world.root / "foo" / "revisions" / "1619780350.58"
    legacy.mkdir(parents=True)
    (legacy / "rezup.toml").write_text('[rez]\nname = "rez"\n')
    (legacy / "revision.json").write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}')
    found = world.rezup("check", "--json")
    states = {each["reason"]: each["state"] for each in found.data["revisions"]}
    assert states == {"an older rezup made it": "no record", "rezup 2.x made it": "no record"}
    assert world.rezup("check", "foo@1619780350").out == "foo@1619780350.58: no record, rezup 2.x made it\n"


def test_one_container_or_one_revision_may_be_named(machine: World) -> None:
    machine.recipe("bar")
    assert machine.rezup("use", "bar", "--make", "--", "rez", "--version").code == 0
    assert machine.rezup("use", "bar", "--make", "--", "rez", "--version").code == 0
    (library(machine) / "cli.py").unlink()
    assert machine.rezup("check").code == 1
    assert machine.rezup("check", "foo").code == 1
    both = machine.rezup("check", "bar", "--json")
    assert [each["revision"] for each in both.data["revisions"]] == machine.stamps("bar")
    one = machine.rezup("check", "bar@-1", "--json")
    assert [each["revision"] for each in one.data["revisions"]] == machine.stamps("bar")[1:]
    gone = machine.rezup("check", "nothing")
    assert (gone.code, "hint:" in gone.err) == (1, True)
    assert machine.rezup("check", "bar@5").code == 1
    assert machine.rezup("check", "bar@").code == 2


def test_nothing_is_written(machine: World) -> None:
    (library(machine) / "cli.py").unlink()
    before = {path: path.lstat().st_mtime_ns for path in (machine.home, *machine.home.rglob("*"))}
    assert machine.rezup("check").code == 1
    assert {path: path.lstat().st_mtime_ns for path in (machine.home, *machine.home.rglob("*"))} == before


def test_a_revision_in_use_can_be_checked(machine: World) -> None:
    with machine.in_use() as user:
        assert machine.rezup("check", "foo").code == 0
    assert user.returncode == 0


def test_pipes_and_folders_in_the_place_of_files_are_told(machine: World) -> None:
    package = library(machine)
    base = package.relative_to(revision(machine)).as_posix()
    for name in ("cli.py", "system.py"):
        (package / name).unlink()
    os.mkfifo(package / "cli.py")
    (package / "system.py").mkdir()
    assert differences(machine) == {("changed", f"{base}/cli.py"), ("changed", f"{base}/system.py")}


@pytest.mark.parametrize("name", ["revision.json", "rezup.toml", "pylock.toml", "records/rez"])
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(machine: World, name: str) -> None:
    path = revision(machine) / name
    path.unlink()
    os.mkfifo(path)
    assert name in {path for _, path in differences(machine)}
    found = machine.rezup("doctor", "--fix", "--json", timeout=60)
    assert found.code == (0 if name in ("rezup.toml", "records/rez") else 3)


@pytest.mark.parametrize("mode", ["auto", "copy"])
def test_a_file_written_in_place_is_found_in_all_that_share_it(world: World, mode: str) -> None:
    if has_reflinks(world.folder):
        pytest.skip("with reflinks, environments share nothing that is written")
    world.write(".config/rezup/config.toml", f'link_mode = "{mode}"\n')
    shutil.copyfile(world.recipe("foo"), world.home / "rezup.bar.toml")  # by the same wheel
    for name in ("foo", "bar"):
        assert world.rezup("use", name, "--", "rez", "--version").code == 0
    path = library(world) / "cli.py"
    path.chmod(0o644)
    with path.open("a") as stream:
        stream.write("evil = 1\n")
    found = world.rezup("check", "--json").data["revisions"]
    expected = {"foo", "bar"} if mode == "auto" else {"foo"}
    assert {each["container"] for each in found if each["differences"]} == expected
