"""Actions that are killed at any of their points: each change of a file, and each step that is reported."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import support.killed_at
from rezup.containers.health.leftovers import is_leftover
from rezup.system.leftovers import SWEEP_AFTER_UNKNOWN
from support.world import Outcome, unmeasured

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.world import World


@contextlib.contextmanager
def quick_folder() -> Iterator[Path]:
    """A folder for worlds that are copied hundreds of times: in memory where there is such a place."""
    memory = "/dev/shm"
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield Path(folder).resolve()


@dataclass(frozen=True)
class Ended:
    """How an action ended, or that it has stopped."""

    pid: int
    status: int
    """The exit status, or a signal as a negative number."""

    is_stopped: bool
    points: list[str]
    """All that it passed, or the one at which it was stopped or killed."""

    said: str
    """The error that it ended with, or the revision that it took."""


class Execution:
    """A process that performs actions in children of its own; see `support.killed_at`."""

    def __init__(self, folder: Path) -> None:
        self._trace = folder / "trace"
        folder.mkdir(parents=True, exist_ok=True)
        self._process = subprocess.Popen(
            [sys.executable, support.killed_at.__file__],
            env={**unmeasured(os.environ), "PYTHONPATH": str(Path(support.killed_at.__file__).parents[1])},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def end(self) -> None:
        """End it, and what it started."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)
        self._process.stdout.close()

    def run(
        self, world: World, *action: str, at: str = "", number: int = signal.SIGKILL, by_renames: bool = False
    ) -> Ended:
        """Perform an action in a world; with `at` it gets a signal before its point of that name.

        :param by_renames: as where the file system can't swap two names
        """
        return self._ask(
            {
                "action": action, "at": at, "signal": int(number), "below": f"{world.folder}/", "trace": str(self._trace),
                "environ": world.unmeasured,
                "folder": _folder(world),
                "by_renames": by_renames,
            }
        )  # fmt: skip

    def rezup(self, world: World, *arguments: str, later: float = 0) -> Outcome:
        """Run the command line to its end, in a child, which costs less than an interpreter of its own.

        :param later: seconds by which its clock is ahead
        """
        ended = self._ask(
            {
                "command": arguments, "later": later, "trace": str(self._trace), "environ": world.unmeasured,
                "folder": _folder(world),
            }
        )  # fmt: skip
        self.bury(ended)
        return Outcome(ended.status, self._trace.with_name("trace.out").read_text(), ended.said)

    def resume(self, ended: Ended) -> Ended:
        """Let a stopped action go on, to its end."""
        return self._ask({"resume": ended.pid})

    def bury(self, ended: Ended) -> None:
        """Take away what is left of an action: its entry in the table, and programs that it had started."""
        self._ask({"bury": ended.pid})

    def done(self, world: World, *action: str) -> list[str]:
        """Perform an action to its good end; the points that it passed."""
        ended = self.run(world, *action)
        self.bury(ended)
        assert ended.status == 0, ended.said
        return ended.points

    def _ask(self, order: dict[str, Any]) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        points = self._trace.read_text(errors="replace").splitlines() if self._trace.exists() else []
        said = self._trace.with_name("trace.err").read_text(errors="replace")
        return Ended(answer["pid"], answer["status"], answer["stopped"], points, said)


def _folder(world: World) -> str:
    """Where actions run: in the project, if there is one."""
    project = world.home / "project"
    return str(project if project.exists() else world.home)


class Snapshot:
    """A world as it was, to begin from again."""

    def __init__(self, world: World, folder: Path) -> None:
        self._world, self._kept, self._variables = world, folder, dict(world.variables)
        _copy(world.folder, folder)

    def restore(self) -> World:
        """Have the world as it was, at the same path."""
        shutil.rmtree(self._world.folder)
        _copy(self._kept, self._world.folder)
        self._world.variables = dict(self._variables)
        return self._world

    def remove(self) -> None:
        """Forget it."""
        shutil.rmtree(self._kept)


def _copy(source: Path, target: Path) -> None:
    """With hard links and times as they are."""
    subprocess.run(["cp", "-a", source, target], check=True)


def sample(points: list[str], count: int) -> list[str]:
    """So many points: those around renames and of steps first, the others evenly over the whole."""
    if count >= len(points):
        return points
    chosen: set[int] = set()
    for number in _rare(points):
        if len(chosen) < count // 2:
            chosen.add(number)
    others = [number for number in range(len(points)) if number not in chosen]
    missing = count - len(chosen)
    chosen.update(others[(2 * n + 1) * len(others) // (2 * missing)] for n in range(missing))
    return [points[number] for number in sorted(chosen)]


def _rare(points: list[str]) -> Iterator[int]:
    """Renames of something visible and what follows each, the last first, then writes, then the steps."""
    numbers = list(reversed(range(len(points))))
    for number in numbers:
        if points[number].startswith("os.rename "):
            yield from (each for each in (number, number + 1) if each < len(points))
    yield from (
        number for number in numbers[:: max(1, len(numbers) // 10)] if points[number].startswith("write ")
    )
    yield from (number for number, name in enumerate(points) if " starts (" in name or " ends (" in name)


def leftovers(world: World) -> list[Path]:
    """All that has a name which rezup gives only to what it works on."""
    found = []
    for folder, folders, files in os.walk(world.folder):
        found += [Path(folder, name) for name in (*folders, *files) if is_leftover(name)]
    return found


def age(world: World) -> None:
    """Let all that is left be old enough for anybody to sweep it."""
    old = time.time() - SWEEP_AFTER_UNKNOWN - 60
    for path in leftovers(world):
        os.utime(path, (old, old), follow_symlinks=False)
