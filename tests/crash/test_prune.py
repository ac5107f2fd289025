"""A prune that is killed, or races with those who use what it looks at, breaks nothing."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import support.killed_prune
from rezup.session import Session
from rezup.stores.remote import RemoteStore
from rezup.system.leftovers import SWEEP_AFTER
from rezup.wheelhouse.store import Wheelhouse
from support.wheelhouses import wheel_of, write

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by signal")

OLD, MIDDLE, NEW = STAMPS = ("100.000000", "200.000000", "300.000000")
MONTH = 30 * 86400.0


def revision(world: World, stamp: str) -> Path:
    """One that was made a month ago, and is there at once as such."""
    made = world.revision("foo", stamp)
    os.utime(made, (time.time() - MONTH,) * 2)
    return made


def kill(world: World, what: str, stage: str, edge: str) -> int:
    return subprocess.run(
        [sys.executable, support.killed_prune.__file__, what, stage, edge],
        env={**world.unmeasured, "PYTHONPATH": str(Path(support.killed_prune.__file__).parents[1])},
        capture_output=True, cwd=world.home, check=False, timeout=120,
    ).returncode  # fmt: skip


def leave_alone(folder: Path) -> None:
    """Let what was left be as old as what is swept."""
    old = time.time() - SWEEP_AFTER - 1
    for left in folder.glob(".trash-*"):
        os.utime(left, (old, old))


MOMENTS = [(stage, edge) for stage in ("trash", "delete") for edge in ("start", "end")]


@pytest.mark.parametrize(
    ("stage", "edge"), [("remove", "start"), *MOMENTS, ("file", "0"), ("file", "2"), ("remove", "end")]
)
def test_a_killed_prune_leaves_whole_revisions_only(world: World, stage: str, edge: str) -> None:
    for stamp in STAMPS:
        revision(world, stamp)
    contents = {stamp: sorted((world.root / "foo" / stamp).rglob("*")) for stamp in STAMPS}
    assert kill(world, "revisions", stage, edge) == -signal.SIGKILL
    is_gone = stage in ("delete", "file") or edge == "end"
    assert world.stamps() == ([NEW, MIDDLE] if is_gone else [NEW, MIDDLE, OLD])
    for stamp in world.stamps():
        assert sorted((world.root / "foo" / stamp).rglob("*")) == contents[stamp]
    for target, stamp in (("foo", NEW), (f"foo@{MIDDLE}", MIDDLE)):
        outcome = world.rezup("use", target, "--", "rez")
        assert (outcome.code, outcome.out, outcome.err) == (0, f"rez of {stamp}\n", "")
    leave_alone(world.root / "foo")
    assert world.rezup("prune", "--yes").code == 0
    assert [path.name for path in (world.root / "foo").iterdir()] == [NEW]


@pytest.mark.parametrize(("stage", "edge"), [*MOMENTS, ("file", "0"), ("file", "1")])
def test_a_killed_prune_of_wheels_leaves_whole_ones_only(
    world: World, tmp_path: Path, stage: str, edge: str
) -> None:
    studio = tmp_path / "studio"
    house = Wheelhouse(studio)
    for data in (b"one", b"two"):
        house.put(write(tmp_path / "made.whl", data), wheel_of(data)._replace(name="foo-1-py3-none-any.whl"))
        folder = house.put(write(tmp_path / "made.whl", data), wheel_of(data)).parent
        os.utime(folder, (time.time() - MONTH,) * 2)
    world.variables["REZUP_ROOT_REMOTE"] = str(studio)
    (studio / "foo").mkdir()
    assert RemoteStore(studio).containers() == ()
    assert kill(world, "wheels", stage, edge) == -signal.SIGKILL
    left = house.names()
    assert len(left) == (1 if stage in ("delete", "file") or edge == "end" else 2)
    whole = {wheel_of(data).sha256: wheel_of(data) for data in (b"one", b"two")}
    assert all(house.find(whole[name]) is not None for name in left)
    assert all(len(house.content(name)) == 2 for name in left)
    leave_alone(house.folder)
    assert world.rezup("prune", "--remote", "--yes").code == 0
    assert list(house.folder.iterdir()) == []


# -- races ------------------------------------------------------------------------------------


@contextlib.contextmanager
def repeated(work: Callable[[], None]) -> Iterator[None]:
    """Something that is done again and again meanwhile."""
    is_over = threading.Event()

    def loop() -> None:
        while not is_over.is_set():
            work()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(loop)
        try:
            yield
        finally:
            is_over.set()
        running.result()


def race(world: World, count: int) -> None:
    """Uses beside a prune that never stops, and new revisions that make the others old all the time."""
    stamps = (f"{seconds}.000000" for seconds in itertools.count(1000))
    revision(world, next(stamps))
    removed: list[int] = []

    def prune() -> None:
        revision(world, next(stamps))
        found = Session.create(environ=world.environ).removal().old_revisions(remove=True)
        assert found.failures == ()
        removed.append(len(found.removed))

    def use(_: int) -> Outcome:
        # Rez is looked up after a while: one that was removed under its user isn't found.
        return world.rezup("use", "foo", "--", "sh", "-c", "sleep 0.05; rez", timeout=300)

    with repeated(prune), ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(use, range(count)))
    for outcome in outcomes:
        assert (outcome.code, outcome.err) == (0, "")
        assert outcome.out.startswith("rez of ")
    assert sum(removed) > 0
    assert len({outcome.out for outcome in outcomes}) > 1
    prune()
    assert list((world.root / "foo").glob(".trash-*")) == []
    assert len(world.stamps()) == 1


def test_a_prune_that_races_with_uses_breaks_none(world: World) -> None:
    race(world, 40)


@pytest.mark.slow
def test_a_prune_that_races_with_a_thousand_uses_breaks_none(world: World) -> None:
    race(world, 1000)


def test_two_prunes_at_once_both_work(world: World) -> None:
    for number in range(12):
        revision(world, f"{100 + number}.000000")
    with ThreadPoolExecutor(4) as pool:
        outcomes = list(pool.map(lambda _: world.rezup("prune", "--yes"), range(4)))
    assert [outcome.code for outcome in outcomes] == [0] * 4, [outcome.err for outcome in outcomes]
    assert world.stamps()[0] == "111.000000"
    assert world.rezup("prune", "--yes").code == 0  # one that looks at a lease is a user for the others
    assert [path.name for path in (world.root / "foo").iterdir()] == ["111.000000"]
    assert world.rezup("use", "foo", "--", "rez").code == 0
