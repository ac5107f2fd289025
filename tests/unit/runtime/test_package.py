"""Packages and variants: what conformance can't show."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest

from rezup.errors import PackageDefinitionError
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.package import Package


def package(folder: Path, text: str) -> Package:
    path = folder / "foo" / "1.2" / "package.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(textwrap.dedent(text), encoding="utf-8")
    found = FilesystemRepository(str(folder), load_config({"HOME": str(folder)})).package("foo", "1.2")
    assert found is not None
    return found


def test_attributes(tmp_path: Path) -> None:
    found = package(tmp_path, "tools = ['a']\nown = 3\n_private = 4\n")
    assert (found.tools, found.own, found._private, found.authors) == (["a"], 3, 4, None)
    assert found.keys_of_its_own == {"own", "_private"}
    assert found.get("own") == 3
    assert found.get("nope", 5) == 5
    assert repr(found) == f"Package({str(tmp_path / 'foo' / '1.2' / 'package.py')!r})"
    with pytest.raises(AttributeError, match=r"package foo-1\.2 has no attribute nope"):
        _ = found.nope


def test_a_mistake_harms_only_who_needs_the_attribute(tmp_path: Path) -> None:
    found = package(tmp_path, "tools = 'a'\nrequires = ['b']\n")
    assert [str(each) for each in found.requires] == ["b"]
    with pytest.raises(PackageDefinitionError, match="tools can't be used"):
        _ = found.tools
    with pytest.raises(PackageDefinitionError, match="tools can't be used"):
        found.validate()
    package(tmp_path, "tools = ['a']\nname = 3\n").validate()


def test_commands_know_where_they_stand(tmp_path: Path) -> None:
    found = package(tmp_path, "name = 'foo'\n\n@include('a', 'b')\ndef commands():\n    env.A = 1\n")
    source = found.commands
    assert (source.text, source.name, source.line, source.path) == ("env.A = 1", "commands", 3, found.uri)
    assert (source.includes, source.is_late, source.as_function) == (("a", "b"), False, False)
    assert callable(source.function)


def test_commands_of_rez_1_are_refused(tmp_path: Path) -> None:
    found = package(tmp_path, "commands = ['export A=1']\npre_commands = 'env.A = 1'\n")
    with pytest.raises(PackageDefinitionError, match="commands can't be used: a list is the way of Rez 1"):
        _ = found.commands
    assert (found.pre_commands.text, found.pre_commands.path) == ("env.A = 1", found.uri)


def test_a_package_has_the_uri_that_its_file_would_have(tmp_path: Path) -> None:
    (tmp_path / "foo" / "1").mkdir(parents=True)
    found = FilesystemRepository(str(tmp_path), load_config({"HOME": str(tmp_path)})).package("foo", "1")
    assert found is not None
    assert found.uri == str(tmp_path / "foo" / "1" / "package.py")


def test_the_text_stays_when_the_file_changes(tmp_path: Path) -> None:
    found = package(tmp_path, "def commands():\n    first()\n")
    source = found.commands
    package(tmp_path, "x = 1\n")
    assert source.text == "first()"


def test_late_attributes_run_once_for_the_package_and_once_for_each_variant(tmp_path: Path) -> None:
    found = package(
        tmp_path,
        """
        variants = [['a'], ['b']]
        calls = []
        @late()
        def who():
            this.calls.append(this.is_variant)
            return (this.name, getattr(this, 'index', None))
        """,
    )
    assert (found.who, found.who) == (("foo", None), ("foo", None))
    first, second = found.variants_of_it()
    assert (first.who, first.who, second.who) == (("foo", 0), ("foo", 0), ("foo", 1))
    assert found.calls == [False, True, True]


def test_variants(tmp_path: Path) -> None:
    found = package(tmp_path, "requires = ['r']\nvariants = [['a-1', 'b'], ['!c-2']]\n")
    first = found.variant(0)
    assert first is not None
    assert found.variant(2) is None
    assert (first.uri, first.qualified_name, first.subpath) == (
        f"{found.uri}[0]",
        "foo-1.2[0]",
        os.path.join("a-1", "b"),
    )
    assert first.root == str(tmp_path / "foo" / "1.2" / "a-1" / "b")
    assert [str(each) for each in first.requires] == ["r", "a-1", "b"]
    with pytest.raises(AttributeError):
        _ = first.nope


def test_hashed_variants_use_short_links(tmp_path: Path) -> None:
    found = package(tmp_path, "hashed_variants = True\nvariants = [['a']]\n")
    variant = found.variant(0)
    assert variant is not None
    digest = "9f6f0aa2b1f07ae6be2a4e5e1d3f8f9f3f3b7fd0"
    assert variant.subpath == variant.long_subpath != digest
    links = tmp_path / "foo" / "1.2" / "_v"
    links.mkdir()
    os.symlink(digest, links / "other")
    os.symlink(os.path.join(os.pardir, str(variant.long_subpath)), links / "a")
    assert variant.subpath == os.path.join("_v", "a")
    assert variant.root == str(links / "a")


def test_a_variant_without_requirements_lies_in_the_package_folder(tmp_path: Path) -> None:
    # Rez raises a TypeError here.
    variant = package(tmp_path, "variants = [[]]\n").variant(0)
    assert variant is not None
    assert variant.subpath == ""
    assert variant.root == os.path.join(tmp_path, "foo", "1.2", "")
