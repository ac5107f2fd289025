"""What late-bound functions see of a resolve, and the modules they include."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.resolver.ranges import VersionRange
from rezup.resolver.requirement import Requirement
from rezup.resolver.version import Version
from rezup.runtime.config import load_config
from rezup.runtime.config.facts import SystemFacts
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.late import EphemeralTexts, RequirementTexts, included, intersects

if TYPE_CHECKING:
    from pathlib import Path


def requirements(*texts: str) -> list[Requirement]:
    return [Requirement(text) for text in texts]


def test_requirements_by_name() -> None:
    request = RequirementTexts(requirements("python-3.9+", "!maya-1", "nuke"))
    assert request.python == request["python"] == request.get("python") == "python-3.9+"
    assert "maya" in request
    assert "houdini" not in request
    assert request.get("houdini") is None
    assert request.get("houdini", "1") == "1"
    assert request.get_range("python") == VersionRange("3.9+")
    assert request.get_range("houdini") is None
    assert request.get_range("houdini", "18") == VersionRange("18")
    assert str(request) == "['python-3.9+', '!maya-1', 'nuke']"
    with pytest.raises(AttributeError, match="houdini: it is not in the request"):
        _ = request.houdini
    with pytest.raises(AttributeError):
        _ = request["houdini"]


def test_ephemerals_go_without_their_dot() -> None:
    ephemerals = EphemeralTexts(requirements(".fast-1"))
    assert "fast" in ephemerals
    assert ephemerals.get_range("fast") == VersionRange("1")
    with pytest.raises(AttributeError, match="slow: there is no such ephemeral"):
        _ = ephemerals.slow


def test_intersects() -> None:
    assert intersects("maya-2020+", "2022")
    assert not intersects("maya-2020", "2022")
    assert not intersects("!maya-2020", "2020")
    assert intersects(VersionRange("1+<3"), "2")
    assert not intersects(None, "2")
    assert intersects(Version("2.1"), "2")
    assert not intersects("~maya", "2")


def test_included_modules(tmp_path: Path) -> None:
    folder = tmp_path / ".rez" / "include"
    folder.mkdir(parents=True)
    (folder / "new.py").write_text("VALUE = 'new'\n")
    (folder / "new.sha1").write_text("abc")
    (folder / "new-123.py").write_text("VALUE = 'not this'\n")
    (folder / "old-456.py").write_text("VALUE = 'old'\n")
    (folder / "bare.py").write_text("VALUE = 'without its digest'\n")
    found = included(("new", "old", "bare", "none"), str(tmp_path))
    assert {name: getattr(module, "VALUE", None) for name, module in found.items()} == {
        "new": "new", "old": "old", "bare": None, "none": None,
    }  # fmt: skip
    assert included(("new",), None) == {"new": None}


def test_versions_of_a_package_have_modules_of_their_own(tmp_path: Path) -> None:
    for version in ("1", "2"):
        folder = tmp_path / "foo" / version / ".rez" / "include"
        folder.mkdir(parents=True)
        (folder / "names.py").write_text(f"TOOL = 'tool{version}'\n")
        (folder / "names.sha1").write_text(version)
        text = "@late()\n@include('names')\ndef tools():\n    return [names.TOOL]\n"
        (tmp_path / "foo" / version / "package.py").write_text(text)
    repository = FilesystemRepository(str(tmp_path), load_config({"HOME": str(tmp_path)}))
    assert [each.tools for each in repository.packages("foo")] == [["tool1"], ["tool2"]]


def test_facts_about_the_machine() -> None:
    facts = SystemFacts({"USER": "me", "HOME": "/home/me"}, lambda: {"arch": {".+": "my arch"}})
    assert (facts.user, facts.home, facts.arch, facts.rez_version) == ("me", "/home/me", "my_arch", "3.4.0")
    assert facts.variant == [f"platform-{facts.platform}", "arch-my_arch", f"os-{facts.os}"]
    assert facts.hostname
    assert facts.shell
