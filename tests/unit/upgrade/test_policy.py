"""Which versions are taken."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rezup.upgrade import policy
from rezup.upgrade.sources.base import Release


def release(version: str, **changes: Any) -> Release:
    return Release(Version(version), f"rezup-api=={version}", **changes)


def newest(
    *releases: Release, installed: str = "3.4.0", held: str | None = None, allowed: str = "~=3.4"
) -> str | None:
    found = policy.newest(
        releases, installed=Version(installed), allowed=SpecifierSet(allowed), python="3.11.7",
        held=None if held is None else Version(held),
    )  # fmt: skip
    return None if found is None else str(found.version)


def test_the_newest_by_value_not_as_text() -> None:
    assert newest(release("3.9.0"), release("3.10.0"), release("3.4.9")) == "3.10.0"


@pytest.mark.parametrize("version", ["3.3.9", "3.4.0", "3.4", "2.9.0"])
def test_nothing_that_is_not_newer(version: str) -> None:
    assert newest(release(version)) is None
    assert newest() is None


@pytest.mark.parametrize(
    "version", ["3.5.0rc1", "3.5.0.dev1", "3.5.0a2", "3.5.0.post1", "3.5.0+local", "4.0.0", "1!3.5.0"]
)
def test_nothing_that_may_not_be_taken_by_its_number(version: str) -> None:
    assert newest(release(version), release("3.4.1"), allowed="") == "3.4.1"


def test_nothing_that_its_publisher_or_this_machine_rules_out() -> None:
    assert newest(release("3.5.0", is_yanked=True)) is None
    assert newest(release("3.5.0", requires_python=">=3.12")) is None
    assert newest(release("3.5.0", requires_python="nonsense")) is None
    assert newest(release("3.5.0", requires_python=">=3.10,<3.12")) == "3.5.0"
    assert newest(release("3.5.0"), allowed="~=3.4,<3.5") is None


def test_what_was_rolled_back_is_not_taken_nor_what_is_older() -> None:
    both = release("3.5.0"), release("3.4.5")
    assert newest(*both, held="3.5.0") is None
    assert newest(*both, release("3.5.1"), held="3.5.0") == "3.5.1"
    assert newest(*both, held="3.4.5") == "3.5.0"
    assert newest(*both, installed="3.4.9", held="3.4.5") == "3.5.0"


def test_the_newest_final_of_all_major_versions() -> None:
    found = policy.newest_final(
        [release("3.5.0"), release("4.0.0"), release("5.0.0rc1"), release("6.0.0", is_yanked=True),
         release("7.0.0", requires_python=">=3.99")],
        "3.11.7",
    )  # fmt: skip
    assert found == Version("4.0.0")
    assert policy.newest_final([], "3.11.7") is None
