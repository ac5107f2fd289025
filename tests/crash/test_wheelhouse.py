"""A process killed before any file operation, or at any byte: wheels and bundles are whole, or they aren't there."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import support.killed_files
from rezup.containers.bundle_file import read_bundle, write_bundle
from rezup.errors import BundleError, StoreError
from rezup.system.leftovers import SWEEP_AFTER
from rezup.wheelhouse.store import Wheelhouse
from support.bundles import FACTS, FILES, WHEEL
from support.wheelhouses import below, wheel_of, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by signal")
pytest_plugins = ["support.upgrade_faults"]

DATA = FILES[WHEEL]
WANTED = wheel_of(DATA)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    return folder


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "source", DATA)


def run(action: str, root: Path, source: Path, *, number: int = -1, size: int = -1) -> int:
    script = support.killed_files.__file__
    return subprocess.run(
        [sys.executable, script, action, root, source, str(number), str(size)],
        env={**os.environ, "PYTHONPATH": str(Path(script).parents[1])}, capture_output=True, check=False, timeout=60,
    ).returncode  # fmt: skip


def kills(action: str, root: Path, source: Path) -> Iterator[int]:
    """Kill before one operation after the other, until there is none left."""
    for number in range(200):
        status = run(action, root, source, number=number)
        if status == 0:
            assert number > 1, "nothing was killed"
            return
        assert status == -signal.SIGKILL
        yield number
    raise AssertionError("it never came to its end")


def age(folder: Path) -> None:
    """Let what was left be old enough for a sweep."""
    old = time.time() - SWEEP_AFTER - 1
    for left in [*folder.glob(".staging-*"), *folder.glob(".trash-*")]:
        os.utime(left, (old, old))


def clear(house: Wheelhouse) -> None:
    house.remove(WANTED.sha256)
    age(house.folder)
    house.sweep()
    assert not house.folder.exists() or list(house.folder.iterdir()) == []


def test_a_wheel_is_put_completely_or_not_at_all(root: Path, source: Path) -> None:
    house = Wheelhouse(root)
    seen = set()
    for _ in kills("put", root, source):
        visible = {
            path: data for path, data in below(house.folder).items() if not path.startswith(".staging-")
        }
        assert visible in ({}, {f"{WANTED.sha256}/{WANTED.name}": DATA})
        seen.add(bool(visible))
        assert house.put(source, WANTED) == house.find(WANTED)
        clear(house)
    assert seen == {True, False}


@pytest.mark.parametrize("size", [0, 1, len(DATA) // 2, len(DATA) - 1])
def test_a_wheel_is_not_put_where_its_writer_dies_writing(root: Path, source: Path, size: int) -> None:
    assert run("put", root, source, size=size) == -signal.SIGXFSZ
    house = Wheelhouse(root)
    assert house.names() == []
    assert house.find(WANTED) is None
    assert list(house.folder.glob(".staging-*")) != []
    house.sweep()
    assert list(house.folder.glob(".staging-*")) != [], "it may belong to somebody"
    age(house.folder)
    house.sweep()
    assert list(house.folder.iterdir()) == []


def test_a_damaged_wheel_stays_damaged_or_is_whole(root: Path, source: Path) -> None:
    house = Wheelhouse(root)
    path = house.folder / WANTED.sha256 / WANTED.name
    write(path, b"half")
    for _ in kills("put", root, source):
        assert path.read_bytes() in (b"half", DATA)
        path.unlink()
        write(path, b"half")
    assert path.read_bytes() == DATA


def test_a_wheel_is_removed_or_whole(root: Path, source: Path) -> None:
    house = Wheelhouse(root)
    house.put(source, WANTED)
    for _ in kills("remove", root, source):
        assert house.names() in ([], [WANTED.sha256])
        if house.names():
            assert house.find(WANTED) is not None
        age(house.folder)
        house.sweep()
        house.put(source, WANTED)
    assert house.names() == []


def test_a_bundle_is_there_completely_or_not_at_all(root: Path, source: Path, tmp_path: Path) -> None:
    write_bundle(tmp_path / "whole", FILES, FACTS)
    target = root / "foo.rezup"
    before: bytes | None = None
    seen = set()
    for number in kills("write", root, source):
        made = target.read_bytes() if target.exists() else None
        assert made in (before, (tmp_path / "whole").read_bytes())
        seen.add(made == before)
        target.unlink(missing_ok=True)
        before = b"an earlier one" if number % 2 else None
        if before:
            target.write_bytes(before)
        age(root)
        write_bundle(root / "other", FILES, FACTS)
        assert {path.name for path in root.iterdir()} <= {"other", target.name}
    assert seen == {True, False}


@pytest.mark.parametrize("size", [0, 1, 500, len(DATA) + 200])
def test_no_bundle_is_there_where_its_writer_dies_writing(root: Path, source: Path, size: int) -> None:
    assert run("write", root, source, size=size) == -signal.SIGXFSZ
    assert not (root / "foo.rezup").exists()


def test_a_killed_reader_writes_into_its_folder_only(root: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "foo.rezup"
    write_bundle(bundle, FILES, FACTS)
    (root / "into").mkdir()
    for number in kills("read", root, bundle):
        (root / "into").rename(tmp_path / f"old-{number}")
        assert list(root.iterdir()) == []
        (root / "into").mkdir()
    assert below(root / "into") == FILES


def fails(action: Callable[[], object]) -> bool:
    """Whether an action ends in an error of ours, which tells what to do."""
    try:
        action()
    except (StoreError, BundleError) as error:
        return bool(error.hint) or pytest.fail(f"{error!r} has no hint")
    return False


def test_a_full_disk_takes_all_or_nothing(tmp_path: Path, mount: Callable[..., None]) -> None:
    """Whatever room there is, also none for a name."""
    data = os.urandom(150_000)
    large, wheel = write(tmp_path / "large", data), wheel_of(data)
    done = set()
    for inodes in (0, 1, 2, 3, 4, 5, 6, 20):
        for room in (4, 100, 400):
            small = tmp_path / f"small-{inodes}-{room}"
            options = f"size={room}k" + (f",nr_inodes={inodes}" if inodes else "")
            mount(small, "-t", "tmpfs", "-o", options, "tmpfs")
            free = os.statvfs(small).f_bfree
            house, bundle = Wheelhouse(small), small / "foo.rezup"
            if fails(lambda house=house: house.put(large, wheel)):
                assert below(small) == {}
                assert abs(os.statvfs(small).f_bfree - free) <= 2
                done.add("no wheel")
            else:
                assert house.find(wheel) is not None
                done.add("a wheel")
            if fails(lambda bundle=bundle: write_bundle(bundle, {**FILES, WHEEL: large}, FACTS)):
                assert not bundle.exists()
                done.add("no bundle")
            else:
                into = tmp_path / f"into-{inodes}-{room}"
                into.mkdir()
                assert read_bundle(bundle, into).wheels
                done.add("a bundle")
            assert list(small.glob("**/.staging-*")) == []
    assert done == {"no wheel", "a wheel", "no bundle", "a bundle"}
