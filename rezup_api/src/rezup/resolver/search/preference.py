"""Which variant is tried first, and how far a split reaches (rules 8 and 9)."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rezup.resolver.index.family import read_requirement
from rezup.resolver.order_keys import NO_RELEASES
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from typing import Any

    from rezup.resolver.index.family import Row, Text
    from rezup.resolver.index.tables import Tables
    from rezup.resolver.order_keys import Releases
    from rezup.resolver.orderers import PackageOrderList
    from rezup.resolver.requirement import Requirement


class Preference:
    """Orders the variants of a package for one request.

    :param request: the merged request; earlier ones weigh more
    :param numbers: the families of these names
    :param orderers: order the versions; None is highest first
    :param releases: when versions were released, for orderers that look at that
    :param by_intersection: whether the number of packages shared with the request comes first
    """

    __slots__ = ("_by_intersection", "_keys", "_orderers", "_positions", "_ranks", "_releases", "_tables")

    def __init__(
        self,
        tables: Tables,
        request: Iterable[Requirement],
        numbers: Mapping[str, int],
        *,
        orderers: PackageOrderList | None = None,
        releases: Releases = NO_RELEASES,
        by_intersection: bool = False,
    ) -> None:
        self._tables = tables
        self._orderers = orderers
        self._releases = releases
        self._by_intersection = by_intersection
        self._positions = {
            numbers[each.name]: position for position, each in enumerate(request) if not each.conflict
        }
        self._keys: dict[Text, tuple[bool, str, Any]] = tables.keys if orderers is None else {}
        self._ranks: dict[int, list[int]] = {}

    # -- splitting

    def first_part(self, family: int, variants: int) -> int:
        """The variants that a split tries first.

        That is the longest row of the best ones that ask for some package in common which isn't
        extracted yet. Where there is none, or only two variants are left, it is the best alone.

        :param variants: at least two
        """
        if self._orderers is not None:
            return self._first_part_ordered(family, variants, self._orderers)
        tables = self._tables
        starts = tables.families[family].starts  # type: ignore[union-attr]  # what is split is loaded
        last = variants.bit_length() - 1
        low = starts[bisect_right(starts, last) - 1] if starts else last
        group = variants >> low << low
        best = group if not group & (group - 1) else 1 << self._by_preference(family, group)[0]
        rest = variants ^ best
        if not rest & (rest - 1):
            return best
        # What is new is lacked by some variant; the row ends at the first version with such a one.
        lacking = variants
        # What only excludes is lacked by all, so it does no harm here.
        for _, without, _ in tables.varying[family] or ():
            missing = without & variants
            if missing < lacking and missing and not missing & best:
                lacking = missing
        for _, without, _, _ in tables.ephemerals[family]:
            missing = without & variants
            if missing < lacking and missing and not missing & best:
                lacking = missing
        if lacking == variants:
            return best
        if not starts:
            low = lacking.bit_length()
            return variants >> low << low
        version = bisect_right(starts, lacking.bit_length() - 1)
        above = variants >> starts[version] << starts[version]
        group = variants >> starts[version - 1] << starts[version - 1] ^ above
        if not group & (group - 1):
            return above
        return above | self._row_in(family, variants, above | best, group)

    def _row_in(self, family: int, variants: int, above: int, group: int) -> int:
        """How far a row that holds all of `above` goes on inside one version."""
        shared = [
            without
            for _, without, _, _ in self._tables.all_dependencies(family)
            if without & variants and not without & above
        ]
        found = 0
        for variant in self._by_preference(family, group):
            shared = [without for without in shared if not without >> variant & 1]
            if not shared:
                break
            found |= 1 << variant
        return found

    def _first_part_ordered(self, family: int, variants: int, orderers: PackageOrderList) -> int:
        """The same where an orderer says which version is best."""
        groups = self._versions(family, variants, orderers)
        group = next(groups)
        best = group if not group & (group - 1) else 1 << self._by_preference(family, group)[0]
        rest = variants ^ best
        shared = [
            without
            for _, without, _, _ in self._tables.all_dependencies(family)
            if without & variants and not without & best
        ]
        if not shared or not rest & (rest - 1):
            return best
        found = 0
        while any(not without & group for without in shared):
            shared = [without for without in shared if not without & group]
            found |= group
            group = next(groups)
        if not group & (group - 1):
            return found
        return found | self._row_in(family, variants, found | best, group)

    # -- versions

    def _versions(self, family: int, variants: int, orderers: PackageOrderList) -> Iterator[int]:
        """Variants by their version, the best version first."""
        starts = self._tables.load(family).starts
        for version in self._ranked(family, orderers):
            low, high = (starts[version], starts[version + 1]) if starts else (version, version + 1)
            group = variants & ((1 << high) - (1 << low))
            if group:
                yield group

    def _ranked(self, family: int, orderers: PackageOrderList) -> list[int]:
        found = self._ranks.get(family)
        if found is None:
            found = self._ranks[family] = self._rank(family, orderers)
        return found

    def _rank(self, family: int, orderers: PackageOrderList) -> list[int]:
        """All versions by the orderer; equal ones as the repository has them."""
        texts = self._tables.versions(family)
        places = {Version(text).key: place for place, text in enumerate(texts)}
        listed = list(dict.fromkeys(places[record.version.key] for record in self._tables.listed(family)))
        name = self._tables.name(family)
        orderer = orderers.get_orderer(name)
        return orderer.reorder(name, listed, lambda place: Version(texts[place]), self._releases)

    # -- variants of a version

    def _by_preference(self, family: int, variants: int) -> list[int]:
        """Variants of one version, the best first."""
        starts = self._tables.load(family).starts
        version = bisect_right(starts, variants.bit_length() - 1) - 1
        first = starts[version]
        keyed = [
            (self._key(row), first + index)
            for index, row in enumerate(self._tables.rows(family, version))
            if variants >> first + index & 1
        ]
        keyed.sort(reverse=True)
        return [variant for _, variant in keyed]

    def _key(self, row: Row) -> tuple[object, ...]:
        """What a variant is preferred by: the greatest is the best."""
        positions = self._positions
        requested = []
        more = []
        for family, text in row:
            conflict, name, key = self._keys.get(text) or self._keyed(text)
            position = positions.get(family)
            if position is not None:
                requested.append((-position, key))
            elif not conflict:
                more.append((key, name))
        if len(requested) > 1:
            requested.sort(key=_position, reverse=True)
        if self._by_intersection:
            return len(requested), requested, -len(more), more
        return requested, -len(more), more

    def _keyed(self, text: Text) -> tuple[bool, str, Any]:
        """(is it a conflict, its name, what its range compares by) of a requirement."""
        requirement = read_requirement(text)
        name, range_ = requirement.name, requirement.range
        if self._orderers is not None:
            key: Any = self._orderers.get_orderer(name).range_key(name, range_, self._releases)
        else:
            key = () if range_ is None else range_.sort_key
        self._keys[text] = found = requirement.conflict, name, key
        return found


def _position(requested: tuple[int, Any]) -> int:
    return requested[0]
