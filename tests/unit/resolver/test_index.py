"""The compiled form of packages: bytes in and out, found damage, small updates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.errors import DamagedIndexError, PackageFamilyNotFoundError, ResolveError
from rezup.resolver.index.family import members
from rezup.resolver.index.stored import StoredIndex, build, update
from rezup.resolver.ranges import VersionRange
from rezup.resolver.repository import LateBinding, MemoryRepository, PackageRecord
from rezup.resolver.solver import Solver
from rezup.resolver.version import Version

if TYPE_CHECKING:
    from collections.abc import Sequence


def package(
    name: str, version: str, *requires: str, variants: Sequence[Sequence[str]] = (), uri: str = ""
) -> PackageRecord:
    return PackageRecord(name, Version(version), requires, tuple(map(tuple, variants)), (), 0, uri)


STUDIO = [
    package("app", "1.0", "lib-1", "python"),
    package("app", "1.1", "lib-2+", variants=[["python-2"], ["python-3"]], uri="here/app/1.1"),
    package("lib", "1.0", "!python-4"),
    package("lib", "2.0", "~os-1", ".feature-1"),
    package("python", "2.7"),
    package("python", "3.1"),
    package("plain", ""),
]


def stored(records: Sequence[PackageRecord]) -> bytes:
    repository = MemoryRepository(records)
    return build(repository.family, repository.families())


def names(packages: object, *request: str) -> list[str]:
    return [str(found) for found in Solver(request, packages).solve().packages]  # type: ignore[arg-type]


def test_an_index_gives_back_its_packages() -> None:
    index = StoredIndex(stored(STUDIO))
    assert index.families() == ["app", "lib", "plain", "python"]
    assert index.family("app") == STUDIO[:2]
    assert index.family("nothing") == ()
    assert index.family("os") == []  # only mentioned


def test_a_resolve_from_bytes_is_one_from_the_repository() -> None:
    repository = MemoryRepository(STUDIO)
    for request in (["app"], ["app-1.0"], ["app", "python-2"], ["plain", "app"]):
        index = StoredIndex(memoryview(stored(STUDIO)))
        assert names(index, *request) == names([repository], *request)
    assert names(index, "app") == ["lib-2.0", "python-3.1", "app-1.1[1]"]


def test_the_record_of_a_resolved_package_has_its_uri() -> None:
    resolution = Solver(["app"], StoredIndex(stored(STUDIO))).solve()
    assert resolution.record(resolution.packages[-1]).uri == "here/app/1.1"


def test_any_damage_is_noticed() -> None:
    data = stored(STUDIO)
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        if 32 - 4 <= place < 32:
            continue  # spare bytes of the head
        with pytest.raises(DamagedIndexError):
            StoredIndex(damaged).verify()


def test_a_part_of_an_index_is_damage() -> None:
    data = stored(STUDIO)
    for size in (0, 5, 31, 40, len(data) // 2, len(data) - 1):
        with pytest.raises(DamagedIndexError):
            StoredIndex(data[:size]).verify()


def test_damage_to_one_family_leaves_the_others_of_use() -> None:
    data = bytearray(stored(STUDIO))
    index = StoredIndex(bytes(data))
    number = index.number("app")
    assert number is not None
    block = bytes(index.block(number, 0))
    data[bytes(data).index(block) + len(block) // 2] ^= 1
    damaged = StoredIndex(data)
    assert names(damaged, "lib-1") == ["lib-1.0"]
    with pytest.raises(DamagedIndexError):
        names(damaged, "app")


def test_an_update_gives_what_a_new_index_would() -> None:
    newer = package("app", "2.0", "lib-2", "tool-1", variants=[["python-3"], ["python-4"]])
    more = [package("tool", "1.5"), package("tool", "2")]
    index = StoredIndex(stored(STUDIO))
    data = update(index, {"app": [*STUDIO[:2], newer], "tool": more})
    updated = StoredIndex(data)
    updated.verify()
    fresh = StoredIndex(stored([*STUDIO, newer, *more]))
    for request in (["app"], ["app-1"], ["tool"], ["app", "tool-1"], ["app", "python-3"]):
        assert names(updated, *request) == names(fresh, *request)
    assert names(updated, "app") == ["lib-2.0", "python-3.1", "tool-1.5", "app-2.0[0]"]


def test_an_update_keeps_the_bytes_of_what_it_does_not_touch() -> None:
    index = StoredIndex(stored(STUDIO))
    updated = StoredIndex(update(index, {"app": STUDIO[:1]}))
    for name in ("lib", "python", "plain"):
        number = index.number(name)
        assert number is not None
        assert updated.number(name) == number
        for block in (0, 3, 6, 9):
            assert bytes(updated.block(number, block)) == bytes(index.block(number, block))


def test_a_new_version_of_what_others_need_is_seen_by_them() -> None:
    index = StoredIndex(stored(STUDIO))
    between = package("python", "3.0.5")
    updated = StoredIndex(update(index, {"python": [*STUDIO[4:6], between, package("python", "3.9")]}))
    assert names(updated, "app") == ["lib-2.0", "python-3.9", "app-1.1[1]"]
    assert "python-3.0.5" in names(updated, "app", "python<3.1")


def test_a_family_that_is_gone_is_not_found() -> None:
    updated = StoredIndex(update(StoredIndex(stored(STUDIO)), {"plain": []}))
    assert "plain" not in updated.families()
    with pytest.raises(PackageFamilyNotFoundError):
        names(updated, "plain")


def test_volatile_packages_replace_stored_ones_for_one_resolve() -> None:
    index = StoredIndex(stored(STUDIO))
    late = [package("app", "5", "lib-1", "newcomer-2"), package("app", "4")]
    volatile = {"app": late, "newcomer": [package("newcomer", "2", "python-2.7")]}
    found = Solver(["app"], index, volatile=volatile).solve()
    assert list(map(str, found.packages)) == ["lib-1.0", "python-2.7", "newcomer-2", "app-5"]
    assert names(index, "app") == ["lib-2.0", "python-3.1", "app-1.1[1]"]


def test_a_volatile_family_sees_what_stored_packages_ask_of_it() -> None:
    index = StoredIndex(stored(STUDIO))
    found = Solver(["app-1.0"], index, volatile={"lib": [package("lib", "1.7"), package("lib", "9")]}).solve()
    assert "lib-1.7" in map(str, found.packages)


def test_late_bound_requirements_see_the_request() -> None:
    seen: list[LateBinding] = []

    def late(binding: LateBinding) -> list[str]:
        seen.append(binding)
        return ["python-2"] if "old" in binding.request else ["python-3"]

    records = [package("app", "1")._replace(late=late)]
    others = [*STUDIO[4:6], package("old", "1")]
    index = StoredIndex(stored(others))
    found = Solver(["app"], index, volatile={"app": records}).solve()
    assert str(found.packages[0]) == "python-3.1"
    found = Solver(["app", "old"], index, volatile={"app": records}, implicits=["old"]).solve()
    assert str(found.packages[0]) == "python-2.7"
    assert seen[-1] == LateBinding(("app", "old"), ("old",), building=False)
    assert names([MemoryRepository([*records, *others])], "app", "old")[0] == "python-2.7"


def test_shared_families_are_not_changed_for_one_resolve() -> None:
    tables = StoredIndex(stored(STUDIO)).tables()
    assert names(tables, "plain") == names(tables, "plain") == ["plain"]
    with pytest.raises(ResolveError):
        Solver(["plain"], tables, building=True)
    with pytest.raises(ResolveError):
        Solver(["plain"], tables, volatile={"plain": []})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", 0b1111),
        ("2", 0b0110),
        ("==2", 0b0010),
        (">2", 0b1100),
        ("<2", 0b0001),
        ("1|3+", 0b1001),
        ("2.0..2.5", 0b0100),
    ],
)
def test_members_of_a_range(text: str, expected: int) -> None:
    versions = ("1", "2", "2.5", "3")
    assert members(VersionRange(text).intervals, versions, ()) == expected
    doubled = sum(0b11 << 2 * place for place in range(4) if expected >> place & 1)
    assert members(VersionRange(text).intervals, versions, (0, 2, 4, 6, 8)) == doubled
