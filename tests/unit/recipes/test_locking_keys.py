"""The keys about locks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.errors import RecipeError
from rezup.recipes.parse import parse

if TYPE_CHECKING:
    from rezup.recipes.model import Recipe

SOURCE = Path("/studio/recipes/rezup.toml")


def read(text: str, source: Path | None = SOURCE) -> Recipe:
    return parse(text.encode(), source, home=Path("/home/me"))


def problem(text: str) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        read(text)
    return caught.value


def test_a_recipe_that_says_nothing_of_locks() -> None:
    recipe = read("")
    assert recipe.platforms == ()
    assert recipe.lock is None
    assert recipe.sdists is False


def test_platforms_become_tags() -> None:
    recipe = read(
        'platforms = ["linux", "windows", "macos", "linux-aarch64", "windows-arm64", "macos-x86_64", " MacOS-arm64 "]'
    )
    assert recipe.platforms == (
        "linux-x86_64", "win32-amd64", "darwin-arm64", "linux-aarch64", "win32-arm64", "darwin-x86_64",
    )  # fmt: skip
    (warning,) = recipe.warnings
    assert warning.key == "platforms"
    assert "darwin-arm64 twice" in warning.message


def test_tags_are_taken_as_they_are() -> None:
    tags = ("linux-x86_64", "linux-aarch64", "win32-amd64", "win32-arm64", "darwin-arm64", "darwin-x86_64")
    assert read(f"platforms = {list(tags)}").platforms == tags


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('platforms = ["windos"]', "did you mean 'windows'"),
        ('platforms = ["linux-x86-64"]', "did you mean 'linux-x86_64'"),
        ('platforms = ["amiga"]', "'amiga' is no platform"),
        ('platforms = [""]', "is empty"),
        ('platforms = "linux"', "must be an array"),
        ("platforms = [1]", "must be a string"),
        ('lock = "uv.lock"', "no name of a lock"),
        ('lock = "locks/"', "no name of a lock"),
        ('lock = "pylock.a.b.toml"', "no name of a lock"),
        ('lock = "pylock..toml"', "no name of a lock"),
        ('lock = ""', "is empty"),
        ("lock = true", "must be a string"),
        ('lock = "${LOCKS}/pylock.toml"', "placeholder"),
        ('lock = "pylock\\u0007.toml"', "control character"),
        ('[installer]\nsdists = "yes"', "must be true or false"),
    ],
)
def test_what_cannot_be_is_told(text: str, says: str) -> None:
    assert says in (problem(text).context or "")


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("pylock.toml", "/studio/recipes/pylock.toml"),
        ("./locks/pylock.dev.toml", "/studio/recipes/locks/pylock.dev.toml"),
        ("../pylock.toml", "/studio/pylock.toml"),
        ("/mnt/locks/pylock.toml", "/mnt/locks/pylock.toml"),
        ("~/pylock.toml", "/home/me/pylock.toml"),
    ],
)
def test_a_lock_is_named_by_a_path(text: str, path: str) -> None:
    assert read(f'lock = "{text}"').lock == Path(path)


def test_a_recipe_without_a_file_has_no_lock_beside_it() -> None:
    assert read('lock = "pylock.toml"', None).lock is None
    assert read('lock = "/mnt/pylock.toml"', None).lock == Path("/mnt/pylock.toml")


def test_source_distributions_are_allowed_by_the_recipe() -> None:
    recipe = read("[installer]\nsdists = true")
    assert recipe.sdists is True
    assert recipe.backend == "auto"
    assert not recipe.warnings
    (warning,) = read("[installer]\nsdist = true").warnings
    assert "did you mean 'sdists'" in warning.message


def test_two_tools_cannot_have_one_lock() -> None:
    def extensions(isolation: str) -> str:
        return f'[[extension]]\nname = "a.b"\nisolation = {isolation}\n[[extension]]\nname = "a_b"\nisolation = true'

    assert "would have one lock, pylock.a_b.toml" in (problem(extensions("true")).context or "")
    assert read(extensions("false")).extensions
