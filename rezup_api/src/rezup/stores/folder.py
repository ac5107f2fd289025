"""A store that is a folder, local or mounted.

::

    {root}/
      {container}/
        pin                    optional: the stamp that `use` must take
        1795179768.172130/     a revision, renamed here when it was complete
        revisions/1619780350.58/    a revision that rezup 2.x made
        .staging-*             a revision being built; no reader looks here
        .trash-*               a revision being deleted
        .aside-*               a broken revision that the one built anew takes the place of just now
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING, Any

from rezup.errors import InvalidNameError, StoreError
from rezup.recipes.names import ContainerName
from rezup.reporting import Reporter, stage
from rezup.stores.base import PIN, RECEIPT, RECIPE, Listing, Store
from rezup.stores.stamps import Stamp
from rezup.system.leftovers import ASIDE, STAGING, TRASH, new_name, sweep
from rezup.system.reading import open_at_once, read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LEGACY = "revisions"

_ASIDE = f".{ASIDE}-"

#: The file that whoever uses a revision, or builds one, holds a shared lock on.
LEASE = "lease"


class FolderStore(Store):
    """What local and remote roots share; every operation below `root` passes through `_do`."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def _do(self, operation: Callable[[], Any], *, patience: int = 1) -> Any:
        """Perform one reading operation, whose answer is JSON.

        :param patience: how many times as long as others it may take, where time is bounded
        :raises OSError: it failed
        """
        return operation()

    def folder(self, container: ContainerName, revision: Stamp, *, legacy: bool = False) -> Path:
        """Where a revision is, or would be."""
        parent = self.root / container
        return (parent / LEGACY if legacy else parent) / revision

    def find(self, container: ContainerName, revision: Stamp) -> Path | None:
        """Where a revision is; None if it is missing."""
        for legacy in (False, True):
            path = self.folder(container, revision, legacy=legacy)
            if path.is_dir():
                return path
        return None

    def overview(self) -> Mapping[ContainerName, Listing]:
        try:
            found = self._do(lambda: _look_at_all(self.root), patience=3)
        except OSError as error:
            raise self._unreadable(error) from error
        listings = {ContainerName(name): self._listed(ContainerName(name), looked) for name, looked in found}
        return {name: listing for name, listing in listings.items() if listing.everything}

    def listing(self, container: ContainerName) -> Listing:
        try:
            found = self._do(lambda: look(self.root / container))
        except OSError as error:
            raise self._unreadable(error) from error
        return self._listed(container, found)

    def _listed(self, container: ContainerName, found: dict[str, Any]) -> Listing:
        """What the plain answer of a look at a container means."""
        return as_listing(found)

    def read(self, container: ContainerName, revision: Stamp, name: str) -> bytes | None:
        paths = [self.folder(container, revision, legacy=legacy) / name for legacy in (False, True)]
        try:
            text = self._do(lambda: self._read_first(paths))
        except OSError as error:
            raise self._unreadable(error) from error
        return None if text is None else bytes.fromhex(text)

    def _read_first(self, paths: list[Path]) -> str | None:
        for path in paths:
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                return self._content(path).hex()
        return None

    def _content(self, path: Path) -> bytes:
        return read_file(path)

    def publish(self, container: ContainerName, files: Mapping[str, bytes], at: Stamp) -> Stamp:
        from rezup.system.files import open_new, remove_tree

        self.sweep(container)
        staging = self.stage(container)
        try:
            for name, data in files.items():
                with open_new(staging / name) as stream:
                    stream.write(data)
            return self.adopt(container, staging, at)
        except OSError as error:
            raise self._unwritable(error) from error
        finally:
            remove_tree(staging)

    def stage(self, container: ContainerName) -> Path:
        """A new private folder, on the same file system, in which a revision can be built.

        :raises StoreError: it can't be made
        """
        from rezup.system.files import make_folder

        parent = self.root / container
        self.check_container(container)
        try:
            for _ in range(100):
                make_folder(parent)
                path = parent / new_name(STAGING)
                try:
                    path.mkdir(mode=0o755)
                except (FileExistsError, FileNotFoundError):  # the container was dropped just now
                    continue
                return path
        except OSError as error:
            raise self._unwritable(error) from error
        raise StoreError(f"no folder could be made in {parent}")

    def check_container(self, container: ContainerName) -> None:
        """Refuse to build where that would be somewhere else, or one folder with another on some platform.

        :raises StoreError: the container is a link
        :raises InvalidNameError: another one differs in case alone
        """
        if (self.root / container).is_symlink():
            raise StoreError(
                f"{self.root / container} is a link",
                context="a container has to be a folder of its root",
                hint="move the folder to its place, or choose another root with --root",
            )
        try:
            names = os.listdir(self.root)
        except OSError:
            return
        twin = next((n for n in names if n != container and n.lower() == container.lower()), None)
        if twin is not None:
            raise InvalidNameError(
                f"{container} can't be made beside {twin}",
                context="the two differ in upper and lower case only",
                hint=f"use {twin}, or choose another name",
            )

    def adopt(
        self,
        container: ContainerName,
        staging: Path,
        at: Stamp,
        *,
        private: frozenset[str] = frozenset(),
        sealed: Mapping[str, Sequence[str]] | None = None,
    ) -> Stamp:
        """Make a staged revision visible under the first free stamp from `at` on; see `publish`.

        :param private: names of files that only their owner may read
        :param sealed: folders that hold but links to files of a cache, and what is in them, see `seal_tree`
        :raises OSError: it could not be synced or renamed; nothing became visible
        """
        from rezup.system.files import rename_new, seal_tree

        seal_tree(staging, private=private, sealed=sealed)
        while True:
            newest = as_listing(look(self.root / container)).newest
            if newest is not None and at.order <= newest.order:
                at = newest.following()
            if rename_new(staging, self.folder(container, at)):
                return at

    def remove(self, container: ContainerName, revision: Stamp, *, reporter: Reporter | None = None) -> bool:
        from rezup.system.files import remove_tree

        path = self.find(container, revision)
        if path is None:
            return False
        reporter = reporter or Reporter()
        trash = self.root / container / new_name(TRASH)
        try:
            with stage(reporter, "trash"):
                if not is_revision(path, self.root) or not _take_away(self.root, path, trash.name):
                    if self.find(container, revision) is None:
                        return False  # somebody else removed it just now
                    raise left_alone(path)
            with stage(reporter, "delete"):
                remove_tree(trash)
        except OSError as error:
            raise self._unwritable(error) from error
        return True

    def sweep(self, container: ContainerName) -> None:
        """Delete what killed processes left behind; never raises, never touches work under way."""
        sweep(self.root / container, LEASE)

    def remove_leftovers(self, container: ContainerName) -> None:
        """Delete an empty container's folder with what rezup itself left in it, and nothing else."""
        parent = self.root / container
        if as_listing(look(parent)).everything:
            return
        for name in (PIN, ".lock", ".lock.owner"):
            with contextlib.suppress(OSError):
                (parent / name).unlink()
        for folder in (parent / LEGACY, parent):
            with contextlib.suppress(OSError):
                folder.rmdir()

    def _unreadable(self, error: OSError) -> StoreError:
        return StoreError(
            f"the root {self.root} can't be read",
            context=_reason(error),
            hint="`rezup doctor` tells what is wrong there; --root and REZUP_ROOT_LOCAL choose another",
        )

    def _unwritable(self, error: OSError) -> StoreError:
        return StoreError(
            f"the root {self.root} can't be written",
            context=_reason(error),
            hint="check its permissions and free space, or choose another with --root or REZUP_ROOT_LOCAL",
        )


def left_alone(path: Path) -> StoreError:
    """The error where what would be taken away isn't ours."""
    return StoreError(
        f"{path} is left alone",
        context="it is no revision of rezup, or it lies outside of the root",
        hint="move it away",
    )


def _reason(error: OSError) -> str:
    text = error.strerror or str(error)
    return text if error.filename is None else f"{error.filename}: {text}"


def as_listing(found: dict[str, Any]) -> Listing:
    """The plain answer of a look at a folder, with its names validated."""
    pin, damaged = None, None
    text = found.get("pin")
    if text is not None:
        if Stamp.is_stamp(text):
            pin = Stamp(text)
        else:
            damaged = str(text)[:80] or "(nothing)"
    return Listing(
        frozenset(map(Stamp, found["revisions"])),
        frozenset(map(Stamp, found["legacy"])),
        pin,
        bool(found["exists"]),
        damaged,
    )


def look(folder: Path) -> dict[str, Any]:
    """One look: the folder, its pin, and the 2.x folder and asides only where there are some."""
    try:
        revisions, asides, has_legacy, has_pin = [], [], False, False
        with os.scandir(folder) as entries:
            for entry in entries:
                if Stamp.is_stamp(entry.name):
                    if entry.is_dir(follow_symlinks=False):
                        revisions.append(entry.name)
                elif entry.name == LEGACY:
                    has_legacy = True
                elif entry.name == PIN:
                    has_pin = True
                elif entry.name.startswith(_ASIDE) and entry.is_dir(follow_symlinks=False):
                    asides.append(entry.name)
    except (FileNotFoundError, NotADirectoryError):
        return {"revisions": [], "legacy": [], "exists": False}
    legacy = _stamps(folder / LEGACY) if has_legacy else []
    answer = {"revisions": revisions, "legacy": legacy, "exists": bool(revisions or legacy or has_pin)}
    if asides:
        answer["asides"] = asides
    if has_pin:
        answer["pin"] = _read_pin(folder / PIN)
    return answer


def _read_pin(path: Path) -> str | None:
    """The text of a pin; what can't be read names no revision, and must not stop anybody."""
    try:
        # A pipe would be waited for, for ever.
        descriptor = open_at_once(path)
    except FileNotFoundError:
        return None
    except OSError as error:
        return f"({error.strerror})"
    try:
        return os.read(descriptor, 200).decode("utf-8", "replace").strip()
    except OSError as error:
        return f"({error.strerror})"
    finally:
        os.close(descriptor)


def _stamps(folder: Path) -> list[str]:
    try:
        with os.scandir(folder) as entries:
            return [e.name for e in entries if Stamp.is_stamp(e.name) and e.is_dir(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def _look_at_all(root: Path) -> list[tuple[str, dict[str, Any]]]:
    """One look at each folder that is a container with a revision in it, by name."""
    try:
        names = sorted(e.name for e in os.scandir(root) if e.is_dir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    found = []
    for name in names:
        try:
            ContainerName.parse(name)
            looked = look(root / name)
        except (InvalidNameError, PermissionError):
            continue
        if looked["revisions"] or looked["legacy"] or "asides" in looked:
            found.append((name, looked))
    return found


def is_revision(path: Path, root: Path) -> bool:
    """Whether a folder carries rezup's own mark and really lies below the root, links resolved."""
    if path.is_symlink() or not path.is_dir():
        return False
    real, base = path.resolve(), root.resolve()
    if base not in real.parents or real.name != path.name:
        return False
    return any((path / name).is_file() for name in (RECEIPT, RECIPE))


def _take_away(root: Path, path: Path, name: str) -> bool:
    """Rename a revision within its container to `name`, through open folders only.

    A link that is put into the way after all was checked leads nowhere: no step follows one.
    """
    if os.name == "nt":
        path.rename(root / path.relative_to(root).parts[0] / name)
        return True
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    container, *between, revision = path.relative_to(root).parts
    opened = [os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)]
    try:
        for part in (container, *between, revision):
            opened.append(os.open(part, flags, dir_fd=opened[-1]))
        marked = os.listdir(opened[-1])
        if RECEIPT not in marked and RECIPE not in marked:
            return False
        os.rename(revision, name, src_dir_fd=opened[-2], dst_dir_fd=opened[1])
    except FileNotFoundError:
        return False
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return True
