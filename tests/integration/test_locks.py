"""The real Rez from the configured index: locked, installed by its lock, for old Pythons and other platforms too."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.errors import InterpreterNotFoundError
from rezup.installers.context import BuildContext
from rezup.installers.environments import build
from rezup.installers.locking import lock_environment
from rezup.installers.plans import Locked, plan
from rezup.installers.programs import find_uv
from rezup.installers.wheels import download
from rezup.lockfiles.reading import parse
from rezup.lockfiles.writing import to_bytes
from rezup.recipes.model import Backend, Recipe, Tool
from rezup.recipes.names import ToolName
from rezup.recipes.secrets import redact
from rezup.system.discovery import find
from support.wheels import write_extension

if TYPE_CHECKING:
    from rezup.lockfiles.lock import FindWheel, Lock, Wheel

pytestmark = [pytest.mark.integration, pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")]


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def context(root: Path, cache: Path, number: int, **fields: object) -> BuildContext:
    """The machine as it is, with its index, but for a home that is the test's."""
    (root / "home").mkdir(exist_ok=True, parents=True)
    environment = {**os.environ, "HOME": str(root / "home"), "UV_CACHE_DIR": str(cache / "uv")}
    if "PYENV_ROOT" not in environment:
        environment["PYENV_ROOT"] = str(Path.home() / ".pyenv")
    return BuildContext(
        environment=environment, folder=root / f"cwd{number}", log=root / "log.txt", cache=cache, mask=redact,
        **fields,  # type: ignore[arg-type]
    )  # fmt: skip


def tool(name: str, requirement: str | None = None, **fields: object) -> Tool:
    return Tool(ToolName.parse(name), requirement or name, **fields)  # type: ignore[arg-type]


def finder(folder: Path) -> FindWheel:
    def found(wheel: Wheel) -> Path | None:
        path = folder / wheel.name
        return path if path.is_file() and sha256(path) == wheel.sha256 else None

    return found


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def tree(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): os.readlink(path) if path.is_symlink() else sha256(path)
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("backend", ["uv", "pip"])
def test_rez_is_locked_and_installed_by_its_lock(tmp_path: Path, cache: Path, backend: Backend) -> None:
    if backend == "uv" and find_uv(os.environ, tmp_path) is None:
        pytest.skip("there is no uv")
    (chosen,) = plan(Recipe(b"", "", None, tool("rez", "rez>=3.3"), backend=backend))
    beside = tmp_path / "wheels"
    lock = lock_environment(
        chosen, context(tmp_path, cache, 0), beside, platforms=(), sdists=True
    )  # fmt: skip
    assert parse(to_bytes(lock), "of the test") == lock
    (rez,) = (package for package in lock.packages if package.name == "rez")
    assert rez.wheels
    trees = []
    for number in (1, 2):
        target = tmp_path / f"machine {number}" / "rez"
        found = finder(beside)
        built = build(chosen, target, context(tmp_path, cache, number), Locked(lock, found))
        assert dict(built.distributions)["rez"] == rez.version
        trees.append(tree(target))
    assert trees[0] == trees[1]
    done = subprocess.run(
        [target / "bin/rez/rez", "--version"], capture_output=True, text=True, check=True,
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path)},
    )  # fmt: skip
    assert done.stdout.startswith(f"Rez {rez.version}")


def test_uv_locks_for_other_platforms_and_pip_fetches_their_wheels(tmp_path: Path, cache: Path) -> None:
    if find_uv(os.environ, tmp_path) is None:
        pytest.skip("there is no uv")
    extension = tool(
        "compiled", "markupsafe", isolated=True, libraries=("colorama; sys_platform == 'win32'",)
    )
    recipe = Recipe(b"", "", None, tool("rez", "click"), (extension,), backend="uv")
    platforms = ("darwin-arm64", "linux-x86_64", "win32-amd64")
    beside = tmp_path / "wheels"
    lock = lock_environment(
        plan(recipe)[1], context(tmp_path, cache, 0), beside, platforms=platforms, sdists=False
    )
    python = "{}{}".format(*sys.version_info[:2])
    (safe,) = (package for package in lock.packages if package.name == "markupsafe")
    assert {name.split("-")[2] for name in (wheel.name for wheel in safe.wheels)} == {f"cp{python}"}
    house = tmp_path / "house"
    files = download(lock, platforms, house, context(tmp_path, cache, 1), finder(beside))
    kinds = {path.name.rpartition("-")[2] for path in files if path.name.startswith("markupsafe")}
    assert any(kind.startswith("macosx") for kind in kinds)
    assert "win_amd64.whl" in kinds
    assert any(kind.startswith("manylinux") for kind in kinds)
    assert [path.name for path in files if path.name.startswith("colorama")]
    hashes = {wheel.name: wheel.sha256 for package in lock.packages for wheel in package.wheels}
    assert {path.name: sha256(path) for path in files}.items() <= hashes.items()


@pytest.mark.parametrize("version", ["2.7", "3.6", "3.8"])
def test_old_python_is_locked_and_installed_by_its_lock(tmp_path: Path, cache: Path, version: str) -> None:
    world = context(tmp_path, cache, 0, pip_options=("--find-links", str(tmp_path / "links")))
    uv = find_uv(world.environment, tmp_path)
    try:
        find(version, environment=world.environment, uv=uv.path if uv else None)
    except InterpreterNotFoundError:
        pytest.skip(f"there is no Python {version}")
    write_extension(tmp_path / "links", "rez-fixture-extension", requires=())
    old = tool("old", "rez-fixture-extension", isolated=True, python=version)
    chosen = plan(Recipe(b"", "", None, tool("rez", "six"), (old,)))[1]
    beside = tmp_path / "wheels"
    lock: Lock = lock_environment(chosen, world, beside, platforms=(), sdists=False)
    assert lock.python == version
    names = {package.name for package in lock.packages}
    assert {"rez-fixture-extension", "six", "pip"} <= names
    trees = []
    for number in (1, 2):
        target = tmp_path / f"machine {number}" / "old"
        built = build(
            chosen,
            target,
            context(tmp_path, cache, number),
            Locked(lock, finder(beside)),
        )
        assert {name.lower() for name, _ in built.distributions} == names
        trees.append(tree(target))
    assert trees[0] == trees[1]
