"""What the solver knows of packages: records, and the contract of a place that has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rezup.resolver.version import Version


class LateBinding(NamedTuple):
    """What late-bound requirements may look at."""

    request: tuple[str, ...]
    """The requirements asked for, in their order."""

    implicits: tuple[str, ...] = ()
    """The implicit packages, which Rez appends to the request."""

    building: bool = False
    """Whether the resolve is for building a package."""


if TYPE_CHECKING:
    LateRequires = Callable[[LateBinding], Iterable[str]]


class PackageRecord(NamedTuple):
    """One version of a package, as the solver sees it."""

    name: str

    version: Version
    """The empty version for an unversioned package."""

    requires: tuple[str, ...] = ()
    """Requirements of every variant, as text."""

    variants: tuple[tuple[str, ...], ...] = ()
    """Further requirements of each variant; () is no variants: a single one, of index None."""

    build_requires: tuple[str, ...] = ()
    """Requirements that count only in a resolve for building."""

    timestamp: int = 0
    """Seconds since 1970 of the release; 0 is none."""

    uri: str = ""
    """Where the definition is, in the words of its repository."""

    late: LateRequires | None = None
    """Gives `requires` at the time of a resolve; such a package is never part of an index."""


class Repository(ABC):
    """A place with packages."""

    @property
    @abstractmethod
    def location(self) -> str:
        """Its name in messages, such as a folder or "memory@studio"."""

    @abstractmethod
    def families(self) -> Iterable[str]:
        """The names of all its packages, each once."""

    @abstractmethod
    def family(self, name: str) -> Sequence[PackageRecord]:
        """All versions of a package in no particular order; empty where there is no such package."""


class MemoryRepository(Repository):
    """A repository that is given its packages."""

    __slots__ = ("_families", "_location")

    def __init__(self, records: Iterable[PackageRecord], location: str = "memory@rezup") -> None:
        self._location = location
        families: dict[str, list[PackageRecord]] = {}
        for record in records:
            families.setdefault(record.name, []).append(record)
        self._families = {name: tuple(found) for name, found in families.items()}

    @property
    def location(self) -> str:
        """See `Repository`."""
        return self._location

    def families(self) -> Iterable[str]:
        """See `Repository`; in the order of the records."""
        return tuple(self._families)

    def family(self, name: str) -> Sequence[PackageRecord]:
        """See `Repository`; in the order of the records."""
        return self._families.get(name, ())
