from __future__ import annotations

import io

import pytest
from dotenv import dotenv_values

from rezup.errors import RecipeError
from rezup.recipes.variables import (
    compose,
    expand_placeholders,
    has_placeholder,
    is_variable_name,
)

BASE = {"HOME": "/home/someone", "STUDIO": "/studio", "EMPTY": ""}


def as_dotenv(environment, base, monkeypatch):
    """What python-dotenv makes of the same assignments."""
    import os

    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in base.items():
        monkeypatch.setenv(name, value)
    lines = "".join(f"{name}='{value}'\n" for name, value in environment.items())
    values = dict(dotenv_values(stream=io.StringIO(lines)))
    monkeypatch.undo()
    return values


@pytest.mark.parametrize(
    "environment",
    [
        {"A": "plain"},
        {"A": "${STUDIO}/x", "B": "${A}/y"},
        {"A": "${B}", "B": "later"},
        {"STUDIO": "${STUDIO}:more", "X": "${STUDIO}"},
        {"A": "${MISSING}|${MISSING:-default}|${EMPTY:-default}|${STUDIO:-default}"},
        {"A": "${MISSING:-}", "B": "${}", "C": "${:-x}", "D": "$STUDIO $$ ${STUDIO", "E": "${A:x}"},
        {"A": "${A}", "B": "${B:-self}"},
        {"A": "${MISSING:-${STUDIO}}"},
        {"A": "", "B": "${A:-x}"},
        {"A": "{STUDIO} %STUDIO% $(id) `id`"},
    ],
)
def test_a_table_expands_as_python_dotenv_does(environment, monkeypatch):
    assert compose(environment, [], BASE).values == as_dotenv(environment, BASE, monkeypatch)


def test_only_what_is_set_is_returned():
    assert compose({"A": "1"}, [], BASE) == ({"A": "1"}, ())


def test_what_dotenv_would_cut_or_unquote_is_kept():
    environment = {"A": "x # y", "B": "'quoted'", "C": " blank ", "D": "50%", "E": "a=b"}
    assert compose(environment, [], BASE).values == environment


def test_dotenv_files_come_in_order_and_the_table_last(tmp_path):
    one = tmp_path / "one.env"
    two = tmp_path / "two.env"
    one.write_text("A=1\nB=${STUDIO}/b\nexport C='c c'\n")
    two.write_text("A=2\nD=${B}/d # comment\n")
    values, warnings = compose({"E": "${A}${D}", "C": "table"}, [str(one), str(two)], BASE)
    assert values == {"A": "2", "B": "/studio/b", "C": "table", "D": "/studio/b/d", "E": "2/studio/b/d"}
    assert warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "A=1\nB=${A}\nA=2\nC=${A}\n",
        "STUDIO\nA=${STUDIO:-x}\n",
        "A='${STUDIO}'\nB=\"${STUDIO}\\n\"\nC=a#b\nD=\n",
        "A=1\r\nB=2\r\n",
        "# only\n\n",
        'A="multi\nline"\n',
    ],
)
def test_one_file_gives_what_python_dotenv_gives(text, tmp_path, monkeypatch):
    path = tmp_path / ".env"
    path.write_bytes(text.encode())
    ours = compose({}, [str(path)], BASE)
    import os

    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name, value in BASE.items():
        monkeypatch.setenv(name, value)
    theirs = {name: value for name, value in dotenv_values(path).items() if value is not None}
    monkeypatch.undo()
    assert ours.values == theirs


def test_paths_of_dotenv_files_expand_home_and_variables(tmp_path):
    (tmp_path / "a.env").write_text("A=1\n")
    (tmp_path / "b.env").write_text("B=2\n")
    base = {"HOME": str(tmp_path), "ENVS": str(tmp_path)}
    assert compose({}, ["~/a.env", "${ENVS}/b.env"], base).values == {"A": "1", "B": "2"}
    assert compose({}, ["~/a.env"], {"USERPROFILE": str(tmp_path)}).values == {"A": "1"}


def test_a_later_path_sees_what_an_earlier_file_set(tmp_path):
    (tmp_path / "a.env").write_text(f"WHERE={tmp_path}\n")
    (tmp_path / "b.env").write_text("B=2\n")
    values = compose({}, [str(tmp_path / "a.env"), "${WHERE}/b.env"], {}).values
    assert values["B"] == "2"


def test_a_file_that_cannot_be_used_is_a_warning(tmp_path):
    bad = tmp_path / "latin.env"
    bad.write_bytes(b"A=\xff\n")
    broken = tmp_path / "broken.env"
    broken.write_text("A=1\n= nothing\nB=2\n")
    missing = tmp_path / "missing.env"
    files = [str(missing), str(tmp_path), str(bad), str(broken), "${NOT_SET}/x.env", "/a\0b"]
    values, warnings = compose({"C": "3"}, files, BASE)
    assert values == {"A": "1", "B": "2", "C": "3"}
    assert len(warnings) == 6
    assert "missing.env can't be read: No such file" in warnings[0]
    assert "line 2" in warnings[3]
    assert "${NOT_SET}/x.env is skipped" in warnings[4]


def test_a_byte_order_mark_is_no_part_of_the_first_name(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"\xef\xbb\xbfA=1\n")
    assert compose({}, [str(path)], {}).values == {"A": "1"}


def test_a_variable_that_no_process_can_have_is_skipped(tmp_path):
    path = tmp_path / ".env"
    path.write_bytes(b"'A=B'=1\nC=a\0b\nD=4\n")
    values, warnings = compose({}, [str(path)], {})
    assert values == {"D": "4"}
    assert len(warnings) == 2


def test_dotenv_is_not_changed_by_the_switch_of_the_process(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHON_DOTENV_DISABLED", "1")
    path = tmp_path / ".env"
    path.write_text("A=1\n")
    assert compose({}, [str(path)], {}).values == {"A": "1"}


class TestPlaceholders:
    def test_variables_and_defaults_are_filled_in(self):
        text = "https://${USER}:${PASS:-x}@host/${EMPTY}$HOME"
        assert expand_placeholders(text, {"USER": "u", "EMPTY": ""}) == "https://u:x@host/$HOME"

    def test_a_value_is_not_expanded_again(self):
        assert expand_placeholders("${A}", {"A": "${B}", "B": "x"}) == "${B}"

    def test_an_unset_variable_names_the_key(self):
        with pytest.raises(RecipeError, match=r"rez\.url: the variable TOKEN is not set") as caught:
            expand_placeholders("${TOKEN}${OTHER}", {}, key="rez.url")
        assert "${OTHER}" in caught.value.context
        assert "${TOKEN:-" in caught.value.hint

    def test_without_a_key_it_names_the_variable(self):
        with pytest.raises(RecipeError, match=r"^the variable TOKEN is not set"):
            expand_placeholders("${TOKEN}", {})

    def test_what_is_a_placeholder(self):
        assert has_placeholder("a${B}c")
        assert has_placeholder("${B:-}")
        assert not has_placeholder("$B ${B $(B) ${B:x}")


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("A", True),
        ("ProgramFiles(x86)", True),
        ("ü", True),
        ("", False),
        ("A=B", False),
        ("=A", False),
        ("A\0", False),
        ("A B", False),
        ("A\n", False),
        ("\x1b", False),
    ],
)
def test_names_of_variables(name, fits):
    assert is_variable_name(name) is fits
