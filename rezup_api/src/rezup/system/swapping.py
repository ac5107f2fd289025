"""A folder put into the place of another, so that the name never leads to a part of one."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING

from rezup.system.files import rename_new, sync_folder
from rezup.system.leftovers import TRASH, new_name

if TYPE_CHECKING:
    from pathlib import Path

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2


def put_in_place(made: Path, target: Path) -> bool:
    """Give the folder `made` the name `target`; what was there gets the name `made`.

    On Linux both happen at once. Elsewhere there is a moment without `target`, and the old folder
    comes back if the new one can't be put there.

    :returns: True if something was there before, and is at `made` now
    :raises OSError: nothing was changed, e.g. as `target` is a mount point
    """
    while True:
        if not os.path.lexists(target) and rename_new(made, target):
            return False
        if _exchange(made, target):
            with contextlib.suppress(OSError):  # it is done, whatever a power failure may take
                sync_folder(target.parent)
            return True
        if os.path.lexists(target):
            break
    return _one_after_the_other(made, target)


def _one_after_the_other(made: Path, target: Path) -> bool:
    aside = made.with_name(new_name(TRASH))
    target.rename(aside)
    try:
        made.rename(target)
    except OSError:
        with contextlib.suppress(OSError):
            aside.rename(target)
        raise
    aside.rename(made)
    return True


def _exchange(one: Path, other: Path) -> bool:
    """Swap two names at once; False where the system or its file system can't, or one is missing."""
    if not sys.platform.startswith("linux"):
        return False
    import ctypes

    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.ENOENT, errno.EPERM):
        return False
    raise OSError(code, os.strerror(code), str(other))
