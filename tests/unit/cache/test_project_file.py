"""The file of a project, as virtualenv-cache writes it and as people do."""

from __future__ import annotations

from pathlib import Path

import pytest

from rezup.cache.project_file import ProjectFile, write_new
from rezup.errors import SettingsError

ENVIRON = {"HOME": "/home/ann", "CI_CACHE": "/ci/cache"}

#: What `virtualenv-cache init` 0.0.2 writes, without its comments.
WRITTEN = """\
[virtualenv-cache]
cache_size = 20
cache_path = "${HOME}/.virtualenv_cache/caches/shop"
virtualenv_path = ".venv"
requirements_lock_paths = [
]
"""


def load(folder: Path, text: str) -> ProjectFile:
    path = folder / ".virtualenv_cache.toml"
    path.write_text(text)
    return ProjectFile.load(path, folder, ENVIRON, pytest.fail)


def test_a_file_of_virtualenv_cache_works_as_it_is(tmp_path: Path) -> None:
    found = load(tmp_path, WRITTEN)
    assert found.cache_size == 20
    assert found.cache_path == Path("/home/ann/.virtualenv_cache/caches/shop")
    assert found.virtualenv_path == tmp_path / ".venv"
    assert found.requirements_lock_paths == ()


def test_every_key_may_be_left_out(tmp_path: Path) -> None:
    found = load(tmp_path, "[virtualenv-cache]\n")
    assert found == load(tmp_path, WRITTEN.replace("shop", tmp_path.name))


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("$CI_CACHE/x", "/ci/cache/x"),
        ("${CI_CACHE}/x", "/ci/cache/x"),
        ("~/x", "/home/ann/x"),
        ("/a/../b", "/b"),
        ("x", "{folder}/x"),
    ],
)
def test_paths_are_filled_in(tmp_path: Path, written: str, expected: str) -> None:
    found = load(tmp_path, f'[virtualenv-cache]\ncache_path = "{written}"\nvirtualenv_path = "{written}"\n')
    assert found.cache_path == found.virtualenv_path == Path(expected.format(folder=tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "cache_size = 1",
        "[virtualenv-cache",
        "virtualenv-cache = 3",
        "[virtualenv-cache]\ncache_size = -1",
        "[virtualenv-cache]\ncache_size = true",
        '[virtualenv-cache]\ncache_size = "20"',
        "[virtualenv-cache]\ncache_path = 3",
        '[virtualenv-cache]\ncache_path = ""',
        '[virtualenv-cache]\ncache_path = "${NOT_SET}/x"',
        '[virtualenv-cache]\nvirtualenv_path = ["x"]',
        '[virtualenv-cache]\nrequirements_lock_paths = "requirements.txt"',
        "[virtualenv-cache]\nrequirements_lock_paths = [1]",
    ],
)
def test_what_cannot_be_used_is_an_error_that_names_the_file(tmp_path: Path, text: str) -> None:
    with pytest.raises(SettingsError, match=r"virtualenv_cache\.toml") as caught:
        load(tmp_path, text)
    assert caught.value.hint


def test_a_missing_file_is_an_error_that_tells_how_to_make_one(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        ProjectFile.load(tmp_path / "none.toml", tmp_path, ENVIRON, pytest.fail)
    assert "init" in str(caught.value.hint)


def test_a_key_without_effect_is_told(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text("[virtualenv-cache]\ncache_sise = 3\n")
    told: list[str] = []
    ProjectFile.load(path, tmp_path, ENVIRON, told.append)
    assert "cache_sise" in told[0]


@pytest.mark.parametrize(
    "name",
    [
        "shop",
        'a "quoted" name',
        "späti \\ x",
        "a$b",
        "${HOME}",
        "a$",
        "\N{GRINNING FACE}",
        "a\x7fb",
        "\udcff",
    ],
)
def test_a_new_file_says_what_the_defaults_are_and_names_the_locks(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    for lock in (
        "requirements.txt",
        "requirements-dev.txt",
        "poetry.lock",
        "other.txt",
        "requirements\x7f.txt",
    ):
        (folder / lock).write_text("")
    path = folder / ".virtualenv_cache.toml"
    assert write_new(path, folder) == ("poetry.lock", "requirements-dev.txt", "requirements.txt")
    found = ProjectFile.load(path, folder, ENVIRON, pytest.fail)
    path.write_text(
        '[virtualenv-cache]\nrequirements_lock_paths = ["poetry.lock", "requirements-dev.txt", "requirements.txt"]'
    )
    assert found == ProjectFile.load(path, folder, ENVIRON, pytest.fail)
    with pytest.raises(SettingsError, match="there already"):
        write_new(path, folder)


@pytest.mark.parametrize(
    ("name", "kept_in"),
    [
        ("a$b", "a_b"),
        ("$HOME", "_HOME"),
        ("a\x7f\udcff", "a__"),
        ("\N{GRINNING FACE} é", "\N{GRINNING FACE} é"),
    ],
)
def test_the_default_folder_has_no_name_that_can_not_be_read_again(
    tmp_path: Path, name: str, kept_in: str
) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / ".virtualenv_cache.toml"
    write_new(path, folder)
    found = ProjectFile.load(path, folder, ENVIRON, pytest.fail)
    assert found.cache_path == Path("/home/ann/.virtualenv_cache/caches") / kept_in
