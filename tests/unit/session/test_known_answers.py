"""Answers that are kept: given again while nothing has changed, and never when anything has."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup import Reporter
from rezup.errors import PackageFamilyNotFoundError, RezupError
from rezup.resolver.repository import MemoryRepository, PackageRecord
from rezup.resolver.version import Version
from rezup.session import Packages
from rezup.session.packages.answers import BUCKET, KEPT, KnownAnswers
from rezup.system.kept import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.session.packages import Resolved

AHEAD = 10**10  # nanoseconds by which the clock of a call is ahead, so that all written before is settled


class Studio:
    """A repository, and calls as of processes of their own."""

    def __init__(self, folder: Path) -> None:
        self.home = folder
        self.folder = folder / "packages"
        self.environ = {
            "HOME": str(folder), "REZ_PACKAGES_PATH": str(self.folder), "REZ_IMPLICIT_PACKAGES": "",
        }  # fmt: skip
        self.warnings: list[str] = []

    def package(self, name: str, text: str = "", below: str = "packages") -> Path:
        path = self.home / below / name / "package.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def resolve(self, *request: str, ahead: int = AHEAD, **options: Any) -> Resolved:
        reporter = Reporter()
        reporter.warning = self.warnings.append  # type: ignore[method-assign]  # hears of what is said
        memory = options.pop("memory", None)
        packages = Packages(
            self.environ, reporter=reporter, clock=lambda: time.time_ns() + ahead, memory=memory
        )
        return packages.resolve(request, **{"known": True, **options})

    def warm(self, *request: str, **options: Any) -> Resolved:
        """An answer that is kept; the first call puts what it reads into the index."""
        for _ in range(3):
            found = self.resolve(*request, **options)
        assert is_known(found)
        return found

    def files(self) -> list[Path]:
        return sorted((self.home / ".cache" / "rezup" / BUCKET).glob("*"))


def is_known(resolved: Resolved) -> bool:
    """Whether an answer was a kept one: it brings what it was compared with."""
    return bool(resolved.just_seen)


def told(resolved: Resolved) -> tuple[Any, ...]:
    """All that an answer tells, but for how long it took."""
    found = resolved.resolution
    return (
        found.status, found.request, found.packages, found.ephemerals, found.phases, found.fails, found.backjumped,
        found.messages, resolved.uris, resolved.request, resolved.implicit, resolved.paths,
    )  # fmt: skip


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    made = Studio(tmp_path)
    made.package("python/2.7")
    made.package("python/3.9")
    made.package("tool/1", "requires = ['python-3']\nbuild_requires = ['cmake']\n")
    made.package("many/1", "variants = [['python-2'], ['python-3']]\n")
    made.package("cmake/3")
    return made


def test_the_same_answer(studio: Studio) -> None:
    request = ("tool", "many", ".x-1")
    fresh = studio.resolve(*request, known=False)
    first = studio.resolve(*request)
    again = studio.warm(*request)
    assert not is_known(fresh)
    assert not is_known(studio.resolve(*request, known=False))
    assert told(fresh) == told(first) == told(again)
    assert again.timings.keys() == fresh.timings.keys()


def test_what_is_not_kept_is_found_by_resolving_again(studio: Studio) -> None:
    fresh = studio.resolve("tool", known=False).resolution
    known = studio.warm("tool").resolution
    assert known.graph().to_dot() == fresh.graph().to_dot()
    assert known.explain() is None
    for package in fresh.packages:
        assert known.uri(package) == fresh.uri(package)
        assert known.record(package) == fresh.record(package)


def edited(studio: Studio) -> None:
    studio.package("tool/1", "requires = ['python-2']\n")


def edited_with_its_time_restored(studio: Studio) -> None:
    path = studio.folder / "tool/1/package.py"
    times = path.stat()
    path.write_text("requires = ['python-2']\nbuild_requires = ['cmake']\n")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert path.stat().st_size == times.st_size
    assert path.stat().st_mtime_ns == times.st_mtime_ns


def another_file_in_its_place(studio: Studio) -> None:
    path = studio.package("other", "requires = ['python-2']\n", below="elsewhere")
    path.replace(studio.folder / "tool/1/package.py")


def newer_version(studio: Studio) -> None:
    studio.package("python/3.10")


def version_is_gone(studio: Studio) -> None:
    shutil.rmtree(studio.folder / "python/3.9")
    studio.package("python/3.8")


def definition_is_of_another_kind(studio: Studio) -> None:
    path = studio.folder / "tool/1/package.py"
    path.unlink()
    path.with_suffix(".yaml").write_text("requires: [python-2]\n")


def better_definition(studio: Studio) -> None:
    studio.package("python/3.9", "requires = ['cmake']\n")


def ignored(studio: Studio) -> None:
    (studio.folder / "python/.ignore3.9").touch()
    studio.package("python/3.7")


def repository_is_another(studio: Studio) -> None:
    studio.folder.rename(studio.home / "old")
    studio.package("python/3.1")
    studio.package("tool/7", "requires = ['python']\n")


CHANGES = [
    edited, edited_with_its_time_restored, another_file_in_its_place, newer_version, version_is_gone,
    definition_is_of_another_kind, better_definition, ignored, repository_is_another,
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_seen_by_the_very_next_call(studio: Studio, change: Callable[[Studio], None]) -> None:
    before = studio.warm("tool")
    change(studio)
    after = studio.resolve("tool")
    assert not is_known(after)
    assert told(after) == told(studio.resolve("tool", known=False))
    assert after.uris != before.uris
    assert told(studio.warm("tool")) == told(after)


def test_what_has_nothing_to_do_with_it_changes_nothing(studio: Studio) -> None:
    before = studio.warm("tool")
    studio.package("cmake/3", "requires = ['python']\n")
    assert is_known(studio.resolve("tool"))
    studio.package("new/1")  # a family more, which the listing of the folder shows
    assert told(studio.resolve("tool")) == told(before)


def test_a_family_that_goes_is_an_error(studio: Studio) -> None:
    studio.warm("tool")
    shutil.rmtree(studio.folder / "python")
    with pytest.raises(PackageFamilyNotFoundError):
        studio.resolve("tool")
    shutil.rmtree(studio.folder)
    with pytest.raises(RezupError):
        studio.resolve("tool")


def test_a_weak_requirement_of_what_appears_later(studio: Studio) -> None:
    studio.package("user/1", "requires = ['~later-1']\nvariants = [['later'], ['python']]\n")
    studio.environ["REZ_ERROR_ON_MISSING_VARIANT_REQUIRES"] = "false"
    found = studio.warm("user")
    assert found.uris[-1].endswith("[1]")
    assert found.resolution.messages == studio.resolve("user", known=False).resolution.messages != ()
    studio.package("later/1")
    assert studio.resolve("user").uris[-1].endswith("[0]")


def test_another_question_is_another_answer(studio: Studio) -> None:
    before = told(studio.warm("tool"))
    building = studio.warm("tool", building=True)
    assert len(building.uris) == len(before[8]) + 1
    assert studio.warm("many", "tool").uris != studio.warm("tool", "many").uris
    assert studio.warm("python", excludes=["python-3*"]).uris != studio.warm("python").uris
    assert (
        studio.warm("python", excludes=["python-3*"], includes=["python-3.9"]).uris
        == studio.warm("python").uris
    )
    studio.environ["REZ_IMPLICIT_PACKAGES"] = "many"
    assert len(studio.warm("tool").uris) == len(before[8]) + 1
    assert told(studio.resolve("tool", implicit=False)) == before


def test_settings_are_part_of_the_question(studio: Studio) -> None:
    studio.package("pick/1", "variants = [['python-2', 'tool-1'], ['python-3.9']]\n")
    studio.warm("python")
    studio.environ["REZ_PACKAGE_FILTER_JSON"] = '[{"excludes": ["glob(python-3*)"]}]'
    assert str(studio.resolve("python").resolution.packages[0]) == "python-2.7"
    del studio.environ["REZ_PACKAGE_FILTER_JSON"]
    assert str(studio.resolve("python").resolution.packages[0]) == "python-3.9"
    studio.environ["REZ_PACKAGE_ORDERERS_JSON"] = '[{"type": "sorted", "descending": false}]'
    assert str(studio.resolve("python").resolution.packages[0]) == "python-2.7"


def test_other_folders_are_another_question(studio: Studio) -> None:
    studio.package("python/3.9", below="second")
    first, second = str(studio.folder), str(studio.home / "second")
    assert studio.warm("python", paths=[first, second]).uris[0].startswith(first)
    assert studio.warm("python", paths=[second, first]).uris[0].startswith(second)
    link = studio.home / "link"
    link.symlink_to(first)
    assert studio.warm("python-3", paths=[str(link)]).uris[0].startswith(first)
    link.unlink()
    link.symlink_to(second)
    assert studio.resolve("python-3", paths=[str(link)]).uris[0].startswith(second)


def test_trusted_releases_are_looked_at_no_more_than_before(studio: Studio) -> None:
    settings = studio.home / ".config" / "rezup"
    settings.mkdir(parents=True)
    (settings / "config.toml").write_text('index_trust = "release"\n')
    found = studio.warm("tool")
    assert not [path for path in found.just_seen if path.endswith("package.py")]
    edited(studio)
    assert is_known(studio.resolve("tool"))
    newer_version(studio)
    assert studio.resolve("tool").uris[0].endswith("python/3.10/package.py[]")


def test_what_stamps_cannot_tell_is_never_kept(studio: Studio) -> None:
    studio.package("late/1", "@late()\ndef requires():\n    return ['python-2']\n")
    studio.package("looks/1", "import os\nrequires = [os.environ.get('WANTED', 'python')]\n")
    studio.package("broken/1", "requires = [")
    studio.package("broken/0")
    given = MemoryRepository([PackageRecord("held", Version("1"))])
    memory: dict[str, Any] = {"paths": ["memory@own", str(studio.folder)], "memory": {"own": given}}
    for request, options in (
        ("late", {}), ("looks", {}), ("broken<1", {}), ("held", memory), ("tool", {"time": 5000}),
        ("tool", {"max_fails": 9}), ("tool", {"time_limit": 9.0}),
    ):  # fmt: skip
        for _ in range(3):
            try:
                assert not is_known(studio.resolve(request, **options)), request
            except RezupError:
                assert request == "broken<1"
    assert studio.files() == []


def test_what_is_of_no_concern_may_be_what_it_likes(studio: Studio) -> None:
    studio.package("looks/1", "import os\nrequires = [os.environ.get('WANTED', 'python')]\n")
    studio.package("tool/2", "requires = ['~looks-1', 'python-3']\n")
    assert told(studio.warm("tool")) == told(studio.resolve("tool", known=False))


def test_a_failed_resolve_is_not_kept(studio: Studio) -> None:
    for _ in range(3):
        found = studio.resolve("tool", "python-2")
        assert not found.resolution.is_solved
        assert not is_known(found)
        assert found.resolution.explain() is not None


def test_what_changed_a_moment_ago_is_not_kept(studio: Studio) -> None:
    for _ in range(3):
        assert not is_known(studio.resolve("tool", ahead=0))
    assert studio.files() == []


@pytest.mark.parametrize("damage", ["cut", "empty", "random", "marshal", "other", "a folder"])
def test_a_damaged_file_is_as_good_as_none(studio: Studio, damage: str) -> None:
    expected = told(studio.warm("tool"))
    (file,) = studio.files()
    content = file.read_bytes()
    if damage == "a folder":
        file.unlink()
        file.mkdir()
    elif damage == "other":
        kept = read_kept(str(file))
        assert kept is not None
        write_kept(str(file), ((0, *kept[0][1:]), *kept[1:]))
    else:
        file.write_bytes(
            {
                "cut": content[:99],
                "empty": b"",
                "random": bytes(range(256)),
                "marshal": content[:-4] + b"\xff" * 4,
            }[damage]
        )
    found = studio.resolve("tool")
    assert not is_known(found)
    assert told(found) == expected
    if damage != "a folder":
        assert told(studio.warm("tool")) == expected


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_others_could_have_written_is_not_read(studio: Studio) -> None:
    studio.warm("tool")
    (file,) = studio.files()
    file.chmod(0o620)
    assert not is_known(studio.resolve("tool"))
    studio.warm("tool")
    assert file.stat().st_mode & 0o777 == 0o600
    if os.geteuid() == 0:
        os.chown(file, 65534, 65534)
        assert not is_known(studio.resolve("tool"))


def test_a_cache_that_cannot_be_written_is_no_error(studio: Studio) -> None:
    (studio.home / ".cache" / "rezup").mkdir(parents=True)
    (studio.home / ".cache" / "rezup" / BUCKET).touch()
    for _ in range(3):
        assert not is_known(studio.resolve("tool"))


def test_there_are_only_so_many(tmp_path: Path) -> None:
    folder = tmp_path / BUCKET
    folder.mkdir()
    for number in range(KEPT):
        path = folder / f"{number:016}"
        path.touch()
        os.utime(path, (number, number))
    studio = Studio(tmp_path)
    studio.package("python/3")
    for _ in range(2):
        resolution = studio.resolve("python", known=False).resolution
    question = (("python",),)
    answers = KnownAnswers(str(folder), question, lambda: resolution)
    answers.keep(resolution, ("uri",), [(str(studio.folder), ())])
    names = {path.name for path in folder.iterdir()}
    assert len(names) == KEPT * 3 // 4
    assert "0" * 16 not in names
    assert f"{KEPT - 1:016}" in names
