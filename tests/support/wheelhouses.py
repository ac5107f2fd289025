"""Wheels of a few bytes, files that can't be written, and a reporter that remembers."""

from __future__ import annotations

import contextlib
import hashlib
import os
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
