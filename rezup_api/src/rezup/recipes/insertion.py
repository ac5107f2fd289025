"""New keys in the text of a recipe: right after the last key of their table, all else to the letter.

Tomlkit counts blank lines and comments to the table before them, so that what it appends lands below the
comments of the next table. Here nothing is written anew: the result is the text with some lines put in.
The caller compares what it says with what it should say, so places that are not seen here do no harm.
"""

from __future__ import annotations

import json
import re
from typing import NamedTuple

from rezup.errors import RecipeError
from rezup.recipes.reading import tables

KeyPath = tuple[str, ...]

_PART = r"""(?:[A-Za-z0-9_-]+|"(?:\\.|[^"\\\n])*"|'[^'\n]*')"""
_KEY = re.compile(rf"[ \t]*({_PART}(?:[ \t]*\.[ \t]*{_PART})*)[ \t]*")

#: What a value is made of; in a text or a comment no bracket counts, and no line ends.
_TOKEN = re.compile(
    r'"""(?:\\.|[^\\"]|"{1,2}(?!"))*"{3,5}'
    r"|'''(?:[^']|'{1,2}(?!'))*'{3,5}"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*|[\[{]|[\]}]|\n|[^\"'\#\[\]{}\n]+",
    re.DOTALL,
)


class Statement(NamedTuple):
    """A key with its value, from the beginning of its line to that of the next statement's or comment's."""

    path: KeyPath
    """From the root."""
    start: int
    end: int


class Section(NamedTuple):
    """What stands below a header; the first one is the root, which has none."""

    path: KeyPath
    is_entry: bool
    """Of an array of tables."""
    start: int
    end: int
    """Where the header's line ends."""
    statements: list[Statement]


class _Line(NamedTuple):
    """One key and value to be put in."""

    path: KeyPath
    """Relative to the section that it stands in."""
    value: str

    def __str__(self) -> str:
        return f"{_dotted(self.path)} = {self.value}"


def parts(key: str) -> KeyPath:
    """The parts of a dotted key, which is written as in TOML; empty if it is none."""
    found: list[str] = []
    try:
        level: object = tables(f"{key} = 0", "key")
    except RecipeError:
        return ()
    while isinstance(level, dict) and len(level) == 1:
        ((part, level),) = level.items()
        found.append(part)
    return tuple(found) if level == 0 else ()


def inserted(text: str, key: KeyPath, value: str, *, entry: int | None = None) -> str | None:
    """The text with one key more, or None if it has no place for it that is a line of its own.

    :param text: TOML, the last line of which is ended
    :param key: from the root, and not there yet
    :param value: as it is written in TOML
    :param entry: which entry of the array of tables that the key begins with is meant, from 0; one that is
        not there is added
    """
    found = sections(text)
    if entry is not None:
        return _in_entry(text, found, key, value, entry)
    parent = key[:-1]
    lines = [f"[{_dotted(parent)}]", str(_Line(key[-1:], value))]
    for length in range(len(parent), -1, -1):
        table = parent[:length]
        place = _in_table(text, found, table, key, value)
        if place is not None:
            return place
        if any(each.path == table for section in found for each in section.statements):
            return None  # an inline table
        below = [each for each in found if table and each.path[:length] == table]
        if below and table == parent:  # only tables within it are there
            return _apart(text, _attached(text, below[0].start), lines)
        if below:
            return _apart(text, _end(text, below[-1]), lines)
    return _apart(text, len(text), lines)


def sections(text: str) -> list[Section]:
    """Where the tables of a TOML text stand, and what stands in them."""
    found = [Section((), False, 0, 0, [])]
    at = 0
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        header = re.match(r"[ \t]*(\[\[?)", text[at:end])
        if header:
            name = _KEY.match(text, at + header.end())
            path = parts(name[1]) if name else ()
            found.append(Section(path, header[1] == "[[", at, end, []))
        else:
            key = _KEY.match(text, at)
            if key:
                end = _value_end(text, key.end())
                found[-1].statements.append(Statement(found[-1].path + parts(key[1]), at, end))
        at = end
    return found


def _value_end(text: str, at: int) -> int:
    """Where the line ends that a value ends in."""
    depth = 0
    for token in _TOKEN.finditer(text, at):
        depth += {"[": 1, "{": 1, "]": -1, "}": -1}.get(token[0], 0)
        if token[0] == "\n" and depth <= 0:
            return token.end()
    return len(text)


def _in_entry(text: str, found: list[Section], key: KeyPath, value: str, entry: int) -> str | None:
    name, line = key[0], _Line(key[2:], value)
    entries = [each for each in found if each.is_entry and each.path == (name,)]
    if entry < len(entries):
        return _after(text, entries[entry], line)
    if entry != len(entries):
        return None
    below = [each for each in found if each.path[:1] == (name,)]
    lines = [f"[[{name}]]", f"name = {quoted(key[1])}", str(line)]
    return _apart(text, _end(text, below[-1]) if below else len(text), lines)


def _in_table(text: str, found: list[Section], table: KeyPath, key: KeyPath, value: str) -> str | None:
    """The text with the key in a table that has a header, or that dotted keys stand for."""
    for section in found:
        if section.path == table == key[:-1] and not section.is_entry:
            if section.path or section.statements or len(found) == 1:
                return _after(text, section, _Line(key[-1:], value))
            # Above the first table, but below what is said of the whole file.
            return _apart(text, _attached(text, found[1].start), [str(_Line(key[-1:], value))])
        size = len(section.path)
        if size < len(table):
            dotted = [each for each in section.statements if _is_below(each.path, table)]
            if dotted:
                return _below(text, dotted[-1], _Line(key[size:], value))
    return None


def _is_below(path: KeyPath, table: KeyPath) -> bool:
    return len(path) > len(table) and path[: len(table)] == table


def _after(text: str, section: Section, line: _Line) -> str:
    """The text with a line after the last key of a section."""
    if section.statements:
        return _below(text, section.statements[-1], line)
    if not section.path:
        return _apart(text, len(text), [str(line)])
    at = _end(text, section)
    return f"{text[:at]}{_indent(text, section.start)}{line}{_newline(text, at)}{text[at:]}"


def _below(text: str, statement: Statement, line: _Line) -> str:
    at = statement.end
    return f"{text[:at]}{_indent(text, statement.start)}{line}{_newline(text, at)}{text[at:]}"


def _apart(text: str, at: int, lines: list[str]) -> str:
    """The text with lines that a blank line parts from what is above and below them."""
    newline = _newline(text, at)
    before = newline if _line_before(text, at).strip() else ""
    behind = newline if text[at:].partition("\n")[0].strip() else ""
    body = "".join(line + newline for line in lines)
    return f"{text[:at]}{before}{body}{behind}{text[at:]}"


def _end(text: str, section: Section) -> int:
    """Where a section ends: behind comments directly below it, unless they belong to the next header."""
    end = at = section.statements[-1].end if section.statements else section.end
    while text[at:].partition("\n")[0].lstrip(" \t").startswith("#"):
        at = text.index("\n", at) + 1
    return end if re.match(r"[ \t]*\[", text[at:]) else at


def _attached(text: str, at: int) -> int:
    """Where the comments begin that stand directly above a line."""
    while _line_before(text, at).lstrip(" \t").startswith("#"):
        at -= len(_line_before(text, at))
    return at


def _line_before(text: str, at: int) -> str:
    return text[text.rfind("\n", 0, max(at - 1, 0)) + 1 : at]


def _newline(text: str, at: int) -> str:
    """How the line before ends, or the first line where there is none."""
    line = _line_before(text, at) or text.partition("\n")[0] + "\n"
    return "\r\n" if line.endswith("\r\n") else "\n"


def _indent(text: str, at: int) -> str:
    found = re.compile(r"[ \t]*").match(text, at)
    return found[0] if found else ""


def _dotted(path: KeyPath) -> str:
    return ".".join(part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else quoted(part) for part in path)


def quoted(text: str) -> str:
    """A text as a string of TOML."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
