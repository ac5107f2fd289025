"""A machine with a few packages, for tests of the command line."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from rezup.session import Session

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from support.world import World

PACKAGES = {
    "python/3.9": "tools = ['pyx']",
    "python/2.7": "",
    "lib/1": "",
    "lib/2": "",
    "maya/2023": "tools = ['maya']",
    "maya/2024": """requires = ['python-3', 'lib-1']
tools = ['maya', 'render']
def commands():
    env.PATH.append('{root}/bin')
    env.MAYA = 'of {version}'
    env.WITH_RIG = 'rig' in request
    alias('mm', 'echo aliased')""",
    "rig/1.0": "variants = [['python-2'], ['python-3']]\ntools = ['render']",
}

#: Tells what it is run with, and ends with a status of its own.
TOOL = '#!/bin/sh\necho "maya:" "$@" "$MAYA:$REZ_USED_REQUEST"\nexit 7\n'


def furnish(world: World, *, folder: str = "packages") -> World:
    """Give a machine a repository with these packages, and `rezup` on its PATH."""
    for name, text in PACKAGES.items():
        package(world, name, text, folder=folder)
    world.write(f"{folder}/maya/2024/bin/maya", TOOL, mode=0o755)
    world.write("programs/rezup", f'#!/bin/sh\nexec "{sys.executable}" -m rezup_cli "$@"\n', mode=0o755)
    world.variables.update(
        REZ_PACKAGES_PATH=str(world.home / folder),
        REZ_LOCAL_PACKAGES_PATH=str(world.home / "own"),
        REZ_IMPLICIT_PACKAGES="",
        PATH=os.pathsep.join([str(world.home / "programs"), os.environ["PATH"]]),
    )
    return world


def package(world: World, name: str, text: str = "", *, folder: str = "packages") -> None:
    """One package; variants get folders of their own."""
    family, _, version = name.partition("/")
    path = world.write(f"{folder}/{name}/package.py", f"name = {family!r}\nversion = {version!r}\n{text}\n")
    for variant in ("python-2", "python-3"):
        if variant in text and "variants" in text:
            (path.parent / variant).mkdir(exist_ok=True)


def saved(world: World, name: str, *request: str) -> Path:
    """The file of a context, as `rezup env REQUEST -o NAME` makes it; tests begin with it, so it is made here."""
    contexts = Session.create(environ=world.environ).contexts()
    context, _ = contexts.resolve(request)
    assert context.is_solved
    path = world.home / name
    contexts.save(context, str(path))
    return path


def start_sleeping(world: World) -> subprocess.Popen[str]:
    """Start a command in maya, in a session of its own; it has begun, and sleeps."""
    ready = world.home / "ready"
    os.mkfifo(ready)
    command = f"echo x > {ready}; exec sleep 100"
    process = world.start("env", "maya", "--", "sh", "-c", command, start_new_session=True)
    with ready.open() as stream:
        stream.read()
    return process
