"""Machines that lock and install by a lock: wheels of the tests, and one of the two installers."""

from __future__ import annotations

import hashlib
import os
import sys
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from rezup.installers.context import BuildContext
from rezup.installers.environments import build
from rezup.installers.locking import lock_environment
from rezup.installers.plans import Locked, plan
from rezup.installers.programs import bundled_pip, find_uv
from rezup.lockfiles.reading import parse
from rezup.lockfiles.writing import to_bytes
from rezup.recipes.model import Backend, Recipe, Tool
from rezup.recipes.names import ToolName
from support.listeners import Listener
from support.wheels import WITNESS, write_project, write_rez

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.installers.base import BuiltEnvironment
    from rezup.lockfiles.lock import Lock, Wheel

#: A password that nothing may tell.
CANARY = "s3cr3t-canary"
#: The pip that comes with this Python.
PIP = bundled_pip(sys.version_info[:2])


class DebugListener(Listener):
    """Keeps what is said for debugging among the lines."""

    def debug(self, message: str) -> None:
        self.lines.append(message)


@dataclass
class World:
    """A machine with a folder of wheels, and one of the two installers."""

    root: Path
    backend: Backend
    listener: Listener
    environment: dict[str, str]
    cache: Path | None
    runs: int = 0

    @property
    def links(self) -> Path:
        """The folder that this machine is configured to take wheels from."""
        return self.root / "links"

    @property
    def beside(self) -> Path:
        """The folder of wheels beside the lock."""
        return self.root / "locked" / "wheels"

    def context(self, **changes: Any) -> BuildContext:
        """What something is built or locked in; each has a working folder of its own."""
        self.runs += 1
        context = BuildContext(
            environment=self.environment, folder=self.root / f"cwd{self.runs}", log=self.root / "log.txt",
            cache=self.cache, reporter=self.listener,
        )  # fmt: skip
        return context._replace(**changes)

    def recipe(self, *extensions: Tool, rez: Tool | None = None) -> Recipe:
        """A recipe of Rez and extensions, with this installer."""
        return Recipe(b"", "", None, rez or tool("rez"), extensions, backend=self.backend)

    def lock(self, *extensions: Tool, rez: Tool | None = None, number: int = 0, **fields: Any) -> Lock:
        """The lock of one environment of a recipe, without platforms and sdists unless told."""
        context = self.context(**fields.pop("context", {}))
        chosen = plan(self.recipe(*extensions, rez=rez))[number]
        told = {"platforms": (), "sdists": False, **fields}
        lock = lock_environment(chosen, context, self.beside, **told)
        # What a lock is good for is what its bytes say.
        assert parse(to_bytes(lock), "of the test") == lock
        return lock

    def find(self, wheel: Wheel) -> Path | None:
        """A wheel beside the lock, if it is the one that is locked."""
        path = self.beside / wheel.name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != wheel.sha256:
            return None
        return path

    def build(
        self, lock: Lock, *extensions: Tool, rez: Tool | None = None, where: str = "staging", **fields: Any
    ) -> tuple[BuiltEnvironment, Path]:
        """Install the first environment of a recipe by a lock; what was built, and where."""
        chosen = plan(self.recipe(*extensions, rez=rez))[0]
        target = self.root / where / "venv" / chosen.name
        locked = Locked(lock, fields.pop("find", self.find), fields.pop("only_local", False))
        built = build(chosen, target, self.context(**fields), locked)
        return built, target


def tool(name: str, requirement: str | None = None, **fields: Any) -> Tool:
    """A tool of a recipe, which requires what it is called unless told."""
    return Tool(ToolName.parse(name), requirement or name, **fields)


def environment_of(root: Path, backend: Backend, shared: Path, links: Path) -> dict[str, str]:
    """The environment of a new machine below `root` whose only index is a folder of wheels, with Rez in it."""
    home = root / "home"
    home.mkdir(parents=True)
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PIP_FIND_LINKS": links.as_uri(),
        "PIP_NO_INDEX": "1",
        "PIP_CONFIG_FILE": os.devnull,
        "UV_CACHE_DIR": str(shared / "uv"),
    }
    if backend == "uv" and find_uv(environment, root) is None:
        pytest.skip("there is no uv")
    write_rez(links)
    return environment


def make_world(root: Path, backend: Backend, shared: Path, *, cache: Path | None = None) -> World:
    """A machine with Rez in its folder of wheels; `shared` has the caches that tests fill together."""
    environment = environment_of(root, backend, shared, root / "links")
    return World(root, backend, DebugListener(), environment, cache or shared / "cache")


def names(lock: Lock) -> dict[str, str]:
    """Version by name of all that is locked."""
    return {package.name: package.version for package in lock.packages}


def sha256(path: Path) -> str:
    """The hash of a file, as locks spell it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def my_project(world: World, version: str = "0.1") -> Path:
    """The folder of an extension to be built, in a path with a space."""
    return write_project(
        world.root / "my ext", "my-ext", version, {"my_ext.py": WITNESS}, {"my-tool": "my_ext:main"}
    )  # fmt: skip


def changed(path: Path) -> None:
    """Change one byte of a wheel, so that it stays a good archive."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in content.items():
            archive.writestr(name, data.replace(b"import json", b"import jsoN"))
