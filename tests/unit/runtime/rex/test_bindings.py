"""Versions, packages and ranges as commands see them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rezup.resolver.ranges import VersionRange
from rezup.resolver.version import Version
from rezup.runtime.config import load_config
from rezup.runtime.rex.bindings import OptionVars, PackageBinding, Resolve, VersionBinding, intersects
from support import rex_worlds

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.package import Variant


@pytest.fixture
def maya(tmp_path: Path) -> PackageBinding:
    rex_worlds.write(tmp_path, rex_worlds.PACKAGES)
    variant = rex_worlds.variant(str(tmp_path), load_config({}), "maya", "2022.1", 1)
    return PackageBinding(variant, "/r", None, lambda each: each)


def test_a_version() -> None:
    version = VersionBinding(Version("1.02.0.3alpha"))
    assert (version.major, version.minor, version.patch, version[3], version[4]) == (
        1,
        "02",
        0,
        "3alpha",
        None,
    )
    assert version[-1] == "3alpha"
    assert version[:2] == (1, "02")
    assert version.as_tuple() == (1, "02", 0, "3alpha")
    assert len(version) == 4
    assert str(version) == "1.02.0.3alpha"
    assert [str(token) for token in version] == ["1", "02", "0", "3alpha"]
    assert not VersionBinding(Version(""))
    assert VersionBinding(Version("")).major is None
    with pytest.raises(AttributeError, match="version 1 has no attribute 'micro'"):
        _ = VersionBinding(Version("1")).micro


def test_a_package(maya: PackageBinding) -> None:
    assert str(maya) == "maya-2022.1"
    assert maya.root == "/r"
    assert maya.version.major == 2022
    assert (maya.name, maya.index, maya.tools) == ("maya", 1, ["maya", "mayapy"])
    assert maya.later == "late maya in False"
    with pytest.raises(AttributeError, match=r"package maya-2022\.1 has no attribute 'nothing'"):
        _ = maya.nothing


def test_a_package_is_bound_to_the_environment_once(maya: PackageBinding) -> None:
    asked: list[Variant] = []

    def bind(variant: Variant) -> Variant:
        asked.append(variant)
        return variant

    binding = PackageBinding(maya._variant, None, "/cached", bind)
    assert binding.name == binding.parent.name == "maya"
    assert len(asked) == 1


def test_the_packages_of_an_environment(maya: PackageBinding) -> None:
    resolve = Resolve({"maya": maya})
    assert resolve.maya is resolve["maya"] is resolve.get("maya") is maya
    assert "maya" in resolve
    assert "nuke" not in resolve
    assert resolve.get("nuke") is None
    assert resolve.get("nuke", 1) == 1
    for ask in (lambda: resolve.nuke, lambda: resolve["nuke"]):
        with pytest.raises(AttributeError, match="there is no package 'nuke' in the environment"):
            ask()


@pytest.mark.parametrize(
    ("found", "wanted", "answer"), [
        ("maya-2020+", "2022", True), ("maya-2020", "2022", False), ("!maya-2020", "2020", False), ("~maya", "1", False),
        (VersionRange("1+<3"), "2", True), (VersionBinding(Version("2.1")), "2", True),
        (VersionBinding(Version("2.1")), "3+", False),
    ],
)  # fmt: skip
def test_intersects(found: Any, wanted: str, answer: bool) -> None:
    assert intersects(found, wanted) is answer


def test_intersects_with_a_package(maya: PackageBinding) -> None:
    assert intersects(maya, "2022+")
    assert not intersects(maya, "<2022")


@pytest.mark.parametrize("found", [None, 5, ["maya"]])
def test_intersects_with_what_has_no_range(found: Any) -> None:
    with pytest.raises(TypeError, match=rf"can't compare {type(found).__name__} with a range"):
        intersects(found, "1")


def test_option_variables() -> None:
    option = OptionVars(lambda: {"a": {"b": 1, "c": None}, "d": "e"})
    assert (option("a.b"), option("a.c", 2), option("d"), option("x"), option("a.x", 3)) == (
        1,
        None,
        "e",
        None,
        3,
    )
    with pytest.raises(TypeError, match=r"optionvar 'd\.f': 'd' is no dictionary"):
        option("d.f")
    assert OptionVars(lambda: None)("x") is None
