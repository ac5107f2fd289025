"""Putting right what is wrong in a revision, while others use it.

Each file is made beside its name and renamed over it: who has the old one open goes on with it, and other
environments that share it by hard links are not written to.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.cache.entry import TREE
from rezup.cache.manifest import DamagedError, read_manifest
from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.containers.health import caches, remotes, trees
from rezup.containers.health.checking import ENVIRONMENTS, read_lock, read_record
from rezup.containers.health.findings import check_own, remove_file
from rezup.containers.health.replacing import Replacer, check_folders
from rezup.containers.health.trees import ADDED, Hashes, is_byte_code
from rezup.containers.provision import RECORDS
from rezup.errors import ContainerError, StoreError
from rezup.lockfiles.lock import WHEELS
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.folder import LEASE
from rezup.system.locks import Gone
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rezup.cache.environments import Environments
    from rezup.cache.manifest import Manifest, Tree
    from rezup.containers.building import Builder
    from rezup.containers.health.trees import Difference
    from rezup.containers.receipt import Receipt
    from rezup.lockfiles.lock import FindWheel, Wheel
    from rezup.recipes.names import ContainerName
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp


class Source(NamedTuple):
    """An environment that is as it should be."""

    root: Path
    manifest: Manifest


@dataclass(frozen=True, slots=True)
class Mending:
    """What mends the revisions of one local root.

    :param cache: the finished environments of this machine
    :param find: where wheels may be, apart from their revision
    :param builder: called only when an environment must be built
    :param stores: local roots that may hold the same recipe or lock; this one is among them
    :param remotes: remote roots that may, and answer
    :param link: files may be shared with the cache
    """

    store: LocalStore
    cache: Environments
    find: FindWheel
    builder: Callable[[ContainerName], Builder]
    stores: tuple[LocalStore, ...]
    remotes: tuple[RemoteStore, ...]
    link: bool

    # -- parts of a revision ------------------------------------------------------------------

    def lease(self, path: Path) -> None:
        """Make the file that whoever uses the revision holds."""
        from rezup.system.files import open_new

        check_own(path.parent)
        if path.is_symlink():  # which would lead whoever makes the file elsewhere
            path.unlink()
        with contextlib.suppress(FileExistsError), open_new(path) as stream:
            os.fchmod(stream.fileno(), 0o644) if hasattr(os, "fchmod") else path.chmod(0o644)

    def source_file(self, container: ContainerName, stamp: Stamp, name: str) -> None:
        """Put a recipe or a lock back, from wherever one with the recorded hash is.

        :raises StoreError: there is none
        """
        from rezup.system.files import write_atomic

        with self._opened(container, stamp) as (folder, receipt):
            digest = receipt.recipe_digest if name == RECIPE else receipt.locks[name]
            path = folder / name
            self._check_own(path)
            for data in self._candidates(name, receipt):
                if hashlib.sha256(data).hexdigest() == digest:
                    is_private = name == RECIPE and receipt.environment_in_recipe
                    write_atomic(path, data, mode=0o600 if is_private else 0o644)
                    return
            raise StoreError(f"no other file is what {path} was", context=f"its SHA-256 was {digest}")

    def wheel(self, container: ContainerName, stamp: Stamp, path: str) -> None:
        """Put a wheel back beside the lock, from the wheels that this machine kept.

        :raises StoreError: it has none with that hash
        """
        with self._opened(container, stamp) as (folder, receipt):
            target = folder / path
            self._check_own(target)
            check_folders(folder, path)
            for wheel in _wheels(folder, receipt):
                found = self.find(wheel) if f"{WHEELS}/{wheel.name}" == path else None
                if found is not None:
                    Replacer(link=self.link).put(found, target, wheel.sha256)
                    return
            raise StoreError(f"no other file is what {target} was")

    def byte_code(self, container: ContainerName, stamp: Stamp, name: str) -> None:
        """Remove byte-code that was added to an environment."""
        with self._opened(container, stamp) as (folder, _):
            root = folder / ENVIRONMENTS / name
            tree = read_record(folder, name).tree
            for each in trees.differences(root, tree, Hashes()):
                if each.kind == ADDED and is_byte_code(each.path):
                    check_folders(root, each.path)
                    _remove(root, each.path, known=tree.folders)

    def record(self, container: ContainerName, stamp: Stamp, name: str) -> None:
        """Take the record of the same environment, built once more, if all files are as it says.

        :raises StoreError: some are not, so nobody knows which ones were there at the build
        """
        with self._opened(container, stamp) as (folder, receipt):
            path = folder / RECORDS / name
            self._check_own(path if os.path.lexists(path) else folder)
            with self._built(container, stamp, folder, receipt, name) as source:
                wrong = trees.differences(folder / ENVIRONMENTS / name, source.manifest.tree, Hashes())
                if wrong:
                    raise StoreError(
                        f"{path} can't be made again", context=f"{wrong[0].path} isn't as in a new build"
                    )
                from rezup.system.files import make_folder, write_atomic

                make_folder(path.parent)
                write_atomic(path, source.manifest.to_bytes())

    def environment(self, container: ContainerName, stamp: Stamp, name: str) -> None:
        """Replace what is missing or changed in an environment: from the cache, else from a new build.

        :raises RezupError: it can't be built
        :raises StoreError: some of it can't be had as it was
        """
        with self._opened(container, stamp) as (folder, receipt):
            record = read_record(folder, name)
            root = folder / ENVIRONMENTS / name
            wrong = [each for each in trees.differences(root, record.tree, Hashes()) if each.kind != ADDED]
            for place in (root, *(root / each.path for each in wrong)):
                self._check_own(place)
            check_folders(folder, f"{ENVIRONMENTS}/{name}/", make=frozenset((ENVIRONMENTS,)))
            root.mkdir(0o755, exist_ok=True)
            if record.key and self._from_cache(root, record, wrong):
                return
            with self._built(container, stamp, folder, receipt, name) as source:
                renewed = _put_right(root, record, wrong, source, Replacer(link=self.link))
            if renewed != record.tree:
                from rezup.system.files import write_atomic

                write_atomic(folder / RECORDS / name, record._replace(tree=renewed).to_bytes())

    # -- where the right files are ------------------------------------------------------------

    def _from_cache(self, root: Path, record: Manifest, wrong: list[Difference]) -> bool:
        """Whether the cache has the very files; a damaged entry of it goes."""
        if record.key not in self.cache.names():
            return False
        if caches.entry_damage(self.cache, record.key, Hashes()):
            caches.remove_entry(self.cache, record.key)
            return False
        found = self.cache.find(record.key)
        if found is None:
            return False
        with found:
            if not _has_all(found.manifest.tree, record.tree, wrong):
                return False
            source = Source(self.cache.folder(record.key) / TREE, found.manifest)
            _put_right(root, record, wrong, source, Replacer(link=self.link))
        return True

    @contextlib.contextmanager
    def _built(
        self, container: ContainerName, stamp: Stamp, folder: Path, receipt: Receipt, name: str
    ) -> Iterator[Source]:
        """The environments of a revision, built once more by its own locks in a folder of their own."""
        from rezup.recipes.parse import parse
        from rezup.system import locks
        from rezup.system.files import remove_tree
        from rezup.wheelhouse.finding import in_folder

        data = read_file(folder / RECIPE)
        if hashlib.sha256(data).hexdigest() != receipt.recipe_digest:
            raise ContainerError(f"{folder / RECIPE} isn't the recipe that the revision was built from")
        given = locked.of_revision(
            receipt.locks, lambda lock: _read(folder / lock), in_folder(folder / WHEELS),
            f"revision {stamp} of {container}",
        )  # fmt: skip
        if given is None:
            raise ContainerError(f"{container}@{stamp} has no lock to build it by")
        recipe = parse(data, Path(receipt.recipe_source) if receipt.recipe_source else None)
        staging = self.store.stage(container)
        hold = locks.hold(staging / LEASE)
        try:
            self.builder(container)(recipe, staging, container, given)
            manifest = read_manifest(staging / RECORDS / name, own_only=False)
            yield Source(staging / ENVIRONMENTS / name, manifest)
        except DamagedError as error:
            raise ContainerError(f"{name} was built without a record", context=str(error)) from error
        finally:
            hold.release()
            with contextlib.suppress(OSError):
                remove_tree(staging)

    def _candidates(self, name: str, receipt: Receipt) -> Iterator[bytes]:
        """Contents of all files that may be the wanted one; each is compared by its hash."""
        if name == RECIPE and receipt.recipe_source:
            data = _read(Path(receipt.recipe_source))
            if data is not None:
                yield data
        for store in self.stores:
            for container in store.containers():
                for stamp in store.listing(container).revisions:
                    data = _read(store.folder(container, stamp) / name)
                    if data is not None:
                        yield data
        for remote in self.remotes:
            yield from remotes.contents(remote, name)

    @contextlib.contextmanager
    def _opened(self, container: ContainerName, stamp: Stamp) -> Iterator[tuple[Path, Receipt]]:
        """Folder and receipt of a revision, which nobody removes meanwhile."""
        folder = self.store.folder(container, stamp)
        check_own(folder)
        try:
            hold = self.store.hold(container, stamp)
        except Gone as error:
            raise StoreError(f"{folder} is being removed") from error
        try:
            yield folder, receipts.parse(read_file(folder / RECEIPT))
        finally:
            hold.release()

    @staticmethod
    def _check_own(path: Path) -> None:
        if os.path.lexists(path):
            check_own(path)


def _read(path: Path) -> bytes | None:
    """The content of a file; None where there is none that can be read."""
    try:
        return read_file(path)
    except OSError:
        return None


def _wheels(folder: Path, receipt: Receipt) -> Iterator[Wheel]:
    """All that the locks of a revision name."""
    for name in receipt.locks:
        for package in read_lock(folder, name).packages:
            yield from package.wheels


def _has_all(there: Tree, wanted: Tree, wrong: Iterable[Difference]) -> bool:
    """Whether a stored tree has all that is wrong just as it was recorded."""
    paths = {each.path for each in wrong}
    return all(
        {row for row in getattr(wanted, part) if path_of(row) in paths} <= set(getattr(there, part))
        for part, path_of in (("folders", str), ("files", _first), ("links", _first))
    )


def _first(row: tuple[str, ...]) -> str:
    return row[0]


def _put_right(
    root: Path, record: Manifest, wrong: list[Difference], source: Source, replacer: Replacer
) -> Tree:
    """Replace what is wrong by what the source has; gives what is recorded from now on.

    A build of the same lock, interpreter and platform may compile a file to other bytes: these are taken,
    too. Of any other source only the very same file is.

    :raises StoreError: the source has a file no more, or another one
    """
    is_same = bool(record.key) and record.key == source.manifest.key
    there = {file.path: file for file in source.manifest.tree.files}
    files = {file.path: file for file in record.tree.files}
    links = dict(record.tree.links)
    for each in sorted(wrong, key=lambda each: each.path):
        path = each.path
        check_folders(root, path, make=frozenset(record.tree.folders))
        if path in links:
            replacer.link(links[path], root / path)
        elif path in files:
            found = there.get(path)
            if found is None or (found.digest != files[path].digest and not is_same):
                raise StoreError(
                    f"{root / path} can't be had as it was", context="a new build has another one"
                )
            replacer.put(source.root / path, root / path, found.digest)
            files[path] = found
        else:
            replacer.folder(root / path)
    return record.tree._replace(files=tuple(sorted(files.values())))


def _remove(root: Path, path: str, *, known: tuple[str, ...]) -> None:
    """Delete what was added, and the folders that are empty then and were not there before."""
    target = root / path.rstrip("/")
    if target.is_dir() and not target.is_symlink():
        check_own(target)
        target.rmdir()
    else:
        remove_file(target)
    parent = path.rstrip("/").rpartition("/")[0]
    while parent and parent not in known:
        try:
            (root / parent).rmdir()
        except OSError:
            return
        parent = parent.rpartition("/")[0]
