"""Links that somebody plants in a root, before rezup looks or while it acts: nothing behind one is changed or removed."""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT, RECIPE
from rezup.system.leftovers import new_name
from support.watched import Run, outside, picture, run_watched

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the descriptors of /proc")

STAMPS = ("100.000000", "200.000000", "300.000000")
SECRET = "c4nary of somebody else"


def _is_there(command: str) -> bool:
    from rezup_cli.command_group import COMMANDS

    return command in COMMANDS


@pytest.fixture
def machine(world: World) -> World:
    """Three revisions and something that only waits to be swept, and another's folder that looks the same."""
    for stamp in STAMPS:
        folder = world.revision("foo", stamp)
        (folder / "records").mkdir(exist_ok=True)
    world.revision("bar", "100.000000")
    victim = world.folder / "victim"
    shutil.copytree(world.root / "foo", victim, symlinks=True)
    (victim / "pin").write_text(f"{STAMPS[0]}\n")
    (victim / "history.jsonl").write_text("")
    (victim / ".lock").write_text("")
    (victim / "secret").write_text(SECRET)
    (victim / "secret").chmod(0o600)
    for folder in (world.root / "foo", victim):
        left = folder / new_name("trash").replace(f"-{os.getpid()}-", "-4194999-")
        left.mkdir()
        (left / "precious").write_text("precious")
        (left / "lease").touch()
        old = time.time() - 3 * 86400
        os.utime(left, (old, old))
    world.variables |= {"REZUP_OFFLINE": "1", "PIP_NO_INDEX": "1"}
    world.write("rezup.foo.toml", '[rez]\nname = "rez"\n')
    world.write(".local/state/there", "")
    return world


def victim(world: World) -> Path:
    return world.folder / "victim"


def planted(path: Path, target: Path) -> None:
    """A link in place of whatever is there."""
    if path.is_dir() and not path.is_symlink():
        path.rename(
            path.with_name(f"{path.name}.aside")
            if path.parent.name != ".rezup"
            else path.parent.parent / f"{path.name}.aside"
        )
    else:
        path.unlink(missing_ok=True)
    path.symlink_to(target)


#: Names -> what is replaced by a link, below the root, and by a link to what, below the victim's folder.
PLANTED: dict[str, tuple[str, str]] = {
    "container": ("foo", "."),
    "another container": ("bar", "."),
    "revision": ("foo/300.000000", "300.000000"),
    "oldest revision": ("foo/100.000000", "100.000000"),
    "receipt": ("foo/300.000000/revision.json", "300.000000/revision.json"),
    "receipt, to a secret": ("foo/300.000000/revision.json", "secret"),
    "recipe": ("foo/300.000000/rezup.toml", "300.000000/rezup.toml"),
    "lease": ("foo/300.000000/lease", "secret"),
    "lease, to nothing yet": ("foo/300.000000/lease", "created"),
    "environments": ("foo/300.000000/venv", "300.000000/venv"),
    "environment": ("foo/300.000000/venv/rez", "300.000000/venv/rez"),
    "records": ("foo/300.000000/records", "300.000000"),
    "pin": ("foo/pin", "pin"),
    "pin, to a secret": ("foo/pin", "secret"),
    "pin, to nothing yet": ("foo/pin", "created"),
    "history": ("foo/history.jsonl", "history.jsonl"),
    "history, to nothing yet": ("foo/history.jsonl", "created"),
    "lock": ("foo/.lock", ".lock"),
    "lock, to nothing yet": ("foo/.lock", "created"),
    "owner of the lock": ("foo/.lock.owner", "secret"),
    "owner of the lock, to nothing yet": ("foo/.lock.owner", "created"),
    "folder of rezup 2": ("foo/revisions", "."),
    "wheels of the root": (".wheels", "."),
    "a stamp": ("foo/400.000000", "300.000000"),
    "left behind": ("foo/.trash-{host}-4194999-0123abcd", "."),
    "being built": ("foo/.staging-{host}-4194999-0123abcd", "."),
}


def commands() -> list[tuple[str, ...]]:
    """All that changes something in a container, or looks at it."""
    found = [
        ("use", "foo", "--make", "--", "true"), ("use", "foo", "--", "true"), ("pin", "foo@200.000000", "--why", "x"), ("unpin", "foo"), ("rollback", "foo"),
        ("history", "foo"), ("status", "foo"), ("list", "foo"), ("check", "foo"), ("doctor", "--fix"),
        ("add", "foo", "--skip-use"),
        ("drop", "foo@300.000000", "--yes"), ("drop", "foo", "--yes"), ("drop", "bar", "--yes"),
    ]  # fmt: skip
    if _is_there("prune"):
        found.insert(11, ("prune", "foo", "--keep", "1", "--yes"))
    if _is_there("which"):
        found.insert(6, ("which", "foo", "--explain"))
    return found


def unharmed(world: World, run: Callable[[], list[list[Run]]]) -> list[list[Run]]:
    """The victim is as it was, nothing outside of our places was written to, and no secret was told."""
    before = picture(victim(world))
    batches = run()
    after = picture(victim(world))
    assert after == before
    assert (victim(world) / "secret").read_text() == SECRET
    for batch in batches:
        strange = outside(batch, [world.root, world.home / ".cache", world.home / ".local/state"])
        assert strange == []
        for each in batch:
            assert SECRET not in each.text
            assert "Traceback" not in each.text
            assert "something went wrong inside" not in each.text, each.text
    return batches


#: Much like others: only in the long form.
_LONG = frozenset(
    {
        "another container", "oldest revision", "receipt", "recipe", "lease", "environments", "records", "pin",
        "pin, to nothing yet", "lock", "wheels of the root", "a stamp", "being built", "owner of the lock",
    }
)  # fmt: skip


def _marks(name: str) -> list[pytest.MarkDecorator]:
    """What belongs to a case."""
    return [pytest.mark.slow] if name in _LONG else []


@pytest.mark.parametrize("name", [pytest.param(name, marks=_marks(name)) for name in PLANTED])
def test_that_are_there_before(machine: World, name: str) -> None:
    host = new_name("trash").split("-")[1]
    where, target = PLANTED[name]
    path = machine.root / where.format(host=host)
    planted(path, victim(machine) / target)
    if ".trash" in where or ".staging" in where:
        os.utime(path, (1e9, 1e9), follow_symlinks=False)
    unharmed(machine, lambda: run_watched(machine, [[(words, {}) for words in commands()]]))


#: A command -> what is swapped for a link while it runs: a path below the root, and where it leads.
SWAPPED: dict[str, tuple[tuple[str, ...], list[tuple[str, str]]]] = {
    "drop": (
        ("drop", "foo", "--yes"),
        [("foo", "."), ("foo/300.000000", "300.000000"), ("foo/300.000000/venv", "300.000000/venv")],
    ),
    "drop of one": (("drop", "foo@100.000000", "--yes"), [("foo", "."), ("foo/100.000000", "100.000000")]),
    "pin": (
        ("pin", "foo@200.000000"),
        [("foo", "."), ("foo/pin", "secret"), ("foo/history.jsonl", "secret")],
    ),
    "rollback": (("rollback", "foo"), [("foo", ".")]),
    "make": (("use", "foo", "--make", "--", "true"), [("foo", "."), ("foo/.lock", "secret")]),
    "doctor": (
        ("doctor", "--fix"),
        [("foo", "."), ("foo/300.000000", "300.000000"), ("foo/300.000000/venv/rez", "300.000000/venv/rez")],
    ),
    "check": (("check", "foo"), [("foo", ".")]),
    "use": (("use", "foo", "--", "true"), [("foo", "."), ("foo/300.000000", "300.000000")]),
}
if _is_there("prune"):
    SWAPPED["prune"] = (
        ("prune", "foo", "--keep", "1", "--older-than", "0d", "--yes"),
        [("foo", "."), ("foo/100.000000", "100.000000")],
    )


def swap_everywhere(machine: World, name: str, step: Callable[[int], int]) -> None:
    """Run the command once for each moment at which somebody may plant a link, on a copy of the machine each."""
    words, places = SWAPPED[name]
    saved = machine.folder / "saved"
    shutil.copytree(machine.home, saved, symlinks=True)
    ((plain,),) = run_watched(machine, [[(words, {})]])
    for where, target in places:
        moments = range(1, plain.operations + 1, step(plain.operations))
        for moment in moments:
            shutil.rmtree(machine.home)
            shutil.copytree(saved, machine.home, symlinks=True)
            swap = (
                moment,
                str(machine.root / where),
                str(machine.folder / "aside"),
                str(victim(machine) / target),
            )
            shutil.rmtree(machine.folder / "aside", ignore_errors=True)
            unharmed(machine, lambda: run_watched(machine, [[(words, {})]], swaps=[swap]))  # noqa: B023 - called at once


@pytest.mark.parametrize("name", ["drop", *(["prune"] if _is_there("prune") else [])])
def test_that_are_planted_meanwhile(machine: World, name: str) -> None:
    swap_everywhere(machine, name, lambda count: max(1, count // 4))


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", SWAPPED)
def test_that_are_planted_at_any_moment(machine: World, name: str) -> None:
    swap_everywhere(machine, name, lambda count: max(1, count // 50))


def test_a_link_to_a_revision_is_none(machine: World) -> None:
    """Not even one that leads to a whole revision is listed or used."""
    (machine.root / "foo" / "900.000000").symlink_to(victim(machine) / "300.000000")
    assert machine.stamps() == [*reversed(STAMPS)]
    assert machine.rezup("use", "foo", "--", "rez").out == "rez of 300.000000\n"
    listed = machine.rezup("list", "foo", "--json").data["revisions"]
    assert [each["revision"] for each in listed] == [*reversed(STAMPS)], json.dumps(listed)
    assert not (machine.root / "foo" / "900.000000" / RECIPE).parent.samefile(machine.root / "foo")
    assert (victim(machine) / "300.000000" / RECEIPT).is_file()
