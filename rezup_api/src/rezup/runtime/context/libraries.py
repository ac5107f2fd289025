"""Search paths inside libraries of Linux (ELF files), led from packages to their copies in a bundle."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from rezup.errors import ProcessError
from rezup.runtime.context.queries import which

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup.runtime.context.bundle import Copied

_DYNAMIC, _LOAD = 2, 1
_STRTAB, _RPATH, _RUNPATH = 5, 15, 29


def lead_to_bundle(copies: Sequence[Copied], environ: Mapping[str, str]) -> list[str]:
    """Make search paths that lead into a copied package relative, by `$ORIGIN`.

    :param environ: where `patchelf`, which rewrites the files, is looked for
    :returns: notes on what was done, and on what could not be
    """
    notes = []
    for copied in copies:
        for path in () if copied.is_alias else _files(copied.target):
            old = search_paths(path)
            new = [_led(each, os.path.dirname(path), copies) for each in old]
            if new != old:
                notes.append(_rewritten(path, old, new, copied.target, environ))
    return notes


def search_paths(path: str) -> list[str]:
    """The folders in which a library looks for others; empty for any other file, or a damaged one."""
    try:
        with open(path, "rb") as stream:
            if stream.read(4) != b"\x7fELF":
                return []
            stream.seek(0)
            return _search_paths(stream.read())
    except (OSError, struct.error, IndexError, ValueError):
        return []


def _search_paths(data: bytes) -> list[str]:
    is_wide = data[4] == 2
    order = "<" if data[5] == 1 else ">"
    start = struct.unpack_from(order + ("Q" if is_wide else "I"), data, 32 if is_wide else 28)[0]
    size, count = struct.unpack_from(order + "HH", data, 54 if is_wide else 42)
    loads, dynamic = [], b""
    for number in range(count):
        at = start + number * size
        if is_wide:
            kind, _, offset, address, _, length = struct.unpack_from(order + "IIQQQQ", data, at)
        else:
            kind, offset, address, _, length = struct.unpack_from(order + "IIIII", data, at)
        if kind == _LOAD:
            loads.append((address, offset, length))
        elif kind == _DYNAMIC:
            dynamic = data[offset : offset + length]
    entry = struct.Struct(order + ("qQ" if is_wide else "iI"))
    whole = len(dynamic) // entry.size * entry.size
    tags = dict(reversed(list(entry.iter_unpack(dynamic[:whole]))))
    position = tags.get(_RUNPATH, tags.get(_RPATH))
    if position is None or _STRTAB not in tags:
        return []
    table = tags[_STRTAB]
    for address, offset, length in loads:
        if address <= table < address + length:
            begin = table - address + offset + position
            text = data[begin : data.index(b"\0", begin)]
            return os.fsdecode(text).split(":") if text else []
    return []


def _files(root: str) -> Iterator[str]:
    """Files that may be libraries or programs."""
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if not os.path.islink(path) and os.path.isfile(path):
                yield path


def _led(path: str, folder: str, copies: Sequence[Copied]) -> str:
    for source, target, _ in copies:
        if path == source or path.startswith(source + os.sep):
            return os.path.join("$ORIGIN", os.path.relpath(target + path[len(source) :], folder))
    return path


def _rewritten(
    path: str, old: Sequence[str], new: Sequence[str], root: str, environ: Mapping[str, str]
) -> str:
    shown = f"{os.path.relpath(path, os.path.dirname(root))}: {':'.join(old)} to {':'.join(new)}"
    program = which("patchelf", environ)
    if program is None:
        return f"WARNING: search paths were not changed, since there is no patchelf: {shown}"
    from rezup.system.processes import run

    try:
        run([program, "--set-rpath", ":".join(new), path], environment=environ, what="changing a library")
    except ProcessError as error:
        return f"WARNING: search paths could not be changed: {shown}: {error.context}"
    return f"INFO: Changed search paths in {shown}"
