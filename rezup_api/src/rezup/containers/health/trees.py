"""A folder as it is now, compared with what was recorded of it; every byte is read, nothing is written."""

from __future__ import annotations

import hashlib
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from rezup.system.files import SYNC_THREADS
from rezup.system.reading import open_at_once

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.cache.manifest import Tree

MISSING, CHANGED, ADDED, UNREADABLE = "missing", "changed", "added", "unreadable"

#: It may be as it was recorded, and is not believed: others may write it.
PERMISSIONS = "permissions"

#: What lets others than its owner change a file.
OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH

_FOLDER, _OTHER = "folder", "neither file, folder nor link"
_CHUNK = 1 << 20
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)


class Difference(NamedTuple):
    """One path that isn't as it was recorded."""

    kind: str
    """"missing", "changed", "added", "unreadable" or "permissions"."""
    path: str
    """With forward slashes; that of an added folder without anything in it ends with one.

    Empty for the folder itself.
    """


class Hashes:
    """SHA-256 of files, each file read once however many names it has.

    A file that is written anew while we run has another time, so it is read once more.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, ...], str] = {}

    def of(self, path: str) -> str:
        """The hash of a regular file, no link being followed.

        :raises OSError: it can't be read
        """
        descriptor = open_at_once(path, _NO_LINK)
        try:
            found = os.fstat(descriptor)
            mark = found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns
            known = self._known.get(mark)
            if known is None:
                digest = hashlib.sha256()
                while data := os.read(descriptor, _CHUNK):
                    digest.update(data)
                known = self._known[mark] = digest.hexdigest()
            return known
        finally:
            os.close(descriptor)

    def all(self, root: str, paths: list[str]) -> tuple[dict[str, str], list[str]]:
        """Hashes of files below a folder by path, and the paths of those that can't be read."""
        found: dict[str, str] = {}
        unreadable: list[str] = []

        def read(part: list[str]) -> None:
            for path in part:
                try:
                    found[path] = self.of(f"{root}/{path}")
                except OSError:
                    unreadable.append(path)

        with ThreadPoolExecutor(SYNC_THREADS) as pool:
            for _ in pool.map(read, (paths[n::SYNC_THREADS] for n in range(SYNC_THREADS))):
                pass
        return found, unreadable


def differences(root: Path, tree: Tree, hashes: Hashes) -> list[Difference]:
    """What of a recorded tree isn't as it was, by path; what can't be read is one of it."""
    before = {file.path: file.digest for file in tree.files}
    before.update((path, f"-> {target}") for path, target in tree.links)
    before.update((path, _FOLDER) for path in tree.folders)
    after, unreadable = _now(os.fspath(root), hashes)
    found = [Difference(UNREADABLE, path) for path in unreadable]
    hidden = set(unreadable)
    if "" in hidden:
        return found
    for path, token in before.items():
        if path in hidden or any(path.startswith(f"{folder}/") for folder in hidden):
            continue
        if path not in after:
            found.append(Difference(MISSING, path))
        elif after[path] != token:
            found.append(Difference(CHANGED, path))
    found += _added(before, after)
    return sorted(found, key=lambda each: each.path)


def _added(before: Mapping[str, str], after: Mapping[str, str]) -> list[Difference]:
    """What was not recorded; a folder only if nothing is in it, as all that is in it is named."""
    added = after.keys() - before.keys()
    full = {path.rpartition("/")[0] for path in after}
    return [
        Difference(ADDED, f"{path}/" if after[path] == _FOLDER else path)
        for path in added
        if after[path] != _FOLDER or path not in full
    ]


def _now(root: str, hashes: Hashes) -> tuple[dict[str, str], list[str]]:
    """By path, what is there: a hash, the target of a link, or a word; and what can't be read."""
    tokens: dict[str, str] = {}
    files: list[str] = []
    unreadable: list[str] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        try:
            entries = list(os.scandir(f"{root}/{prefix}"))
        except OSError as error:
            if prefix or isinstance(error, PermissionError):
                unreadable.append(prefix[:-1])
            continue
        for entry in entries:
            path = prefix + entry.name
            if entry.is_symlink():
                tokens[path] = f"-> {os.readlink(entry.path)}"
            elif entry.is_dir():
                tokens[path] = _FOLDER
                pending.append(f"{path}/")
            elif entry.is_file():
                files.append(path)
            else:
                tokens[path] = _OTHER
    digests, unread = hashes.all(root, files)
    return {**tokens, **digests}, unreadable + unread


def is_byte_code(path: str) -> bool:
    """Whether Python makes such a file by itself, so that nothing is lost with it."""
    return path.rstrip("/").endswith(".pyc") or "__pycache__" in path.split("/")


class Entry(NamedTuple):
    """A file or folder with its permissions."""

    path: str
    status: os.stat_result

    @property
    def is_folder(self) -> bool:
        """Whether it is one, and no link to one."""
        return stat.S_ISDIR(self.status.st_mode)


def entries(root: Path) -> list[Entry]:
    """A folder ("") and all below it but for links, as far as it can be read."""
    found = []
    pending = [""]
    while pending:
        path = pending.pop()
        place = f"{root}/{path}" if path else os.fspath(root)
        try:
            status = os.lstat(place)
            if stat.S_ISLNK(status.st_mode):
                continue
            found.append(Entry(path, status))
            if stat.S_ISDIR(status.st_mode):
                pending += [f"{path}/{name}" if path else name for name in os.listdir(place)]
        except OSError:
            continue
    return found
