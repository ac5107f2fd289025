"""Both installers install the same by a lock: the same cases, wheels of the tests, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import HashMismatchError, LockError
from rezup.installers.distributions import read_distributions
from rezup.installers.facts import build_flags, from_facts, to_facts
from rezup.installers.interpreter import find_interpreter_for
from rezup.installers.plans import plan
from rezup.installers.wheels import download
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel
from rezup.system.interpreters import running
from rezup.system.machine import platform_tag
from support.lock_worlds import PIP, World, changed, make_world, my_project, names, sha256, tool
from support.wheels import WITNESS, digest, retag, write_extension, write_rez, write_wheel

if TYPE_CHECKING:
    from rezup.recipes.model import Tool

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")


@pytest.fixture(params=["uv", "pip"])
def world(request: pytest.FixtureRequest, tmp_path: Path, shared: Path) -> World:
    return make_world(tmp_path, request.param, shared)


# Installing by a lock


def test_what_is_locked_is_installed_and_nothing_else(world: World) -> None:
    write_extension(world.links)
    lock = world.lock(tool("rez-thing"))
    write_rez(world.links, "9.9")
    built, target = world.build(lock, tool("rez-thing"))
    assert dict(built.distributions) == {**names(lock)}
    assert built.leftovers == ()
    site = next(target.glob("lib/python*/site-packages"))
    for distribution in read_distributions(site):
        for path, (recorded, _) in distribution.record().items():
            place = site / path
            assert place.is_file(), path
            if recorded:
                assert recorded == digest(place.read_bytes()), path
    assert subprocess.run([target / "bin/rez/rez-env"], capture_output=True, check=True).returncode == 0
    assert subprocess.run([target / "bin/pip", "--version"], capture_output=True, check=True).returncode == 0


def test_two_machines_get_the_same_bytes(world: World, shared: Path) -> None:
    project = my_project(world)
    write_extension(world.links)
    tools = (tool("rez-thing"), tool("mine", "./my ext", path=project))
    lock = world.lock(*tools)
    other = make_world(world.root / "another one", world.backend, shared, cache=world.root / "other cache")
    shutil.copytree(world.beside, other.beside)
    shutil.rmtree(other.links)
    write_extension(other.links)
    write_rez(other.links, "9.9")
    world.cache = None
    _, one = world.build(lock, *tools)
    # There it comes from the wheels beside the lock, here from the configured folder.
    _, two = other.build(lock, *tools, where="elsewhere")
    assert tree(one) == tree(two)
    assert len(tree(one)) > 500
    _, three = world.build(
        lock,
        *tools,
        where="third",
        find=lambda wheel: None if wheel.name.startswith("rez") else world.find(wheel),
    )
    assert tree(one) == tree(three)


def tree(root: Path) -> dict[str, str]:
    found = {}
    for path in root.rglob("*"):
        name = path.relative_to(root).as_posix()
        if path.is_symlink():
            found[name] = f"link {os.readlink(path)}"
        elif path.is_file():
            found[name] = f"{path.stat().st_mode & 0o111:o} {sha256(path)}"
    return found


def test_no_trace_of_the_machine(world: World) -> None:
    project = my_project(world)
    local = tool("mine", str(project), path=project)
    lock = world.lock(local)
    _, target = world.build(lock, local)
    assert not [
        path for path in target.rglob("*") if path.name in ("direct_url.json", "uv_cache.json", "REQUESTED")
    ]
    root = os.fsencode(world.root)
    assert not [p for p in target.rglob("*") if p.is_file() and not p.is_symlink() and root in p.read_bytes()]


def test_one_changed_byte_of_a_wheel_here_is_refused(world: World) -> None:
    lock = world.lock()
    (rez,) = (package for package in lock.packages if package.name == "rez")
    path = world.beside / rez.wheels[0].name
    changed(path)
    with pytest.raises(HashMismatchError) as caught:
        world.build(lock, find=lambda wheel: world.beside / wheel.name)
    error = caught.value
    assert (error.name, error.expected, error.found) == (path.name, rez.wheels[0].sha256, sha256(path))


def test_one_changed_byte_of_a_wheel_of_the_index_is_refused(world: World) -> None:
    lock = world.lock()
    (rez,) = (package for package in lock.packages if package.name == "rez")
    path = world.links / rez.wheels[0].name
    changed(path)
    world.environment["UV_CACHE_DIR"] = str(world.root / "uv2")  # the other one holds the good file
    with pytest.raises(HashMismatchError) as caught:
        world.build(lock, find=lambda wheel: None)
    error = caught.value
    assert (error.name, error.expected, error.found) == (path.name, rez.wheels[0].sha256, sha256(path))


def test_settings_of_resolving_have_no_say(world: World) -> None:
    lock = world.lock()
    (world.root / "constraints.txt").write_text("rez==1.0\n")
    (world.root / "more.txt").write_text("there-is-no-such-thing\n")
    options = (
        "--constraint", str(world.root / "constraints.txt"), "--requirement", str(world.root / "more.txt"),
        "--no-binary", ":all:",
    )  # fmt: skip
    world.environment |= {"UV_CONSTRAINT": str(world.root / "constraints.txt"), "UV_NO_BINARY": "1"}
    built, _ = world.build(lock, pip_options=options, find=lambda wheel: None)
    assert dict(built.distributions)["rez"] == "9.1.0"


def test_missing_wheel_that_was_built_is_named(world: World) -> None:
    project = my_project(world)
    local = tool("mine", str(project), path=project)
    lock = world.lock(local)
    with pytest.raises(LockError) as caught:
        world.build(lock, local, find=lambda wheel: None)
    assert "my_ext-0.1-py3-none-any.whl" in caught.value.message
    assert caught.value.hint


def test_wheel_that_the_index_has_no_more_is_named(world: World) -> None:
    lock = world.lock()
    shutil.rmtree(world.links)
    write_rez(world.links, "9.9")
    with pytest.raises(LockError) as caught:
        world.build(lock, find=lambda wheel: None)
    assert "rez-9.1.0-py2.py3-none-any.whl" in caught.value.message
    assert caught.value.hint


def test_lock_of_another_python_or_platform_is_refused(world: World) -> None:
    lock = world.lock()
    with pytest.raises(LockError, match=r"covers? "):
        world.build(lock._replace(platforms=("win32-amd64",)))
    with pytest.raises(LockError, match=r"3\.99"):
        world.build(lock._replace(python="3.99"), rez=tool("rez", python=">=3.10,<3.20"))
    with pytest.raises(LockError, match=r"3\.99"):
        world.build(lock._replace(python="3.99"), rez=tool("rez", python=str(running().base.path)))
    assert not (world.root / "staging").exists() or not any((world.root / "staging").rglob("pyvenv.cfg"))


def test_interpreter_is_the_one_of_the_lock(world: World) -> None:
    lock = world.lock()
    here = running().base
    for python in (None, f">={lock.python}", lock.python, str(here.path)):
        (chosen, *_) = plan(world.recipe(rez=tool("rez", python=python)))
        found = find_interpreter_for(chosen, world.context(), lock)
        assert found == here, python
    assert world.listener.lines == [] or not [line for line in world.listener.lines if "python find" in line]


def test_home_that_can_not_be_written(world: World) -> None:
    lock = world.lock()
    world.environment.pop("UV_CACHE_DIR")
    world.environment |= {"HOME": "/dev/null/home", "PIP_NO_CACHE_DIR": "1"}
    built, _ = world.build(lock, find=lambda wheel: None)
    assert dict(built.distributions) == names(lock)


# Wheels for machines that differ


def compiled(world: World, *platforms: str) -> tuple[Wheel, ...]:
    """Wheels of one package for this Python and several systems, on the index."""
    python = "cp{}{}".format(*sys.version_info[:2])
    made = []
    for platform in platforms:
        written = write_wheel(world.links, "compiled", "1.0", {"compiled.py": f"system = {platform!r}\n"})
        path = retag(written, f"{python}-{python}-{platform}")
        made.append(Wheel(path.name, sha256(path), f"https://host/{path.name}"))
    return tuple(sorted(made))


@pytest.fixture
def several(world: World) -> Lock:
    """The lock of a recipe with a package that has wheels for several systems."""
    if platform_tag() != "linux-x86_64":
        pytest.skip("wheels of Linux")
    wheels = compiled(
        world, "manylinux_2_5_x86_64.manylinux1_x86_64", "manylinux_2_17_x86_64", "manylinux_2_99_x86_64",
        "musllinux_1_2_x86_64", "manylinux_2_17_aarch64",
    )  # fmt: skip
    lock = world.lock()
    return lock._replace(packages=(LockedPackage("compiled", "1.0", wheels), *lock.packages))


def test_every_machine_of_a_platform_finds_its_wheel_in_the_house(world: World, several: Lock) -> None:
    files = download(several, (), world.root / "house", world.context(), world.find)
    systems = [path.stem.split("-")[4] for path in files if path.name.startswith("compiled")]
    assert systems == [
        "manylinux_2_17_x86_64", "manylinux_2_5_x86_64.manylinux1_x86_64", "manylinux_2_99_x86_64",
        "musllinux_1_2_x86_64",
    ]  # fmt: skip
    expected = {wheel.name: wheel.sha256 for package in several.packages for wheel in package.wheels}
    assert {path.name: expected[path.name] for path in files} == {path.name: sha256(path) for path in files}


@pytest.mark.skipif(platform_tag() != "linux-x86_64", reason="wheels of Linux")
def test_a_wheel_that_is_here_is_taken_before_a_better_one_that_is_not(world: World, several: Lock) -> None:
    from packaging.tags import platform_tags

    if "manylinux_2_17_x86_64" not in platform_tags():
        pytest.skip("it has another C library")
    (old,) = (w for p in several.packages for w in p.wheels if "manylinux_2_5" in w.name)
    shutil.copy(world.links / old.name, world.beside)
    shutil.rmtree(world.links)
    built, target = world.build(several, tool("compiled"), offline=True)
    (module,) = target.glob("lib/*/site-packages/compiled.py")
    assert "manylinux_2_5_x86_64" in module.read_text()
    assert built.tools[1].distribution == "compiled"


def test_lock_of_others_covers_this_machine(world: World) -> None:
    foreign = world.lock()._replace(python=None, platforms=())
    files = download(foreign, (), world.root / "house", world.context(), world.find)
    assert {path.name for path in files} == {w.name for p in foreign.packages for w in p.wheels}


# Facts


def test_facts_round_trip(world: World) -> None:
    project = my_project(world)
    tools = (tool("mine", str(project), path=project, editable=True),)
    lock = world.lock(*tools)
    built, _ = world.build(lock, *tools)
    (chosen, *_) = plan(world.recipe(*tools))
    facts = json.loads(json.dumps(to_facts(built)))
    assert from_facts(facts, chosen) == built
    for key in facts:
        for damage in (None, 7, [7], "../x" if key in ("python", "scripts") else {"x": 1}):
            with pytest.raises(ValueError, match="the facts of rez are damaged"):
                from_facts({**facts, key: damage}, chosen)
        with pytest.raises(ValueError, match="rez"):
            from_facts({name: value for name, value in facts.items() if name != key}, chosen)
    with pytest.raises(ValueError, match="other tools"):
        from_facts(facts, plan(world.recipe())[0])


def test_flags_tell_apart_what_differs(world: World) -> None:
    here, lock = running().base, world.lock()

    def flags(*tools: Tool, lock: Lock = lock, **fields: Any) -> tuple[str, ...]:
        (chosen, *_) = plan(world.recipe(*tools))
        return build_flags(chosen, here, world.context(**fields), lock)

    variants = [
        flags(), flags(edit_in_production=True), flags(tool("rez-thing")), flags(tool("other", "rez-thing")),
        flags(tool("rez-thing", flags=("-I",))),
        # Which of two distributions a tool is.
        flags(tool("t", "aaatool", libraries=("bbbtool",))), flags(tool("t", "bbbtool", libraries=("aaatool",))),
    ]  # fmt: skip
    assert len(set(variants)) == len(variants)
    assert flags() == flags()
    assert flags(tool("t", "aaatool")) == flags(tool("t", "AAAtool[x] >= 1"))
    moved = here._replace(path=Path("/another/python"))
    assert build_flags(plan(world.recipe())[0], moved, world.context(), lock) != flags()


def test_folders_of_two_machines_share_what_was_built_of_them(world: World) -> None:
    lock = world.lock(tool("mine", "./my ext", path=my_project(world)))
    found = {
        build_flags(plan(world.recipe(tool("mine", path, path=Path(path))))[0], running().base, world.context(), lock)
        for path in ("/one/my ext", "/another/place")
    }  # fmt: skip
    assert len(found) == 1
    other = lock._replace(
        packages=tuple(p._replace(name="other") if p.origin is not None else p for p in lock.packages)
    )
    chosen = plan(world.recipe(tool("mine", "/one", path=Path("/one"))))[0]
    assert build_flags(chosen, running().base, world.context(), other) not in found


def test_pip_of_this_machine_counts_where_the_lock_has_none(world: World) -> None:
    assert PIP is not None
    lock = world.lock()
    (chosen, *_) = plan(world.recipe())
    without = lock._replace(packages=tuple(p for p in lock.packages if p.name != "pip"))
    one, other = (build_flags(chosen, running().base, world.context(), each) for each in (lock, without))
    assert sha256(PIP) not in " ".join(one)
    assert sha256(PIP) in " ".join(other)


def test_facts_of_another_distribution_are_refused(world: World) -> None:
    write_extension(world.links)
    write_wheel(world.links, "bbb-tool", "1.0", {"bbb.py": WITNESS}, scripts={"b-tool": "bbb:main"})
    one = tool("t", "rez-thing", libraries=("bbb-tool",))
    built, _ = world.build(world.lock(one), one)
    facts = json.loads(json.dumps(to_facts(built)))
    assert from_facts(facts, plan(world.recipe(one))[0]) == built
    swapped = tool("t", "bbb-tool", libraries=("rez-thing",))
    with pytest.raises(ValueError, match="another distribution"):
        from_facts(facts, plan(world.recipe(swapped))[0])
