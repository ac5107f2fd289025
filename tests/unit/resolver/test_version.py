"""Each rule of the order of versions, see `rezup.resolver.version`."""

from __future__ import annotations

import copy
import itertools
import pickle

import pytest

from rezup.errors import InvalidVersionError, ResolveError
from rezup.resolver.version import Version, VersionToken


@pytest.mark.parametrize(
    ("rule", "ascending"),
    [
        ("the empty version is the least", ["", "A", "_", "0"]),
        ("a run of digits is greater than any other", ["alpha", "z", "0", "1"]),
        ("so alpha and beta come before the release", ["1.alpha", "1.beta", "1.rc1", "1.0"]),
        ("digits compare as numbers", ["2", "9", "10", "99", "100"]),
        ("then as text", ["001", "01", "1", "02", "2"]),
        ("which puts more zeros higher only in zero itself", ["0", "00", "000", "1"]),
        ("other runs compare by code point", ["A", "B", "Z", "_", "a", "b"]),
        ("a shorter version is less", ["1", "1.0", "1.0.0", "1.0.1"]),
        ("a shorter token is less", ["1", "1.5", "1a", "1a1", "1b", "2"]),
        ("a token ends before its next token counts", ["1.9", "1a.0", "2.0"]),
        ("text ends before digits", ["rc", "rc1", "rc1a", "rc2", "rc10"]),
        ("the next version of 1.2 is above all that begins so but lower case", ["1.2", "1.2.99", "1.2A", "1.2_", "1.2a"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_order(rule: str, ascending: list[str]) -> None:
    versions = [Version(text) for text in ascending]
    for low, high in itertools.combinations(versions, 2):
        assert low < high
        assert low <= high
        assert high > low
        assert high >= low
        assert low != high
        assert low.key < high.key


def test_separators_make_no_difference() -> None:
    versions = [Version(text) for text in ("1.2.3", "1-2-3", "1.2-3", "1~2 3")]
    assert len(set(versions)) == 1
    assert len({version.key for version in versions}) == 1
    assert [str(version) for version in versions] == ["1.2.3", "1-2-3", "1.2-3", "1~2 3"]


def test_numbers_with_other_zeros_are_not_equal() -> None:
    assert Version("1.01") != Version("1.1")


@pytest.mark.parametrize(
    "text", [".1", "1.", "1..2", "1.-2", "-", " ", "1 ", "1\n", "é", "１", "1.٣", "[INF]", "1__.."]
)
def test_invalid(text: str) -> None:
    with pytest.raises(InvalidVersionError) as caught:
        Version(text)
    assert isinstance(caught.value, ResolveError)
    assert isinstance(caught.value, ValueError)


def test_a_number_longer_than_python_reads_is_invalid() -> None:
    with pytest.raises(InvalidVersionError):
        Version("1" * 5000)


def test_tokens() -> None:
    version = Version("1.2-rc3")
    assert version.as_tuple() == ("1", "2", "rc3")
    assert [str(token) for token in version] == ["1", "2", "rc3"]
    assert (str(version.major), str(version.minor), str(version.patch)) == ("1", "2", "rc3")
    assert (len(version), version[-1], version[:2]) == (3, VersionToken("rc3"), version.tokens[:2])
    assert version.major < version.minor
    assert version.patch < version.major
    assert VersionToken("1").next() == VersionToken("1_")
    assert repr(version.major) == "VersionToken('1')"


@pytest.mark.parametrize("field", ["major", "minor", "patch"])
def test_a_missing_token_is_an_index_error(field: str) -> None:
    with pytest.raises(IndexError):
        getattr(Version(""), field)


@pytest.mark.parametrize("text", ["", "1.2", "a b", "1-"])
def test_invalid_token(text: str) -> None:
    with pytest.raises(InvalidVersionError):
        VersionToken(text)


@pytest.mark.parametrize(
    ("text", "length", "expected"),
    [
        ("1.2-3", 0, ""),
        ("1.2-3", 1, "1"),
        ("1.2-3", 2, "1.2"),
        ("1.2-3", 3, "1.2-3"),
        ("1.2-3", 9, "1.2-3"),
        ("", 2, ""),
    ],
)
def test_trim(text: str, length: int, expected: str) -> None:
    assert str(Version(text).trim(length)) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("1.2", "1.2_"), ("1.a", "1.a_"), ("1_", "1__"), ("1.a2", "1.a2_")]
)
def test_next_ends_the_range_of_a_version(text: str, expected: str) -> None:
    version = Version(text).next()
    assert str(version) == expected
    assert version == Version(expected)
    assert version.key == Version(expected).key
    assert version.as_tuple() == Version(expected).as_tuple()
    assert next(Version(text)) == version


def test_the_infinite_version() -> None:
    assert Version("").next() is Version.inf
    assert Version.inf.next() is Version.inf
    assert Version("zzz.9999") < Version.inf
    assert not Version.inf
    assert repr(Version.inf) == "Version('[INF]')"
    with pytest.raises(InvalidVersionError):
        Version.inf.trim(1)


def test_only_the_empty_version_is_false() -> None:
    assert not Version("")
    assert Version("0")


@pytest.mark.parametrize("version", [Version("1.2-3"), Version(""), Version.inf, VersionToken("rc1")])
def test_copies(version: Version | VersionToken) -> None:
    assert copy.copy(version) == copy.deepcopy(version) == pickle.loads(pickle.dumps(version)) == version
    assert str(pickle.loads(pickle.dumps(version))) == str(version)


def test_a_version_cannot_change() -> None:
    version = Version("1.2")
    with pytest.raises(AttributeError):
        version.key = ()  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del version.key
    assert version.copy() is version


def test_a_version_compares_with_versions_only() -> None:
    assert Version("1") != "1"
    with pytest.raises(TypeError):
        assert Version("1") < "2"  # type: ignore[operator]


def test_more_versions_than_are_remembered() -> None:
    versions = [Version(f"7.{number}") for number in range(20_000)]
    assert versions == sorted(versions)
    assert Version("7.0") == versions[0]
