"""All sources of releases keep one contract: what is on offer, bounded in time, no secrets in a name."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

import rezup
from rezup.errors import UpgradeError
from rezup.system.web import Access
from rezup.upgrade.sources import choose_source
from rezup.upgrade.sources.base import COMMAND_LINE, LIBRARY, Source
from rezup.upgrade.sources.folder import Repository, WheelFolders
from rezup.upgrade.sources.index import PackageIndexes
from support.upgrade_index import Index
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rezup.upgrade.sources.base import Release

SECONDS = 30.0
#: As much as a test that has to wait for the end of it can bear.
SHORT = 0.5


def wheel(folder: Path, version: str, name: str = LIBRARY, **changes: Any) -> Path:
    made = write_wheel(folder, name, version, {"rezup/__init__.py": ""}, requires_python=">=3.10", **changes)
    return made.rename(made.with_name(made.name.replace("py2.py3", "py3")))


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    (tmp_path / "served").mkdir()
    index = Index(tmp_path / "served")
    yield index
    index.close()


def indexes(*urls: str) -> PackageIndexes:
    return PackageIndexes(urls, Access())


def versions(releases: list[Release]) -> list[str]:
    return sorted(str(release.version) for release in releases)


# -- all of them ----------------------------------------------------------------------------------


def folder_of_wheels(tmp_path: Path) -> Source:
    wheel(tmp_path / "wheels", "3.5.0")
    wheel(tmp_path / "wheels", "3.5.0", COMMAND_LINE)
    return WheelFolders(tmp_path / "wheels")


def checkout(tmp_path: Path) -> Source:
    for top in ("rezup_api", "rezup_cli"):
        shutil.copytree(Path(rezup.__file__).parents[3] / top, tmp_path / "checkout" / top)
    for init in (tmp_path / "checkout").glob("*/src/*/__init__.py"):
        init.write_text(re.sub(r"(?m)^__version__ = .*$", '__version__ = "3.5.0"', init.read_text()))
    return Repository(tmp_path / "checkout")


@pytest.fixture(params=["folder", "repository", "index"])
def source(request: pytest.FixtureRequest, tmp_path: Path, index: Index) -> Source:
    """Each kind, offering 3.5.0 of both."""
    if request.param == "folder":
        return folder_of_wheels(tmp_path)
    if request.param == "repository":
        return checkout(tmp_path)
    wheel(index.folder, "3.5.0")
    wheel(index.folder, "3.5.0", COMMAND_LINE)
    return indexes(index.url)


def test_tells_what_is_on_offer(source: Source) -> None:
    for project in (LIBRARY, COMMAND_LINE):
        (release,) = source.releases(project, SECONDS)
        assert release.version == Version("3.5.0")
        assert release.requirement.startswith(project)
        assert not release.is_yanked
        assert release.requires_python is not None
        assert release.requires_python.replace(" ", "") == ">=3.10"
    assert source.name
    assert all(isinstance(option, str) for option in source.options)


def test_what_it_tells_is_a_line_of_a_requirements_file(source: Source) -> None:
    from packaging.requirements import Requirement

    (release,) = source.releases(LIBRARY, SECONDS)
    requirement = Requirement(release.requirement.partition(" --hash")[0])
    assert requirement.name == LIBRARY
    assert "\n" not in release.requirement


# -- folders --------------------------------------------------------------------------------------


def test_a_wheel_that_can_not_be_read_is_no_release(tmp_path: Path) -> None:
    good = wheel(tmp_path, "3.5.0").read_bytes()
    (tmp_path / "rezup_api-3.6.0-py3-none-any.whl").write_bytes(good[:100])
    (tmp_path / "rezup_api-3.7.0-py3-none-any.whl").write_bytes(b"")
    (tmp_path / "rezup_api-3.8.0-py3-none-any.whl").mkdir()
    (tmp_path / "rezup_api-new-py3-none-any.whl").write_bytes(good)
    (tmp_path / "rezup_api-3.9.0-py3-none-any.whl").symlink_to("nowhere")
    assert versions(WheelFolders(tmp_path).releases(LIBRARY, SECONDS)) == ["3.5.0"]


def test_several_folders_are_taken_together(tmp_path: Path) -> None:
    wheel(tmp_path / "a b", "3.5.0")
    wheel(tmp_path / "b", "3.6.0")
    source = WheelFolders(tmp_path / "a b", tmp_path / "b")
    assert versions(source.releases(LIBRARY, SECONDS)) == ["3.5.0", "3.6.0"]
    uris = [(tmp_path / name).as_uri() for name in ("a b", "b")]
    assert list(source.options) == ["--find-links", uris[0], "--find-links", uris[1]]
    assert source.releases("other", SECONDS) == []
    assert WheelFolders().releases(LIBRARY, SECONDS) == []


def test_a_folder_that_is_not_there_is_an_error_with_a_hint(tmp_path: Path) -> None:
    for source in (WheelFolders(tmp_path / "x"), Repository(tmp_path / "x")):
        with pytest.raises(UpgradeError) as caught:
            source.releases(LIBRARY, SECONDS)
        assert caught.value.hint is not None
        assert "REZUP_UPGRADE_SOURCE" in caught.value.hint


@pytest.mark.skipif(os.name == "nt", reason="pipes of POSIX")
def test_a_folder_that_does_not_answer_is_given_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rezup_api-3.5.0-py3-none-any.whl")  # opening it takes for ever
    with pytest.raises(UpgradeError, match="does not answer"):
        WheelFolders(tmp_path).releases(LIBRARY, SHORT)
    os.mkfifo(tmp_path / "pyproject.toml")
    (tmp_path / "rezup_api/src/rezup").mkdir(parents=True)
    os.mkfifo(tmp_path / "rezup_api/src/rezup/__init__.py")
    with pytest.raises(UpgradeError, match="does not answer"):
        Repository(tmp_path).releases(LIBRARY, SHORT)


@pytest.mark.parametrize("text", ["", "x = 1\n", "__version__ = 'newest'\n"])
def test_a_checkout_without_a_version_is_an_error(tmp_path: Path, text: str) -> None:
    source = checkout(tmp_path)
    (tmp_path / "checkout/rezup_api/src/rezup/__init__.py").write_text(text)
    with pytest.raises(UpgradeError, match="no source repository"):
        source.releases(LIBRARY, SECONDS)


# -- indexes --------------------------------------------------------------------------------------


def test_a_wheel_is_taken_by_its_hash(index: Index) -> None:
    wheel(index.folder, "3.5.0")
    (release,) = indexes(index.url).releases(LIBRARY, SECONDS)
    digest = index.files(LIBRARY)[0]["hashes"]["sha256"]
    assert release.requirement == f"rezup-api==3.5.0 --hash=sha256:{digest}"
    assert "--require-hashes" in release.options


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda file: {**file, "hashes": {}}, id="no hash"),
        pytest.param(lambda file: {**file, "hashes": None}, id="no hashes"),
        pytest.param(lambda file: {**file, "hashes": {"sha256": "00"}}, id="short hash"),
        pytest.param(lambda file: {**file, "hashes": {"sha256": 7}}, id="strange hash"),
        pytest.param(lambda file: {**file, "hashes": {"sha256": "a" * 64 + "\n--index-url=x"}}, id="hash with more"),
        pytest.param(lambda file: {**file, "hashes": {"md5": "0" * 32}}, id="weak hash"),
        pytest.param(lambda file: {**file, "filename": "rezup_api-3.5.0.tar.gz"}, id="source"),
        pytest.param(lambda file: {**file, "filename": "rezup_api-3.5.0-cp311-cp311-win32.whl"}, id="platform"),
        pytest.param(lambda file: {**file, "filename": "evil-3.5.0-py3-none-any.whl"}, id="other project"),
        pytest.param(lambda file: {**file, "filename": 7}, id="no filename"),
        pytest.param(lambda file: {}, id="nothing"),
        pytest.param(lambda file: 7, id="number"),
    ],
)  # fmt: skip
def test_what_can_not_be_verified_or_used_is_no_release(index: Index, edit: Callable[[Any], Any]) -> None:
    wheel(index.folder, "3.5.0")
    index.edit = edit
    assert indexes(index.url).releases(LIBRARY, SECONDS) == []


def test_what_the_index_says_of_a_file_is_passed_on(index: Index) -> None:
    wheel(index.folder, "3.5.0")
    index.edit = lambda file: {**file, "yanked": "it is bad", "requires-python": ">=3.99"}
    (release,) = indexes(index.url).releases(LIBRARY, SECONDS)
    assert (release.is_yanked, release.requires_python) == (True, ">=3.99")
    index.edit = lambda file: {**file, "yanked": None, "requires-python": 7}
    (release,) = indexes(index.url).releases(LIBRARY, SECONDS)
    assert (release.is_yanked, release.requires_python) == (False, None)


@pytest.mark.parametrize(
    ("answer", "said"),
    [("hang", "no answer within 0.5 s"), ("drip", "no answer within 0.5 s"), ("html", "does not answer in JSON"),
     ("broken", "HTTP 500"), ("login", "HTTP 401"), ("invalid", "no list of files"), ("other", "speaks another version"),
     ("huge", "too long"), ("gone", "can't be asked")],
)  # fmt: skip
def test_an_index_without_a_sensible_answer_is_an_error(index: Index, answer: str, said: str) -> None:
    index.answer = answer
    seconds = SHORT if answer in ("hang", "drip") else SECONDS
    url = index.url.replace("://", "://user:s3cr3t-canary@")
    with pytest.raises(UpgradeError) as caught:
        indexes(url).releases(LIBRARY, seconds)
    text = f"{caught.value.message} {caught.value.context} {caught.value.hint}"
    assert said in text
    assert "127.0.0.1" in text
    assert "s3cr3t-canary" not in text


def test_the_first_that_has_a_project_decides(index: Index, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = Index(tmp_path / "other")
    try:
        wheel(other.folder, "3.9.0")
        assert versions(indexes(index.url, other.url).releases(LIBRARY, SECONDS)) == ["3.9.0"]
        wheel(index.folder, "3.5.0")
        assert versions(indexes(index.url, other.url).releases(LIBRARY, SECONDS)) == ["3.5.0"]
        index.answer = "broken"  # it may have the project: whoever comes after it is not believed
        with pytest.raises(UpgradeError, match="refused"):
            indexes(index.url, other.url).releases(LIBRARY, SECONDS)
        assert versions(indexes(other.url, index.url).releases(LIBRARY, SECONDS)) == ["3.9.0"]
    finally:
        other.close()


def test_an_index_in_the_file_system(tmp_path: Path) -> None:
    wheel(tmp_path / "simple" / LIBRARY, "3.5.0")
    source = indexes((tmp_path / "simple").as_uri())
    assert versions(source.releases(LIBRARY, SECONDS)) == ["3.5.0"]
    assert source.releases(COMMAND_LINE, SECONDS) == []


def test_credentials_are_sent_but_not_shown(index: Index) -> None:
    wheel(index.folder, "3.5.0")
    source = indexes(index.url.replace("://", "://user:s3cr3t%20canary@"))
    assert source.name == index.url
    source.releases(LIBRARY, SECONDS)
    assert index.logins == ["Basic dXNlcjpzM2NyM3QgY2FuYXJ5"]


def test_names_that_can_be_shown() -> None:
    assert indexes().name == "no index"
    for url in ("https://[user:s3cr3t@host", "https://user:s3cr3t/x@host/simple", "https://host:s3cr3t/"):
        assert "s3cr3t" not in indexes(url).name


# -- which one ------------------------------------------------------------------------------------


def test_which_source_is_taken(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PIP_CONFIG_FILE": os.devnull}
    checkout(tmp_path)
    (tmp_path / "wheels").mkdir()
    assert isinstance(choose_source(tmp_path / "checkout", environ, offline=True), Repository)
    assert isinstance(choose_source(tmp_path / "wheels", environ, offline=True), WheelFolders)
    assert isinstance(choose_source(None, environ, offline=False), PackageIndexes)
    with pytest.raises(UpgradeError, match="REZUP_OFFLINE"):
        choose_source(None, environ, offline=True)
    local = {**environ, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    chosen = choose_source(None, local, offline=True)
    assert isinstance(chosen, WheelFolders)
    assert chosen.name == str(tmp_path / "wheels")
