"""Both installers add to a plain folder alike, which is how the library is upgraded."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InstallError, ProcessError
from rezup.installers.backend import prepare
from rezup.installers.distributions import read_distributions
from rezup.system.interpreters import running
from support.installer_worlds import World, make_world
from support.wheels import write_project, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


def add(world: World, folder: Path, lines: str, *options: str) -> None:
    (world.root / "cwd").mkdir(exist_ok=True)
    prepared = prepare(world.backend, world.context, lambda uv, settings: running().base)
    assert prepared.installer.name == world.backend
    requirements = world.root / "requirements.txt"
    requirements.write_text(lines)
    folder.mkdir(exist_ok=True)
    prepared.installer.add(folder, prepared.interpreter, requirements, options)


def distributions(folder: Path) -> dict[str, str]:
    return {found.name: found.version for found in read_distributions(folder)}


def test_adds_to_a_folder_what_is_asked_for_with_all_it_needs(world: World, tmp_path: Path) -> None:
    write_wheel(world.wheels, "thing", "1.0", {"thing/__init__.py": ""}, requires=["thing-too>=2"])
    write_wheel(world.wheels, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    add(world, tmp_path / 'it\'s a "folder"', "thing\n")
    assert distributions(tmp_path / 'it\'s a "folder"') == {"thing": "1.0", "thing-too": "2.5"}
    add(world, tmp_path / "alone", "thing==1.0\n", "--no-deps")
    assert distributions(tmp_path / "alone") == {"thing": "1.0"}
    assert not list((tmp_path / "alone").rglob("*.pyc"))


def test_what_is_installed_elsewhere_counts_for_nothing(world: World, tmp_path: Path) -> None:
    write_wheel(world.wheels, "pytest", "99.0", {"pytest.py": ""}, requires=["packaging"])
    write_wheel(world.wheels, "packaging", "98.0", {"packaging.py": ""})
    add(world, tmp_path / "folder", "pytest\n")
    assert distributions(tmp_path / "folder") == {"pytest": "99.0", "packaging": "98.0"}


def test_adds_beside_what_was_added(world: World, tmp_path: Path) -> None:
    write_wheel(world.wheels, "thing", "1.0", {"thing/__init__.py": ""})
    write_wheel(world.wheels, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    add(world, tmp_path / "folder", "thing\n", "--no-deps")
    add(world, tmp_path / "folder", "thing-too\n")
    assert distributions(tmp_path / "folder") == {"thing": "1.0", "thing-too": "2.5"}


def test_adds_from_a_file_by_its_address_and_from_further_folders(world: World, tmp_path: Path) -> None:
    more = tmp_path / "more wheels"
    wheel = write_wheel(more, "thing", "1.0", {"thing/__init__.py": ""}, requires=["thing-too"])
    write_wheel(more, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    add(world, tmp_path / "folder", f"thing @ {wheel.as_uri()}\n", "--find-links", str(more))
    assert distributions(tmp_path / "folder") == {"thing": "1.0", "thing-too": "2.5"}


def test_adds_only_what_has_the_hash_that_is_required(world: World, tmp_path: Path) -> None:
    wheel = write_wheel(world.wheels, "thing", "1.0", {"thing/__init__.py": ""})
    good = hashlib.sha256(wheel.read_bytes()).hexdigest()
    options = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
    add(world, tmp_path / "good", f"thing==1.0 --hash=sha256:{good}\n", *options)
    assert distributions(tmp_path / "good") == {"thing": "1.0"}
    for number, line in enumerate((f"thing==1.0 --hash=sha256:{'0' * 64}\n", "thing==1.0\n")):
        with pytest.raises(InstallError):
            add(world, tmp_path / f"bad{number}", line, *options)
        assert distributions(tmp_path / f"bad{number}") == {}


def test_what_can_not_be_found_is_an_error_that_names_it(world: World, tmp_path: Path) -> None:
    with pytest.raises(InstallError) as caught:
        add(world, tmp_path / "folder", "there-is-no-such-thing\n")
    assert "there-is-no-such-thing" in f"{caught.value} {getattr(caught.value, 'output', '')}"


def test_time_ends(world: World, tmp_path: Path) -> None:
    project = write_project(tmp_path / "slow", "slow", "1.0", {"slow/__init__.py": ""}, {})
    (project / "backend" / "own_backend.py").write_text("import time\ntime.sleep(120)\n")
    (world.root / "cwd").mkdir(exist_ok=True)
    prepared = prepare(
        world.backend, world.context._replace(time_left=lambda: 1.0), lambda uv, settings: running().base
    )
    requirements = world.root / "requirements.txt"
    requirements.write_text(f"slow @ {project.as_uri()}\n")
    with pytest.raises(ProcessError, match="no answer within"):
        prepared.installer.add(tmp_path / "folder", prepared.interpreter, requirements)
