"""Both installers resolve to the same lock: the same cases, wheels of the tests, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InstallError, LockError
from rezup.installers.environments import build
from rezup.installers.locking import Upgrade, lock_environment
from rezup.installers.plans import Locked, plan
from rezup.installers.wheels import download
from rezup.lockfiles.lock import Wheel
from rezup.lockfiles.writing import to_bytes
from rezup.system.machine import platform_tag
from support.lock_worlds import PIP, World, make_world, my_project, names, sha256, tool
from support.wheels import retag, write_extension, write_rez, write_sdist, write_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


# What a lock says


def test_names_versions_files_and_hashes_of_all_that_is_needed(world: World) -> None:
    write_extension(world.links, requires=("rez", "thing-too>=2"))
    wheel = write_wheel(world.links, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    lock = world.lock(tool("rez-thing"))
    assert PIP is not None
    assert names(lock) == {
        "pip": PIP.name.split("-")[1], "rez": "9.1.0", "rez-thing": "1.2", "thing-too": "2.5"
    }  # fmt: skip
    assert (lock.python, lock.platforms) == ("{}.{}".format(*sys.version_info[:2]), (platform_tag(),))
    by_name = {package.name: package for package in lock.packages}
    assert by_name["thing-too"].wheels == (Wheel(wheel.name, sha256(wheel), None, wheel.stat().st_size),) or (
        by_name["thing-too"].wheels == (Wheel(wheel.name, sha256(wheel)),)
    )
    assert by_name["thing-too"].marker is None
    # Wheels of a folder are beside the lock: another machine hasn't got that folder.
    assert {path.name for path in world.beside.iterdir()} == {
        wheel.name for package in lock.packages for wheel in package.wheels
    }
    assert not list((world.root / "locked").rglob("*.dist-info"))


def test_the_same_is_locked_twice(world: World) -> None:
    write_extension(world.links)
    assert to_bytes(world.lock(tool("rez-thing"))) == to_bytes(world.lock(tool("rez-thing")))


def test_pip_of_the_recipe_is_the_one_that_is_locked(world: World) -> None:
    assert PIP is not None
    with zipfile.ZipFile(PIP) as archive:
        stem = "-".join(PIP.name.split("-")[:2])
        assert f"{stem}.dist-info/METADATA" in archive.namelist()
    shutil.copy(PIP, world.links)
    lock = world.lock(tool("rez", libraries=("pip",)), rez=tool("rez", libraries=("pip",)))
    assert names(lock)["pip"] == PIP.name.split("-")[1]


def test_versions_of_a_previous_lock_are_kept_until_they_are_not(world: World) -> None:
    write_extension(world.links)
    previous = world.lock(tool("rez-thing"))
    write_rez(world.links, "9.9")
    write_wheel(world.links, "rez-thing", "1.3", {"rez_thing/__init__.py": ""}, requires=("rez",))
    assert names(world.lock(tool("rez-thing")))["rez"] == "9.9"
    kept = world.lock(tool("rez-thing"), previous=previous)
    assert (names(kept)["rez"], names(kept)["rez-thing"]) == ("9.1.0", "1.2")
    one = world.lock(tool("rez-thing"), previous=previous, upgrade=Upgrade(("Rez_Thing",)))
    assert (names(one)["rez"], names(one)["rez-thing"]) == ("9.1.0", "1.3")
    all_ = world.lock(tool("rez-thing"), previous=previous, upgrade=Upgrade())
    assert (names(all_)["rez"], names(all_)["rez-thing"]) == ("9.9", "1.3")
    # What the recipe rules out isn't kept.
    new = world.lock(tool("rez-thing"), rez=tool("rez", "rez>=9.5"), previous=previous)
    assert names(new)["rez"] == "9.9"


def test_contradiction_is_one_clear_error(world: World) -> None:
    write_extension(world.links, requires=("rez<9",))
    write_rez(world.links, "8.0")
    with pytest.raises(InstallError) as caught:
        world.lock(tool("rez-thing"), rez=tool("rez", "rez>=9"))
    assert "environment rez can't be locked" in caught.value.message
    assert "isolation = true" in (caught.value.hint or "")


def test_isolated_environment_has_a_lock_of_its_own(world: World) -> None:
    write_extension(world.links, requires=("rez<9",))
    write_rez(world.links, "8.0")
    lone = tool("lone", "rez-thing", isolated=True, libraries=("rez<9",))
    assert names(world.lock(lone))["rez"] == "9.1.0"
    assert names(world.lock(lone, number=1))["rez"] == "8.0"


def test_embedded_runtime_has_an_empty_lock(world: World) -> None:
    recipe = world.recipe()._replace(runtime="embedded")
    lock = lock_environment(plan(recipe)[0], world.context(), world.beside, platforms=(), sdists=False)
    assert (lock.packages, lock.platforms) == ((), (platform_tag(),))
    assert not world.beside.exists()
    target = world.root / "staging" / "rez"
    built = build(plan(recipe)[0], target, world.context(), Locked(lock, world.find))
    assert built.tools[0].distribution == "rezup-api"


# What is built first


def test_local_folder_is_locked_as_a_wheel(world: World) -> None:
    project = my_project(world)
    local = tool("whatever", "./my ext", path=project)
    lock = world.lock(local)
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.version == "0.1"
    assert mine.origin is not None
    assert (mine.origin.source, mine.origin.tools, mine.origin.commit) == ("./my ext", ("whatever",), "")
    assert mine.wheels[0].path == "wheels/my_ext-0.1-py3-none-any.whl"
    assert sha256(world.beside / mine.wheels[0].name) == mine.wheels[0].sha256
    # Byte-code and version control are not what it is.
    (project / ".git").mkdir()
    (project / ".git" / "HEAD").write_text("ref")
    (project / "src" / "__pycache__").mkdir()
    (project / "src" / "__pycache__" / "x.pyc").write_bytes(b"x")
    (same,) = (package for package in world.lock(local).packages if package.name == "my-ext")
    assert same.origin == mine.origin
    (project / "src" / "my_ext.py").write_text("changed = 1\n")
    (other,) = (package for package in world.lock(local).packages if package.name == "my-ext")
    assert other.origin is not None
    assert other.origin.digest != mine.origin.digest
    assert other.wheels[0].sha256 != mine.wheels[0].sha256


def test_local_folder_is_installed_from_its_wheel(world: World) -> None:
    project = my_project(world)
    local = tool("whatever", "./my ext", path=project)
    lock = world.lock(local)
    shutil.rmtree(project)
    shutil.rmtree(world.links)
    built, target = world.build(lock, local, offline=True)
    assert [(t.name, t.distribution, t.version) for t in built.tools][1] == ("whatever", "my-ext", "0.1")
    done = subprocess.run([target / "bin/rez/my-tool"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["file"].startswith(str(target))


def test_two_environments_get_one_wheel_of_a_source(world: World) -> None:
    project = my_project(world)
    (project / "backend" / "own_backend.py").write_text(
        (project / "backend" / "own_backend.py").read_text()
        + "\n_plain = _wheel\ndef _wheel(folder, files):\n    files['t.txt'] = os.urandom(8).hex()\n"
        "    return _plain(folder, files)\n"
    )
    rez = tool("rez", "./my ext", path=project)
    lone = tool("lone", "rez", isolated=True)
    context = world.context()
    plans = plan(world.recipe(lone, rez=rez))
    locks = [lock_environment(each, context, world.beside, platforms=(), sdists=False) for each in plans]
    found = {p.wheels for lock in locks for p in lock.packages if p.name == "my-ext"}
    assert len(found) == 1
    assert sha256(world.beside / "my_ext-0.1-py3-none-any.whl") == next(iter(found))[0].sha256


def git(folder: Path, *arguments: str) -> str:
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)}
    identity = ["-c", "user.name=Test", "-c", "user.email=t@example.org"]
    done = subprocess.run(
        ["git", *identity, *arguments], cwd=folder, env={"PATH": os.environ["PATH"], **settings},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")
@pytest.mark.parametrize("revision", ["", "@main"])
def test_repository_is_locked_with_its_commit(world: World, revision: str) -> None:
    project = my_project(world)
    git(project, "init", "-q", "-b", "main")
    git(project, "add", "-A")
    git(project, "commit", "-q", "-m", "one")
    commit = git(project, "rev-parse", "HEAD")
    url = f"git+{project.as_uri()}{revision}"
    lock = world.lock(tool("mine", url))
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.origin is not None
    assert (mine.origin.commit, mine.origin.source, mine.origin.tools) == (commit, url, ("mine",))
    built, _ = world.build(lock, tool("mine", url))
    assert built.tools[1].distribution == "my-ext"


def test_edit_mode_is_outside_but_what_it_needs_is_inside(world: World) -> None:
    write_wheel(world.links, "thing-too", "2.5", {"thing_too/__init__.py": ""})
    project = my_project(world)
    backend = project / "backend" / "own_backend.py"
    backend.write_text(
        backend.read_text().replace('Version: %s\\n"', 'Version: %s\\nRequires-Dist: thing-too\\n"')
    )
    edited = tool("mine", str(project), path=project, editable=True)
    with (project / "pyproject.toml").open("a") as stream:  # uv believes what stands there
        stream.write('dependencies = ["thing-too"]\n')
    lock = world.lock(edited)
    assert set(names(lock)) == {"pip", "rez", "thing-too"}
    built, target = world.build(lock, edited)
    assert built.tools[1].editable == project
    assert set(dict(built.distributions)) == {"pip", "rez", "thing-too", "my-ext"}
    done = subprocess.run([target / "bin/rez/my-tool"], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout)["file"] == str(project / "src/my_ext.py")


def test_source_in_edit_mode_may_be_built_to_tell_what_it_needs(world: World) -> None:
    project = my_project(world)
    text = (project / "pyproject.toml").read_text()
    static = next(line for line in text.splitlines() if line.startswith("version = "))
    (project / "pyproject.toml").write_text(text.replace(static, 'dynamic = ["version"]'))
    lock = world.lock(tool("mine", str(project), path=project, editable=True))
    assert "mine" not in {package.name for package in lock.packages}
    assert "rez" in {package.name for package in lock.packages}


def test_source_distribution_is_built_where_the_recipe_allows(world: World) -> None:
    archive = write_sdist(my_project(world), world.links)
    with pytest.raises(LockError) as caught:
        world.lock(tool("mine", "my-ext"))
    assert "sdists = true" in (caught.value.hint or "")
    lock = world.lock(tool("mine", "my-ext"), sdists=True)
    (mine,) = (package for package in lock.packages if package.name == "my-ext")
    assert mine.origin is not None
    assert mine.origin.digest == sha256(archive)
    assert mine.wheels[0].path == "wheels/my_ext-0.1-py3-none-any.whl"
    assert names(
        world.lock(tool("mine", "my-ext"), context={"pip_options": ("--no-binary", "my-ext")})
    ) == names(lock)
    built, _ = world.build(lock, tool("mine", "my-ext"))
    assert built.tools[1].distribution == "my-ext"


# Other platforms


def test_platforms_of_a_recipe(world: World) -> None:
    write_wheel(
        world.links, "for-all", "1.0", {"for_all.py": ""}, requires=('only-windows; sys_platform == "win32"',)
    )
    write_wheel(world.links, "only-windows", "1.0", {"only_windows.py": ""})
    for tags in (
        "cp{0}-cp{0}-win_amd64",
        "cp{0}-cp{0}-macosx_11_0_arm64",
        "cp{0}-cp{0}-manylinux_2_17_x86_64",
    ):
        wheel = write_wheel(world.links, "compiled", "1.0", {"compiled.py": ""})
        retag(wheel, tags.format("".join(map(str, sys.version_info[:2]))))
    platforms = ("linux-x86_64", "win32-amd64")
    tools = (tool("for-all"), tool("compiled"))
    if world.backend == "pip":
        with pytest.raises(LockError, match="another platform"):
            world.lock(*tools, platforms=platforms)
        return
    lock = world.lock(*tools, platforms=platforms)
    by_name = {package.name: package for package in lock.packages}
    assert "win32" in (by_name["only-windows"].marker or "")
    assert [wheel.name.split("-")[4] for wheel in by_name["compiled"].wheels] == [
        "manylinux_2_17_x86_64.whl", "win_amd64.whl"
    ]  # fmt: skip
    with pytest.raises(LockError) as caught:
        world.lock(*tools, platforms=("darwin-x86_64", "linux-x86_64"))
    assert "compiled 1.0" in str(caught.value)
    assert "darwin-x86_64" in str(caught.value)
    if platform_tag() == "linux-x86_64":
        built, _ = world.build(lock, *tools)
        assert "only-windows" not in dict(built.distributions)
    house = world.root / "house"
    files = download(lock, platforms, house, world.context(), world.find)
    assert files == tuple(sorted(house.iterdir()))
    expected = {wheel.name for package in lock.packages for wheel in package.wheels}
    assert {path.name for path in files} == expected
    # The same from where the machine gets its wheels, for each platform.
    again = download(
        lock, platforms, world.root / "house2", world.context(),
        lambda wheel: world.find(wheel) if wheel.name.startswith("pip-") else None,
    )  # fmt: skip
    assert {path.name: sha256(path) for path in again} == {path.name: sha256(path) for path in files}
