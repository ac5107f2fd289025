"""Index files: damaged, foreign, shared, written by many at once; and what is told of them."""

from __future__ import annotations

import multiprocessing
import os
import random
import stat
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.errors import DamagedIndexError, StoreError
from rezup.runtime.index_store import content, inspection
from rezup.runtime.index_store.content import InMemory
from rezup.runtime.index_store.linked import Linked, read_linked
from rezup.runtime.index_store.store import IndexStore, shared_file
from support.package_shelves import Shelf, ahead, direct, store_in, told, touch

if TYPE_CHECKING:
    from typing import Any

    from rezup.resolver.index.tables import Tables

NAMES = ["app", "lib", "comb", "env", "nothing", "only"]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return filled(tmp_path / "packages")


def filled(path: Path) -> Shelf:
    shelf = Shelf(path)
    for number in range(6):
        shelf.package("app", f"{number}.0", [f"lib-{number}+", "only"])
    shelf.package("lib", "1.0")
    shelf.package("lib", "2.0", ["!only-3"], "variants = [['app-1'], ['comb-1']]\n")
    shelf.write("comb.py", "versions = ['1.0', '1.1']\nrequires = ['lib']\n")
    shelf.package("env", "1.0", [], "import os\nrequires = [os.sep and 'lib']\n")
    return shelf


def index_of(store: IndexStore, shelf: Shelf) -> Path:
    store.view([shelf.folder])
    return Path(store.file(store.scope([shelf.folder])) or "")


def used(store: IndexStore, shelf: Shelf) -> dict[str, Any]:
    def work(tables: Tables) -> dict[str, Any]:
        return {name: told(tables, name) for name in NAMES}

    view = store.view([shelf.folder])
    answer = view.use(work)
    view.save()
    return answer


def test_a_file_that_was_cut_off_anywhere_is_made_anew(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    whole = file.read_bytes()
    expected = direct([shelf.repository], NAMES)
    for length in [*range(0, 128, 7), *range(128, len(whole), 97), len(whole) - 1]:
        file.write_bytes(whole[:length])
        assert used(store, shelf) == expected
        Linked(InMemory(file.read_bytes())).verify()
    file.write_bytes(whole + b"\0")
    assert read_linked(str(file)) is None


def test_a_flipped_bit_anywhere_never_gives_a_wrong_answer(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    whole = file.read_bytes()
    expected = direct([shelf.repository], NAMES)
    numbers = random.Random(7)
    places = {*range(200), *(numbers.randrange(len(whole)) for _ in range(300))}
    for place in places:
        damaged = bytearray(whole)
        damaged[place] ^= 1 << numbers.randrange(8)
        file.write_bytes(damaged)
        assert used(store, shelf) == expected, place
        found = read_linked(str(file))
        if file.read_bytes() == damaged and found is not None:
            with pytest.raises(DamagedIndexError):  # in what was not asked for
                found.verify()
            assert not inspection.verify(store, [shelf.folder]).is_good


def test_damage_that_is_found_while_checking_or_saving(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    whole = file.read_bytes()
    linked = Linked(InMemory(whole))
    family = linked.index.number("app") or 0
    at = whole.index(bytes(linked.block(family)))
    file.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
    assert touch(store.view([shelf.folder]), NAMES) == direct([shelf.repository], NAMES)

    # What is watched of a family that is read each time is needed only for writing the file again.
    whole = file.read_bytes()
    linked = Linked(InMemory(whole))
    at = whole.index(bytes(linked.block(linked.index.number("env") or 0)))
    file.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
    shelf.tick()
    shelf.package("lib", "1.0", ["app"])
    view = store.view([shelf.folder])
    touch(view, ["lib"])
    view.save()
    Linked(InMemory(file.read_bytes())).verify()
    assert touch(store.view([shelf.folder]), NAMES) == direct([shelf.repository], NAMES)

    whole = file.read_bytes()
    linked = Linked(InMemory(whole))
    at = whole.index(bytes(linked.block(linked.index.number("comb") or 0)))
    file.write_bytes(whole[:at] + b"?" + whole[at + 1 :])
    assert store.view([shelf.folder]).refreshed().volatile.keys() == {"env"}


@pytest.mark.parametrize(
    "foreign",
    [
        b"",
        b"rezuplnk",
        b"something else entirely, and longer than any head of ours is",
        b"rezuplnk" + bytes(100),
    ],
)
def test_foreign_content_is_replaced(shelf: Shelf, tmp_path: Path, foreign: bytes) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    file.write_bytes(foreign)
    assert used(store, shelf) == direct([shelf.repository], NAMES)
    assert read_linked(str(file)) is not None


def test_an_index_of_something_else_is_not_used(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    other = filled(tmp_path / "other")
    index_of(store, other).rename(file)
    assert used(store, shelf) == direct([shelf.repository], NAMES)
    found = IndexStore(tmp_path / "cache", settings="others")
    assert found.stored([shelf.folder]) is None


def test_a_file_that_can_not_be_read_any_more_is_a_damaged_one(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    expected = direct([shelf.repository], NAMES)
    view = store.view([shelf.folder])
    os.truncate(file, 600)  # under a reader that has it open
    assert view.use(lambda tables: {name: told(tables, name) for name in NAMES}) == expected
    closed = object.__new__(content.InFile)
    closed._descriptor = os.open(tmp_path, os.O_RDONLY)  # a folder has no content
    with pytest.raises(DamagedIndexError, match="can't be read"):
        closed.read(0, 1)


@pytest.mark.skipif(
    sys.platform == "win32" or (os.geteuid() == 0 and not Path("/dev/full").exists()), reason="no such place"
)
@pytest.mark.parametrize("place", ["a file", "/proc", None])
def test_where_nothing_can_be_kept_the_answers_are_the_same(
    shelf: Shelf, tmp_path: Path, place: str | None
) -> None:
    (tmp_path / "a file").write_text("")
    store = store_in(None if place is None else tmp_path / place)
    for _ in range(2):
        assert used(store, shelf) == direct([shelf.repository], NAMES)
        shelf.package("app", "3.0", ["lib-2"])
    assert inspection.index_files(store) == []
    assert inspection.clear(store) == []


def test_a_full_disk_leaves_the_old_index(shelf: Shelf, tmp_path: Path) -> None:
    resource = pytest.importorskip("resource")
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    before = file.read_bytes()
    shelf.tick()
    shelf.package("app", "3.0", ["lib-2"])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # Python ignores the signal
    try:
        answer = used(store, shelf)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert answer == direct([shelf.repository], NAMES)
    assert file.read_bytes() == before
    assert os.listdir(file.parent) == [file.name]


def test_without_a_folder_only_what_is_touched_is_read(shelf: Shelf) -> None:
    view = store_in(None).view([shelf.folder])
    view.use(lambda tables: tables.load(tables.number("only")))
    assert {name for name in view.doubtful if view._overlay[name].found} == set()
    view.use(lambda tables: tables.load(tables.number("app")))
    assert {name for name in view.doubtful if view._overlay[name].found} == {"app"}


def test_an_index_may_grow_from_what_is_touched(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    for names in (["app"], ["lib", "env"], NAMES):
        view = store.view([shelf.folder], whole=False)
        assert touch(view, names) == direct([shelf.repository], names)
        view.save()
    assert store.view([shelf.folder]).doubtful == ["env"]


# -- many at once


def resolve_again_and_again(cache: Path, packages: Path, seconds: float, number: int) -> None:
    shelf = Shelf(packages)
    store = store_in(cache, time.time_ns if number % 2 else ahead)
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if number == 0:
            shelf.package("lib", "1.0", ["only"])
        before = direct([shelf.repository], ["app", "comb"])
        assert used(store, shelf)["app"] == before["app"]


@pytest.mark.timeout(120)
def test_many_writers_and_readers_at_once(shelf: Shelf, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    cache = tmp_path / "cache"
    workers = [
        spawn.Process(target=resolve_again_and_again, args=(cache, shelf.path, 1.0, number))
        for number in range(4)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    assert used(store_in(cache), shelf) == direct([shelf.repository], NAMES)
    assert [name for name in os.listdir(cache) if not name.endswith(".idx")] == []


# -- shared indexes


def test_a_shared_index_serves_others_without_a_definition_being_read(shelf: Shelf, tmp_path: Path) -> None:
    path = store_in(tmp_path / "mine").write_shared(shelf.folder)
    assert path == shared_file(str(shelf.path))
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o644 or sys.platform == "win32"
    shelf.opened = 0
    for folder in (tmp_path / "yours", None):
        view = store_in(folder).view([shelf.folder])
        touched = view.use(lambda tables: {name: tables.versions(tables.number(name)) for name in NAMES[:3]})
        assert touched["app"] == tuple(f"{number}.0" for number in range(6))
        assert view.is_fresh()
    assert shelf.opened == 0

    shelf.tick()
    shelf.package("app", "3.0", ["lib-2"])
    shared = Path(path).read_bytes()
    yours = store_in(tmp_path / "yours")
    assert used(yours, shelf) == direct([shelf.repository], NAMES)
    assert Path(path).read_bytes() == shared
    assert inspection.status(yours, [shelf.folder]).is_shared is False
    assert inspection.status(store_in(tmp_path / "theirs"), [shelf.folder]).is_shared is True
    assert inspection.status(store_in(tmp_path / "theirs"), [shelf.folder]).stale == ("app",)

    other = filled(tmp_path / "other")
    folders = [other.folder, shelf.folder]
    view = store_in(tmp_path / "theirs").view(folders)
    assert touch(view, NAMES) == direct([other.repository, shelf.repository], NAMES)


def test_a_shared_index_that_can_not_be_written_is_an_error(shelf: Shelf, tmp_path: Path) -> None:
    (shelf.path / ".rezup").write_text("")
    with pytest.raises(StoreError, match=r"\.rezup.* can't be written"):
        store_in(None).write_shared(shelf.folder)
    with pytest.raises(StoreError, match="there is no such folder"):
        store_in(None).write_shared(Shelf(tmp_path / "missing").folder)


# -- what is told of indexes


def test_status_tells_what_there_is_and_changes_nothing(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    missing = Shelf(tmp_path / "missing")
    status = inspection.status(store, [shelf.folder])
    assert status.file is None
    assert status.unread == ("app", "comb", "env", "lib")
    assert not (tmp_path / "cache").exists()
    folders = [shelf.folder, missing.folder]
    store.view(folders)
    status = inspection.status(store, folders)
    assert status.file is not None
    assert status.file.size == Path(status.file.path).stat().st_size
    assert (status.file.families, status.file.versions) == (3, 10)
    assert status.file.locations == status.locations == (str(shelf.path), str(missing.path))
    assert status.missing == (str(missing.path),)
    assert [name for name, _ in status.file.volatile] == ["env"]
    assert "imports os" in status.file.volatile[0][1]
    assert (status.unread, status.stale, status.is_shared) == ((), (), False)
    shelf.tick()
    shelf.package("app", "3.0", ["lib-2"])
    shelf.package("only", "1.0")
    (shelf.path / "comb.py").unlink()
    status = inspection.status(store, folders)
    assert (status.unread, status.stale) == (("only",), ("app", "comb"))


def test_verify_reads_everything_again(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    assert inspection.verify(store, [shelf.folder]) == (0, 0, (), (), (), "")
    file = index_of(store, shelf)
    good = inspection.verify(store, [shelf.folder])
    assert good.is_good
    assert (good.families, good.versions, [name for name, _ in good.volatile]) == (3, 10, ["env"])
    shelf.tick()
    shelf.package("app", "3.0", ["lib-2"])
    assert inspection.verify(store, [shelf.folder]).stale == ("app",)
    # By a file system that lies: the edit is found only by reading.
    found = inspection.verify(store_in(tmp_path / "cache", trust_releases=True), [shelf.folder])
    assert [each.family for each in found.differences] == ["app"]
    assert not found.is_good
    file.write_bytes(b"?")
    assert not inspection.verify(store, [shelf.folder]).is_good


def test_clear_deletes_indexes_and_what_killed_writers_left(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    (file.parent / f".{file.name}.1.ab.tmp").write_text("")
    (file.parent / "keep.txt").write_text("")
    (file.parent / "0.idx").write_text("?")
    files = inspection.index_files(store)
    assert [bool(each.problem) for each in files] == [
        each.path == str(file.parent / "0.idx") for each in files
    ]
    assert inspection.clear(store) == files
    assert os.listdir(file.parent) == ["keep.txt"]


def test_damage_is_told_where_files_are_listed(shelf: Shelf, tmp_path: Path) -> None:
    store = store_in(tmp_path / "cache")
    file = index_of(store, shelf)
    data = file.read_bytes()
    file.write_bytes(data[:-3] + b"???")
    (told_of,) = inspection.index_files(store)
    assert "damaged" in told_of.problem
    assert told_of.locations == (str(shelf.path),)


def test_windows_reads_a_file_at_once(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = store_in(tmp_path / "cache")
    index_of(store, shelf)
    monkeypatch.delattr(os, "pread", raising=False)
    assert used(store, shelf) == direct([shelf.repository], NAMES)
