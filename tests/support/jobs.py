"""Farm jobs, and machines with a revision that makes and does them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import Outcome, World

#: The revision that jobs are made in.
STAMP = "100.000000"
#: A command that prints its arguments and its environment.
SHOW = [sys.executable, "-c", "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"]


def container(world: World, packages: Path, **changes: Any) -> World:
    """A machine with a revision of container foo, whose configuration names the repository."""
    variables = {"REZ_PACKAGES_PATH": str(packages), "REZ_IMPLICIT_PACKAGES": "", "SITE_OF_FOO": "ours"}
    folder = world.revision("foo", STAMP, environment=variables, **changes)
    (folder / "venv/rez/bin/rez/.rez_production_install").touch()
    return world


def package(folder: Path, name: str, text: str = "") -> Path:
    """A package in a repository."""
    family, _, version = name.partition("/")
    path = folder / name / "package.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"name = {family!r}\nversion = {version!r}\n{text}\n", encoding="utf-8")
    return path


def submit(world: World, *request: str, target: str = "foo") -> Path:
    """A job that was made in a container."""
    file = world.folder.parent / "job.json"
    outcome = world.rezup("use", target, "--", *world.command("env", *request, "-o", file))
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return file


def do(world: World, file: Path, *command: str, **options: Any) -> Outcome:
    """Do a job, with its own command or one that does nothing."""
    return world.rezup("use", "--from", file, "--", *(command or ("true",)), **options)


def change(file: Path, **changes: Any) -> Path:
    """Change what a job says; `context__time=…` is within its context."""
    document = json.loads(file.read_text())
    for dotted, value in changes.items():
        *parents, key = dotted.split("__")
        inner = document
        for parent in parents:
            inner = inner[parent]
        if value is ...:
            del inner[key]
        else:
            inner[key] = value
    file.write_text(json.dumps(document))
    return file


def refused(outcome: Outcome, *words: str) -> str:
    """A failure in our words: the error, its reason, a hint; nothing was run."""
    assert (outcome.code, outcome.out) == (1, ""), outcome
    assert "Traceback" not in outcome.err
    assert outcome.err.startswith("error: "), outcome.err
    for word in words:
        assert word in outcome.err
    return outcome.err
