"""Zip archives of plain files that aren't compressed, so that no member is larger than the archive.

The same members give the same bytes on one Python. Nothing is believed of an archive that is read: names,
kinds and sizes of all members are checked before anybody gets a byte of one.
"""

from __future__ import annotations

import contextlib
import io
import os
import stat
import zipfile
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from rezup.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

#: Of an archive; far above what a studio's environment has.
MOST_MEMBERS = 10_000

_LARGEST_DIRECTORY = MOST_MEMBERS * 512  # bytes; each member has 46 and its name
_CHUNK = 1 << 20


class Piece(NamedTuple):
    """A file that becomes a member: its name, bytes in all, and content."""

    name: str
    size: int
    chunks: Iterable[bytes]


def refusal(context: str) -> BundleError:
    """The error for an archive that isn't as it should be."""
    message = "the bundle is damaged, or was made by something else"
    return BundleError(message, context=context, hint="get it anew, as `rezup bundle` wrote it")


def write(stream: BinaryIO, pieces: Iterable[Piece]) -> None:
    """Write an archive into an empty file that can seek.

    :raises OSError: it can't be written
    """
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_STORED) as archive:
        for piece in pieces:
            info = zipfile.ZipInfo(piece.name, (1980, 1, 1, 0, 0, 0))
            info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
            info.file_size = piece.size  # decides whether it gets the form for large ones
            with archive.open(info, "w") as member:
                for chunk in piece.chunks:
                    member.write(chunk)


class Archive:
    """An archive that is read; all its members are plain files.

    :param stream: it can seek
    :param is_allowed: tells of a name whether such an archive has it
    :raises BundleError: it holds what `write` doesn't make
    :raises OSError: it can't be read
    """

    def __init__(self, stream: BinaryIO, is_allowed: Callable[[str], bool]) -> None:
        length = stream.seek(0, os.SEEK_END)
        stream.seek(max(0, length - 22))
        if (end := stream.read())[:4] != b"PK\5\6" or end[-2:] != b"\0\0":
            raise refusal("it is no archive, it was cut off, or something follows it")
        with _refusing():
            self._zip = zipfile.ZipFile(_Bounded(stream))  # type: ignore[arg-type]
        found = self._zip.infolist()
        if len(found) > MOST_MEMBERS:
            raise refusal(f"it has more than {MOST_MEMBERS} members")
        self.sizes = {_checked(info, is_allowed): info.file_size for info in found}
        """Bytes of each member, by its name, in their order."""
        if len({name.lower() for name in self.sizes}) < len(found):
            raise refusal("it has a name twice, or two that differ in upper and lower case only")
        if sum(self.sizes.values()) > length or min((info.header_offset for info in found), default=0):
            raise refusal("its members aren't where they should be")

    def content(self, name: str) -> Iterator[bytes]:
        """The bytes of a member, in pieces; as many as `sizes` says.

        :raises BundleError: they are damaged
        :raises OSError: they can't be read
        """
        left = self.sizes[name]
        with _refusing(), self._zip.open(name) as member:
            while left:
                chunk = member.read(min(left, _CHUNK))
                if not chunk:
                    raise refusal("it ends too early")
                left -= len(chunk)
                yield chunk


class _Bounded(io.BufferedReader):
    """Never reads more at once than a directory may take, whatever an archive says of its size."""

    def read(self, size: int | None = -1) -> bytes:
        if size is not None and size > _LARGEST_DIRECTORY:
            raise refusal(f"it has more than {MOST_MEMBERS} members, or names that are too long")
        return super().read(size)


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    """Turn whatever `zipfile` raises into our error: for bytes that make no sense, that may be anything."""
    try:
        yield
    except (BundleError, OSError):
        raise
    except Exception as error:
        raise refusal(ascii(str(error)[:200])) from error


def _checked(info: zipfile.ZipInfo, is_allowed: Callable[[str], bool]) -> str:
    name, mode = info.orig_filename, info.external_attr >> 16  # `filename` is what `zipfile` makes of it
    shown = ascii(name[:120])
    if not is_allowed(name):
        raise refusal(f"{shown} is no name that a bundle has")
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG) or mode & 0o7000 or info.external_attr & 0xFFFF:
        raise refusal(f"member {shown} is no plain file")
    if info.flag_bits or info.compress_type or info.compress_size != info.file_size:
        raise refusal(f"member {shown} is compressed, encrypted, or written in another way")
    return name
