from __future__ import annotations

from pathlib import Path

import pytest

from rezup.errors import RecipeError
from rezup.recipes.parse import parse
from rezup.recipes.pip_options import check_options, read_options


def keys(*options: str) -> list[str]:
    quoted = ", ".join(f"'{option}'" for option in options)
    try:
        parse(f"[pip]\noptions = [{quoted}]".encode(), Path("/r/rezup.toml"))
    except RecipeError as error:
        return [problem.key for problem in error.problems if problem.line == 2]
    return []


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("-qq", "--retries=2", "--timeout=5", "--no-input", "--disable-pip-version-check"),
        ("--proxy=https://user:${PASS}@host:80",),
        ("--index-url", "https://host/simple", "-i", "https://host", "--extra-index-url=${INDEX}"),
        ("-f/wheels", "-f", "~/wheels", "--find-links=file:///wheels", "--no-index"),
        ("-c", "/c.txt", "--constraint=https://host/c.txt", "-r", "${S}/r.txt"),
        ("--pre", "-U", "-I", "--root-user-action=ignore", "--python-option-of-2030", "value"),
        ("--only-binary", ":all:", "--no-binary=foo", "-C", "k=v"),
        ("--option-of-2030",),
        ("--cert", "C:/cert.pem"),
        ("--trusted-host", "host"),
    ],
)
def test_options_that_say_how_to_fetch_are_kept(options):
    assert keys(*options) == []


@pytest.mark.parametrize(
    "options",
    [
        ("--target=/x",),
        ("-t/x",),
        ("-qt/x",),
        ("--prefix=/x",),
        ("--root=/x",),
        ("--user",),
        ("-Uqt/x",),
        ("--python=/usr/bin/python",),
        ("--platform=any",),
        ("--dry-run",),
        ("-e/x",),
        ("--editable=/x",),
        ("-h",),
        ("--version",),
        ("--group=dev",),
        ("--targ=/x",),
        ("--pref=/x",),
        ("--use",),
        ("--t=/x",),
        ("foo",),
        ("-",),
        ("--",),
        ("-z",),
        ("--=x",),
        ("-r", "relative.txt")[1:],
        ("--constraint=c.txt",),
        ("-rr.txt",),
        ("-c~/c.txt",),
        ("--find-links=wheels",),
        ("--timeout",),
        ("-i",),
        ("",),
        ("--a b",),
    ],
)
def test_options_that_change_the_target_or_are_none_are_refused(options):
    assert keys(*options) == ["pip.options[1]"]


def test_the_place_is_that_of_the_element():
    assert keys("-q", "--target", "/x", "--quiet", "foo") == ["pip.options[3]", "pip.options[5]"]


def test_a_missing_value_is_found_where_the_next_option_begins():
    assert keys("--timeout", "--user") == ["pip.options[1]", "pip.options[2]"]


def test_every_refusal_has_words():
    for misfit in check_options(("--editable=/x", "--python=3", "--group=a", "-t", "/x")):
        assert "refused" in misfit.error.message


def test_options_are_read_under_their_long_names():
    found, misfits = read_options(("-Uqi", "https://h", "--log=/x", "--new", "v", "--last"))
    assert misfits == []
    assert [tuple(option) for option in found] == [
        (1, "--upgrade", None),
        (1, "--quiet", None),
        (2, "--index-url", "https://h"),
        (3, "--log", "/x"),
        (5, "--new", "v"),
        (6, "--last", None),
    ]


@pytest.mark.parametrize("value", ["1", "'--no-index'", "[1]", "[['-q']]"])
def test_options_are_strings_in_an_array(value):
    with pytest.raises(RecipeError) as caught:
        parse(f"[pip]\noptions = {value}".encode(), None)
    assert caught.value.problems[0].key.startswith("pip.options")


def test_variables_are_kept_in_order_and_numbers_as_written():
    recipe = parse(b"[pip.env]\nHTTPS_PROXY = 'http://${P}'\nPIP_TIMEOUT = 5\nPIP_USER = '0'", None)
    assert recipe.pip_environment == {"HTTPS_PROXY": "http://${P}", "PIP_TIMEOUT": "5", "PIP_USER": "0"}


@pytest.mark.parametrize(
    "name", ["PIP_TARGET", "PIP_PREFIX", "PIP_USER", "pip_target", "PIP_DRY_RUN", "PIP_PYTHON"]
)
def test_variables_that_change_the_target_are_refused(name):
    with pytest.raises(RecipeError) as caught:
        parse(f"[pip.env]\n{name} = '1'".encode(), None)
    assert [problem[1:3] for problem in caught.value.problems] == [(2, f"pip.env.{name}")]


def test_a_variable_with_a_bad_name_or_value_is_refused():
    with pytest.raises(RecipeError) as caught:
        parse(b"[pip.env]\n'A=B' = '1'\nC = false", None)
    assert [problem.line for problem in caught.value.problems] == [2, 3]
