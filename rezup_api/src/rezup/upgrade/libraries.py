"""The folder that holds libraries side by side: publishing, verifying, removing them.

A library is published by one rename, complete and proved; it never changes afterwards.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import time
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from rezup.errors import UpgradeError
from rezup.installers.distributions import read_distributions, recorded
from rezup.system.files import make_folder, open_new, remove_tree, rename_new, seal_tree
from rezup.system.locks import exclusive

if TYPE_CHECKING:
    from collections.abc import Iterator

LEASE = "lease"
COMPLETE = "complete.json"
FORMAT = 1
#: Where there are no locks, what a killed process left is known by its age, in seconds.
_ABANDONED = 3600.0


class Libraries:
    """One installation's libraries.

    :param folder: the one that also holds the pointer; it need not exist
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __getitem__(self, version: Version | str) -> Path:
        return self.folder / str(version)

    def versions(self) -> list[Version]:
        """What is there, newest first; not all of it needs to be complete."""
        found = []
        with contextlib.suppress(OSError):
            for entry in self.folder.iterdir():
                with contextlib.suppress(InvalidVersion):
                    version = Version(entry.name)
                    if str(version) == entry.name:
                        found.append(version)
        return sorted(found, reverse=True)

    @contextlib.contextmanager
    def lock(self, seconds: float = 0.0) -> Iterator[bool]:
        """Keep others from changing anything at the same time; false if somebody is at it.

        Without locks on the file system everybody may: names are free, and one rename wins.

        :param seconds: how long to wait for them
        :raises OSError: the folder can't be made or written
        """
        from filelock import FileLock, Timeout

        make_folder(self.folder.parent)
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(mode=0o755)
            self.folder.chmod(0o755)  # under any umask: what lies in it is run
        lock = FileLock(self.folder / "lock", mode=0o644)
        has_locks = True
        try:
            lock.acquire(timeout=seconds, poll_interval=0.05)
        except Timeout:
            yield False
            return
        except (OSError, NotImplementedError):
            has_locks = False
            if not os.access(self.folder, os.W_OK):
                raise PermissionError(13, "it can't be written", str(self.folder)) from None
        try:
            self._sweep(everything=has_locks)
            yield True
        finally:
            lock.release()

    @contextlib.contextmanager
    def staging(self) -> Iterator[Path]:
        """A new folder to build in; what is left of it at the end is removed."""
        folder = self.folder / f".staging-{os.getpid()}-{os.urandom(4).hex()}"
        folder.mkdir(mode=0o700)
        try:
            yield folder
        finally:
            with contextlib.suppress(OSError):
                remove_tree(folder)

    def is_complete(self, version: Version | str) -> bool:
        """Whether a library is there as it was published, every byte of it."""
        folder = self[version]
        try:
            document = json.loads((folder / COMPLETE).read_bytes())
            files = document["files"]
            return (
                document["format"] == FORMAT
                and (folder / LEASE).is_file()
                and all(_sha256(folder / name) == digest for name, digest in files.items())
            )
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False

    def publish(self, staged: Path, version: Version) -> None:
        """Give a finished library its name; a damaged one of that name makes room.

        :raises OSError: nothing was published, e.g. the disk is full
        """
        make_room = self[version].exists() and not self.is_complete(version)
        if make_room:
            self._discard(self[version])
        with open_new(staged / LEASE):
            pass
        seal_tree(staged)
        rename_new(staged, self[version])  # if somebody was first, theirs is as good

    def prune(self, keep: set[str | None]) -> None:
        """Remove libraries that nobody names or uses."""
        for version in self.versions():
            if str(version) in keep:
                continue
            with (
                contextlib.suppress(OSError),
                exclusive(self[version] / LEASE) as unused,
            ):
                if unused is not False and (unused or not (self[version] / LEASE).exists()):
                    self._discard(self[version])

    def _discard(self, folder: Path) -> None:
        trash = self.folder / f".trash-{os.getpid()}-{os.urandom(4).hex()}"
        folder.rename(trash)
        with contextlib.suppress(OSError):
            remove_tree(trash)

    def _sweep(self, *, everything: bool) -> None:
        """Remove what killed processes left; with the lock held, nobody else is at work here."""
        for pattern in (".staging-*", ".trash-*", ".current.json.*.tmp"):
            for path in self.folder.glob(pattern):
                with contextlib.suppress(OSError):
                    if everything or time.time() - path.stat().st_mtime > _ABANDONED:
                        path.unlink() if path.is_file() else remove_tree(path)


def write_digests(library: Path, version: Version) -> None:
    """Verify what was installed against its own records, and write the digests of it all.

    :raises UpgradeError: a file is missing or is not what its record says
    """
    files: dict[str, str] = {}
    for folder, _, entries in os.walk(library):
        for name in entries:
            path = Path(folder, name)
            files[path.relative_to(library).as_posix()] = _sha256(path)
    for distribution in read_distributions(library):
        for name, (digest, _) in distribution.record().items():
            if digest and not name.startswith("..") and not name.endswith(".pyc"):
                _check(distribution.name, library / name, digest)
    if "rezup/__init__.py" not in files:
        raise UpgradeError("what was installed is no rezup-api", context="it has no package `rezup`")
    document = {"format": FORMAT, "version": str(version), "files": files}
    (library / COMPLETE).write_text(json.dumps(document), encoding="ascii")


def _check(distribution: str, path: Path, digest: str) -> None:
    try:
        actual, _ = recorded(path.read_bytes())
    except OSError:
        actual = "missing"
    if digest.startswith("sha256=") and actual != digest:
        raise UpgradeError(
            f"{distribution} was not installed as its wheel says",
            context=f"{path.name} is damaged or missing",
        )


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
