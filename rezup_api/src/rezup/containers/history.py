"""Who pinned what, when and why: a file beside the pin that only ever grows.

One JSON object a line. A line is appended with a single write, so that writers need no lock; one
that a crash or another program tore is passed over, and the next writer begins a line of its own.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import RemoteUnreachableError, StoreError
from rezup.stores.stamps import Stamp
from rezup.system import bounded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rezup.containers.choice import View
    from rezup.recipes.names import ContainerName
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore

#: The file, in a container's folder.
HISTORY = "history.jsonl"

_FORMAT = 1

#: The end of the file is enough, however long it grew: bytes.
_READ = 1 << 20

#: Later than any stamp that rezup gives, and what every system can show as a date: seconds.
_LATEST = 1 << 36

#: Where a container is pinned.
LOCAL, REMOTE = "local", "remote"

_COMMON = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)


class Entry(NamedTuple):
    """One change of a pin.

    ``source`` is the revision that `use` took before, ``to`` the one from then on; None where
    there was none.
    """

    at: float
    """Seconds since 1970, by the clock of ``host``."""
    action: str
    """One of "pin", "unpin", "rollback"."""
    user: str
    host: str
    source: Stamp | None
    to: Stamp | None
    why: str


class Pinned(NamedTuple):
    """A pin that counts: where it is, and who set it; None if nobody wrote that down."""

    where: str
    """Either "local" or "remote"."""
    revision: Stamp
    entry: Entry | None


def pins_of(
    container: ContainerName, view: View, local: LocalStore, remote: RemoteStore | None
) -> tuple[Pinned, ...]:
    """The pins of a container, that of this machine first, and who set them; never raises.

    :param remote: None where it doesn't answer, or there is none
    """
    found = []
    here, there = view.local.pin, view.remote.pin if view.remote is not None else None
    if here is not None:
        found.append(Pinned(LOCAL, here, _set_by(lambda: read_local(local, container), here)))
    if there is not None:
        entry = None if remote is None else _set_by(lambda: read_remote(remote, container), there)
        found.append(Pinned(REMOTE, there, entry))
    return tuple(found)


def _set_by(read: Callable[[], list[Entry]], pin: Stamp) -> Entry | None:
    """The last entry, if it is of this pin; a file that somebody wrote by hand has none."""
    try:
        entries = read()
    except StoreError:
        return None
    last = entries[-1] if entries else None
    return last if last is not None and last.to == pin and last.action != "unpin" else None


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[int]:
    """The history of a container, open for `append`; made if it is missing.

    Whoever may write to the folder may write to the file: a group that pins together keeps one.

    :raises OSError: it can't be written, or is no regular file
    """
    binary = getattr(os, "O_BINARY", 0)
    path = folder / HISTORY
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL | binary | _COMMON, 0o644)
        is_new = True
    except FileExistsError:
        descriptor, is_new = os.open(path, os.O_RDWR | os.O_APPEND | binary | _COMMON), False
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        if is_new and hasattr(os, "fchmod"):
            os.fchmod(descriptor, 0o644 | (folder.stat().st_mode & stat.S_IWGRP))
        yield descriptor
    finally:
        with contextlib.suppress(OSError):  # `append` synced it; what was decided stands
            os.close(descriptor)


def append(descriptor: int, entry: Entry) -> None:
    """Add a line with a single write, and sync it.

    :raises OSError: it is not, or not completely, on the disk
    """
    plain = {
        "format": _FORMAT, "at": entry.at, "action": entry.action, "user": entry.user, "host": entry.host,
        "from": entry.source, "to": entry.to, "why": entry.why,
    }  # fmt: skip
    line = f"{json.dumps(plain)}\n".encode("ascii")
    size = os.fstat(descriptor).st_size
    if size:
        os.lseek(descriptor, size - 1, os.SEEK_SET)
        if os.read(descriptor, 1) != b"\n":
            line = b"\n" + line
    if os.write(descriptor, line) != len(line):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fsync(descriptor)


def read_local(store: LocalStore, container: ContainerName) -> list[Entry]:
    """The changes of this machine's pin, in the order they were written.

    :raises StoreError: it can't be read
    """
    path = store.root / container / HISTORY
    try:
        return _entries(_end_of(path))
    except OSError as error:
        raise StoreError(f"{path} can't be read", context=error.strerror) from error


def read_remote(remote: RemoteStore, container: ContainerName) -> list[Entry]:
    """The changes of the studio's pin, in the order they were written; bounded in time.

    :raises StoreError: it can't be read
    :raises RemoteUnreachableError: the remote doesn't answer
    """
    path = remote.root / container / HISTORY
    try:
        text = bounded.call(lambda: _end_of(path), remote.timeout)
    except bounded.TimedOut:
        raise RemoteUnreachableError(
            f"the remote root {remote.root} is unreachable",
            context=f"no answer within {remote.timeout:g} s",
            hint="check the mount",
        ) from None
    except OSError as error:
        raise StoreError(f"{path} can't be read", context=error.strerror) from error
    if not text:
        remote.listing(container)  # tells a share that isn't there from one without a history
    return _entries(text)


def _end_of(path: Path) -> str:
    """The last lines of the file; it is ASCII, so what isn't was not written by us."""
    try:
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0) | _COMMON)
    except (FileNotFoundError, NotADirectoryError):
        return ""
    with os.fdopen(descriptor, "rb") as stream:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise OSError(errno.EINVAL, "it is no regular file", str(path))
        start = max(facts.st_size - _READ, 0)
        stream.seek(start)
        data = stream.read(_READ)
    if start:
        data = data.partition(b"\n")[2]
    return data.decode("ascii", "replace")


def _entries(text: str) -> list[Entry]:
    return [entry for line in text.split("\n") if line and (entry := _parse(line)) is not None]


def _parse(line: str) -> Entry | None:
    """The entry of a line; None for one that is torn, or of another format."""
    try:
        found = json.loads(line)
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            return None
        at = float(found["at"])
        texts = [found[key] for key in ("action", "user", "host", "why")]
        source, to = _stamp(found["from"]), _stamp(found["to"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None
    if not 0 <= at < _LATEST or not all(isinstance(text, str) for text in texts):
        return None
    action, user, host, why = texts
    return Entry(at, action, user, host, source, to, why)


def _stamp(value: Any) -> Stamp | None:
    """:raises ValueError: it is neither a revision nor null"""
    return None if value is None else Stamp.parse(str(value))
