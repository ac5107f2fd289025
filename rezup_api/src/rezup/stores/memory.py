"""A store in memory: for trying things out, and for whoever embeds the library."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from rezup.stores.base import Listing, Store

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp


class MemoryStore(Store):
    """Holds revisions as long as the object lives; safe to use from several threads."""

    def __init__(self) -> None:
        self._containers: dict[ContainerName, dict[Stamp, dict[str, bytes]]] = {}
        self._lock = threading.Lock()

    def overview(self) -> Mapping[ContainerName, Listing]:
        with self._lock:
            found = sorted((name, revisions) for name, revisions in self._containers.items() if revisions)
            return {name: Listing(frozenset(revisions)) for name, revisions in found}

    def listing(self, container: ContainerName) -> Listing:
        with self._lock:
            revisions = self._containers.get(container)
            return Listing(frozenset(revisions or ()), exists=bool(revisions))

    def read(self, container: ContainerName, revision: Stamp, name: str) -> bytes | None:
        with self._lock:
            return self._containers.get(container, {}).get(revision, {}).get(name)

    def publish(self, container: ContainerName, files: Mapping[str, bytes], at: Stamp) -> Stamp:
        with self._lock:
            revisions = self._containers.setdefault(container, {})
            newest = Listing(frozenset(revisions)).newest
            if newest is not None and at.order <= newest.order:
                at = newest.following()
            revisions[at] = dict(files)
            return at

    def remove(self, container: ContainerName, revision: Stamp) -> bool:
        with self._lock:
            return self._containers.get(container, {}).pop(revision, None) is not None
