from __future__ import annotations

import pytest

from rezup.recipes.findings import key_text
from rezup.recipes.locate import line_of, locate

TEXT = '''\
# comment = 1
title = "x" # [not.a.table]

[a.b]
"quoted key" = 1
'literal' . dotted . "e\\u0041" = 2
multi = """
[fake]
key = 1 \\""" """
raw = \'\'\'
[[fake]]
\'\'\'
list = [ # one
  "]", # two [
  ["#", 2],
  { x = 1, y = [ 2,
   3 ] },
]
[[t]]
[[t]]
k = 1979-05-27 07:32:00
[t.sub]
z = 1
[[t.deep]]
[[t.deep]]
w = ""
[a]
last = true'''


@pytest.mark.parametrize(
    ("key", "line"),
    [
        (("title",), 2),
        (("a", "b"), 4),
        (("a", "b", "quoted key"), 5),
        (("a", "b", "literal"), 6),
        (("a", "b", "literal", "dotted", "eA"), 6),
        (("a", "b", "multi"), 7),
        (("a", "b", "raw"), 10),
        (("a", "b", "list"), 13),
        (("a", "b", "list", 1), 14),
        (("a", "b", "list", 2), 15),
        (("a", "b", "list", 2, 2), 15),
        (("a", "b", "list", 3, "y"), 16),
        (("a", "b", "list", 3, "y", 2), 17),
        (("t",), 19),
        (("t", 1), 19),
        (("t", 2), 20),
        (("t", 2, "k"), 21),
        (("t", 2, "sub"), 22),
        (("t", 2, "sub", "z"), 23),
        (("t", 2, "deep", 1), 24),
        (("t", 2, "deep", 2, "w"), 26),
        (("a",), 27),
        (("a", "last"), 28),
    ],
)
def test_the_line_of_a_key(key, line):
    assert locate(TEXT)[key] == line


def test_nothing_is_found_that_is_not_there():
    assert not [key for key in locate(TEXT) if "fake" in key or "comment" in key]


def test_a_missing_key_stands_where_its_table_does():
    lines = locate(TEXT)
    assert line_of(lines, ("t", 2, "missing")) == 20
    assert line_of(lines, ("missing", "x")) is None
    assert line_of(lines, ()) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[",
        "[[",
        "a",
        "a =",
        "a = [",
        "a = {",
        "a = [}",
        "= = =",
        '"',
        "'''",
        "a = {]",
        "]",
        "a = [1 2",
        "\\",
        "a . = 1",
        "[a]]]",
        "a = [" * 5000,
    ],
)
def test_what_is_no_toml_ends_all_the_same(text):
    assert isinstance(locate(text), dict)


def test_keys_are_shown_as_they_are_written():
    assert key_text(("extension", 2, "name")) == "extension[2].name"
    assert key_text(("env", "A B")) == "env.'A B'"
    assert key_text(()) == ""
