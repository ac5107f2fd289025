"""Package orderers and filters against Rez, live."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
import rez.package_filter as rez_filters
import rez.package_order as rez_orderers
import rez.version as rez
from rez.config import config
from rez.exceptions import ConfigurationError

from rezup.errors import InvalidFilterError
from rezup.resolver.filters import PackageFilterList, Rule
from rezup.resolver.order_keys import Releases
from rezup.resolver.orderers import PackageOrder, PackageOrderList
from rezup.resolver.ranges import VersionRange
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Rez loads its plugins in a way that Python no longer likes.
pytestmark = pytest.mark.filterwarnings("ignore:the load_module:DeprecationWarning")

VERSIONS = [
    "",
    "1",
    "1.0",
    "1.0.0",
    "1.0.1",
    "1.1",
    "1.2.a",
    "1.2",
    "2",
    "2.0",
    "2.0.1",
    "2.1",
    "3.beta",
    "3",
]
RANGES = ["1", "1+", "<2", "==2", "1|3", "", "1.0+<2", ">1.0", "<1|2+", "2.0..3"]
FAMILIES = ["a", "b", "c", "d"]
TIMES = [0, 50, 90, 100, 101, 150, 200]


@pytest.fixture(params=range(4))
def studio(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[tuple[random.Random, list[PackageRecord]]]:
    """Families with versions released in any order, for Rez in a folder."""
    pick = random.Random(request.param)
    records = [
        PackageRecord(name, Version(text), timestamp=pick.choice(TIMES))
        for name in FAMILIES
        for text in pick.sample(VERSIONS[1:], pick.randint(1, 7))
    ]
    for record in records:
        folder = tmp_path / record.name / str(record.version)
        folder.mkdir(parents=True)
        lines = [f"name = {record.name!r}", f"version = {str(record.version)!r}"]
        lines += [f"timestamp = {record.timestamp}"] if record.timestamp else []
        (folder / "package.py").write_text("\n".join(lines) + "\n")
    config.override("packages_path", [str(tmp_path)])
    yield pick, records
    config.remove_override("packages_path")


def one_orderer(pick: random.Random, *, nested: bool = False) -> dict[str, Any]:
    kinds: list[dict[str, Any]] = [
        {"type": "sorted", "descending": pick.random() < 0.5},
        {"type": "no_order"},
        {"type": "version_split", "first_version": pick.choice(VERSIONS[1:])},
        {
            "type": "soft_timestamp",
            "timestamp": pick.choice([1, 80, 100, 130, 900]),
            "rank": pick.randrange(5),
        },
    ]
    data = pick.choice(kinds if nested or pick.random() < 0.8 else [{"type": "per_family"}])
    if data["type"] == "per_family":
        orderers = [one_orderer(pick, nested=True) for _ in range(pick.randint(1, 3))]
        for each in orderers:
            each["packages"] = pick.sample(FAMILIES, pick.randint(1, 3))
        return {"type": "per_family", "orderers": orderers}
    if pick.random() < 0.6:
        data["packages"] = pick.sample([*FAMILIES, "*"], pick.randint(1, 3))
    return data


def test_orderers_put_versions_where_rez_does(studio: tuple[random.Random, list[PackageRecord]]) -> None:
    pick, records = studio
    releases = Releases.of([MemoryRepository(records)])
    compared = 0
    for _ in range(60):
        data = [one_orderer(pick) for _ in range(pick.randint(0, 3))]
        mine, theirs = PackageOrderList.from_pod(data), rez_orderers.PackageOrderList.from_pod(data)
        assert PackageOrderList.from_pod(theirs.to_pod()) == mine
        for name in FAMILIES:
            one, two = mine.get_orderer(name), rez_orderers.get_orderer(name, theirs)
            texts = pick.sample(VERSIONS, len(VERSIONS))
            found = one.reorder(name, texts, Version, releases)
            expected = sorted(texts, key=lambda text: two.sort_key(name, rez.Version(text)), reverse=True)
            assert found == expected, (data, name)
            compared += 1
    assert compared == 240


def rez_range_key(orderer: Any, name: str, text: str) -> Any:
    """DIFFERENT: an open end with a rank crashes in Rez."""
    try:
        return orderer.sort_key(name, rez.VersionRange(text))
    except RuntimeError:
        return None


def test_ranges_compare_as_in_rez_across_orderers(studio: tuple[random.Random, list[PackageRecord]]) -> None:
    pick, records = studio
    releases = Releases.of([MemoryRepository(records)])
    compared = 0
    for _ in range(80):
        data = one_orderer(pick, nested=True), one_orderer(pick, nested=True)
        mine = [PackageOrder.from_pod(each) for each in data]
        theirs = [rez_orderers.from_pod(dict(each)) for each in data]
        texts, names = pick.sample(RANGES, 2), [pick.choice(FAMILIES) for _ in range(2)]
        expected = [rez_range_key(*each) for each in zip(theirs, names, texts, strict=True)]
        if None in expected:
            continue
        found = [
            orderer.range_key(name, VersionRange(text), releases)
            for orderer, name, text in zip(mine, names, texts, strict=True)
        ]
        assert (found[0] == found[1], found[0] < found[1], found[1] < found[0]) == (
            expected[0] == expected[1], expected[0] < expected[1], expected[1] < expected[0],
        ), (data, names, texts)  # fmt: skip
        compared += 1
    assert compared > 40


RULES = [
    "a", "a-1", "a-1+", "a<2", "a==1.0", "!a-1", "~a-1", "~a", "b-1.0+<2|3", "*.beta", "a-*", "a-1.*", "*-2*", "a-1-*", "glob(a)",
    "glob(?-1)", "glob([ab]-2*)", "regex(a)", "regex(a-1)", "regex(.*-2)", "regex([ab]-1)", "regex(^a-1)", "range(a-1|2)", "range(!a)",
    "before(100)", "after(100)", "before(0)", "after(0)", "after( 120)",
]  # fmt: skip
NO_RULES = [
    "after(x)",
    "before(a-10)",
    "what(a)",
    "a-1?",
    "a-[1]",
    "timestamp(1)",
    "a-1 ",
    "a-1 <2",
    "after(1.5)",
]


@pytest.mark.parametrize("text", [*RULES, *NO_RULES])
def test_a_rule_is_read_as_in_rez(text: str) -> None:
    try:
        expected = rez_filters.Rule.parse_rule(text)
    except ConfigurationError:
        with pytest.raises(InvalidFilterError):
            Rule.parse_rule(text)
        return
    found = Rule.parse_rule(text)
    assert (str(found), found.family) == (str(expected), expected.family())


@pytest.mark.parametrize("seed", range(40))
def test_filters_hide_what_they_hide_in_rez(seed: int) -> None:
    pick = random.Random(seed)
    data = [
        {
            "excludes": pick.sample(RULES, pick.randint(0, 3)),
            "includes": pick.sample(RULES, pick.randint(0, 2)),
        }
        for _ in range(pick.randint(0, 3))
    ]
    mine, theirs = PackageFilterList.from_pod(data), rez_filters.PackageFilterList.from_pod(data)
    for _ in range(pick.randrange(3)):
        rule = pick.choice(RULES)
        if pick.random() < 0.5:
            mine = mine.with_exclusion(Rule.parse_rule(rule))
            theirs.add_exclusion(rez_filters.Rule.parse_rule(rule))
        else:
            mine = mine.with_inclusion(Rule.parse_rule(rule))
            theirs.add_inclusion(rez_filters.Rule.parse_rule(rule))
    assert bool(mine) is bool(theirs)
    for name in ("a", "b", "a.b", "A"):
        for text in VERSIONS:
            time = pick.choice(TIMES)
            package = SimpleNamespace(
                name=name,
                version=rez.Version(text),
                timestamp=time or None,
                qualified_name=f"{name}-{text}".rstrip("-"),
            )
            found = mine.excludes(PackageRecord(name, Version(text), timestamp=time))
            assert (found is None) is (theirs.excludes(package) is None), (mine, name, text, time)
