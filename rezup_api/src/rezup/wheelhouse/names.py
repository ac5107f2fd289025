"""Wheels of a lock whose name and hash may become part of a path."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.errors import LockError
from rezup.lockfiles.wheel_names import is_wheel_name

if TYPE_CHECKING:
    from rezup.lockfiles.lock import Wheel

_SHA256 = re.compile(r"[0-9a-f]{64}")


def is_sha256(text: str) -> bool:
    """Whether a text is a SHA-256 as we write it: 64 digits, small letters."""
    return _SHA256.fullmatch(text) is not None


def check(wheel: Wheel) -> Wheel:
    """The wheel, if a path can be made of its name and hash.

    :raises LockError: it can't
    """
    shown = ascii(wheel.name[:120])
    if not is_wheel_name(wheel.name):
        raise LockError(
            f"{shown} is no name of a wheel",
            context="it is NAME-VERSION-PYTHON-ABI-PLATFORM.whl, and every platform can store it",
            hint="the lock is damaged or was tampered with; lock anew",
        )
    digest = wheel.sha256.lower()
    if not is_sha256(digest):
        raise LockError(
            f"the lock has no usable hash of {shown}",
            context=f"{wheel.sha256[:80]!a} is no SHA-256",
            hint="the lock is damaged or was tampered with; lock anew",
        )
    return wheel if digest == wheel.sha256 else wheel._replace(sha256=digest)
