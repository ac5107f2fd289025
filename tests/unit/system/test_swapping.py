"""One folder takes the place of another."""

from __future__ import annotations

import ctypes
import os
from typing import TYPE_CHECKING

import pytest

from rezup.system.swapping import put_in_place

if TYPE_CHECKING:
    from pathlib import Path


def folder(path: Path, text: str) -> Path:
    path.mkdir()
    (path / "file").write_text(text)
    return path


@pytest.fixture(params=["at once", "one after the other"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """With and without the system call that swaps names."""
    if request.param == "one after the other":
        monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())


@pytest.mark.usefixtures("way")
def test_a_free_name_is_taken(tmp_path: Path) -> None:
    new = folder(tmp_path / "new", "new")
    assert not put_in_place(new, tmp_path / "place")
    assert (tmp_path / "place/file").read_text() == "new"
    assert os.listdir(tmp_path) == ["place"]


@pytest.mark.usefixtures("way")
def test_what_was_there_has_the_other_name_then(tmp_path: Path) -> None:
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old")
    assert put_in_place(new, place)
    assert (place / "file").read_text() == "new"
    assert (new / "file").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["new", "place"]


@pytest.mark.usefixtures("way")
def test_an_empty_folder_is_no_obstacle(tmp_path: Path) -> None:
    new = folder(tmp_path / "new", "new")
    (tmp_path / "place").mkdir()
    put_in_place(new, tmp_path / "place")
    assert (tmp_path / "place/file").read_text() == "new"


@pytest.mark.usefixtures("way")
def test_what_cannot_be_put_there_changes_nothing(tmp_path: Path) -> None:
    place = folder(tmp_path / "place", "old")
    with pytest.raises(OSError, match="o such"):
        put_in_place(tmp_path / "none", place)
    assert (place / "file").read_text() == "old"
    assert os.listdir(tmp_path) == ["place"]
