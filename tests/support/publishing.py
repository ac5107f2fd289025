"""A share, machines that publish to it, and extensions whose scripts do what a test says."""

from __future__ import annotations

import hashlib
import json
import os
from typing import TYPE_CHECKING, Any

from support.wheels import rez_files, write_extension, write_rez, write_wheel
from support.world import World

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

#: Tells in a file what a script was started with.
TELLING = """\
import json, os, sys


def main():
    with open(os.environ["WITNESS"], "w") as stream:
        json.dump({
            "environment": dict(os.environ), "arguments": sys.argv[1:], "folder": os.listdir("."),
            "input": sys.stdin.read(), "terminal": os.path.exists("/dev/tty") and has_terminal(),
        }, stream)


def has_terminal():
    try:
        os.close(os.open("/dev/tty", os.O_RDWR))
    except OSError:
        return False
    return True
"""

#: Starts a process that outlives it, tells its number in a file, and never ends itself.
HANGING = """\
import os, subprocess, sys, time


def main():
    print("about to hang", flush=True)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    with open(os.environ["WITNESS"], "w") as stream:
        stream.write(str(child.pid))
    time.sleep(600)
"""


class Studio:
    """A share with a remote root and the wheels that all machines install from."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "studio"
        self.wheels = self.root / "wheels"
        write_rez(self.wheels)
        write_extension(self.wheels)

    def machine(self, name: str) -> World:
        """A machine that knows the remote root."""
        machine = World(self.folder / name)
        machine.variables |= {"REZUP_ROOT_REMOTE": str(self.root), "PIP_NO_INDEX": "1"}
        return machine

    def extension(self, name: str, body: str, scripts: Mapping[str, str] | None = None) -> str:
        """The wheel of an extension, made here, as a recipe asks for it.

        :param body: its module, whose `main` is the script unless `scripts` says more
        """
        module = name.replace("-", "_")
        write_wheel(
            self.wheels, name, "1.0", {f"{module}.py": body},
            scripts=scripts or {name: f"{module}:main"}, requires=("rez",),
        )  # fmt: skip
        return f"[[extension]]\nname = '{name}'\n"

    def broken_rez(self, body: str) -> None:
        """Put another program in place of the stand-in for Rez."""
        write_wheel(
            self.wheels, "rez", "9.1.0", {**rez_files(), "rez/cli.py": body}, scripts={"rez": "rez.cli:main"}
        )

    def recipe(self, machine: World, extensions: str = "", *, head: str = "", name: str = "foo") -> Path:
        """A recipe of Rez and extensions."""
        return machine.write(
            f"rezup.{name}.toml",
            f"{head}\n[rez]\nname = 'rez'\n{extensions}\n"
            f"[pip]\noptions = ['--no-index', '--find-links={self.wheels}']\n",
        )

    def content(self) -> dict[str, str]:
        """All below the root by its path, with what is in it."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            name = path.relative_to(self.root).as_posix()
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"
        return found

    def receipt(self, container: str = "foo") -> dict[str, Any]:
        """The receipt of the only revision."""
        (path,) = (self.root / container).glob("[0-9]*/revision.json")
        document: dict[str, Any] = json.loads(path.read_bytes())
        return document


def work_left(machine: World) -> list[Path]:
    """What is left of the folders that things are made in."""
    bucket = machine.home / ".cache" / "rezup" / "work-v1"
    return [path for path in bucket.iterdir() if path.is_dir()] if bucket.is_dir() else []


def is_running(number: int) -> bool:
    """Whether a process is there, and no zombie."""
    try:
        with open(f"/proc/{number}/stat", encoding="ascii") as stream:
            return stream.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        pass
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return not os.path.isdir("/proc/self")
