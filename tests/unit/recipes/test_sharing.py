from __future__ import annotations

from pathlib import Path

import pytest

from rezup.recipes import default_recipe, unshareable
from rezup.recipes.parse import parse

FILE = Path("/r/rezup.toml")
SHARED = [Path("/mnt/studio"), Path("Z:/pipeline")]


def found(text: str, shared=()):
    return [(p.line, p.key) for p in unshareable(parse(text.encode(), FILE, home=Path("/home/me")), shared)]


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[rez]\npython = '/usr/bin/python3'", (2, "rez.python")),
        ("[[extension]]\n\n[[extension]]\nname = 'a'\nurl = '~/dev/a'\nedit = true", (5, "extension[2].url")),
        ("[pip]\noptions = ['-f', '/wheels']", (2, "pip.options[2]")),
        ("[pip]\noptions = ['--find-links=file:///wheels']", (2, "pip.options[1]")),
        ("[pip]\noptions = ['--find-links=~/wheels']", (2, "pip.options[1]")),
        ("[pip]\noptions = ['-c/c.txt']", (2, "pip.options[1]")),
        ("[pip]\noptions = ['-q', '--requirement=/r.txt']", (2, "pip.options[2]")),
        ("[pip.env]\nPIP_FIND_LINKS = 'https://h/x /wheels'", (2, "pip.env.PIP_FIND_LINKS")),
        ("[dotenv]\n1 = '/x.env'", (2, "dotenv.1")),
        ("[dotenv.linux]\na = '~/x.env'", (2, "dotenv.linux.a")),
        ("[dotenv.windows]\na = 'C:\\x.env'", (2, "dotenv.windows.a")),
    ],
)
def test_a_path_of_this_machine_is_found_with_its_place(text, place):
    assert found(text) == [place]


@pytest.mark.parametrize(
    "text",
    [
        "[rez]\nurl = '/mnt/studio/rez'",
        "[rez]\nurl = 'file:///mnt/studio/rez'\npython = '/mnt/studio/bin/python'\nlib = ['/mnt/studio/x']",
        "[pip]\noptions = ['-f', '/mnt/studio/wheels']",
        "[dotenv]\n1 = '/mnt/studio/x.env'\n[dotenv.windows]\na = 'z:\\Pipeline\\x.env'",
        "[dotenv.windows]\na = '\\\\server\\share\\x.env'",
    ],
)
def test_what_lies_in_a_shared_folder_or_share_is_fine(text):
    assert found(text, SHARED) == []


@pytest.mark.parametrize("path", ["/mnt/studio2/x", "/mnt/studio/../x", "/mnt"])
def test_what_only_looks_like_it_is_not(path):
    assert found(f"[dotenv]\n1 = '{path}'", SHARED) == [(2, "dotenv.1")]


def test_a_relative_path_is_not_saved_by_a_shared_folder():
    recipe = parse(b"[rez]\nurl = './rez'\nedit = true", Path("/mnt/studio/rezup.toml"))
    assert [p.key for p in unshareable(recipe, SHARED)] == ["rez.url"]


@pytest.mark.parametrize(
    "text",
    [
        "[rez]\nurl = 'rez>=3'\npython = '3.10'\nlib = ['six', 'https://h/x.whl']",
        "[rez]\nurl = '${DEV}/rez'\nlib = ['${DEV}/x']\npython = '${PY}/bin/python'",
        "[pip]\noptions = ['-c', '${S}/c.txt', '-f', 'https://h/x', '--log=/tmp/l', '--cache-dir=/c', '--timeout=5']",
        "[dotenv]\n1 = '${S}/x.env'",
        "[rez]\nurl = 'file://server/share/rez.whl'",
        "[root]\nlocal = '/x'\n[env]\nREZ_CONFIG_FILE = '/x'",
    ],
)
def test_what_every_machine_resolves_for_itself_is_fine(text):
    assert found(text) == []


@pytest.mark.parametrize(
    "text",
    [
        "[rez]\nurl = '/dev/rez'",
        "[rez]\nurl = 'file:///dev/rez.whl'",
        "[rez]\nurl = 'rez @ git+file:///dev/rez'\nlib = ['six', '/dev/foo', '~/foo']",
        "[[extension]]\nname = 'a'\nurl = './a'",
        "[shared]\nname = 'a'\nrequires = ['/x']",
    ],
)
def test_a_source_is_shared_as_the_wheel_that_is_built_of_it(text):
    assert found(text) == []


def test_the_root_folder_shares_everything():
    assert found("[dotenv]\n1 = '/x.env'", [Path("/")]) == []


def test_the_default_recipe_can_be_shared():
    assert unshareable(parse(default_recipe(), None)) == ()


def test_the_problem_names_the_path():
    (problem,) = unshareable(parse(b"[rez]\nurl = '/dev/rez'\nedit = true", FILE))
    assert "'/dev/rez'" in problem.message
    assert problem.file == str(FILE)
