"""The algebra of versions, ranges and requirements against Rez, live.

The short part runs by default; the long one behind the marker `conformance`. Deliberate
differences are few, and are filtered at the place named `DIFFERENT` only.
"""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest
import rez.version as rez
from hypothesis import given, settings
from hypothesis import strategies as st
from rez.exceptions import PackageRequestError
from rez.utils.formatting import PackageRequest

from rezup.errors import InvalidRequirementError, InvalidVersionError
from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement, RequirementList, VersionedObject
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Callable

REFUSED = "refused"

# Few and close to one another, so that two of them often meet, touch or nearly do.
TOKENS = ["0", "1", "2", "10", "01", "00", "1a", "a", "b", "B", "_", "1_", "a_", "rc1", "m0", "1B2", "9z"]
VERSIONS = sorted(
    {
        "",
        *TOKENS,
        *(f"{one}{mark}{two}" for one, two in itertools.product(TOKENS[:12], TOKENS[:9]) for mark in ".-"),
    }
)


def versions(pick: random.Random) -> str:
    return pick.choice(VERSIONS) if pick.random() < 0.6 else pick.choice(TOKENS[:6])


def interval(pick: random.Random) -> str:
    low, high = versions(pick), versions(pick)
    if pick.random() < 0.8 and rez.Version(high) < rez.Version(low):
        low, high = high, low
    form = pick.choice(
        ["{0}", "{0}", "=={0}", "{0}+", ">{0}", ">={0}", "<{1}", "<={1}", "{0}+<{1}", "{0}+<={1}", ">{0}<{1}", ">{0}<={1}",
         ">={0},<{1}", "{0}<{1}", "{0},<={1}", "<{1},>{0}", "<={1},>={0}", "{1},>={0}", "{0}..{1}", "..{1}", "{0}+,<{1}"]
    )  # fmt: skip
    return form.format(low, high)


def ranges(pick: random.Random) -> str:
    text = "|".join(interval(pick) for _ in range(pick.choice([1, 1, 1, 2, 2, 3, 4])))
    if pick.random() < 0.03:
        at = pick.randrange(len(text) + 1)
        text = text[:at] + pick.choice(" |,+<>=.-!~@#:1a_") + text[at:]
    return text


def requirements(pick: random.Random) -> str:
    name = pick.choice(["foo", "foo", "foo", "foo", ".foo", "bar"])
    text, separator = ranges(pick), pick.choice(["", "-", "@", "#", "-"])
    if separator == "" and text[:1] not in ("=", "<", ">"):
        separator = "-" if text else ""
    return pick.choice(["", "", "", "!", "!", "~", "~"]) + name + separator + text


def tried(make: Callable[[Any], Any], text: Any) -> Any:
    try:
        return make(text)
    except (rez.VersionError, InvalidVersionError, InvalidRequirementError, PackageRequestError):
        return REFUSED


def shown(value: object) -> object:
    """The same words for a value of Rez and one of ours; text does not show everything, so more than text."""
    if value is None or isinstance(value, (bool, str, int)):
        return value
    if isinstance(value, (Version, rez.Version)):
        return "version", str(value), value.as_tuple(), bool(value)
    if isinstance(value, (VersionRange, rez.VersionRange)):
        return "range", str(value), value.is_any(), len(value)
    if isinstance(value, (Requirement, rez.Requirement)):
        return str(value), value.name, shown(value.range), value.conflict, value.weak
    if isinstance(value, (list, tuple)):
        return [shown(each) for each in value]
    return sorted(value) if isinstance(value, (set, frozenset)) else str(value)


def hole(text: str) -> bool:
    """DIFFERENT: after an empty part Rez no longer minds parts in which nothing is; we do."""
    return text.startswith("|") or "||" in text


def same_versions(pick: random.Random) -> None:
    texts = versions(pick), versions(pick)
    (mine, my_other), (theirs, their_other) = map(Version, texts), map(rez.Version, texts)
    where = repr(texts)
    assert shown(mine) == shown(theirs), where
    assert (mine == my_other, mine < my_other, mine <= my_other) == (
        theirs == their_other, theirs < their_other, theirs <= their_other,
    ), where  # fmt: skip
    assert (mine.key < my_other.key) is (theirs < their_other), where
    assert (hash(mine) == hash(my_other)) is (theirs == their_other), where
    assert str(mine.next()) == str(theirs.next()), where
    assert (mine.next() <= my_other) is (theirs.next() <= their_other), where
    assert [str(mine.trim(size)) for size in range(4)] == [str(theirs.trim(size)) for size in range(4)], where
    assert mine < Version.inf
    assert theirs < rez.Version.inf


def same_ranges(pick: random.Random) -> bool:
    texts = ranges(pick), ranges(pick)
    if any(map(hole, texts)):
        return False
    pairs = [(tried(VersionRange, text), tried(rez.VersionRange, text)) for text in texts]
    for (mine, theirs), text in zip(pairs, texts, strict=True):
        assert shown(mine) == shown(theirs), text
    if any(mine is REFUSED for mine, _ in pairs):
        return False
    (mine, theirs), (my_other, their_other) = pairs
    where = " and ".join(map(repr, texts))
    results = {
        "equality": lambda one, two: one == two,
        "order": lambda one, two: one < two,
        "union": lambda one, two: one | two,
        "intersection": lambda one, two: one & two,
        "intersects": lambda one, two: one.intersects(two),
        "superset": lambda one, two: (one.issuperset(two), two in one, one.issubset(two)),
        "span": lambda one, two: one.span(),
        "split": lambda one, two: one.split(),
        "bounded": lambda one, two: (one.bounded(), one.lower_bounded(), one.upper_bounded()),
        "versions": lambda one, two: one.to_versions(),
    }
    for what, operation in results.items():
        assert shown(operation(mine, my_other)) == shown(operation(theirs, their_other)), f"{what} of {where}"
    assert (hash(mine) == hash(my_other)) or mine != my_other, where
    same_complements(mine, my_other, theirs, their_other, where)
    for text in (versions(pick), versions(pick), texts[0].strip("<>=+").partition("|")[0]):
        if tried(rez.Version, text) is not REFUSED:
            version = Version(text)
            assert (version in mine) is (rez.Version(text) in theirs), f"{text!r} in {where}"
            position = (version.key, 0)
            assert (version in mine) is any(low <= position < high for low, high in mine.intervals), where
    return True


def same_complements(mine: Any, my_other: Any, theirs: Any, their_other: Any, where: str) -> None:
    # DIFFERENT: Rez can't invert a range with intervals that touch without being joined.
    for what, operation in (("inverse", lambda one, two: ~one), ("difference", lambda one, two: one - two)):
        expected = tried(lambda do: do(theirs, their_other), operation)
        if expected is not REFUSED:
            assert shown(operation(mine, my_other)) == shown(expected), f"{what} of {where}"


def same_requirements(pick: random.Random) -> bool:
    texts = [requirements(pick) for _ in range(3)]
    if any("|" in text for text in texts if hole(text.lstrip("!~.fobar-@#"))):
        return False
    pairs = [(tried(Requirement, text), tried(rez.Requirement, text)) for text in texts]
    for (mine, theirs), text in zip(pairs, texts, strict=True):
        if theirs is not REFUSED:  # a weak one that Rez can't invert
            assert shown(mine) == shown(theirs), text
        elif not text.startswith("~"):
            assert mine is REFUSED, text
    if any(theirs is REFUSED for _, theirs in pairs):
        return False
    where = " and ".join(texts)
    mine, theirs = [one for one, _ in pairs], [two for _, two in pairs]
    for first, second in ((0, 1), (1, 0), (1, 2), (0, 0)):
        merged = tried(theirs[first].merged, theirs[second])
        if merged is not REFUSED and tried(str, merged) is not REFUSED:
            assert shown(mine[first].merged(mine[second])) == shown(merged), where
        clash = theirs[first].conflicts_with(theirs[second])
        assert mine[first].conflicts_with(mine[second]) is clash, where
        assert (mine[first] == mine[second]) is (theirs[first] == theirs[second]), where
        assert mine[first] != mine[second] or hash(mine[first]) == hash(mine[second]), where
    same_lists(mine, theirs, where)
    return True


def same_lists(mine: list[Requirement], theirs: list[rez.Requirement], where: str) -> None:
    expected = tried(rez.RequirementList, theirs)
    if expected is REFUSED or tried(lambda found: shown(list(found)), expected) is REFUSED:
        return  # some that Rez merges it can't write
    found = RequirementList(mine)
    assert tried(str, expected) in (str(found), REFUSED), where
    for field in ("requirements", "conflict", "names", "conflict_names"):
        assert shown(getattr(found, field)) == shown(getattr(expected, field)), f"{field} of {where}"
    assert shown(found.get("foo")) == shown(expected.get("foo")), where


def compared(check: Callable[[random.Random], bool], wanted: int, seed: int) -> None:
    """Goes on until so many could be compared; what both refuse is not counted."""
    pick = random.Random(seed)
    tries, found = 0, 0
    while found < wanted:
        tries += 1
        found += check(pick)
    assert found > tries * 0.4, "the pool has become too poor to tell anything"


@given(st.randoms())
@settings(max_examples=100, deadline=None)
def test_versions_are_those_of_rez(pick: random.Random) -> None:
    same_versions(pick)


@given(st.randoms())
@settings(max_examples=150, deadline=None)
def test_ranges_are_those_of_rez(pick: random.Random) -> None:
    same_ranges(pick)


@given(st.randoms())
@settings(max_examples=150, deadline=None)
def test_requirements_are_those_of_rez(pick: random.Random) -> None:
    same_requirements(pick)


# With an orderly pool far more of them meet than hypothesis finds.
def test_pairs_of_ranges() -> None:
    compared(same_ranges, 700, seed=1)


def test_triples_of_requirements() -> None:
    compared(same_requirements, 300, seed=1)


@pytest.mark.conformance
@pytest.mark.parametrize("seed", range(4))
def test_many_pairs_of_ranges(seed: int) -> None:
    compared(same_ranges, 25_000, seed=seed)


@pytest.mark.conformance
@pytest.mark.parametrize("seed", range(2))
def test_many_triples_of_requirements(seed: int) -> None:
    compared(same_requirements, 25_000, seed=seed)


@pytest.mark.conformance
def test_many_pairs_of_versions() -> None:
    pick = random.Random(7)
    for _ in range(50_000):
        same_versions(pick)


def same_texts(pieces: list[str], length: int) -> int:
    known = 0
    for text in map("".join, itertools.product(pieces, repeat=length)):
        if not hole(text):
            mine, theirs = tried(VersionRange, text), tried(rez.VersionRange, text)
            assert shown(mine) == shown(theirs), text
            known += theirs is not REFUSED
    return known


PIECES = ["1", "2.a", "<", "<=", ">", ">=", "==", "+", "..", ",", "|"]


def test_every_text_of_three_pieces_is_read_alike() -> None:
    assert same_texts(PIECES, 3) > 50


@pytest.mark.conformance
@pytest.mark.parametrize("length", [4, 5])
def test_every_text_of_more_pieces_is_read_alike(length: int) -> None:
    assert same_texts(PIECES, length) > 300


def test_every_short_name_is_read_alike_in_requests() -> None:
    accepted = 0
    for length in range(5):
        for text in map("".join, itertools.product("a1_.+ \u00e9", repeat=length)):
            for kind in ("", "!", "~"):
                theirs = tried(PackageRequest, kind + text)
                mine = tried(Requirement.parse_package, kind + text)
                assert (mine is REFUSED) is (theirs is REFUSED), repr(kind + text)
                assert mine is REFUSED or shown(mine) == shown(theirs), repr(kind + text)
                accepted += mine is not REFUSED
    assert accepted > 500


@pytest.mark.parametrize(
    "op", [None, "==", "eq", "<", "lt", "<=", "lte", ">", "gt", ">=", "gte", "=", "le", "!=", ""]
)
def test_ranges_from_a_version(op: str | None) -> None:
    for text in VERSIONS:
        mine = tried(lambda made: made.from_version(Version(text), op), VersionRange)  # noqa: B023 -- called at once
        theirs = tried(lambda made: made.from_version(rez.Version(text), op), rez.VersionRange)  # noqa: B023
        assert shown(mine) == shown(theirs), text


def test_ranges_from_versions_and_between_them() -> None:
    pick = random.Random(3)
    for _ in range(200):
        texts = [versions(pick) for _ in range(pick.randint(1, 5))]
        mine = VersionRange.from_versions(map(Version, texts))
        theirs = rez.VersionRange.from_versions(map(rez.Version, texts))
        assert shown(mine) == shown(theirs), texts
        ends = [pick.random() < 0.5, pick.random() < 0.5]
        low, high = texts[0], texts[-1]
        one = tried(lambda made: made.as_span(Version(low), Version(high), *ends), VersionRange)  # noqa: B023
        two = tried(lambda made: made.as_span(rez.Version(low), rez.Version(high), *ends), rez.VersionRange)  # noqa: B023
        assert shown(one) == shown(two), (low, high, ends)
        seen: tuple[list[str], list[str]] = [], []
        mine.visit_versions(lambda version: seen[0].append(str(version)))  # noqa: B023
        theirs.visit_versions(lambda version: seen[1].append(str(version)))  # noqa: B023
        assert [*dict.fromkeys(seen[0])] == [*dict.fromkeys(seen[1])], texts


@pytest.mark.parametrize("text", ["foo", "foo-1.2", "foo@1", "foo#1-2", "foo-", "foo==1", "foo-b-1"])
def test_names_with_a_version(text: str) -> None:
    mine, theirs = VersionedObject(text), rez.VersionedObject(text)
    assert (mine.name, shown(mine.version), str(mine)) == (theirs.name, shown(theirs.version), str(theirs))
    assert mine.as_exact_requirement() == theirs.as_exact_requirement()
    for other in ("foo", "foo-1", "!foo-1", "~foo-1", "!foo-1+", "bar-1", "~foo"):
        clash = rez.Requirement(other).conflicts_with(theirs)
        assert Requirement(other).conflicts_with(mine) is clash
