"""The repository that is given its packages."""

from __future__ import annotations

from rezup.resolver.repository import LateBinding, MemoryRepository, PackageRecord
from rezup.resolver.version import Version


def test_families_and_their_versions() -> None:
    records = [
        PackageRecord("b", Version("2")),
        PackageRecord("a", Version("")),
        PackageRecord("b", Version("1")),
    ]
    repository = MemoryRepository(iter(records), location="memory@studio")
    assert repository.location == "memory@studio"
    assert list(repository.families()) == ["b", "a"]
    assert list(repository.family("b")) == [records[0], records[2]]
    assert list(repository.family("c")) == []


def test_a_record_needs_a_name_and_a_version_only() -> None:
    record = PackageRecord("a", Version("1"))
    assert record[2:] == ((), (), (), 0, "", None)


def test_late_requirements_see_the_request() -> None:
    def late(binding: LateBinding) -> list[str]:
        return ["gui"] if "maya" in binding.request else []

    record = PackageRecord("a", Version("1"), late=late)
    assert record.late is not None
    assert record.late(LateBinding(("maya",), building=True)) == ["gui"]
    assert record.late(LateBinding(("nuke",))) == []
