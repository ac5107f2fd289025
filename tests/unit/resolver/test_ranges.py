"""Each rule of ranges of versions, see `rezup.resolver.ranges`."""

from __future__ import annotations

import pickle

import pytest

from rezup.errors import InvalidVersionError
from rezup.resolver.ranges import VersionRange
from rezup.resolver.version import Version


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("", ["", "0", "1.2", "zz"], []),
        (
            "1.2",
            ["1.2", "1.2.0", "1.2.99.a", "1.2A", "1.2Z5"],
            ["", "1", "1.1", "1.2_", "1.2a", "1.3", "1.20"],
        ),
        ("==1.2", ["1.2", "1-2"], ["1.2.0", "1", "1.02"]),
        ("1.2+", ["1.2", "1.3", "99"], ["", "1.1", "1.beta"]),
        (">=1.2", ["1.2", "99"], ["1.1"]),
        (">1.2", ["1.2.0", "1.2.beta", "1.3"], ["1.2", "1.1"]),
        (">", ["_", "1"], [""]),
        ("<2", ["", "1.99", "alpha"], ["2", "2.alpha"]),
        ("<=2", ["", "2"], ["2.0"]),
        ("1.2+<2", ["1.2", "1.99"], ["1.1", "2"]),
        ("1.2..1.4", ["1.2", "1.3", "1.4"], ["1.4.0"]),
        ("1|3+", ["1.5", "3", "4"], ["2", "0"]),
        ("==", [""], ["0", "_"]),
    ],
)
def test_what_is_in_a_range(text: str, inside: list[str], outside: list[str]) -> None:
    found = VersionRange(text)
    for version in inside:
        assert Version(version) in found
    for version in outside:
        assert Version(version) not in found


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        (">=1", "1+"), (">=1,<2", "1+<2"), ("<2,>=1", "1+<2"), ("1+,<2", "1+<2"), ("1<2", "1+<2"), ("1,<2", "1+<2"),
        ("1+<=2", "1..2"), (">=1<=2", "1..2"), ("..2", "<=2"), ("1..1", "==1"), ("1+<1_", "1"), ("1..1_", "1..1_"),
        ("2,>1", ">1<=2"), ("2,>=1", "1..2"), ("<2,<1", "1+<2"), ("+", ""), ("+<2", "<2"), (">=", ""), ("1-0", "1-0"),
        ("3|1", "1|3"), ("1|1", "1"), ("1-0|1.0", "1-0"), ("1|", ""), ("<1|1+", ""), ("1+<2|2+<3", "1+<3"),
        ("1..2|>2", "1+"), ("1+<2|>2", "1+<2|>2"), ("1|1_", "1+<1__"), ("<5|3+<4", "<5"), ("<=", "=="), (">1|<0|>5", "<0|>1"),
    ],
)  # fmt: skip
def test_canonical_text(text: str, canonical: str) -> None:
    found = VersionRange(text)
    assert str(found) == canonical
    assert VersionRange(canonical) == found


@pytest.mark.parametrize(
    "text",
    [
        " ", "1 ", "1 | 2", ">1 <2", "1, <2", "= 1", "=1", "===1", "!=1", "~1", "^1", "1*", "1.*", "1@2", "1#2", "1/2", "1.2.",
        "-1", ".1", "1...2", "1..2..3", "<", "<2>1", "<1+", ">1+", "1,2", "1+2", "1++", "1,", "==1+", "==1,==2", "1+<2<3",
        "1\n", "1|a b", "é",
    ],
)  # fmt: skip
def test_invalid_text(text: str) -> None:
    with pytest.raises(InvalidVersionError):
        VersionRange(text)


@pytest.mark.parametrize(
    "text",
    ["2+<1", "1+<1", ">1<1", ">1<=1", ">=1<1", "2..1", "1..", "00..0", "1a+<1B", "<>", "1|2..1", "|2..1"],
)
def test_a_range_in_which_nothing_is_is_invalid(text: str) -> None:
    with pytest.raises(InvalidVersionError):
        VersionRange(text)


def test_equality_and_hash_are_of_the_intervals() -> None:
    assert VersionRange("1-0+<2") == VersionRange("1.0+<2")
    assert hash(VersionRange("1-0+<2")) == hash(VersionRange("1.0+<2"))
    assert VersionRange("1") != VersionRange("==1")
    assert VersionRange("1") != "1"


def test_a_touching_interval_stays_apart_if_the_one_just_before_ends_open() -> None:
    assert str(VersionRange("1..5|2+<5|>5")) == "1..5|>5"
    assert str(VersionRange("1..5|>5")) == "1+"  # here the one just before is the one that touches
    # By the same rule a version may come in that was in none of them.
    assert str(VersionRange("1+<5|2..3|>5")) == "1+"
    assert VersionRange("1..5|2+<5|>5").inverse() == VersionRange("<1")


@pytest.mark.parametrize(
    ("first", "second", "union", "intersection"),
    [
        ("1", "3", "1|3", None),
        ("1+", "<3", "", "1+<3"),
        ("1..3", "2..5", "1..5", "2..3"),
        ("1..2", "2..3", "1..3", "==2"),
        ("1+<2", ">2", "1+<2|>2", None),
        ("1|3|5", "3..5", "1|3+<5_", "3|==5"),
        ("", "==1", "", "==1"),
        ("1-0", "1.0", "1-0", "1-0"),
    ],
)
def test_union_and_intersection(first: str, second: str, union: str, intersection: str | None) -> None:
    one, two = VersionRange(first), VersionRange(second)
    assert str(one | two) == str(one.union(two)) == str(one + two) == union
    both = one & two
    assert (None if both is None else str(both)) == intersection
    assert one.intersects(two) is two.intersects(one) is (intersection is not None)


def test_several_at_once() -> None:
    one = VersionRange("1+")
    assert str(one.intersection([VersionRange("<5"), VersionRange("3+")])) == "3+<5"
    assert str(VersionRange("1").union([VersionRange("3"), VersionRange("5")])) == "1|3|5"
    assert one.union([]) == one.intersection([]) == one


@pytest.mark.parametrize(
    ("text", "inverse"),
    [("1", "<1|1_+"), ("==1", "<1|>1"), ("1+", "<1"), ("<1", "1+"), (">1", "<=1"), ("1..2", "<1|>2"), ("", None), ("<1|>3", "1..3"), ("==", ">")],
)  # fmt: skip
def test_inverse(text: str, inverse: str | None) -> None:
    found = ~VersionRange(text)
    assert (None if found is None else str(found)) == inverse
    if found is not None:
        assert found.inverse() == VersionRange(text)


def test_difference() -> None:
    assert str(VersionRange("1+") - VersionRange("2")) == "1+<2|2_+"
    assert VersionRange("1") - VersionRange("1+") is None
    assert VersionRange("1") - VersionRange("") is None


@pytest.mark.parametrize(
    ("big", "small"),
    [("", "1"), ("1", "1.2"), ("1", "==1.2"), ("1+", "1+"), ("1|3", "3.1"), ("1+", "1|3|5..6")],
)
def test_superset(big: str, small: str) -> None:
    one, two = VersionRange(big), VersionRange(small)
    assert one.issuperset(two)
    assert two in one
    assert two.issubset(one)
    assert one == two or not two.issuperset(one)


def test_bounds() -> None:
    assert [VersionRange(text).lower_bounded() for text in ("", "<1", "1+", "1", ">", "_+")] == [
        False,
        False,
        True,
        True,
        True,
        True,
    ]
    assert [VersionRange(text).upper_bounded() for text in ("", "1+", "<1", "1")] == [
        False,
        False,
        True,
        True,
    ]
    assert [VersionRange(text).bounded() for text in ("", "1+", "<1", "1|3")] == [False, False, False, True]
    assert VersionRange("").is_any()
    assert VersionRange("<1|1+").is_any()
    assert not VersionRange(">").is_any()
    first = VersionRange("1+<2").bounds[0]
    assert (first.lower_version, first.lower_inclusive, first.upper_version, first.upper_inclusive) == (
        Version("1"), True, Version("2"), False,
    )  # fmt: skip


def test_split_and_span() -> None:
    found = VersionRange("1|3+<4|>5")
    assert [str(each) for each in found.split()] == ["1", "3+<4", ">5"]
    assert len(found) == 3
    assert str(found.span()) == "1+"
    assert str(VersionRange("1|3").span()) == "1+<3_"


@pytest.mark.parametrize(
    ("op", "expected"),
    [(None, "1.2"), ("==", "==1.2"), ("eq", "==1.2"), (">", ">1.2"), ("gt", ">1.2"), (">=", "1.2+"), ("gte", "1.2+"), ("<", "<1.2"), ("lt", "<1.2"), ("<=", "<=1.2"), ("lte", "<=1.2")],
)  # fmt: skip
def test_from_version(op: str | None, expected: str) -> None:
    assert str(VersionRange.from_version(Version("1.2"), op)) == expected


@pytest.mark.parametrize(("text", "op"), [("1", "!="), ("1", ""), ("", None), ("", "<")])
def test_from_version_without_a_range(text: str, op: str | None) -> None:
    with pytest.raises(InvalidVersionError):
        VersionRange.from_version(Version(text), op)


def test_from_versions_and_back() -> None:
    found = VersionRange.from_versions([Version(text) for text in ("2", "1-0", "1.0", "")])
    assert str(found) == "==|==1-0|==2"
    assert found.to_versions() == [Version(""), Version("1.0"), Version("2")]
    assert VersionRange("==1|2").to_versions() == [Version("1")]
    assert VersionRange("1|2").to_versions() is None
    nothing = VersionRange.from_versions([])
    assert not nothing.is_any()
    assert Version("") not in nothing
    assert nothing.to_versions() is None


def test_as_span() -> None:
    one, two = Version("1"), Version("2")
    assert str(VersionRange.as_span(one, two)) == "1..2"
    assert str(VersionRange.as_span(one, two, lower_inclusive=False, upper_inclusive=False)) == ">1<2"
    assert VersionRange.as_span().is_any()
    with pytest.raises(InvalidVersionError):
        VersionRange.as_span(two, one)


def test_versions_may_come_in_any_order() -> None:
    found, versions = VersionRange("1|3"), [Version(text) for text in ("3", "2", "1")]
    assert list(found.iter_intersect_test(versions)) == list(zip([True, False, True], versions, strict=True))
    assert list(found.iter_intersecting(versions)) == [versions[0], versions[2]]
    assert list(found.iter_non_intersecting([("a", "2")], key=lambda item: Version(item[1]))) == [("a", "2")]


def test_visit_versions_gives_a_new_range() -> None:
    found, seen = VersionRange("1-0|==3|4..5|>6<=7|9+"), []
    assert found.visit_versions(lambda version: seen.append(str(version))) == found
    assert seen == ["1-0", "1-0_", "3", "4", "5", "6", "7", "9"]
    assert (
        str(VersionRange("1.2+<1.4").visit_versions(lambda version: Version(f"7.{version}")))
        == "7.1.2+<7.1.4"
    )
    with pytest.raises(InvalidVersionError):
        VersionRange("1+<2").visit_versions(lambda version: Version("5") if str(version) == "1" else None)


def test_intervals_are_half_open_positions() -> None:
    one, two = Version("1").key, Version("2").key
    assert VersionRange("1+<2").intervals == (((one, 0), (two, 0)),)
    assert VersionRange(">1<=2").intervals == (((one, 1), (two, 1)),)
    assert VersionRange("==1").intervals == (((one, 0), (one, 1)),)
    assert VersionRange("").intervals == ((((), 0), (Version.inf.key, 1)),)


def test_order_is_by_intervals_then_by_their_number() -> None:
    texts = ["", "==1", "1", "1|3", "1+", ">1", "2"]
    assert sorted(map(VersionRange, reversed(texts)), key=lambda each: each.sort_key) == sorted(
        map(VersionRange, texts)
    )
    assert (
        VersionRange("==1")
        < VersionRange("1")
        < VersionRange("1|3")
        < VersionRange("1+")
        < VersionRange(">1")
    )


def test_a_range_cannot_change_and_can_be_pickled() -> None:
    found = VersionRange("1-0|3+")
    with pytest.raises(AttributeError):
        found.bounds = ()  # type: ignore[misc]
    again = pickle.loads(pickle.dumps(found))
    assert (again, str(again)) == (found, "1-0|3+")
    assert repr(found) == "VersionRange('1-0|3+')"
