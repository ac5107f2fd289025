"""A folder put into the place of another, so that the name never leads to a part of one.

Linux and macOS swap two names at once, where the file system can. NFS, SMB and Windows can't: there the old
folder has the name of an *aside* for a moment, see `rezup.system.leftovers`, which tells what it is called
otherwise, so that it can come back should whoever does this be killed.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.system.files import remove_tree, rename, rename_new, sync_folder
from rezup.system.leftovers import new_aside

if TYPE_CHECKING:
    from collections.abc import Iterator

#: The system call by platform; both take the same arguments, and the same number for this.
_CALLS, _EXCHANGE = {"linux": "renameat2", "darwin": "renameatx_np"}, 2

#: What says that two names can't be swapped at once here, or that one of them is missing.
_UNABLE = frozenset((errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOENT, errno.EPERM))


def put_in_place(made: Path, target: Path) -> bool:
    """Give the folder `made` the name `target`, beside it; what was there gets the name `made`.

    :returns: True if something was there before, and is at `made` now
    :raises OSError: nothing was changed, e.g. as `target` is a mount point
    """
    parent = Path(os.path.realpath(target.parent))
    made, target = parent / made.name, parent / target.name
    while True:
        if not os.path.lexists(target) and rename_new(made, target):
            return False
        if swap(made, target):
            return True


def swap(made: Path, target: Path) -> bool:
    """Give the folder `made` the name of the one beside it; that gets the name `made`.

    No link is followed, not even one that takes the place of the folder that both are in.

    :returns: False if there is none at `target`, or somebody put another one there in a moment without one
    :raises OSError: nothing was changed
    """
    if _at_once(made, target):
        return True
    if not os.path.lexists(target):
        return False
    if not os.path.lexists(made):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(made))
    return _one_after_the_other(made, target)


def _one_after_the_other(made: Path, target: Path) -> bool:
    with _opened(target.parent) as parent:
        aside = target.with_name(new_aside(target.name))
        try:
            rename(target, aside, parent=parent)
        except FileNotFoundError:
            return False
        try:
            is_ours = rename_new(made, target, parent=parent)
        except BaseException:
            with contextlib.suppress(OSError):
                rename(aside, target, parent=parent)
            raise
        if not is_ours:  # the old one came back, as we took too long, or somebody put another one there
            with contextlib.suppress(OSError):
                remove_tree(aside)
            return False
        try:
            rename(aside, made, parent=parent)
        except OSError:  # it is done all the same
            with contextlib.suppress(OSError):
                remove_tree(aside)
    return True


def _at_once(made: Path, target: Path) -> bool:
    """Swap two names; False where the system or its file system can't, or one is missing."""
    name = _CALLS.get(sys.platform)
    if name is None:
        return False
    try:
        import ctypes

        call = getattr(ctypes.CDLL(None, use_errno=True), name)
    except (ImportError, OSError, AttributeError):  # Python can be built without it
        return False
    with _opened(target.parent) as parent:
        if call(parent, os.fsencode(made.name), parent, os.fsencode(target.name), _EXCHANGE) != 0:
            code = ctypes.get_errno()
            if code in _UNABLE:
                return False
            raise OSError(code, os.strerror(code), str(target))
    with contextlib.suppress(OSError):  # it is done, whatever a power failure may take
        sync_folder(target.parent)
    return True


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int | None]:
    """A descriptor of a folder that is no link; None on Windows, which has none."""
    if os.name == "nt":
        yield None
        return
    how = os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder, how | getattr(os, "O_PATH", os.O_RDONLY))
    try:
        yield descriptor
    finally:
        os.close(descriptor)
