"""Many processes at once, with locks that work, that don't, and that somebody keeps: all end on a ready revision."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

import support.publishers
from rezup.containers.receipt import RECIPE as RECIPE_KIND
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from rezup.system.leftovers import SWEEP_AFTER_UNKNOWN
from support.kill_points import Execution, leftovers, quick_folder
from support.world import Outcome, World, fake_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks up open files in /proc")

LONG = [pytest.mark.slow, pytest.mark.timeout(1800)]

FOO = ContainerName("foo")

#: Prints the revision, after its Rez ran.
TELL = ("use", "foo", "--", "sh", "-c", "rez >&2 && echo $REZUP_REVISION")


@pytest.fixture
def quick_world() -> Iterator[World]:
    """A machine without a disk, where a sync takes no time, so that much happens within a moment."""
    with quick_folder() as folder:
        yield World(folder / "machine")


@pytest.fixture
def executions(tmp_path: Path) -> Iterator[list[Execution]]:
    """Several that work side by side."""
    found = [Execution(tmp_path / f"execution{number}") for number in range(3)]
    yield found
    for each in found:
        each.end()


@pytest.fixture
def execution(tmp_path: Path) -> Iterator[Execution]:
    found = Execution(tmp_path / "execution")
    yield found
    found.end()


def crowd(world: World, count: int) -> list[Outcome]:
    """So many real processes that use the container at once."""
    started = [world.start(*TELL) for _ in range(count)]
    outcomes = []
    for process in started:
        out, err = process.communicate(timeout=600)
        outcomes.append(Outcome(process.returncode, out, err))
    return outcomes


def builds(world: World) -> int:
    """How often a build was begun; each has a log."""
    return len(list((world.home / ".local/state/rezup/logs").glob("foo-*.log")))


def empty(world: World) -> None:
    """Have nothing on the machine but its recipe."""
    for folder in (world.root, world.home / ".cache", world.home / ".local"):
        shutil.rmtree(folder, ignore_errors=True)


def assert_all_ready(world: World, outcomes: list[Outcome]) -> None:
    """Each ended on a revision that is there, and each that is there is complete."""
    assert [each.err for each in outcomes if each.code] == []
    assert {each.out.strip() for each in outcomes} <= set(world.stamps())
    listed = world.rezup("list", "foo", "--json").data["revisions"]
    assert {each["state"] for each in listed} == {"ready"}
    checked = world.rezup("check", "foo")
    assert checked.code == 0, checked.out


# Crowds


@pytest.mark.parametrize(("count", "rounds"), [(8, 2), pytest.param(32, 5, marks=LONG)])
def test_a_crowd_on_an_empty_root_makes_one_revision(world: World, count: int, rounds: int) -> None:
    world.recipe()
    for _ in range(rounds):
        empty(world)
        outcomes = crowd(world, count)
        assert_all_ready(world, outcomes)
        assert len({each.out for each in outcomes}) == len(world.stamps()) == 1
        assert builds(world) == 1


NO_LOCKS = """\
import errno, fcntl, os

def flock(descriptor, operation):
    raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

fcntl.flock = fcntl.lockf = flock
"""


@pytest.mark.parametrize("why", ["nobody waits", "the file system has none"])
@pytest.mark.parametrize(("count", "rounds"), [(3, 1), pytest.param(32, 5, marks=LONG)])
def test_a_crowd_without_locks_ends_on_ready_revisions(
    world: World, tmp_path: Path, why: str, count: int, rounds: int
) -> None:
    world.recipe()
    if why == "nobody waits":
        world.variables["REZUP_LOCK_TIMEOUT"] = "0"
    else:
        (tmp_path / "python").mkdir()
        (tmp_path / "python" / "sitecustomize.py").write_text(NO_LOCKS)
        world.variables["PYTHONPATH"] = str(tmp_path / "python")
    for _ in range(rounds):
        empty(world)
        outcomes = crowd(world, count)
        assert_all_ready(world, outcomes)
        assert builds(world) > 1, "a lock was there"
        staging = [path for path in leftovers(world) if path.name.startswith((".staging", ".trash"))]
        assert staging == []


@pytest.mark.parametrize("count", [16, pytest.param(100, marks=LONG)])
def test_as_many_publishers_at_once_give_as_many_names(tmp_path: Path, count: int) -> None:
    done = subprocess.run(
        [sys.executable, support.publishers.__file__, str(count), tmp_path / "studio"],
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    got = dict(line.split() for line in done.stdout.splitlines())
    remote = RemoteStore(tmp_path / "studio")
    assert len(got) == len(set(got.values())) == count
    assert set(got.values()) == remote.listing(FOO).revisions
    for number, stamp in got.items():
        assert remote.read(FOO, Stamp(stamp), RECIPE) == f"# {number}\n".encode()
        assert remote.read(FOO, Stamp(stamp), RECEIPT) == b"{}"
    assert leftovers_in(remote.root / "foo") == []


def leftovers_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith((".staging", ".trash"))]


# A builder that stands still, or is killed


MOMENTS = ["publish starts (1)"]
# Not as staging ends: the lease is locked a moment later, and what looks so old then is swept.
MORE = [
    "install starts (1)",
    "interpreter ends (1)",
    "build ends (1)",
    "settle ends (1)",
    "clone ends (1)",
]


@pytest.mark.parametrize("point", [*MOMENTS, *(pytest.param(each, marks=LONG) for each in MORE)])
def test_nobody_wipes_the_work_of_a_builder_that_stands_still(
    world: World, execution: Execution, point: str
) -> None:
    world.recipe()
    stopped = execution.run(world, "acquire", at=point, number=signal.SIGSTOP)
    assert stopped.is_stopped
    before = work(world)
    assert before
    world.variables["REZUP_LOCK_TIMEOUT"] = "1"
    other = world.rezup(*TELL)
    assert other.code == 0, other.err
    assert "wait" in other.err
    old = time.time() - SWEEP_AFTER_UNKNOWN - 60
    for folder in before:
        os.utime(folder, (old, old))
    another = world.rezup("add", "foo", "--skip-use")
    assert another.code == 0, another.err
    world.rezup("doctor", "--fix")
    assert work(world) == before
    made = set(world.stamps())
    ended = execution.resume(stopped)
    execution.bury(ended)
    assert ended.status == 0, ended.said
    assert work(world) == {}
    assert made <= set(world.stamps())
    assert_all_ready(world, [other, world.rezup(*TELL)])


def work(world: World) -> dict[Path, list[str]]:
    """Staging folders, with the names of all that is in them."""
    return {
        path: sorted(each.relative_to(path).as_posix() for each in path.rglob("*"))
        for path in leftovers(world) if path.name.startswith(".staging-")
    }  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [1, 60])
def test_who_waits_for_a_builder_takes_what_that_makes_in_the_end(
    world: World, execution: Execution, seconds: int
) -> None:
    world.recipe()
    stopped = execution.run(world, "acquire", at="install starts (1)", number=signal.SIGSTOP)
    assert stopped.is_stopped
    other = waiting(world)
    time.sleep(seconds)
    ended = execution.resume(stopped)
    execution.bury(ended)
    assert ended.status == 0, ended.said
    out, err = other.communicate(timeout=120)
    assert other.returncode == 0, err
    assert world.stamps() == [out.strip()]
    assert builds(world) == 1


def test_who_waits_for_a_builder_that_is_killed_builds_at_once(world: World, execution: Execution) -> None:
    world.recipe()
    stopped = execution.run(world, "acquire", at="install starts (1)", number=signal.SIGSTOP)
    assert stopped.is_stopped
    other = waiting(world)
    execution.bury(stopped)
    out, err = other.communicate(timeout=120)  # it would wait for 300 s
    assert other.returncode == 0, err
    assert world.stamps() == [out.strip()]


def waiting(world: World) -> subprocess.Popen[str]:
    """Somebody who says that he waits."""
    process = world.start(*TELL)
    assert process.stderr is not None
    for line in process.stderr:
        if "waiting" in line:
            return process
    raise AssertionError("it didn't wait")


# Drops

#: Runs its Rez at the start and at the end, so that it can't go on in a revision that was removed meanwhile.
WORK = ("use", "foo", "--", "sh", "-c", "rez && sleep 0.03 && rez")


@pytest.mark.parametrize("count", [60, pytest.param(1000, marks=LONG)])
def test_drops_never_take_a_revision_from_who_uses_it(
    quick_world: World,
    executions: list[Execution],
    count: int,
    record_property: Callable[[str, object], None],
) -> None:
    """While there is always another one to take."""
    *users, dropper = executions
    quick_world.revision("foo", "1.000000")
    with ThreadPoolExecutor() as pool:
        uses = [
            pool.submit(lambda user=user: [user.rezup(quick_world, *WORK) for _ in range(count // 2)])
            for user in users
        ]
        newest, dropped, refused = 1, 0, 0
        while not all(each.done() for each in uses):
            newest += 1
            quick_world.revision("foo", f"{newest}.000000")
            for stamp in quick_world.stamps()[1:]:
                drop = dropper.rezup(quick_world, "drop", f"foo@{stamp}", "--yes")
                dropped, refused = dropped + (drop.code == 0), refused + (drop.code == 1)
                assert drop.code == 0 or "in use" in drop.err, drop.err
    for outcome in (outcome for each in uses for outcome in each.result()):
        assert (outcome.code, outcome.err) == (0, "")
        first, second = outcome.out.split("\n")[:2]
        assert first == second
    assert dropped > count // 10
    record_property("drops", f"{dropped} done, {refused} refused, in {count} uses")


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=LONG)])
def test_who_finds_the_last_revision_dropped_is_told_so(
    quick_world: World, executions: list[Execution], count: int
) -> None:
    *users, dropper = executions
    with ThreadPoolExecutor() as pool:
        uses = [
            pool.submit(lambda user=user: [user.rezup(quick_world, *WORK) for _ in range(count // 2)])
            for user in users
        ]
        number, alone = 0, []
        while not all(each.done() for each in uses):
            number += 1
            quick_world.revision("foo", f"{number}.000000")
            dropper.rezup(quick_world, "drop", "foo", "--yes")
            alone.append(dropper.rezup(quick_world, *WORK))
    outcomes = alone + [outcome for each in uses for outcome in each.result()]
    for outcome in outcomes:
        if outcome.code == 0:
            assert outcome.err == ""
            assert len(set(outcome.out.splitlines())) == 1
        else:
            message, *_ = outcome.err.splitlines()
            assert message in ("error: there is no container foo", "error: foo can't be used"), outcome.err
            assert "hint:" in outcome.err
    dropper.rezup(quick_world, "drop", "foo", "--yes")  # those who used the last one have left it
    last = dropper.rezup(quick_world, *WORK)
    assert last.code == 1
    assert last.err.startswith("error: there is no container foo\n")


LEASE = "home/.rezup/foo/2.000000/lease"


@pytest.fixture
def two(world: World) -> World:
    """A machine with two revisions."""
    for stamp in ("1.000000", "2.000000"):
        world.revision("foo", stamp)
    return world


def test_who_opened_what_is_dropped_before_he_locks_it_takes_another(
    two: World, executions: list[Execution]
) -> None:
    user, dropper, _ = executions
    dropping = dropper.run(two, "drop", "2", at=f"open {LEASE} (2)", number=signal.SIGSTOP)
    using = user.run(two, "acquire", at=f"fcntl.flock {LEASE} (1)", number=signal.SIGSTOP)
    assert (dropping.is_stopped, using.is_stopped) == (True, True)
    dropped = dropper.resume(dropping)
    dropper.bury(dropped)
    assert (dropped.status, two.stamps()) == (0, ["1.000000"]), dropped.said
    used = user.resume(using)
    user.bury(used)
    assert (used.status, used.said) == (0, "1.000000\n")


def test_who_comes_while_a_revision_is_dropped_waits_and_takes_another(
    two: World, executions: list[Execution]
) -> None:
    user, dropper, _ = executions
    dropping = dropper.run(two, "drop", "2", at="trash starts (1)", number=signal.SIGSTOP)
    assert dropping.is_stopped
    with ThreadPoolExecutor() as pool:
        using = pool.submit(user.run, two, "acquire")
        time.sleep(0.3)  # so that he surely has come
        dropped = dropper.resume(dropping)
        dropper.bury(dropped)
    used = using.result()
    user.bury(used)
    assert (dropped.status, two.stamps()) == (0, ["1.000000"]), dropped.said
    assert (used.status, used.said) == (0, "1.000000\n")


# A newest revision that can't be built


def failing_studio(world: World) -> None:
    """The machine has the studio's last good revision; there is a newer one that nobody can build."""
    studio = RemoteStore(world.folder / "studio")
    (studio.root / "wheels").mkdir(parents=True)
    made = world.revision("foo", "100.000000", origin="remote")
    studio.publish(FOO, {name: (made / name).read_bytes() for name in (RECIPE, RECEIPT)}, Stamp("100.000000"))
    recipe = f"""[rez]\nname = "rez"\nurl = "rez==99"\n[pip]\noptions = ["--no-index", "--find-links={studio.root}/wheels"]\n"""
    receipt = fake_receipt("foo", kind=RECIPE_KIND, environments=(), creator="bob")
    studio.publish(FOO, {RECIPE: recipe.encode(), RECEIPT: receipt.to_bytes()}, Stamp("200.000000"))
    world.variables["REZUP_ROOT_REMOTE"] = str(studio.root)


def assert_fell_back(outcome: Outcome) -> None:
    """It took the last good one, and one line tells which one failed, why, and whose it is."""
    assert (outcome.code, outcome.out) == (0, "100.000000\n"), outcome.err
    warnings = [line for line in outcome.err.splitlines() if line.startswith("warning")]
    assert len(warnings) == 1, outcome.err
    assert "200.000000" in warnings[0]
    assert "bob" in warnings[0]


FALL_BACK = ("use", "foo", "--", "sh", "-c", "echo $REZUP_REVISION")


@pytest.mark.parametrize("count", [40, pytest.param(1000, marks=LONG)])
def test_a_revision_that_fails_is_tried_ten_times_a_day_at_most(
    world: World, execution: Execution, count: int, record_property: Callable[[str, object], None]
) -> None:
    failing_studio(world)
    for number in range(count):
        assert_fell_back(execution.rezup(world, *FALL_BACK, later=number * 24 * 3600 / count))
    record_property("builds", f"{builds(world)} in {count} launches")
    assert 2 <= builds(world) <= 10


@pytest.mark.parametrize("count", [12, pytest.param(1000, marks=LONG)])
def test_a_revision_that_fails_is_tried_once_though_many_launch_at_once(world: World, count: int) -> None:
    failing_studio(world)
    left = count
    while left:
        started = [world.start(*FALL_BACK) for _ in range(min(left, 50))]
        left -= len(started)
        for process in started:
            out, err = process.communicate(timeout=600)
            assert_fell_back(Outcome(process.returncode, out, err))
    assert builds(world) == 1


def test_who_waits_for_a_build_that_fails_does_not_begin_another(world: World, execution: Execution) -> None:
    """It is noted before the lock is let go."""
    failing_studio(world)
    stopped = execution.run(
        world, "acquire", at="os.mkdir home/.local/state/rezup/backoff (1)", number=signal.SIGSTOP
    )
    assert stopped.is_stopped
    other = waiting(world)
    ended = execution.resume(stopped)
    execution.bury(ended)
    assert (ended.status, ended.said) == (0, "100.000000\n")
    out, err = other.communicate(timeout=120)
    assert (other.returncode, out.split()[-1]) == (0, "100.000000"), err
    assert "200.000000" in err
    assert builds(world) == 1
