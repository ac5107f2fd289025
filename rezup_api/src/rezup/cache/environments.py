"""The store of finished environments, one folder for each key.

::

    <root>/environments-v1/
        CACHEDIR.TAG
        {key}/              64 hexadecimal digits
            tree/           the environment; its files are read-only
            manifest        what belongs to it, with hashes, see `rezup.cache.manifest`
            lease           empty; locked shared by whoever clones it
            used            when and on which host it was last cloned or stored
        .staging-…          a build under way
        .trash-…            an entry that is being deleted

An entry becomes visible by one rename, after all of it is on the disk. The lock by key saves
double work only: without it the loser of the rename throws its own away and takes the winner's.
"""

from __future__ import annotations

import contextlib
import os
import time
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from rezup.cache.entry import LEASE, MANIFEST, TREE, Environment, identity
from rezup.cache.fingerprint import is_key
from rezup.cache.manifest import DamagedError, Manifest, differences, read_manifest, record_tree
from rezup.cache.uses import Use, last_use, note_use
from rezup.errors import CacheError
from rezup.reporting import Reporter, stage
from rezup.system import locks
from rezup.system.files import (
    SYNC_THREADS,
    first_reason,
    make_folder,
    mark_cache,
    remove_tree,
    rename_new,
    sync_folder,
)
from rezup.system.leftovers import STAGING, SWEEP_AFTER_UNKNOWN, TRASH, new_name, sweep
from rezup.system.machine import host_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from rezup.cache.cloning import Cloned
    from rezup.cache.fingerprint import Fingerprint

    #: Makes an environment at a path that does not exist yet, and tells what is worth knowing of it.
    Build: TypeAlias = Callable[[Path], Mapping[str, Any]]

BUCKET = "environments-v1"

#: How often an entry may turn out damaged or be taken away before we give up.
_ATTEMPTS = 4
#: Seconds after its last use for which an entry is spared where nothing tells whether it is in use.
_GUARD_AGE = 3600.0


class Provided(NamedTuple):
    """A clone, and where it came from."""

    cloned: Cloned
    facts: Mapping[str, Any]
    was_there: bool
    """Whether the environment was in the store before, and not built just now."""


class Environments:
    """See the module.

    :param root: the folder of caches; it needs not exist
    :param own_only: entries that another user owns read as damaged
    :param lock_timeout: seconds to wait for another process that builds the same environment
    """

    def __init__(
        self,
        root: Path,
        *,
        reporter: Reporter | None = None,
        own_only: bool = True,
        lock_timeout: float = 300.0,
    ) -> None:
        self.bucket = root / BUCKET
        self._reporter = reporter or Reporter()
        self._own_only = own_only
        self._lock_timeout = lock_timeout

    # -- getting ------------------------------------------------------------------------------

    def provide(
        self,
        wanted: Fingerprint,
        build: Build,
        target: Path,
        *,
        link: bool = True,
        manifest: Path | None = None,
    ) -> Provided:
        """Make `target` a clone of an environment, which is built first if it isn't there.

        An entry that turns out damaged is built anew, with a warning.

        :param link: see `Environment.clone`
        :param manifest: where what belongs to it is recorded, too, for `rezup.cache.manifest`
        :raises CacheError: the store can't be written
        :raises OSError: `target` can't be written
        """
        for _ in range(_ATTEMPTS):
            with self.environment(wanted, build) as found:
                try:
                    with stage(self._reporter, "clone"):
                        cloned = found.clone(target, link=link)
                        if manifest is not None:
                            found.hand_manifest(manifest, link=link)
                except DamagedError as error:
                    self.discard(found, str(error))
                    continue
                return Provided(cloned, found.facts, found.was_there)
        raise self._no_luck(wanted.key)

    def environment(self, wanted: Fingerprint, build: Build) -> Environment:
        """An environment, held; built and stored first if it isn't there.

        :raises CacheError: the store can't be written
        """
        for _ in range(_ATTEMPTS):
            found = self.find(wanted.key)
            if found is None:
                with self._locked(wanted.key):
                    found = self.find(wanted.key) or self.put(wanted, build, replace=False)
            if found is not None:
                return found
        raise self._no_luck(wanted.key)

    def find(self, key: str) -> Environment | None:
        """An environment of the store, held, its use noted; None if there is none or it is damaged."""
        folder = self.folder(key)
        try:
            hold = locks.hold(folder / LEASE)
        except (FileNotFoundError, NotADirectoryError, locks.Gone):
            if (folder / MANIFEST).exists() and not (folder / LEASE).exists():
                self._displace(folder, None, "its lease is missing")
            return None
        try:
            manifest = self._manifest(folder)
        except DamagedError as error:
            mark = identity(folder)
            hold.release()
            self._displace(folder, mark, str(error))
            return None
        except BaseException:
            hold.release()
            raise
        note_use(folder)
        return Environment(folder, manifest, hold, was_there=True)

    def discard(self, environment: Environment, reason: str) -> None:
        """Take a damaged entry away, so that it is built anew; the environment is released."""
        environment.release()
        self._displace(self.folder(environment.key), environment.identity, reason)

    # -- putting ------------------------------------------------------------------------------

    def put(self, wanted: Fingerprint, build: Build, *, replace: bool) -> Environment | None:
        """Store an environment: it is there completely or not at all; held.

        :param replace: of what is there already with that key
        :returns: another one if somebody was first; None if that one is gone again
        :raises CacheError: the store can't be written
        """
        staging = self._stage()
        try:
            hold = locks.hold(staging / LEASE)
        except (OSError, locks.Gone) as error:
            raise CacheError(f"{self.bucket} can't be used", context=str(error)) from error
        kept = False
        try:
            with stage(self._reporter, "build"):
                facts = build(staging / TREE)
            with stage(self._reporter, "record"):
                tree = record_tree(staging / TREE, seal=True)
                manifest = Manifest(wanted.key, time.time(), host_name(), wanted.about, facts, tree)
                self._seal(staging, manifest)
            if os.name == "nt":  # an open file keeps its folder from being renamed
                hold.release()
            with stage(self._reporter, "settle"):
                kept = self._publish(staging, wanted.key, replace=replace)
            if kept:
                return Environment(self.folder(wanted.key), manifest, hold, was_there=False)
            return self.find(wanted.key)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            if not kept:
                hold.release()
                with contextlib.suppress(OSError):
                    remove_tree(staging)

    def _stage(self) -> Path:
        try:
            mark_cache(self.bucket)
            make_folder(self.bucket)
            sweep(self.bucket, LEASE)
            staging = self.bucket / new_name(STAGING)
            staging.mkdir(0o755)
            (staging / LEASE).touch(mode=0o644)
        except OSError as error:
            raise self._unwritable(error) from error
        return staging

    def _seal(self, staging: Path, manifest: Manifest) -> None:
        """Put the rest beside the tree, and all folders and names on the disk."""
        from rezup.system.files import write_atomic
        from rezup.system.parallel import share_out

        write_atomic(staging / MANIFEST, manifest.to_bytes(), mode=0o644 if os.name == "nt" else 0o444)
        note_use(staging)
        folders = [staging / TREE / folder for folder in manifest.tree.folders]
        share_out(_open_to_all, folders, SYNC_THREADS)
        _open_to_all([staging / TREE, staging])

    def _publish(self, staging: Path, key: str, *, replace: bool) -> bool:
        """Whether the staged entry has the name now; False if another one has it."""
        target = self.folder(key)
        if rename_new(staging, target):
            return True
        if not replace:
            return False
        from rezup.system.swapping import put_in_place

        if put_in_place(staging, target):
            # Whoever clones the old one just now finds that out, and takes the new one.
            self._delete(staging)
        return True

    # -- looking and removing -----------------------------------------------------------------

    def names(self) -> list[str]:
        """Keys of all entries, also of damaged ones."""
        try:
            with os.scandir(self.bucket) as entries:
                return sorted(e.name for e in entries if is_key(e.name) and e.is_dir(follow_symlinks=False))
        except (FileNotFoundError, NotADirectoryError):
            return []

    def folder(self, key: str) -> Path:
        """The folder of an entry, whether it is there or not."""
        if not is_key(key):
            raise ValueError(key)
        return self.bucket / key

    def manifest(self, key: str) -> Manifest:
        """What belongs to an entry.

        :raises DamagedError: it is missing or damaged
        """
        return self._manifest(self.folder(key))

    def last_use(self, key: str) -> Use:
        """When and where an entry was last cloned or stored."""
        return last_use(self.folder(key))

    def damage(self, key: str) -> list[str]:
        """What of an entry isn't as it was stored, one line each; every byte is read."""
        folder = self.folder(key)
        try:
            hold = locks.hold(folder / LEASE)
        except (OSError, locks.Gone):
            return ["its lease is missing, or it is being removed"]
        try:
            return differences(folder / TREE, self._manifest(folder).tree)
        except DamagedError as error:
            return [str(error)]
        finally:
            hold.release()

    def remove(self, key: str, *, now: float) -> bool:
        """Delete an entry; False if somebody uses it, which is then left alone.

        :param now: seconds since 1970
        :raises CacheError: it can't be deleted
        """
        folder = self.folder(key)
        with locks.exclusive(folder / LEASE) as free:
            unknown = free is None and (folder / LEASE).exists()
            if free is False or (unknown and now - self.last_use(key).seconds < _GUARD_AGE):
                return False
            trash = self.bucket / new_name(TRASH)
            try:
                folder.rename(trash)
            except FileNotFoundError:
                return True
            except OSError as error:
                raise self._unwritable(error) from error
            self._delete(trash)
        return True

    def sweep(self) -> None:
        """Delete what killed processes left behind; never raises, never touches work under way."""
        sweep(self.bucket, LEASE)
        for path in self.bucket.glob(".*.lock*"):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > SWEEP_AFTER_UNKNOWN:
                    path.unlink()

    # -- inside -------------------------------------------------------------------------------

    def _manifest(self, folder: Path) -> Manifest:
        manifest = read_manifest(folder / MANIFEST, own_only=self._own_only)
        if manifest.key != folder.name:
            raise DamagedError("its manifest is that of another")
        return manifest

    def _displace(self, folder: Path, mark: tuple[int, int] | None, reason: str) -> None:
        """Take a damaged entry out of the way; a new one that took its place meanwhile stays."""
        if identity(folder) != mark:
            return
        self._reporter.warning(f"{folder} is damaged and taken away: {reason}")
        trash = self.bucket / new_name(TRASH)
        try:
            folder.rename(trash)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._unwritable(error) from error
        self._delete(trash)

    def _delete(self, path: Path) -> None:
        with stage(self._reporter, "delete"), contextlib.suppress(OSError):
            remove_tree(path)  # what is left goes with the next sweep

    @contextlib.contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Keep others from building the same; they wait, and then find it."""
        try:
            make_folder(self.bucket)
        except OSError as error:
            raise self._unwritable(error) from error
        path = self.bucket / f".{key}.lock"
        what = f"a build of environment {key[:12]}"
        with locks.build_lock(
            path,
            owner=f"{host_name()}, process {os.getpid()}",
            timeout=self._lock_timeout,
            waiting=lambda holder, seconds: self._reporter.waiting(what, holder, seconds),
            is_done=(self.folder(key) / MANIFEST).exists,
            unavailable=lambda reason: self._reporter.debug(f"{what} goes on unlocked: {reason}"),
        ):
            try:
                yield
            finally:  # who opened it before locks a file without a name: at worst it builds as well
                with contextlib.suppress(OSError):
                    path.unlink()

    def _no_luck(self, key: str) -> CacheError:
        return CacheError(
            f"environment {key[:12]} can't be kept in {self.bucket}",
            context="it was damaged or taken away each time it was made",
            hint="see who else works on that folder",
        )

    def _unwritable(self, error: OSError) -> CacheError:
        reason = error.strerror or first_reason(error)
        where = f"{error.filename}: " if error.filename else ""
        return CacheError(
            f"the cache {self.bucket.parent} can't be written",
            context=f"{where}{reason}",
            hint="check its permissions and free space, or name another folder",
        )


def _open_to_all(folders: Sequence[Path]) -> None:
    for folder in folders:
        folder.chmod(0o755)
        sync_folder(folder)
