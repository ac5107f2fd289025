"""Filesystem repositories: what conformance can't show, such as records, warnings and natures."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import pytest

from rezup.errors import PackageDefinitionError, PackageLocationError
from rezup.reporting import Reporter
from rezup.resolver.repository import LateBinding, MemoryRepository, PackageRecord
from rezup.resolver.version import Version
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.locations import open_repositories, open_repository, parse_location
from rezup.runtime.nature import Kind

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.runtime.config import Config

REQUEST = LateBinding(("python-3.9", "~nuke-13", ".flag-1"), ("~os==linux",))


class Listening(Reporter):
    def __init__(self) -> None:
        self.warnings: list[str] = []

    def warning(self, message: str) -> None:
        self.warnings.append(message)


class Studio:
    """A repository that tests fill."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)
        self.reporter = Listening()

    def write(self, path: str, text: str = "") -> Path:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(textwrap.dedent(text), encoding="utf-8")
        return target

    @property
    def config(self) -> Config:
        return load_config({"HOME": str(self.folder / "home")})

    @property
    def repository(self) -> FilesystemRepository:
        return FilesystemRepository(str(self.folder), self.config, self.reporter)

    def record(self, name: str) -> PackageRecord:
        (record,) = self.repository.family(name)
        return record


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    return Studio(tmp_path / "a b\"c'é")


def test_a_record_holds_what_the_solver_needs(studio: Studio) -> None:
    path = studio.write(
        "foo/1.0/package.py",
        """
        name = 'foo'
        requires = ['a-1', '~b']
        variants = [['c'], []]
        build_requires = ['d']
        timestamp = 7
        """,
    )
    assert studio.record("foo") == PackageRecord(
        "foo", Version("1.0"), ("a-1", "~b"), (("c",), ()), ("d",), 7, str(path)
    )
    assert tuple(studio.repository.families()) == ("foo",)
    assert studio.repository.location == str(studio.folder.resolve())


def test_a_name_that_is_none_and_a_folder_that_is_gone(studio: Studio, tmp_path: Path) -> None:
    assert list(studio.repository.family("nowhere")) == []
    assert list(studio.repository.family("../x")) == []
    assert list(studio.repository.family("__pycache__")) == []
    gone = FilesystemRepository(str(tmp_path / "gone"), studio.config)
    assert list(gone.families()) == list(gone.family("foo")) == []


@pytest.mark.skipif(os.name != "posix", reason="needs symbolic links")
def test_a_folder_that_cant_be_read_is_a_warning(studio: Studio) -> None:
    loop = studio.folder / "loop"
    loop.symlink_to("loop")
    assert list(FilesystemRepository(str(loop), studio.config, studio.reporter).families()) == []
    (warning,) = studio.reporter.warnings
    assert warning.startswith(f"{studio.folder}")
    assert "can't be read" in warning


def test_what_changes_is_seen_at_once(studio: Studio) -> None:
    repository = studio.repository
    studio.write("foo/1/package.py", "requires = ['a']")
    assert repository.family("foo")[0].requires == ("a",)
    studio.write("foo/1/package.py", "requires = ['b']")
    studio.write("foo/2/package.py")
    assert {str(each.version): each.requires for each in repository.family("foo")} == {"1": ("b",), "2": ()}
    studio.write("foo/.ignore1")
    assert [str(each.version) for each in repository.family("foo")] == ["2"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name = 'x'\n1 / 0\n", 2, "ZeroDivisionError"),
        ("name = (\n", 1, "SyntaxError"),
        ("import nonsense_module\n", 1, "ModuleNotFoundError"),
        ("def f():\n    raise KeyError(3)\nf()\n", 2, "KeyError"),
        ("@early()\ndef requires():\n    return missing\n", 3, "NameError"),
        ("@early()\ndef requires(a, b):\n    return []\n", 1, "must take no argument"),
        ("def commands():\n    pass\n\nlate()(commands)\n", 4, "@late can't be used on commands"),
        ("raise InvalidPackageError('not for you')\n", 1, "not for you"),
        ("exit(3)\n", 1, "SystemExit"),
        ("requires = ['a b']\n", None, "requires can't be used"),
        ("requires = 'a'\n", None, "expected a list of requirements"),
        ("requires = None\n", None, "expected a list of requirements"),
        ("requires = [3]\n", None, "3 is no text"),
        ("variants = [['!.a']]\n", None, "variants can't be used"),
        ("variants = ['a']\n", None, "variants can't be used"),
    ],
)
def test_a_bad_definition_is_a_warning_until_it_is_needed(
    studio: Studio, text: str, line: int | None, words: str
) -> None:
    path = studio.write("foo/1.0/package.py", text)
    studio.write("foo/2.0/package.py")
    bad, good = studio.repository.family("foo")
    assert good == PackageRecord("foo", Version("2.0"), uri=str(path).replace("1.0", "2.0"))
    (warning,) = studio.reporter.warnings
    assert warning.startswith(f"{path}:{line}: " if line else f"{path}: ")
    assert words in warning
    assert (bad.version, bad.uri) == (Version("1.0"), str(path))
    assert bad.late is not None
    with pytest.raises(PackageDefinitionError) as caught:
        bad.late(REQUEST)
    assert (caught.value.path, caught.value.line) == (str(path), line)


def test_a_folder_without_a_definition_is_a_warning_until_it_is_needed(studio: Studio) -> None:
    studio.write("foo/1.0/readme")
    record = studio.record("foo")
    assert record.late is not None
    with pytest.raises(
        PackageDefinitionError, match=r"there is no package definition: none of package.py, package.yaml"
    ):
        record.late(REQUEST)
    assert len(studio.reporter.warnings) == 1


def test_a_folder_whose_name_is_no_version_is_passed_over(studio: Studio) -> None:
    studio.write("foo/1.0/package.py")
    studio.write("foo/1..0/package.py")
    assert [str(each.version) for each in studio.repository.family("foo")] == ["1.0"]
    (warning,) = studio.reporter.warnings
    assert warning.endswith("1..0 is passed over: its name is no version")


def test_bad_requirements_for_building_harm_only_a_build(studio: Studio) -> None:
    studio.write("foo/1.0/package.py", "requires = ['a']\nbuild_requires = ['b c']")
    record = studio.record("foo")
    assert (record.requires, record.build_requires) == (("a",), ())
    assert record.late is not None
    assert tuple(record.late(REQUEST)) == ("a",)
    with pytest.raises(PackageDefinitionError, match="build_requires can't be used"):
        record.late(REQUEST._replace(building=True))


def test_late_requirements_see_the_resolve(studio: Studio) -> None:
    studio.write(
        "foo/1.0/package.py",
        """
        variants = [['v-1'], ['v-2']]
        number = 3
        @late()
        def requires():
            if not in_context():
                return ['outside']
            found = [request.get('python'), 'p-%s' % request.get_range('python'), 'n-%d' % this.number]
            if 'nuke' in request and not intersects(request.nuke, '13'):
                found.append('conflicting')
            if intersects(implicits.get_range('os', '1'), 'linux') and 'nope' not in request:
                found.append(str(building))
            found.append(ephemerals.get('flag', 'none'))
            found.append(system.platform + '-1')
            return found
        """,
    )
    record = studio.record("foo")
    assert (record.requires, record.variants) == ((), (("v-1",), ("v-2",)))
    assert record.late is not None
    platform = studio.config.facts.platform
    assert tuple(record.late(REQUEST)) == (
        "python-3.9",
        "p-3.9",
        "n-3",
        "conflicting",
        "False",
        "none",
        f"{platform}-1",
    )
    (package,) = studio.repository.packages("foo")
    assert [str(each) for each in package.requires] == ["outside"]


def test_late_requirements_for_building(studio: Studio) -> None:
    studio.write("foo/1.0/package.py", "requires = ['a']\n@late()\ndef build_requires():\n    return ['b']\n")
    record = studio.record("foo")
    assert record.late is not None
    assert tuple(record.late(REQUEST)) == ("a",)
    assert tuple(record.late(REQUEST._replace(building=True))) == ("a", "b")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "@late()\ndef requires():\n    x = 1\n    return nope\n",
            "late-bound requires fails in its line 2: NameError",
        ),
        ("@late()\ndef requires():\n    return 'a'\n", "requires can't be used: expected a list"),
        (
            "@late()\ndef requires():\n    return context.requested_packages()\n",
            "name 'context' is not defined",
        ),
        ("helper = 1\n@late()\ndef requires():\n    return [helper]\n", "NameError"),
    ],
)
def test_late_requirements_that_fail(studio: Studio, text: str, words: str) -> None:
    path = studio.write("foo/1.0/package.py", text)
    record = studio.record("foo")
    assert studio.reporter.warnings == []
    assert record.late is not None
    with pytest.raises(PackageDefinitionError, match=words) as caught:
        record.late(REQUEST)
    assert caught.value.path == str(path)


def test_readings_tell_what_to_watch(studio: Studio) -> None:
    studio.write("pure/1/package.py", "timestamp = 1")
    studio.write("untimed/1/package.py")
    studio.write("volatile/1/package.py", "import os\ntimestamp = 1")
    path = studio.write("including/1/package.py", "timestamp = 1\n@include('m')\ndef commands():\n    pass\n")
    studio.write("broken/1/package.py", "1 / 0")
    studio.write("together.py", "versions = ['1', '2']")

    def nature(name: str) -> object:
        return next(iter(studio.repository.readings(name))).nature

    found = {
        name: nature(name) for name in ("pure", "volatile", "including", "untimed", "broken", "together")
    }
    assert found["broken"] is None
    kinds = {name: each.kind for name, each in found.items() if hasattr(each, "kind")}
    assert kinds == {
        "pure": Kind.PURE, "volatile": Kind.VOLATILE, "including": Kind.INCLUDES, "untimed": Kind.PURE,
        "together": Kind.PURE,
    }  # fmt: skip
    included = str(path.parent / ".rez" / "include" / "m")
    assert getattr(found["including"], "files", None) == (f"{included}.py", f"{included}.sha1")
    beside = getattr(found["untimed"], "files", ())
    assert [each.rpartition("untimed/1/")[2] for each in beside] == [
        "release.yaml", ".metadata/changelog.txt", ".metadata/release_time.txt"
    ]  # fmt: skip
    assert [each.path for each in studio.repository.readings("together")] == [
        str(studio.folder / "together.py")
    ] * 2


def test_a_combined_file_that_cant_be_loaded_is_an_error(studio: Studio) -> None:
    path = studio.write("foo.py", "versions = ['1']\n1 / 0")
    with pytest.raises(PackageDefinitionError) as caught:
        studio.repository.family("foo")
    assert (caught.value.path, caught.value.line) == (str(path), 2)
    studio.write("bar.yaml", "versions: ['1']\nversion_overrides: {'1..': {}}")
    (record,) = studio.repository.family("bar")
    assert record.late is not None
    with pytest.raises(PackageDefinitionError, match="version_overrides can't be used"):
        record.late(REQUEST)


def test_a_combined_file_without_versions(studio: Studio) -> None:
    studio.write("foo.py", "requires = ['a']")
    assert studio.record("foo").uri == f"{studio.folder / 'foo.py'}<>"
    config = load_config({"REZ_ALLOW_UNVERSIONED_PACKAGES": "0"})
    assert list(FilesystemRepository(str(studio.folder), config).family("foo")) == []


def test_package_files_may_import_from_the_configured_folders(studio: Studio, tmp_path: Path) -> None:
    (tmp_path / "build").mkdir()
    (tmp_path / "build" / "rezup_test_studio_names.py").write_text("NAME = 'python-3'\n")
    studio.write("foo/1/package.py", "from rezup_test_studio_names import NAME\nrequires = [NAME]\n")
    assert studio.record("foo").late is not None
    config = load_config({"REZ_PACKAGE_DEFINITION_BUILD_PYTHON_PATHS": str(tmp_path / "build")})
    (record,) = FilesystemRepository(str(studio.folder), config).family("foo")
    assert record.requires == ("python-3",)


def test_locations(studio: Studio, tmp_path: Path) -> None:
    assert parse_location("filesystem@/a@b/../c") == ("filesystem", "/c")
    assert parse_location("/a/./b/") == ("filesystem", "/a/b")
    assert parse_location("memory@studio") == ("memory", "studio")
    with pytest.raises(PackageLocationError, match="there is no kind of repository called 'svn'"):
        parse_location("svn@x")
    memory = MemoryRepository([PackageRecord("foo", Version("1"))], "memory@studio")
    given = {"studio": memory}
    assert open_repository("memory@studio", studio.config, given) is memory
    assert list(open_repository("memory@other", studio.config, given).families()) == []
    entries = [str(tmp_path), "memory@studio", f"filesystem@{tmp_path}/", f"{tmp_path}/x/.."]
    found = open_repositories(entries, studio.config, given)
    assert [each.location for each in found] == [str(tmp_path.resolve()), "memory@studio"]
