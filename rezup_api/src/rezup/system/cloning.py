"""Files of one tree put into another by the cheapest way that the file system has.

A reflink shares the data until one side is written; a hard link shares the file itself, so it is
made of read-only files only; a copy shares nothing. Each file takes the best way that works for it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

REFLINK, LINK, COPY = "reflink", "hard link", "copy"

#: ``FICLONE`` of <linux/fs.h>.
_FICLONE = 0x40049409

#: Windows knows no paths that start from an open folder.
_FROM_FOLDERS = {os.link, os.stat} <= os.supports_dir_fd and os.link in os.supports_follow_symlinks

#: Failures that the next file would meet as well: two file systems, or one without such links.
_FOR_ALL = frozenset((errno.EXDEV, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.ENOTTY, errno.EINVAL))
#: Failures of one file: too many links to it, it is somebody else's, or another one took its name meanwhile,
#: which a copy finds under that name.
_FOR_ONE = frozenset((errno.EMLINK, errno.EPERM, errno.EACCES, errno.ENOENT))


class Cloner:
    """Puts files into a tree, and counts how.

    :param link: hard links may be made
    """

    def __init__(self, *, link: bool) -> None:
        # Windows removes no read-only file, so nothing is linked there.
        self._may_link = link and os.name != "nt"
        self._may_reflink = sys.platform.startswith("linux")
        self.counts = {REFLINK: 0, LINK: 0, COPY: 0}

    @property
    def method(self) -> str:
        """How most of the files were put; of two that did as many, the cheaper one."""
        return max(self.counts, key=lambda method: self.counts[method])

    def put(self, source: str, target: str, status: os.stat_result) -> None:
        """Put the regular file `source` to the free name `target`.

        What is no hard link has the time of the source and may be written by its owner.

        :param status: of `source`, by lstat
        :raises OSError: it could not even be copied
        """
        if self._may_reflink and self._reflinked(source, target):
            self.counts[REFLINK] += 1
        elif self._may_link and not status.st_mode & 0o222 and self._linked(source, target):
            self.counts[LINK] += 1
            return
        else:
            import shutil

            shutil.copyfile(source, target, follow_symlinks=False)
            self.counts[COPY] += 1
        os.chmod(target, 0o755 if status.st_mode & 0o100 else 0o644)
        os.utime(target, ns=(status.st_atime_ns, status.st_mtime_ns))

    def linked(self, path: str, status: os.stat_result, source: int | None, target: int | None) -> bool:
        """Hard-link a file of one folder to the same place in another, where that is how files go by now.

        It takes a fifth less time than `put`, which is for what it returns False for.

        :param path: relative to both folders
        :param status: of the file, by lstat
        :param source: the folder, see `open_folder`; so is `target`
        """
        if self._may_reflink or not self._may_link or status.st_mode & 0o222 or None in (source, target):
            return False
        try:
            os.link(path, path, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
        except OSError:
            return False  # `put` meets it as well, and knows what it means
        self.counts[LINK] += 1
        return True

    def _linked(self, source: str, target: str) -> bool:
        try:
            os.link(source, target)
        except OSError as error:
            if error.errno in _FOR_ALL:
                self._may_link = False
            elif error.errno not in _FOR_ONE:
                raise
            return False
        return True

    def _reflinked(self, source: str, target: str) -> bool:
        try:
            reflink(source, target)
        except OSError as error:
            if error.errno in _FOR_ALL:
                self._may_reflink = False
            elif error.errno not in _FOR_ONE:
                raise
            return False
        return True


@contextlib.contextmanager
def open_folder(path: str) -> Iterator[int | None]:
    """A folder that paths can start from, so that the way to it isn't looked up for each.

    None stands for one that can't be opened, and where nothing can start from one.
    """
    descriptor = None
    if _FROM_FOLDERS:
        with contextlib.suppress(OSError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        if descriptor is not None:
            os.close(descriptor)


def reflink(source: str, target: str) -> None:
    """Make `target`, a free name, share the data of `source`; Linux only.

    :raises OSError: it can't be done; nothing is left at `target`
    """
    import fcntl

    given = os.open(source, os.O_RDONLY | os.O_CLOEXEC)
    try:
        made = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            fcntl.ioctl(made, _FICLONE, given)  # type: ignore[attr-defined,unused-ignore]
        except OSError:
            os.unlink(target)
            raise
        finally:
            os.close(made)
    finally:
        os.close(given)
