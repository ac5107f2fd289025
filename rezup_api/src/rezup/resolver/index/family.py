"""The compiled form of one package family: sets of its variants as bits of integers.

A family of n variants numbers them 0 to n - 1, versions ascending and the variants of a version
in their order. A set of variants is an integer with a bit for each. What the variants ask of
another family is compiled to pairs ``(holders, requirement)``: the variants that have it, and its
number among all that anybody asks of that family. The number stands for the variants *of the
target* that fit, which the record of the target holds (``ranges``). So a changed package rewrites its own
record and adds numbers to others, but never touches those that depend on it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from marshal import dumps as _dumps
from marshal import loads
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InvalidRequirementError
from rezup.resolver.requirement import Requirement
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    from rezup.resolver.intervals import Position
    from rezup.resolver.repository import PackageRecord
    from rezup.resolver.version import Key

    Pairs: TypeAlias = tuple[tuple[int, int], ...]
    """(holders, number of the requirement), those with the newest holders first."""

    Dependency: TypeAlias = tuple[int, int, Pairs, Pairs]
    """(family, variants that don't ask for it, pairs that ask, pairs that exclude some of it)."""

    Text: TypeAlias = "str | tuple[str, ...]"
    """A requirement as written; several where one list names a family more than once."""

    Item: TypeAlias = tuple[int, int]
    """(family, number of the requirement), the number of a conflict inverted: ``~number``."""

    Row: TypeAlias = tuple[tuple[int, Text], ...]
    """(family, requirement in words) of what a variant asks for or excludes, in the order of its list."""

    Choices: TypeAlias = dict[int, bytes]
    """For versions with several variants a `Row` for each, as `marshal` has them: few are ever read."""


class Family(NamedTuple):
    """One family, ready for the solver; all of it is plain data that `marshal` can write."""

    name: str

    size: int
    """Number of variants; 0 for a name that only others mention, and for ephemerals."""

    starts: tuple[int, ...]
    """First variant of each version; () where each version has just one."""

    unindexed: int
    """Variants of packages that have no list of variants, so no index."""

    broken: int
    """Variants whose own requirements contradict each other."""

    dependencies: tuple[Dependency, ...]
    """What variants ask of packages, or exclude, by ascending name."""

    ephemerals: tuple[Dependency, ...]
    """What variants ask of ephemerals, by ascending name; these sort before all packages."""

    ranges: tuple[int, ...]
    """The variants that fit each requirement anybody has on this family, by its number.

    For a conflict these are the variants that it excludes.
    """

    versions: str | tuple[str, ...]
    """The texts of its versions, ascending; one to a line where that is possible."""


def read_requirement(text: Text) -> Requirement:
    """The requirement that was written, in one or in several parts.

    :raises InvalidRequirementError: a part is none, or the parts contradict each other
    """
    if isinstance(text, str):
        return Requirement.parse_package(text)
    first, *rest = map(Requirement.parse_package, text)
    for part in rest:
        merged = first.merged(part)
        if merged is None:
            raise InvalidRequirementError(f"{first} and {part} contradict each other")
        first = merged
    return first


def ordered(records: Iterable[PackageRecord]) -> list[PackageRecord]:
    """Records by ascending version; of equal versions the first one given wins."""
    first: dict[Key, PackageRecord] = {}
    for record in records:
        first.setdefault(record.version.key, record)
    return [first[key] for key in sorted(first)]


def requirement_lists(record: PackageRecord, *, building: bool) -> list[tuple[str, ...]]:
    """The requirements of each variant of a package in Rez's order (rule 4.4)."""
    extra = record.build_requires if building else ()
    return [(*record.requires, *own, *extra) for own in record.variants or ((),)]


def members(
    intervals: Iterable[tuple[Position, Position]], versions: Sequence[str], starts: Sequence[int]
) -> int:
    """The variants whose version is in a range, as bits.

    :param intervals: `VersionRange.intervals`
    :param versions: texts of all versions, ascending
    :param starts: first variant of each version, or nothing
    """
    found = 0
    size = len(versions)
    for (lower, after), (upper, with_upper) in intervals:
        low = (bisect_right if after else bisect_left)(versions, lower, key=_KEYS)
        high = (bisect_right if with_upper else bisect_left)(versions, upper, low, key=_KEYS)
        if starts:
            low = starts[low] if low < size else starts[size]
            high = starts[high]
        found |= (1 << high) - (1 << low)
    return found


def version_texts(family: Family) -> tuple[str, ...]:
    """The versions of a family as text, ascending."""
    found = family.versions
    if isinstance(found, str):
        return tuple(found.split("\n")) if family.size else ()
    return found


def _lines(texts: list[str]) -> str | tuple[str, ...]:
    # One text is read faster than many; yet Rez lets any character separate two tokens.
    return tuple(texts) if any("\n" in text for text in texts) else "\n".join(texts)


class _Keys(dict[str, "Key"]):
    """The sort keys of versions; a look-up that is known costs no call of ours."""

    __slots__ = ()

    def __missing__(self, text: str) -> Key:
        if len(self) >= 1 << 15:
            self.clear()
        self[text] = key = Version(text).key
        return key


_KEYS = _Keys().__getitem__


class _Masks:
    """Collects who holds which requirement while the variants of a family are walked."""

    def __init__(self) -> None:
        self.holders: dict[Item, int] = {}
        self.broken = 0

    def add(self, items: Iterable[Item], variants: int) -> None:
        holders = self.holders
        for item in items:
            holders[item] = holders.get(item, 0) | variants

    def by_family(self) -> dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]]:
        """{family: (pairs that ask, pairs that exclude)}, newest holders first."""
        found: dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]] = {}
        for (family, number), holders in self.holders.items():
            asked, excluded = found.setdefault(family, ([], []))
            if number >= 0:
                asked.append((holders, number))
            else:
                excluded.append((holders, ~number))
        for asked, excluded in found.values():
            asked.sort(reverse=True)
            excluded.sort(reverse=True)
        return found


def compile_family(
    name: str,
    records: Sequence[PackageRecord],
    items_of: Callable[[tuple[str, ...]], tuple[Item, ...] | None],
    name_of: Callable[[int], str],
    text_of: Callable[[Item], Text],
    *,
    building: bool = False,
) -> tuple[Family, Choices]:
    """Compile a family; its ``ranges`` are left to who knows all that is asked of it.

    :param records: ascending and without doubles, see `ordered`
    :param items_of: the merged requirements of one list; None where they contradict each other
    :param name_of: the name of a family by its number
    :param text_of: the words of an item
    """
    masks = _Masks()
    starts: list[int] = []
    unindexed = 0
    choices: dict[int, list[tuple[Item, ...]]] = {}
    count = 0
    for position, record in enumerate(records):
        starts.append(count)
        if not record.variants:
            unindexed |= 1 << count
        rows = [items_of(texts) for texts in requirement_lists(record, building=building)]
        for row in rows:
            if row is None:
                masks.broken |= 1 << count
            else:
                masks.add(row, 1 << count)
            count += 1
        if len(rows) > 1:
            choices[position] = [row or () for row in rows]
    dependencies, ephemerals = _dependencies(masks, (1 << count) - 1, name_of)
    form = Family(
        name,
        count,
        (*starts, count) if count != len(starts) else (),
        unindexed,
        masks.broken,
        dependencies,
        ephemerals,
        (),
        _lines([str(record.version) for record in records]),
    )
    return form, _choices(choices, text_of)


def _dependencies(
    masks: _Masks, everything: int, name_of: Callable[[int], str]
) -> tuple[tuple[Dependency, ...], tuple[Dependency, ...]]:
    packages: list[Dependency] = []
    ephemerals: list[Dependency] = []
    found = masks.by_family()
    for name, family in sorted((name_of(family), family) for family in found):
        asked, excluded = tuple(found[family][0]), tuple(found[family][1])
        having = 0
        for holders, _ in asked:
            having |= holders
        kind = ephemerals if name.startswith(".") else packages
        kind.append((family, everything & ~having, asked, excluded))
    return tuple(packages), tuple(ephemerals)


def _choices(rows: dict[int, list[tuple[Item, ...]]], text_of: Callable[[Item], Text]) -> Choices:
    """What decides between the variants of a version: the requirements that they don't share.

    The part at the beginning that all have in common is left out, since it can't decide.
    """
    packed = {}
    for position, lists in rows.items():
        shared = 0
        for together in zip(*lists, strict=False):
            if together.count(together[0]) != len(together):
                break
            shared += 1
        packed[position] = dumps(
            tuple([tuple([(item[0], text_of(item)) for item in row[shared:]]) for row in lists])
        )
    return packed


#: Reads plain data; give it only bytes whose check sum was right, as damaged ones could end the process.
read_data = loads


def dumps(value: Any) -> bytes:
    """Plain data as bytes, in the form of `marshal` that all supported Pythons share."""
    return _dumps(value, 4)
