"""The contract of every place that holds revisions (``tests/contract/test_stores.py``)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp

#: Files of a revision that every store can hold.
RECIPE = "rezup.toml"
RECEIPT = "revision.json"

#: The file in a container's folder that names the revision to take.
PIN = "pin"


class Listing(NamedTuple):
    """One look at a container: its revisions in no particular order, and its pin.

    ``legacy`` are those that rezup 2.x made, in a shape of its own; ``exists`` is False where
    the store has no such container at all; ``damaged_pin`` is what a pin file held that names no
    revision.
    """

    revisions: frozenset[Stamp]
    legacy: frozenset[Stamp] = frozenset()
    pin: Stamp | None = None
    exists: bool = True
    damaged_pin: str | None = None

    @property
    def newest(self) -> Stamp | None:
        """The newest of all, or None; one pass, so that thousands cost next to nothing."""
        return max(self.everything, key=_order, default=None)

    @property
    def everything(self) -> frozenset[Stamp]:
        """Both shapes together."""
        return self.revisions | self.legacy if self.legacy else self.revisions

    def newest_first(self) -> list[Stamp]:
        """All of them, sorted by value."""
        return sorted(self.everything, key=_order, reverse=True)


def _order(stamp: Stamp) -> tuple[int, str, str]:
    return stamp.order


class Store(ABC):
    """Containers of revisions. A revision that a store lists was published completely."""

    @abstractmethod
    def overview(self) -> Mapping[ContainerName, Listing]:
        """Containers that hold at least one revision, sorted, with one look at each.

        :raises StoreError: the root can't be read
        """

    def containers(self) -> tuple[ContainerName, ...]:
        """The names of those.

        :raises StoreError: the root can't be read
        """
        return tuple(self.overview())

    @abstractmethod
    def listing(self, container: ContainerName) -> Listing:
        """One look at a container, the same number of operations however much is in it.

        :raises StoreError: the root can't be read
        """

    @abstractmethod
    def read(self, container: ContainerName, revision: Stamp, name: str) -> bytes | None:
        """The content of a file of a revision; None if the revision or the file is missing.

        :raises StoreError: it is there and can't be read
        """

    @abstractmethod
    def publish(self, container: ContainerName, files: Mapping[str, bytes], at: Stamp) -> Stamp:
        """Add a revision of the given files, visible at once or not at all.

        :param at: the stamp wanted; if it is taken, or not later than all others, a later one is used
        :returns: its stamp, unique and greater than those before it
        :raises StoreError: it could not be written; nothing became visible
        """

    @abstractmethod
    def remove(self, container: ContainerName, revision: Stamp) -> bool:
        """Take a revision out; one that is missing is fine.

        :returns: whether it was there
        :raises StoreError: it can't be removed, or isn't a revision
        :raises RevisionInUseError: somebody uses it
        """
