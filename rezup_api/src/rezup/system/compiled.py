"""TOML read fast: what was picked from a file is kept as JSON until the file changes.

A TOML parser takes longer to load than a whole warm start may last. The kept copy is valid
only for the same path, size, modification time and inode; a file that changed within the last
two seconds is not kept, since a second change could leave all four as they are.
"""

from __future__ import annotations

import errno
import stat
import sys
import time
from typing import TYPE_CHECKING, Any
from zlib import crc32

from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FORMAT = 1
_SETTLED_SECONDS = 2.0


def read_toml(
    path: Path, cache: Path | None, *, kind: str, pick: Callable[[dict[str, Any]], dict[str, Any]]
) -> dict[str, Any] | None:
    """What `pick` takes from the TOML file at `path`; None if there is no such file.

    :param cache: the folder that holds the kept copies; None keeps nothing
    :param kind: names what `pick` takes; copies of different kinds never mix
    :raises ValueError: the file is no TOML (``tomllib.TOMLDecodeError``) or not UTF-8
    :raises OSError: it can't be read
    """
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    import json  # many runs have no such file

    if not stat.S_ISREG(status.st_mode):  # a pipe would be waited for, for ever
        raise OSError(errno.EINVAL, "it is no regular file", str(path))
    mark = [_FORMAT, kind, str(path), status.st_size, status.st_mtime_ns, status.st_ino]
    kept = cache and cache / f"{kind}-{crc32(str(path).encode('utf-8', 'surrogateescape')):08x}.json"
    if kept:
        try:
            document = json.loads(read_file(kept))
            if document["mark"] == mark:
                data: dict[str, Any] = document["data"]
                return data
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            pass  # absent or damaged: read the real thing
    picked = pick(_parse(path))
    if kept and time.time() - status.st_mtime > _SETTLED_SECONDS:
        _keep(kept, {"mark": mark, "data": picked})
    return picked


def _parse(path: Path) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document: dict[str, Any] = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return document


def _keep(path: Path, document: dict[str, Any]) -> None:
    import json

    from rezup.system.files import make_folder, write_atomic

    try:
        make_folder(path.parent)
        write_atomic(path, json.dumps(document).encode(), mode=0o600, durable=False)
    except (OSError, TypeError, RecursionError):
        pass  # a cache that can't be written is no reason to stop
