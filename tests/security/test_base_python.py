"""The Python that a revision was built with is deleted, or replaced by another."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="a Python of POSIX")

VERSION = f"{sys.version_info[0]}.{sys.version_info[1]}"


class Base:
    """A Python of its own: the program of the running one, with its library behind a link."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.program = folder / "bin" / f"python{VERSION}"
        self.original = Path(os.path.realpath(sys.executable))
        self.install()

    def install(self) -> None:
        self.program.parent.mkdir(parents=True, exist_ok=True)
        (self.folder / "lib").mkdir(exist_ok=True)
        library = self.folder / "lib" / f"python{VERSION}"
        if not library.is_symlink():
            library.symlink_to(Path(os.__file__).parent)
        self.replace()

    def replace(self) -> None:
        """Put the same program there once more, as an update does: another inode."""
        fresh = self.program.with_name("fresh")
        shutil.copy(self.original, fresh)
        fresh.replace(self.program)

    def remove(self) -> None:
        shutil.rmtree(self.folder)


@pytest.fixture
def base(world: World) -> Base:
    return Base(world.folder / "base")


def built(world: World, python: str | Path) -> str:
    world.recipe(extra=f"python = '{python}'")
    done = world.rezup("add", "foo", "--skip-use")
    assert done.code == 0, done.err
    return world.stamps()[0]


def interpreter(world: World, stamp: str) -> str:
    document = json.loads((world.root / "foo" / stamp / RECEIPT).read_bytes())
    return str(document["environments"][0]["interpreter"])


def prefix(world: World, *options: str) -> str:
    done = world.rezup("use", "foo", *options, "--", "rez")
    assert done.code == 0, done.err
    return str(json.loads(done.out)["prefix"])


def test_that_is_gone_for_good_leaves_the_last_good_revision(world: World, base: Base) -> None:
    older = world.revision("foo", "100.000000").name
    newest = built(world, base.program)
    assert interpreter(world, newest) == str(base.program)
    base.remove()
    done = world.rezup("use", "foo", "--", "rez")
    assert done.code == 0
    assert done.out == f"rez of {older}\n"
    warnings = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert any(newest in line and f"taking {older} instead" in line for line in warnings), done.err
    found = world.rezup("doctor", "--json").data["findings"]
    named = [each for each in found if each["code"] == "interpreter-missing"]
    assert [Path(each["where"]).name for each in named] == [newest]
    assert str(base.program) in named[0]["what"]
    # What was broken was not touched, so it works again when its Python is back.
    base.install()
    assert prefix(world).endswith(f"{newest}/venv/rez")
    assert world.stamps() == [newest, older]


def test_that_was_the_only_one_is_an_error_that_names_it(world: World, base: Base) -> None:
    stamp = built(world, base.program)
    base.remove()
    done = world.rezup("use", "foo", "--", "rez")
    assert done.code == 1
    assert "Traceback" not in done.err
    assert str(base.program) in done.err
    assert done.err.splitlines()[-1].startswith("hint: ")
    assert world.stamps() == [stamp]
    assert world.rezup("list", "foo", "--json").data["revisions"][0]["state"] == "interpreter missing"


def test_that_another_can_stand_in_for_gives_the_same_revision_anew(world: World, base: Base) -> None:
    """The recipe asks for a version, not for a path: the revision keeps its name."""
    stamp = built(world, base.program)
    recipe = world.root / "foo" / stamp / "rezup.toml"
    text = recipe.read_text().replace(f"'{base.program}'", f"'{VERSION}'")
    recipe.chmod(0o644)
    recipe.write_text(text)
    base.remove()
    assert prefix(world).endswith(f"{stamp}/venv/rez")
    assert world.stamps() == [stamp]
    assert interpreter(world, stamp) == str(base.original)
    assert world.rezup("use", "foo", "--", "rez").err == ""


def test_that_is_updated_in_place_goes_on_working_without_a_build(world: World, base: Base) -> None:
    stamp = built(world, base.program)
    receipt = (world.root / "foo" / stamp / RECEIPT).stat()
    before = base.program.stat().st_ino
    base.replace()
    assert base.program.stat().st_ino != before
    done = world.rezup("use", "foo", "-v", "--", "rez")
    assert done.code == 0
    assert "building" not in done.err
    after = (world.root / "foo" / stamp / RECEIPT).stat()
    assert (after.st_ino, after.st_mtime_ns) == (receipt.st_ino, receipt.st_mtime_ns)
    codes = [each["code"] for each in world.rezup("doctor", "--json").data["findings"]]
    assert "interpreter-missing" not in codes
