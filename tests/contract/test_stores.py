"""The same cases against every store."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE, Store
from rezup.stores.local import LEASE, LocalStore
from rezup.stores.memory import MemoryStore
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp

FOO = ContainerName("foo")
FILES = {RECIPE: b"recipe", RECEIPT: b"{}"}


@pytest.fixture(params=["local", "remote", "memory"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    root = tmp_path / "a b\"c'é"
    root.mkdir()
    (root / "README").write_text("a share is never quite empty")
    return {"local": LocalStore(root), "remote": RemoteStore(root, timeout=60), "memory": MemoryStore()}[
        request.param
    ]


def test_a_new_store_is_empty(store: Store) -> None:
    assert store.containers() == ()
    assert store.listing(FOO).newest is None
    assert not store.listing(FOO).exists


def test_what_was_published_is_listed_and_read(store: Store) -> None:
    stamp = store.publish(FOO, FILES, Stamp("100.000001"))
    assert stamp == "100.000001"
    assert store.containers() == ("foo",)
    assert store.listing(FOO).everything == {stamp}
    assert store.listing(FOO).exists
    assert store.read(FOO, stamp, RECIPE) == b"recipe"


def test_one_look_at_all_tells_what_a_look_at_each_tells(store: Store) -> None:
    assert store.overview() == {}
    for number in (2, 1, 3):
        store.publish(FOO, FILES, Stamp(f"{number}.000000"))
    store.publish(ContainerName("bar"), FILES, Stamp("7.000000"))
    assert list(store.overview()) == ["bar", "foo"]
    assert store.overview() == {name: store.listing(name) for name in store.containers()}


def test_what_is_missing_reads_as_none(store: Store) -> None:
    stamp = store.publish(FOO, FILES, Stamp("100.000001"))
    assert store.read(FOO, stamp, "pylock.toml") is None
    assert store.read(FOO, Stamp("5.0"), RECIPE) is None
    assert store.read(ContainerName("bar"), stamp, RECIPE) is None


def test_a_stamp_is_always_greater_than_those_before_even_when_a_clock_runs_backwards(store: Store) -> None:
    first = store.publish(FOO, FILES, Stamp("200.000000"))
    second = store.publish(FOO, FILES, Stamp("100.000000"))
    third = store.publish(FOO, FILES, Stamp("200.000000"))
    assert store.listing(FOO).newest_first() == [third, second, first]


def test_publishers_at_the_same_moment_get_names_of_their_own(store: Store) -> None:
    stamps: list[Stamp] = []
    start = threading.Barrier(8)

    def publish() -> None:
        start.wait()
        for _ in range(5):
            stamps.append(store.publish(FOO, FILES, Stamp("300.000000")))

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(stamps)) == 40
    assert store.listing(FOO).everything == set(stamps)


def test_a_removed_revision_is_gone_and_removing_it_again_is_fine(store: Store) -> None:
    stamp = store.publish(FOO, FILES, Stamp("100.0"))
    store.remove(FOO, stamp)
    store.remove(FOO, stamp)
    assert store.listing(FOO).newest is None
    assert store.read(FOO, stamp, RECIPE) is None
    assert store.containers() == ()


def test_revisions_sort_by_value(store: Store) -> None:
    for text in ("1.25", "9.000000", "9.5", "10.000000"):
        store.publish(FOO, FILES, Stamp(text))
    assert store.listing(FOO).newest == "10.000000"
    assert store.listing(FOO).newest_first() == ["10.000000", "9.5", "9.000000", "1.25"]


@pytest.fixture(params=[LocalStore, RemoteStore])
def folder_store(request: pytest.FixtureRequest, tmp_path: Path) -> LocalStore | RemoteStore:
    made: LocalStore | RemoteStore = request.param(tmp_path)
    return made


def test_staging_trash_and_foreign_entries_are_no_revisions(folder_store: LocalStore, tmp_path: Path) -> None:
    stamp = folder_store.publish(FOO, FILES, Stamp("100.0"))
    for name in (".staging-1-aa", ".trash-1-aa", "notes", "1.2.3", "._100.0", "101"):
        (tmp_path / "foo" / name).mkdir()
    (tmp_path / "foo" / "102.0").write_text("a file")
    (tmp_path / "foo" / "103.0").symlink_to(tmp_path)
    assert folder_store.listing(FOO).everything == {stamp}


def test_revisions_of_rezup_2_are_listed_beside_ours(folder_store: LocalStore, tmp_path: Path) -> None:
    old = tmp_path / "foo" / "revisions" / "50.1234567"
    old.mkdir(parents=True)
    (old / RECIPE).write_bytes(b"old")
    stamp = folder_store.publish(FOO, FILES, Stamp("100.0"))
    listing = folder_store.listing(FOO)
    assert listing.legacy == {"50.1234567"}
    assert listing.newest_first() == [stamp, "50.1234567"]
    assert folder_store.read(FOO, Stamp("50.1234567"), RECIPE) == b"old"
    folder_store.remove(FOO, Stamp("50.1234567"))
    assert folder_store.listing(FOO).everything == {stamp}


def test_a_pin_is_read_and_one_that_names_no_revision_is_told(
    folder_store: LocalStore, tmp_path: Path
) -> None:
    stamp = folder_store.publish(FOO, FILES, Stamp("100.0"))
    (tmp_path / "foo" / "pin").write_text(f"{stamp}\n")
    assert folder_store.listing(FOO).pin == stamp
    (tmp_path / "foo" / "pin").write_text("../../etc\n")
    assert folder_store.listing(FOO).pin is None
    assert folder_store.listing(FOO).damaged_pin == "../../etc"


def test_a_folder_that_is_no_revision_of_ours_is_not_removed(
    folder_store: LocalStore, tmp_path: Path
) -> None:
    from rezup.errors import StoreError

    precious = tmp_path / "foo" / "100.0"
    precious.mkdir(parents=True)
    (precious / "data").write_text("mine")
    with pytest.raises(StoreError, match="no revision"):
        folder_store.remove(FOO, Stamp("100.0"))
    assert (precious / "data").read_text() == "mine"


def test_a_container_that_is_a_link_out_of_the_root_is_not_removed_from(tmp_path: Path) -> None:
    from rezup.errors import StoreError

    victim, root = tmp_path / "victim", tmp_path / "root"
    LocalStore(victim.parent).publish(ContainerName("victim"), FILES, Stamp("100.0"))
    root.mkdir()
    (root / "foo").symlink_to(victim)
    with pytest.raises(StoreError, match="outside of the root"):
        LocalStore(root).remove(FOO, Stamp("100.0"))
    assert (victim / "100.0" / RECIPE).is_file()


def test_published_files_are_readable_by_all_and_writable_by_the_owner_under_any_umask(
    folder_store: LocalStore, tmp_path: Path
) -> None:
    import os

    before = os.umask(0o077)
    try:
        stamp = folder_store.publish(FOO, FILES, Stamp("100.0"))
        os.umask(0)
        other = folder_store.publish(FOO, FILES, Stamp("101.0"))
    finally:
        os.umask(before)
    for revision in (stamp, other):
        folder = folder_store.folder(FOO, revision)
        assert folder.stat().st_mode & 0o777 == 0o755
        assert (folder / RECIPE).stat().st_mode & 0o777 == 0o644
    assert (tmp_path / "foo").stat().st_mode & 0o777 == 0o755


def test_a_local_revision_in_use_is_not_removed(tmp_path: Path) -> None:
    from rezup.errors import RevisionInUseError

    store = LocalStore(tmp_path)
    staging = store.stage(FOO)
    (staging / RECIPE).write_bytes(b"")
    stamp = store.adopt(FOO, staging, Stamp("100.0"))
    hold = store.hold(FOO, stamp)
    with pytest.raises(RevisionInUseError):
        store.remove(FOO, stamp)
    assert (store.folder(FOO, stamp) / LEASE).is_file()
    hold.release()
    store.remove(FOO, stamp)
    assert store.listing(FOO).newest is None


def test_two_pulls_of_one_revision_end_with_one(tmp_path: Path) -> None:
    store = LocalStore(tmp_path)
    first, second = store.stage(FOO), store.stage(FOO)
    for staging in (first, second):
        (staging / RECIPE).write_text(staging.name)
    assert store.settle(FOO, first, Stamp("100.0"))
    assert not store.settle(FOO, second, Stamp("100.0"))
    assert (store.folder(FOO, Stamp("100.0")) / RECIPE).read_text() == first.name
    assert second.is_dir()


def test_sweeping_takes_old_leavings_of_the_dead_only(tmp_path: Path) -> None:
    import os

    store = LocalStore(tmp_path)
    mine = store.stage(FOO)
    host = mine.name.split("-")[1]
    gone = 2**22 - 1  # above what Linux gives out by default
    dead = mine.with_name(f".staging-{host}-{gone}-0123abcd")
    elsewhere = mine.with_name(".staging-00000000-1-0123abcd")
    ancient = mine.with_name(".trash-00000000-1-0123abcd")
    young = mine.with_name(f".staging-{host}-{gone}-0123abce")
    foreign = mine.with_name(".trash-notes")
    for folder in (dead, elsewhere, ancient, young, foreign):
        folder.mkdir()
    for folder, age in ((mine, 9e4), (dead, 100), (elsewhere, 100), (ancient, 9e4), (foreign, 9e9)):
        moment = max(os.stat(tmp_path).st_mtime - age, 1)
        os.utime(folder, (moment, moment))
    from rezup.system import locks

    hold = locks.hold(mine / LEASE)
    store.sweep(FOO)
    hold.release()
    assert {mine, elsewhere, young, foreign} == set(mine.parent.iterdir())


def test_nothing_is_swept_or_built_through_a_container_that_is_a_link(tmp_path: Path) -> None:
    from rezup.errors import StoreError

    victim = tmp_path / "victim"
    (victim / ".trash-00000000-1-0123abcd").mkdir(parents=True)
    import os

    os.utime(victim / ".trash-00000000-1-0123abcd", (1, 1))
    root = tmp_path / "root"
    root.mkdir()
    (root / "foo").symlink_to(victim)
    LocalStore(root).sweep(FOO)
    assert [p.name for p in victim.iterdir()] == [".trash-00000000-1-0123abcd"]
    with pytest.raises(StoreError, match="is a link"):
        LocalStore(root).stage(FOO)


def test_a_link_put_into_the_way_of_a_removal_leads_nowhere(tmp_path: Path) -> None:
    from rezup.stores import folder as folders

    victim = tmp_path / "victim"
    LocalStore(tmp_path).publish(ContainerName("victim"), FILES, Stamp("100.0"))
    root = tmp_path / "root"
    store = LocalStore(root)
    store.publish(FOO, FILES, Stamp("100.0"))
    (root / "foo").rename(root / "moved")
    (root / "foo").symlink_to(victim)
    with pytest.raises(OSError, match="."):  # noqa: RUF043
        folders._take_away(root, root / "foo" / "100.0", ".trash-00000000-1-0123abcd")
    assert (victim / "100.0" / RECIPE).is_file()


def test_there_is_an_end_of_stamps(folder_store: LocalStore, tmp_path: Path) -> None:
    from rezup.errors import InvalidNameError

    (tmp_path / "foo" / "999999999999.999999").mkdir(parents=True)
    with pytest.raises(InvalidNameError):
        folder_store.publish(FOO, FILES, Stamp("100.0"))


def test_an_empty_remote_root_is_unreachable_as_a_mount_point_without_its_share(tmp_path: Path) -> None:
    from rezup.errors import RemoteUnreachableError

    with pytest.raises(RemoteUnreachableError):
        RemoteStore(tmp_path, timeout=60).listing(FOO)
    RemoteStore(tmp_path, timeout=60).publish(FOO, FILES, Stamp("100.0"))
    assert not RemoteStore(tmp_path, timeout=60).listing(ContainerName("bar")).exists


def test_a_pin_that_can_not_be_read_stops_nobody(tmp_path: Path) -> None:
    import os

    store = LocalStore(tmp_path)
    stamp = store.publish(FOO, FILES, Stamp("100.0"))
    (tmp_path / "foo" / "pin").mkdir()
    assert store.listing(FOO).damaged_pin is not None
    (tmp_path / "foo" / "pin").rmdir()
    os.mkfifo(tmp_path / "foo" / "pin")
    assert store.listing(FOO).newest == stamp


@pytest.mark.parametrize("name", ["a:b", "a$b", "a`b", "a%b", "a\nb"])
def test_roots_that_rez_could_not_run_in_are_refused(name: str) -> None:
    from rezup.errors import StoreError

    with pytest.raises(StoreError, match="can't hold Rez"):
        LocalStore(Path("/somewhere") / name).check_root()
    LocalStore(Path("/somewhere/a b\"c'é")).check_root()


def test_an_absent_remote_root_is_unreachable_not_empty(tmp_path: Path) -> None:
    from rezup.errors import RemoteUnreachableError

    remote = RemoteStore(tmp_path / "unmounted", timeout=60)
    with pytest.raises(RemoteUnreachableError):
        remote.listing(FOO)
    with pytest.raises(RemoteUnreachableError):
        remote.containers()


def test_a_remote_that_hangs_is_given_up(tmp_path: Path) -> None:
    import os

    from rezup.errors import RemoteUnreachableError

    revision = tmp_path / "foo" / "100.0"
    revision.mkdir(parents=True)
    os.mkfifo(revision / RECIPE)  # opening it blocks for ever, as on a dead mount
    with pytest.raises(RemoteUnreachableError, match="unreachable"):
        RemoteStore(tmp_path, timeout=0.2).read(FOO, Stamp("100.0"), RECIPE)
