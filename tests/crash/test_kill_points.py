"""Each action killed before any of its changes of a file: `use` goes on, nothing is half, and it can be done again.

A counting run tells the points (some thousands); the kills take a sample of them, which is small unless `slow` is
asked for: about 60 together always, 300 then.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rezup.containers import receipt as receipts
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.environments import make_project, make_venv, output
from support.kill_points import Execution, Snapshot, age, leftovers, quick_folder, sample
from support.wheels import write_rez
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.kill_points import Ended

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="looks up open files in /proc")

#: What `use` tells the world when a revision is made on the way; anything else is a complaint.
COMPLAINTS = ("warning", "error", "Traceback", "hint:")


def recipe(world: World, version: str, container: str = "foo") -> None:
    """A recipe of the stand-in for Rez, with its wheel on the share, where a studio's machines see it."""
    wheels = world.folder / "studio" / "wheels"
    write_rez(wheels, version)
    world.write(
        f"rezup.{container}.toml",
        f"[rez]\nname = 'rez'\nurl = 'rez=={version}'\n[pip]\noptions = ['--no-index', '--find-links={wheels}']\n",
    )


def follow(world: World) -> None:
    """Have the machine follow its studio."""
    world.variables["REZUP_ROOT_REMOTE"] = str(world.folder / "studio")


# What is there before each action. The base has revisions of one recipe, and so one environment in the cache.


def as_it_is(world: World, execution: Execution) -> None:
    """Nothing but the revisions, unpinned."""


def other_recipe(world: World, execution: Execution) -> None:
    """What is made next is in no cache."""
    recipe(world, "9.2.0")


def pinned(world: World, execution: Execution) -> None:
    execution.done(world, "pin", world.stamps()[1])


def published(world: World, execution: Execution) -> None:
    """The studio has a revision, and this machine too."""
    follow(world)
    execution.done(world, "publish")
    execution.done(world, "acquire")


def published_other(world: World, execution: Execution) -> None:
    published(world, execution)
    recipe(world, "9.2.0")


def newer_published(world: World, execution: Execution) -> None:
    """The studio has a newer one too, whose environment is in the cache here."""
    published(world, execution)
    execution.done(world, "publish")


def other_published(world: World, execution: Execution) -> None:
    """The studio has a newer one too, whose environment is nowhere."""
    published_other(world, execution)
    execution.done(world, "publish", "unproved")  # a proof would leave it in the cache


def follows(world: World, execution: Execution) -> None:
    """All that the studio has is here."""
    follow(world)


def pinned_by_the_studio(world: World, execution: Execution) -> None:
    follow(world)
    execution.done(world, "pin", "-1", "remote")


@dataclass(frozen=True)
class Case:
    """An action, what is there before it, and how often it is killed: always, and in the long run."""

    name: str
    before: Callable[[World, Execution], None]
    action: tuple[str, ...]
    few: int
    many: int
    is_light: bool = False
    """Its revisions are scripts without a Python environment, and so quickly copied."""


CASES = [
    Case("make", other_recipe, ("make",), 3, 30),
    Case("make-from-cache", as_it_is, ("make",), 5, 30),
    Case("publish", published_other, ("publish",), 2, 15),
    Case("publish-wheelhouse", published_other, ("publish", "wheelhouse"), 2, 15),
    Case("pull", other_published, ("acquire",), 2, 20),
    Case("pull-from-cache", newer_published, ("acquire",), 4, 30),
    Case("drop", as_it_is, ("drop", "-0"), 4, 25),
    Case("drop-all", as_it_is, ("drop",), 3, 25),
    Case("prune", as_it_is, ("prune",), 3, 25),
    Case("pin", as_it_is, ("pin", "-1"), 6, 100, is_light=True),
    Case("unpin", pinned, ("unpin",), 4, 100, is_light=True),
    Case("rollback", as_it_is, ("rollback",), 4, 100, is_light=True),
    Case("pin-remote", follows, ("pin", "-1", "remote"), 6, 100, is_light=True),
    Case("unpin-remote", pinned_by_the_studio, ("unpin", "remote"), 3, 100, is_light=True),
    Case("rollback-remote", follows, ("rollback", "remote"), 4, 100, is_light=True),
]


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with quick_folder() as found:
        yield found


@pytest.fixture(scope="module")
def execution(folder: Path) -> Iterator[Execution]:
    found = Execution(folder / "execution")
    yield found
    found.end()


@pytest.fixture(scope="module")
def base(folder: Path, execution: Execution) -> Snapshot:
    """A machine with two revisions, at a path that stays the same."""
    world = World(folder / "machine")
    (world.folder / "tmp").mkdir()
    world.variables["TMPDIR"] = str(world.folder / "tmp")
    recipe(world, "9.1.0")
    for _ in range(2):
        execution.done(world, "make")
    return Snapshot(world, folder / "kept")


@pytest.fixture(scope="module")
def light_base(folder: Path) -> Snapshot:
    """A machine and its studio with three revisions that are but a few files."""
    world = World(folder / "light")
    (world.folder / "tmp").mkdir()
    world.variables["TMPDIR"] = str(world.folder / "tmp")
    remote = RemoteStore(world.folder / "studio")
    for stamp in ("100.000000", "200.000000", "300.000000"):
        made = world.revision("foo", stamp, origin="remote")
        files = {name: (made / name).read_bytes() for name in (RECIPE, RECEIPT)}
        remote.publish(ContainerName("foo"), files, Stamp(stamp))
    return Snapshot(world, folder / "kept-light")


class Studied:
    """A case, with what it does when nobody kills it."""

    def __init__(self, case: Case, world: World, execution: Execution) -> None:
        self.case, self.world, self.execution = case, world, execution
        self.known = frozenset(world.stamps())
        self.is_pull = case.action == ("acquire",)
        self.before = world.stamps()[0] if self.is_pull else self.launched()
        self.points = execution.done(world, *case.action)
        self.after = self.launched()

    def launched(self, *, really: bool = False) -> str:
        """The revision that `use` launches, without a complaint.

        :param really: in an interpreter of its own
        """
        command = ("use", "foo", "--", "sh", "-c", "rez >&2 && echo $REZUP_REVISION")
        outcome = self.world.rezup(*command) if really else self.execution.rezup(self.world, *command)
        assert outcome.code == 0, outcome.err
        assert [line for line in outcome.err.splitlines() if line.startswith(COMPLAINTS)] == []
        return outcome.out.strip()

    def assert_survives(self, point: str, *, wholly: bool) -> None:
        """Kill it at one point, and look at what is there.

        :param wholly: also do it again, and clean up
        """
        ended = self.execution.run(self.world, *self.case.action, at=point)
        try:
            assert_killed(ended, point)
            there = self.world.stamps()
            if self.is_pull:
                self._assert_goes_on_alone()
            stamp = self.launched(really=wholly)
            if self.before in there:
                assert stamp in (self.before, self.after) or stamp not in self.known
            else:
                assert stamp == there[0] if there else stamp not in self.known
            self._assert_whole()
        finally:
            self.execution.bury(ended)
        if wholly:
            self._assert_repeats()
            self._assert_clean()

    def _assert_goes_on_alone(self) -> None:
        """Also where the studio is away, and what was killed can't be had from there."""
        studio = self.world.folder / "studio"
        studio.rename(self.world.folder / "away")
        try:
            outcome = self.execution.rezup(self.world, "use", "foo", "--", "sh", "-c", "echo $REZUP_REVISION")
        finally:
            (self.world.folder / "away").rename(studio)
        assert outcome.code == 0, outcome.err
        assert outcome.out.strip() in (self.before, self.after)

    def _assert_whole(self) -> None:
        """All that can be seen on this machine is complete, and so is what the studio sees."""
        there = self.world.stamps()
        outcome = self.execution.rezup(self.world, "list", "foo", "--json")
        assert outcome.code == 0, outcome.err
        listed = {each["revision"]: each["state"] for each in outcome.data["revisions"] if each["local"]}
        assert listed == dict.fromkeys(there, "ready")
        if there and not self.case.is_light:
            checked = self.execution.rezup(self.world, "check", "foo")
            assert checked.code == 0, checked.out
        remote = RemoteStore(self.world.folder / "studio")
        for stamp in remote.listing(ContainerName("foo")).revisions:
            for name in receipts.parse(remote.read(ContainerName("foo"), stamp, RECEIPT) or b"").locks:
                assert remote.read(ContainerName("foo"), stamp, name)
        for path in (remote.root / ".wheels").glob("[!.]*/*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name

    def _assert_repeats(self) -> None:
        """It can be done again; some of what was done before it was killed can't be done twice.

        What is left is old by then, so that all that sweeps as it works sweeps it.
        """
        age(self.world)
        is_done = self.launched() == self.after != self.before
        again = self.execution.run(self.world, *self.case.action)
        self.execution.bury(again)
        if again.status != 0:
            assert is_done, again.said
            assert "NotFoundError" in again.said
        self._assert_whole()

    def _assert_clean(self) -> None:
        """Nothing is left that neither the repeated action nor `doctor --fix` takes away."""
        RemoteStore(self.world.folder / "studio").sweep(ContainerName("foo"))  # as the next publication does
        mended = self.execution.rezup(self.world, "doctor", "--fix")
        if not self.case.is_light:
            assert mended.code == 0, mended.out + mended.err
        assert leftovers(self.world) == []
        # What programs of others leave there is theirs.
        assert list((self.world.folder / "tmp").glob("rezup*")) == []


def assert_killed(ended: Ended, point: str) -> None:
    """It was killed there, or as it wrote into a file.

    Nobody is killed by a file that is opened and not written; where it is a program of ours that writes next,
    that fails, and so do we.
    """
    if point.startswith("write "):
        assert ended.points == [point]
        assert ended.status in (-signal.SIGXFSZ, 0, 1), ended.said
    else:
        assert ended.status == -signal.SIGKILL, ended.said


def short(case: Case) -> object:
    return pytest.param(case, case.few, id=case.name)


def long(case: Case) -> object:
    return pytest.param(
        case, case.many, id=f"{case.name}-long", marks=[pytest.mark.slow, pytest.mark.timeout(1800)]
    )


@pytest.mark.parametrize(("case", "count"), [*map(short, CASES), *map(long, CASES)])
def test_an_action_that_is_killed_leaves_the_last_good_revision(
    case: Case,
    count: int,
    execution: Execution,
    folder: Path,
    request: pytest.FixtureRequest,
    record_property: Callable[[str, object], None],
) -> None:
    kept: Snapshot = request.getfixturevalue("light_base" if case.is_light else "base")
    world = kept.restore()
    case.before(world, execution)
    start = kept if case.before is as_it_is else Snapshot(world, folder / f"start-{case.name}")
    studied = Studied(case, world, execution)
    chosen = sample(studied.points, count)
    record_property("kills", f"{case.name}: {len(chosen)} of {len(studied.points)} points")
    assert len(studied.points) >= case.few
    try:
        for point in chosen:
            start.restore()
            studied.assert_survives(point, wholly=count == case.many or point == chosen[-1])
    except AssertionError as error:
        raise AssertionError(f"killed at {point}") from error
    finally:
        if start is not kept:
            start.remove()


@pytest.fixture(scope="module")
def project_base(folder: Path) -> Snapshot:
    """A project with an environment that says hello, which is in its cache, and a newer one that says again."""
    world = World(folder / "projects")
    (world.home / "bin").mkdir()
    (world.home / "bin" / "python3").symlink_to(sys.executable)
    world.variables["PATH"] = f"{world.home / 'bin'}:{os.environ['PATH']}"
    project = make_project(world.home / "project")
    make_venv(project)
    stored = world.rezup("cache", "store", cwd=project)
    assert stored.code == 0, stored.err
    shutil.rmtree(project / ".venv")
    make_venv(project, says="again")
    return Snapshot(world, folder / "kept-projects")


@pytest.mark.parametrize(
    ("action", "count"),
    [
        ("cache-store", 2), ("cache-restore", 2),
        *(pytest.param(action, 20, marks=pytest.mark.slow) for action in ("cache-store", "cache-restore")),
    ],
)  # fmt: skip
def test_an_action_on_a_cache_that_is_killed_leaves_the_old_environment_or_the_new_one(
    action: str, count: int, execution: Execution, project_base: Snapshot
) -> None:
    world = project_base.restore()
    chosen = sample(execution.done(world, action), count)
    for point in chosen:
        project_base.restore()
        ended = execution.run(world, action, at=point)
        execution.bury(ended)
        assert_killed(ended, point)
        says = {"hello", "again"} if action == "cache-restore" else {"again"}
        assert output(world.home / "project/.venv/bin/greet").split()[0] in says, point
        assert execution.rezup(world, "cache", "verify").code == 0, point
        age(world)
        execution.done(world, action)
        execution.done(world, "cache-restore")
        assert output(world.home / "project/.venv/bin/greet").split()[0] in ("hello", "again"), point
        assert [path for path in leftovers(world) if not path.name.endswith(".tmp")] == [], point
