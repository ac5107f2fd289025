"""A bound on the number of index files of this machine: the ones that nobody has used for longest go.

The time of a file tells when it was last used, to the hour, so that most uses write nothing. Whoever
deletes one that somebody else reads does no harm: that one stays open, and the next resolve makes another.
"""

from __future__ import annotations

import os
from contextlib import suppress

from rezup.runtime.index_store.linked import SUFFIX

_DIGITS = 8


def evict(folder: str, most: int, keep: str) -> None:
    """Delete the index files that were not used for longest, until only `most` are left.

    :param keep: a path that stays whatever its time says
    """
    found = []
    with suppress(OSError), os.scandir(folder) as entries:
        for entry in entries:
            if _is_ours(entry.name) and entry.path != keep:
                with suppress(OSError):  # another process deletes some, too
                    found.append((entry.stat(follow_symlinks=False).st_mtime_ns, entry.path))
    for _, path in sorted(found)[: max(0, len(found) + 1 - most)]:
        with suppress(OSError):  # gone already, or of another user
            os.unlink(path)


def _is_ours(name: str) -> bool:
    """Whether a file is ours to delete; the folder may hold others."""
    stem, suffix = os.path.splitext(name)
    return suffix == SUFFIX and len(stem) == _DIGITS and not stem.strip("0123456789abcdef")
