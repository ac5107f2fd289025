"""Ranges of versions, as Rez writes and joins them.

=============  ==================================================================
``""``         any version, the empty one included
``1.2``        `1.2` and all that begins so: from 1.2 to below `1.2_`
``==1.2``      this version alone
``1.2+``       1.2 or greater; also ``>=1.2``
``>1.2``       greater than 1.2
``<2``         less than 2; also ``<=2``
``1.2+<2``     both; also ``>=1.2,<2`` and ``<2,>=1.2``
``1.2..1.4``   from 1.2 to 1.4, both included
``1|3+``       any of these
=============  ==================================================================

`1.2` ends before the version `1.2_`, and letters sort by code point: `1.2A` is in, `1.2a` isn't.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rezup.errors import InvalidVersionError
from rezup.resolver.intervals import (
    BEFORE,
    EVERYTHING,
    Interval,
    between,
    common,
    gaps,
    parsed,
    united,
)
from rezup.resolver.version import Ordered, Version, fill

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any, TypeAlias, TypeVar

    from rezup.resolver.intervals import Position

    T = TypeVar("T")
    Ranges: TypeAlias = "VersionRange | Iterable[VersionRange]"

_CACHED = 1 << 14
_cache: dict[str, VersionRange] = {}


class VersionRange(Ordered):
    """A set of versions: intervals that ascend and don't overlap; see the module for its text.

    ``intervals`` holds the (lower, upper) positions of each: ``(version.key, 0)`` lies just
    before a version and ``(version.key, 1)`` just after it. A version is in the range if an
    interval has ``lower <= (version.key, 0) < upper``. Equality, hash and order are theirs.
    """

    __slots__ = ("_text", "bounds")

    bounds: tuple[Interval, ...]
    key: tuple[tuple[Position, Position], ...]
    _text: str | None

    def __new__(cls, text: str | None = "") -> VersionRange:
        """:raises InvalidVersionError: the text is no range, or has a part in which nothing is"""
        text = text or ""
        found = _cache.get(text)
        if found is None:
            if len(_cache) >= _CACHED:
                _cache.clear()
            _cache[text] = found = cls._of(parsed(text))
        return found

    @classmethod
    def _of(cls, bounds: tuple[Interval, ...]) -> VersionRange:
        self = object.__new__(cls)
        fill(self, "bounds", bounds)
        fill(self, "key", tuple([(bound[0], bound[1]) for bound in bounds]))
        fill(self, "_text", None)
        return self

    # -- making one of versions

    @classmethod
    def from_version(cls, version: Version, op: str | None = None) -> VersionRange:
        """The range of a version.

        :param op: ``==`` or eq, ``>`` or gt, ``>=`` or gte, ``<`` or lt, ``<=`` or lte; without
            one it is the range that the version's text means
        :raises InvalidVersionError: no such operation, or nothing is there: below the empty
            version, or in the range of the empty version
        """
        if op is None:
            if not version:
                raise InvalidVersionError("the empty version has no range of its own")
            return cls._of((between(version, version.next(), upper_inclusive=False),))
        if op in ("==", "eq"):
            return cls.as_span(version, version)
        if op in (">", "gt", ">=", "gte"):
            return cls.as_span(version, None, lower_inclusive=op in (">=", "gte"))
        if op in ("<", "lt", "<=", "lte"):
            return cls.as_span(None, version, upper_inclusive=op in ("<=", "lte"))
        raise InvalidVersionError(f"{op[:80]!a} is no operation on versions")

    @classmethod
    def from_versions(cls, versions: Iterable[Version]) -> VersionRange:
        """Exactly these versions; of none it is the range that holds nothing."""
        distinct = {version.key: version for version in reversed(list(versions))}
        return cls._of(tuple([between(distinct[key], distinct[key]) for key in sorted(distinct)]))

    @classmethod
    def as_span(
        cls,
        lower_version: Version | None = None,
        upper_version: Version | None = None,
        lower_inclusive: bool = True,
        upper_inclusive: bool = True,
    ) -> VersionRange:
        """All between two versions; without one it is open at that end.

        :raises InvalidVersionError: nothing is between them
        """
        return cls._of(
            (
                between(
                    lower_version,
                    upper_version,
                    lower_inclusive=lower_inclusive,
                    upper_inclusive=upper_inclusive,
                ),
            )
        )

    # -- what it is

    def is_any(self) -> bool:
        """Whether every version is in it."""
        return len(self.bounds) == 1 and self.bounds[0][:2] == EVERYTHING[:2]

    def lower_bounded(self) -> bool:
        """Whether some versions are too low for it; `>` without a version is such, too."""
        return self.key[0][0] != EVERYTHING.lower

    def upper_bounded(self) -> bool:
        """Whether it ends."""
        return self.key[-1][1] != EVERYTHING.upper

    def bounded(self) -> bool:
        """Whether it is bounded at both ends."""
        return self.lower_bounded() and self.upper_bounded()

    @property
    def intervals(self) -> tuple[tuple[Position, Position], ...]:
        """The positions where each interval begins and ends."""
        return self.key

    @property
    def sort_key(self) -> tuple[tuple[Position, Position], ...]:
        """The intervals, too; they sort ranges as Rez does where no orderer is set."""
        return self.key

    # -- sets

    def union(self, other: Ranges) -> VersionRange:
        """All that is in it or in another, or in any of several."""
        return self._of(united([*self.bounds, *(bound for each in _several(other) for bound in each.bounds)]))

    def intersection(self, other: Ranges) -> VersionRange | None:
        """All that is in it and in another, or in each of several; None where that is nothing."""
        bounds = self.bounds
        for each in _several(other):
            bounds = common(bounds, each.bounds)
        return self._of(bounds) if bounds else None

    def inverse(self) -> VersionRange | None:
        """All that isn't in it; None where that is nothing."""
        bounds = gaps(self.bounds)
        return self._of(bounds) if bounds else None

    def intersects(self, other: VersionRange) -> bool:
        """Whether some version could be in both."""
        return bool(common(self.bounds, other.bounds))

    def issuperset(self, range: VersionRange) -> bool:  # noqa: A002 -- Rez's name of it
        """Whether each interval of another is inside one of this."""
        return all(
            any(lower <= other_lower and other_upper <= upper for lower, upper in self.key)
            for other_lower, other_upper in range.key
        )

    def issubset(self, range: VersionRange) -> bool:  # noqa: A002 -- Rez's name of it
        """Whether each interval of this is inside one of another."""
        return range.issuperset(self)

    def split(self) -> list[VersionRange]:
        """One range for each interval."""
        return [self._of((bound,)) for bound in self.bounds]

    def span(self) -> VersionRange:
        """From its lowest to its highest end, without gaps."""
        first, last = self.bounds[0], self.bounds[-1]
        return self._of((Interval(first.lower, last.upper, first.lower_version, last.upper_version),))

    # -- versions in it

    def contains_version(self, version: Version) -> bool:
        """Whether a version is in it."""
        position = (version.key, BEFORE)
        at = bisect_right(self.key, position, key=_lower)
        return at > 0 and position < self.key[at - 1][1]

    def to_versions(self) -> list[Version] | None:
        """The versions that it names one by one: 1 and 2 in `==1|==2|5+`; None where there are none."""
        return [bound.lower_version for bound in self.bounds if bound.is_version] or None

    def visit_versions(self, func: Callable[[Version], Version | None]) -> VersionRange:
        """Calls a function with each version that it is written with, in order.

        :returns: the range with each version replaced by what the function returned, if anything.
            A range can't change, so unlike Rez's this doesn't.
        :raises InvalidVersionError: nothing is between the new ends of an interval
        """
        return self._of(tuple([_visited(bound, func) for bound in self.bounds]))

    def iter_intersect_test(
        self,
        iterable: Iterable[T],
        key: Callable[[T], Version] | None = None,
        descending: bool = False,
    ) -> Iterator[tuple[bool, T]]:
        """Pairs of (is its version in the range, item), in the order of the items.

        :param key: gives the version of an item; without it the items are versions
        :param descending: for callers who know it from Rez; any order of the items will do here
        """
        for item in iterable:
            version: Any = item if key is None else key(item)
            yield self.contains_version(version), item

    def iter_intersecting(
        self,
        iterable: Iterable[T],
        key: Callable[[T], Version] | None = None,
        descending: bool = False,
    ) -> Iterator[T]:
        """The items whose version is in the range; see `iter_intersect_test`."""
        return (item for inside, item in self.iter_intersect_test(iterable, key, descending) if inside)

    def iter_non_intersecting(
        self,
        iterable: Iterable[T],
        key: Callable[[T], Version] | None = None,
        descending: bool = False,
    ) -> Iterator[T]:
        """The items whose version isn't in the range; see `iter_intersect_test`."""
        return (item for inside, item in self.iter_intersect_test(iterable, key, descending) if not inside)

    # -- operators

    def __contains__(self, item: Version | VersionRange) -> bool:
        return self.contains_version(item) if isinstance(item, Version) else self.issuperset(item)

    def __or__(self, other: Ranges) -> VersionRange:
        return self.union(other)

    __add__ = __or__

    def __and__(self, other: Ranges) -> VersionRange | None:
        return self.intersection(other)

    def __sub__(self, other: VersionRange) -> VersionRange | None:
        inverse = other.inverse()
        return None if inverse is None else self.intersection(inverse)

    def __invert__(self) -> VersionRange | None:
        return self.inverse()

    def __len__(self) -> int:
        """The number of its intervals."""
        return len(self.bounds)

    def __str__(self) -> str:
        if self._text is None:
            fill(self, "_text", "|".join(map(str, self.bounds)))
        return self._text or ""

    def __repr__(self) -> str:
        return f"VersionRange({str(self)!r})"

    def __reduce__(self) -> tuple[object, ...]:
        return _restored, (self.bounds,)


def _restored(bounds: tuple[Interval, ...]) -> VersionRange:
    return VersionRange._of(bounds)


def _several(ranges: Ranges) -> Iterable[VersionRange]:
    return (ranges,) if isinstance(ranges, VersionRange) else ranges


def _lower(interval: tuple[Position, Position]) -> Position:
    return interval[0]


def _visited(bound: Interval, func: Callable[[Version], Version | None]) -> Interval:
    def replaced(version: Version) -> Version:
        found = func(version)
        return version if found is None else found

    lower = upper = None
    if bound.lower != EVERYTHING.lower or bound.is_version:
        lower = replaced(bound.lower_version)
    if bound.upper != EVERYTHING.upper:
        upper = lower if bound.is_version else replaced(bound.upper_version)
    return between(lower, upper, lower_inclusive=bound.lower_inclusive, upper_inclusive=bound.upper_inclusive)
