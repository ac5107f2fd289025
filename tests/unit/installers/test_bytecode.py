"""Byte-code and its cache."""

from __future__ import annotations

import marshal
import os
import types
import zipfile
from pathlib import Path
from typing import Any

import pytest

from rezup.installers.bytecode import BUCKET, Compiled, complete
from rezup.installers.distributions import read_distributions
from rezup.installers.programs import Workplace
from rezup.reporting import Reporter
from rezup.system.interpreters import running
from support.wheels import write_wheel

pytestmark = pytest.mark.skipif(os.name == "nt", reason="an environment of POSIX")

FILES = {
    "pack/__init__.py": "def where():\n    return __file__\n",
    "pack/bad.py": "print 'old'\n",
    "pack/two.py": "b = 2\n",
}


class Environment:
    """A folder that looks enough like a virtual environment, with one distribution."""

    def __init__(self, root: Path, wheel: Path) -> None:
        self.root = root
        base = running().base
        self.site = root / "lib" / f"python{base.release[0]}.{base.release[1]}" / "site-packages"
        self.site.mkdir(parents=True)
        (root / "bin").mkdir()
        (root / "bin/python").symlink_to(base.path)
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(self.site)
        (self.site / "loose.py").write_text("c = 3\n")

    def complete(self, folder: Path, cache: Path | None, **options: Any) -> Compiled:
        folder.mkdir(exist_ok=True)
        work = Workplace(folder, {"PYTHONPATH": "/hostile"}, folder / "log", Reporter(), str)
        found = read_distributions(self.site)
        return complete(self.root, self.site, running().base, found, workplace=work, cache=cache, **options)

    def code(self, name: str) -> types.CodeType:
        (path,) = (self.site / name).parent.glob(f"__pycache__/{Path(name).stem}.*.pyc")
        data = path.read_bytes()
        assert data[4:8] == b"\x01\0\0\0"
        code = marshal.loads(data[16:])
        assert isinstance(code, types.CodeType)
        return code


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    return write_wheel(tmp_path / "wheels", "pack", "1", FILES)


def entries(cache: Path) -> list[Path]:
    return sorted((cache / BUCKET).rglob("*.pyc-pack"))


def files_of(result: Compiled) -> tuple[int, int]:
    return result.restored, result.compiled


def test_compiles_all_that_compiles(tmp_path: Path, wheel: Path) -> None:
    world = Environment(tmp_path / "venv", wheel)
    assert files_of(world.complete(tmp_path / "cwd", None)) == (0, 4)
    assert len(list(world.site.rglob("*.pyc"))) == 3
    code = world.code("pack/__init__.py")
    assert code.co_filename == str(world.site.relative_to(world.root) / "pack/__init__.py")
    assert not list((tmp_path / "cwd").glob("modules-*"))


def test_second_time_comes_from_the_cache(tmp_path: Path, wheel: Path) -> None:
    cache = tmp_path / "cache"
    first = Environment(tmp_path / "one", wheel)
    first.complete(tmp_path / "cwd", cache)
    assert len(entries(cache)) == 1
    second = Environment(tmp_path / "two", wheel)
    assert files_of(second.complete(tmp_path / "cwd", cache)) == (2, 1)  # what fails is not tried again
    names = {str(path.relative_to(first.site)) for path in first.site.rglob("*.pyc")}
    assert {str(path.relative_to(second.site)) for path in second.site.rglob("*.pyc")} == names
    for name in names:
        assert (first.site / name).read_bytes() == (second.site / name).read_bytes()


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "zeros", "writable"])
def test_damaged_entry_is_made_anew(tmp_path: Path, wheel: Path, damage: str) -> None:
    cache = tmp_path / "cache"
    Environment(tmp_path / "one", wheel).complete(tmp_path / "cwd", cache)
    (entry,) = entries(cache)
    good = entry.read_bytes()
    bad = {
        "truncated": good[:-5],
        "flipped": good[:-5] + b"x" + good[-4:],
        "empty": b"",
        "zeros": bytes(len(good)),
    }
    entry.write_bytes(bad.get(damage, good))
    if damage == "writable":
        entry.chmod(0o666)
    world = Environment(tmp_path / "two", wheel)
    assert world.complete(tmp_path / "cwd", cache).restored == 0
    assert world.code("pack/two.py").co_names == ("b",)
    assert entry.read_bytes() == good
    assert entry.stat().st_mode & 0o022 == 0


def test_record_that_lies_does_not_enter_the_cache(tmp_path: Path, wheel: Path) -> None:
    from support.wheels import digest

    true = {name: digest(text.encode()) for name, text in FILES.items()}
    liar = write_wheel(tmp_path / "evil", "pack", "1", {**FILES, "pack/two.py": "b = 'evil'\n"}, hashes=true)
    cache = tmp_path / "cache"
    world = Environment(tmp_path / "one", liar)
    world.complete(tmp_path / "cwd", cache)
    assert "evil" in world.code("pack/two.py").co_consts
    assert entries(cache) == []


def test_other_sources_have_another_entry(tmp_path: Path, wheel: Path) -> None:
    cache = tmp_path / "cache"
    Environment(tmp_path / "one", wheel).complete(tmp_path / "cwd", cache)
    other = write_wheel(tmp_path / "more", "pack", "1", {**FILES, "pack/two.py": "z = 2\n"})
    world = Environment(tmp_path / "two", other)
    assert world.complete(tmp_path / "cwd", cache).restored == 0
    assert world.code("pack/two.py").co_names == ("z",)
    assert len(entries(cache)) == 2


def test_cache_that_can_not_be_written_is_done_without(tmp_path: Path, wheel: Path) -> None:
    cache = tmp_path / "cache"
    cache.write_text("a file")
    assert files_of(Environment(tmp_path / "one", wheel).complete(tmp_path / "cwd", cache)) == (0, 4)


def test_sources_behind_links_are_left_alone(tmp_path: Path, wheel: Path) -> None:
    world = Environment(tmp_path / "venv", wheel)
    source = tmp_path / "source"
    source.mkdir()
    (source / "mine.py").write_text("")
    (world.site / "linked").symlink_to(source)
    (world.site / "single.py").symlink_to(source / "mine.py")
    world.complete(tmp_path / "cwd", None)
    assert [path.name for path in source.rglob("*")] == ["mine.py"]
    assert not list(world.site.glob("__pycache__/single*"))


def test_what_was_compiled_early_is_kept_and_nothing_else_was_touched(tmp_path: Path, wheel: Path) -> None:
    world = Environment(tmp_path / "one", wheel)
    early = world.complete(tmp_path / "cwd", tmp_path / "cache", others=False)
    assert files_of(early) == (0, 3)
    assert not list(world.site.glob("__pycache__/loose*"))
    late = world.complete(tmp_path / "cwd", tmp_path / "cache", before=early)
    assert files_of(late) == (0, 1)
    assert list(world.site.glob("__pycache__/loose*"))


def test_equal_sources_give_equal_bytes(tmp_path: Path) -> None:
    """Before Python 3.11 a set was written in the order of its hashes, which differs from run to run."""
    text = "def f(option):\n    return option in {" + ", ".join(f"'word{n}'" for n in range(50)) + "}\n"
    wheel = write_wheel(tmp_path / "wheels", "pack", "1", {"pack/m.py": text})
    found = set()
    for number in range(3):
        world = Environment(tmp_path / f"venv{number}", wheel)
        world.complete(tmp_path / "cwd", None)
        (path,) = world.site.glob("pack/__pycache__/m.*")
        found.add(path.read_bytes())
    assert len(found) == 1
