"""What folders take on the disk, and what deleting some of them would free."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path


class _Linked(NamedTuple):
    """A file that has several names: its bytes, how many names, and how many of them in which folder."""

    taken: int
    links: int
    names: dict[Path, int]


class Usage:
    """Folders that were measured; each file counts once, however many names it has in them.

    Sizes are of blocks, as `du` counts them. Where files share blocks without sharing an inode (reflinks),
    nothing tells, and they count in full.
    """

    def __init__(self) -> None:
        self._own: dict[Path, int] = {}
        self._linked: dict[tuple[int, int], _Linked] = {}

    def add(self, folder: Path) -> None:
        """Measure a folder; what can't be read, or goes just now, counts nothing."""
        own = 0
        for status in _below(folder):
            taken = status.st_blocks * 512 if hasattr(status, "st_blocks") else status.st_size
            if not stat.S_ISREG(status.st_mode) or status.st_nlink == 1:
                own += taken
                continue
            found = self._linked.setdefault(
                (status.st_dev, status.st_ino), _Linked(taken, status.st_nlink, {})
            )
            found.names[folder] = found.names.get(folder, 0) + 1
        self._own[folder] = own

    def size(self, folders: Collection[Path]) -> int:
        """Bytes that these folders take together."""
        shared = (each.taken for each in self._linked.values() if not each.names.keys().isdisjoint(folders))
        return sum(self._own[folder] for folder in folders) + sum(shared)

    def freed(self, folders: Collection[Path]) -> int:
        """Bytes of it that no name outside of them keeps."""
        last = (
            each.taken
            for each in self._linked.values()
            if each.links == sum(count for folder, count in each.names.items() if folder in folders)
        )
        return sum(self._own[folder] for folder in folders) + sum(last)


def _below(folder: Path) -> Iterator[os.stat_result]:
    """A folder and all in it."""
    try:
        yield folder.lstat()
    except OSError:
        return
    pending = [os.fspath(folder)]
    while pending:
        try:
            with os.scandir(pending.pop()) as found:
                inside = [(entry, entry.stat(follow_symlinks=False)) for entry in found]
        except OSError:
            continue
        for entry, status in inside:
            if stat.S_ISDIR(status.st_mode):
                pending.append(entry.path)
            yield status
