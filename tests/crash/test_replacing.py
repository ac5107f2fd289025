"""A broken revision that another one takes the place of, while others look at it, remove it or would use it."""

from __future__ import annotations

import errno
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import RevisionInUseError
from rezup.recipes.names import ContainerName
from rezup.reporting import Reporter
from rezup.session import Session
from rezup.stores import local
from rezup.stores.local import LocalStore
from rezup.stores.stamps import Stamp
from rezup.system import files, locks
from rezup.system.leftovers import new_aside
from rezup.system.swapping import swap
from support.listeners import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks up open files in /proc")

FOO, STAMP = ContainerName("foo"), Stamp("100.000000")


def session_of(world: World, reporter: Reporter | None = None) -> Session:
    return Session.create(environ=world.environ, reporter=reporter or Reporter())


def acquired(world: World, reporter: Reporter | None = None) -> Stamp:
    session = session_of(world, reporter)
    found = session.acquire(session.place("foo"))
    found.hold.release()
    return found.revision.stamp


def foreseen(world: World) -> Stamp | None:
    session = session_of(world)
    found = session.foresee(session.place("foo"))
    assert found.way == "ready"
    return found.stamp


def listed(world: World) -> Stamp | None:
    return LocalStore(world.root).listing(FOO).newest


def overview(world: World) -> Stamp | None:
    found = LocalStore(world.root).overview().get(FOO)
    return None if found is None else found.newest


LOOKS = [acquired, foreseen, listed, overview]


def put_aside(folder: Path, *, pid: int | None = None) -> Path:
    """Take its name away, as whoever is about to give that to another one does."""
    name = new_aside(folder.name)
    if pid is not None:
        name = re.sub(r"-[0-9]+-", f"-{pid}-", name, count=1)
    return folder.rename(folder.with_name(name))


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


# -- in the moment without one ------------------------------------------------------------------


@pytest.mark.parametrize("look", LOOKS)
def test_who_comes_then_waits_for_it(world: World, look: Any) -> None:
    folder = world.revision("foo", STAMP)
    aside = put_aside(folder)
    with ThreadPoolExecutor() as pool:
        found = pool.submit(look, world)
        time.sleep(0.2)  # so that he surely has come
        assert not found.done()
        aside.rename(folder)
        assert found.result() == STAMP


@pytest.mark.parametrize("look", LOOKS)
def test_who_comes_when_the_other_was_killed_has_the_old_one_at_once(
    world: World, monkeypatch: pytest.MonkeyPatch, gone: int, look: Any
) -> None:
    monkeypatch.setattr(local, "_GAP", 1e9)
    put_aside(world.revision("foo", STAMP), pid=gone)
    assert look(world) == STAMP
    assert world.stamps() == [STAMP]


def test_who_waited_long_enough_gives_it_its_name_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_GAP", 0.1)
    put_aside(world.revision("foo", STAMP))
    assert acquired(world) == STAMP
    assert world.stamps() == [STAMP]


@pytest.mark.parametrize(("is_dead", "gap"), [(False, 0.1), (True, 1e9)])
def test_where_it_can_not_come_back_it_is_not_waited_for_for_ever(
    world: World, monkeypatch: pytest.MonkeyPatch, gone: int, is_dead: bool, gap: float
) -> None:
    def fails(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    put_aside(world.revision("foo", STAMP), pid=gone if is_dead else None)
    monkeypatch.setattr(local, "_GAP", gap)
    monkeypatch.setattr(files, "rename", fails)
    assert listed(world) is None


def test_an_aside_beside_the_new_one_is_not_waited_for(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(local, "_GAP", 1e9)
    put_aside(world.revision("foo", STAMP))
    world.revision("foo", STAMP)
    assert acquired(world) == STAMP


@pytest.mark.parametrize("name", ["not-a-stamp", "..", ""])
def test_what_others_called_so_is_left_alone(world: World, name: str) -> None:
    world.revision("foo", STAMP)
    foreign = world.root / "foo" / f"{new_aside('x')[:-1]}{name}"
    foreign.mkdir()
    assert listed(world) == STAMP
    assert foreign.is_dir()


# -- those who remove it ------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2])
def test_who_removes_the_broken_one_at_that_moment_does_not_take_the_new_one(
    world: World, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """He has opened the lease of the old one, and locks it when the new one is in its place."""
    import fcntl

    folder, store = world.revision("foo", STAMP), LocalStore(world.root)
    staging = store.stage(FOO)
    (staging / "revision.json").write_bytes((folder / "revision.json").read_bytes())
    flock, calls, held = fcntl.flock, [], []

    def delayed(descriptor: int, how: int) -> None:
        calls.append(how)
        if len(calls) == number:
            assert swap(staging, folder)
            files.remove_tree(staging)
            monkeypatch.setattr(fcntl, "flock", flock)
            held.append(locks.hold(folder / "lease"))
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", delayed)
    with pytest.raises(RevisionInUseError):
        store.remove(FOO, STAMP)
    assert len(calls) == number
    assert world.stamps() == [STAMP]
    held[0].release()
    assert store.remove(FOO, STAMP)


def test_a_ready_one_is_not_replaced(world: World) -> None:
    folder, store = world.revision("foo", STAMP), LocalStore(world.root)
    staging, before = store.stage(FOO), folder.stat().st_ino
    assert not store.replace(FOO, staging, STAMP, is_broken=lambda: False)
    assert folder.stat().st_ino == before
    assert staging.is_dir()


# -- what is said -------------------------------------------------------------------------------


def test_a_broken_one_that_can_not_be_deleted_is_told_of(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.recipe()
    stamp = acquired(world)
    (world.root / "foo" / stamp / "venv" / "rez" / "bin" / "python").unlink()
    heard = Listener()

    def refuses(path: Path) -> None:
        if path.name.startswith(".staging-") and path.parent.name == "foo":
            raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(files, "remove_tree", refuses)
    assert acquired(world, heard) == stamp
    assert [line for line in heard.warnings if "can't be deleted (Operation not permitted)" in line]


def test_a_pin_that_names_nothing_is_told_of_once_however_often_it_is_looked_at(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.revision("foo", STAMP)
    (world.root / "foo" / "pin").write_text("5.000000")
    asked, heard, hold = [], Listener(), LocalStore.hold

    def vanishing(store: LocalStore, container: ContainerName, stamp: Stamp) -> locks.Hold:
        asked.append(stamp)
        if len(asked) < 3:
            raise locks.Gone(stamp)
        return hold(store, container, stamp)

    monkeypatch.setattr(LocalStore, "hold", vanishing)
    assert acquired(world, heard) == STAMP
    assert len(asked) == 3
    (warning,) = heard.warnings
    assert "is ignored" in warning
