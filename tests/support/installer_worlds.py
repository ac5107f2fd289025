"""Machines that build environments from wheels of the tests, by one of the two installers."""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.installers.context import BuildContext
from rezup.installers.environments import build
from rezup.installers.plans import plan
from rezup.recipes.model import Backend, Recipe, Tool
from support.listeners import Listener
from support.lock_worlds import environment_of, tool

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.installers.base import BuiltEnvironment


@dataclass
class World:
    """A machine with a folder of wheels, and one of the two installers."""

    root: Path
    backend: Backend
    listener: Listener
    environment: dict[str, str]
    cache: Path

    @property
    def wheels(self) -> Path:
        return self.root / "wheels"

    @property
    def context(self) -> BuildContext:
        return BuildContext(
            environment=self.environment,
            folder=self.root / "cwd",
            log=self.root / "log.txt",
            cache=self.cache,
            reporter=self.listener,
            offline=True,
        )

    def recipe(self, rez: Tool | None = None, *extensions: Tool) -> Recipe:
        return Recipe(b"", "", None, rez or tool("rez"), extensions, backend=self.backend)

    def build(self, recipe: Recipe, *, number: int = 0, **changes: object) -> tuple[BuiltEnvironment, Path]:
        chosen = plan(recipe)[number]
        target = self.root / "staging" / "venv" / chosen.name
        context = self.context._replace(**changes)  # type: ignore[arg-type]
        return build(chosen, target, context), target


def make_world(root: Path, backend: Backend, shared: Path) -> World:
    """A machine with Rez in its folder of wheels; `shared` has the caches that tests fill together."""
    environment = environment_of(root, backend, shared, root / "wheels")
    return World(root, backend, Listener(), environment, shared / "cache")


def ask(
    script: Path | str, *arguments: str, cwd: Path | None = None, **environment: str
) -> dict[str, object]:
    """Run a script of the stand-in for Rez, or of an extension; what it tells of itself, and its status."""
    done = subprocess.run(
        [str(script), *arguments], cwd=cwd, env={"PATH": os.environ["PATH"], **environment},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return {**json.loads(done.stdout), "status": done.returncode}
