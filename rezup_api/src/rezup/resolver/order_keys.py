"""What versions compare by under package orderers, and when they were released."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any

    from rezup.resolver.repository import Repository
    from rezup.resolver.version import Version


class Releases:
    """When the versions of packages were released, and what follows a moment; remembers its answers.

    :param lookup: gives (version, seconds since 1970 or 0 for unknown) of the versions of a name
    """

    __slots__ = ("_firsts", "_lookup")

    def __init__(self, lookup: Callable[[str], Iterable[tuple[Version, int]]]) -> None:
        self._lookup = lookup
        self._firsts: dict[tuple[str, int, int], Version | None] = {}

    @classmethod
    def of(cls, repositories: Sequence[Repository]) -> Releases:
        """Those in repositories; a version is taken from the first that has it."""

        def lookup(name: str) -> Iterable[tuple[Version, int]]:
            found: dict[Version, int] = {}
            for repository in repositories:
                for record in repository.family(name):
                    found.setdefault(record.version, record.timestamp)
            return found.items()

        return cls(lookup)

    def first_after(self, name: str, timestamp: int, rank: int = 0) -> Version | None:
        """The lowest version of a package that counts as later than a moment; None if none does.

        From the highest down, versions are later until one was released by then; unknown times
        are passed over. With a rank, the first ``rank - 1`` tokens must also differ from those of
        that one, so that patches of it don't count as later.
        """
        asked = (name, timestamp, rank)
        if asked not in self._firsts:
            self._firsts[asked] = self._first_after(*asked)
        return self._firsts[asked]

    def _first_after(self, name: str, timestamp: int, rank: int) -> Version | None:
        first = base = None
        above: list[Version] = []
        for version, released in sorted(self._lookup(name), reverse=True):
            base = version
            if released and released <= timestamp:
                break
            above.append(version)
            if released:
                first = version
        if not rank or base is None:
            return first
        head = base.trim(rank - 1)
        return next((version for version in reversed(above) if version.trim(rank - 1) != head), None)


NO_RELEASES = Releases(lambda name: ())


class Reversed:
    """Compares the other way round."""

    __slots__ = ("version",)

    def __init__(self, version: Version) -> None:
        self.version = version

    def __eq__(self, other: object) -> bool:
        return self.version == other.version if isinstance(other, Reversed) else NotImplemented

    def __lt__(self, other: object) -> bool:
        return other.version < self.version if isinstance(other, Reversed) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.version)


class OrderKey:
    """Where an orderer puts a version; the greatest is tried first.

    Keys of different orderers may meet where packages are compared. If they have nothing in
    common then their versions decide.
    """

    __slots__ = ("key", "version")

    def __init__(self, key: Any, version: Version) -> None:
        self.key = key
        self.version = version

    def __eq__(self, other: object) -> bool:
        return bool(self.key == other.key) if isinstance(other, OrderKey) else NotImplemented

    def __lt__(self, other: OrderKey) -> bool:
        try:
            return bool(self.key < other.key)
        except TypeError:
            return self.version < other.version

    def __hash__(self) -> int:
        return hash(self.key)

    def __repr__(self) -> str:
        return f"OrderKey({self.version!r})"
