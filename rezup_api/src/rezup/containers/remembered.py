"""What a remote said last, so that a launch can do without it.

One small file per container in the user's cache, written only when the answer changed; where
it can't be written, an unreachable remote is simply less known.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from zlib import crc32

from rezup.stores.folder import as_listing
from rezup.stores.stamps import Stamp
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.recipes.names import ContainerName
    from rezup.stores.base import Listing

_FORMAT = 1

#: The newest revisions are enough to start from, however many the remote has.
_KEPT = 64


class Remembered:
    """The memory of one remote root; `folder` None remembers nothing."""

    def __init__(self, folder: Path | None, root: Path) -> None:
        self._folder = folder
        self._root = str(root)

    def recall(self, container: ContainerName) -> Listing | None:
        """The last answer, or None."""
        document = self._read(container)
        try:
            listing = None if document is None else as_listing(document["listing"])
        except (AttributeError, KeyError, TypeError, ValueError):
            return None
        return listing if listing and all(map(Stamp.is_stamp, listing.everything)) else None

    def knows_root(self) -> bool:
        """Whether the root has ever had a revision, of any container."""
        if self._folder is None:
            return False
        try:
            paths = [*self._folder.glob("*.json")]
        except OSError:
            return False
        for path in paths:
            try:
                document = json.loads(read_file(path))
                if document["root"] == self._root and document["listing"]["exists"]:
                    return True
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                continue
        return False

    def keep(self, container: ContainerName, listing: Listing) -> None:
        """Remember an answer; never raises."""
        document = {"format": _FORMAT, "root": self._root, "container": container, "listing": _plain(listing)}
        if self._folder is None or self._read(container) == document:
            return
        from rezup.system.files import make_folder, write_atomic

        try:
            make_folder(self._folder)
            write_atomic(self._path(self._folder, container), json.dumps(document).encode(), durable=False)
        except OSError:
            pass  # no cache: the launch goes on, it only knows less next time

    def _read(self, container: ContainerName) -> dict[str, Any] | None:
        if self._folder is None:
            return None
        try:
            document: dict[str, Any] = json.loads(read_file(self._path(self._folder, container)))
            mine = (_FORMAT, self._root, container)
            return document if (document["format"], document["root"], document["container"]) == mine else None
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None

    def _path(self, folder: Path, container: ContainerName) -> Path:
        mark = crc32(f"{self._root}\0{container}".encode("utf-8", "surrogateescape"))
        return folder / f"{container}-{mark:08x}.json"


def _plain(listing: Listing) -> dict[str, Any]:
    newest = listing.newest_first()[:_KEPT] if len(listing.everything) > 1 else list(listing.everything)
    if listing.pin in listing.everything and listing.pin not in newest:
        newest.append(listing.pin)
    plain: dict[str, Any] = {
        "revisions": [str(stamp) for stamp in newest if stamp not in listing.legacy],
        "legacy": [str(stamp) for stamp in newest if stamp in listing.legacy],
        "exists": listing.exists,
    }
    if listing.pin is not None:
        plain["pin"] = str(listing.pin)
    return plain
