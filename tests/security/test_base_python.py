"""The Python that a revision was built with is deleted, or replaced by another."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.containers.receipt import EnvironmentRecord
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

    def become(self, version: str = "", *, dumb: bool = False) -> None:
        """Put a Python there that tells of that version, or nothing; who asks is noted."""
        fresh = self.program.with_name("fresh")
        answer = f'\'{self.original}\' "$@" | sed \'s/"version": "[^"]*"/"version": "{version}"/\''
        fresh.write_text(f"#!/bin/sh\necho asked >> '{self.folder}/asked'\n{'exit 1' if dumb else answer}\n")
        fresh.chmod(0o755)
        fresh.replace(self.program)

    @property
    def asked(self) -> int:
        """How often that one was asked."""
        file = self.folder / "asked"
        return len(file.read_text().splitlines()) if file.exists() else 0

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


def ask_for_version(world: World, base: Base, stamp: str) -> None:
    """Have the recipe of a revision ask for a version, not for a path: another Python of it is here."""
    recipe = world.root / "foo" / stamp / "rezup.toml"
    text = recipe.read_text().replace(f"'{base.program}'", f"'{VERSION}'")
    recipe.chmod(0o644)
    recipe.write_text(text)


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
    stamp = built(world, base.program)
    ask_for_version(world, base, stamp)
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


def test_that_became_another_version_gives_the_same_revision_anew(world: World, base: Base) -> None:
    stamp = built(world, base.program)
    ask_for_version(world, base, stamp)
    base.become("3.99.1")
    reason = f"its Python is now 3.99 ({base.program})"

    assert world.rezup("list", "foo", "--json").data["revisions"][0]["state"] == "interpreter replaced"
    assert world.rezup("status", "foo", "--json").data["container"]["state"] == "interpreter replaced"
    assert reason in world.rezup("which", "foo", "--explain").out
    found = world.rezup("doctor", "--json").data["findings"]
    (named,) = [each for each in found if each["code"] == "interpreter-replaced"]
    assert named["what"] == f"foo@{stamp}: {reason}"

    done = world.rezup("use", "foo", "--", "rez")
    assert done.code == 0, done.err
    assert json.loads(done.out)["prefix"].endswith(f"{stamp}/venv/rez")
    warnings = [line for line in done.err.splitlines() if line.startswith("warning: ")]
    assert len(warnings) == 1
    assert warnings[0].endswith(f": {reason}; building it anew")
    assert world.stamps() == [stamp]
    assert interpreter(world, stamp) == str(base.original)
    assert world.rezup("use", "foo", "--", "rez").err == ""


@pytest.mark.slow
def test_that_is_upgraded_for_real_gives_a_revision_that_runs(world: World, base: Base) -> None:
    from rezup.errors import InterpreterNotFoundError
    from rezup.system.discovery import find
    from rezup.system.machine import process_environment

    try:
        other = find(f">=3.10,!={VERSION}.*", environment=process_environment(), uv=None)
    except InterpreterNotFoundError:
        pytest.skip("there is but one Python on this machine")
    stamp = built(world, base.program)
    minor = ".".join(map(str, other.release))
    prefix_of_other = other.path.parents[1]
    (base.folder / "lib" / f"python{minor}").symlink_to(prefix_of_other / "lib" / f"python{minor}")
    base.original = other.path
    base.replace()
    done = world.rezup("use", "foo", "--", "rez")
    assert done.code == 0, done.err
    assert f"its Python is now {minor}" in done.err
    assert json.loads(done.out)["prefix"].endswith(f"{stamp}/venv/rez")
    assert world.stamps() == [stamp]
    assert world.rezup("use", "foo", "--", "rez").err == ""


# -- when it is asked, and when not ---------------------------------------------------------------


def light(world: World, base: Base, **changes: object) -> Path:
    """A revision on that Python, as it is by now, that nobody had to build."""
    status = base.program.stat()
    record = EnvironmentRecord(
        "rez", "venv/rez/bin/python", "venv/rez/bin/rez", str(base.program), f"{VERSION}.0", "cpython", "",
        "uv", "1", "test", "", status.st_size, status.st_mtime_ns,
    )._replace(**changes)  # fmt: skip
    folder = world.revision("foo", "100.000000", environments=(record,))
    python = folder / "venv" / "rez" / "bin" / "python"
    python.unlink()
    python.symlink_to(base.program)
    return folder


def used(world: World) -> None:
    done = world.rezup("use", "foo", "--", "rez")
    assert (done.code, done.out, done.err) == (0, "rez of 100.000000\n", "")


def memory(world: World) -> Path:
    return world.home / ".local" / "state" / "rezup" / "pythons.json"


def test_that_is_as_it_was_is_not_asked(world: World, base: Base) -> None:
    base.become("3.99.1")
    light(world, base)
    used(world)
    assert base.asked == 0
    assert not memory(world).exists()


def test_that_nobody_took_note_of_is_not_asked(world: World, base: Base) -> None:
    light(world, base, interpreter_size=0, interpreter_modified=0)
    base.become("3.99.1")
    used(world)
    assert base.asked == 0


def test_that_got_a_bug_fix_is_asked_once(world: World, base: Base) -> None:
    light(world, base)
    base.become(f"{VERSION}.99")
    used(world)
    used(world)
    assert world.rezup("which", "foo").code == 0
    assert base.asked == 1


def test_that_only_its_implementation_tells_apart_is_another(world: World, base: Base) -> None:
    light(world, base, implementation="pypy")
    base.become(f"{VERSION}.99")
    assert f"its Python is now {VERSION} " in world.rezup("which", "foo", "--explain").out


def test_of_several_machines_with_one_home_is_asked_once_on_each(world: World, base: Base) -> None:
    base.become(f"{VERSION}.0")
    light(world, base)
    for time in (1e9, 1.1e9, 1e9, 1.1e9):
        os.utime(base.program, (time, time))
        used(world)
    assert base.asked == 2


def test_whose_answers_can_not_be_kept_is_asked_each_time(world: World, base: Base) -> None:
    light(world, base)
    base.become(f"{VERSION}.99")
    world.variables["XDG_STATE_HOME"] = str(world.write("file", "") / "state")
    used(world)
    used(world)
    assert base.asked == 2
    base.become("3.99.1")
    assert world.rezup("list", "foo", "--json").data["revisions"][0]["state"] == "interpreter replaced"


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", "null", '{"format": 1}', '{"format": 1, "answers": 7}', '{"format": 1, "answers": [7]}',
     '{"format": 2, "answers": [["PATH", SIZE, TIME, "3.99.1", "cpython"]]}',
     '{"format": 1, "answers": [["PATH", SIZE, TIME, "3.99.1"]]}',
     '{"format": 1, "answers": [["PATH", SIZE, TIME, 3.99, null]]}'],
)  # fmt: skip
def test_whose_kept_answers_are_damaged_is_asked_anew(world: World, base: Base, damage: str) -> None:
    light(world, base)
    base.become(f"{VERSION}.99")
    status = base.program.stat()
    text = damage.replace("PATH", str(base.program)).replace("SIZE", str(status.st_size))
    file = memory(world)
    file.parent.mkdir(parents=True)
    file.write_text(text.replace("TIME", str(status.st_mtime_ns)))
    used(world)
    used(world)
    assert base.asked == 1


def test_answers_that_are_kept_are_not_many(world: World, base: Base) -> None:
    light(world, base)
    base.become(f"{VERSION}.99")
    file = memory(world)
    file.parent.mkdir(parents=True)
    answers = [[f"/opt/{n}/python3", n, n, "3.11.7", "cpython"] for n in range(500)]
    file.write_text(json.dumps({"format": 1, "answers": answers}))
    used(world)
    kept = json.loads(file.read_text())["answers"]
    assert len(kept) == 64
    assert kept[:-1] == answers[-63:]
    assert kept[-1][0] == str(base.program)


def test_that_tells_nothing_stops_nobody_and_is_asked_again(world: World, base: Base) -> None:
    light(world, base)
    base.become(dumb=True)
    used(world)
    used(world)
    assert base.asked == 2
    assert not memory(world).exists()


@pytest.mark.parametrize("name", ["venv/rez/bin/circle", "venv/rez/bin/py\0thon"])
def test_that_no_path_leads_to_is_gone(world: World, base: Base, name: str) -> None:
    folder = light(world, base, python=name)
    (folder / "venv" / "rez" / "bin" / "circle").symlink_to("circle")
    assert world.rezup("list", "foo", "--json").data["revisions"][0]["state"] == "interpreter missing"


def test_that_is_there_is_not_blamed_for_a_link_that_is_gone(world: World) -> None:
    folder = world.revision("foo", "100.000000")
    (folder / "venv" / "rez" / "bin" / "python").unlink()
    (told,) = world.rezup("list", "foo", "--json").data["revisions"]
    assert told["state"] == "interpreter missing"
    refused = world.rezup("use", "foo", "--", "true")
    assert sys.executable not in refused.err
    assert str(folder / "venv" / "rez" / "bin" / "python") in refused.err
