"""New keys in the text of a recipe: where they land, and that nothing else changes."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from rezup.recipes.editing import Draft, changed
from rezup.recipes.insertion import inserted, parts, sections
from rezup.recipes.reading import tables


def edited(text: str, *values: str) -> str:
    draft = Draft(Path("rezup.toml"), Path("rezup.toml"), text.encode(), 0o644)
    return changed(
        draft, [(key, value) for key, _, value in (each.partition("=") for each in values)], ()
    ).decode()


#: What is said, then the text; the line that is to be put in begins with "+".
CASES = {
    "directly above the next table": ("rez.url=x", '[rez]\nname = "r"\n+url = "x"\n\n# about env\n[env]\n'),
    "a chapter of its own": (
        "rez.url=x", '[rez]\nname = "r"\n+url = "x"\n\n# chapter\n\n# about env\n\n[env]\nA = "1"\n'
    ),
    "below the last key": ("rez.url=x", '[env]\n\n[rez]\nname = "r"  # n\n+url = "x"\n\n# the end\n'),
    "without a blank line": ("rez.url=x", '[rez]\nname = "r"\n+url = "x"\n# about env\n[env]\n'),
    "between its own comments": ("rez.url=x", '[rez]\n# a\nname = "r"\n+url = "x"\n# b\n\n[env]\n'),
    "no key yet": ("rez.url=x", '[rez]\n# its own\n+url = "x"\n\n# about env\n[env]\n'),
    "no key yet, and a comment of the next": ("rez.url=x", '[rez]\n+url = "x"\n# about env\n[env]\n'),
    "no key yet, at the end": ("rez.url=x", '[env]\n[rez]\n# its own\n+url = "x"\n'),
    "indented": ("rez.url=x", '[rez]\n  name = "r"\n+  url = "x"\n\n  # about env\n  [env]\n'),
    "a text with headers": ("rez.url=x", '[rez]\nname = """\n# a\n[b]\n"""\n+url = "x"\n\n# c\n[env]\n'),
    "an array with headers": (
        "pip.sdists=x", "[pip]\noptions = [ # [\n  '[env]', # ]\n  \"\"\"]\"\"\"\"\",\n]  # o\n+sdists = \"x\"\n\n# a\n[env]\n",
    ),
    "dotted keys": ("rez.url=x", 'rez.name = "r"\n+rez.url = "x"\n\n# about env\n[env]\n'),
    "dotted keys among others": ("env.B=x", 'env.A = "1"\n+env.B = "x"\ndescription = "d"\n\n[rez]\n'),
    "dotted keys in a table": ("pip.env.B=x", '[pip]\nenv.A = "1"\n+env.B = "x"\noptions = []\n\n# a\n[env]\n'),
    "a table below dotted keys": ("pip.env.A=x", 'pip.options = []\n+pip.env.A = "x"\n\n# a\n[env]\n'),
    "quoted keys": ("env.'a b'=x", '["env"] # e\n"A.B" = "1"\n+"a b" = "x"\n\n# about rez\n[ rez ]\n'),
    "a table within it": ("pip.lock=x", '[pip]\n+lock = "x"\n\n# about pip.env\n[pip.env]\nA = "1"\n'),
    "an array of tables": (
        "extension.a.url=x", '[[extension]]\nname = "a"\n+url = "x"\n\n# about b\n\n[[extension]]\nname = "b"\n'
    ),
    "the last of an array of tables": (
        "extension.b.url=x", '[[extension]]\nname = "a"\n\n[[extension]]\nname = "b"\n+url = "x"\n\n# e\n[env]\n'
    ),
    "one more of an array of tables": (
        "extension.b.url=x",
        '[[extension]]\nname = "a"\n+\n+[[extension]]\n+name = "b"\n+url = "x"\n\n# about env\n[env]\n',
    ),
    "one more, behind what is commented out": (
        "extension.b.url=x",
        '[[extension]]\nname = "a"\n# lib = true\n# python = "3"\n+\n+[[extension]]\n+name = "b"\n+url = "x"\n\n[env]\n',
    ),
    "one more, before what is said of the next": (
        "extension.b.url=x",
        '[[extension]]\nname = "a"\n+\n+[[extension]]\n+name = "b"\n+url = "x"\n+\n# about env\n[env]\n',
    ),
    "a table of a table, behind what is commented out": (
        "pip.env.A=x", '[pip]\nsdists = "no"\n# options = []\n+\n+[pip.env]\n+A = "x"\n'
    ),
    "the first of an array of tables": (
        "extension.b.url=x", '[rez]\nname = "r"\n\n# end\n+\n+[[extension]]\n+name = "b"\n+url = "x"\n'
    ),
    "an implicit table": ("pip.lock=x", '# head\n\n+[pip]\n+lock = "x"\n+\n# about\n[pip.env]\nA = "1"\n'),
    "a table of a table": (
        "pip.env.A=x", '[pip]\nsdists = "no"\n+\n+[pip.env]\n+A = "x"\n\n# about rez\n[rez]\n'
    ),
    "a new table": ("env.A=x", '[rez]\nname = "r"\n\n# the end\n+\n+[env]\n+A = "x"\n'),
    "the root": ("lock=x", '# head\n\ndescription = "d"\n+lock = "x"\n\n# about rez\n[rez]\n'),
    "the root without a key": (
        "lock=x", '# head\n# more\n\n+lock = "x"\n+\n# about rez\n[rez]\nname = "r"\n'
    ),
    "the root with nothing above": ("lock=x", '+lock = "x"\n+\n[rez]\nname = "r"\n'),
    "the root with what belongs to the table": ("lock=x", '+lock = "x"\n+\n# about rez\n[rez]\n'),
    "comments alone": ("lock=x", '# head\n# more\n+\n+lock = "x"\n'),
    "nothing": ("lock=x", '+lock = "x"\n'),
}  # fmt: skip


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("case", CASES)
def test_only_lines_are_put_in(case: str, newline: str) -> None:
    value, marked = CASES[case]
    lines = marked.splitlines()
    text = "".join(line + newline for line in lines if not line.startswith("+"))
    wanted = "".join(line.removeprefix("+") + newline for line in lines)
    assert edited(text, value) == (wanted if text else wanted.replace("\r\n", "\n"))


@pytest.mark.parametrize("ends", list(itertools.product(["\n", "\r\n"], repeat=3)))
def test_where_line_ends_differ_a_new_line_has_that_of_the_one_above(ends: tuple[str, str, str]) -> None:
    above, last, below = ends
    text = f'[rez]{above}name = "r"{last}{below}# about env{below}[env]{below}'
    wanted = f'[rez]{above}name = "r"{last}url = "x"{last}{below}# about env{below}[env]{below}'
    assert edited(text, "rez.url=x") == wanted


@pytest.mark.parametrize(
    ("text", "value", "wanted"),
    [
        ('env = {A = "1"}  # e\n\n# r\n[rez]\n', "env.B=x", {"env": {"A": "1", "B": "x"}, "rez": {}}),
        ("pip = {sdists = 'no'}\n\n# r\n[rez]\n", "pip.env.B=x", {"pip": {"sdists": "no", "env": {"B": "x"}}, "rez": {}}),
        ('extension = [{name = "a"}]\n', "extension.b.url=x", {"extension": [{"name": "a"}, {"name": "b", "url": "x"}]}),
        ('[[extension]]\nname = "a"\n', "extension.c.name=b", {"extension": [{"name": "a"}, {"name": "b"}]}),
        ('[[extension]]\nname = "a"\n', "extension.a.x.y=b", {"extension": [{"name": "a", "x": {"y": "b"}}]}),
    ],
)  # fmt: skip
def test_what_has_no_line_of_its_own(text: str, value: str, wanted: dict[str, object]) -> None:
    result = edited(text, value)
    assert tables(result, "x") == wanted
    assert "\n\n# r\n[rez]\n" in result or "# r" not in text


def test_many_at_once_are_the_same_as_one_after_another() -> None:
    values = [f"{table}{key}=x" for table in ("", "rez.", "pip.env.", "extension.a.", "new.") for key in "pq"]
    for _, marked in CASES.values():
        text = "".join(f"{line}\n" for line in marked.splitlines() if not line.startswith("+"))
        for value in values:
            lines = text.splitlines()
            text = edited(text, value)
            rest = iter(text.splitlines())
            assert all(line in rest for line in lines), value  # in this order
        assert all(each in str(tables(text, "x")) for each in ("'p': 'x'", "'q': 'x'"))


def test_keys_are_read_as_toml_reads_them() -> None:
    assert parts("a. 'b.c' .\"d\\u0065\"") == ("a", "b.c", "de")
    assert [parts(text) for text in ("", "a.", "a b", "a = 1\nb", "[a]")] == [()] * 5
    found = sections("a.b = 1 # [\n['c.d' . e] # ]\nf = {g = '}'}\n[[h]]\n")
    assert [each.path for each in found] == [(), ("c.d", "e"), ("h",)]
    assert [each.path for section in found for each in section.statements] == [("a", "b"), ("c.d", "e", "f")]


def test_an_entry_that_is_not_next_has_no_place() -> None:
    assert inserted('[[extension]]\nname = "a"\n', ("extension", "b", "url"), '"x"', entry=5) is None
    assert inserted("env = {}\n", ("env", "A"), '"x"') is None


@pytest.mark.parametrize("value", ["extension.a.url=u", "description=d"])
def test_the_value_that_is_there_moves_nothing(value: str) -> None:
    """tomlkit would put the two entries together."""
    text = (
        "description = 'd'\n[[extension]]\nname='a'\nurl  =  'u'\n[pip]\n[[extension]]\nname='b'\nurl='u'\n"
    )
    assert edited(text, value) == text


def test_an_equal_value_of_another_type_is_another() -> None:
    assert edited("a = 1\n", "a=true") == "a = true\n"
    assert edited("a = 1\n", "a=1.0") == "a = 1.0\n"
