"""What ``rezup doctor --fix`` mends, what it leaves as it is, and that its advice mends the rest."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.broken_machines import codes, entry, library, revision, twin, wheel, write
from support.environments import has_reflinks

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")


def test_several_faults_are_found_and_mended_at_once(machine: World) -> None:
    write(library(machine), "evil = 1\n")
    write(revision(machine) / "pylock.toml", "evil")
    write(wheel(machine), "evil")
    (revision(machine, "bar") / "lease").unlink()
    machine.root.chmod(0o777)
    write(machine.root / "notes.txt", "mine")
    shutil.rmtree(entry(machine))
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert (fixed.code, codes(fixed.data)) == (3, {"foreign-file"})
    assert fixed.data["mended"] == 5
    assert machine.rezup("check").code == 0
    assert (machine.root / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("data", [None, b"", b"{"])
def test_what_is_said_of_a_broken_receipt_mends_it(machine: World, data: bytes | None) -> None:
    broken = revision(machine)
    assert machine.rezup("add", "foo", "--skip-use").code == 0
    path = broken / "revision.json"
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    target = f"foo@{broken.name}"
    assert f"`rezup use {target}`" in finding["remedy"]
    assert f"`rezup use {target}`" in machine.rezup("doctor").out
    assert machine.rezup("use", target, "--", "rez", "--version").code == 0
    assert machine.rezup("doctor", "--json").data["findings"] == []
    path.unlink()
    assert f"`rezup drop {target}`" in finding["remedy"]
    assert machine.rezup("drop", target, "--yes").code == 0
    assert machine.rezup("doctor", "--json").data["findings"] == []


def test_what_is_said_of_twins_mends_it(machine: World) -> None:
    twin(machine)
    (machine.root / "FOO" / "history.jsonl").touch()  # which stays
    refused = machine.rezup("add", "foo", "--skip-use")
    assert "can't be made beside" in refused.err
    assert machine.rezup("drop", "FOO", "--yes").code == 0
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert "remove what is left of its folder by hand" in finding["remedy"]
    shutil.rmtree(machine.root / "FOO")
    assert machine.rezup("doctor", "--json").data["findings"] == []


@pytest.mark.parametrize("mode", ["auto", "copy"])
def test_a_file_written_in_place_is_mended_in_all_that_share_it(world: World, mode: str) -> None:
    world.write(".config/rezup/config.toml", f'link_mode = "{mode}"\n')
    shutil.copyfile(world.recipe("foo"), world.home / "rezup.bar.toml")  # by the same wheel
    for name in ("foo", "bar"):
        assert world.rezup("use", name, "--", "rez", "--version").code == 0
    path, other = (
        library(world),
        Path(str(library(world)).replace(str(revision(world)), str(revision(world, "bar")))),
    )
    if path.stat().st_ino != other.stat().st_ino and mode == "auto" and has_reflinks(world.folder):
        pytest.skip("with reflinks, environments share nothing that is written")
    assert path.samefile(other) is (mode == "auto")
    good = path.read_bytes()
    with open(path, "r+b") as stream:  # root may, and so may who made it writable
        stream.write(b"# evil")

    found = world.rezup("check", "--json")
    wrong = {each["container"] for each in found.data["revisions"] if each["differences"]}
    assert wrong == ({"foo", "bar"} if mode == "auto" else {"foo"})
    fixed = world.rezup("doctor", "--fix", "--json")
    assert fixed.code == 0, fixed.out
    assert {each["code"] for each in fixed.data["findings"]} == (
        {"environment-damaged", "cache-entry-damaged"} if mode == "auto" else {"environment-damaged"}
    )
    assert path.read_bytes() == other.read_bytes() == good
    assert path.samefile(other) is (mode == "auto")
    assert world.rezup("check").code == 0
    assert world.rezup("cache", "verify").code == 0


def test_what_is_used_goes_on_while_it_is_mended(machine: World) -> None:
    path = library(machine)
    write(path, "evil = 1\n")
    with machine.in_use(file=path) as user:
        assert machine.rezup("check", "foo").code == 1
        assert machine.rezup("doctor", "--fix").code == 0
        out, _ = user.communicate("\n", timeout=30)
    assert (user.returncode, out) == (0, "evil = 1\n")
    assert path.read_text() != "evil = 1\n"


def test_without_cache_and_lock_an_environment_stays_as_it_is(machine: World) -> None:
    write(library(machine), "evil = 1\n")
    shutil.rmtree(entry(machine))
    for name in ("foo", "bar"):
        (revision(machine, name) / "pylock.toml").unlink()
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 3
    assert codes(fixed.data) == {"environment-damaged", "lock-missing"}
    assert all(each["failure"] for each in fixed.data["findings"])
    assert library(machine).read_text() == "evil = 1\n"
    assert not list((machine.root / "foo").glob(".staging-*"))


def test_a_link_in_the_place_of_a_folder_is_not_followed(machine: World) -> None:
    package = library(machine).parent
    outside = machine.folder / "outside"
    package.rename(outside)
    package.symlink_to(outside)
    write(outside / "cli.py", "mine\n")
    fixed = machine.rezup("doctor", "--fix", "--json")
    assert fixed.code == 3
    assert (outside / "cli.py").read_text() == "mine\n"
