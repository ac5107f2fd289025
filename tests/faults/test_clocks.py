"""Clocks that are a day ahead or behind, and revisions of tomorrow."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

import support.faulty_clock
from rezup.containers import receipt as receipts
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from rezup.system.leftovers import STAGING, SWEEP_AFTER, new_name
from rezup.upgrade.automatic import _is_recent
from support.wheels import write_rez
from support.world import Outcome, World, fake_receipt

FOO = ContainerName("foo")
DAY = 86400.0


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all worlds here: the second build of the same takes it from there."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def world(world: World, cache: Path) -> World:
    world.variables["REZUP_CACHE_DIR"] = str(cache)
    return world


def at(world: World, ahead: float, *arguments: str) -> Outcome:
    """The command line of a machine whose clock is ahead by so many seconds."""
    script = support.faulty_clock.__file__
    done = subprocess.run(
        [sys.executable, script, str(ahead), *arguments],
        env={**world.environ, "PYTHONPATH": str(Path(script).parents[1])},
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=world.home, timeout=120, check=False,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def tomorrow() -> str:
    return f"{time.time() + DAY:.6f}"


@pytest.mark.parametrize("ahead", [DAY, -DAY])
def test_what_is_made_later_comes_later_whatever_the_clock_says(world: World, ahead: float) -> None:
    world.recipe()
    made: list[str] = []
    for shift in (0.0, ahead, 0.0):
        outcome = at(world, shift, "add", "foo", "--skip-use")
        assert outcome.code == 0, outcome.err
        assert world.stamps()[1:] == made[::-1]
        made.append(world.stamps()[0])
        taken = world.rezup("status", "foo", "--json").data["container"]["revision"]
        assert taken == made[-1]
    assert float(made[1]) - float(made[0]) > (DAY - 60 if ahead > 0 else 0)


def test_a_revision_of_tomorrow_is_taken_and_what_is_made_today_comes_after_it(world: World) -> None:
    future = tomorrow()
    world.revision("foo", future)
    assert world.rezup("use", "foo", "--", "rez").out == f"rez of {future}\n"
    world.recipe()
    made = world.rezup("use", "foo", "--make", "--", "rez")
    assert made.code == 0, made.err
    newest, second = world.stamps()
    assert second == future
    assert newest in world.rezup("use", "foo", "--", "rez").out
    for words in (["list", "foo"], ["status", "foo"], ["doctor"]):
        assert "Traceback" not in world.rezup(*words).err


def test_what_is_published_today_comes_after_what_was_published_tomorrow(world: World) -> None:
    studio, future = world.folder / "studio", Stamp(tomorrow())
    studio.mkdir()
    write_rez(world.folder / "wheels")
    world.variables.update(
        REZUP_ROOT_REMOTE=str(studio), PIP_NO_INDEX="1", PIP_FIND_LINKS=str(world.folder / "wheels")
    )
    receipt = fake_receipt("foo", kind=receipts.RECIPE, created=future.seconds).to_bytes()
    RemoteStore(studio).publish(FOO, {RECIPE: b"[rez]\nname = 'rez'\n", RECEIPT: receipt}, future)
    world.write("rezup.foo.toml", "[rez]\nname = 'rez'\n")
    outcome = at(world, -DAY, "add", "foo", "--remote", "--skip-use", "--no-verify")
    assert outcome.code == 0, outcome.err
    newest, second = RemoteStore(studio).listing(FOO).newest_first()
    assert second == future
    assert newest == future.following()


class TestABuildThatFailed:
    """It is tried again in the end, whatever the clock was when that was noted."""

    @pytest.fixture
    def studio(self, world: World) -> Path:
        """A share whose newest revision can't be read, and a machine that has the one before."""
        root = world.folder / "studio"
        root.mkdir()
        world.variables["REZUP_ROOT_REMOTE"] = str(root)
        receipt = fake_receipt("foo", kind=receipts.RECIPE).to_bytes()
        for stamp in ("100.000000", "200.000000"):
            RemoteStore(root).publish(FOO, {RECIPE: b"no recipe", RECEIPT: receipt}, Stamp(stamp))
        world.revision("foo", "100.000000", origin="remote")
        return root

    @pytest.mark.parametrize(("failed_at", "ahead"), [(DAY, 0.0), (0.0, -DAY), (0.0, DAY)])
    def test_after_the_clock_was_set(
        self, world: World, studio: Path, failed_at: float, ahead: float
    ) -> None:
        first = at(world, failed_at, "use", "foo", "--", "rez")
        assert first.out == "rez of 100.000000\n"
        assert "its last build failed" not in first.err
        assert "its last build failed" in at(world, failed_at, "use", "foo", "--", "rez").err
        again = at(world, ahead, "use", "foo", "--", "rez")
        assert (again.code, again.out) == (0, "rez of 100.000000\n")
        assert "its last build failed" not in again.err  # it was tried


@pytest.fixture
def dead() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.skipif(os.name == "nt", reason="asks for processes as POSIX does")
def test_leavings_of_tomorrow_are_swept_and_work_under_way_is_not(world: World, dead: int) -> None:
    parent = world.revision("foo", "100.000000").parent
    world.recipe()
    host, _, own = new_name(STAGING).rpartition(f"-{os.getpid()}-")
    left, mine, others = parent / f"{host}-{dead}-{own}", parent / new_name(STAGING), parent / (
        f".staging-00000000-{dead}-deadbeef"
    )  # fmt: skip
    for path in (left, mine, others):
        path.mkdir()
        future = time.time() + 300 * DAY
        os.utime(path, (future, future))
    young = parent / f"{host}-{dead}-00000000"
    young.mkdir()
    os.utime(young, (time.time() + SWEEP_AFTER / 2,) * 2)
    assert world.rezup("add", "foo", "--skip-use").code == 0
    assert not left.exists()
    assert mine.exists()  # by this process, which lives
    assert others.exists()  # of another host: nobody knows
    assert young.exists()


def test_a_version_that_failed_tomorrow_is_tried_today(tmp_path: Path) -> None:
    """A note of the future would else keep a machine from upgrading for ever."""
    note = tmp_path / "x.failed"
    note.write_text("it")
    assert _is_recent(note, "it", DAY)
    for ahead, is_recent in ((30.0, True), (DAY, False), (1e8, False), (-DAY / 2, True), (-2 * DAY, False)):
        os.utime(note, (time.time() + ahead,) * 2)
        assert _is_recent(note, "it", DAY) == is_recent


def test_revisions_of_tomorrow_are_young(world: World) -> None:
    """What is younger than a guard age is spared, however the clock stands."""
    for stamp in ("100.000000", "200.000000", tomorrow(), f"{time.time() + 2 * DAY:.6f}"):
        path = world.revision("foo", stamp)
        if float(stamp) < 1e6:
            os.utime(path, (1e6, 1e6))
            os.utime(path / RECEIPT, (1e6, 1e6))
    future = world.stamps()[:2]
    outcome = world.rezup("prune", "foo", "--keep", "1", "--older-than", "1d", "--yes")
    assert outcome.code == 0, outcome.err
    assert set(future) <= set(world.stamps())
    assert "100.000000" not in world.stamps()
