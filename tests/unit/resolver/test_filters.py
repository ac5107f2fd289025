"""Each rule of package filters, see `rezup.resolver.filters`."""

from __future__ import annotations

import pytest

from rezup.errors import InvalidFilterError, ResolveError
from rezup.resolver.filters import PackageFilter, PackageFilterList, Rule, TimestampRule
from rezup.resolver.repository import PackageRecord
from rezup.resolver.version import Version


def package(text: str, timestamp: int = 0) -> PackageRecord:
    name, _, version = text.partition("-")
    return PackageRecord(name, Version(version), timestamp=timestamp)


PACKAGES = [package(text) for text in ("foo", "foo-1", "foo-1.beta", "foo-2", "bar-1.beta", "Foo-1")]


@pytest.mark.parametrize(
    ("text", "matched"),
    [
        ("glob(foo-*)", "foo-1 foo-1.beta foo-2"),
        ("glob(foo)", "foo"),
        ("glob(foo-?)", "foo-1 foo-2"),
        ("glob(*-[1]*)", "foo-1 foo-1.beta bar-1.beta Foo-1"),
        ("*.beta", "foo-1.beta bar-1.beta"),
        ("foo*", "foo foo-1 foo-1.beta foo-2"),
        ("regex(foo)", "foo foo-1 foo-1.beta foo-2"),
        ("regex(.*-1)", "foo-1 foo-1.beta bar-1.beta Foo-1"),
        ("regex(oo-1)", ""),
        ("regex([fb].*beta$)", "foo-1.beta bar-1.beta"),
        ("range(foo-1)", "foo-1 foo-1.beta"),
        ("foo", "foo foo-1 foo-1.beta foo-2"),
        ("foo==1", "foo-1"),
        ("foo<2", "foo foo-1 foo-1.beta"),
        ("!foo-1", "foo foo-2"),
        ("~foo-1", "foo-1 foo-1.beta"),
        ("~foo", "foo foo-1 foo-1.beta foo-2"),
        ("!foo", ""),
    ],
)
def test_what_a_rule_matches(text: str, matched: str) -> None:
    rule = Rule.parse_rule(text)
    found = [f"{each.name}-{each.version}".rstrip("-") for each in PACKAGES if rule.match(each)]
    assert " ".join(found) == matched


@pytest.mark.parametrize(
    ("text", "times"),
    [("before(100)", [1, 99, 100]), ("after(100)", [101, 500]), ("after( 100)", [101, 500]), ("before(0)", []), ("after(0)", [1, 99, 100, 101, 500])],
)  # fmt: skip
def test_times_of_release(text: str, times: list[int]) -> None:
    rule = Rule.parse_rule(text)
    assert [time for time in (0, 1, 99, 100, 101, 500) if rule.match(package("foo-1", time))] == times


def test_a_time_for_one_package() -> None:
    rule = TimestampRule.after(100, "foo")
    assert rule.match(package("foo-1", 200))
    assert not rule.match(package("bar-1", 200))
    assert TimestampRule.before(100, "foo").match(package("foo-1", 50))


@pytest.mark.parametrize(
    ("text", "family"),
    [
        ("*.beta", None), ("foo-*", "foo"), ("foo@1*", "foo"), ("f*-1", None), ("glob(foo)", None), ("regex(foo)", None), ("regex(foo-.*)", "foo"),
        ("regex([fb]oo-1)", "[fb]oo"), ("regex(.*-1)", None), ("foo-1-*", "foo-1"), ("regex(^foo-1)", "^foo"), ("foo-1+", "foo"), ("after(1)", None),
    ],
)  # fmt: skip
def test_the_package_that_a_rule_is_for(text: str, family: str | None) -> None:
    assert Rule.parse_rule(text).family == family


@pytest.mark.parametrize(
    ("text", "shown"),
    [("foo-1", "range(foo-1)"), ("foo-==1", "range(foo==1)"), ("*.beta", "glob(*.beta)"), ("regex(.*)", "regex(.*)"), ("after(10)", "after(10)"), ("before(-5)", "before(-5)")],
)  # fmt: skip
def test_the_text_of_a_rule(text: str, shown: str) -> None:
    rule = Rule.parse_rule(text)
    assert str(rule) == shown
    assert Rule.parse_rule(shown) == rule
    assert hash(Rule.parse_rule(shown)) == hash(rule)
    assert repr(rule) == f"Rule.parse_rule({shown!r})"
    assert rule != shown


@pytest.mark.parametrize(
    "text",
    [
        "after(x)",
        "after(1.5)",
        "before(foo-10)",
        "what(foo)",
        "Glob(x)",
        "foo-1?",
        "foo-1 ",
        "foo=1",
        "regex([a)",
        "range(foo--1)",
    ],
)
def test_no_rule(text: str) -> None:
    with pytest.raises(InvalidFilterError) as caught:
        Rule.parse_rule(text)
    assert isinstance(caught.value, ResolveError)
    assert isinstance(caught.value, ValueError)


def test_an_inclusion_spares_what_an_exclusion_matches() -> None:
    found = PackageFilter.from_pod({"excludes": ["*.beta", "foo-2+"], "includes": "bar"})
    hidden = {
        f"{each.name}-{each.version}": str(found.excludes(each)) for each in PACKAGES if found.excludes(each)
    }
    assert hidden == {"foo-1.beta": "glob(*.beta)", "foo-2": "range(foo-2+)"}


def test_inclusions_alone_hide_nothing() -> None:
    found = PackageFilter.from_pod({"includes": ["foo-1"]})
    assert not found
    assert all(found.excludes(each) is None for each in PACKAGES)


def test_an_inclusion_spares_in_its_own_filter_only() -> None:
    found = PackageFilterList.from_pod(
        [{"excludes": ["*.beta"], "includes": ["bar"]}, {"excludes": ["after(100)"]}]
    )
    assert found.excludes(package("bar-1.beta", 50)) is None
    assert str(found.excludes(package("bar-1.beta", 200))) == "after(100)"
    assert str(found.excludes(package("foo-1.beta", 50))) == "glob(*.beta)"


def test_rules_of_the_command_line() -> None:
    exclusion, inclusion = Rule.parse_rule("foo-2"), Rule.parse_rule("foo-2.1")
    found = PackageFilterList.from_pod([{"excludes": ["foo-1"]}, {"excludes": ["*.beta"]}])
    assert found.with_exclusion(exclusion).with_inclusion(inclusion).to_pod() == [
        {"excludes": ["range(foo-1)"], "includes": ["range(foo-2.1)"]},
        {"excludes": ["glob(*.beta)", "range(foo-2)"], "includes": ["range(foo-2.1)"]},
    ]
    assert PackageFilterList().with_exclusion(exclusion).to_pod() == [{"excludes": ["range(foo-2)"]}]
    assert PackageFilterList().with_inclusion(inclusion).to_pod() == []
    assert len(found) == 2


def test_cheap_filters_are_asked_first() -> None:
    data = [{"excludes": ["after(1)"]}, {"excludes": ["*.beta"]}, {"excludes": ["foo-1", "foo-2"]}]
    assert [each.to_pod()["excludes"][0] for each in PackageFilterList.from_pod(data)] == [
        "range(foo-1)",
        "glob(*.beta)",
        "after(1)",
    ]


@pytest.mark.parametrize(
    ("data", "hides"),
    [
        (None, False),
        ([], False),
        ({}, False),
        ([{}], False),
        ({"excludes": "foo"}, True),
        ([{"excludes": ["foo"]}], True),
    ],
)
def test_plain_data_of_a_list(data: object, hides: bool) -> None:
    found = PackageFilterList.from_pod(data)  # type: ignore[arg-type]
    assert bool(found) is (found.excludes(package("foo-1")) is not None) is hides
    assert found == PackageFilterList.from_pod(found.to_pod())
    assert hash(found) == hash(PackageFilterList.from_pod(found.to_pod()))
    assert found != data


@pytest.mark.parametrize(
    "data",
    [{"excludes": None}, {"excludes": 1}, {"excludes": [1]}, {"includes": {"a": 1}}, [["foo"]], ["foo"]],
    ids=str,
)
def test_plain_data_of_no_filter(data: object) -> None:
    with pytest.raises(InvalidFilterError):
        PackageFilterList.from_pod(data)  # type: ignore[arg-type]


def test_filters_show_their_plain_data() -> None:
    found = PackageFilter.from_pod({"excludes": ["foo"]})
    assert repr(found) == "PackageFilter.from_pod({'excludes': ['range(foo)']})"
    assert repr(PackageFilterList([found])) == "PackageFilterList.from_pod([{'excludes': ['range(foo)']}])"
    assert found.with_inclusion(Rule.parse_rule("bar")) != found
