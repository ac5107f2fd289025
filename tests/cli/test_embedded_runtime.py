"""Containers whose Rez is rezup's own runtime: built without a network, used by real shells, movable."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from rezup import __version__
from rezup.stores.base import RECEIPT
from support.wheels import write_extension
from support.world import Outcome, World

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name != "posix", reason="shell scripts")

RECIPE = '[rez]\nruntime = "embedded"\n'

#: A port of this machine where nobody answers.
NOBODY = "http://127.0.0.1:9"
REFUSED = {
    "HTTP_PROXY": NOBODY, "HTTPS_PROXY": NOBODY, "ALL_PROXY": NOBODY,
    "PIP_INDEX_URL": NOBODY, "UV_DEFAULT_INDEX": NOBODY, "UV_INDEX_URL": NOBODY,
}  # fmt: skip


@pytest.fixture
def shelf(world: World) -> World:
    """A world with two packages, and a recipe of an embedded container."""
    world.write("rezup.foo.toml", RECIPE)
    world.write(
        "packages/maya/2024/package.py",
        'name = "maya"\nversion = "2024"\ntools = ["maya"]\ndef commands():\n    env.PATH.prepend("{root}/bin")\n    env.MAYA = "{root}"\n',
    )
    world.write(
        "packages/maya/2024/bin/maya", '#!/bin/sh\necho "maya $REZ_MAYA_VERSION" "$@"\nexit 3\n', mode=0o755
    )
    world.write("packages/rig/1/package.py", 'name = "rig"\nversion = "1"\nrequires = ["maya"]\n')
    world.variables.update(REFUSED, REZ_PACKAGES_PATH=str(world.home / "packages"), REZ_DEFAULT_SHELL="sh")
    return world


def programs(world: World) -> Path:
    """The folder of the programs of the newest revision."""
    return world.root / "foo" / world.stamps()[0] / "venv/rez/bin/rez"


def call(world: World, program: Path, *arguments: str, **environ: str) -> Outcome:
    """Run a program by its path, outside of any container."""
    done = subprocess.run(
        [str(program), *arguments], env={**world.environ, **environ}, cwd=world.home,
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


def test_it_is_built_without_a_network_and_runs(shelf: World) -> None:
    made = shelf.rezup("use", "foo", "--", "rez-env", "rig", "--", "maya", "a b")
    assert (made.code, made.out) == (3, "maya 2024 a b\n")
    assert "building it from" in made.err
    again = shelf.rezup("use", "foo", "--", "rez", "env", "rig", "-c", "echo $REZ_USED_RESOLVE")
    assert (again.code, again.out, again.err) == (0, "maya-2024 rig-1\n", "")
    assert len(shelf.stamps()) == 1


def test_the_receipt_tells_the_runtime_and_its_version(shelf: World) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    folder = shelf.root / "foo" / shelf.stamps()[0]
    receipt = json.loads((folder / RECEIPT).read_bytes())
    assert receipt["runtime"] == "embedded"
    assert receipt["tools"] == [
        {
            "name": "rez",
            "distribution": "rezup-api",
            "version": __version__,
            "environment": "rez",
            "editable": None,
        }
    ]
    assert receipt["not_relocatable"] == []


def test_no_file_names_its_place_and_all_of_it_can_be_moved(shelf: World) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    folder = shelf.root / "foo" / shelf.stamps()[0]
    place = os.fsencode(shelf.home)
    naming = [path for path in (folder / "venv").rglob("*") if path.is_file() and place in path.read_bytes()]
    assert naming == []
    before = set(folder.rglob("*"))
    shutil.move(folder, shelf.folder / "else where")
    bin_folder = shelf.folder / "else where/venv/rez/bin/rez"
    assert call(shelf, bin_folder / "rez-env", "maya", "--", "maya").out == "maya 2024\n"
    told = call(shelf, bin_folder / "rez-python", "-c", "import rezup; print(rezup.__file__)").out
    assert told.startswith(str(shelf.folder / "else where"))
    shutil.move(shelf.folder / "else where", folder)
    assert set(folder.rglob("*")) == before, "a run has written into the revision"


def test_its_programs_stay_on_path_in_a_context(shelf: World) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    found = call(
        shelf,
        programs(shelf) / "rez-env",
        "maya",
        "--",
        "sh",
        "-c",
        "command -v rez-context; rez-context --res",
    )
    assert found.out == f"{programs(shelf)}/rez-context\nmaya-2024\n"
    inner = call(shelf, programs(shelf) / "rez-env", "maya", "-c", "rez-env rig -- rez status")
    assert inner.out.startswith("Using Rez v3.4.0\n\nActive Context: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh", "fish"])
def test_real_shells(shelf: World, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell}")
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    found = call(shelf, programs(shelf) / "rez-env", "rig", "--shell", shell, "-c", "echo $MAYA; maya x")
    assert found.out == f"{shelf.home}/packages/maya/2024\nmaya 2024 x\n"
    assert found.code == 3
    typed = subprocess.run(
        [str(programs(shelf) / "rez-env"), "rig", "--shell", shell, "-q"], input="echo $REZ_RIG_VERSION\nexit 4\n",
        env=shelf.environ, cwd=shelf.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "1" in typed.stdout.split()
    assert typed.returncode == 4


def test_a_tool_of_a_suite_runs_by_its_programs(shelf: World) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    folder = programs(shelf)
    for command, *arguments in (
        ["env", "maya", "-o", "maya.rxt"],
        ["suite", "--create", "S"],
        ["suite", "--add", "maya.rxt", "-c", "one", "S"],
    ):
        outcome = call(shelf, folder / f"rez-{command}", *arguments)
        assert outcome.code == 0, outcome
    tool = shelf.home / "S/bin/maya"
    found = call(shelf, tool, "z", PATH=f"{folder}:/usr/bin:/bin")
    assert (found.code, found.out) == (3, "maya 2024 z\n")
    options = call(shelf, tool, "--help", "-v", "--debug", "--", "-h", PATH=f"{folder}:/usr/bin:/bin")
    assert (options.code, options.out) == (3, "maya 2024 --help -v --debug -- -h\n")
    about = call(shelf, tool, "++about", PATH=f"{folder}:/usr/bin:/bin").out
    assert "Package:  maya-2024" in about


@pytest.mark.parametrize("command", ["build", "pip", "cp", "release", "bind", "gui"])
def test_other_commands_say_where_they_are(shelf: World, command: str) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    found = call(shelf, programs(shelf) / "rez", command, "-x")
    assert (found.code, found.out) == (2, "")
    assert found.err.count("\n") == 1
    assert f"rez {command} is not in the embedded runtime" in found.err
    assert "rezup use NAME" in found.err
    assert call(shelf, programs(shelf) / f"rez-{command}", "-x") == found


def test_a_bundle_by_its_program(shelf: World) -> None:
    shelf.write("rezup.foo.toml", f'{RECIPE}name = "rez"\n')
    assert shelf.rezup("use", "foo", "--", "rez-env", "rig", "-o", "x.rxt").code == 0
    made = shelf.rezup("use", "foo", "--", "rez-bundle", "x.rxt", "made")
    assert (made.code, made.out, made.err) == (0, "", "")
    assert (shelf.home / "made/packages/maya/2024/bin/maya").is_file()


def test_an_isolated_extension_stands_beside_it(shelf: World) -> None:
    wheels = shelf.folder / "wheels"
    write_extension(wheels, "tool", requires=())
    shelf.write(
        "rezup.foo.toml",
        f'{RECIPE}[[extension]]\nname = "tool"\nisolation = true\n[pip]\noptions = ["--no-index", "--find-links={wheels}"]\n',
    )
    for name in REFUSED:
        shelf.variables.pop(name)
    outcome = shelf.rezup("add", "foo", "--skip-use")
    assert outcome.code == 0, outcome.err
    folder = shelf.root / "foo" / shelf.stamps()[0] / "venv"
    assert sorted(entry.name for entry in folder.iterdir()) == ["rez", "tool"]


def test_an_extension_that_would_join_it_is_refused(shelf: World) -> None:
    shelf.write("rezup.foo.toml", f'{RECIPE}[[extension]]\nname = "tool"\n')
    outcome = shelf.rezup("add", "foo", "--skip-use")
    assert outcome.code == 1
    assert "isolation" in outcome.err
    assert "hint:" in outcome.err
    assert not (shelf.root / "foo").exists() or shelf.stamps() == []


def test_a_reader_that_has_seen_enough(shelf: World) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    command = f'{programs(shelf)}/rez-search -t package -f "{{uri}}{"x" * 100_000}" | head -c 10'
    done = subprocess.run(
        ["sh", "-c", command], env=shelf.environ, cwd=shelf.home, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == (str(shelf.home)[:10], "")


def test_names_that_are_no_text(shelf: World) -> None:
    assert shelf.rezup("add", "foo", "--skip-use").code == 0
    odd = os.path.join(shelf.home, os.fsdecode(b"odd\xff"))
    shutil.copytree(shelf.home / "packages", odd)
    done = subprocess.run(
        [str(programs(shelf) / "rez-search"), "-f", "{uri}", "maya", "--paths", odd],
        env=shelf.environ, cwd=shelf.home, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout == os.fsencode(odd) + b"/maya/2024/package.py\n"
