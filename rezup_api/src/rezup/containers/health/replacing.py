"""Files, links and folders of an environment put in place by one rename each."""

from __future__ import annotations

import contextlib
import os
import stat
from typing import TYPE_CHECKING

from rezup.containers.health.trees import Hashes
from rezup.errors import HashMismatchError, StoreError
from rezup.system.cloning import Cloner
from rezup.system.files import sync_folder

if TYPE_CHECKING:
    from collections.abc import Container, Iterator
    from pathlib import Path


class Replacer:
    """Puts right files where wrong ones are, and never writes into a file that is there.

    :param link: files may be hard-linked to where they are from
    """

    def __init__(self, *, link: bool) -> None:
        self._cloner = Cloner(link=link)

    def put(self, source: Path, target: Path, digest: str) -> None:
        """Give a file the name `target`.

        :param digest: SHA-256 of what it must be
        :raises HashMismatchError: it isn't; nothing was changed
        :raises OSError: it can't be done; nothing was changed
        """
        with _beside(target) as made:
            self._cloner.put(os.fspath(source), made, os.lstat(source))
            found = Hashes().of(made)
            if found != digest:
                raise HashMismatchError(str(source), expected=digest, found=found)
            if os.stat(made).st_nlink == 1:
                _sync(made)
            _clear_for(target)
            os.replace(made, target)
        sync_folder(target.parent)

    def link(self, to: str, target: Path) -> None:
        """Make `target` a link, in place of whatever file is there.

        :raises OSError: it can't be done; nothing was changed
        """
        with _beside(target) as made:
            os.symlink(to, made)
            _clear_for(target)
            os.replace(made, target)
        sync_folder(target.parent)

    def folder(self, target: Path) -> None:
        """Make a folder.

        :raises OSError: it can't be made, or a file is in the way
        """
        if not target.is_dir() or target.is_symlink():
            target.mkdir(0o755)
            target.chmod(0o755)


def check_folders(root: Path, path: str, *, make: Container[str] = frozenset()) -> None:
    """Refuse a path that a link below the root would lead to another place.

    :param make: folders that are made where they are missing
    :raises StoreError: a folder on the way is something else
    """
    place = root
    walked = ""
    for part in ("", *path.rstrip("/").split("/")[:-1]):
        place = place / part if part else place
        walked = f"{walked}/{part}".strip("/")
        if walked in make and not os.path.lexists(place):
            place.mkdir(0o755)
            place.chmod(0o755)
        if not stat.S_ISDIR(place.lstat().st_mode):
            raise StoreError(f"{place} is left alone", context="it has to be a folder, and is something else")


@contextlib.contextmanager
def _beside(target: Path) -> Iterator[str]:
    """A free name in the same folder, which is free again in the end."""
    name = f".{target.name[:100]}.{os.getpid()}.{os.urandom(4).hex()}.tmp"
    made = os.path.join(target.parent, name)
    try:
        yield made
    finally:
        with contextlib.suppress(OSError):
            os.unlink(made)


def _clear_for(target: Path) -> None:
    """An empty folder may have taken the name of a file; a full one is left, and the rename fails."""
    with contextlib.suppress(OSError):
        if stat.S_ISDIR(target.lstat().st_mode):
            target.rmdir()


def _sync(path: str) -> None:
    descriptor = os.open(path, os.O_RDWR | getattr(os, "O_BINARY", 0))
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
