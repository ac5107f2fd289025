"""A way to rezup's own script from inside an environment.

Beside the script itself lies rezup's own Python, which must not be found there.
"""

from __future__ import annotations

import os
import stat
from zlib import crc32


def shim_folder(program: str, shims: str | None) -> str | None:
    """A folder that holds a link to `program` and nothing else; None where there can't be one.

    :param shims: where such folders are made
    """
    if shims is None or os.name == "nt":
        return None
    folder = os.path.join(shims, f"{crc32(os.fsencode(program)):08x}")
    if os.pathsep in folder:
        return None
    link = os.path.join(folder, "rezup")
    try:
        if os.readlink(link) == program:
            return folder if _is_own(folder) and _is_own(link) else None
    except OSError:
        pass  # not there yet, or no link
    new = os.path.join(folder, f".rezup.{os.getpid()}")
    try:
        os.makedirs(folder, mode=0o755, exist_ok=True)
        os.symlink(program, new)
        os.replace(new, link)
    except OSError:
        return None
    return folder if _is_own(folder) else None


def _is_own(path: str) -> bool:
    """Whether nobody but this user can have put it there: it goes onto PATH."""
    found = os.lstat(path)
    return found.st_uid == os.geteuid() and (stat.S_ISLNK(found.st_mode) or not found.st_mode & 0o022)
