"""A stored tree put somewhere else, file by file as its manifest tells."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from rezup.cache.manifest import DamagedError
from rezup.system.cloning import COPY, LINK, Cloner, open_folder

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path

    from rezup.cache.manifest import Tree


class Cloned(NamedTuple):
    """How a clone was made."""

    method: str
    """"reflink", "hard link" or "copy": the way most of the files went."""

    counts: Mapping[str, int]
    """Files by method, all three of them."""

    folders: tuple[str, ...] = ()
    """What was made below it, as paths relative to it."""

    @property
    def is_linked(self) -> bool:
        """Whether every file of it is a link to the stored one."""
        return all(not count for name, count in self.counts.items() if name != LINK)

    def __str__(self) -> str:
        others = [f"{n} by {name}" for name, n in self.counts.items() if n and name != self.method]
        return f"{self.method} ({', '.join(others)})" if others else self.method


def clone_tree(
    source: Path, tree: Tree, target: Path, *, link: bool, copied: Container[str] = frozenset()
) -> Cloned:
    """Make `target`, which must not exist, what `source` was when it was stored.

    A file whose size or time isn't the recorded one was written in place: it is not handed on.

    :param link: hard links may be made where there are no reflinks
    :param copied: files that are always copied, as their owner will write them
    :raises DamagedError: something is missing or was changed; what was made is to be removed
    :raises OSError: `target` can't be written
    """
    put, copy = Cloner(link=link), Cloner(link=False)
    made, stored = os.fspath(target), os.fspath(source)
    os.mkdir(made, 0o755)
    for folder in tree.folders:
        os.mkdir(f"{made}/{folder}", 0o755)
    stat_of, is_file = os.stat, stat.S_ISREG
    with open_folder(stored) as given, open_folder(made) as taken:
        for path, size, mtime, _ in tree.files:
            try:
                place = path if given is not None else f"{stored}/{path}"
                status = stat_of(place, dir_fd=given, follow_symlinks=False)
            except OSError as error:
                raise DamagedError(f"{path} can't be found ({error.strerror})") from error
            if status.st_size != size or int(status.st_mtime) != mtime or not is_file(status.st_mode):
                raise DamagedError(f"{path} was changed")
            by = copy if path in copied else put
            if not by.linked(path, status, given, taken):
                by.put(f"{stored}/{path}", f"{made}/{path}", status)
    for path, to in tree.links:
        os.symlink(to, f"{made}/{path}")
    counts = {name: count + copy.counts[name] for name, count in put.counts.items()}
    return Cloned(put.method if tree.files else COPY, counts, tree.folders)
