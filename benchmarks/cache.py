"""A large environment from the cache: the clone against `cp -al`, `restore` against its peers.

The peers are virtualenv-cache 0.0.2 and `uv pip sync` into a fresh environment with all in uv's
cache. Each run starts without an environment in place.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from harness import HERE, Bench, compare, install

if TYPE_CHECKING:
    from collections.abc import Callable

RUNS = 9
#: A large environment, exactly pinned.
LOCK = ["PySide6-Essentials==6.12.0", "shiboken6==6.12.0", "numpy==2.4.6"]
CONFIGURATION = """\
[virtualenv-cache]
cache_size = 5
cache_path = "{cache}"
virtualenv_path = ".venv"
requirements_lock_paths = ["requirements.txt"]
"""
_CLONE = """\
import sys, time
from pathlib import Path
from rezup.cache.environments import Environments
store = Environments(Path(sys.argv[1]), own_only=False)
with store.find(store.names()[0]) as found:
    started = time.perf_counter()
    made = found.clone(Path(sys.argv[2]), link=True)
    print(time.perf_counter() - started, made, file=sys.stdout)
"""


def main() -> None:
    """Measure on the disk of the temporary folder."""
    folder = Path(tempfile.mkdtemp(prefix="rezup-bench-"))
    try:
        made = Bench(folder, folder / "ours", folder / "theirs")
        install(made.ours, [str(HERE / "rezup_api"), str(HERE / "rezup_cli")])
        install(made.theirs, ["virtualenv-cache==0.0.2", "uv"])
        project = _project(made)
        _tell(project / ".venv")
        _clone(made, project)
        _restore(made, project)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _project(made: Bench) -> Path:
    """A project with the environment, kept by rezup and by virtualenv-cache."""
    project = made.home()
    lock = sys.argv[1:] or LOCK
    (project / "requirements.txt").write_text("".join(f"{line}\n" for line in lock))
    for name in ("ours", "theirs"):
        text = CONFIGURATION.format(cache=made.folder / f"cache-{name}")
        (project / f"{name}.toml").write_text(text)
    install(project / ".venv", ["-r", str(project / "requirements.txt")])
    made.run([made.ours / "bin/rezup", "cache", "store", "-c", "ours.toml"], project)
    made.run([made.theirs / "bin/virtualenv-cache", "store", "-c", "theirs.toml"], project)
    return project


def _tell(venv: Path) -> None:
    files = [path for path in venv.rglob("*") if path.is_file() and not path.is_symlink()]
    size = sum(path.stat().st_size for path in files)
    print(f"the environment: {len(files)} files, {size / 1e6:.0f} MB, {os.cpu_count()} processors")


def _clone(made: Bench, project: Path) -> None:
    """The clone alone, without the start of Python."""
    (entry,) = (made.folder / "cache-ours" / "environments-v1").glob("?" * 64)
    target = made.folder / "clone"

    def ours() -> tuple[float, float]:
        command = [made.python, "-c", _CLONE, made.folder / "cache-ours", target]
        before = os.times()
        done = subprocess.run(list(map(str, command)), check=True, capture_output=True, text=True)
        after = os.times()
        seconds, _, method = done.stdout.partition(" ")
        _Method.seen = method.strip()
        shutil.rmtree(target)
        return float(
            seconds
        ), after.children_user + after.children_system - before.children_user - before.children_system

    def peer() -> tuple[float, float]:
        taken = made.run(["cp", "-al", entry / "tree", target], project)
        shutil.rmtree(target)
        return taken

    compare("clone", ours, peer, peer_name="cp -al", runs=RUNS, target="at most 3 x its time")
    print(f"  cloned by {_Method.seen}; our processor time holds the start of Python")


class _Method:
    seen = ""


def _restore(made: Bench, project: Path) -> None:
    uv = made.theirs / "bin" / "uv"
    rezup = [made.ours / "bin" / "rezup", "cache", "restore", "-q", "-p", sys.executable, "-c", "ours.toml"]
    theirs = [made.theirs / "bin" / "virtualenv-cache", "restore", "-c", "theirs.toml"]
    sync = f"'{uv}' venv -q -p '{sys.executable}' .venv && '{uv}' pip sync -q requirements.txt"

    def fresh(*command: str | Path) -> Callable[[], tuple[float, float]]:
        def run() -> tuple[float, float]:
            shutil.rmtree(project / ".venv", ignore_errors=True)
            os.sync()
            time.sleep(0.2)
            return made.run(command, project)

        return run

    ours = fresh(*rezup)
    for name, peer in (
        ("virtualenv-cache", fresh(*theirs)),
        ("uv pip sync", fresh("sh", "-c", sync)),
        ("uv, compiling", fresh("sh", "-c", f"{sync} --compile-bytecode")),
    ):
        compare(
            "restore", ours, peer, peer_name=name, runs=RUNS, target="at least 10 x as fast, where it can be"
        )


if __name__ == "__main__":
    main()
