"""Bundles: whole, relocatable, or not there at all."""

from __future__ import annotations

import errno
import os
import shutil
import struct
from pathlib import Path
from typing import Any

import pytest

from rezup.errors import ContextError
from rezup.runtime.context import queries
from rezup.runtime.context.bundle import bundle, is_relocatable
from rezup.runtime.context.context_file import load
from rezup.runtime.context.libraries import search_paths
from support.context_worlds import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "world")


def opened(world: World, folder: Path) -> Any:
    context = load(str(folder / "context.rxt"), world.config)
    assert queries.missing(context) == []
    return context


def test_a_bundle_can_be_moved_when_its_source_is_gone(world: World, tmp_path: Path) -> None:
    before = world.context("rig-1.1 maya-2024 many-2 hash-1 scripts")
    made = bundle(before, str(tmp_path / "made"), world.config)
    assert (made.folder, made.path) == (str(tmp_path / "made"), str(tmp_path / "made/context.rxt"))
    shutil.move(tmp_path / "made", tmp_path / "moved")
    shutil.rmtree(world.root / "one")
    after = opened(world, tmp_path / "moved")
    names = [each.qualified_name for each in after.resolved_packages]
    assert names == [each.qualified_name for each in before.resolved_packages]
    rig, hashed = queries.resolved_package(after, "rig"), queries.resolved_package(after, "hash")
    assert rig is not None
    assert hashed is not None
    assert (Path(rig.root or "") / "bin/rig").read_text() == "#!/bin/sh\n"
    assert hashed.root == str(tmp_path / "moved/packages/hash/1/_v/a")
    # A link by its whole path into the same package leads into the bundle now.
    assert (Path(hashed.root) / "inner").read_text() == "of the hashed one"
    assert sorted(os.listdir(tmp_path / "moved/packages/rig/1.1")) == ["maya-2024", "package.py"]
    assert sorted(os.listdir(tmp_path / "moved")) == ["bundle.yaml", "context.rxt", "packages"]
    assert str(world.root) not in (tmp_path / "moved/context.rxt").read_text()


def test_variants_within_a_variant_stay_behind(world: World, tmp_path: Path) -> None:
    world.write(
        "one/deep/1/package.py", "name = 'deep'\nversion = '1'\nvariants = [['python'], ['python', 'maya']]"
    )
    world.write("one/deep/1/python/own")
    world.write("one/deep/1/python/maya/other")
    bundle(world.context("deep"), str(tmp_path / "made"), world.config)
    assert os.listdir(tmp_path / "made/packages/deep/1/python") == ["own"]


def test_what_may_not_be_moved(world: World, tmp_path: Path) -> None:
    context = world.context("bound scripts")
    with pytest.raises(ContextError, match="bound-1 can't be put into a bundle") as caught:
        bundle(context, str(tmp_path / "made"), world.config)
    assert "--skip-non-relocatable" in str(caught.value.hint)
    assert not (tmp_path / "made").exists()
    made = bundle(context, str(tmp_path / "made"), world.config, skip_non_relocatable=True)
    assert "WARNING: bound-1 is not relocatable and stays where it is" in made.notes
    places = {each.parent.name: each.root for each in opened(world, tmp_path / "made").resolved_packages}
    assert places["bound"] == f"{world.paths[0]}/bound/1"
    assert places["scripts"] == str(tmp_path / "made/packages/scripts")
    bundle(context, str(tmp_path / "forced"), world.config, skip_non_relocatable=True, force=True)
    assert (tmp_path / "forced/packages/bound/1/package.py").is_file()


def test_who_says_that_a_package_may_be_moved(world: World) -> None:
    package = world.context("scripts").resolved_packages[0].parent
    per_package = world.config.with_overrides({"default_relocatable_per_package": {package.name: False}})
    place = {"default_relocatable_per_repository": {world.paths[0]: True}}
    assert is_relocatable(package, world.config)
    assert not is_relocatable(package, world.config.with_overrides({"default_relocatable": False}))
    assert not is_relocatable(package, per_package)
    assert is_relocatable(package, per_package.with_overrides(place))


@pytest.mark.parametrize("kind", ["a file", "a folder", "an empty folder", "a dangling link"])
def test_a_name_that_is_taken(world: World, tmp_path: Path, kind: str) -> None:
    taken = tmp_path / "taken"
    if kind == "a file":
        taken.write_text("")
    elif kind == "a dangling link":
        taken.symlink_to("nowhere")
    else:
        taken.mkdir()
    if kind == "a folder":
        (taken / "x").write_text("")
    with pytest.raises(ContextError, match="exists"):
        bundle(world.context("maya"), str(taken), world.config)


def test_failures_leave_nothing(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    context = world.context("maya scripts")
    os.mkfifo(world.root / "one/scripts/pipe")  # which can't be copied
    with pytest.raises(ContextError, match="the bundle can't be made") as caught:
        bundle(context, str(out / "made"), world.config)
    assert "pipe" in str(caught.value.context)
    with pytest.raises(ContextError, match="can't be made"):
        bundle(world.context("maya"), str(out / "no/such/folder"), world.config)
    with pytest.raises(ContextError, match="hold itself"):
        bundle(world.context("maya"), f"{world.paths[0]}/maya/2024.2/made", world.config)
    with pytest.raises(ContextError, match=r"rig-1\.0 has no payload"):
        bundle(world.context("rig-1.0 python-2"), str(out / "made"), world.config)
    shutil.rmtree(world.root / "one/maya")
    with pytest.raises(ContextError, match=r"1 of \d packages of the context are gone"):
        bundle(context, str(out / "made"), world.config)
    with pytest.raises(ContextError):
        bundle(world.context("python-2 python-3"), str(out / "made"), world.config)
    assert os.listdir(out) == []


@pytest.mark.parametrize(
    ("number", "hint"),
    [
        (errno.ENOSPC, "make room on the disk of"),
        (errno.EDQUOT, "make room on the disk of"),
        (errno.EACCES, "see that you may read"),
        (errno.EIO, None),
    ],
)
def test_a_copy_that_fails(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, hint: str | None
) -> None:
    def refuse(source: str, target: str, **_: Any) -> None:
        both = () if number == errno.EACCES else (None, target)
        raise OSError(number, os.strerror(number), source, *both)

    monkeypatch.setattr(shutil, "copyfile", refuse)
    out = tmp_path / "out"
    out.mkdir()
    for request in ("maya", "many-2"):  # a folder as a whole, and one of its variants
        with pytest.raises(ContextError, match="the bundle can't be made") as caught:
            bundle(world.context(request), str(out / "made"), world.config)
        said = str(caught.value.context)
        place = out / "made" if number in (errno.ENOSPC, errno.EDQUOT) else world.root
        assert said.startswith(str(place))
        assert said.endswith(f": {os.strerror(number)}")
        assert "Errno" not in said
        assert ".tmp" not in said
        assert (caught.value.hint or "").startswith(hint or "")
        assert (caught.value.hint is None) is (hint is None)
    assert os.listdir(out) == []


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_where_nobody_may_write(world: World, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir(mode=0o555)
    with pytest.raises(ContextError) as caught:
        bundle(world.context("maya"), str(out / "made"), world.config)
    assert caught.value.context == f"{out}/made: Permission denied"
    assert caught.value.hint == "name a folder where you may write"


def library(path: str) -> bytes:
    """A small ELF file whose search path is this one."""
    text = b"\0" + path.encode() + b"\0"
    head = (
        b"\x7fELF"
        + bytes([2, 1, 1])
        + bytes(9)
        + struct.pack("<HHIQQQIHHHHHH", 3, 62, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    )
    at = 64 + 2 * 56
    dynamic = struct.pack("<qQqQqQ", 5, 0x1000 + at + 48, 29, 1, 0, 0)
    size = at + len(dynamic) + len(text)
    load = struct.pack("<IIQQQQQQ", 1, 4, 0, 0x1000, 0, size, size, 0x1000)
    return head + load + struct.pack("<IIQQQQQQ", 2, 4, at, 0x1000 + at, 0, 48, 48, 8) + dynamic + text


def test_libraries_are_led_into_the_bundle(world: World, tmp_path: Path) -> None:
    old = f"{world.paths[0]}/python/3.11.4.1/lib:/usr/lib:$ORIGIN/x"
    path = world.root / "one/scripts/lib/libx.so"
    path.parent.mkdir()
    path.write_bytes(library(old))
    assert search_paths(str(path)) == old.split(":")
    program = tmp_path / "tools/patchelf"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {tmp_path}/asked\n')
    program.chmod(0o755)
    context = world.context("scripts")
    without = bundle(context, str(tmp_path / "without"), world.config, environ={"PATH": ""})
    assert any(note.startswith("WARNING") and "no patchelf" in note for note in without.notes)
    environ = {"PATH": f"{program.parent}{os.pathsep}{os.defpath}"}
    bundle(context, str(tmp_path / "off"), world.config, environ=environ, patch_libraries=False)
    assert not (tmp_path / "asked").exists()
    made = bundle(context, str(tmp_path / "made"), world.config, environ=environ)
    asked = (tmp_path / "asked").read_text().splitlines()
    assert asked[:2] == ["--set-rpath", "$ORIGIN/../../python/3.11.4.1/lib:/usr/lib:$ORIGIN/x"]
    assert asked[2].endswith("/packages/scripts/lib/libx.so")
    assert any("Changed search paths" in note for note in made.notes)
    program.write_text("#!/bin/sh\necho broken\nexit 1\n")
    failed = bundle(context, str(tmp_path / "failed"), world.config, environ=environ)
    assert any("could not be changed" in note and "broken" in note for note in failed.notes)


@pytest.mark.parametrize("cut", [0, 3, 5, 60, 100, 180, 220])
def test_damaged_libraries_have_no_search_paths(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "x.so"
    path.write_bytes(library("/a:/b")[:cut])
    assert search_paths(str(path)) == []
