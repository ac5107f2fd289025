"""Locks that end with the process that holds them.

A *shared hold* marks a folder as in use, for as long as any process that inherited the
descriptor lives: an OS lock on a file in it. A *build lock* keeps two processes from doing the
same work; correctness never depends on it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from typing import TYPE_CHECKING

from rezup.system.reading import AT_ONCE, read_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

#: tcsh closes all descriptors below its own; none of the shells touches 256 and above.
LOWEST_DESCRIPTOR = 256

#: Failures that mean "this file system has no locks", not "somebody has it".
_UNSUPPORTED = frozenset(
    code
    for code in (
        errno.ENOLCK,
        errno.ENOSYS,
        errno.EOPNOTSUPP,
        errno.ENOTSUP,
        errno.EINVAL,
        errno.EIO,
        errno.ESTALE,
    )
)

#: Failures that mean "this may not be opened like that"; a folder may be in the place of the file.
_REFUSED = frozenset((errno.EACCES, errno.EPERM, errno.EROFS, errno.EISDIR))

#: Failures that mean "there is nothing that could be locked".
_NO_FILE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENXIO, errno.ESTALE))


class Gone(Exception):  # noqa: N818 - an answer rather than an error
    """The locked file is not the one at the path any more."""


class Hold:
    """A shared lock on an open file; `descriptor` is None where the system has no such lock."""

    def __init__(self, descriptor: int | None) -> None:
        self.descriptor = descriptor

    def release(self) -> None:
        """Let go; other processes that inherited the descriptor go on holding."""
        if self.descriptor is not None:
            os.close(self.descriptor)
            self.descriptor = None

    def keep_for_children(self) -> bool:
        """Move the descriptor where shells leave it alone and let children inherit it.

        :returns: False where that is not possible, so the caller must stay as parent
        """
        if self.descriptor is None:
            return True
        if sys.platform == "win32":
            return False
        import fcntl

        try:
            high = fcntl.fcntl(self.descriptor, fcntl.F_DUPFD, LOWEST_DESCRIPTOR)
        except OSError:  # the limit on open files is lower than that
            return False
        os.close(self.descriptor)
        os.set_inheritable(high, True)
        self.descriptor = high
        return True


def hold(path: Path) -> Hold:
    """Take a shared lock on `path`, which must exist; needs no write access.

    Where the file may not be opened, nothing is held.

    :raises FileNotFoundError: there is no such file
    :raises Gone: it was removed or replaced at that moment, or a remover has it; choose again
    """
    if sys.platform == "win32":
        # An open handle without share-delete keeps the file, and so its folder, from removal.
        return Hold(os.open(path, os.O_RDONLY | os.O_BINARY))
    import fcntl

    try:
        # A pipe in the place of the file would be waited for, for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except PermissionError:  # somebody else's; what can be read of the revision still works
        return Hold(None)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Gone(str(path)) from None
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
        if not _leads_to(path, descriptor):
            raise Gone(str(path))
    except BaseException:
        os.close(descriptor)
        raise
    return Hold(descriptor)


@contextlib.contextmanager
def exclusive(path: Path, *, create: bool = False) -> Iterator[bool | None]:
    """Try to lock `path` against every hold, without waiting.

    :returns: True if nobody else holds it, False if somebody does or it was removed or replaced at that
        moment, None where the file is missing, may not be opened, or locks are not supported, so that
        nothing is known
    """
    if sys.platform == "win32":
        yield _unused_on_windows(path)
        return
    import fcntl

    descriptor = _open_for_lock(path, create=create)
    if descriptor is None:
        yield None
        return
    try:
        answer: bool | None = True
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            answer = _leads_to(path, descriptor)
        except BlockingIOError:
            answer = False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            answer = None
        yield answer
    finally:
        os.close(descriptor)


def _leads_to(path: Path, descriptor: int) -> bool:
    """Whether a path still leads to the file that was opened by it."""
    try:
        current = os.stat(path)
    except FileNotFoundError:
        return False
    mine = os.fstat(descriptor)
    return (current.st_dev, current.st_ino) == (mine.st_dev, mine.st_ino)


def _open_for_lock(path: Path, *, create: bool) -> int | None:
    """A descriptor, for writing if possible, which some file systems want; None where there is none."""
    common = os.O_CLOEXEC | os.O_NONBLOCK  # a pipe in the place of the file would be waited for
    for flags in (os.O_RDWR | (os.O_CREAT if create else 0), os.O_RDONLY):
        try:
            return os.open(path, flags | common, 0o644)
        except OSError as error:
            if error.errno in _NO_FILE:
                return None
            if error.errno not in _REFUSED:
                raise
    return None


def _unused_on_windows(path: Path) -> bool | None:
    """A file that is open elsewhere can't be renamed there."""
    probe = path.with_name(path.name + ".probe")
    try:
        path.rename(probe)
        probe.rename(path)
    except FileNotFoundError:
        return None
    except OSError:
        return False
    return True


@contextlib.contextmanager
def build_lock(
    path: Path,
    *,
    owner: str,
    timeout: float,
    waiting: Callable[[str, float], None],
    is_done: Callable[[], bool],
    unavailable: Callable[[str], None],
) -> Iterator[None]:
    """Keep others from doing the same work; on any trouble with locks, go on without one.

    :param owner: who we are, shown to those who wait
    :param timeout: seconds after which we go on unlocked
    :param waiting: told who has the lock and for how long we wait, at once and every five seconds
    :param is_done: asked while waiting; True ends the wait, the work is there
    :param unavailable: told why we go on without the lock
    """
    sidecar = path.with_name(path.name + ".owner")
    release = _locked_at_once(path) or _locked_in_the_end(
        path, timeout, lambda seconds: waiting(_read_owner(sidecar), seconds), is_done,
        lambda reason: unavailable(reason or f"still locked by {_read_owner(sidecar)} after {timeout:g} s"),
    )  # fmt: skip
    try:
        if release is not None:
            with contextlib.suppress(OSError):
                _write_owner(sidecar, owner)
        yield
    finally:
        if release is not None:
            with contextlib.suppress(OSError):
                sidecar.unlink()
            with contextlib.suppress(OSError):
                release()


def _locked_at_once(path: Path) -> Callable[[], None] | None:
    """What ends the lock; None where filelock has to say whether it can be had.

    Nearly always nobody else has it, and then this is the lock that filelock takes, without its import.
    """
    if sys.platform == "win32":
        return None
    import fcntl

    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path, flags, 0o644)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(descriptor)
        if status.st_nlink == 0:  # who had it took it away
            raise FileNotFoundError(errno.ENOENT, "it was removed", os.fspath(path))
        if status.st_mode & 0o644 != 0o644:
            with contextlib.suppress(PermissionError):
                os.fchmod(descriptor, 0o644)
    except BaseException as error:
        os.close(descriptor)
        if isinstance(error, OSError):
            return None
        raise

    def release() -> None:
        try:
            # Closing alone leaves it to children that were forked meanwhile.
            fcntl.flock(descriptor, fcntl.LOCK_UN)
        finally:
            os.close(descriptor)

    return release


def _locked_in_the_end(
    path: Path,
    timeout: float,
    waiting: Callable[[float], None],
    is_done: Callable[[], bool],
    unavailable: Callable[[str], None],
) -> Callable[[], None] | None:
    """What ends the lock; None where it is not needed any more or can't be had, see `build_lock`."""
    from filelock import FileLock, Timeout

    lock = FileLock(path, mode=0o644)
    waited = 0.0
    while True:
        try:
            step = min(5.0 if waited else 0.05, max(timeout - waited, 0.0))
            lock.acquire(timeout=step, poll_interval=0.05)
        except Timeout:
            waited += step
            if is_done():
                return None
            if waited >= timeout:
                unavailable("")
                return None
            waiting(waited)
        except (OSError, NotImplementedError) as error:
            unavailable(str(error))
            return None
        else:
            return lock.release


def _write_owner(sidecar: Path, owner: str) -> None:
    """Say who has a lock; nothing is written through a link or into a pipe."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | AT_ONCE | getattr(os, "O_NOFOLLOW", 0)
    with open(os.open(sidecar, flags, 0o644), "w", encoding="utf-8") as stream:
        stream.write(owner)


def _read_owner(sidecar: Path) -> str:
    try:
        return read_file(sidecar, 200).decode("utf-8", "replace").strip() or "an unknown process"
    except OSError:
        return "an unknown process"
