"""When and where an entry of the store was last used."""

from __future__ import annotations

import contextlib
import json
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.cache.entry import USED
from rezup.system.machine import host_name
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path


class Use(NamedTuple):
    """The last use of an entry."""

    seconds: float
    """Since 1970."""

    host: str


def note_use(folder: Path) -> None:
    """Write down that the entry in `folder` is used now, here."""
    from rezup.system.files import write_atomic

    data = json.dumps({"seconds": time.time(), "host": host_name()}).encode()
    with contextlib.suppress(OSError):  # a store that is read only serves as well
        write_atomic(folder / USED, data, durable=False)


def last_use(folder: Path) -> Use:
    """When and where the entry in `folder` was last used; what can't be read was never used."""
    try:
        told = json.loads(read_file(folder / USED))
        return Use(float(told["seconds"]), str(told["host"]))
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return Use(0.0, "")
