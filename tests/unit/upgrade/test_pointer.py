"""The file that names the library to use: what is written is what a start reads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from packaging.specifiers import SpecifierSet
from packaging.version import Version

from rezup.upgrade import libraries, pointer
from rezup.upgrade.installation import Installation
from rezup.upgrade.pointer import Pointer, read_pointer, write_pointer
from rezup_cli import bootstrap, handover

if TYPE_CHECKING:
    from pathlib import Path

KEY = "cpython-311-linux-x86_64:somewhere"


def installation(folder: Path) -> Installation:
    init = folder / "rezup" / "__init__.py"
    init.parent.mkdir(parents=True, exist_ok=True)
    init.write_text('__version__ = "3.4.0"\n')
    return Installation(
        Version("3.4.0"), Version("3.4.0"), SpecifierSet("~=3.4"), init, (str(folder),), None, "pip install"
    )


def test_comes_back_as_it_was_written(tmp_path: Path) -> None:
    for written in (
        Pointer(),
        Pointer("3.5.0"),
        Pointer("3.6.0", "3.5.0", held="3.7.0"),
        Pointer(held="3.5.0"),
    ):
        write_pointer(tmp_path / "api", KEY, written, installation(tmp_path))
        assert read_pointer(tmp_path / "api", KEY) == written


def test_a_start_reads_the_same(tmp_path: Path) -> None:
    write_pointer(tmp_path, KEY, Pointer("3.5.0", "3.4.5"), installation(tmp_path))
    place = bootstrap.Place(str(tmp_path), KEY, False, str(tmp_path / "stamp"))
    read = bootstrap.read_pointer(place)
    assert read is not None
    assert (read["version"], read["previous"]) == ("3.5.0", "3.4.5")
    assert bootstrap.read_pointer(place._replace(installation="another")) is None
    assert bootstrap.read_pointer(place._replace(folder=str(tmp_path / "nowhere"))) is None


def test_both_sides_use_the_same_names() -> None:
    assert (bootstrap.POINTER, bootstrap.FORMAT) == (pointer.POINTER, pointer.FORMAT)
    assert bootstrap.LEASE == libraries.LEASE
    assert handover.COMPLETE == libraries.COMPLETE


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "7", "null", '{"format": 1}', "[" * 60_000, '{"format": 2, "installation": "KEY"}',
     '{"format": 1, "installation": "KEY", "version": "../x"}', '{"format": 1, "installation": "KEY", "version": 3}',
     '{"format": 1, "installation": "KEY", "version": "3.5.0", "held": "v3"}',
     '{"format": 1, "installation": "other", "version": "3.5.0"}'],
    ids=lambda text: text[:40],
)  # fmt: skip
def test_anything_else_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "current.json").write_text(text.replace("KEY", KEY))
    assert read_pointer(tmp_path, KEY) == Pointer()


def test_it_is_readable_by_all_and_writable_by_one(tmp_path: Path) -> None:
    write_pointer(tmp_path / "api", KEY, Pointer("3.5.0"), installation(tmp_path))
    assert (tmp_path / "api" / "current.json").stat().st_mode & 0o777 == 0o644
    assert json.loads((tmp_path / "api" / "current.json").read_text())["format"] == 1


def test_a_folder_that_can_not_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "api").write_text("in the way")
    with pytest.raises(OSError, match=r".+"):
        write_pointer(tmp_path / "api", KEY, Pointer("3.5.0"), installation(tmp_path))
