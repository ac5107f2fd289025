"""Each rule of requirements, see `rezup.resolver.requirement`."""

from __future__ import annotations

import pickle

import pytest

from rezup.errors import InvalidRequirementError, ResolveError
from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement, RequirementList, VersionedObject, is_package_name
from rezup.resolver.version import Version


@pytest.mark.parametrize(
    ("text", "name", "range_", "shown"),
    [
        ("foo", "foo", "", "foo"), ("foo-1.2", "foo", "1.2", "foo-1.2"), ("foo@1", "foo", "1", "foo@1"), ("foo#1+", "foo", "1+", "foo#1+"),
        ("foo==1", "foo", "==1", "foo==1"), ("foo-==1", "foo", "==1", "foo==1"), ("foo>=1", "foo", "1+", "foo-1+"), ("foo<2", "foo", "<2", "foo<2"),
        ("foo-", "foo", "", "foo"), ("foo@", "foo", "", "foo"), ("foo>=", "foo", "", "foo"), ("foo-bar-1", "foo", "bar-1", "foo-bar-1"),
        ("foo.bar-1|2", "foo.bar", "1|2", "foo.bar-1|2"), ("foo-2,>1", "foo", ">1<=2", "foo>1<=2"), (".foo-1", ".foo", "1", ".foo-1"),
    ],
)  # fmt: skip
def test_plain(text: str, name: str, range_: str, shown: str) -> None:
    found = Requirement(text)
    assert (found.name, str(found.range), str(found), found.safe_str()) == (name, range_, shown, shown)
    assert not found.conflict
    assert not found.weak
    assert found.is_ephemeral is text.startswith(".")
    assert Requirement(shown) == found


def test_a_conflict_has_the_range_it_excludes() -> None:
    found = Requirement("!foo-1")
    assert (found.conflict, found.weak, str(found.range), str(found)) == (True, False, "1", "!foo-1")


def test_a_weak_requirement_is_the_conflict_with_its_inverse() -> None:
    found = Requirement("~foo-1")
    assert (found.conflict, found.weak, str(found.range), str(found)) == (True, True, "<1|1_+", "~foo-1")
    assert found == Requirement("!foo-<1|1_+")
    assert hash(found) == hash(Requirement("!foo-<1|1_+"))


@pytest.mark.parametrize("text", ["~foo", "~foo-", "~foo>=", "~foo-<1|1+"])
def test_a_weak_requirement_of_any_version_has_no_effect(text: str) -> None:
    found = Requirement(text)
    assert found.range is None
    assert str(found) == "~foo"
    for other in ("foo-1", "!foo", "!foo-1", "~foo-2", "~foo"):
        assert not found.conflicts_with(Requirement(other))
        assert not Requirement(other).conflicts_with(found)
        assert found.merged(Requirement(other)) == Requirement(other).merged(found) == Requirement(other)


@pytest.mark.parametrize(
    "text",
    ["foo=1", "foo!=1", "foo--1", "foo@@1", "foo- 1", "foo-1[0]", "foo-*", "foo<", "foo-2..1", "!foo-1 "],
)
def test_invalid(text: str) -> None:
    with pytest.raises(InvalidRequirementError) as caught:
        Requirement(text)
    assert isinstance(caught.value, ResolveError)
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("text", ["foo-1", "foo.bar", "_a1", "1a", ".foo", ".foo.bar-1", "!foo", "~foo-1"])
def test_a_request_names_a_package(text: str) -> None:
    assert Requirement.parse_package(text) == Requirement(text)


@pytest.mark.parametrize(
    "text",
    ["", "-1", "!", "~", ".", "..", "..foo", "foo.", "a..b", "foo+1", "foo 1", " foo", "foo|2", "foo..2", "!!foo", "!~foo", "é", "a/b", "foo\n", "foo=1",
     "!.foo", "~.foo-1"],
)  # fmt: skip
def test_a_request_that_names_no_package_or_excludes_an_ephemeral(text: str) -> None:
    with pytest.raises(InvalidRequirementError):
        Requirement.parse_package(text)


def test_names() -> None:
    assert is_package_name("foo_1.bar")
    assert not is_package_name("")


@pytest.mark.parametrize(
    ("rule", "first", "second", "clash"),
    [
        ("two plain ones clash if their ranges are apart", "foo-1", "foo-2", True),
        ("and don't if they meet", "foo-1+", "foo<1.5", False),
        ("a conflict clashes with what it excludes all of", "!foo-1", "foo-1.2", True),
        ("not if a part is left", "!foo-1", "foo-1+", False),
        ("two conflicts never clash", "!foo-1", "!foo", False),
        ("a weak one clashes with what is outside of it", "~foo-1", "foo-2", True),
        ("not with what is inside", "~foo-1", "foo-1.5", False),
        ("names must be the same", "foo-1", "bar-2", False),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_conflicts_with(rule: str, first: str, second: str, clash: bool) -> None:
    one, two = Requirement(first), Requirement(second)
    assert one.conflicts_with(two) is two.conflicts_with(one) is clash


@pytest.mark.parametrize(
    ("text", "clash"),
    [
        ("foo", False),
        ("foo-1", False),
        ("foo-2", True),
        ("!foo-1", True),
        ("!foo-2", False),
        ("~foo", False),
        ("bar-2", False),
    ],
)
def test_conflicts_with_one_version(text: str, clash: bool) -> None:
    assert Requirement(text).conflicts_with(VersionedObject("foo-1.5")) is clash


@pytest.mark.parametrize(
    ("rule", "first", "second", "merged"),
    [
        ("what both hold", "foo@1+", "foo-<5", "foo@1+<5"),
        ("nothing", "foo-1", "foo-2", None),
        ("what is excluded is taken away", "foo#1+", "!foo-5", "foo#1+<5|5_+"),
        ("and the plain one's separator stays", "!foo-5", "foo#1+", "foo#1+<5|5_+"),
        ("nothing is left", "!foo", "foo", None),
        ("conflicts are joined", "!foo@1", "!foo-2", "!foo@1|2"),
        ("two weak ones stay weak", "~foo-1+", "~foo<3", "~foo-1+<3"),
        ("unless they exclude everything", "~foo-1", "~foo-2", "!foo"),
        ("weak and conflict is a conflict", "~foo-1+", "!foo-2", "!foo<1|2"),
        ("weak and plain is plain", "~foo-1", "foo", "foo-1"),
        ("other names don't merge", "foo", "bar", None),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_merged(rule: str, first: str, second: str, merged: str | None) -> None:
    found = Requirement(first).merged(Requirement(second))
    assert (None if found is None else str(found)) == merged


def test_construct() -> None:
    assert str(Requirement.construct("foo")) == "foo"
    assert str(Requirement.construct("foo", VersionRange("1+<2"))) == "foo-1+<2"
    assert str(Requirement.construct("foo", VersionRange("==1|2"))) == "foo==1|2"
    assert Requirement.construct("foo", VersionRange("1")) == Requirement("foo@1")


def test_equality_is_name_range_and_conflict() -> None:
    assert Requirement("foo-1-0") == Requirement("foo@1.0")
    assert hash(Requirement("foo-1-0")) == hash(Requirement("foo@1.0"))
    assert Requirement("foo-1") != Requirement("!foo-1")
    assert Requirement("foo") != "foo"


def test_a_requirement_cannot_change_and_can_be_pickled() -> None:
    found = Requirement("~foo@1-0")
    with pytest.raises(AttributeError):
        found.name = "bar"
    again = pickle.loads(pickle.dumps(found))
    assert (again, str(again), again.weak) == (found, "~foo@1-0", True)
    assert repr(found) == "Requirement('~foo@1-0')"


def listed(*texts: str) -> RequirementList:
    return RequirementList(Requirement(text) for text in texts)


def test_a_list_has_one_requirement_for_each_name_where_it_was_first() -> None:
    found = listed("a-1+", "b", "!c", "a<3", "~d-1", "~c-2", "~e")
    assert str(found) == "a-1+<3 b !c ~d-1 ~e"
    assert [str(each) for each in found] == str(found).split()
    assert (len(found), found.conflict) == (5, None)
    assert found.names == {"a", "b"}
    assert found.conflict_names == {"c", "d", "e"}
    assert (found.get("a"), found.get("z")) == (Requirement("a-1+<3"), None)


def test_a_list_that_clashes_has_the_pair_and_nothing_else() -> None:
    found = listed("a-1+", "b", "a<3", "a-5", "b-1")
    assert found.conflict == (Requirement("a-1+<3"), Requirement("a-5"))
    assert str(found) == "a-1+<3 <--!--> a-5"
    assert found.requirements == ()
    assert found.names == found.conflict_names == frozenset()


def test_a_conflict_that_meets_a_plain_one_becomes_plain() -> None:
    found = listed("!a-1", "a-1+")
    assert str(found) == "a-1_+"
    assert found.names == {"a"}


def test_lists_compare_by_content_and_order() -> None:
    assert listed("a-1", "b") == listed("a@1", "b")
    assert hash(listed("a-1", "b")) == hash(listed("a@1", "b"))
    assert listed("a-1", "b") != listed("b", "a-1")
    assert listed("a") != ["a"]
    assert repr(listed("a", "b")) == "RequirementList('a b')"


def test_a_name_with_a_version() -> None:
    found = VersionedObject("foo@1.2")
    assert (found.name, found.version, str(found), found.as_exact_requirement()) == (
        "foo",
        Version("1.2"),
        "foo@1.2",
        "foo==1.2",
    )
    assert found == VersionedObject.construct("foo", Version("1-2"))
    assert hash(found) == hash(VersionedObject("foo-1-2"))
    assert str(VersionedObject.construct("foo")) == VersionedObject("foo-").as_exact_requirement() == "foo"
    assert pickle.loads(pickle.dumps(found)) == found
    assert repr(found) == "VersionedObject('foo@1.2')"
    assert found != "foo@1.2"
