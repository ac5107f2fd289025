"""What is read without running a package file is what running it gives."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rezup.runtime.definition import load_definition
from rezup.runtime.plain_definition import plain_definition

PLAIN = """\
# -*- coding: utf-8 -*-

# made by hand
name = 'app'
version = "1.0.alpha"
requires = ['lib-1+<2', "other", '~weak-2|3',]
build_requires = []
variants = [
    ['python-2.7', 'os==linux'],
    [],
    [
        '!maya'
    ],
]
variants = \\
    [['python-3']]
timestamp = 1600129484
hashed_variants = True
relocatable = None
help = [["a", "b"]]
description = 'commas, [brackets] and # no comment'
format_version = 2"""


def run(content: bytes) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(content, "package.py", "exec"), {}, names)
    return names


def test_plain_files_need_not_run() -> None:
    assert plain_definition(PLAIN.encode()) == run(PLAIN.encode())
    assert plain_definition(b"") == {}


@pytest.mark.parametrize(
    "text",
    [
        "requires = ['a' 'b']", "requires = ['a', # why\n 'b']", "requires = ('a',)", "requires = ['a'] + ['b']",
        "requires = ['a\\x62']", "requires = [1]", "requires = ['a', ['b']]", "requires = ['a'", "requires=['a']",
        "timestamp = 01", "timestamp = -1", "timestamp = 1.5", "timestamp = 1_0", "name = 'é'", "name = 'a\0'",
        "name = '''a'''", "name = 'a' if 1 else 'b'", "  name = 'a'", "name = 'a';", "name = 'a'\r\nversion = '1'\r\n",
        "early = 1", "own_key = 1", "None = 1", "name: str = 'a'", "# coding: rot13\nanzr = 'n'", "name = r'a'",
        "name = 'a'\n    version = '1'", "name = \\\n\n'a'", "def commands():\n    pass", "import os", "name = 'it\"s'",
        "variants = [['a', 'b'], 'c']", "variants = [[['a']]]", "requires = ['a',,]", "requires = [,]",
    ],
)  # fmt: skip
def test_all_else_is_left_to_python(text: str) -> None:
    assert plain_definition(text.encode()) is None


PIECES = st.sampled_from(
    [*"'\"[],=#\\ \n0179-+.abN_", "requires", "variants", "name", " = ", "['a']", "\n", "\\\n", "True", "# coding", "'a', ", "[[", "]]", "\t", "\r", "é"]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=30).map("".join)
    | st.lists(st.sampled_from(PLAIN.splitlines(True)), max_size=9).map("".join)
)
def test_it_never_differs_from_running_the_file(text: str) -> None:
    content = text.encode()
    found = plain_definition(content)
    if found is not None:
        ran = run(content)
        assert found == ran
        assert [*map(type, found.values())] == [*map(type, ran.values())]
        found.pop("format_version", None)
        assert found == load_definition("package.py", content)
