"""What the metadata of an installation says."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from rezup.errors import UpgradeError
from rezup.upgrade.installation import direct_requirements, missing_requirements, read_installation
from support.upgrade_wheels import unpack
from support.wheels import write_wheel


def install(folder: Path, name: str, version: str, *requires: str) -> None:
    package = {"rezup-api": "rezup", "rezup": "rezup_cli"}.get(name, name)
    wheel = write_wheel(
        folder.parent / "wheels", name, version, {f"{package}/__init__.py": ""}, requires=requires
    )
    unpack(wheel, folder)


@pytest.fixture
def site(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    install(site, "rezup-api", "3.4.0", "alpha>=1", "beta; sys_platform == 'other'", "gamma; extra == 'more'")
    install(site, "rezup", "3.4.1", "rezup-api~=3.4", "rezup-api>=3.4.0", "click")
    install(site, "alpha", "1.5", "delta")
    install(site, "delta", "2.0")
    return site


def test_the_versions_and_what_is_allowed(site: Path) -> None:
    found = read_installation(["/nowhere", str(site)], None)
    assert (str(found.library), str(found.command_line)) == ("3.4.0", "3.4.1")
    assert "3.9.0" in found.allowed
    assert "4.0.0" not in found.allowed
    assert found.init_file == site / "rezup" / "__init__.py"
    assert found.editable is None
    assert found.search_path == ("/nowhere", str(site))
    assert f"{sys.executable} -m pip install --upgrade rezup" in found.command.replace('"', "").replace(
        "'", ""
    )


def test_a_library_beside_does_not_count(site: Path, tmp_path: Path) -> None:
    beside = tmp_path / "3.5.0"
    install(beside, "rezup-api", "3.5.0")
    found = read_installation([str(beside), str(site)], str(beside))
    assert str(found.library) == "3.4.0"
    assert str(beside) not in found.search_path


def test_edit_mode(site: Path) -> None:
    document = {"url": "file:///my%20source", "dir_info": {"editable": True}}
    (site / "rezup_api-3.4.0.dist-info" / "direct_url.json").write_text(json.dumps(document))
    assert read_installation([str(site)], None).editable == Path("/my source")
    for other in ("{", "[]", '{"url": "file:///x"}', '{"url": 7, "dir_info": {}}'):
        (site / "rezup_api-3.4.0.dist-info" / "direct_url.json").write_text(other)
        assert read_installation([str(site)], None).editable is None


def test_without_metadata_nothing_is_known(tmp_path: Path) -> None:
    with pytest.raises(UpgradeError, match="was not installed by pip"):
        read_installation([str(tmp_path)], None)


def test_what_is_required_is_found_with_all_it_requires(site: Path, tmp_path: Path) -> None:
    beside = tmp_path / "3.5.0"
    install(
        beside, "rezup-api", "3.5.0", "alpha>=1", "beta; sys_platform == 'other'", "gamma; extra == 'more'"
    )
    needed, missing = missing_requirements(beside, [str(site)])
    assert (sorted(needed), missing) == (["alpha", "delta"], [])
    assert direct_requirements(beside) == ["alpha>=1"]


@pytest.mark.parametrize(
    "requirement", ["alpha>=2", "omega", "omega>=1.0", "alpha[fast]", "alpha @ https://x.invalid/a.whl"]
)
def test_what_is_missing_or_too_old(site: Path, tmp_path: Path, requirement: str) -> None:
    beside = tmp_path / "3.5.0"
    install(beside, "rezup-api", "3.5.0", requirement, "delta")
    needed, missing = missing_requirements(beside, [str(site)])
    assert (needed, len(missing)) == (["delta"], 1)


def test_what_is_in_edit_mode_is_not_copied(site: Path, tmp_path: Path) -> None:
    document = {"url": "file:///x", "dir_info": {"editable": True}}
    (site / "alpha-1.5.dist-info" / "direct_url.json").write_text(json.dumps(document))
    beside = tmp_path / "3.5.0"
    install(beside, "rezup-api", "3.5.0", "alpha")
    assert missing_requirements(beside, [str(site)]) == ([], ["alpha"])
