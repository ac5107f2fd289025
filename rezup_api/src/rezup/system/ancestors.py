"""The processes that started this one, as Linux tells them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How far to look; who is further away did not mean us.
_DEPTH = 10


class Ancestor(NamedTuple):
    """A process above another."""

    words: list[str]
    """Its command line, as the process itself may have changed it."""
    program: str
    """The path of its program, without links; empty where we may not know."""


def ancestors(pid: int | None = None) -> Iterator[Ancestor]:
    """The processes above a process, the nearest first.

    :param pid: this one by default
    :raises OSError: the system does not tell in this way
    """
    process = os.getppid() if pid is None else _parent(pid)
    for _ in range(_DEPTH):
        if process <= 0:
            return
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            content = stream.read()
        yield Ancestor([os.fsdecode(word) for word in content.split(b"\0")[:-1]], _program(process))
        process = _parent(process)


def _program(pid: int) -> str:
    try:
        return os.readlink(f"/proc/{pid}/exe")
    except OSError:  # somebody else's
        return ""


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as stream:
        # The name of the program stands in parentheses, and may hold any character.
        fields = stream.read().rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0
