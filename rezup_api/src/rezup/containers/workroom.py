"""A private folder for files on their way: locks that are made, wheels that are going to be shared."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import StoreError
from rezup.stores.folder import LEASE
from rezup.system import locks
from rezup.system.files import make_folder, mark_cache, remove_tree
from rezup.system.leftovers import STAGING, new_name, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator

BUCKET = "work-v1"


@contextlib.contextmanager
def workroom(cache: Path) -> Iterator[Path]:
    """A folder that goes in the end; those of killed processes go with the next one.

    It lies in the folder of caches, since the system's own for such things is often small; where nothing
    can be written there, in that.

    :raises StoreError: a file of this machine can't be written in it
    """
    folder, hold = _made(cache)
    try:
        yield folder
    except OSError as error:
        raise StoreError(
            f"files can't be prepared in {folder.parent}",
            context=f"{error.filename or folder}: {error.strerror or error}",
            hint="check free space there; REZUP_CACHE_DIR names another folder",
        ) from error
    finally:
        hold.release()
        with contextlib.suppress(OSError):
            remove_tree(folder)


def _made(cache: Path) -> tuple[Path, locks.Hold]:
    bucket = cache / BUCKET
    folder = bucket / new_name(STAGING)
    if _is_of_another(cache):  # under sudo, its owner could not remove what root leaves there
        return Path(tempfile.mkdtemp(prefix="rezup-")), locks.Hold(None)
    try:
        mark_cache(bucket)
        make_folder(bucket)
        sweep(bucket, LEASE)
        folder.mkdir(0o700)
        (folder / LEASE).touch(0o644)
        return folder, locks.hold(folder / LEASE)
    except (OSError, locks.Gone):
        return Path(tempfile.mkdtemp(prefix="rezup-")), locks.Hold(None)


def _is_of_another(folder: Path) -> bool:
    """Whether this is root, and the folder, or the one that it would be made in, belongs to somebody else."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return False
    there = next((path for path in (folder, *folder.parents) if path.exists()), folder.parents[-1])
    return there.stat().st_uid != 0
