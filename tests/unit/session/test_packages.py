"""`Packages`: what a caller of the library gets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup import Session
from rezup.errors import (
    PackageDefinitionError,
    PackageFamilyNotFoundError,
    PackageLocationError,
    ResolveError,
)
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.version import Version
from rezup.session import Packages
from support.listeners import Listener

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.resolver.repository import LateBinding


class Studio:
    """A repository, and calls as of processes that begin when all written before is settled."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "packages"
        self.environ = {
            "HOME": str(folder),
            "REZ_PACKAGES_PATH": str(self.folder),
            "REZ_IMPLICIT_PACKAGES": "",
        }
        self.reporter = Listener()

    def write(self, name: str, text: str = "") -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def package(self, name: str, text: str = "") -> Path:
        return self.write(f"{name}/package.py", text)

    def packages(self, **options: Any) -> Packages:
        return Packages(
            self.environ, reporter=self.reporter, clock=lambda: time.time_ns() + 10**10, **options
        )

    def names(self, *request: str, **options: Any) -> list[str]:
        resolved = self.packages().resolve(request, **options)
        assert resolved.resolution.is_solved
        return list(map(str, resolved.resolution.packages))


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path)
    made.package("python/2.7")
    made.package("python/3.9")
    made.package("tool/1", "requires = ['python-3']\nbuild_requires = ['cmake']\n")
    made.package("cmake/3", "")
    return made


def test_a_value_that_tells_all(studio: Studio) -> None:
    studio.environ["REZ_IMPLICIT_PACKAGES"] = "~python-3"
    studio.write("many.py", "versions = ['1', '2']\nvariants = [['python-2'], ['python-3']]\n")
    found = studio.packages().resolve(["many", ".x-1"])
    assert found.request == ("many", ".x-1", "~python-3")
    assert found.implicit == ("~python-3",)
    assert found.paths == (str(studio.folder),)
    assert found.uris == (
        f"{studio.folder}/python/3.9/package.py[]",
        f"{studio.folder}/many.py<2>[1]",
    )
    assert found.resolution.ephemerals == (".x-1",)
    assert {*found.timings} == {"settings", "index", "solve", "save", "total"}


def test_a_session_has_them(studio: Studio) -> None:
    packages = Session.create(environ=studio.environ).packages()
    assert packages.settings.packages_path == (str(studio.folder),)
    assert str(packages.resolve(["tool"]).resolution.packages[-1]) == "tool-1"


def test_building(studio: Studio) -> None:
    assert studio.names("tool") == ["python-3.9", "tool-1"]
    assert studio.names("tool", building=True) == ["cmake-3", "python-3.9", "tool-1"]
    studio.package("cmake/4", "")
    assert studio.names("tool", building=True) == ["cmake-4", "python-3.9", "tool-1"]


def test_every_kind_of_change_is_seen(studio: Studio) -> None:
    assert studio.names("tool") == ["python-3.9", "tool-1"]
    assert studio.names("tool") == ["python-3.9", "tool-1"]
    studio.package("tool/1", "requires = ['python-2']\n")
    assert studio.names("tool") == ["python-2.7", "tool-1"]
    studio.package("tool/2", "requires = ['new']\n")
    studio.package("new/1")
    assert studio.names("tool") == ["new-1", "tool-2"]
    studio.write("tool/.ignore2")
    assert studio.names("tool") == ["python-2.7", "tool-1"]
    for name in ("tool/.ignore2", "tool/2/package.py", "tool/1/package.py"):
        (studio.folder / name).unlink()
    for name in ("tool/2", "tool/1", "tool"):
        (studio.folder / name).rmdir()
    with pytest.raises(PackageFamilyNotFoundError):
        studio.packages().resolve(["tool"])
    studio.package("tool/1")
    assert studio.names("tool") == ["tool-1"]


def test_an_error_is_checked_like_an_answer(studio: Studio) -> None:
    with pytest.raises(PackageFamilyNotFoundError):
        studio.packages().resolve(["later"])
    studio.package("later/1")
    assert studio.names("later") == ["later-1"]


def test_release_areas_are_trusted_where_that_is_set(studio: Studio, tmp_path: Path) -> None:
    assert studio.names("tool") == ["python-3.9", "tool-1"]
    (tmp_path / ".config" / "rezup").mkdir(parents=True)
    (tmp_path / ".config" / "rezup" / "config.toml").write_text('index_trust = "release"\n')
    studio.package("tool/1", "requires = ['python-2']\n")
    assert studio.names("tool") == ["python-3.9", "tool-1"]  # an edited definition: not looked at
    studio.package("tool/2", "requires = ['python-2']\n")
    assert studio.names("tool") == ["python-2.7", "tool-2"]


def test_late_requirements_see_each_request(studio: Studio) -> None:
    studio.package(
        "late/1",
        "@late()\ndef requires():\n    return ['python-2'] if in_context() and 'tool' not in request else []\n",
    )
    for _ in range(2):
        assert studio.names("late") == ["python-2.7", "late-1"]
        assert studio.names("late", "tool") == ["late-1", "python-3.9", "tool-1"]


def test_a_damaged_definition(studio: Studio) -> None:
    studio.names("tool")
    path = studio.package("tool/0.5", "1 / 0\n")
    for _ in range(2):
        studio.reporter.warnings.clear()
        assert studio.names("tool-1") == ["python-3.9", "tool-1"]
        (warning,) = studio.reporter.warnings
        assert warning.startswith(f"{path}:1: it can't be loaded")
        with pytest.raises(PackageDefinitionError, match=r"0\.5/package\.py:1: it can't be loaded"):
            studio.packages().resolve(["tool-0.5"])
        studio.reporter.warnings.clear()
        studio.names("python")
        assert studio.reporter.warnings == []


def test_a_damaged_definition_is_not_told_any_more_once_it_is_mended(studio: Studio) -> None:
    path = studio.package("tool/0.5", "1 / 0\n")
    studio.names("tool-1")
    assert len(studio.reporter.warnings) == 1
    path.write_text("")
    studio.reporter.warnings.clear()
    assert studio.names("tool-1") == ["python-3.9", "tool-1"]  # which has no need of it
    assert studio.reporter.warnings == []
    assert studio.names("tool==0.5") == ["tool-0.5"]


def test_a_damaged_release_may_be_mended_though_releases_are_trusted(studio: Studio) -> None:
    trusting = {"index_trust": "release"}
    path = studio.package("tool/0.5", "1 / 0\n")
    for _ in range(2):
        with pytest.raises(PackageDefinitionError):
            studio.packages(overrides=trusting).resolve(["tool-0.5"])
    path.write_text("")
    found = studio.packages(overrides=trusting).resolve(["tool-0.5"])
    assert list(map(str, found.resolution.packages)) == ["tool-0.5"]


def test_every_damaged_definition_is_told_whenever_an_index_is_built(studio: Studio) -> None:
    path = studio.package("tool/0.5", "1 / 0\n")
    for _ in range(2):
        for build in (
            lambda: studio.packages().indexes().build(),
            lambda: studio.packages().indexes().build_shared(str(studio.folder)),
        ):
            studio.reporter.warnings.clear()
            assert build().volatile == ()
            (warning,) = studio.reporter.warnings
            assert warning.startswith(f"{path}:1: it can't be loaded")


def test_of_two_damaged_definitions_that_of_the_first_repository_is_told(
    studio: Studio, tmp_path: Path
) -> None:
    studio.package("tool/0.5", "1 / 0\n")
    other = tmp_path / "other/tool/0.5/package.py"
    other.parent.mkdir(parents=True)
    other.write_text("2 / 0\n")
    folders = [str(tmp_path / "other"), str(studio.folder)]
    for paths in (folders, folders[::-1]) * 2:
        with pytest.raises(PackageDefinitionError) as error:
            studio.packages().resolve(["tool-0.5"], paths=paths)
        assert error.value.path.startswith(paths[0])


def test_repositories_in_memory(studio: Studio) -> None:
    memory = MemoryRepository([PackageRecord("python", Version("9"), ("cmake",))], "memory@mine")
    for _ in range(2):
        found = studio.packages(memory={"mine": memory}).resolve(
            ["python"], paths=["memory@mine", f"filesystem@{studio.folder}", "memory@nothing"]
        )
        assert list(map(str, found.resolution.packages)) == ["cmake-3", "python-9"]
    assert studio.names("python") == ["python-3.9"]


def late(given: LateBinding) -> list[str]:
    if "bad" in given.request:
        raise ValueError("no such tool")
    return ["cmake"] if given.building else ["python-2"] if "tool" not in given.request else []


LATE = MemoryRepository([PackageRecord("late", Version("1"), late=late), PackageRecord("bad", Version("2"))])


def test_late_requirements_in_memory_see_each_request(studio: Studio) -> None:
    packages = studio.packages(memory={"mine": LATE})

    def names(*request: str, **options: Any) -> list[str]:
        paths = ["memory@mine", str(studio.folder)]
        return list(map(str, packages.resolve(request, paths=paths, **options).resolution.packages))

    for _ in range(2):
        assert names("late") == ["python-2.7", "late-1"]
        assert names("late", "tool") == ["late-1", "python-3.9", "tool-1"]
        assert names("late", building=True) == ["cmake-3", "late-1"]
        assert names("bad") == ["bad-2"]
        with pytest.raises(
            PackageDefinitionError, match="memory@rezup: late-1: late-bound requires fails"
        ) as error:
            names("late", "bad")
        assert error.value.context == "ValueError: no such tool"


@pytest.mark.parametrize("building", [False, True])
def test_a_damaged_definition_beside_the_one_that_is_taken(studio: Studio, building: bool) -> None:
    studio.package("tool/0.5", "1 / 0\n")
    found = ["cmake-3"] if building else []
    assert studio.names("tool-1", building=building) == [*found, "python-3.9", "tool-1"]
    with pytest.raises(PackageDefinitionError, match="it can't be loaded"):
        studio.packages().resolve(["tool-0.5"], building=building)


def test_an_entry_that_is_no_location(studio: Studio) -> None:
    with pytest.raises(PackageLocationError):
        studio.packages().resolve(["tool"], paths=["svn@x"])


def test_without_a_cache_it_is_the_same(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    studio.environ["REZUP_CACHE_DIR"] = str(tmp_path / "file" / "cache")
    assert studio.names("tool") == ["python-3.9", "tool-1"]
    assert studio.names("tool") == ["python-3.9", "tool-1"]


def test_a_family_that_nobody_asks_for_is_not_read(studio: Studio, tmp_path: Path) -> None:
    marks = tmp_path / "marks"
    studio.package("odd/1", f"with open({str(marks)!r}, 'a') as stream:\n    stream.write('read ')\n")
    studio.names("tool")  # makes the index
    before = marks.read_text()
    studio.names("tool")
    assert marks.read_text() == before
    studio.names("odd")
    assert marks.read_text() != before


@pytest.mark.parametrize(
    ("request_", "paths", "hint"),
    [
        ("tol", None, "did you mean tool?"),
        ("tool", (), "packages_path is empty; rezup config packages_path shows where that comes from"),
        ("tool", ("nowhere",), "there is no folder nowhere; rezup config packages_path shows where that comes from"),
        ("tool-7", None, "the versions there are: rezup search tool"),
        ("quite_another", None, None),
    ],
)  # fmt: skip
def test_what_is_missing_has_a_hint(
    studio: Studio, request_: str, paths: tuple[str, ...] | None, hint: str | None
) -> None:
    with pytest.raises(ResolveError) as caught:
        studio.packages().resolve([request_], paths=paths)
    assert caught.value.hint == hint
