"""Kept definitions: what they said comes back whole, and never once anything has changed."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup.errors import PackageDefinitionError
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.known_definitions import KEPT, KnownDefinitions
from rezup.runtime.source_code import SourceCode

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.place import Place

TEXT = """
requires = ['b-1', '~c']
tools = ['t']
own = {'k': [1, (2, None)], 'é': b'\\0'}
variants = [['d'], ['e', 'f']]
def commands():
    env.A = '{root}'
    if True:
        env.B = 1
@late()
@include('shared')
def later():
    return this.name
"""


def later() -> int:
    """A time at which all that was just written is long settled."""
    return time.time_ns() + 10**10


class Shelf:
    """A repository, and what is kept of it."""

    def __init__(self, folder: Path) -> None:
        self.packages = folder / "packages"
        self.cache = folder / "cache"
        self.config = load_config({"HOME": str(folder)})
        self.clock = later
        self.settings = "settings"

    def write(self, name: str, text: str = TEXT, file: str = "package.py") -> Path:
        path = self.packages / name / "1" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        head = (
            f"name: {name}\nversion: '1'\n" if file.endswith("yaml") else f"name = {name!r}\nversion = '1'\n"
        )
        path.write_text(head + text, encoding="utf-8")
        return path

    def place(self, name: str) -> Place:
        found = FilesystemRepository(str(self.packages), self.config).package(name, "1")
        assert found is not None
        return found.place

    def folder(self, name: str) -> str:
        return str(self.packages / name / "1")

    def known(self) -> KnownDefinitions:
        return KnownDefinitions(str(self.cache), self.settings, self.clock)

    def keep(self, *names: str) -> None:
        """Load definitions and keep them."""
        known = self.known()
        places = [self.place(name) for name in names]
        known.find([self.folder(name) for name in names])
        for place in places:
            try:
                place.data()
            except PackageDefinitionError:
                continue
        known.keep(places)

    def find(self, *names: str) -> dict[str, dict[str, Any]]:
        """What is known, by package."""
        found = self.known().find([self.folder(name) for name in names])
        return {
            os.path.relpath(folder, self.packages).split(os.sep)[0]: data
            for folder, (_, data) in found.items()
        }


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    found = Shelf(tmp_path)
    found.write("a")
    found.write("b", "requires: [a]\ncommands: |\n  env.X = 1\n", "package.yaml")
    return found


def _parts(value: Any) -> Any:
    if isinstance(value, SourceCode):
        return (
            value.text, value.path, value.name, value.line, value.as_function, value.decorators,
            value.compiled().co_code, value.compiled().co_filename,
        )  # fmt: skip
    return value


def test_all_that_was_said_comes_back(shelf: Shelf) -> None:
    shelf.keep("a", "b")
    found = shelf.find("a", "b")
    assert found.keys() == {"a", "b"}
    for name, data in found.items():
        expected = shelf.place(name).data()
        assert {key: _parts(value) for key, value in data.items()} == {
            key: _parts(value) for key, value in expected.items()
        }
    path = shelf.known().find([shelf.folder("a"), shelf.folder("b")])[shelf.folder("b")][0]
    assert path == os.path.join(shelf.folder("b"), "package.yaml")


def test_a_pack_is_for_its_packages_in_their_order(shelf: Shelf) -> None:
    shelf.keep("a", "b")
    assert shelf.find("b", "a") == shelf.find("a") == {}


def test_a_change_of_any_kind_is_seen(shelf: Shelf) -> None:
    shelf.keep("a", "b")
    path = shelf.write("a")  # the same text, written anew
    assert shelf.find("a", "b").keys() == {"b"}
    shelf.keep("a", "b")
    assert shelf.find("a", "b").keys() == {"a", "b"}
    times = path.stat()
    path.write_text(path.read_text().replace("'t'", "'u'"))  # the same size
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert shelf.find("a", "b").keys() == {"b"}
    shelf.keep("a", "b")
    assert shelf.find("a", "b")["a"]["tools"] == ["u"]
    path.unlink()
    assert shelf.find("a", "b").keys() == {"b"}


def test_a_file_that_goes_before_it_is_seen(shelf: Shelf) -> None:
    shelf.keep("a", "b")
    shelf.write("b", "", "package.py")
    assert shelf.find("a", "b").keys() == {"a"}


def test_files_beside_it_are_looked_at(shelf: Shelf) -> None:
    included = shelf.packages / "a/1/.rez/include"
    included.mkdir(parents=True)
    (included / "shared.py").write_text("x = 1\n")
    shelf.keep("a", "b")
    assert "a" in shelf.find("a", "b")
    (included / "shared.py").write_text("x = 2\n")
    assert "a" not in shelf.find("a", "b")
    shelf.keep("a", "b")
    (shelf.packages / "b/1/release.yaml").write_text("timestamp: 5\n")
    assert "b" not in shelf.find("a", "b")


def test_other_settings_are_another_pack(shelf: Shelf) -> None:
    shelf.keep("a")
    shelf.settings = "others"
    assert shelf.find("a") == {}
    shelf.keep("a")
    assert "a" in shelf.find("a")
    shelf.settings = "settings"
    assert shelf.find("a") == {}


def test_what_is_not_settled_is_not_kept(shelf: Shelf) -> None:
    shelf.clock = time.time_ns
    shelf.keep("a", "b")
    assert shelf.find("a", "b") == {}


@pytest.mark.parametrize(
    "text", ["import os\nown = os.environ.get('X')\n", "own = open(__file__).read()\n", "@early()\ndef own():\n    import time\n    return time.time()\n"]
)  # fmt: skip
def test_what_looks_at_anything_else_is_never_kept(shelf: Shelf, text: str) -> None:
    shelf.write("a", text)
    shelf.keep("a", "b")
    assert shelf.find("a", "b").keys() == {"b"}


def test_one_that_cannot_be_loaded_harms_no_other(shelf: Shelf) -> None:
    shelf.write("a", "1 / 0\n")
    shelf.keep("a", "b")
    assert shelf.find("a", "b").keys() == {"b"}


def test_commands_that_cannot_be_compiled_are_kept_as_they_are(shelf: Shelf) -> None:
    shelf.write("a", "def commands():\n    yield 1\n    return\n")
    shelf.keep("a")
    found, expected = shelf.find("a")["a"]["commands"], shelf.place("a").data()["commands"]
    assert found.text == expected.text
    for each in (found, expected):
        with pytest.raises(SyntaxError):
            each.compiled()


@pytest.mark.parametrize("damage", [b"", b"\0" * 40, b"cut"])
def test_a_damaged_pack_is_made_again(shelf: Shelf, damage: bytes) -> None:
    shelf.keep("a", "b")
    (pack,) = shelf.cache.iterdir()
    pack.write_bytes(pack.read_bytes()[:-7] if damage == b"cut" else damage)
    assert shelf.find("a", "b") == {}
    shelf.keep("a", "b")
    assert shelf.find("a", "b").keys() == {"a", "b"}


def test_nothing_is_kept_without_a_place_for_it(shelf: Shelf) -> None:
    known = KnownDefinitions(None, "settings", later)
    place = shelf.place("a")
    place.data()
    known.keep([place])
    assert known.find([shelf.folder("a")]) == {}
    shelf.cache.write_text("a file")
    shelf.keep("a")
    assert shelf.find("a") == {}


def test_the_oldest_packs_go(shelf: Shelf) -> None:
    shelf.cache.mkdir()
    for number in range(KEPT + 5):
        path = shelf.cache / f"{number:04}"
        path.write_bytes(b"")
        os.utime(path, (1000 + number, 1000 + number))
    shelf.keep("a")
    names = sorted(path.name for path in shelf.cache.iterdir())
    assert len(names) == KEPT * 3 // 4
    assert "0000" not in names
    assert f"{KEPT + 4:04}" in names
    assert "a" in shelf.find("a")
