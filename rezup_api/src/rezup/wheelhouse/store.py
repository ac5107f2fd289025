"""Wheels of a root, each kept once however many revisions want it.

::

    {root}/.wheels/
        {SHA-256}/{file name}     64 hexadecimal digits; read-only
        .staging-…                a copy under way
        .trash-…                  a wheel that is being deleted

A file gets its name by one rename after all of it is on the disk, and nothing of it is believed: who looks
for a wheel gets one whose bytes were read and have the hash that the lock wants, or none.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
from typing import TYPE_CHECKING

from rezup.errors import HashMismatchError, StoreError
from rezup.recipes.names import WHEELHOUSE
from rezup.reporting import Reporter, stage
from rezup.system import locks
from rezup.system.files import make_folder, open_new, remove_tree, rename_new, sync_folder
from rezup.system.leftovers import STAGING, TRASH, new_name, sweep
from rezup.system.usage import Usage
from rezup.wheelhouse.hashing import CHUNK, Hashes, NoFileError, open_file, why
from rezup.wheelhouse.names import check, is_sha256

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rezup.lockfiles.lock import Lock, Wheel

#: Held in a staging folder by whoever fills it.
LEASE = "lease"

#: Seconds for which a wheel that no lock names is spared: its revision may be about to be published.
SPARED = 86400.0

#: How often a folder may be taken away before a file is put into it.
_ATTEMPTS = 100


class Wheelhouse:
    """See the module.

    :param root: a local or remote root; it needs not exist
    :param read_timeout: seconds that looking for a wheel waits for a share; reading one may take another
        second for each MiB. Beyond that :class:`RemoteUnreachableError` is raised. None, right for a disk of
        this machine, waits for ever. Writing is never bounded: a large wheel takes as long as it takes.
    """

    def __init__(
        self, root: Path, *, reporter: Reporter | None = None, read_timeout: float | None = None
    ) -> None:
        self.folder = root / WHEELHOUSE
        self._reporter = reporter or Reporter()
        self._hashes = Hashes(read_timeout)
        self._warned: set[str] = set()

    # -- looking ------------------------------------------------------------------------------

    def find(self, wheel: Wheel) -> Path | None:
        """The file of a wheel, whose hash was verified just now or earlier by this object; None without one.

        What is there and isn't the wheel counts as absent, with a warning, once.

        :raises LockError: the wheel's name or hash can't be part of a path
        :raises RemoteUnreachableError: no answer in time
        """
        wheel = check(wheel)
        path = self._path(wheel)
        damage = self._state(path, wheel)
        if damage and damage != _ABSENT:
            self._warn(f"{path} is not used: {damage}")
        return None if damage else path

    def find_or_refuse(self, wheel: Wheel) -> Path | None:
        """As `find`, for who has no other place to look: what no index has can't be replaced.

        :raises HashMismatchError: another file has its place
        """
        wheel = check(wheel)
        path = self._path(wheel)
        if wheel.url is None and self._state(path, wheel) not in ("", _ABSENT):
            try:
                seen = self._hashes.look(path, follow=False)
                found = "" if seen is None else self._hashes.sha256(path, seen, follow=False)
            except (NoFileError, OSError):
                found = ""  # no file of its own; the warning says what it is
            if found not in ("", wheel.sha256):
                raise HashMismatchError(str(path), expected=wheel.sha256, found=found)
        return self.find(wheel)

    def _state(self, path: Path, wheel: Wheel) -> str:
        """As `_damage`, whatever is there."""
        try:
            return self._damage(path, wheel)
        except FileNotFoundError:  # it went just now
            return _ABSENT
        except (NoFileError, OSError) as error:
            return why(error)

    def _warn(self, message: str) -> None:
        if message not in self._warned:
            self._warned.add(message)
            self._reporter.warning(message)

    def _damage(self, path: Path, wheel: Wheel) -> str:
        """What is wrong with a file; empty if it is the wheel.

        :raises NoFileError: it is no file
        :raises OSError: it can't be read
        """
        seen = self._hashes.look(path, follow=False)
        if seen is None:
            return _ABSENT
        if wheel.size is not None and seen.size != wheel.size:
            return f"it has {seen.size} bytes, the wheel has {wheel.size}"
        if self._hashes.within(path, lambda: os.path.islink(path.parent)):
            return "its folder is a link"
        found = self._hashes.sha256(path, seen, follow=False)
        return "" if found == wheel.sha256 else f"its SHA-256 is {found}"

    def names(self) -> list[str]:
        """SHA-256 of all wheels, ascending, also of damaged ones.

        :raises StoreError: the folder can't be read
        :raises RemoteUnreachableError: no answer in time
        """
        try:
            return sorted(self._hashes.within(self.folder, lambda: _digests(self.folder)))
        except OSError as error:
            raise StoreError(f"{self.folder} can't be read", context=why(error)) from error

    def content(self, sha256: str) -> dict[str, int]:
        """The files of a hash by name, and the bytes that each takes on the disk.

        :raises StoreError: the folder can't be read
        :raises RemoteUnreachableError: no answer in time
        """
        if not is_sha256(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256")
        folder = self.folder / sha256
        try:
            found: dict[str, int] = self._hashes.within(folder, lambda: _taken(folder))
        except OSError as error:
            raise StoreError(f"{folder} can't be read", context=why(error)) from error
        return found

    def unused(self, locks: Iterable[Lock], *, now: float, spared: float = SPARED) -> list[str]:
        """SHA-256 of wheels that none of the locks names, ascending.

        One that was put here lately is no waste: it comes before the lock that names it is published.

        :param locks: of all revisions of this root
        :param now: seconds since 1970, by the clock of this machine
        :param spared: seconds that are "lately"
        :raises StoreError: the folder can't be read
        :raises RemoteUnreachableError: no answer in time
        """
        used = {w.sha256.lower() for lock in locks for package in lock.packages for w in package.wheels}
        candidates = [name for name in self.names() if name not in used]
        ages = self._hashes.within(self.folder, lambda: [_changed(self.folder / n) for n in candidates])
        return [n for n, changed in zip(candidates, ages, strict=True) if now - changed > spared]

    # -- changing -----------------------------------------------------------------------------

    def put(self, path: Path, wheel: Wheel) -> Path:
        """Keep a copy of a file, and tell where; a wheel that is there already is left as it is.

        :param path: the file, which may have any name
        :raises HashMismatchError: it isn't that wheel; nothing was kept
        :raises LockError: the wheel's name or hash can't be part of a path
        :raises StoreError: it can't be read, or the root can't be written; nothing was kept
        """
        wheel = check(wheel)
        target = self._path(wheel)
        if self._is_there(target, wheel) and _touch(target.parent):
            return target
        self._check_folders(target.parent)
        try:
            with self._staging() as staging:
                _copy(path, staging / wheel.name, wheel)
                if not self._is_there(target, wheel):  # else somebody was first, and others use it by now
                    _settle(staging / wheel.name, target)
        except OSError as error:
            if self._is_there(target, wheel):  # somebody else was first, and Windows keeps an open file
                return target
            raise self._unwritable(error) from error
        return target

    def remove(self, sha256: str, *, untouched_since: float = float("inf")) -> bool:
        """Delete the files of a hash; one that is missing is fine.

        :param untouched_since: seconds since 1970; what was put there later stays
        :returns: False if it stays
        :raises StoreError: they can't be deleted
        """
        if not is_sha256(sha256):
            raise ValueError(f"{sha256!r} is no SHA-256")
        folder = self.folder / sha256
        self._check_folders()
        trash = self.folder / new_name(TRASH)
        try:
            try:
                if folder.lstat().st_mtime > untouched_since:
                    return False
                with stage(self._reporter, "trash"):
                    folder.rename(trash)
            except FileNotFoundError:
                return True
            # Who published something meanwhile that names it has touched it before.
            if trash.lstat().st_mtime > untouched_since and rename_new(trash, folder):
                return False
            with stage(self._reporter, "delete"):
                if stat.S_ISDIR(trash.lstat().st_mode):
                    remove_tree(trash)
                else:
                    trash.unlink()
        except OSError as error:
            raise self._unwritable(error) from error
        return True

    def sweep(self) -> None:
        """Delete what killed processes left behind; never raises, never touches work under way.

        Worth one call before a series of `put`, and after one of `remove`.
        """
        sweep(self.folder, LEASE)
        with contextlib.suppress(OSError):
            if not self.folder.is_symlink():
                for name in _digests(self.folder):
                    with contextlib.suppress(OSError):
                        (self.folder / name).rmdir()  # fails where there is a wheel

    # -- parts --------------------------------------------------------------------------------

    def _path(self, wheel: Wheel) -> Path:
        return self.folder / wheel.sha256 / wheel.name

    def _is_there(self, target: Path, wheel: Wheel) -> bool:
        try:
            return self._damage(target, wheel) == ""
        except (NoFileError, OSError):
            return False

    def _check_folders(self, *more: Path) -> None:
        """:raises StoreError: one of the folders is something else, which would lead out of the root"""
        for folder in (self.folder, *more):
            with contextlib.suppress(OSError):
                if not stat.S_ISDIR(folder.lstat().st_mode):
                    raise StoreError(
                        f"{folder} is no folder",
                        context="wheels have to be kept in a folder of their root",
                        hint="move it away",
                    )

    @contextlib.contextmanager
    def _staging(self) -> Iterator[Path]:
        """A private folder, held, on the file system of the wheels."""
        make_folder(self.folder)
        staging = self.folder / new_name(STAGING)
        staging.mkdir()
        staging.chmod(0o700)
        try:
            with open_new(staging / LEASE):
                pass
            try:
                hold = locks.hold(staging / LEASE)
            except locks.Gone:
                hold = locks.Hold(None)  # a sweep looks at it just now, and sees that it is new
            try:
                yield staging
            finally:
                hold.release()
        finally:
            with contextlib.suppress(OSError):
                remove_tree(staging)

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"{self.folder} can't be written",
            context=why(error),
            hint="check its permissions and free space",
        )


_ABSENT = "absent"


def _digests(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [e.name for e in entries if is_sha256(e.name) and e.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _taken(folder: Path) -> dict[str, int]:
    usage = Usage()
    for path in (paths := [folder / name for name in sorted(os.listdir(folder))]):
        usage.add(path)
    return {path.name: usage.size([path]) for path in paths}


def _changed(folder: Path) -> float:
    """When a file was put into a folder, in seconds since 1970; what is gone again was so just now."""
    try:
        return folder.lstat().st_mtime
    except OSError:
        return float("inf")


def _touch(folder: Path) -> bool:
    """Say that what is in a folder is wanted again, see `unused`; False if it went just now."""
    try:
        os.utime(folder)
    except FileNotFoundError:
        return False
    except OSError:
        pass  # somebody else's
    return True


def _copy(source: Path, target: Path, wheel: Wheel) -> None:
    """Write a new file, durably, whose bytes have the hash of the wheel.

    :raises HashMismatchError: they have another one
    :raises StoreError: `source` can't be read
    :raises OSError: `target` can't be written
    """
    try:
        descriptor = open_file(source, follow=True)
    except (NoFileError, OSError) as error:
        raise StoreError(f"{source} can't be read", context=why(error)) from error
    digest = hashlib.sha256()
    try:
        with open_new(target) as stream:
            while chunk := os.read(descriptor, CHUNK):
                digest.update(chunk)
                stream.write(chunk)
            if digest.hexdigest() != wheel.sha256:
                raise HashMismatchError(str(source), expected=wheel.sha256, found=digest.hexdigest())
            stream.flush()
            os.fsync(stream.fileno())
    finally:
        os.close(descriptor)
    if os.name != "nt":  # there, what is read-only can't be replaced or deleted
        target.chmod(0o444)


def _settle(made: Path, target: Path) -> None:
    """Give a finished file its name; what is there, a damaged one, goes.

    :raises OSError: it can't be done
    """
    for _ in range(_ATTEMPTS):
        try:
            make_folder(target.parent)
            if target.is_dir() and not target.is_symlink():
                target.rename(made.with_name(f"old-{os.urandom(4).hex()}"))
            os.replace(made, target)
        except FileNotFoundError:  # somebody deleted the folder just now
            if not made.exists():
                raise
            continue
        except OSError:
            with contextlib.suppress(OSError):
                target.parent.rmdir()  # fails where there is a wheel
            raise
        sync_folder(target.parent)
        sync_folder(target.parent.parent)
        return
    raise OSError(f"{target.parent} is deleted again and again")
