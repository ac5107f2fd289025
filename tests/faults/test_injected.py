"""Any operation that changes a file may fail, as on a full, a read-only or a broken disk.

Every action is run once to count what it does to files, and then again and again, with one of these operations
failing. It ends with an answer in words, nothing half is visible, and the last good revision launches.
"""

from __future__ import annotations

import errno
import re
import shutil
import sys
from itertools import product
from typing import TYPE_CHECKING

import pytest

from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.recipes.names import ContainerName
from rezup.recipes.parse import parse
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.environments import content, make_project, make_venv, output
from support.faulty import Fault, FaultyCommands, Run, sampled
from support.wheels import write_rez
from support.world import fake_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")

FOO = ContainerName("foo")
GOOD = "100.000000"

#: How many operations of an action fail in the ordinary suite, and how many of those in one environment's tree
#: in the long one; there are hundreds of them, all of a few loops.
FEW, MANY_OF_A_TREE = 12, 60

#: A disk that is full stays full, one that became read-only stays so, and one that is broken may fail once.
FAULTS = (
    Fault(0, errno.ENOSPC, is_lasting=True),
    Fault(0, errno.EROFS, is_lasting=True, is_read_only=True),
    Fault(0, errno.EIO),
)


class Machine:
    """A world, its command line with faults, and a state to come back to."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.commands = FaultyCommands(world)
        self._kept: dict[Path, Path] = {}

    def keep(self, *folders: Path) -> None:
        """Come back to what these folders hold now."""
        for folder in folders:
            copy = self.world.folder.parent / f"kept{len(self._kept)}"
            if folder.is_dir():
                shutil.copytree(folder, copy, symlinks=True)
            self._kept[folder] = copy

    def restore(self) -> None:
        for folder, copy in self._kept.items():
            shutil.rmtree(folder, ignore_errors=True)
            if copy.is_dir():
                shutil.copytree(copy, folder, symlinks=True)

    def well(self, *arguments: str | Path, **options: Path) -> Run:
        """Run without a fault, which must go well."""
        run = self.commands.run(*arguments, **options)
        assert run.code == 0, run.err
        return run

    def launches(self) -> str:
        """What the program of the revision that is taken says; nothing stands in its way."""
        run = self.well("use", "foo", "--", "rez")
        assert run.err == ""
        return run.out


@pytest.fixture
def machine(world: World) -> Iterator[Machine]:
    machine = Machine(world)
    yield machine
    machine.commands.end()


def chosen(points: list[str], *, few: bool) -> list[tuple[int, Fault]]:
    """Which operation is to fail how; each kind of operation at each place is among them."""
    trees: list[int] = []
    others: dict[str, list[int]] = {}
    for number, point in enumerate(points):
        if re.search(r"/(venv|tree)/\w+/", point):
            trees.append(number)
        else:
            others.setdefault(re.sub(r"[0-9a-f.]{6,}|\d+", "", point), []).append(number)
    apart = sorted(number for numbers in others.values() for number in (numbers[:1] if few else numbers))
    if not few:
        inside = [trees[index] for index in sampled(len(trees), MANY_OF_A_TREE)]
        wanted = [*product(apart, FAULTS), *((n, FAULTS[i % 3]) for i, n in enumerate(inside))]
    else:
        inside = [trees[index] for index in sampled(len(trees), FEW // 4)]
        numbers = sorted([*(apart[i] for i in sampled(len(apart), FEW - len(inside))), *inside])
        wanted = [(number, FAULTS[i % 3]) for i, number in enumerate(numbers)]
        if len(numbers) < FEW:  # an action of a few operations: each in all ways
            wanted = list(product(numbers, FAULTS))
    return [(number, fault._replace(number=number)) for number, fault in wanted]


def each_fault(
    machine: Machine, action: Callable[[Fault], Run], verdict: Callable[[Run, Fault], None], *, few: bool
) -> int:
    """Have an action meet one fault after the other; returns how many."""
    machine.restore()
    action(Fault())  # caches are filled now, so that it does the same each time
    machine.restore()
    counted = action(Fault())
    assert counted.code == 0, counted.err
    wanted = chosen(counted.points, few=few)
    failures = []
    for _, fault in wanted:
        machine.restore()
        run = action(fault)
        try:
            in_words(run)
            verdict(run, fault)
        except AssertionError as error:
            at = f"{errno.errorcode[fault.code]} at {fault.number}: {run.points[fault.number : fault.number + 1]}"
            failures.append(f"{at}\nstatus {run.code}\n{run.err[-2000:]}\n{str(error)[:1000]}\n")
    assert not failures, f"{len(failures)} of {len(wanted)}\n" + "\n".join(failures[:20])
    return len(wanted)


def in_words(run: Run) -> None:
    assert run.code in (0, 1, 2)
    assert "Traceback" not in run.err
    assert "inside rezup" not in run.err
    if run.code:
        assert re.search(r"^error: .", run.err, re.MULTILINE)
        assert re.search(r"^hint: .", run.err, re.MULTILINE)


def leavings(folder: Path) -> list[str]:
    return [path.name for path in folder.glob(".*") if path.name.startswith((".staging", ".trash", ".pin"))]


FORMS = [True, pytest.param(False, marks=[pytest.mark.slow, pytest.mark.timeout(3600)])]


@pytest.mark.parametrize("few", FORMS)
def test_a_revision_is_made_completely_or_not_at_all(machine: Machine, few: bool) -> None:
    world = machine.world
    world.revision("foo", GOOD)
    world.recipe()
    machine.keep(world.root)

    def verdict(run: Run, fault: Fault) -> None:
        made = [stamp for stamp in world.stamps() if stamp != GOOD]
        assert len(made) == (1 if run.code == 0 else 0)
        assert (made[0] if made else f"rez of {GOOD}") in machine.launches()
        if not fault.is_read_only:
            assert leavings(world.root / "foo") == []

    each_fault(
        machine, lambda fault: machine.commands.run("add", "foo", "--skip-use", fault=fault), verdict, few=few
    )


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_a_revision_is_made_completely_or_not_at_all_with_empty_caches(machine: Machine) -> None:
    world = machine.world
    world.revision("foo", GOOD)
    world.recipe()
    machine.keep(world.root, world.home / ".cache")

    def verdict(run: Run, fault: Fault) -> None:
        made = [stamp for stamp in world.stamps() if stamp != GOOD]
        assert len(made) == (1 if run.code == 0 else 0)
        assert (made[0] if made else f"rez of {GOOD}") in machine.launches()
        assert machine.well("cache", "verify").code == 0

    each_fault(
        machine,
        lambda fault: machine.commands.run("add", "foo", "--skip-use", fault=fault),
        verdict,
        few=True,
    )


def shared(machine: Machine) -> Path:
    """A remote root, and wheels that are found without an index."""
    studio = machine.world.folder / "studio"
    studio.mkdir()
    (studio / "README").touch()  # else it would be a share that isn't there
    write_rez(machine.world.folder / "wheels")
    machine.world.variables.update(
        REZUP_ROOT_REMOTE=str(studio), PIP_NO_INDEX="1", PIP_FIND_LINKS=str(machine.world.folder / "wheels")
    )
    machine.world.write("rezup.foo.toml", "[rez]\nname = 'rez'\n")
    return studio


def published(studio: Path) -> list[Stamp]:
    """The revisions that the studio sees, each of them whole."""
    remote = RemoteStore(studio)
    found = remote.listing(FOO).newest_first()
    for stamp in found:
        receipt = receipts.parse(remote.read(FOO, stamp, RECEIPT) or b"")
        parse(remote.read(FOO, stamp, RECIPE) or b"", None)
        assert locked.of_revision(
            receipt.locks, lambda name, stamp=stamp: remote.read(FOO, stamp, name), lambda wheel: None, "it"
        )  # type: ignore[misc]
    return found


@pytest.mark.parametrize("few", FORMS)
def test_a_revision_is_published_completely_or_not_at_all(machine: Machine, few: bool) -> None:
    studio = shared(machine)
    machine.keep(studio, machine.world.root)
    proof = ["--no-verify"] if few else []  # else it is made here first, which is another test's

    def verdict(run: Run, fault: Fault) -> None:
        assert len(published(studio)) == (1 if run.code == 0 else 0)
        if not fault.is_read_only:
            assert leavings(studio / "foo") == []

    each_fault(
        machine,
        lambda fault: machine.commands.run(
            "add", "foo", "--remote", "--wheelhouse", "--skip-use", *proof, fault=fault
        ),
        verdict,
        few=few,
    )


@pytest.mark.parametrize("few", FORMS)
def test_a_revision_that_can_not_be_pulled_stops_nobody(machine: Machine, few: bool) -> None:
    world, studio = machine.world, shared(machine)
    RemoteStore(studio).publish(FOO, {RECIPE: b"", RECEIPT: b"{}"}, Stamp(GOOD))
    world.revision("foo", GOOD, origin="remote")
    machine.well("add", "foo", "--remote", "--wheelhouse", "--skip-use")
    (newest, _) = published_stamps(studio)
    machine.keep(world.root, world.home / ".local")

    def verdict(run: Run, fault: Fault) -> None:
        assert run.code == 0
        is_new = newest in run.out
        assert is_new or run.out == f"rez of {GOOD}\n"
        warnings = [line for line in run.err.splitlines() if line.startswith("warning:")]
        assert is_new or len(warnings) == 1
        assert is_new or f"taking {GOOD} instead" in warnings[0]
        assert (newest in world.stamps()) == is_new
        again = machine.well("use", "foo", "--", "rez")
        assert again.out == run.out or newest in again.out

    each_fault(
        machine, lambda fault: machine.commands.run("use", "foo", "--", "rez", fault=fault), verdict, few=few
    )


def published_stamps(studio: Path) -> list[str]:
    return [str(stamp) for stamp in RemoteStore(studio).listing(FOO).newest_first()]


def test_a_warm_use_never_fails(machine: Machine) -> None:
    """It needs to write nothing: what it would like to remember, it then doesn't."""
    world, studio = machine.world, shared(machine)
    world.write(".config/rezup/config.toml", "prompt = 'x'\n")
    for path in (world.home / "rezup.foo.toml", world.home / ".config/rezup/config.toml"):
        settled(path)
    RemoteStore(studio).publish(FOO, {RECIPE: b"", RECEIPT: b"{}"}, Stamp(GOOD))
    world.revision("foo", GOOD)
    machine.keep(world.home / ".cache", world.home / ".local")
    counted: list[str] = []

    def action(fault: Fault) -> Run:
        run = machine.commands.run("use", "foo", "--", "rez", fault=fault)
        counted.extend(run.points)
        return run

    def verdict(run: Run, fault: Fault) -> None:
        assert (run.code, run.out, run.err) == (0, f"rez of {GOOD}\n", "")

    assert each_fault(machine, action, verdict, few=False) >= 30
    for kind in ("remotes-v1/foo-", "config-", "roots-", "shims"):
        assert any(kind in point for point in counted), kind


def settled(path: Path) -> None:
    """Make a file old enough for being kept in compiled form."""
    import os

    os.utime(path, (1e9, 1e9))


def test_a_revision_is_dropped_completely_or_not_at_all(machine: Machine) -> None:
    world = machine.world
    world.revision("foo", GOOD)
    world.revision("foo", "200.000000")
    machine.keep(world.root)

    def verdict(run: Run, fault: Fault) -> None:
        left = world.stamps()
        assert left == (["200.000000"] if run.code == 0 else ["200.000000", GOOD][: len(left)])
        assert machine.launches() == "rez of 200.000000\n"
        if GOOD in left:
            assert machine.well("use", f"foo@{GOOD}", "--", "rez").out == f"rez of {GOOD}\n"

    each_fault(
        machine,
        lambda fault: machine.commands.run("drop", f"foo@{GOOD}", "--yes", fault=fault),
        verdict,
        few=False,
    )


@pytest.mark.parametrize("where", ["remote", pytest.param("local", marks=pytest.mark.slow)])
def test_a_pin_is_set_or_not(machine: Machine, where: str) -> None:
    world, studio = machine.world, shared(machine)
    store = RemoteStore(studio)
    for stamp in (GOOD, "200.000000"):
        receipt = fake_receipt("foo", kind=receipts.RECIPE).to_bytes()
        store.publish(FOO, {RECIPE: b"[rez]\nname = 'rez'\n", RECEIPT: receipt}, Stamp(stamp))
        world.revision("foo", stamp, origin="remote")
    machine.keep(studio, world.root)

    def verdict(run: Run, fault: Fault) -> None:
        stamp = GOOD if run.code == 0 else "200.000000"
        assert machine.launches() == f"rez of {stamp}\n"
        if not fault.is_read_only:
            assert leavings((studio if where == "remote" else world.root) / "foo") == []

    option = ["--remote"] if where == "remote" else []
    each_fault(
        machine,
        lambda fault: machine.commands.run("pin", f"foo@{GOOD}", "--why", "x", *option, fault=fault),
        verdict,
        few=False,
    )


@pytest.mark.parametrize("few", FORMS)
@pytest.mark.parametrize("was_there", [True, False])
def test_an_environment_is_restored_completely_or_not_at_all(
    machine: Machine, was_there: bool, few: bool
) -> None:
    world = machine.world
    (world.home / "bin").mkdir()
    (world.home / "bin" / "python3").symlink_to(sys.executable)
    world.variables["PATH"] = f"{world.home / 'bin'}:{world.environ['PATH']}"
    project = make_project(world.home / "shop")
    venv = project / ".venv"
    make_venv(project, says="new")
    machine.well("cache", "store", cwd=project)
    shutil.rmtree(venv)
    if was_there:
        make_venv(project, says="old")
    machine.keep(project)
    before = content(venv)

    def verdict(run: Run, fault: Fault) -> None:
        if run.code == 0 or content(venv) != before:
            assert output(venv / "bin" / "greet").startswith("new")

    each_fault(
        machine,
        lambda fault: machine.commands.run("cache", "restore", cwd=project, fault=fault),
        verdict,
        few=few,
    )
