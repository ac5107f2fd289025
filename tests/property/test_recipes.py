from __future__ import annotations

import io
import os
import string
import sys
from pathlib import Path
from unittest import mock

from dotenv import dotenv_values
from hypothesis import given
from hypothesis import strategies as st

from rezup.errors import RecipeError
from rezup.recipes import redact
from rezup.recipes.locate import locate
from rezup.recipes.parse import parse
from rezup.recipes.pip_options import check_options
from rezup.recipes.variables import compose

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# A small writer of TOML in many of its spellings; it notes the line on which each key begins.

KEYS = st.text(string.ascii_letters + string.digits + "-_", min_size=1, max_size=6) | st.text(
    " .#=[]\"'\\é", min_size=1, max_size=4
)
TEXTS = st.text(string.ascii_letters + " #[]{}=,.'\"\\\n$é", max_size=12)
SCALARS = st.integers(-9, 9) | st.booleans() | TEXTS
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=6,
)
TABLES = st.dictionaries(KEYS, VALUES, max_size=4)
DOCUMENTS = st.tuples(
    TABLES, st.dictionaries(KEYS, TABLES | st.lists(TABLES, min_size=1, max_size=3), max_size=3), st.randoms()
)


def quoted(text: str) -> str:
    body = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{body}"'


def written_key(key: str, random) -> str:
    if set(key) <= set(string.ascii_letters + string.digits + "-_"):
        return random.choice([key, f'"{key}"', f"'{key}'"])
    return quoted(key)


class Writer:
    def __init__(self, random) -> None:
        self.random = random
        self.text = ""
        self.lines: dict[tuple, int] = {}

    def mark(self, key: tuple) -> None:
        self.lines[key] = self.text.count("\n") + 1

    def filler(self) -> None:
        self.text += self.random.choice(["", "", "\n", "# [x] = 'y\n", "  "])

    def value(self, value, key: tuple) -> None:
        if isinstance(value, bool):
            self.text += str(value).lower()
        elif isinstance(value, int):
            self.text += str(value)
        elif isinstance(value, str):
            self.string(value)
        elif isinstance(value, list):
            self.text += "["
            for position, item in enumerate(value, start=1):
                self.text += self.random.choice(["", "\n", " # ] '\n"])
                self.mark((*key, position))
                self.value(item, (*key, position))
                self.text += self.random.choice([",", ",\n", "\n,"])
            self.text += "]"
        else:
            self.text += "{"
            for number, (name, item) in enumerate(value.items()):
                self.text += ", " if number else " "
                self.pair(name, item, key)
            self.text += "}"

    def string(self, value: str) -> None:
        if "'" not in value and self.random.random() < 0.5:
            fence = "'''" if "\n" in value or self.random.random() < 0.3 else "'"
            # A newline right after the fence is dropped, so put one there.
            self.text += fence + ("\n" if fence == "'''" else "") + value + fence
        elif "\\" not in value and self.random.random() < 0.3:
            self.text += '"""\n' + quoted(value)[1:-1].replace("\\n", "\n") + '"""'
        else:
            self.text += quoted(value)

    def pair(self, name: str, value, table: tuple) -> None:
        key = (*table, name)
        self.mark(key)
        self.text += written_key(name, self.random)
        # A table of one entry may be written as a dotted key.
        if isinstance(value, dict) and len(value) == 1 and self.random.random() < 0.5:
            self.text += "."
            ((inner, item),) = value.items()
            self.pair(inner, item, key)
            return
        self.text += self.random.choice(["=", " = ", "\t="])
        self.value(value, key)

    def table(self, values: dict, key: tuple) -> None:
        for name, value in values.items():
            self.filler()
            self.pair(name, value, key)
            self.text += self.random.choice(["\n", " # c\n", "\n\n"])

    def document(self, top: dict, tables: dict) -> None:
        self.table(top, ())
        for name, content in tables.items():
            for position, values in enumerate(content if isinstance(content, list) else [content], start=1):
                self.filler()
                is_array = isinstance(content, list)
                key = (name, position) if is_array else (name,)
                if position == 1:
                    self.mark((name,))
                self.mark(key)
                header = written_key(name, self.random)
                self.text += f"[[{header}]]\n" if is_array else f"[ {header} ]\n"
                self.table(values, key)


@given(DOCUMENTS)
def test_every_key_is_located_on_the_line_it_was_written_on(document):
    top, tables, random = document
    tables = {name: content for name, content in tables.items() if name not in top}
    writer = Writer(random)
    writer.document(top, tables)
    assert tomllib.loads(writer.text) == {**top, **tables}
    assert locate(writer.text) == writer.lines


@given(st.text("[]{}=,.'\"\\#\n ab1", max_size=60))
def test_the_scanner_ends_on_any_text(text):
    locate(text)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_a_recipe_or_a_recipe_error(data):
    try:
        kept = parse(data, Path("/r/rezup.toml")).data == data
    except RecipeError as error:
        kept = bool(error.problems)
    assert kept


ODD = (
    st.integers()
    | st.booleans()
    | st.floats()
    | TEXTS
    | st.lists(TEXTS, max_size=3)
    | st.dictionaries(KEYS, TEXTS, max_size=3)
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "description",
                "schema",
                "root",
                "dotenv",
                "env",
                "pip",
                "rez",
                "extension",
                "shared",
                "init",
                "installer",
            ]
        ),
        ODD
        | st.dictionaries(
            st.sampled_from(
                [
                    "name",
                    "url",
                    "edit",
                    "flags",
                    "python",
                    "lib",
                    "isolation",
                    "local",
                    "remote",
                    "linux",
                    "options",
                    "env",
                    "requires",
                    "backend",
                    "script",
                ]
            ),
            ODD,
            max_size=5,
        )
        | st.lists(
            st.dictionaries(st.sampled_from(["name", "url", "edit", "python", "lib", "isolation"]), ODD),
            max_size=2,
        ),
        max_size=5,
    )
)
def test_any_toml_is_a_recipe_or_a_recipe_error_whose_lines_exist(document):
    text = "".join(f"{name} = {toml(value)}\n" for name, value in document.items())
    try:
        problems = parse(text.encode(), Path("/r/rezup.toml")).warnings
    except RecipeError as error:
        problems = error.problems or [None]
    assert all(problem.line is None or 1 <= problem.line <= text.count("\n") for problem in problems)


def toml(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return quoted(value)
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return "{" + ", ".join(f"{quoted(name)} = {toml(item)}" for name, item in value.items()) + "}"


NAMES = st.sampled_from(["A", "B", "C", "D"])
PIECES = st.lists(
    st.sampled_from(["${A}", "${B:-x}", "${C:-}", "$D", "${", "}", "text", ":-", " ", "${Z}"]), max_size=6
)


@given(st.dictionaries(NAMES, PIECES.map("".join)), st.dictionaries(NAMES, st.text("abc", max_size=3)))
def test_the_table_expands_as_python_dotenv_does(environment, base):
    lines = "".join(f"{name}='{value}'\n" for name, value in environment.items())
    with mock.patch.dict(os.environ, base, clear=True):
        expected = dict(dotenv_values(stream=io.StringIO(lines)))
    assert compose(environment, [], base).values == expected


SAFE = st.text(string.ascii_letters + string.digits + "-_.~!*%", min_size=1, max_size=12)


@given(
    st.text(" abc:/?&=\n", max_size=10),
    SAFE,
    st.text(string.ascii_letters + string.digits + "!*-_.:@$+", max_size=12),
    st.sampled_from(["host", "host:80/x@v1", "host/simple?x=1"]),
)
def test_no_password_survives(before, user, noise, host):
    text = f"{before} https://{user}:hunter2{noise}@{host} after"
    assert "hunter2" not in redact(text)
    assert redact(redact(text)) == redact(text)


@given(st.text())
def test_masking_ends_where_it_began(text):
    assert redact(redact(text)) == redact(text)


@given(
    st.lists(
        st.text("-tqUeir=/:x ", max_size=6) | st.sampled_from(["--target", "--user", "--log", "-q", "/x"]),
        max_size=5,
    )
)
def test_no_target_passes_in_any_disguise(options):
    if not check_options(tuple(options)):
        from optparse import OptionParser

        parser = OptionParser(add_help_option=False)
        parser.exit = mock.Mock(side_effect=AssertionError)
        for names in (
            ["-t", "--target"],
            ["-e", "--editable"],
            ["-i", "--index-url"],
            ["-r", "--requirement"],
            ["--log"],
        ):
            parser.add_option(*names)
        for names in (["-q", "--quiet"], ["-U", "--upgrade"], ["--user"]):
            parser.add_option(*names, action="store_true")
        known = [
            option
            for option in options
            if not option.startswith("--") or option in ("--user", "--log", "--target")
        ]
        if len(known) == len(options):
            found, positional = parser.parse_args(known)
            assert (found.target, found.editable, found.user) == (None, None, None)
            assert positional == []
