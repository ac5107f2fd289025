"""Several repositories, those of another kind, settings, and changes while somebody reads."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.errors import PackageDefinitionError, PackageNotFoundError
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.version import Version
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.index_store.folders import PackageFolder, real_folder
from rezup.runtime.index_store.watch import JUST_CHANGED
from support.package_shelves import Shelf, ahead, direct, store_in, told, touch

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.resolver.index.tables import Tables

NAMES = ["app", "lib", "new", "only", "mem", "nothing"]


@pytest.fixture
def shelves(tmp_path: Path) -> list[Shelf]:
    """Three repositories; the last one is not there."""
    one, two, three = (Shelf(tmp_path / name) for name in ("one", "two", "three"))
    one.package("app", "1.0", ["lib-1"])
    one.package("app", "2.0", ["lib"])
    two.package("app", "2.0", ["lib-2"])
    two.package("app", "3.0")
    two.package("lib", "1.0")
    two.package("only", "1.0", ["new-1"])
    return [one, two, three]


CHANGES: dict[str, Callable[[list[Shelf]], object]] = {
    "first": lambda s: s[0].package("app", "1.0", ["lib-9"]),
    "second": lambda s: s[1].package("app", "3.0", ["lib-9"]),
    "shadowed": lambda s: s[1].package("app", "2.0", ["lib-9"]),
    "shadowing": lambda s: s[0].package("app", "3.0", ["lib-9"]),
    "in the first": lambda s: s[0].package("lib", "1.0", ["only"]),
    "in the missing one": lambda s: s[2].package("lib", "1.0", ["only"]),
    "new in the missing one": lambda s: s[2].package("new", "1.0", ["only"]),
    "new": lambda s: s[1].package("new", "1.0"),
    "gone from the second": lambda s: (s[1].path / "only").rename(s[1].path / "new"),
    "moved": lambda s: (s[1].path / "only").rename(s[0].path / "only"),
    "the second is gone": lambda s: s[1].path.rename(s[1].path.parent / "old"),
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("clock", [time.time_ns, ahead])
@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 0), (0, 1, 0), (1, 2)])
def test_changes_in_any_of_several_repositories(
    shelves: list[Shelf], tmp_path: Path, order: tuple[int, ...], clock: Callable[[], int], change: str
) -> None:
    used = [shelves[place] for place in order]
    cache = tmp_path / "cache"

    def look(*, keep: bool = True) -> None:
        view = store_in(cache, clock).view([shelf.folder for shelf in used])
        assert touch(view, NAMES) == direct([shelf.repository for shelf in used], NAMES)
        if keep:
            view.save()

    look()
    look(keep=False)
    shelves[0].tick()
    CHANGES[change](shelves)
    look(keep=False)
    look()
    look()
    used.pop()  # put together anew from what is stored of each
    look()


def test_a_family_that_was_added_while_its_repository_had_an_index_is_in_a_joint_one(
    shelves: list[Shelf], tmp_path: Path
) -> None:
    one, two, _ = shelves
    store = store_in(tmp_path / "cache", time.time_ns)
    for shelf in (one, two):
        store.view([shelf.folder])
    one.package("new", "1.0", ["app"])
    view = store.view([one.folder, two.folder])
    assert touch(view, ["new"]) == direct([one.repository, two.repository], ["new"])


def test_an_index_is_not_written_again_and_again_because_a_repository_is_missing(
    shelves: list[Shelf], tmp_path: Path
) -> None:
    store = store_in(tmp_path / "cache")
    folders = [shelf.folder for shelf in shelves]
    view = store.view(folders)
    shelves[0].tick()
    shelves[0].package("new", "1.0")
    view = store.view(folders)
    touch(view, NAMES)
    view.save()
    before = os.stat(store.file(store.scope(folders)) or "")
    for _ in range(2):
        view = store.view(folders)
        touch(view, NAMES)
        view.save()
    assert os.stat(store.file(store.scope(folders)) or "") == before


def memory(*versions: str, requires: tuple[str, ...] = ()) -> MemoryRepository:
    return MemoryRepository([PackageRecord("app", Version(text), requires) for text in versions])


def test_packages_in_memory_are_seen_at_their_place_and_never_kept(
    shelves: list[Shelf], tmp_path: Path
) -> None:
    one, two, _ = shelves
    store = store_in(tmp_path / "cache")
    folders = [one.folder, two.folder]
    for passing in (memory("3.0", "9.0"), memory("2.0"), memory()):
        view = store.view([folders[0], passing, folders[1]])
        found = touch(view, NAMES)
        view.save()
        assert found == direct([one.repository, passing, two.repository], NAMES)
        view = store.view(folders)
        assert touch(view, NAMES) == direct([one.repository, two.repository], NAMES)
        view.save()


def test_a_view_that_stays_asks_repositories_of_another_kind_each_time(
    shelves: list[Shelf], tmp_path: Path
) -> None:
    class Changing(MemoryRepository):
        def replace(self, records: list[PackageRecord]) -> None:
            self.__init__(records)  # type: ignore[misc]  # begin anew

    passing = Changing([PackageRecord("mem", Version("1"))])
    view = store_in(tmp_path / "cache").view([passing, shelves[0].folder])
    for records in ([PackageRecord("mem", Version("2"))], [PackageRecord("app", Version("7"))], []):
        touch(view, NAMES)
        passing.replace(records)
        view.begin()
        assert touch(view, NAMES) == direct([passing, shelves[0].repository], NAMES)


def test_no_repository_at_all(tmp_path: Path) -> None:
    view = store_in(tmp_path / "cache").view([])
    assert touch(view, NAMES) == direct([], NAMES)
    view.save()


@pytest.mark.parametrize("clock", [time.time_ns, ahead])
@pytest.mark.parametrize("change", ["edit", "add version", "add family", "remove family"])
def test_a_change_while_somebody_reads(
    shelves: list[Shelf], tmp_path: Path, clock: Callable[[], int], change: str
) -> None:
    shelf = shelves[1]
    rounds = []

    def work(tables: Tables) -> object:
        answer = {name: told(tables, name) for name in NAMES}
        if not rounds:
            {
                "edit": lambda: shelf.package("app", "3.0", ["lib-4"]),
                "add version": lambda: shelf.package("app", "4.0", ["lib-4"]),
                "add family": lambda: shelf.package("new", "4.0", ["lib-4"]),
                "remove family": lambda: (shelf.path / "only").rename(shelf.path.parent / "only"),
            }[change]()
        rounds.append(answer)
        return answer

    store = store_in(tmp_path / "cache", clock)
    view = store.view([shelf.folder])
    shelf.tick()
    store.view([shelf.folder]).save()
    answer = store.view([shelf.folder]).use(work)
    if clock is ahead:
        assert answer == direct([shelf.repository], NAMES)
        assert len(rounds) == 2
    view = store.view([shelf.folder])
    assert touch(view, NAMES) == direct([shelf.repository], NAMES)


def test_a_definition_that_changes_while_it_is_read_is_read_again(tmp_path: Path) -> None:
    """Also where the clock of a file server is so far behind that the change seems to lie long back."""
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0", ["lib-1"])
    shelf.package("app", "2.0", ["lib-1"])

    class Slow(FilesystemRepository):
        def readings(self, name: str):  # type: ignore[no-untyped-def]
            for reading in super().readings(name):
                yield reading
                shelf.tick()
                shelf.package("app", "1.0", ["lib-2"])

    config = load_config({"HOME": os.devnull})
    store = store_in(tmp_path / "cache", ahead)
    store.view([PackageFolder(str(shelf.path), lambda path: Slow(path, config))])
    assert touch(store.view([shelf.folder]), ["app"]) == direct([shelf.repository], ["app"])


def test_an_error_of_the_work_counts_only_if_the_world_is_as_it_was(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0")
    store = store_in(tmp_path / "cache")
    store.view([shelf.folder])
    shelf.tick()
    shelf.package("app", "2.0")

    def work(tables: Tables) -> str:
        if "2.0" not in tables.versions(tables.number("app")):
            raise PackageNotFoundError("app-2")
        return "found"

    assert store.view([shelf.folder]).use(work) == "found"
    (shelf.path / "app/2.0").rename(shelf.path / "app/2.1")
    with pytest.raises(PackageNotFoundError):
        store.view([shelf.folder]).use(work)


def test_trusted_releases_show_new_versions_but_no_edits(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0", ["lib-1"])
    shelf.write("comb.py", "versions = ['1']\n")
    store = store_in(tmp_path / "cache", trust_releases=True)
    names = ["app", "comb"]
    before = touch(store.view([shelf.folder]), names)
    shelf.tick()
    shelf.package("app", "1.0", ["lib-2"])
    view = store.view([shelf.folder])
    assert touch(view, names) == before
    shelf.write("comb.py", "versions = ['2']\n")  # has no folder that could be trusted
    shelf.package("app", "2.0")
    view = store.view([shelf.folder])
    assert touch(view, names) == direct([shelf.repository], names)


def test_what_can_be_kept_is_only_what_lies_some_time_back(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0", ["lib-1"])
    store = store_in(tmp_path / "cache", time.time_ns)
    assert store.view([shelf.folder]).linked.volatile == {"app": JUST_CHANGED}
    later = store_in(tmp_path / "cache", ahead)
    view = later.view([shelf.folder])
    touch(view, ["app"])
    view.save()
    assert later.view([shelf.folder]).linked.volatile == {}
    # A time that somebody set says nothing of when that was.
    os.utime(shelf.path / "app/1.0/package.py", (2e9 + 1e9, 2e9 + 1e9))
    view = later.view([shelf.folder])
    touch(view, ["app"])
    view.save()
    assert later.view([shelf.folder]).linked.volatile == {} or sys.platform == "win32"


@pytest.mark.parametrize(
    ("overrides", "filenames", "changes"),
    [
        (
            {"plugins": {"package_repository": {"filesystem": {"check_package_definition_files": True}}}},
            ("package",),
            ["app/2.0/package.yaml", "app/2.0/package.py", "app/3.0/none", "app/3.0/package.py"],
        ),
        (
            {"plugins": {"package_repository": {"filesystem": {"package_filenames": ["own", "package"]}}}},
            ("own", "package"),
            ["app/2.0/package.py", "app/2.0/own.yaml", "app/1.0/own.yaml", "app/1.0/own.py", "app/own.py"],
        ),
        ({"allow_unversioned_packages": False}, ("package",), ["app/package.py", "app/1.0/package.py"]),
    ],
)  # fmt: skip
def test_settings_that_say_what_a_definition_is(
    tmp_path: Path, overrides: dict[str, object], filenames: tuple[str, ...], changes: list[str]
) -> None:
    config = load_config({"HOME": os.devnull}).with_overrides(overrides)
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0", ["lib-1"])
    if "plugins" in overrides:
        (shelf.path / "app/2.0").mkdir()
    folder = PackageFolder(str(shelf.path), lambda path: FilesystemRepository(path, config), filenames)
    store = store_in(tmp_path / "cache")
    answers = []
    for number, change in enumerate(["", *changes]):
        shelf.tick()
        if change:
            sign = ":" if change.endswith("yaml") else " ="
            shelf.write(change, f"requires{sign} ['lib-{number}']\ntimestamp{sign} 5\n")
        for _ in range(2):
            view = store.view([folder])
            expected = direct([FilesystemRepository(str(shelf.path), config)], ["app"])
            assert touch(view, ["app"]) == expected, change
            view.save()
        answers.append(expected)
    assert len([each for each in answers if answers.count(each) > 1]) <= 2  # the changes count


@pytest.mark.skipif(sys.platform == "win32", reason="needs links")
def test_a_folder_has_one_name_however_it_is_reached(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0")
    (tmp_path / "link").symlink_to("packages")
    for path in (shelf.path, tmp_path / "link", tmp_path / "x/../packages", tmp_path / "missing"):
        location = FilesystemRepository(str(path), load_config({"HOME": os.devnull})).location
        assert real_folder(str(path)) == location
        assert repr(PackageFolder(str(path), lambda _: shelf.repository)) == f"PackageFolder({location!r})"


def test_a_valid_index_needs_nothing_that_reads_definitions(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0", ["lib-1"])
    shelf.write("yam/1.0/package.yaml", "requires: [lib-1]\n")
    store_in(tmp_path / "cache").view([shelf.folder])
    program = f"""
import sys
opened, first = [], set(sys.modules)
sys.addaudithook(lambda event, given: opened.append(given[0]) if event == "open" else None)
from rezup.runtime.index_store.store import IndexStore
from rezup.runtime.index_store.folders import PackageFolder
before = set(sys.modules)
view = IndexStore({str(tmp_path / "cache")!r}, settings="of tests").view([PackageFolder({str(shelf.path)!r}, None)])
def work(tables):
    return [tables.versions(tables.number(name)) for name in ("app", "yam", "lib")]
print(view.use(work))
view.save()
print(sorted(set(sys.modules) - before))
heavy = "ast hashlib json rezup.system rezup.runtime.filesystem rezup.runtime.package rezup.runtime.nature rezup.runtime.config"
print([name for name in heavy.split() if name in set(sys.modules) - first])
print([name for name in opened if "package." in str(name)])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[('1.0',), ('1.0',), ()]", "[]", "[]", "[]"]


def test_a_family_that_can_not_be_read_at_all_raises_when_it_is_asked_for(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0")
    shelf.write("comb.py", "versions = [\n")
    view = store_in(tmp_path / "cache").view([shelf.folder])
    assert touch(view, ["app"]) == direct([shelf.repository], ["app"])
    with pytest.raises(PackageDefinitionError, match=r"comb\.py"):
        view.use(lambda tables: tables.load(tables.number("comb")))


def test_what_was_not_touched_is_fresh_and_what_was_read_can_be_picked(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path / "packages")
    shelf.package("app", "1.0")
    view = store_in(None).view([shelf.folder])
    assert view.is_fresh()
    lazy = view._overlay["app"]
    assert [str(record.version) for record in lazy] == ["1.0"]
    assert (len(lazy), lazy[0].name, lazy[0:1]) == (1, "app", lazy.records)


def test_a_view_that_stays_sees_a_family_that_moves_between_its_repositories(
    shelves: list[Shelf], tmp_path: Path
) -> None:
    used = shelves[:2]
    view = store_in(tmp_path / "cache").view([shelf.folder for shelf in used])
    for source, target in ((1, 0), (0, 1)):
        used[0].tick()
        (used[source].path / "only").rename(used[target].path / "only")
        view.begin()
        assert touch(view, NAMES) == direct([shelf.repository for shelf in used], NAMES)
        used[0].tick()
        used[source].package("only", "1.0", ["lib-2"])
        view.begin()
        assert touch(view, NAMES) == direct([shelf.repository for shelf in used], NAMES)
        (used[source].path / "only").rename(tmp_path / f"gone{source}")
