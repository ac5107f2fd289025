"""The versions, ranges and lists of requirements of Rez's own tests: the same laws, for Rez and for us."""

from __future__ import annotations

from itertools import combinations
from typing import Any, NamedTuple

import pytest
import rez.version as rez_version

from rezup.errors import InvalidVersionError
from rezup.resolver import ranges, requirement, version


class Kit(NamedTuple):
    """One implementation."""

    version: Any
    token: Any
    range: Any
    requirement: Any
    requirements: Any
    error: type[Exception]


OURS = Kit(
    version.Version, version.VersionToken, ranges.VersionRange,
    requirement.Requirement, requirement.RequirementList, InvalidVersionError,
)  # fmt: skip
REZ = Kit(
    rez_version.Version, rez_version.AlphanumericVersionToken, rez_version.VersionRange,
    rez_version.Requirement, rez_version.RequirementList, rez_version.VersionError,
)  # fmt: skip


@pytest.fixture(params=[OURS, REZ], ids=["ours", "rez"])
def kit(request: pytest.FixtureRequest) -> Kit:
    return request.param  # type: ignore[no-any-return]


# -- versions


@pytest.mark.parametrize(
    "pair", ["3 4", "01 1", "beta 1", "alpha3 alpha4", "alpha alpha3", "gamma33 33gamma", "_ a", "A a"]
)
def test_one_token_is_below_another(kit: Kit, pair: str) -> None:
    low, high = pair.split()
    assert kit.token(low) < kit.token(high)
    assert kit.version(low) < kit.version(high)
    assert not kit.version(high) <= kit.version(low)


def test_versions_in_their_order(kit: Kit) -> None:
    ascending = ["", "0.0.0", "1", "2", "2.alpha1", "2.alpha2", "2.beta", "2.0", "2.0.8.8", "2.1", "2.1.0"]
    for low, high in combinations(map(kit.version, ascending), 2):
        assert low < high
        assert low <= high
        assert high > low
        assert high >= low
        assert low != high
    assert kit.version("1.2.12").as_tuple() == ("1", "2", "12")


@pytest.mark.parametrize(("one", "other"), [("", ""), ("1", "1"), ("1.2", "1-2"), ("1.2-3", "1-2.3")])
def test_separators_do_not_matter(kit: Kit, one: str, other: str) -> None:
    assert kit.version(one) == kit.version(other)
    assert {kit.version(one)} - {kit.version(other)} == set()
    assert len({*map(kit.version, (one, other, "1.0alpha", "2.0.0"))}) == 3


# -- ranges

EQUAL = [
    ("", ""), ("1", "1"), ("1.0.0", "1.0.0"), ("3+<3_", "3"), ("_+<__", "_"), ("1.2+<=2.0", "1.2..2.0"), ("10+,<20", "10+<20"),
    ("1+<1.0", "1+<1.0"), (">=2", "2+"), (">=1.21.1,<1.23", ">=1.21.1<1.23"), (">1.21.1,<1.23", ">1.21.1<1.23"),
    (">1.21.1,<=1.23", ">1.21.1<=1.23"), ("<1.23,>=1.21.1", ">=1.21.1<1.23"), ("<1.23,>1.21.1", ">1.21.1<1.23"),
    ("3|3", "3"), ("3|1", "1|3"), ("5|3|1", "1|3|5"), ("1|1_", "1+<1__"), ("1|1_|1__", "1+,<1___"), ("|", ""), ("||", "||||||||"),
    ("1|1_+", "1+"), ("<1|1", "<1_"), ("1+<3|3+<5", "1+<5"), (">4<6|1+<3", "1+<3|>4,<6"), ("4+<6|1+<3|", ""), ("4|2+", "2+"),
    ("3|<5", "<5"), ("<3|>3", ">3|<3"), ("3+|<3", ""), ("3+|<4", ""), ("2+<=6|3+<5", "2..6"), ("3+,<5|2+<=6", "2+<=6"),
    ("2|2+", "2+"), ("2|2.1+", "2+"), ("2|<2.1", "<2_"), ("3..3", "==3"), (">=3,<=3", "==3"),
    (">", ">"), ("+", ""), (">=", ""), ("<=", "=="), ("..", "=="), ("+<=", "=="),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), EQUAL)
def test_two_texts_of_one_range_and_the_laws_of_ranges(kit: Kit, one: str, other: str) -> None:
    range_, same, all_ = kit.range(one), kit.range(other), kit.range("")
    dashed = kit.range(one.replace(".", "-").replace("--", ".."))
    parts = list(map(kit.range, one.split("|")))
    pieces = range_.split()
    inverse = range_.inverse()
    for each in (same, kit.range(str(same)), kit.range(str(range_)), dashed):
        assert each == range_
        assert hash(each) == hash(range_)
    assert range_.issuperset(range_)
    assert range_.issuperset(same)
    assert parts[0].union(parts[1:]) == pieces[0].union(pieces[1:]) == range_ | same == range_
    assert range_ - same is None
    assert same - range_ is None
    assert all_ & range_ == same.span() & range_ == range_
    assert inverse == ~same
    if inverse is None:
        assert range_.is_any()
    else:
        assert ~inverse == range_
        assert range_ | inverse == all_
        assert range_ & inverse is None


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("3", "3", "3"), ("1", "==1", "==1"), ("", "==1", "==1"), ("3", "4", None), ("<3", "5+", None), ("4+<6", "6+<8", None),
        ("2+", "<=4", "2..4"), ("1", "1.0", "1.0"), ("4..6", "6+<8", "==6"),
    ],
)  # fmt: skip
def test_what_is_in_both_and_what_in_either(kit: Kit, one: str, other: str, both: str | None) -> None:
    first, second = kit.range(one), kit.range(other)
    assert first & second == second & first == (None if both is None else kit.range(both))
    parts = [part for part in (first & second, first - second, second - first) if part is not None]
    assert parts[0].union(parts[1:]) == first | second


@pytest.mark.parametrize(("one", "other"), [("3+", "<3"), ("<=3", ">3"), ("3.5", "<3.5|3.5_+")])
def test_a_range_and_all_else(kit: Kit, one: str, other: str) -> None:
    range_, rest = kit.range(one), kit.range(other)
    assert (~range_, ~rest) == (rest, range_)
    assert range_ | rest == kit.range("")
    assert range_ & rest is None


@pytest.mark.parametrize(
    "text",
    [
        "4+<2",
        ">3<3",
        ">3<=3",
        "3+<3",
        "<",
        "><",
        ">3>4",
        "<3<4",
        "<4>3",
        ",<4",
        "4+,",
        "1>=",
        "+1",
        "4<",
        "1+<2<3",
    ],
)
def test_what_is_no_range(kit: Kit, text: str) -> None:
    with pytest.raises(kit.error):
        kit.range(text)


@pytest.mark.parametrize(
    ("text", "has_lower", "has_upper"),
    [("", False, False), ("2+<4", True, True), ("2+", True, False), ("<2", False, True)],
)
def test_ends_of_a_range(kit: Kit, text: str, has_lower: bool, has_upper: bool) -> None:
    found = kit.range(text)
    assert (found.lower_bounded(), found.upper_bounded()) == (has_lower, has_upper)
    assert found.bounded() is (has_lower and has_upper)
    assert found.is_any() is (text == "")


def test_ranges_of_versions(kit: Kit) -> None:
    three = kit.version("3")
    for how, text in (("eq", "==3"), ("gt", ">3"), ("gte", "3+"), ("lt", "<3"), ("lte", "<=3")):
        assert kit.range.from_version(three, how) == kit.range(text)
    both = kit.range.from_version(kit.version("2"), "gte") & kit.range.from_version(kit.version("4"), "lte")
    assert both == kit.range("2..4")
    assert kit.range.from_versions([three, kit.version("6.0"), kit.version("4")]) == kit.range(
        "==3|==4|==6.0"
    )


@pytest.mark.parametrize(
    ("range_", "inside", "outside"),
    [
        ("3+", "3 3.0.0", "2"), ("3..5", "5", "5_"), ("3.1+", "3.1", "3.0.0"), ("<1|5|6|8|7|3|60+", "3", "4"),
        ("<1|5|6|8|7|==3|60+", "3", "3.0"),
    ],
)  # fmt: skip
def test_versions_in_ranges(kit: Kit, range_: str, inside: str, outside: str) -> None:
    assert all(kit.version(each) in kit.range(range_) for each in inside.split())
    assert not any(kit.version(each) in kit.range(range_) for each in outside.split())


@pytest.mark.parametrize(
    ("big", "small", "is_in"),
    [
        ("<4", "2.1+<4", True), ("<4", "2.1..4", False), ("3", "3", True), ("3", "==3", True), ("3", "3.5+<3_", True),
        ("4+<6", "3", False), ("4+<6", "3+<10", False),
    ],
)  # fmt: skip
def test_ranges_in_ranges(kit: Kit, big: str, small: str, is_in: bool) -> None:
    assert (kit.range(small) in kit.range(big)) is is_in


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("", 7), ("0+", 7), ("5+", 5), ("6+", 4), ("50+", 0), (">5", 4), ("5", 1), ("6", 0), ("<5", 2), ("<6", 3), ("<50", 7),
        ("<=5", 3), ("<1", 0), ("2|9+", 5), ("3+<6|12+<13.5", 3), ("<1|20+", 0), (">0<20", 7),
    ],
)  # fmt: skip
def test_many_versions_and_one_range(kit: Kit, text: str, number: int) -> None:
    versions = [kit.version(each) for each in ["2", "3", "5", "10", "11", "13", "14"]]
    range_, all_ = kit.range(text), kit.range.from_versions(versions)
    inside = {each for each in versions if each in range_}
    both = all_ & range_
    assert len(inside) == number
    for found in (
        range_.iter_intersect_test(versions),
        range_.iter_intersect_test(versions[::-1], descending=True),
    ):
        assert {each for is_in, each in found if is_in} == inside
    assert all_.intersects(range_) is (number != 0)
    assert set(() if both is None else both.to_versions()) == inside
    assert range_.issuperset(all_) is (number == 7)
    assert both is None or all_.issuperset(both)


# -- lists of requirements


@pytest.mark.parametrize(
    ("given", "merged"),
    [
        ("foo", "foo"), ("foo bah", "foo bah"), ("bah foo", "bah foo"), ("foo-4+ foo-4.5", "foo-4.5"),
        ("bah-2.4 foo bah-2.4.1+", "bah-2.4.1+<2.4_ foo"), ("foo-2+ !foo-4+", "foo-2+<4"), ("!bah-1 !bah-3", "!bah-1|3"),
        ("!bah-5 foo-2.3 !bah-5.6+", "!bah-5+ foo-2.3"), ("~bah-4 foo bah<4.2", "bah-4+<4.2 foo"),
        ("~bah !foo bah<4.2", "bah<4.2 !foo"), ("~bah-3+ ~bah-5", "~bah-5"),
    ],
)  # fmt: skip
def test_requirements_are_merged(kit: Kit, given: str, merged: str) -> None:
    found = kit.requirements([kit.requirement(text) for text in given.split()])
    expected = [kit.requirement(text) for text in merged.split()]
    assert list(found.requirements) == expected
    assert found.names == {each.name for each in expected if not each.conflict}
    assert found.conflict_names == {each.name for each in expected if each.conflict}
    assert found.conflict is None


@pytest.mark.parametrize(
    ("given", "one", "other"),
    [
        ("foo-1 foo-2", "foo-1", "foo-2"), ("foo-2 foo-1", "foo-2", "foo-1"), ("foo ~bah-5+ bah-2", "~bah-5+", "bah-2"),
        ("foo ~bah-5+ bah-7..12 bah-2", "bah-7..12", "bah-2"),
    ],
)  # fmt: skip
def test_the_first_two_that_clash_are_named(kit: Kit, given: str, one: str, other: str) -> None:
    found = kit.requirements([kit.requirement(text) for text in given.split()])
    assert tuple(found.conflict) == (kit.requirement(one), kit.requirement(other))
