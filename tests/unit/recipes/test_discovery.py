from __future__ import annotations

import os
import sys

import pytest

from rezup.errors import RecipeError
from rezup.recipes import ContainerName, RecipeFile, discover, existing_recipe, recipe_path


def test_recipes_are_found_by_their_exact_names(tmp_path):
    for name in ("rezup.toml", "rezup.dev.toml", "rezup.a.b.toml", "rezup.toml.toml", "rezup.main.toml"):
        (tmp_path / name).touch()
    assert discover(tmp_path) == [
        RecipeFile(ContainerName(name), tmp_path / file)
        for name, file in [
            (".main", "rezup.toml"),
            ("a.b", "rezup.a.b.toml"),
            ("dev", "rezup.dev.toml"),
            ("main", "rezup.main.toml"),
            ("toml", "rezup.toml.toml"),
        ]
    ]


@pytest.mark.parametrize(
    "name",
    [
        "oldrezup.dev.toml.bak",
        "oldrezup.toml",
        "rezupX.toml",
        "rezup..toml",
        "rezup..main.toml",
        "rezup.toml~",
        "rezup.dev.toml.bak",
        "rezup.dev.TOML",
        "rezup",
        "rezup.con.toml",
        "rezup.a b.toml",
        "rezup.-x.toml",
        "rezup.dev..toml",
        "rezup.naïve.toml",
        "rezup." + "x" * 70 + ".toml",
        ".rezup.toml",
    ],
)
def test_lookalikes_are_none(tmp_path, name):
    (tmp_path / name).touch()
    assert discover(tmp_path) == []


def test_folders_and_dangling_links_are_none(tmp_path):
    (tmp_path / "rezup.toml").mkdir()
    if os.name != "nt":
        (tmp_path / "rezup.dev.toml").symlink_to(tmp_path / "nowhere")
    assert discover(tmp_path) == []
    assert existing_recipe(ContainerName(".main"), tmp_path) is None


def test_a_link_to_a_file_is_one(tmp_path):
    (tmp_path / "other").touch()
    try:
        (tmp_path / "rezup.dev.toml").symlink_to("other")
    except OSError:
        pytest.skip("no links here")
    assert [recipe.name for recipe in discover(tmp_path)] == ["dev"]


def test_a_missing_folder_has_none(tmp_path):
    (tmp_path / "file").touch()
    assert discover(tmp_path / "missing") == []
    assert discover(tmp_path / "file") == []


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root reads every folder")
def test_a_folder_that_cannot_be_listed_is_an_error(tmp_path):
    tmp_path.chmod(0)
    try:
        with pytest.raises(RecipeError, match="can't be listed"):
            discover(tmp_path)
    finally:
        tmp_path.chmod(0o755)


@pytest.mark.parametrize(
    ("name", "file"), [(".main", "rezup.toml"), ("dev", "rezup.dev.toml"), ("a.b", "rezup.a.b.toml")]
)
def test_the_path_of_a_recipe_and_the_way_back(tmp_path, name, file):
    name = ContainerName.parse(name)
    path = recipe_path(name, tmp_path)
    assert path == tmp_path / file
    assert existing_recipe(name, tmp_path) is None
    path.touch()
    assert existing_recipe(name, tmp_path) == path
    assert discover(tmp_path) == [RecipeFile(name, path)]
