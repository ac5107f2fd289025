"""No more index files than there should be: those that nobody used for longest go."""

from __future__ import annotations

import multiprocessing
import os
import random
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from support.package_shelves import Shelf, direct, store_in, touch

if TYPE_CHECKING:
    from rezup.runtime.index_store.store import IndexStore


def index_of(store: IndexStore, shelf: Shelf) -> Path:
    store.view([shelf.folder])
    return Path(store.file(store.scope([shelf.folder])) or "")


def aged(file: Path, hours: float) -> None:
    """Have it last used that long ago."""
    then = time.time_ns() - int(hours * 3_600_000_000_000)
    os.utime(file, ns=(then, then))


def shelves(folder: Path, number: int) -> list[Shelf]:
    found = [Shelf(folder / f"shelf{each}") for each in range(number)]
    for shelf in found:
        shelf.package("app", "1.0")
    return found


def test_the_files_that_were_not_used_for_longest_go(tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache", most=3)
    some = shelves(tmp_path, 5)
    files = [index_of(store, shelf) for shelf in some[:3]]
    for file, hours in zip(files, (30, 20, 10), strict=True):
        aged(file, hours)
    assert index_of(store, some[0]) == files[0]  # in use again
    (tmp_path / "cache" / "keep.idx").write_text("")
    for kept, shelf in (([0, 2, 3], some[3]), ([0, 3, 4], some[4])):
        files.append(index_of(store, shelf))
        assert {*store_files(tmp_path)} == {files[each] for each in kept}
    assert (tmp_path / "cache" / "keep.idx").exists()
    assert index_of(store, some[1]) == files[1]  # made again
    assert files[1].exists()


def store_files(folder: Path) -> list[Path]:
    return [file for file in (folder / "cache").glob("*.idx") if file.name != "keep.idx"]


def test_a_file_that_is_written_again_drives_none_out(tmp_path: Path) -> None:
    some = shelves(tmp_path, 3)
    files = {index_of(store_in(tmp_path / "cache"), shelf) for shelf in some}
    narrow = store_in(tmp_path / "cache", most=1)
    some[0].package("app", "2.0")
    assert touch(narrow.view([some[0].folder]), ["app"]) == direct([some[0].repository], ["app"])
    narrow.view([some[0].folder]).refreshed()
    assert {*store_files(tmp_path)} == files


def test_a_new_file_stays_though_all_others_are_of_the_future(tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache", most=2)
    *others, new = shelves(tmp_path, 3)
    for shelf in others:
        aged(index_of(store, shelf), -100)
    assert index_of(store, new) in store_files(tmp_path)
    assert len(store_files(tmp_path)) == 2


def test_the_time_of_use_is_noted_to_the_hour(tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    (shelf,) = shelves(tmp_path, 1)
    file = index_of(store, shelf)
    for hours, is_noted in ((0.5, False), (2, True)):
        aged(file, hours)
        before = file.stat().st_mtime_ns
        store.view([shelf.folder])
        assert (file.stat().st_mtime_ns != before) is is_noted


def test_what_goes_while_it_is_in_use_is_used_to_the_end(tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache", most=1)
    one, two = shelves(tmp_path, 2)
    view = store.view([one.folder])
    file = index_of(store, one)
    index_of(store, two)
    assert not file.exists()
    assert touch(view, ["app"]) == direct([one.repository], ["app"])


def use_each(cache: Path, folders: list[Path], number: int) -> None:
    chosen = random.Random(number)
    store = store_in(cache, most=2)
    for _ in range(25):
        shelf = Shelf(chosen.choice(folders))
        assert touch(store.view([shelf.folder]), ["app"]) == direct([shelf.repository], ["app"])


@pytest.mark.timeout(120)
def test_many_who_drive_out_each_other_s_files_are_all_right(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    folders = [shelf.path for shelf in shelves(tmp_path, 6)]
    workers = [
        spawn.Process(target=use_each, args=(tmp_path / "cache", folders, number)) for number in range(3)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 3
    index_of(store_in(tmp_path / "cache", most=2), shelves(tmp_path, 7)[-1])
    assert len(store_files(tmp_path)) == 2
    assert [name for name in os.listdir(tmp_path / "cache") if not name.endswith(".idx")] == []
