"""Wheels on a remote root that no revision there names any more.

Revisions are never removed from a remote root by rezup: some machine may be about to build one. A wheel
goes only if all locks of all revisions were read and none names it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.containers import locked
from rezup.containers import receipt as receipts
from rezup.errors import InvalidNameError, LockError, StoreError, UnsupportedFormatError
from rezup.lockfiles.reading import parse
from rezup.recipes.names import WHEELHOUSE, ContainerName
from rezup.stores.base import RECEIPT
from rezup.stores.stamps import Stamp
from rezup.system import bounded

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.lockfiles.lock import Lock, Wheel
    from rezup.stores.remote import RemoteStore

#: How many unreadable locks an error lists.
_LISTED = 5


def all_locks(remote: RemoteStore) -> list[Lock]:
    """The locks of all revisions of a remote root.

    :raises StoreError: one of them can't be read, or isn't what was published; it says which
    :raises RemoteUnreachableError: no answer in time
    """
    found: list[Lock] = []
    unreadable: list[str] = []
    for container in _containers(remote):
        for stamp in sorted(remote.listing(container).revisions, key=lambda stamp: stamp.order):
            try:
                found += _locks(remote, container, stamp)
            except (receipts.DamagedReceiptError, LockError, UnsupportedFormatError) as error:
                unreadable.append(f"{container}@{stamp}: {error}")
    if unreadable:
        more = len(unreadable) - _LISTED
        listed = "; ".join(unreadable[:_LISTED]) + (f"; and {more} more" if more > 0 else "")
        raise StoreError(
            f"no wheel of {remote.root} is removed, as nobody knows which are needed",
            context=listed,
            hint="mend or remove what can't be read; `rezup doctor` tells more",
        )
    return found


def _locks(remote: RemoteStore, container: ContainerName, stamp: Stamp) -> Iterator[Lock]:
    """The locks of one revision; one that vanishes meanwhile has none.

    :raises DamagedReceiptError: its receipt can't be read
    :raises UnsupportedFormatError: a newer rezup wrote it
    :raises LockError: a lock can't be read
    """
    data = remote.read(container, stamp, RECEIPT)
    if data is None and stamp not in remote.listing(container).revisions:
        return
    try:
        digests = receipts.parse(data or b"").locks
    except receipts.ForeignReceiptError as error:
        if _has_locks(remote, container, stamp):
            raise receipts.DamagedReceiptError("its receipt is foreign, and yet it has locks") from error
        return  # of rezup 1.x or 2.x, which knew no locks
    name = f"revision {stamp} of {container}"
    given = locked.of_revision(digests, lambda file: remote.read(container, stamp, file), _no_wheel, name)
    for file, content in ({} if given is None else given.files).items():
        yield parse(content, f"{file} of {name}")


def _has_locks(remote: RemoteStore, container: ContainerName, stamp: Stamp) -> bool:
    """Whether a revision has files that are called as locks are; True where that can't be told."""
    folder = remote.folder(container, stamp)
    try:
        names = bounded.call(lambda: os.listdir(folder), remote.timeout)
    except FileNotFoundError:
        return False
    except (bounded.TimedOut, OSError):
        return True
    return any(name.startswith("pylock") and name.endswith(".toml") for name in names)


def _no_wheel(_: Wheel) -> None:
    return None


def _containers(remote: RemoteStore) -> list[ContainerName]:
    """All containers; unlike `RemoteStore.containers` it misses none that can't be read.

    :raises StoreError: a folder may hold revisions, and can't be read or is no container
    """
    try:
        folders = bounded.call(lambda: _folders(os.fspath(remote.root)), remote.timeout)
    except (bounded.TimedOut, OSError):
        return list(remote.containers())  # says what is wrong
    found = []
    for name, problem in folders:
        try:
            found.append(ContainerName.parse(name))
        except InvalidNameError:
            problem = problem or ("it has revisions, and is no container" if problem is None else "")
        if problem:
            raise StoreError(
                f"no wheel of {remote.root} is removed, as nobody knows which are needed",
                context=f"{name!a}: {problem}",
                hint="correct its permissions, or move it out of the root",
            )
    return found


def _folders(root: str) -> list[tuple[str, str | None]]:
    """Each folder of a root but that of the wheels, and why it can't be read; None if it has revisions."""
    found: list[tuple[str, str | None]] = []
    with os.scandir(root) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir() and entry.name != WHEELHOUSE)
    for name in names:
        try:
            inside = os.listdir(os.path.join(root, name))
        except FileNotFoundError:
            continue
        except OSError as error:
            found.append((name, error.strerror or str(error)))
        else:
            found.append((name, None if any(map(Stamp.is_stamp, inside)) else ""))
    return found
