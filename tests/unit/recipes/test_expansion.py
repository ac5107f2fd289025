from __future__ import annotations

from pathlib import Path

import pytest

from rezup.errors import RecipeError
from rezup.recipes import expand_pip, expand_tool
from rezup.recipes.parse import parse

FOLDER = Path("/r").absolute()
FILE = FOLDER / "rezup.toml"


def read(text: str):
    return parse(text.encode(), FILE, home=Path("/home/me"))


def test_a_tool_without_variables_stays_as_it_is():
    tool = read("[rez]\nurl = './rez'\nedit = true\npython = '3.10'\nlib = ['six']").rez
    assert expand_tool(tool, {}) == tool


def test_every_text_of_a_tool_is_filled_in():
    tool = read("[rez]\nurl = 'rez==${V}'\npython = '${PY:-3.11}'\nlib = ['six==${S}', '${D}/x']").rez
    full = expand_tool(tool, {"V": "3.2", "S": "1", "D": "/d"})
    assert (full.requirement, full.python, full.libraries) == ("rez==3.2", "3.11", ("six==1", "/d/x"))


def test_a_path_is_known_then():
    tool = read("[[extension]]\nname = 'a'\nurl = '${DEV}/a'\nedit = true").extensions[0]
    assert expand_tool(tool, {"DEV": "/dev"}).path == Path("/dev/a")
    assert expand_tool(tool, {"DEV": "."}, folder=FOLDER).path == FOLDER / "a"
    assert expand_tool(tool, {"DEV": "~"}, home=Path("/h")).path == Path("/h/a")


def test_edit_needs_a_path_then():
    tool = read("[[extension]]\nname = 'a'\nurl = '${DEV}'\nedit = true").extensions[0]
    with pytest.raises(RecipeError, match=r"extension 'a'\.url must be a local folder"):
        expand_tool(tool, {"DEV": "a>=1"})


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("url = 'rez==${X}'", "rez.url"),
        ("lib = ['six', 'a${X}']", "rez.lib[2]"),
        ("python = '${X}'", "rez.python"),
    ],
)
def test_an_unset_variable_names_the_key(text, key):
    with pytest.raises(RecipeError) as caught:
        expand_tool(read(f"[rez]\n{text}").rez, {})
    assert caught.value.message == f"{key}: the variable X is not set"


@pytest.mark.parametrize("value", ["--target=/x", "foo --target=/x", "", "a\nb", "ssh://h"])
def test_a_value_cannot_smuggle_in_an_option(value):
    with pytest.raises(RecipeError, match=r"rez\.lib\[1\]"):
        expand_tool(read("[rez]\nlib = ['${X}']").rez, {"X": value})


def test_options_and_variables_of_pip_are_filled_in():
    recipe = read("[pip]\noptions = ['--index-url', '${I}', '-q']\n[pip.env]\nA = '${I}'")
    settings = expand_pip(recipe, {"I": "https://u:p@h"})
    assert settings == (("--index-url", "https://u:p@h", "-q"), {"A": "https://u:p@h"})


@pytest.mark.parametrize("value", ["--target=/x", "-t/x"])
def test_options_are_checked_again(value):
    with pytest.raises(RecipeError, match=r"pip\.options\[2\]"):
        expand_pip(read("[pip]\noptions = ['--option-of-2030', '${X}']"), {"X": value})


def test_an_unset_variable_of_pip_names_the_key():
    with pytest.raises(RecipeError, match=r"^pip\.options\[1\]: the variable X"):
        expand_pip(read("[pip]\noptions = ['--proxy=${X}']"), {})
    with pytest.raises(RecipeError, match=r"^pip\.env\.A: the variable X"):
        expand_pip(read("[pip.env]\nA = '${X}'"), {})


def test_variables_of_pip_are_checked_again():
    recipe = read("[pip.env]\nPIP_USER = '${X:-0}'")
    assert expand_pip(recipe, {}).environment == {"PIP_USER": "0"}
    with pytest.raises(RecipeError, match=r"pip\.env\.PIP_USER"):
        expand_pip(recipe, {"X": "1"})
