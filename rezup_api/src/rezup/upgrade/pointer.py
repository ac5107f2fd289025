"""The file that names the library to use. `rezup_cli.bootstrap` reads it at every start.

::

    {api folder}/current.json        the pointer
                 {version}/          a library with its dependencies, as an import path has them
                     complete.json   digests of its files, written when all else is there
                     lease           held shared by every process that uses the library
                 lock                held by whoever installs
                 .staging-* .trash-* work under way, or left by a killed process
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from packaging.version import InvalidVersion, Version

from rezup.system.files import make_folder, write_atomic

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.upgrade.installation import Installation

POINTER = "current.json"
FORMAT = 1


class Pointer(NamedTuple):
    """What is used, and what was before it. A version of None means the one that pip installed."""

    version: str | None = None
    previous: str | None = None
    held: str | None = None
    """The version that was rolled back; upgrades by themselves take only what is newer."""


def read_pointer(folder: Path, installation: str) -> Pointer:
    """What the file says; an empty pointer where it is missing, damaged or another installation's."""
    try:
        document = json.loads((folder / POINTER).read_bytes())
        if document["format"] != FORMAT or document["installation"] != installation:
            return Pointer()
        values = [document.get(key) for key in ("version", "previous", "held")]
        if not all(value is None or _is_version(value) for value in values):
            return Pointer()
        return Pointer(values[0], values[1], values[2])
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return Pointer()


def write_pointer(folder: Path, installation: str, pointer: Pointer, installed: Installation) -> None:
    """Replace it at once; every start from now on goes by it, unless pip has a newer library by then.

    :raises OSError: nothing was changed
    """
    make_folder(folder)
    document = {
        "format": FORMAT,
        "installation": installation,
        **pointer._asdict(),
        "base": str(installed.init_file),
    }
    write_atomic(folder / POINTER, json.dumps(document, indent=1).encode("ascii"))


def _is_version(text: Any) -> bool:
    try:
        return isinstance(text, str) and str(Version(text)) == text
    except InvalidVersion:
        return False
