"""``rezup prune`` beside another one, which has what it removes locked until that is gone."""

from __future__ import annotations

import contextlib
import shutil
import sys
from typing import IO, TYPE_CHECKING

import pytest

from rezup.reporting import Reporter
from rezup.session import Session
from support.pruning import MIDDLE, NEW, OLD, revision, with_three

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rezup.session.removal import Revisions
    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="locks of POSIX")


@pytest.fixture
def machine(world: World) -> World:
    """A machine with three revisions, made a month ago."""
    return with_three(world)


class Other(Reporter):
    """Another prune, which locks a revision as soon as ours is about to remove it, and is done with it by the next."""

    def __init__(self, folder: Path, *, removes: bool = True) -> None:
        self._folder = folder
        self._removes = removes
        self._lease: IO[str] | None = None

    def lock(self) -> None:
        import fcntl

        self._lease = (self._folder / "lease").open()
        fcntl.flock(self._lease, fcntl.LOCK_EX)

    def stage_started(self, name: str, detail: str) -> None:
        if name != "remove":
            return
        if detail.endswith(self._folder.name):
            self.lock()
        elif self._removes and self._lease is not None:
            shutil.rmtree(self._folder)

    @contextlib.contextmanager
    def ended(self) -> Iterator[Other]:
        """Let go in the end."""
        yield self
        if self._lease is not None:
            self._lease.close()


def pruned_beside(machine: World, other: Other) -> Revisions:
    session = Session.create(environ=machine.environ, reporter=other)
    with other.ended():
        return session.removal().old_revisions("foo", remove=True)


def reasons(found: Revisions) -> dict[str, list[str]]:
    return {each.stamp: [reason.code for reason in each.reasons] for each in found.candidates}


@pytest.mark.parametrize("is_early", [False, True])
def test_what_it_was_removing_at_that_moment_is_gone_in_the_end(machine: World, is_early: bool) -> None:
    """Whether it had it locked when we looked, or when it was its turn."""
    other = Other(machine.root / "foo" / OLD)
    if is_early:
        other.lock()
    found = pruned_beside(machine, other)
    assert reasons(found) == {NEW: ["newest"], MIDDLE: [], OLD: []}
    assert found.removed == {machine.root / "foo" / MIDDLE}
    assert found.gone == {machine.root / "foo" / OLD}
    assert found.failures == ()


@pytest.mark.parametrize("is_early", [False, True])
def test_what_is_still_there_in_the_end_is_in_use(machine: World, is_early: bool) -> None:
    other = Other(machine.root / "foo" / OLD, removes=False)
    if is_early:
        other.lock()
    found = pruned_beside(machine, other)
    assert reasons(found) == {NEW: ["newest"], MIDDLE: [], OLD: ["in-use"]}
    assert found.gone == frozenset()
    assert machine.stamps() == [NEW, OLD]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes tell by /proc")
@pytest.mark.parametrize(("count", "each_has"), [(2, 10), pytest.param(3, 40, marks=pytest.mark.slow)])
def test_several_at_once_tell_nothing_to_be_in_use(world: World, count: int, each_has: int) -> None:
    for number in range(each_has):
        revision(world, f"{100 + number}.000000")
    started = [world.start("prune", "--yes", "--older-than", "0") for _ in range(count)]
    for process in started:
        out, err = process.communicate(timeout=600)
        assert process.returncode == 0, err
        assert "in use" not in out
    assert world.stamps() == [f"{99 + each_has}.000000"]
