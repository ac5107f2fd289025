"""Many who launch while a broken revision is built anew in its own place: all end on it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from rezup.recipes.names import ContainerName
from rezup.session import Session
from rezup.stores.base import RECIPE, Listing
from rezup.stores.local import LocalStore
from rezup.stores.stamps import Stamp
from support.kill_points import Execution
from support.world import Outcome, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks up open files in /proc")

LONG = [pytest.mark.slow, pytest.mark.timeout(1800)]

FOO, STAMP = ContainerName("foo"), Stamp("100.000000")

#: When the new one has the name, and the broken one is being deleted.
DELETING = "os.remove home/.rezup/foo/.staging-#/lease (1)"

STAY = ("use", "foo", "--", "sh", "-c", "rez >&2 && echo $REZUP_REVISION && sleep 0.5")


@pytest.fixture(params=["with its recipe", "without a recipe"])
def built(world: World, request: pytest.FixtureRequest) -> str:
    """A revision on the machine, and perhaps what another one would be made of."""
    recipe = world.recipe()
    assert world.rezup("use", "foo", "--", "true").code == 0
    if request.param == "without a recipe":
        recipe.unlink()
    (stamp,) = world.stamps()
    return stamp


def breaks(world: World, stamp: str) -> Path:
    """Take its Python away.

    :returns: where it was
    """
    python = world.root / "foo" / stamp / "venv" / "rez" / "bin" / "python"
    python.unlink()
    return python


@pytest.mark.parametrize(("count", "rounds"), [(8, 1), pytest.param(24, 10, marks=LONG)])
def test_a_crowd_that_comes_bit_by_bit(world: World, built: str, count: int, rounds: int) -> None:
    for _ in range(rounds):
        breaks(world, built)
        started = []
        for _ in range(count):
            started.append(world.start(*STAY))
            time.sleep(0.03)
        outcomes = []
        for process in started:
            out, err = process.communicate(timeout=600)
            outcomes.append(Outcome(process.returncode, out, err))
        assert [each.err for each in outcomes if each.code] == []
        assert {each.out.strip() for each in outcomes} == {built} == set(world.stamps())


@pytest.fixture
def execution(tmp_path: Path) -> Iterator[Execution]:
    found = Execution(tmp_path / "execution")
    yield found
    found.end()


def test_who_comes_while_the_broken_one_is_deleted_uses_the_new_one(
    world: World, built: str, execution: Execution
) -> None:
    breaks(world, built)
    building = execution.run(world, "acquire", at=DELETING, number=signal.SIGSTOP)
    assert building.is_stopped
    outcome = world.rezup(*STAY)
    execution.bury(execution.resume(building))
    assert (outcome.code, outcome.out) == (0, f"{built}\n"), outcome.err
    assert world.stamps() == [built]


@pytest.mark.parametrize("point", ["publish starts (1)", DELETING, "publish ends (1)"])
def test_a_rebuild_that_is_killed_loses_neither_the_revision_nor_what_it_is_made_of(
    world: World, built: str, execution: Execution, point: str
) -> None:
    breaks(world, built)
    killed = execution.run(world, "acquire", at=point, number=signal.SIGKILL)
    assert killed.status == -signal.SIGKILL, killed.said
    execution.bury(killed)
    assert world.stamps() == [built]
    outcome = world.rezup(*STAY)
    assert (outcome.code, outcome.out) == (0, f"{built}\n"), outcome.err
    assert world.rezup("check", "foo").code == 0


#: Before the old one is away, when neither has the name (which was tried in vain before), and when the new one has it.
RENAMES = [f"os.rename home/.rezup/foo/{name}" for name in (".aside-#-# (1)", "# (2)", ".staging-# (1)")]


@pytest.mark.parametrize("point", RENAMES)
def test_one_that_is_killed_where_names_can_not_be_swapped_loses_nothing_either(
    world: World, built: str, execution: Execution, point: str
) -> None:
    breaks(world, built)
    killed = execution.run(world, "acquire", at=point, by_renames=True)
    assert killed.status == -signal.SIGKILL, killed.said
    execution.bury(killed)
    assert (world.root / "foo" / built).exists() == (point != RENAMES[1])
    outcome = world.rezup(*STAY)
    assert (outcome.code, outcome.out) == (0, f"{built}\n"), outcome.err
    assert world.rezup("check", "foo").code == 0


# -- one process, in which the others are played ------------------------------------------------


def acquired(world: World) -> Stamp:
    session = Session.create(environ=world.environ)
    found = session.acquire(session.place("foo"))
    found.hold.release()
    return found.revision.stamp


def foreseen(world: World) -> Stamp | None:
    session = Session.create(environ=world.environ)
    found = session.foresee(session.place("foo"))
    assert found.way == "ready"
    return found.stamp


def on_first_call(
    monkeypatch: pytest.MonkeyPatch, name: str, deed: Callable[[], object], *, of: str | None = None
) -> None:
    """Have something else answer the first call of a method of the store, or the first that names a file."""
    asked = getattr(LocalStore, name)
    calls = []

    def answer(store: LocalStore, *arguments: object, **options: object) -> object:
        if not calls and (of is None or of in arguments):
            calls.append(arguments)
            return deed()
        return asked(store, *arguments, **options)

    monkeypatch.setattr(LocalStore, name, answer)


def test_those_who_use_what_was_built_meanwhile_are_in_nobodys_way(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.revision("foo", STAMP)
    for ask in (acquired, foreseen):
        python = breaks(world, STAMP)

        def others(python: Path = python) -> tuple[str, ...]:
            python.symlink_to(sys.executable)
            return ("rez (process 1)",)

        with monkeypatch.context() as patched:
            on_first_call(patched, "holders", others)
            assert ask(world) == STAMP


@pytest.mark.parametrize("built", ["with its recipe"], indirect=True)
def test_who_saw_none_takes_what_is_there_of_the_same_recipe_by_the_time_he_would_build(
    world: World, built: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    on_first_call(monkeypatch, "listing", lambda: Listing(frozenset(), exists=False))
    assert acquired(world) == built
    assert world.stamps() == [built]


def test_a_recipe_that_is_gone_for_a_moment_is_looked_for_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.revision("foo", STAMP)
    python = breaks(world, STAMP)
    on_first_call(monkeypatch, "read", lambda: python.symlink_to(sys.executable), of=RECIPE)
    assert acquired(world) == STAMP


def test_who_only_looks_whether_it_is_in_use_does_not_use_it(world: World) -> None:
    lease = world.revision("foo", STAMP) / "lease"
    store = LocalStore(world.root)
    code = f"with open({str(lease)!r}):\n print('in', flush=True)\n input()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        assert store.holders(FOO, STAMP) == ()
        with world.in_use() as user:
            assert str(user.pid) in " ".join(store.holders(FOO, STAMP))
        process.communicate("\n", timeout=60)


def test_who_lets_go_at_once_does_not_use_it(world: World) -> None:
    import fcntl

    lease = (world.revision("foo", STAMP) / "lease").open()
    fcntl.flock(lease, fcntl.LOCK_EX)
    with ThreadPoolExecutor() as pool, lease:
        users = pool.submit(LocalStore(world.root).holders, FOO, STAMP, patience=60)
        time.sleep(0.05)
        fcntl.flock(lease, fcntl.LOCK_UN)
        assert users.result() == ()
