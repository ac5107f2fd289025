"""What the file name of a wheel says: NAME-VERSION[-BUILD]-PYTHON-ABI-PLATFORM.whl (PEP 427).

Only names that every platform can store are names of wheels here: a lock is read on other systems, too.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_SHAPE = re.compile(
    r"([A-Za-z0-9](?:[A-Za-z0-9._]*[A-Za-z0-9])?)-([A-Za-z0-9][A-Za-z0-9_.!+]*)(?:-([0-9]+)([A-Za-z0-9_.]*))?"
    r"-([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*(?:-[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*){2})\.whl"
)
_SEPARATORS = re.compile(r"[-_.]+")
# Windows takes all that comes before the first dot for the name.
_DEVICE = re.compile(r"(?i)(?:con|prn|aux|nul|(?:com|lpt)[0-9])\.")
#: File systems allow 255; a part of it is left to names of temporary files.
_LONGEST = 240


class WheelName(NamedTuple):
    """The parts of the name."""

    package: str
    """As in PEP 503."""
    version: str
    build: tuple[int, str]
    """Sorts as builds do; (0, "") where there is none."""
    tags: str
    """"cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64"."""


def read_name(name: str) -> WheelName | None:
    """The parts of the file name of a wheel; None if it is no such name, or some platform can't store it."""
    match = _SHAPE.fullmatch(name) if len(name) <= _LONGEST else None
    if match is None or _DEVICE.match(name):
        return None
    package = _SEPARATORS.sub("-", match[1]).lower()
    return WheelName(package, match[2], (int((match[3] or "0")[:9]), match[4] or ""), match[5])


def is_wheel_name(name: str) -> bool:
    """Whether a text is the file name of a wheel."""
    return read_name(name) is not None


def fits_package(name: str, package: str, version: str | None) -> bool:
    """Whether a file name is that of a wheel of this package, and version where it is known."""
    parts = read_name(name)
    if parts is None or parts.package != package:
        return False
    if version is None or parts.version == version:
        return True
    from packaging.version import InvalidVersion, Version

    try:
        return Version(parts.version) == Version(version)
    except InvalidVersion:
        return False
