"""One folder takes the place of another."""

from __future__ import annotations

import ctypes
import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.system import swapping
from rezup.system.leftovers import parse
from rezup.system.swapping import put_in_place, swap

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
        by_two_renames(monkeypatch)


def by_two_renames(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on file systems that can't swap."""
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


@pytest.mark.usefixtures("way")
def test_where_nothing_is_there_is_nothing_to_swap_with(tmp_path: Path) -> None:
    new = folder(tmp_path / "new", "new")
    assert not swap(new, tmp_path / "place")
    assert os.listdir(tmp_path) == ["new"]


@pytest.mark.usefixtures("way")
@pytest.mark.skipif(os.name == "nt", reason="folders can't be held open there")
def test_a_link_in_the_place_of_the_folder_of_both_leads_nowhere(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.mkdir()
    folder(victim / "new", "new")
    folder(victim / "place", "old")
    (tmp_path / "container").symlink_to(victim)
    with pytest.raises(OSError, match=r"irectory|symbolic"):
        swap(tmp_path / "container" / "new", tmp_path / "container" / "place")
    assert (victim / "new/file").read_text() == "new"
    assert (victim / "place/file").read_text() == "old"


def test_a_folder_that_is_reached_by_a_link_is_that_folder(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    folder(tmp_path / "real/new", "new")
    folder(tmp_path / "real/place", "old")
    assert put_in_place(tmp_path / "link/new", tmp_path / "link/place")
    assert (tmp_path / "real/place/file").read_text() == "new"


@pytest.mark.parametrize("broken", [ImportError, OSError, AttributeError])
def test_a_python_without_a_way_to_call_the_system_does_it_by_renames(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, broken: type[Exception]
) -> None:
    if broken is ImportError:
        monkeypatch.setitem(sys.modules, "ctypes", None)
    else:

        def fails(*_: Any, **__: Any) -> None:
            raise broken

        monkeypatch.setattr(ctypes, "CDLL", fails)
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old")
    assert put_in_place(new, place)
    assert (place / "file").read_text() == "new"
    assert (new / "file").read_text() == "old"


# -- a moment without one ------------------------------------------------------------------------


class Renames:
    """Does something before the rename of a number, counted from one."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, number: int, deed: Any) -> None:
        self.seen: list[tuple[str, str]] = []
        self._number, self._deed, self._rename = number, deed, os.rename
        by_two_renames(monkeypatch)
        monkeypatch.setattr(os, "rename", self)

    def __call__(self, source: Any, target: Any, **options: Any) -> None:
        self.seen.append((source, target))
        if len(self.seen) == self._number:
            self._deed()
        self._rename(source, target, **options)


def fails() -> None:
    raise OSError(5, "Input/output error")


def interrupts() -> None:
    raise KeyboardInterrupt


@pytest.mark.skipif(os.name == "nt", reason="renames by their paths there")
@pytest.mark.parametrize(("deed", "error"), [(fails, OSError), (interrupts, KeyboardInterrupt)])
def test_the_old_one_comes_back_where_the_new_one_can_not_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, deed: Any, error: type[BaseException]
) -> None:
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old")
    renames = Renames(monkeypatch, 2, deed)
    with pytest.raises(error):
        swap(new, place)
    assert [target for _, target in renames.seen[1:]] == ["place", "place"]
    assert (place / "file").read_text() == "old"
    assert sorted(os.listdir(tmp_path)) == ["new", "place"]


@pytest.mark.skipif(os.name == "nt", reason="renames by their paths there")
def test_what_somebody_else_put_there_meanwhile_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old")
    Renames(monkeypatch, 2, lambda: folder(place, "theirs"))
    assert not swap(new, place)
    assert (place / "file").read_text() == "theirs"
    assert sorted(os.listdir(tmp_path)) == ["new", "place"]


@pytest.mark.skipif(os.name == "nt", reason="renames by their paths there")
def test_a_new_one_that_is_there_is_no_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old")
    Renames(monkeypatch, 3, fails)
    assert swap(new, place)
    assert (place / "file").read_text() == "new"
    assert os.listdir(tmp_path) == ["place"]


@pytest.mark.skipif(os.name == "nt", reason="renames by their paths there")
def test_the_name_in_between_tells_what_it_was_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new, place = folder(tmp_path / "new", "new"), folder(tmp_path / "a b\"c'é-1", "old")
    renames = Renames(monkeypatch, 0, None)
    assert swap(new, place)
    told = parse(renames.seen[0][1])
    assert told is not None
    assert (told.kind, told.is_ours, told.pid, told.called) == ("aside", True, os.getpid(), place.name)


def test_macos_is_asked_in_its_own_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What can't be run here: the call is the same one but for its name."""
    asked: list[tuple[str, int]] = []

    class Library:
        def __getattr__(self, name: str) -> Any:
            def call(one: int, new: bytes, other: int, place: bytes, flags: int) -> int:
                assert one == other
                assert (new, place) == (b"new", b"place")
                asked.append((name, flags))
                return 0

            return call

    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: Library())
    monkeypatch.setattr(swapping.sys, "platform", "darwin")
    assert swap(folder(tmp_path / "new", "new"), folder(tmp_path / "place", "old"))
    assert asked == [("renameatx_np", 2)]
