"""A revision whose base Python was replaced: what `list` and `use` make of it."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.containers.receipt import EnvironmentRecord
from rezup.stores.remote import RemoteStore
from support.world import World, publish, studio_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a Python of POSIX")

OLD, STAMP = "100.000000", "200.000000"

USE = ("use", "foo", "--", "rez")


@pytest.fixture
def python(world: World) -> Path:
    """A program that counts how often it is asked, and was Python 3.10."""
    return replaced(world, "3.10.1")


def replaced(world: World, version: str) -> Path:
    """Put another Python into its place; it tells of that version."""
    path = world.folder / "base" / "python3"
    path.parent.mkdir(exist_ok=True)
    answer = f'\'{sys.executable}\' "$@" | sed \'s/"version": "[^"]*"/"version": "{version}"/\''
    path.write_text(f"#!/bin/sh\n# {version}\necho asked >> '{path}.asked'\n{answer}\n")
    path.chmod(0o755)
    return path


def asked(python: Path) -> int:
    file = python.with_name("python3.asked")
    return len(file.read_text().splitlines()) if file.exists() else 0


def revision(world: World, python: Path, stamp: str = STAMP, origin: str = "local") -> Path:
    """A revision on that Python as it is by now."""
    status = python.stat()
    record = EnvironmentRecord(
        "rez", "venv/rez/bin/python", "venv/rez/bin/rez", str(python), "3.10.1", "cpython", "",
        "uv", "1", "test", "", status.st_size, status.st_mtime_ns,
    )  # fmt: skip
    folder = world.revision("foo", stamp, environments=(record,), origin=origin)
    link = folder / "venv" / "rez" / "bin" / "python"
    link.unlink()
    link.symlink_to(python)
    return folder


def states(world: World) -> list[str]:
    return [each["state"] for each in world.rezup("list", "foo", "--json").data["revisions"]]


class TestList:
    def test_goes_by_what_is_known_of_the_python_as_use_does(self, world: World, python: Path) -> None:
        revision(world, python)
        replaced(world, "3.10.99 of another distribution")
        replaced(world, "3.99.1")
        assert states(world) == ["interpreter replaced"]
        python.chmod(0o644)  # nor can it be asked any more
        assert "its Python is now 3.99" in world.rezup(*USE).err
        assert states(world) == ["interpreter replaced"]

    def test_asks_a_python_once_for_all_revisions_and_for_good(self, world: World, python: Path) -> None:
        for number in range(5):
            revision(world, python, f"{number}.000000")
        replaced(world, "3.99.1")
        for _ in range(2):
            assert states(world) == ["interpreter replaced"] * 5
        assert asked(python) == 1

    def test_asks_nothing_of_a_python_that_is_as_it_was(self, world: World, python: Path) -> None:
        revision(world, python)
        assert states(world) == ["ready"]
        assert asked(python) == 0


class TestInUse:
    """It can't be built anew in its own place, and that is told before anything is built."""

    @staticmethod
    def newest(world: World, python: Path) -> None:
        """A revision that another Python can be found for, and that takes a build."""
        recipe = world.recipe().read_bytes()
        folder = revision(world, python)
        (folder / "rezup.toml").chmod(0o644)
        (folder / "rezup.toml").write_bytes(recipe)

    @staticmethod
    def logs(world: World) -> list[Path]:
        """One for each build that began."""
        return list((world.home / ".local" / "state" / "rezup").glob("logs/*"))

    def test_the_last_good_one_is_taken_at_once(self, world: World, python: Path) -> None:
        world.revision("foo", OLD)
        self.newest(world, python)
        with world.in_use() as user:
            replaced(world, "3.99.1")
            outcome = world.rezup(*USE)
            assert (outcome.code, outcome.out) == (0, f"rez of {OLD}\n"), outcome.err
            (line,) = outcome.err.splitlines()
            for part in (STAMP, "in use", str(user.pid), "its Python is now 3.99", f"taking {OLD} instead"):
                assert part in line
            assert "installing" not in outcome.err
            assert self.logs(world) == []
            assert world.rezup("which", "foo").out == f"{world.root}/foo/{OLD}\n"
        # It was no failure that the next attempt would have to wait for.
        outcome = world.rezup(*USE)
        assert outcome.code == 0, outcome.err
        assert json.loads(outcome.out)["prefix"].endswith(f"{STAMP}/venv/rez")

    def test_without_another_one_it_is_an_error_at_once(self, world: World, python: Path) -> None:
        self.newest(world, python)
        with world.in_use() as user:
            replaced(world, "3.99.1")
            outcome = world.rezup(*USE)
            assert outcome.code == 1
            assert outcome.err.splitlines()[0] == (
                f"error: revision {STAMP} of foo has to be built anew, and is in use"
            )
            assert str(user.pid) in outcome.err
            assert outcome.err.splitlines()[-1] == "hint: leave its shells, then try again"
            assert self.logs(world) == []
            refused = world.rezup("which", "foo", "--json")
            assert json.loads(refused.out)["errors"][0]["code"] == "revision-in-use"

    def test_so_it_is_with_one_of_the_studio(self, world: World, python: Path) -> None:
        revision(world, python, origin="remote")
        studio_of(world, world.folder / "studio", [STAMP])
        with world.in_use():
            replaced(world, "3.99.1")
            outcome = world.rezup(*USE)
            assert outcome.code == 1
            assert "has to be built anew, and is in use" in outcome.err
            assert self.logs(world) == []

    def test_of_the_studio_the_one_before_is_built_where_none_is_ready(
        self, world: World, python: Path
    ) -> None:
        revision(world, python, origin="remote")
        recipe = world.recipe().read_text()
        publish(studio_of(world, world.folder / "studio", []), OLD, recipe=recipe)
        publish(RemoteStore(world.folder / "studio"), STAMP, recipe=recipe)
        with world.in_use():
            replaced(world, "3.99.1")
            assert json.loads(world.rezup("which", "foo", "--json").out)["data"]["revision"] == OLD
            outcome = world.rezup(*USE)
            assert outcome.code == 0, outcome.err
            assert json.loads(outcome.out)["prefix"].endswith(f"{OLD}/venv/rez")
            (line,) = (each for each in outcome.err.splitlines() if each.startswith("warning"))
            for part in (STAMP, "in use", f"taking {OLD} instead"):
                assert part in line
