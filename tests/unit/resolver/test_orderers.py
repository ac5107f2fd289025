"""Each rule of package orderers, see `rezup.resolver.orderers`."""

from __future__ import annotations

import pytest

from rezup.errors import InvalidOrdererError, ResolveError
from rezup.resolver.order_keys import NO_RELEASES, Releases
from rezup.resolver.orderers import (
    NullPackageOrder,
    PackageOrder,
    PackageOrderList,
    PerFamilyOrder,
    SortedOrder,
    TimestampPackageOrder,
    VersionSplitPackageOrder,
)
from rezup.resolver.ranges import VersionRange
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.version import Version

VERSIONS = ["1", "3", "2", "2.5", "4"]


def released(**times: int) -> Releases:
    """Of the package foo: `v1_2=7` is version 1.2, released at 7."""
    records = [
        PackageRecord("foo", Version(name[1:].replace("_", ".")), timestamp=time)
        for name, time in times.items()
    ]
    return Releases.of([MemoryRepository(records)])


def order(orderer: PackageOrder, versions: list[str], releases: Releases = NO_RELEASES) -> str:
    return " ".join(orderer.reorder("foo", versions, Version, releases))


@pytest.mark.parametrize(
    ("orderer", "expected"),
    [
        (SortedOrder(True), "4 3 2.5 2 1"),
        (SortedOrder(False), "1 2 2.5 3 4"),
        (NullPackageOrder(), "1 3 2 2.5 4"),
        (VersionSplitPackageOrder(Version("2")), "2 1 4 3 2.5"),
        (VersionSplitPackageOrder(Version("2.1")), "2 1 4 3 2.5"),
        (PerFamilyOrder({"foo": SortedOrder(False)}), "1 2 2.5 3 4"),
        (PerFamilyOrder({"bar": SortedOrder(False)}), "4 3 2.5 2 1"),
        (PerFamilyOrder({"bar": NullPackageOrder(), "*": SortedOrder(False)}), "1 2 2.5 3 4"),
        (PerFamilyOrder({"bar": NullPackageOrder()}, default_order=SortedOrder(False)), "1 2 2.5 3 4"),
    ],
)
def test_which_version_is_first(orderer: PackageOrder, expected: str) -> None:
    assert order(orderer, VERSIONS) == expected


MONTHS = {"v1_0_0": 10, "v1_0_1": 50, "v1_1_0": 110, "v1_1_1": 120, "v2_0_0": 130, "v2_1_0": 140}


@pytest.mark.parametrize(
    ("rule", "rank", "expected"),
    [
        ("without a rank, released until then comes first, and of the later ones the lowest", 0, "1.0.1 1.0.0 1.1.0 1.1.1 2.0.0 2.1.0"),
        ("rank 1 counts nothing as later", 1, "2.1.0 2.0.0 1.1.1 1.1.0 1.0.1 1.0.0"),
        ("rank 2 counts new major versions as later", 2, "1.1.1 1.1.0 1.0.1 1.0.0 2.1.0 2.0.0"),
        ("rank 3 counts new minor versions as later, and has the patches of each highest first", 3, "1.0.1 1.0.0 1.1.1 1.1.0 2.0.0 2.1.0"),
        ("a rank beyond the tokens is none", 4, "1.0.1 1.0.0 1.1.0 1.1.1 2.0.0 2.1.0"),
    ],
    ids=lambda value: value if isinstance(value, str) and "," in value else "",
)  # fmt: skip
def test_soft_timestamp(rule: str, rank: int, expected: str) -> None:
    versions = [name[1:].replace("_", ".") for name in MONTHS]
    assert order(TimestampPackageOrder(100, rank), versions, released(**MONTHS)) == expected


@pytest.mark.parametrize(
    ("rule", "times", "first"),
    [
        ("released at that very moment is not later", {"v1": 100, "v2": 101}, "2"),
        ("the highest that was released until then ends the later ones", {"v1": 10, "v2": 200, "v3": 50, "v4": 300}, "4"),
        ("none is later", {"v1": 200, "v2": 50}, None),
        ("all are later", {"v1": 200, "v2": 300}, "1"),
        ("unknown times are passed over", {"v1": 10, "v2": 0, "v3": 200, "v4": 0}, "3"),
        ("unknown times only", {"v1": 0}, None),
        ("no package", {}, None),
    ],
    ids=lambda value: value if isinstance(value, str) and " " in value else "",
)  # fmt: skip
def test_the_first_later_version(rule: str, times: dict[str, int], first: str | None) -> None:
    assert released(**times).first_after("foo", 100) == (None if first is None else Version(first))


def test_a_rank_on_a_package_without_versions_is_no_crash() -> None:
    assert order(TimestampPackageOrder(100, 2), ["1", "2"]) == "2 1"


def test_a_rank_on_an_open_end_is_no_crash() -> None:
    orderer, releases = TimestampPackageOrder(100, 2), released(**MONTHS)
    open_end, closed = (orderer.range_key("foo", VersionRange(text), releases) for text in ("2+", "2"))
    assert open_end != closed
    assert open_end < closed  # later ones are least


def test_releases_of_the_first_repository_count_and_are_looked_up_once() -> None:
    asked: list[str] = []

    class Counting(MemoryRepository):
        def family(self, name: str):  # type: ignore[no-untyped-def]
            asked.append(name)
            return super().family(name)

    first = Counting([PackageRecord("foo", Version("1"), timestamp=50)])
    second = MemoryRepository([PackageRecord("foo", Version("1"), timestamp=500)])
    releases = Releases.of([first, second])
    assert releases.first_after("foo", 100) is None
    assert releases.first_after("foo", 100) is None
    assert asked == ["foo"]
    assert Releases.of([second, first]).first_after("foo", 100) == Version("1")


@pytest.mark.parametrize(
    "kind",
    [SortedOrder(True), SortedOrder(False), NullPackageOrder(), VersionSplitPackageOrder(Version("2"))],
)
def test_a_requirement_without_effect_is_below_all_ranges(kind: PackageOrder) -> None:
    assert kind.sort_key("foo", None) < kind.sort_key("foo", VersionRange(""))


def test_ranges_compare_interval_by_interval() -> None:
    def keys(orderer: PackageOrder) -> list[str]:
        texts = ["1", "1|3", "==1", "2", "1+"]
        return sorted(texts, key=lambda text: orderer.range_key("foo", VersionRange(text)))

    assert keys(SortedOrder(True)) == ["==1", "1", "1|3", "1+", "2"]
    assert keys(SortedOrder(False)) == ["2", "1+", "1", "1|3", "==1"]


def test_keys_of_different_kinds_compare_by_version() -> None:
    up, down, none = SortedOrder(True), SortedOrder(False), NullPackageOrder()
    for one, two in ((up, down), (down, up), (up, none), (none, down)):
        assert one.version_key("foo", Version("1")) < two.version_key("bar", Version("2"))
        assert not two.version_key("bar", Version("2")) < one.version_key("foo", Version("1"))


def test_the_first_orderer_that_names_a_package_is_for_it() -> None:
    named, star, later = (
        SortedOrder(False, ["foo"]),
        NullPackageOrder(["*"]),
        SortedOrder(True, ["foo", "bar"]),
    )
    found = PackageOrderList([named, star, later, SortedOrder(True)])
    assert found.get_orderer("foo") == named
    assert found.get_orderer("bar") == later  # though * comes before
    assert found.get_orderer("zoo") == star
    assert (found.get("zoo"), found.get("*")) == (None, star)
    assert PackageOrderList().get_orderer("foo") == SortedOrder(True)
    assert (len(found), next(iter(found))) == (4, named)


def test_the_default_order_of_per_family_is_for_nobody_else() -> None:
    found = PackageOrderList([PerFamilyOrder({"foo": NullPackageOrder()}, default_order=SortedOrder(False))])
    assert found.get_orderer("bar") == SortedOrder(True)


def test_is_default() -> None:
    found = PackageOrderList([NullPackageOrder(["foo"]), SortedOrder(False, ["bar"])])
    assert [found.is_default(name) for name in ("foo", "bar", "zoo")] == [False, False, True]


PLAIN = [
    {"type": "sorted", "descending": False, "packages": ["*"]},
    {"type": "no_order", "packages": ["bar", "foo"]},
    {"type": "version_split", "first_version": "2.0", "packages": ["foo"]},
    {"type": "soft_timestamp", "timestamp": 100, "rank": 3, "packages": ["*"]},
    {
        "type": "per_family",
        "orderers": [
            {"type": "no_order", "packages": ["bar", "foo"]},
            {"type": "sorted", "descending": True, "packages": ["zoo"]},
        ],
        "default_order": {"type": "sorted", "descending": False, "packages": ["*"]},
    },
]


@pytest.mark.parametrize("data", PLAIN, ids=lambda data: str(data["type"]))
def test_plain_data_comes_back(data: dict[str, object]) -> None:
    found = PackageOrder.from_pod(data)
    assert found.to_pod() == data
    assert found == PackageOrder.from_pod(found.to_pod())
    assert hash(found) == hash(PackageOrder.from_pod(found.to_pod()))
    assert found != SortedOrder(True, ["other"])
    assert str(data["type"]) in repr(found)


def test_plain_data_of_a_list_comes_back() -> None:
    found = PackageOrderList.from_pod(PLAIN)
    assert found.to_pod() == PLAIN
    assert found == PackageOrderList.from_pod(found.to_pod())
    assert hash(found) == hash(PackageOrderList.from_pod(found.to_pod()))


@pytest.mark.parametrize(
    ("data", "packages"),
    [({}, ("*",)), ({"packages": None}, ("*",)), ({"packages": "foo"}, ("foo",)), ({"packages": []}, ()), ({"packages": ["b", "a", "b"]}, ("a", "b"))],
)  # fmt: skip
def test_packages_in_plain_data(data: dict[str, object], packages: tuple[str, ...]) -> None:
    assert PackageOrder.from_pod({"type": "no_order", **data}).packages == packages


def test_a_name_twice_in_per_family_has_the_last() -> None:
    data = [
        {"type": "sorted", "descending": False, "packages": ["foo"]},
        {"type": "no_order", "packages": ["foo", "bar"]},
    ]
    assert order(PackageOrder.from_pod({"type": "per_family", "orderers": data}), VERSIONS) == "1 3 2 2.5 4"


@pytest.mark.parametrize(
    "data",
    [
        {}, {"type": "what"}, {"type": 1}, "sorted", {"type": "sorted"}, {"type": "sorted", "descending": 1}, {"type": "version_split"},
        {"type": "version_split", "first_version": 2.0}, {"type": "version_split", "first_version": "1..2"}, {"type": "soft_timestamp"},
        {"type": "soft_timestamp", "timestamp": "abc"}, {"type": "soft_timestamp", "timestamp": True}, {"type": "per_family"},
        {"type": "per_family", "orderers": [{"type": "no_order"}]}, {"type": "no_order", "packages": 3},
        {"type": "per_family", "orderers": {}},
    ],
    ids=str,
)  # fmt: skip
def test_plain_data_of_no_orderer(data: dict[str, object]) -> None:
    with pytest.raises(InvalidOrdererError) as caught:
        PackageOrder.from_pod(data)
    assert isinstance(caught.value, ResolveError)
