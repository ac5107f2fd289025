"""The processes that started this one, as Linux tells them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How far to look; who is further away did not mean us.
_DEPTH = 10


def ancestors(pid: int | None = None) -> Iterator[list[str]]:
    """The command lines of the processes above a process, the nearest first.

    :param pid: this one by default
    :raises OSError: the system does not tell in this way
    """
    process = os.getppid() if pid is None else _parent(pid)
    for _ in range(_DEPTH):
        if process <= 0:
            return
        with open(f"/proc/{process}/cmdline", "rb") as stream:
            content = stream.read()
        yield [os.fsdecode(word) for word in content.split(b"\0")[:-1]]
        process = _parent(process)


def _parent(pid: int) -> int:
    with open(f"/proc/{pid}/stat", "rb") as stream:
        # The name of the program stands in parentheses, and may hold any character.
        fields = stream.read().rpartition(b")")[2].split()
    return int(fields[1]) if len(fields) > 1 else 0
