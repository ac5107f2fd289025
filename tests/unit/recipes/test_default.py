from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor

import pytest

from rezup.recipes import default_recipe, load, write_default
from rezup.recipes.parse import parse


def test_the_default_recipe_is_valid_and_asks_for_nothing_but_rez():
    recipe = parse(default_recipe(), None)
    assert recipe.warnings == ()
    assert recipe.rez.requirement == "rez>=3.0"
    assert recipe.extensions == ()
    assert recipe.pip_options == ()
    assert recipe.schema == "rezup-recipe:2.1"


def test_the_examples_in_its_comments_are_valid_too(tmp_path):
    lines = []
    for line in default_recipe().decode().splitlines():
        text = line.strip()
        is_example = (
            text.startswith("# ")
            and text[2:3] in '[n"uefplRH1i'
            and ("=" in text or text == "# [[extension]]")
            and "edit" not in text  # needs a path
        )
        lines.append(text[2:] if is_example else line)
    recipe = parse("\n".join(lines).encode(), tmp_path / "rezup.toml")
    assert [tool.name for tool in recipe.tools] == ["rez", "foo", "bar"]
    assert recipe.extensions[1].isolated
    assert "--timeout=5" in recipe.pip_options
    assert recipe.dotenv == ("~/studio.env",)
    assert recipe.environment
    assert recipe.pip_environment


def test_every_key_is_explained():
    text = default_recipe().decode()
    for key in [
        "description",
        "schema",
        "local",
        "remote",
        "name",
        "url",
        "edit",
        "python",
        "flags",
        "lib",
        "isolation",
        "options",
        "backend",
        "sdists",
        "platforms",
        "lock",
    ]:
        assert f"{key} = " in text
    for table in [
        "root",
        "rez",
        "extension",
        "env",
        "dotenv",
        "dotenv.linux",
        "dotenv.darwin",
        "dotenv.windows",
        "pip",
        "pip.env",
        "installer",
    ]:
        assert f"[{table}]" in text


def test_it_is_written_whole_and_readable_by_all(tmp_path):
    path = tmp_path / "new" / "rezup.toml"
    old = os.umask(0o077)
    try:
        assert write_default(path) is True
    finally:
        os.umask(old)
    assert path.read_bytes() == default_recipe()
    assert load(path).rez.name == "rez"
    assert [entry.name for entry in path.parent.iterdir()] == ["rezup.toml"]
    if os.name != "nt":
        assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_an_existing_file_is_never_replaced(tmp_path):
    path = tmp_path / "rezup.toml"
    path.write_text("mine")
    assert write_default(path) is False
    assert path.read_text() == "mine"


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_dangling_link_is_left_alone(tmp_path):
    path = tmp_path / "rezup.toml"
    path.symlink_to(tmp_path / "elsewhere")
    assert write_default(path) is False
    assert not (tmp_path / "elsewhere").exists()


def test_one_of_many_at_once_writes_it(tmp_path):
    path = tmp_path / "rezup.toml"
    with ThreadPoolExecutor(16) as pool:
        results = list(pool.map(lambda _: write_default(path), range(32)))
    assert results.count(True) == 1
    assert path.read_bytes() == default_recipe()
    assert [entry.name for entry in tmp_path.iterdir()] == ["rezup.toml"]


def test_a_folder_that_cannot_be_made_is_an_os_error(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises((FileExistsError, NotADirectoryError)):
        write_default(tmp_path / "file" / "rezup.toml")


def test_without_hard_links_it_is_still_written_once(tmp_path, monkeypatch):
    def refuse(*args, **options):
        raise PermissionError("no hard links on this file system")

    monkeypatch.setattr(os, "link", refuse)
    path = tmp_path / "rezup.toml"
    assert write_default(path) is True
    assert path.read_bytes() == default_recipe()
    assert write_default(path) is False
