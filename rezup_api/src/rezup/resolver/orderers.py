"""Which version of a package is tried first: Rez's package orderers.

Each is known by the ``type`` of its plain data, as in Rez's setting ``package_orderers``:

==================  ====================================================================
``sorted``          the highest first, or the lowest (``descending: false``)
``no_order``        as the repository lists them
``version_split``   those up to ``first_version`` before the later ones; the highest first
``per_family``      another orderer for each name
``soft_timestamp``  those released up to ``timestamp`` before the later ones
==================  ====================================================================

``packages`` names whom an orderer is for; without it, or with ``*``, it is for all that no
other names. Orderers never hide a version.

Differences from Rez, where Rez ends in a crash: `soft_timestamp` with a rank treats a package
without versions as one without later ones, and an open end as the last; `per_family` with a `*`
uses its orderer for all others. A requirement without effect sorts below all ranges.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from rezup.errors import InvalidOrdererError, InvalidVersionError
from rezup.resolver.order_keys import NO_RELEASES, OrderKey, Releases, Reversed
from rezup.resolver.version import Immutable, Version, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from typing import Any, ClassVar, TypeAlias, TypeVar

    from rezup.resolver.ranges import VersionRange

    T = TypeVar("T")
    PlainData: TypeAlias = Mapping[str, Any]
    RangeKey: TypeAlias = tuple[tuple[tuple["OrderKey", int], tuple["OrderKey", int]], ...]

EVERY_PACKAGE = "*"


class PackageOrder(Immutable, ABC):
    """Base of the orderers."""

    __slots__ = ("packages",)

    name: ClassVar[str]
    packages: tuple[str, ...]

    def __init__(self, packages: Iterable[str] | None = None) -> None:
        """:param packages: names it is for; None is all, as is `*`"""
        fill(self, "packages", (EVERY_PACKAGE,) if packages is None else tuple(sorted(set(packages))))

    @abstractmethod
    def key_of(self, name: str, version: Version, releases: Releases) -> object:
        """What a version of a package compares by; of the same form within one orderer."""

    def sort_key(
        self,
        package_name: str,
        version_like: Version | VersionRange | None,
        releases: Releases = NO_RELEASES,
    ) -> OrderKey | RangeKey:
        """What a version or range compares by: see `version_key` and `range_key`."""
        if isinstance(version_like, Version):
            return self.version_key(package_name, version_like, releases)
        return self.range_key(package_name, version_like, releases)

    def version_key(self, package_name: str, version: Version, releases: Releases = NO_RELEASES) -> OrderKey:
        """What a version compares by."""
        return OrderKey(self.key_of(package_name, version, releases), version)

    def range_key(
        self, package_name: str, range_: VersionRange | None, releases: Releases = NO_RELEASES
    ) -> RangeKey:
        """What a range compares by: its intervals in turn, then their number; None is the least."""
        if range_ is None:
            return ()
        return tuple(
            [
                (
                    (self.version_key(package_name, bound.lower_version, releases), bound.lower[1]),
                    (self.version_key(package_name, bound.upper_version, releases), bound.upper[1]),
                )
                for bound in range_.bounds
            ]
        )

    def reorder(
        self,
        package_name: str,
        iterable: Iterable[T],
        key: Callable[[T], Version],
        releases: Releases = NO_RELEASES,
    ) -> list[T]:
        """Items of one package, the one to try first at the head; equal ones stay in their order.

        :param key: gives the version of an item
        """
        return sorted(
            iterable, key=lambda item: self.version_key(package_name, key(item), releases), reverse=True
        )

    def to_pod(self) -> dict[str, Any]:
        """Its plain data."""
        return {"type": self.name, **self._fields(), "packages": list(self.packages)}

    def _fields(self) -> dict[str, Any]:
        return {}

    @staticmethod
    def from_pod(data: PlainData) -> PackageOrder:
        """The orderer that plain data describes.

        :raises InvalidOrdererError: it describes none
        """
        kind = _field(data, "type", str)
        if kind not in _TYPES:
            raise InvalidOrdererError(
                f"there is no package orderer {kind[:80]!a}",
                context=_known(),
                hint="a Rez with a plugin of that name does it in its container: rezup use NAME -- rez-env …",
            )
        return _TYPES[kind](data)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PackageOrder):
            return NotImplemented
        return self.to_pod() == other.to_pod()

    def __hash__(self) -> int:
        return hash((self.name, self.packages))

    def __repr__(self) -> str:
        return f"{type(self).__name__}.from_pod({self.to_pod()})"


class SortedOrder(PackageOrder):
    """The highest version first, or the lowest."""

    __slots__ = ("descending",)

    name = "sorted"
    descending: bool

    def __init__(self, descending: bool, packages: Iterable[str] | None = None) -> None:
        super().__init__(packages)
        fill(self, "descending", descending)

    def key_of(self, name: str, version: Version, releases: Releases) -> object:
        """See `PackageOrder`."""
        return version if self.descending else Reversed(version)

    def _fields(self) -> dict[str, Any]:
        return {"descending": self.descending}


class NullPackageOrder(PackageOrder):
    """As the repository lists them."""

    __slots__ = ()

    name = "no_order"

    def key_of(self, name: str, version: Version, releases: Releases) -> object:
        """See `PackageOrder`."""
        return 0


class VersionSplitPackageOrder(PackageOrder):
    """Versions up to one before all later ones."""

    __slots__ = ("first_version",)

    name = "version_split"
    first_version: Version

    def __init__(self, first_version: Version, packages: Iterable[str] | None = None) -> None:
        super().__init__(packages)
        fill(self, "first_version", first_version)

    def key_of(self, name: str, version: Version, releases: Releases) -> object:
        """See `PackageOrder`."""
        return int(version <= self.first_version), version

    def _fields(self) -> dict[str, Any]:
        return {"first_version": str(self.first_version)}


class PerFamilyOrder(PackageOrder):
    """An orderer for each name.

    :param default_order: kept for Rez's sake: only the names that are listed ever reach it
    """

    __slots__ = ("_orderers", "default_order")

    name = "per_family"
    default_order: PackageOrder | None
    _orderers: dict[str, PackageOrder]

    def __init__(
        self, order_dict: Mapping[str, PackageOrder], default_order: PackageOrder | None = None
    ) -> None:
        super().__init__(order_dict)
        fill(self, "_orderers", dict(order_dict))
        fill(self, "default_order", default_order)

    def key_of(self, name: str, version: Version, releases: Releases) -> object:
        """See `PackageOrder`."""
        orderer = self._orderers.get(name) or self.default_order or self._orderers.get(EVERY_PACKAGE)
        return (orderer or DEFAULT_ORDER).key_of(name, version, releases)

    def to_pod(self) -> dict[str, Any]:
        """Its plain data; names with the same orderer are together."""
        grouped: list[dict[str, Any]] = []
        for name in self.packages:
            data = {**self._orderers[name].to_pod(), "packages": []}
            known = next((each for each in grouped if {**each, "packages": []} == data), None)
            if known is None:
                grouped.append(known := data)
            known["packages"].append(name)
        found: dict[str, Any] = {"type": self.name, "orderers": grouped}
        if self.default_order is not None:
            found["default_order"] = self.default_order.to_pod()
        return found


class TimestampPackageOrder(PackageOrder):
    """Versions released up to a moment before the later ones; of these, the lowest first.

    :param timestamp: seconds since 1970
    :param rank: with a number above 1, later versions whose first ``rank - 1`` tokens are those
        of an earlier one count as earlier, and the later ones of each such head are highest first
    """

    __slots__ = ("rank", "timestamp")

    name = "soft_timestamp"
    timestamp: int
    rank: int

    def __init__(self, timestamp: int, rank: int = 0, packages: Iterable[str] | None = None) -> None:
        super().__init__(packages)
        fill(self, "timestamp", timestamp)
        fill(self, "rank", rank)

    def key_of(self, name: str, version: Version, releases: Releases) -> object:
        """See `PackageOrder`."""
        first = releases.first_after(name, self.timestamp, self.rank)
        if first is None or version < first:
            return 1, version
        if not self.rank:
            return 0, Reversed(version)
        head = version if version is Version.inf else version.trim(self.rank - 1)
        return 0, Reversed(head), version.tokens[self.rank - 1 :]

    def _fields(self) -> dict[str, Any]:
        return {"timestamp": self.timestamp, "rank": self.rank}


DEFAULT_ORDER = SortedOrder(True)
"""What holds for a package that no orderer is for."""


class PackageOrderList(Immutable):
    """Orderers, of which the first that names a package is for it."""

    __slots__ = ("_by_name", "orderers")

    orderers: tuple[PackageOrder, ...]
    _by_name: dict[str, PackageOrder]

    def __init__(self, orderers: Iterable[PackageOrder] = ()) -> None:
        found: dict[str, PackageOrder] = {}
        fill(self, "orderers", tuple(orderers))
        for orderer in self.orderers:
            for name in orderer.packages:
                found.setdefault(name, orderer)
        fill(self, "_by_name", found)

    def get(self, key: str, default: PackageOrder | None = None) -> PackageOrder | None:
        """The first orderer that lists this name, which may be `*`."""
        return self._by_name.get(key, default)

    def get_orderer(self, package_name: str) -> PackageOrder:
        """The orderer for a package: that of its name, else that of `*`, else the highest version first."""
        return self._by_name.get(package_name) or self._by_name.get(EVERY_PACKAGE) or DEFAULT_ORDER

    def is_default(self, package_name: str) -> bool:
        """Whether the highest version of a package is first, so that plain version keys will do.

        They will only if it is so for every package whose keys may meet.
        """
        orderer = self.get_orderer(package_name)
        return isinstance(orderer, SortedOrder) and orderer.descending

    def to_pod(self) -> list[dict[str, Any]]:
        """Its plain data."""
        return [orderer.to_pod() for orderer in self.orderers]

    @classmethod
    def from_pod(cls, data: Iterable[PlainData]) -> PackageOrderList:
        """The list that plain data describes.

        :raises InvalidOrdererError: it describes none
        """
        return cls([PackageOrder.from_pod(each) for each in data])

    def __iter__(self) -> Iterator[PackageOrder]:
        return iter(self.orderers)

    def __len__(self) -> int:
        return len(self.orderers)

    def __eq__(self, other: object) -> bool:
        return self.orderers == other.orderers if isinstance(other, PackageOrderList) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.orderers)


def _field(data: PlainData, key: str, *kinds: type, default: Any = None) -> Any:
    """:raises InvalidOrdererError: it is missing, or of another kind"""
    value = data.get(key, default) if hasattr(data, "get") else None
    if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
        what = " or ".join(kind.__name__ for kind in kinds)
        raise InvalidOrdererError(
            f"a package orderer needs `{key}`: {what}", context=f"in {str(data)[:80]!a}"
        )
    return value


def _packages(data: PlainData) -> list[str] | None:
    value = data.get("packages")
    if isinstance(value, str):
        return [value]
    return value if value is None else [str(each) for each in _field(data, "packages", list, tuple)]


def _version_split(data: PlainData) -> PackageOrder:
    text = _field(data, "first_version", str)
    try:
        return VersionSplitPackageOrder(Version(text), _packages(data))
    except InvalidVersionError as error:
        raise InvalidOrdererError(f"`first_version` is {text[:80]!a}", context=str(error)) from error


def _per_family(data: PlainData) -> PackageOrder:
    by_name: dict[str, PackageOrder] = {}
    for each in _field(data, "orderers", list, tuple):
        orderer = PackageOrder.from_pod(each)
        if each.get("packages") is None and orderer.name != PerFamilyOrder.name:
            raise InvalidOrdererError(
                "an orderer in `per_family` needs `packages`", context=f"in {str(each)[:80]!a}"
            )
        by_name.update(dict.fromkeys(orderer.packages, orderer))
    default = data.get("default_order")
    return PerFamilyOrder(by_name, None if default is None else PackageOrder.from_pod(default))


_TYPES: dict[str, Callable[[PlainData], PackageOrder]] = {
    "sorted": lambda data: SortedOrder(_field(data, "descending", bool), _packages(data)),
    "no_order": lambda data: NullPackageOrder(_packages(data)),
    "version_split": _version_split,
    "per_family": _per_family,
    "soft_timestamp": lambda data: TimestampPackageOrder(
        _field(data, "timestamp", int), _field(data, "rank", int, default=0), _packages(data)
    ),
}


def _known() -> str:
    return "known are " + ", ".join(sorted(_TYPES))
