"""The families that a resolve needs, compiled when they are first touched.

Everything is in lists with a place for each family, by its number, because that is what the solver's
loops read. `Tables` compiles from package records; `rezup.resolver.index.stored` reads what was
compiled before.
"""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING

from rezup.errors import InvalidRequirementError
from rezup.resolver.index.family import (
    Family,
    compile_family,
    members,
    ordered,
    read_data,
    read_requirement,
    version_texts,
)
from rezup.resolver.requirement import Requirement, RequirementList
from rezup.resolver.resolution import ResolvedPackage

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, TypeAlias

    from rezup.resolver.index.family import Choices, Dependency, Item, Pairs, Row, Text
    from rezup.resolver.ranges import VersionRange
    from rezup.resolver.repository import PackageRecord

    Records: TypeAlias = Callable[[str], Sequence[PackageRecord]]
    User: TypeAlias = tuple[int, Pairs, Pairs, int]
    """A package that may lose variants to another, pairs to try (asked for, excluded), and the variants
    of the other that fit whatever is asked: while one of these is left nothing can be lost."""

    Varying: TypeAlias = tuple[int, int, User]
    """(family asked for, variants that don't ask for it, the one who asks)."""

    Common: TypeAlias = tuple[tuple[int, int], ...]


class Broken(Exception):  # noqa: N818 -- a signal between our loops, never seen outside
    """A variant that is looked at contradicts itself; `rezup.resolver.conflict` finds out which."""


#: Stands in for what a family has in common before it is loaded.
NOTHING: dict[int, Common] = {}

#: How many answers `common` keeps for a family before it begins anew.
KEPT = 512


class Tables:
    """Compiled families by number.

    A place is None until `load` was called for it; all lists are filled at once.

    :param records: gives the packages of a family; none if there is no such family. Of equal versions
        the first wins
    :param building: whether `build_requires` count
    """

    __slots__ = (
        "_items",
        "_known",
        "_members",
        "_records",
        "_refined",
        "_settled",
        "_texts",
        "_versions",
        "agains",
        "any_broken",
        "building",
        "choices",
        "commons",
        "dependencies",
        "ephemerals",
        "families",
        "keys",
        "names",
        "numbers",
        "ranges",
        "reached",
        "varying",
        "was_wide",
    )

    def __init__(self, records: Records | None, *, building: bool = False) -> None:
        self._records = records
        self.building = building
        self.any_broken = False
        """Whether a family that is loaded has variants that contradict themselves."""
        self.reached: dict[int, int] = {}
        """By family: all variants that any scope ever held. What no scope held had no say in a solve."""
        self.was_wide = True
        """Whether more was looked at than that; false only after a plain solve that found packages."""
        self.names: list[str | None] = []
        """Name of each family; None only for one of an index that wasn't touched yet."""
        self.numbers: dict[str, int] = {}
        """Number of each family by its name, of those known so far."""
        self._items: dict[str, Item] = {}
        self._members: dict[tuple[int, VersionRange], int] = {}
        self._texts: list[list[Text] | None] = []
        self._known: dict[int, dict[Text, int]] = {}
        self._versions: list[tuple[str, ...] | None] = []
        self.keys: dict[Text, tuple[bool, str, Any]] = {}
        """How requirements compare where no orderer is set; kept here as all requests share it."""
        self.families: list[Family | None] = []
        self.ranges: list[tuple[int, ...] | None] = []
        self.dependencies: list[tuple[Dependency, ...]] = []
        self.ephemerals: list[tuple[Dependency, ...]] = []
        self.commons: list[dict[int, Common]] = []
        self.agains: list[dict[int, Common]] = []
        self.varying: list[tuple[Varying, ...] | None] = []
        self.choices: list[Choices | None] = []
        self._refined: set[int] = set()
        self._settled: dict[tuple[int, int], tuple[ResolvedPackage, tuple[int, ...]]] = {}

    # -- families

    def number(self, name: str) -> int:
        """The number of a family; a name that nobody mentioned yet gets one."""
        found = self.numbers.get(name)
        if found is None:
            found = self.numbers[name] = len(self.names)
            self.add_places(1)
            self.names[found] = name
            self._texts[found] = []
        return found

    def add_places(self, size: int) -> None:
        """Make room for `size` families that are not loaded yet."""
        nothing = [None] * size
        self.names += nothing
        self.families += nothing
        self.ranges += nothing
        self.dependencies += [()] * size
        self.ephemerals += [()] * size
        self.commons += [NOTHING] * size
        self.agains += [NOTHING] * size
        self.varying += nothing
        self.choices += nothing
        self._texts += nothing
        self._versions += nothing

    def name(self, family: int) -> str:
        """The name of a family by its number."""
        found = self.names[family]
        return self.load(family).name if found is None else found

    def load(self, family: int) -> Family:
        """Fill the places of a family, if they aren't yet."""
        found = self.families[family]
        return self.place(family, self.read(family)) if found is None else found

    def place(self, family: int, form: Family) -> Family:
        """Fill the places of a family."""
        if form.broken:
            self.any_broken = True
        self.families[family] = form
        (self.names[family], _, _, _, _, self.dependencies[family], self.ephemerals[family],
         self.ranges[family], _) = form  # fmt: skip
        self.commons[family] = {}
        self.agains[family] = {}
        return form

    def read(self, family: int) -> Family:
        """Compile a family and what is asked of it so far."""
        name = self.name(family)
        if name.startswith("."):
            return Family(name, 0, (), 0, 0, (), (), (), "")
        records = self.records(family)
        form, self.choices[family] = compile_family(
            name, records, self.items, self.name, self._words, building=self.building
        )
        self._versions[family] = versions = version_texts(form)
        asked = [read_requirement(text).range for text in self.texts(family)]
        ranges = [0 if each is None else members(each.intervals, versions, form.starts) for each in asked]
        return form._replace(ranges=tuple(ranges))

    def listed(self, family: int) -> Sequence[PackageRecord]:
        """The packages of a family in the order in which the repositories list them."""
        return self._records(self.name(family)) if self._records is not None else ()

    def records(self, family: int) -> list[PackageRecord]:
        """The packages of a family, ascending, one for each version."""
        return ordered(self.listed(family))

    def versions(self, family: int) -> tuple[str, ...]:
        """The versions of a family as text, ascending."""
        found = self._versions[family]
        if found is None:
            found = self._versions[family] = version_texts(self.load(family))
        return found

    def members(self, family: int, range_: VersionRange) -> int:
        """The variants of a family whose version is in a range."""
        asked = (family, range_)
        found = self._members.get(asked)
        if found is None:
            if len(self._members) >= KEPT:
                self._members.clear()
            starts = self.load(family).starts
            self._members[asked] = found = members(range_.intervals, self.versions(family), starts)
        return found

    def uri(self, family: int, version: str) -> str:
        """Where the definition of a version is; empty if there is no such version."""
        return next((each.uri for each in self.records(family) if str(each.version) == version), "")

    def reached_versions(self, family: int) -> frozenset[str] | None:
        """The texts of all versions that the last solve may have looked at; None for all of the family."""
        if self.was_wide:
            return None
        form = self.load(family)
        mask = self.reached.get(family, 0)
        if mask == (1 << form.size) - 1:
            return None
        bits = f"{mask:0{form.size}b}"[::-1]
        texts = self.versions(family)
        starts = form.starts
        if not starts:
            return frozenset([text for text, bit in zip(texts, bits, strict=True) if bit == "1"])
        ends = zip(texts, starts, starts[1:], strict=False)
        return frozenset([text for text, start, end in ends if "1" in bits[start:end]])

    # -- variants

    def variant(self, family: int, variant: int) -> tuple[str, str, int | None]:
        """(name, version, Rez's index) of a variant; the index of one that is in no list is None."""
        form = self.families[family] or self.load(family)
        starts = form.starts
        version = bisect_right(starts, variant) - 1 if starts else variant
        texts = self._versions[family] or self.versions(family)
        if form.unindexed >> variant & 1:
            return form.name, texts[version], None
        return form.name, texts[version], variant - starts[version] if starts else 0

    def settled(self, family: int, variant: int) -> tuple[ResolvedPackage, tuple[int, ...]]:
        """One variant as a package of a result, and the families that it asks for.

        :param variant: as a mask
        """
        found = self._settled.get((family, variant))
        if found is None:
            package = ResolvedPackage(*self.variant(family, variant.bit_length() - 1))
            asked = [each[0] for each in self.all_dependencies(family) if not each[1] & variant]
            self._settled[family, variant] = found = package, tuple(asked)
        return found

    def all_dependencies(self, family: int) -> tuple[Dependency, ...]:
        """What a family asks for and excludes, ephemerals included."""
        ephemerals = self.ephemerals[family]
        return ephemerals + self.dependencies[family] if ephemerals else self.dependencies[family]

    def enlisted(self, family: int) -> tuple[Varying, ...]:
        """The dependencies in which variants of a family differ, as it comes into a resolve.

        What all of them ask for alike is intersected when they are extracted first. After that
        only these can narrow another package, or lose variants to it.
        """
        found = self.varying[family]
        if found is None:
            found = self.varying[family] = tuple(
                [
                    (target, without, (family, asked, excluded, 0))
                    for target, without, asked, excluded in self.dependencies[family]
                    if without or excluded or len(asked) > 1
                ]
            )
        elif family not in self._refined:
            # Not the first resolve: what saves tests is worth its time now.
            self._refined.add(family)
            refined = [(target, without, self._refine(target, user)) for target, without, user in found]
            found = self.varying[family] = tuple(refined)
        return found

    def _refine(self, target: int, user: User) -> User:
        family, asked, excluded, _ = user
        fits = self.ranges[target]
        if excluded or not fits:
            return user
        core = -1
        for _, requirement in asked:
            core &= fits[requirement]
        return family, asked, excluded, core

    def rows(self, family: int, version: int) -> tuple[Row, ...]:
        """What decides between the variants of a version: a row for each."""
        rows: tuple[Row, ...] = read_data(self.choices_of(family)[version])
        return rows

    def choices_of(self, family: int) -> Choices:
        """What decides between the variants of each version."""
        self.load(family)
        found = self.choices[family]
        if found is None:
            found = self.choices[family] = self.read_choices(family)
        return found

    def common(self, family: int, variants: int) -> Common:
        """What a set of variants has in common: (family, variants of it that fit any of them), by name.

        :raises Broken: a variant contradicts itself
        """
        form = self.load(family)
        if form.broken & variants:
            raise Broken
        found = []
        ranges = self.ranges
        for target, without, asked, _ in form.dependencies:
            if without & variants:
                continue
            fits = ranges[target]
            if fits is None:
                fits = self.load(target).ranges
            left = variants
            fitting = 0
            for holders, requirement in asked:
                if holders & left:
                    fitting |= fits[requirement]
                    left &= ~holders
                    if not left:
                        break
            found.append((target, fitting))
        kept = self.commons[family]
        if len(kept) >= KEPT:
            kept.clear()
        kept[variants] = answer = tuple(found)
        return answer

    def common_again(self, family: int, variants: int) -> Common:
        """The same for variants that are left of more, without what all variants ask for alike."""
        # The loop of `common` once more: to share it would cost a call for each dependency.
        found = []
        ranges = self.ranges
        for target, without, (_, asked, _, _) in self.varying[family] or self.enlisted(family):
            if without & variants:
                continue
            fits = ranges[target]
            if fits is None:
                fits = self.load(target).ranges
            left = variants
            fitting = 0
            for holders, requirement in asked:
                if holders & left:
                    fitting |= fits[requirement]
                    left &= ~holders
                    if not left:
                        break
            found.append((target, fitting))
        kept = self.agains[family]
        if len(kept) >= KEPT:
            kept.clear()
        kept[variants] = answer = tuple(found)
        return answer

    # -- requirements

    def texts(self, family: int) -> list[Text]:
        """All that is asked of a family; the place of each is its number."""
        found = self._texts[family]
        if found is None:
            found = self._texts[family] = self.read_texts(family)
        return found

    def read_texts(self, family: int) -> list[Text]:
        """What is asked of a family as far as it is stored; here nothing is."""
        return []

    def read_choices(self, family: int) -> Choices:
        """What decides between variants, of a family that is stored."""
        return {}

    def requirement(self, family: int, number: int) -> Requirement:
        """The requirement on a family of that number."""
        return read_requirement(self.texts(family)[number])

    def _words(self, item: Item) -> Text:
        family, number = item
        return self.texts(family)[number if number >= 0 else ~number]

    def items(self, texts: tuple[str, ...]) -> tuple[Item, ...] | None:
        """The merged requirements of one list; None where they contradict each other or can't be read."""
        known = self._items
        try:
            found = [known.get(text) or self._item(text) for text in texts]
            if len({family for family, _ in found}) == len(found):
                return tuple(found)
            if RequirementList([Requirement.parse_package(text) for text in texts]).conflict:
                return None
        except InvalidRequirementError:
            return None
        parts: dict[int, list[str]] = {}
        for text, (family, _) in zip(texts, found, strict=True):
            parts.setdefault(family, []).append(text)
        return tuple([self._numbered(family, tuple(each)) for family, each in parts.items()])

    def _item(self, text: str) -> Item:
        family = self.number(Requirement.parse_package(text).name)
        self._items[text] = item = self._numbered(family, (text,))
        return item

    def _numbered(self, family: int, parts: tuple[str, ...]) -> Item:
        """The item of a requirement; a new one is added to what is asked of the family."""
        text = parts[0] if len(parts) == 1 else parts
        known = self._known.get(family)
        if known is None:
            # A list of our own, as another resolve may share the one that is stored.
            own = self._texts[family] = list(self.texts(family))
            known = self._known[family] = {text: number for number, text in enumerate(own)}
        requirement = read_requirement(text)
        number = known.get(text)
        if number is None:
            number = known[text] = len(known)
            self.texts(family).append(text)
            ranges = self.ranges[family]
            if ranges is not None and not requirement.is_ephemeral:
                found = 0 if requirement.range is None else self.members(family, requirement.range)
                self.ranges[family] = (*ranges, found)
        return family, ~number if requirement.conflict else number
