"""Findings in a local root and its containers, apart from those of revisions."""

from __future__ import annotations

import os
import shutil
import stat
from typing import TYPE_CHECKING

from rezup.containers.creation import LOCK
from rezup.containers.health import leftovers
from rezup.containers.health.findings import Finding, about, set_rights
from rezup.containers.history import HISTORY
from rezup.errors import InvalidNameError, StoreError
from rezup.recipes.names import WHEELHOUSE, ContainerName
from rezup.stores.base import PIN
from rezup.stores.folder import LEASE, LEGACY
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from rezup.stores.base import Listing
    from rezup.stores.local import LocalStore

#: Below it a build of a usual environment fails: bytes, and files that can be made.
LEAST_BYTES, LEAST_FILES = 512 << 20, 2000

#: What rezup itself keeps in a container, beside revisions.
_OWN = frozenset({PIN, HISTORY, LOCK, f"{LOCK}.owner", LEGACY})


def findings(store: LocalStore) -> Iterator[Finding]:
    """What is wrong with a local root; that one isn't there yet is fine."""
    root = store.root
    yield from _unusable(store)
    if not os.path.lexists(root):
        return
    if not root.is_dir():
        yield Finding("root-no-folder", str(root), "the root is no folder")
        return
    for examine in (_writable, _space, _twins, _names):
        yield from examine(store)


def containers(store: LocalStore) -> list[ContainerName]:
    """Names of all folders of a root that may be containers, sorted; links are none."""
    return [name for entry in _entries(store.root) if (name := _container(entry)) is not None]


def container_findings(
    store: LocalStore, container: ContainerName, known: Callable[[], frozenset[Stamp] | None]
) -> Iterator[Finding]:
    """What is wrong in the folder of a container.

    :param known: asked for the revisions elsewhere that a pin may name, too; None where nobody can tell
    """
    folder = store.root / container
    listing = store.listing(container)
    yield from pin(folder / PIN, listing, known)
    yield from leftovers.findings(folder, LEASE)
    yield from leftovers.owner_of_lock(folder / LOCK)
    for entry in _entries(folder):
        if entry.name in _OWN or Stamp.is_stamp(entry.name) or leftovers.is_leftover(entry.name):
            if entry.is_symlink():
                yield _link(entry)
        elif entry.is_symlink() and not os.path.exists(entry.path):
            yield _link(entry)
        else:
            yield Finding("foreign-file", entry.path, f"it is no part of container {container}")


def pin(path: Path, listing: Listing, known: Callable[[], frozenset[Stamp] | None]) -> Iterator[Finding]:
    """A pin that names no revision, neither here nor among those that are known elsewhere."""
    if listing.damaged_pin is not None:
        yield Finding("pin-names-nothing", str(path), f"the pin says {listing.damaged_pin!a}")
    elif listing.pin is None or listing.pin in listing.everything:
        return
    elif (elsewhere := known()) is not None and listing.pin not in elsewhere:
        yield Finding("pin-names-nothing", str(path), f"there is no revision {listing.pin}")


def case_twins(root: Path, names: Iterable[str], code: str = "case-twins") -> Iterator[Finding]:
    """Containers whose names differ in upper and lower case only.

    :param code: of the findings: what is done about them is another thing on a remote root
    """
    by_name: dict[str, list[str]] = {}
    for name in names:
        by_name.setdefault(name.lower(), []).append(name)
    for twins in by_name.values():
        if len(twins) > 1:
            yield Finding(code, str(root), f"{' and '.join(twins)} differ in case only", tuple(twins))


def space(folder: Path, free: int, total: int, files: int | None) -> Iterator[Finding]:
    """Too little space on the file system of a folder.

    :param free: bytes that this user may still write
    :param total: bytes in all; 0 where the file system doesn't tell
    :param files: how many can still be made; None where there is no limit
    """
    if total and free < LEAST_BYTES:
        yield Finding("low-space", str(folder), f"{free >> 20} MiB are free")
    elif files is not None and files < LEAST_FILES:
        yield Finding("low-space", str(folder), f"no more than {files} files can be made")


def space_of(folder: Path) -> Iterator[Finding]:
    """The same, for a folder that is there."""
    if hasattr(os, "statvfs"):
        found = os.statvfs(folder)
        files = found.f_favail if found.f_files else None
        yield from space(folder, found.f_bavail * found.f_frsize, found.f_blocks, files)
    else:
        usage = shutil.disk_usage(folder)
        yield from space(folder, usage.free, usage.total, None)


def writable_by_all(folder: Path, code: str) -> Iterator[Finding]:
    """A folder in which anybody may replace what is in it."""
    from rezup.system.files import is_writable_by_all

    if is_writable_by_all(folder):
        mode = stat.S_IMODE(folder.stat().st_mode)
        yield Finding(
            code,
            str(folder),
            f"its permissions are {mode:o}",
            mend=lambda: set_rights(folder, drop=stat.S_IWOTH),
        )


# -- one for each kind of finding in a root -------------------------------------------------------


def _unusable(store: LocalStore) -> Iterator[Finding]:
    try:
        store.check_root()
    except StoreError as error:
        yield Finding("root-unusable", str(store.root), error.context or error.message)


def _writable(store: LocalStore) -> Iterator[Finding]:
    yield from writable_by_all(store.root, "root-writable-by-all")
    for name in containers(store):
        yield from about(writable_by_all(store.root / name, "root-writable-by-all"), name)


def _space(store: LocalStore) -> Iterator[Finding]:
    yield from space_of(store.root)


def _twins(store: LocalStore) -> Iterator[Finding]:
    yield from case_twins(store.root, containers(store))


def _names(store: LocalStore) -> Iterator[Finding]:
    """What is in the root and is no container."""
    for entry in _entries(store.root):
        if entry.is_symlink():
            yield _link(entry)
        elif entry.name != WHEELHOUSE and _container(entry) is None:
            yield Finding("foreign-file", entry.path, "it is no container")


def _link(entry: os.DirEntry[str]) -> Finding:
    target = os.readlink(entry.path)
    if not os.path.exists(entry.path):
        return Finding("dangling-link", entry.path, f"it leads to {target!a}, which is not there")
    if _is_name(entry.name) and not Stamp.is_stamp(entry.name):
        what = f"it leads to {target!a}"
        return Finding("container-is-link", entry.path, what, container=ContainerName(entry.name))
    return Finding("foreign-file", entry.path, f"it is a link to {target!a}")


def _container(entry: os.DirEntry[str]) -> ContainerName | None:
    is_folder = entry.is_dir(follow_symlinks=False)
    return ContainerName(entry.name) if is_folder and _is_name(entry.name) else None


def _is_name(text: str) -> bool:
    try:
        ContainerName.parse(text)
    except InvalidNameError:
        return False
    return True


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return sorted(found, key=lambda entry: entry.name)
    except OSError:
        return []
