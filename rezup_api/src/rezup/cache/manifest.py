r"""What belongs to a stored environment: every file with its hash, so that damage is found.

::

    manifest = "rezup environment 1\n", SHA-256 of the rest in hex and "\n", then JSON:
        key, created (seconds since 1970), host, about (what the key was made of),
        facts (what the builder wants to know again),
        folders [path], files [[path, size, mtime in seconds, SHA-256]], links [[path, target]]

Paths are relative with forward slashes. A path that leads out of its tree makes the whole file damaged.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.system.files import SYNC_THREADS
from rezup.system.reading import open_at_once

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

_MAGIC = b"rezup environment 1\n"
_CHUNK = 1 << 20


class DamagedError(Exception):
    """An entry isn't what was stored; it reads as absent."""


class FileRecord(NamedTuple):
    """One regular file."""

    path: str
    size: int
    mtime: int
    """In whole seconds, since archives keep no more; byte-code compares no more either."""
    digest: str


class Tree(NamedTuple):
    """All that is in an environment, ascending."""

    folders: tuple[str, ...]
    files: tuple[FileRecord, ...]
    links: tuple[tuple[str, str], ...]


class Manifest(NamedTuple):
    """A stored environment."""

    key: str
    created: float
    host: str
    about: Mapping[str, Any]
    facts: Mapping[str, Any]
    tree: Tree

    def to_bytes(self) -> bytes:
        """The file."""
        document = {**self._asdict(), **self.tree._asdict()}
        del document["tree"]
        body = json.dumps(document, separators=(",", ":")).encode()
        return _MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def read_manifest(path: Path, *, own_only: bool) -> Manifest:
    """The manifest at a path.

    :param own_only: one that another user owns is damaged, too: their code would run as ours
    :raises DamagedError: it is missing, cut off or changed, or others could have written it
    """
    try:
        # A pipe would be waited for, for ever.
        with open(open_at_once(path), "rb") as stream:
            _check_owner(os.fstat(stream.fileno()), own_only)
            data = stream.read()
    except OSError as error:
        raise DamagedError(f"its manifest can't be read ({error.strerror})") from error
    if not data.startswith(_MAGIC):
        raise DamagedError("its manifest is none")
    digest, _, body = data[len(_MAGIC) :].partition(b"\n")
    if hashlib.sha256(body).hexdigest().encode() != digest:
        raise DamagedError("its manifest was changed")
    try:
        return _manifest(json.loads(body))
    except (ValueError, TypeError, LookupError, RecursionError) as error:
        raise DamagedError("its manifest makes no sense") from error


def _check_owner(status: os.stat_result, own_only: bool) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise DamagedError("its manifest is no regular file")
    if not hasattr(os, "geteuid"):
        return
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise DamagedError("others may write it")
    if own_only and status.st_uid not in (0, os.geteuid()):
        raise DamagedError("it is another user's")


def _manifest(document: Mapping[str, Any]) -> Manifest:
    folders = tuple(map(_inside, document["folders"]))
    files = tuple(FileRecord(*row) for row in document["files"])
    links = tuple((_inside(path), str(target)) for path, target in document["links"])
    for file in files:
        _inside(file.path)
    about, facts = document["about"], document["facts"]
    if not isinstance(about, dict) or not isinstance(facts, dict):
        raise TypeError("about, facts")
    tree = Tree(folders, files, links)
    return Manifest(
        str(document["key"]), float(document["created"]), str(document["host"]), about, facts, tree
    )


def _inside(path: str) -> str:
    if not path or path[0] == "/" or "\0" in path or (os.name == "nt" and ("\\" in path or ":" in path)):
        raise ValueError(path)
    if ".." in path and ".." in path.split("/"):
        raise ValueError(path)
    return path


def record_tree(root: Path, *, seal: bool) -> Tree:
    """Everything below a folder, read and hashed in parallel.

    :param seal: also sync each file, and take all rights to write it, so that it can be hard-linked
    :raises OSError: a file can't be read, or the disk is full
    """
    from concurrent.futures import ThreadPoolExecutor

    folders, paths, links = walk(root)
    with ThreadPoolExecutor(SYNC_THREADS) as pool:
        parts = [paths[n::SYNC_THREADS] for n in range(SYNC_THREADS)]
        files = [file for part in pool.map(lambda part: _record(root, part, seal), parts) for file in part]
    return Tree(tuple(folders), tuple(sorted(files)), tuple(links))


def walk(root: Path) -> tuple[list[str], list[str], list[tuple[str, str]]]:
    """Folders, regular files, and links with their targets below a folder, as paths relative to it."""
    folders: list[str] = []
    files: list[str] = []
    links: list[tuple[str, str]] = []
    pending = [""]
    while pending:
        prefix = pending.pop()
        with os.scandir(f"{root}/{prefix}") as entries:
            for entry in entries:
                path = prefix + entry.name
                if entry.is_symlink():
                    links.append((path, os.readlink(entry.path)))
                elif entry.is_dir():
                    folders.append(path)
                    pending.append(f"{path}/")
                elif entry.is_file():
                    files.append(path)
    return sorted(folders), files, sorted(links)


def _record(root: Path, paths: Iterable[str], seal: bool) -> list[FileRecord]:
    found = []
    # Windows syncs only what is open for writing, and removes nothing that is read-only.
    writes = seal and os.name == "nt"
    for path in paths:
        with open(f"{root}/{path}", "r+b" if writes else "rb", buffering=0) as stream:
            status = os.fstat(stream.fileno())
            digest = hashlib.sha256()
            while data := stream.read(_CHUNK):
                digest.update(data)
            if seal:
                if os.name != "nt":
                    os.fchmod(stream.fileno(), 0o555 if status.st_mode & 0o100 else 0o444)
                os.fsync(stream.fileno())
        found.append(FileRecord(path, status.st_size, int(status.st_mtime), digest.hexdigest()))
    return found


def differences(root: Path, tree: Tree) -> list[str]:
    """What of a stored tree isn't as it was recorded, one line each; every byte is read."""
    try:
        now = record_tree(root, seal=False)
    except OSError as error:
        return [f"{error.filename}: {error.strerror}"]
    before = {file.path: file.digest for file in tree.files} | {path: f"-> {to}" for path, to in tree.links}
    after = {file.path: file.digest for file in now.files} | {path: f"-> {to}" for path, to in now.links}
    found = [f"{path} is missing" for path in before.keys() - after.keys()]
    found += [f"{path} is not of it" for path in after.keys() - before.keys()]
    found += [f"{path} was changed" for path in before.keys() & after.keys() if before[path] != after[path]]
    found += [f"{path} is missing" for path in set(tree.folders) - set(now.folders)]
    return sorted(found)
