"""Where the wheels of a lock may be on this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import HashMismatchError, LockError
from rezup.wheelhouse.hashing import Hashes, NoFileError, why
from rezup.wheelhouse.names import check

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.lockfiles.lock import FindWheel, Wheel


def first_of(*finds: FindWheel) -> FindWheel:
    """Ask each in turn until one has the wheel.

    Another file in its place is an error (:class:`HashMismatchError`) where none of them has the right one.
    """

    def find(wheel: Wheel) -> Path | None:
        refused: HashMismatchError | None = None
        for ask in finds:
            try:
                path = ask(wheel)
            except HashMismatchError as error:
                refused = refused or error
                continue
            if path is not None:
                return path
        if refused is not None:
            raise refused
        return None

    return find


def in_folder(folder: Path, *, read_timeout: float | None = None) -> FindWheel:
    """Wheels beside a lock, under their own names.

    They belong to the lock, so one that isn't as the lock has it is an error. Links are followed, since
    large files may be kept elsewhere and linked; the hash decides.

    What is found raises :class:`HashMismatchError` for another file of that name, and :class:`LockError` for
    what is no file or can't be read.

    :param folder: needs not exist
    :param read_timeout: see `rezup.wheelhouse.hashing.Hashes`; for a folder on a share
    """
    hashes = Hashes(read_timeout)

    def find(wheel: Wheel) -> Path | None:
        wheel = check(wheel)
        path = folder / wheel.name
        try:
            seen = hashes.look(path, follow=True)
            if seen is None:
                return None
            found = hashes.sha256(path, seen, follow=True)
        except NoFileError as error:
            raise LockError(f"{path} is no wheel", context=str(error)) from error
        except OSError as error:
            raise LockError(f"{path} can't be read", context=why(error)) from error
        if found != wheel.sha256:
            raise HashMismatchError(str(path), expected=wheel.sha256, found=found)
        return path

    return find
