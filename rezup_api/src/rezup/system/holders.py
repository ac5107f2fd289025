"""Who uses a folder: found by looking at the processes of this machine."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Holder(NamedTuple):
    """A process, as far as the system tells about it."""

    pid: int
    command: str

    def __str__(self) -> str:
        return f"{self.command} (process {self.pid})"


def open_by(path: Path) -> tuple[Holder, ...]:
    """Processes that have `path` open; only those this user may look into, and only on Linux."""
    try:
        wanted = path.stat()
    except OSError:
        return ()
    return tuple(
        _holder(process) for process in _processes() if _has_open(process, (wanted.st_dev, wanted.st_ino))
    )


def _has_open(process: Path, identity: tuple[int, int]) -> bool:
    try:
        with os.scandir(process / "fd") as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat()
                    if (status.st_dev, status.st_ino) == identity:
                        return True
    except OSError:  # another user's process, or one that ended
        pass
    return False


def with_environment(variables: Mapping[str, str], *, path_below: Path) -> tuple[Holder, ...]:
    """Processes that were started with all these variables and a PATH that leads below a folder.

    :param path_below: tells apart what has the same name elsewhere
    """
    wanted = {f"{name}={value}".encode() for name, value in variables.items()}
    found = []
    for process in _processes():
        try:
            entries = set((process / "environ").read_bytes().split(b"\0"))
        except OSError:
            continue
        if wanted <= entries and _leads_below(entries, path_below):
            found.append(_holder(process))
    return tuple(found)


def _leads_below(environment: set[bytes], folder: Path) -> bool:
    path = next((entry[5:] for entry in environment if entry.startswith(b"PATH=")), b"")
    real = folder.resolve()
    parts = (Path(part) for part in os.fsdecode(path).split(os.pathsep) if folder.name in part)
    return any(real in part.resolve().parents for part in parts)


def _processes() -> list[Path]:
    own = str(os.getpid())
    try:
        return [Path(e.path) for e in os.scandir("/proc") if e.name.isdigit() and e.name != own]
    except OSError:
        return []


def _holder(process: Path) -> Holder:
    try:
        command = (process / "comm").read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        command = "a process"
    return Holder(int(process.name), command)
