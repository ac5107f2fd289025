"""A process killed as it publishes, pulls or unpacks a locked revision: all is there or nothing, and the next one works."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

import support.killed_sharing
from rezup.cache.environments import Environments
from rezup.recipes.names import ContainerName
from rezup.stores.remote import RemoteStore
from support.wheels import write_rez
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="kills by signal")

#: What is reported on the way, in that order.
LOCKING = ["interpreter", "lock"]
BUILDING = ["staging", "interpreter", "build", "environment", "install", "scripts", "byte-code", "record",
            "settle", "clone", "receipt", "publish"]  # fmt: skip
#: Those whose neighbours are the same moment, for the fast run.
FEW = [("install", "end"), ("settle", "end"), ("clone", "end"), ("publish", "end")]
MANY = [(stage, edge) for stage in BUILDING for edge in ("start", "end") if (stage, edge) not in FEW]
MOMENTS = [*FEW, *(pytest.param(*moment, marks=pytest.mark.slow) for moment in MANY)]


class Studio:
    """A remote root, wheels that can go away, and machines; nothing comes from an index."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "studio"
        self.wheels = folder / "wheels"
        self.empty()
        write_rez(self.wheels)

    def empty(self) -> None:
        """Have nothing on the share but a file of somebody, so that it isn't taken for one that is away."""
        if self.root.exists():
            subprocess.run(["rm", "-rf", self.root], check=True)
        self.root.mkdir()
        (self.root / "README").touch()

    def machine(self, name: str, *, shared: bool = True) -> World:
        machine = World(self.folder / name)
        machine.variables["PIP_NO_INDEX"] = "1"
        if shared:
            machine.variables["REZUP_ROOT_REMOTE"] = str(self.root)
        return machine

    def publisher(self) -> World:
        machine = self.machine("publisher")
        machine.write("rezup.foo.toml", "[rez]\nname = 'rez'\n")
        machine.variables["PIP_FIND_LINKS"] = str(self.wheels)
        return machine

    def published(self) -> World:
        """The machine that published one revision with its wheels; these are nowhere else now."""
        machine = self.publisher()
        publish(machine)
        self.wheels.rename(self.folder / "gone")
        return machine

    def bundle(self) -> Path:
        machine, path = self.published(), self.folder / "foo.rezup"
        outcome = machine.rezup("bundle", "foo", path)
        assert outcome.code == 0, outcome.err
        return path

    def visible(self) -> list[str]:
        """The revisions that machines see; each has all that its receipt names, and each wheel is whole."""
        for path in (self.root / ".wheels").glob("[!.]*/*"):
            assert hashlib.sha256(path.read_bytes()).hexdigest() == path.parent.name
        remote = RemoteStore(self.root)
        return [str(stamp) for stamp in remote.listing(ContainerName("foo")).newest_first()]


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path)


def publish(machine: World) -> None:
    outcome = machine.rezup("add", "foo", "--remote", "--wheelhouse", "--skip-use")
    assert outcome.code == 0, outcome.err


def kill(machine: World, *arguments: str | Path) -> int:
    script = support.killed_sharing.__file__
    return subprocess.run(
        [sys.executable, script, *map(str, arguments)],
        env={**machine.environ, "PYTHONPATH": os.path.dirname(os.path.dirname(script))},
        capture_output=True, cwd=machine.home, check=False, timeout=120,
    ).returncode  # fmt: skip


def kills(machine: World, action: str, below: Path, *rest: Path) -> Iterator[int]:
    """Kill before one change after the other below a folder, until there is none left."""
    for number in range(200):
        status = kill(machine, action, "change", str(number), below, *rest)
        if status == 0:
            assert number > 3, "nothing was killed"
            return
        assert status == -signal.SIGKILL
        yield number
    raise AssertionError("it never came to its end")


def uses(machine: World, name: str = "foo") -> None:
    """The machine has the revision, or makes it, and nothing but the studio's share is there to make it of."""
    outcome = machine.rezup("use", name, "--offline", "--", "rez")
    assert outcome.code == 0, outcome.err
    assert len(machine.stamps(name)) == 1
    assert machine.rezup("cache", "verify").code == 0
    cache = Environments(machine.home / ".cache" / "rezup")
    assert len(cache.names()) == 1


@pytest.mark.parametrize("edge", ["start", "end"])
@pytest.mark.parametrize("stage", LOCKING)
def test_a_publication_killed_before_anything_is_written_leaves_nothing(
    studio: Studio, stage: str, edge: str
) -> None:
    machine = studio.publisher()
    assert kill(machine, "publish", "stage", stage, edge) == -signal.SIGKILL
    assert [path.name for path in studio.root.iterdir()] == ["README"]
    publish(machine)
    assert len(studio.visible()) == 1


@pytest.mark.slow
def test_a_publication_killed_at_any_change_of_the_share_is_there_with_all_wheels_or_not_at_all(
    studio: Studio,
) -> None:
    machine = studio.publisher()
    seen = set()
    for number in kills(machine, "publish", studio.root):
        before = studio.visible()
        seen.add(bool(before))
        publish(machine)
        assert len(studio.visible()) == len(before) + 1
        if before or not number % 8:
            pulling = studio.machine(f"pulling{number}")
            studio.wheels.rename(studio.folder / "gone")
            uses(pulling)
            (studio.folder / "gone").rename(studio.wheels)
        studio.empty()
    assert False in seen


@pytest.mark.parametrize("wheels", [0, 1, 2])
def test_a_publication_killed_between_its_wheels_and_its_revision_is_not_seen(
    studio: Studio, wheels: int
) -> None:
    """The wheels come first: a revision that is seen can be made."""
    machine = studio.publisher()
    assert kill(machine, "publish", "rename", str(wheels), studio.root) == -signal.SIGKILL
    assert studio.visible() == []
    assert len(list((studio.root / ".wheels").glob("[!.]*/*"))) == wheels
    publish(machine)
    assert len(studio.visible()) == 1
    studio.wheels.rename(studio.folder / "gone")
    uses(studio.machine("pulling"))


@pytest.mark.parametrize(("stage", "edge"), MOMENTS)
def test_a_killed_pull_is_made_by_the_next_use_without_an_index(
    studio: Studio, stage: str, edge: str
) -> None:
    studio.published()
    machine = studio.machine("pulling")
    assert kill(machine, "pull", "stage", stage, edge) == -signal.SIGKILL
    assert machine.stamps() == (studio.visible() if (stage, edge) == ("publish", "end") else [])
    uses(machine)
    assert machine.stamps() == studio.visible()


@pytest.mark.parametrize(("stage", "edge"), MOMENTS)
def test_a_killed_unbundle_leaves_no_half_revision(studio: Studio, stage: str, edge: str) -> None:
    bundle = studio.bundle()
    machine = studio.machine("pulling", shared=False)
    assert kill(machine, "unbundle", "stage", stage, edge, bundle) == -signal.SIGKILL
    assert machine.stamps() == (studio.visible() if (stage, edge) == ("publish", "end") else [])
    again = machine.rezup("unbundle", bundle, "--offline")
    assert again.code == 0, again.err
    assert machine.stamps() == studio.visible()
    uses(machine)


@pytest.mark.slow
def test_a_bundle_that_is_killed_as_it_is_published_is_there_completely_or_not_at_all(
    studio: Studio,
) -> None:
    bundle = studio.bundle()
    machine = studio.machine("other")
    studio.empty()
    for number in kills(machine, "unbundle-remote", studio.root, bundle):
        if studio.visible() or not number % 8:
            again = machine.rezup("unbundle", bundle, "--remote", "--offline")
            assert again.code == 0, again.err
            uses(studio.machine(f"pulling{number}"))
        studio.empty()
