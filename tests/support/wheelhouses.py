"""Wheels of a few bytes, files that can't be written, a reporter that remembers, and a process that repeats one thing."""

from __future__ import annotations

import contextlib
import hashlib
import os
import subprocess
import sys
from typing import TYPE_CHECKING

from rezup.lockfiles.lock import Wheel
from rezup.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NAME = "foo-1.0-py3-none-any.whl"


def wheel_of(data: bytes, name: str = NAME) -> Wheel:
    """What a lock says of a file with that content."""
    return Wheel(name, hashlib.sha256(data).hexdigest(), size=len(data))


def write(path: Path, data: bytes) -> Path:
    """A file, and its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


def below(folder: Path) -> dict[str, bytes]:
    """All files below a folder, by path."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


class Warned(Reporter):
    """Remembers warnings."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        self.warnings.append(message)


@contextlib.contextmanager
def umask(mask: int) -> Iterator[None]:
    """Another umask for a while."""
    before = os.umask(mask)
    try:
        yield
    finally:
        os.umask(before)


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """Writing beyond `size` bytes of a file fails, as on a full disk; POSIX only."""
    import resource

    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


#: Runs a line with `house` again and again, until a file is there; says first that it runs.
_REPEATING = """
import pathlib, sys, time
from rezup.wheelhouse.store import Wheelhouse
house, end = Wheelhouse(pathlib.Path(sys.argv[1])), pathlib.Path(sys.argv[2])
code = compile(sys.argv[3], "line", "exec")
print(flush=True)
while not end.exists():
    exec(code)
"""


@contextlib.contextmanager
def repeating(root: Path, line: str) -> Iterator[None]:
    """Another process does one thing all the time, and must not fail with it.

    :param root: of the wheelhouse that it knows as `house`
    :param line: Python, which may use `time` too
    """
    end = root.with_name("end")
    process = subprocess.Popen(
        [sys.executable, "-c", _REPEATING, str(root), str(end), line], stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        end.touch()
        process.communicate(timeout=60)
    assert process.returncode == 0
