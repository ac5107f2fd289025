"""What a file really is: the SHA-256 over all its bytes, read once in the life of this process.

Whatever may lie in a folder that others write to, looking at it doesn't block, opens no device and,
where the caller says so, follows no link.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import RemoteUnreachableError
from rezup.system import bounded
from rezup.system.reading import open_at_once

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CHUNK = 1 << 20

#: Bytes in a second below which a share counts as gone, while a large file is read from it.
SLOWEST = 1 << 20


class NoFileError(Exception):
    """Something else than a regular file is there; the text says what."""


def why(error: NoFileError | OSError) -> str:
    """Why a file can't be used, in a few words."""
    if isinstance(error, NoFileError):
        return str(error)
    text = error.strerror or str(error)
    return text if error.filename is None else f"{error.filename}: {text}"


class Seen(NamedTuple):
    """A regular file, as it was found."""

    size: int
    """Bytes."""
    mark: tuple[int, ...]
    """Another one, if the file was replaced or written since."""


def open_file(path: Path, *, follow: bool) -> int:
    """A descriptor for reading a regular file.

    :param follow: a link is a file if it leads to one
    :raises NoFileError: it is a link, folder, pipe or device
    :raises OSError: it is missing or can't be read
    """
    try:
        descriptor = open_at_once(path, 0 if follow else getattr(os, "O_NOFOLLOW", 0))
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.EMLINK):
            raise NoFileError("it is a link") from error
        if error.errno == errno.ENXIO:
            raise NoFileError("it is a pipe or a device") from error
        raise
    try:
        _check(os.fstat(descriptor))
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def look(path: Path, *, follow: bool) -> Seen | None:
    """A regular file, not opened; None if nothing is there.

    :raises NoFileError: it is something else
    :raises OSError: that can't be told
    """
    try:
        status = path.stat() if follow else path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    _check(status)
    return _seen(status)


def _check(status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    if stat.S_ISLNK(status.st_mode):
        raise NoFileError("it is a link")
    raise NoFileError("it is a folder" if stat.S_ISDIR(status.st_mode) else "it is a pipe or a device")


def _seen(status: os.stat_result) -> Seen:
    return Seen(status.st_size, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns))


class Hashes:
    """Hashes of files, remembered as long as nobody replaces or writes them.

    :param read_timeout: seconds to wait for a first answer; reading a file may take that long and another
        second for each MiB. None waits for ever, as is right for a disk of this machine.
    """

    def __init__(self, read_timeout: float | None = None) -> None:
        self._read_timeout = read_timeout
        self._known: dict[tuple[str, tuple[int, ...]], str] = {}

    def look(self, path: Path, *, follow: bool) -> Seen | None:
        """As `look` of this module.

        :raises RemoteUnreachableError: no answer in time
        """

        def ask() -> dict[str, Any]:
            try:
                return {"seen": look(path, follow=follow)}
            except NoFileError as error:
                return {"other": str(error)}

        answer = self.within(path, ask)
        if "other" in answer:
            raise NoFileError(answer["other"])
        return None if answer["seen"] is None else _plain(answer["seen"])

    def sha256(self, path: Path, seen: Seen, *, follow: bool) -> str:
        """The hash of a file that was looked at.

        :raises NoFileError: it became something else
        :raises OSError: it can't be read, or somebody writes it at this moment
        :raises RemoteUnreachableError: no answer in time
        """
        key = os.fspath(path), seen.mark
        known = self._known.get(key)
        if known is not None:
            return known

        def ask() -> dict[str, Any]:
            try:
                return _read(path, follow=follow)
            except NoFileError as error:
                return {"other": str(error)}

        answer = self.within(path, ask, size=seen.size)
        if "other" in answer:
            raise NoFileError(answer["other"])
        # Another file may have got the name since it was looked at; what was read is what counts.
        self._known[key[0], _plain(answer["seen"]).mark] = digest = str(answer["sha256"])
        return digest

    def within(self, path: Path, ask: Callable[[], Any], *, size: int = 0) -> Any:
        """Perform an operation, whose answer is JSON, in bounded time.

        :param size: bytes that it reads
        :raises OSError: it failed
        :raises RemoteUnreachableError: no answer in time
        """
        if self._read_timeout is None:
            return ask()
        seconds = self._read_timeout + size / SLOWEST
        try:
            return bounded.call(ask, seconds)
        except bounded.TimedOut:
            raise RemoteUnreachableError(
                f"{path} is unreachable",
                context=f"no answer within {seconds:g} s",
                hint="check the mount",
            ) from None


def _plain(answer: Any) -> Seen:
    """What became lists on its way through JSON."""
    size, mark = answer
    return Seen(size, tuple(mark))


def _read(path: Path, *, follow: bool) -> dict[str, Any]:
    descriptor = open_file(path, follow=follow)
    try:
        digest = hashlib.sha256()
        before = _seen(os.fstat(descriptor))
        while chunk := os.read(descriptor, CHUNK):
            digest.update(chunk)
        after = _seen(os.fstat(descriptor))
    finally:
        os.close(descriptor)
    if before != after:
        raise OSError(errno.EBUSY, "it is being written", os.fspath(path))
    return {"seen": after, "sha256": digest.hexdigest()}
