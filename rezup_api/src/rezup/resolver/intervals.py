"""Rows of intervals between versions: the arithmetic, the syntax and the text of ranges.

A position lies just before a version, ``(key, 0)``, or just after it, ``(key, 1)``. With these
an interval is always half open, from its first position to its last, and whether its ends
belong to it no longer makes a difference. Rows of intervals ascend and don't overlap.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InvalidVersionError
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import TypeAlias

    from rezup.resolver.version import Key

    Position: TypeAlias = tuple[Key, int]

BEFORE = 0
AFTER = 1


class Interval(NamedTuple):
    """All versions between two positions; the versions themselves are kept for their spelling."""

    lower: Position
    upper: Position
    lower_version: Version
    upper_version: Version

    @property
    def lower_inclusive(self) -> bool:
        """Whether the lower version belongs to it."""
        return self.lower[1] == BEFORE

    @property
    def upper_inclusive(self) -> bool:
        """Whether the upper version belongs to it."""
        return self.upper[1] == AFTER

    @property
    def is_version(self) -> bool:
        """Whether it holds a single version."""
        return self.lower[0] == self.upper[0]

    def __str__(self) -> str:
        lower, upper = str(self.lower_version), str(self.upper_version)
        if self.is_version:
            return f"=={lower}"
        if self.upper == EVERYTHING.upper:
            if self.lower_inclusive:
                return f"{lower}+" if lower else ""
            return f">{lower}"
        start = "" if self.lower == EVERYTHING.lower else f"{lower}+" if self.lower_inclusive else f">{lower}"
        if not self.upper_inclusive:
            whole = start and self.lower_inclusive and self.lower_version.next().key == self.upper[0]
            return lower if whole else f"{start}<{upper}"
        return f"{lower}..{upper}" if start and self.lower_inclusive else f"{start}<={upper}"


EVERYTHING = Interval((Version("").key, BEFORE), (Version.inf.key, AFTER), Version(""), Version.inf)


def between(
    lower: Version | None,
    upper: Version | None,
    *,
    lower_inclusive: bool = True,
    upper_inclusive: bool = True,
) -> Interval:
    """The interval between two versions; without a version it is open at that end.

    :raises InvalidVersionError: nothing is between them
    """
    found = Interval(
        EVERYTHING.lower if lower is None else (lower.key, BEFORE if lower_inclusive else AFTER),
        EVERYTHING.upper if upper is None else (upper.key, AFTER if upper_inclusive else BEFORE),
        EVERYTHING.lower_version if lower is None else lower,
        EVERYTHING.upper_version if upper is None else upper,
    )
    if found.lower >= found.upper or found.upper == (Version.inf.key, BEFORE):
        raise InvalidVersionError(f"no version is between {str(lower)[:80]!a} and {str(upper)[:80]!a}")
    return found


def united(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """One row of intervals that may overlap.

    Where an interval begins at the very version that ended all before it, Rez joins the two if
    one holds that version. For the earlier it asks the interval just before in order, which may
    have ended sooner. So `1..5|2+<5|>5` stays in two, and `1+<5|2..3|>5` gains version 5. Text
    and equality depend on it, so it is so here too.
    """
    ordered = sorted(intervals, key=_ends)
    row: list[Interval] = []
    before = EVERYTHING
    for interval in ordered:
        if row and _joins(row[-1].upper, before.upper, interval.lower):
            last = row[-1]
            if interval.upper > last.upper:
                row[-1] = Interval(last.lower, interval.upper, last.lower_version, interval.upper_version)
        else:
            row.append(interval)
        before = interval
    return tuple(row)


def _ends(interval: Interval) -> tuple[Position, Position]:
    return interval.lower, interval.upper


def _joins(reached: Position, upper: Position, lower: Position) -> bool:
    if lower[0] == reached[0]:
        return upper[1] == AFTER or lower[1] == BEFORE
    return lower[0] < reached[0]


def common(first: Sequence[Interval], second: Sequence[Interval]) -> tuple[Interval, ...]:
    """What two rows share; an end that both have is spelled as in the first."""
    row: list[Interval] = []
    i = j = 0
    while i < len(first) and j < len(second):
        one, two = first[i], second[j]
        low = two if two.lower > one.lower else one
        high = two if two.upper < one.upper else one
        if low.lower < high.upper:
            row.append(Interval(low.lower, high.upper, low.lower_version, high.upper_version))
        if high is one:
            i += 1
        else:
            j += 1
    return tuple(row)


def gaps(row: Sequence[Interval]) -> tuple[Interval, ...]:
    """What is in none of a row."""
    found: list[Interval] = []
    position, version = EVERYTHING.lower, EVERYTHING.lower_version
    for interval in row:
        if position < interval.lower:
            found.append(Interval(position, interval.lower, version, interval.lower_version))
        position, version = interval.upper, interval.upper_version
    if position < EVERYTHING.upper:
        found.append(Interval(position, EVERYTHING.upper, version, EVERYTHING.upper_version))
    return tuple(found)


def parsed(text: str) -> tuple[Interval, ...]:
    """The row that a range such as `1.2+<2|3` means.

    :raises InvalidVersionError: the text is no range, or has a part in which nothing is
    """
    if "|" not in text:
        return (_parsed_part(text),)
    return united([_parsed_part(part) for part in text.split("|")])


def _parsed_part(text: str) -> Interval:
    if not text:
        return EVERYTHING
    if ".." in text:
        lower, _, upper = text.partition("..")
        return between(_version(lower), _version(upper))
    if text.startswith("=="):
        version = _version(text[2:])
        return between(version, version)
    if _OPERATORS.isdisjoint(text):
        version = _version(text)
        return between(version, version.next(), upper_inclusive=False)
    return _parsed_ends(text)


_OPERATORS = frozenset("<>=+,")


def _parsed_ends(text: str) -> Interval:
    """Reads `>1`, `1+`, `<2`, and two of these, with or without a comma.

    The upper end may be first, as in `<2,>=1`; then a comma must follow its version. In that
    order Rez takes an end without `<` or `>` as inclusive, and so do we: `2,>1` is `>1<=2`.
    """
    operator, rest = _operator(text)
    size = next((at for at, letter in enumerate(rest) if letter in _OPERATORS), len(rest))
    first, rest = _version(rest[:size]), rest[size:]
    plus = rest.startswith("+")
    rest = rest[plus:]
    comma = rest.startswith(",")
    second_operator, rest = _operator(rest[comma:])
    second = _version(rest)

    wrong = (plus and operator) or (comma and not (first and second_operator))
    if not second_operator:
        if wrong or second or (operator == "<" and not first):
            raise _no_range(text)
        if operator in ("<", "<="):
            return between(None, first, upper_inclusive=operator == "<=")
        return between(first, None, lower_inclusive=operator != ">")
    if wrong or (second_operator == "<" and not second):
        raise _no_range(text)
    if operator in ("", ">", ">=") and second_operator in ("<", "<="):
        lower, upper, exclusive, upper_operator = first, second, operator == ">", second_operator
    elif operator in ("", "<", "<=") and second_operator != "<=" and (comma or not first):
        lower, upper, exclusive, upper_operator = second, first, second_operator == ">", operator
    else:
        raise _no_range(text)
    return between(lower, upper, lower_inclusive=not exclusive, upper_inclusive=upper_operator != "<")


def _operator(text: str) -> tuple[str, str]:
    size = 0
    if text[:1] in ("<", ">"):
        size = 2 if text[1:2] == "=" else 1
    return text[:size], text[size:]


def _version(text: str) -> Version:
    # A range knows two separators only, where a version may have any.
    if text and not text.replace("-", "0").replace(".", "0").replace("_", "0").isalnum():
        raise _no_range(text)
    return Version(text)


def _no_range(text: str) -> InvalidVersionError:
    return InvalidVersionError(
        f"{text[:80]!a} is no range of versions",
        context="it is such as 1.2, ==1.2, 1.2+, >1.2, <2, 1.2+<2, 1.2..1.4 or 1|3, without blanks",
    )
