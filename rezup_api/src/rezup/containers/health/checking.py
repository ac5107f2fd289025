"""`check`: a revision compared with what was recorded when it was made.

Every byte of it is read, and nothing is written, so it works with whatever one may read.
"""

from __future__ import annotations

import hashlib
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from rezup.cache.manifest import DamagedError, read_manifest
from rezup.containers import receipt as receipts
from rezup.containers.health import trees
from rezup.containers.health.trees import (
    ADDED,
    CHANGED,
    MISSING,
    OTHERS_WRITE,
    PERMISSIONS,
    UNREADABLE,
    Difference,
)
from rezup.containers.provision import RECORDS
from rezup.errors import InvalidNameError, LockError, UnsupportedFormatError
from rezup.lockfiles.lock import WHEELS
from rezup.recipes.names import ToolName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.folder import LEASE
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from rezup.cache.manifest import Manifest
    from rezup.containers.health.trees import Hashes
    from rezup.containers.receipt import Receipt
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.names import ContainerName
    from rezup.stores.local import LocalStore
    from rezup.stores.stamps import Stamp

ENVIRONMENTS = "venv"

#: How far a revision could be checked.
RECORDED, NO_RECORD, NOT_CHECKED = "recorded", "no record", "not checked"

_OWN = frozenset({RECIPE, RECEIPT, LEASE, ENVIRONMENTS, RECORDS, WHEELS})


class Checked(NamedTuple):
    """What came of checking one revision."""

    container: ContainerName
    revision: Stamp
    folder: Path
    state: str
    """"recorded", "no record" or "not checked"."""
    reason: str
    """Why there is no record, or nothing was checked; else empty."""
    differences: tuple[Difference, ...]
    """Paths are relative to its folder."""

    @property
    def is_good(self) -> bool:
        """Whether all that could be checked is as it was recorded."""
        return not self.differences


def check(store: LocalStore, container: ContainerName, stamp: Stamp, hashes: Hashes) -> Checked:
    """Compare a revision of this machine with its records: environments, recipe, locks, wheels."""
    folder = store.folder(container, stamp)
    if not folder.is_dir():
        legacy = store.folder(container, stamp, legacy=True)
        return Checked(container, stamp, legacy, NO_RECORD, "rezup 2.x made it", ())
    try:
        receipt = receipts.parse(read_file(folder / RECEIPT))
    except UnsupportedFormatError as error:
        return Checked(container, stamp, folder, NOT_CHECKED, error.message, ())
    except receipts.ForeignReceiptError as error:
        return Checked(container, stamp, folder, NOT_CHECKED, f"its receipt is foreign: {error}", ())
    except (OSError, receipts.DamagedReceiptError) as error:
        found = Difference(_kind(error), RECEIPT)
        return Checked(container, stamp, folder, NOT_CHECKED, "its receipt can't be read", (found,))
    state = RECORDED if receipt.locks or (folder / RECORDS).is_dir() else NO_RECORD
    return Checked(
        container, stamp, folder, state,
        "" if state == RECORDED else "an older rezup made it",
        tuple(_differences(folder, receipt, hashes, recorded=state == RECORDED)),
    )  # fmt: skip


def _differences(folder: Path, receipt: Receipt, hashes: Hashes, *, recorded: bool) -> Iterator[Difference]:
    # One with a secret is its owner's alone to read.
    if not (receipt.environment_in_recipe and _is_hidden(folder / RECIPE)):
        yield from _file(folder, RECIPE, receipt.recipe_digest)
    for name, digest in receipt.locks.items():
        wrong = list(_file(folder, name, digest))
        yield from wrong or _wheels(folder, name, hashes)
    if not recorded:
        return
    for name in environment_names(receipt):
        yield from _environment(folder, name, hashes)
    yield from _strangers(folder, receipt)


def environment_names(receipt: Receipt) -> list[ToolName]:
    """The environments of a receipt, without names that lead out of the revision."""
    found = []
    for each in receipt.environments:
        try:
            found.append(ToolName.parse(each.name))
        except InvalidNameError:
            continue
    return found


def _kind(error: Exception) -> str:
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        return MISSING
    return UNREADABLE if isinstance(error, OSError) else CHANGED


def _is_hidden(path: Path) -> bool:
    """Whether it is there, and kept from us."""
    return path.exists() and not os.access(path, os.R_OK)


def _file(folder: Path, name: str, digest: str) -> Iterator[Difference]:
    try:
        data = read_file(folder / name)
    except OSError as error:
        yield Difference(_kind(error), name)
    else:
        if hashlib.sha256(data).hexdigest() != digest:
            yield Difference(CHANGED, name)


def read_lock(folder: Path, name: str) -> Lock:
    """A lock of a revision.

    :raises LockError: it is none
    :raises OSError: it can't be read
    """
    from rezup.lockfiles.reading import parse

    return parse(read_file(folder / name), name)


def _wheels(folder: Path, lock: str, hashes: Hashes) -> Iterator[Difference]:
    """Wheels beside a lock that are not what it has; those that an index has need not be there."""
    try:
        content = read_lock(folder, lock)
    except (LockError, OSError):
        return  # it is what was published, so there is nothing to compare with
    # Of a lock for several platforms, wheels of the others need not have come along.
    is_whole = len(content.platforms) <= 1
    for wheel in (wheel for package in content.packages for wheel in package.wheels):
        path = f"{WHEELS}/{wheel.name}"
        try:
            if hashes.of(os.path.realpath(folder / path)) != wheel.sha256.lower():
                yield Difference(CHANGED, path)
        except OSError as error:
            if _kind(error) != MISSING or (wheel.path is not None and is_whole):
                yield Difference(_kind(error), path)


def read_record(folder: Path, name: str) -> Manifest:
    """What was recorded of an environment of a revision.

    :raises DamagedError: it is missing or damaged
    """
    path = folder / RECORDS / name
    if os.path.exists(path) and not path.is_file():
        raise DamagedError("its manifest is no file")
    return read_manifest(path, own_only=False)


def environment_differences(folder: Path, name: str, hashes: Hashes) -> list[Difference]:
    """What of an environment isn't as it was recorded; paths are relative to it.

    :raises DamagedError: its record is missing or damaged
    """
    return trees.differences(folder / ENVIRONMENTS / name, read_record(folder, name).tree, hashes)


def _environment(folder: Path, name: str, hashes: Hashes) -> Iterator[Difference]:
    try:
        for each in environment_differences(folder, name, hashes):
            path = f"/{each.path}" if each.path else ""
            yield each._replace(path=f"{ENVIRONMENTS}/{name}{path}")
    except DamagedError as error:
        yield Difference(_kind_of_record(folder / RECORDS / name, error), f"{RECORDS}/{name}")


def _kind_of_record(path: Path, error: DamagedError) -> str:
    """Why a record is of no use: it is wrong, or only its permissions are."""
    try:
        status = path.lstat()
    except OSError as reason:
        return _kind(reason)
    if not stat.S_ISREG(status.st_mode):
        return CHANGED
    if isinstance(error.__cause__, OSError):
        return UNREADABLE
    return PERMISSIONS if hasattr(os, "geteuid") and status.st_mode & OTHERS_WRITE else CHANGED


def _strangers(folder: Path, receipt: Receipt) -> Iterator[Difference]:
    """What is in the folder and belongs to no revision; of ``venv`` and ``records``, too."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        yield Difference(UNREADABLE, ".")
        return
    for name in names:
        if name not in _OWN and name not in receipt.locks:
            yield Difference(ADDED, name)
    known = set(environment_names(receipt))
    for parent in (ENVIRONMENTS, RECORDS):
        try:
            names = sorted(os.listdir(folder / parent))
        except OSError:
            continue
        yield from (Difference(ADDED, f"{parent}/{name}") for name in names if name not in known)
