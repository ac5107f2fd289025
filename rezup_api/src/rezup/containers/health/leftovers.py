"""What killed processes left in a folder."""

from __future__ import annotations

import contextlib
import os
import re
import time
from functools import partial
from typing import TYPE_CHECKING

from rezup.containers.health.findings import Finding, remove_file
from rezup.errors import StoreError
from rezup.system import locks
from rezup.system.leftovers import STAGING, SWEEP_AFTER, SWEEP_AFTER_UNKNOWN, TEMPORARY, parse, sweep

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_BUILD_LOCK = re.compile(r"\.[0-9a-f]{64}\.lock(?:\.owner)?")


def is_leftover(name: str) -> bool:
    """Whether a name is one that only rezup gives to what it works on."""
    return parse(name) is not None or any(each.fullmatch(name) for each in (TEMPORARY, _BUILD_LOCK))


def findings(folder: Path, lease: str) -> Iterator[Finding]:
    """Staging and trash folders, locks and temporary files that nobody works on any more.

    :param lease: name of the file that whoever works on such a folder holds
    """
    try:
        names = [] if folder.is_symlink() else sorted(os.listdir(folder))
    except OSError:
        return
    for name in names:
        path = folder / name
        found = parse(name)
        if found is not None and _is_idle(path, lease):
            code = "stale-staging" if found.kind == STAGING else "stale-trash"
            yield Finding(code, str(path), "nobody works on it", mend=partial(_sweep, folder, path, lease))
        elif TEMPORARY.fullmatch(name) and _age(path) > SWEEP_AFTER:
            what = "a file whose writer was killed"
            yield Finding("temporary-leftover", str(path), what, mend=partial(remove_file, path))
        elif _BUILD_LOCK.fullmatch(name) and _age(path) > SWEEP_AFTER_UNKNOWN and _is_free(path):
            what = "a lock of a build that ended long ago"
            yield Finding("lock-leftover", str(path), what, mend=partial(remove_file, path))


def owner_of_lock(lock: Path) -> Iterator[Finding]:
    """The file beside a lock that tells who has it, when nobody has."""
    path = lock.with_name(f"{lock.name}.owner")
    if path.is_file() and _is_free(lock):
        yield Finding(
            "lock-leftover", str(path), "nobody holds the lock", mend=partial(_remove_owner, lock, path)
        )


def _remove_owner(lock: Path, path: Path) -> None:
    with locks.exclusive(lock) as free:
        if free is False:
            raise StoreError(f"{path} is left alone", context="somebody took the lock just now")
        remove_file(path)


def _sweep(folder: Path, path: Path, lease: str) -> None:
    sweep(folder, lease)
    if path.exists():
        raise StoreError(
            f"{path} is left alone",
            context="it is not ours, or a process with the number of its maker runs; it goes in a day",
        )


def _is_idle(path: Path, lease: str) -> bool:
    if _age(path) <= SWEEP_AFTER:
        return False
    return _is_free(path / lease)


def _is_free(path: Path) -> bool:
    with contextlib.suppress(OSError), locks.exclusive(path) as free:
        return free is not False
    return False


def _age(path: Path) -> float:
    """Seconds since it was changed; what is gone was so just now."""
    try:
        return time.time() - path.lstat().st_mtime
    except OSError:
        return 0.0
