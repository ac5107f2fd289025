"""``rezup doctor`` on permissions and owners: they are mended alone, and what is another's is left alone."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING

import pytest

from support.broken_machines import cache, codes, library, revision, write
from support.permissions import obey_permissions

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")


@pytest.mark.parametrize(
    "name",
    [
        "records/rez",
        "records",
        "revision.json",
        "pylock.toml",
        "rezup.toml",
        "wheels",
        "venv/rez",
        "venv",
        "",
    ],
)
def test_what_only_its_permissions_hide_is_made_readable_and_not_replaced(machine: World, name: str) -> None:
    path, known = revision(machine) / name, bool(name)
    shutil.rmtree(cache(machine))
    before = path.stat()
    path.chmod(0)
    found = machine.rezup("doctor", "--json", preexec_fn=obey_permissions)
    assert codes(found.data) == {"unreadable"}, found.out
    (finding,) = found.data["findings"]
    assert name in finding["paths"] or not known
    fixed = machine.rezup("doctor", "--fix", "--json", preexec_fn=obey_permissions)
    assert (fixed.code, fixed.data["mended"]) == (0, 1), fixed.out
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert machine.rezup("check").code == 0


def test_closed_folders_in_each_other_are_opened_at_once(machine: World) -> None:
    closed = revision(machine)
    outside = machine.folder / "outside"
    outside.mkdir()
    (closed / "venv" / "rez" / "link").symlink_to(outside)
    folders = [path for path, _, _ in os.walk(closed)]
    for path in [*reversed(folders), str(outside)]:
        os.chmod(path, 0)
    fixed = machine.rezup("doctor", "--fix", "--json", preexec_fn=obey_permissions)
    assert codes(fixed.data) == {"file-added"}, fixed.out  # the link
    assert {os.stat(path).st_mode & 0o777 for path in folders} == {0o755}
    assert outside.stat().st_mode & 0o777 == 0
    dropped = machine.rezup("drop", "foo", "--yes", preexec_fn=obey_permissions)
    assert dropped.code == 0, dropped.err


def test_a_record_that_others_may_write_is_not_made_anew(machine: World) -> None:
    path = revision(machine) / "records" / "rez"
    shutil.rmtree(cache(machine))
    before = path.stat()
    path.chmod(0o666)
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert (fixed.code, fixed.data["mended"]) == (0, 1), fixed.out
    after = path.stat()
    assert (after.st_ino, after.st_mtime_ns, after.st_mode & 0o777) == (
        before.st_ino,
        before.st_mtime_ns,
        0o644,
    )


def test_what_permissions_hid_is_mended_in_its_turn(machine: World) -> None:
    path = revision(machine) / "records" / "rez"
    good = path.read_bytes()
    write(path, "evil")
    path.chmod(0o666)
    assert codes(machine.rezup("doctor", "--json").data) == {"writable-by-others"}
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 0, fixed.out
    assert {each["code"] for each in fixed.data["findings"]} == {"writable-by-others", "record-damaged"}
    assert json.loads(path.read_bytes().split(b"\n")[2])["files"] == json.loads(good.split(b"\n")[2])["files"]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_others_own_is_left_alone(machine: World) -> None:
    path = library(machine)
    write(path, "evil = 1\n")
    os.chown(path, 4242, 4242)
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 3
    (finding,) = fixed.data["findings"]
    assert "another user" in finding["failure"]
    assert path.read_text() == "evil = 1\n"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can give files away")
def test_what_sudo_left_in_a_home_is_named(machine: World) -> None:
    os.chown(machine.home, 4242, 4242)
    for folder in (machine.root, cache(machine), machine.home / ".local"):
        for path in (folder, *folder.rglob("*")):
            if "/site-packages/pip/" not in str(path):  # which other machines have, too
                os.chown(path, 4242, 4242, follow_symlinks=False)
    os.chown(machine.root / "foo", 0, 0)
    found = machine.rezup("doctor", "--json")
    assert len(found.data["findings"]) == 1, found.out
    (finding,) = found.data["findings"]
    assert (finding["code"], finding["where"]) == ("owned-by-root", str(machine.root / "foo"))
    assert not finding["can_be_mended"]
