"""On which line of a TOML text a key stands.

The decoders of the standard library give values without places. This scanner gives places
without values; it expects text that a decoder has accepted, and it runs only when there is a
problem to report.
"""

from __future__ import annotations

import contextlib
import re
from bisect import bisect_right
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Names of tables and keys, and positions (from 1) in arrays: ``("extension", 2, "name")``.
Key = tuple["str | int", ...]

_BLANK = re.compile(r"(?:[ \t\r\n]+|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^,\]}#\n]*")
_STRINGS = {
    '"""': re.compile(r'"""(?:[^\\]|\\[\s\S])*?"""(?!")'),
    "'''": re.compile(r"'''[\s\S]*?'''(?!')"),
    '"': re.compile(r'"(?:[^"\\\n]|\\.)*"'),
    "'": re.compile(r"'[^'\n]*'"),
}
_ESCAPE = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|x([0-9A-Fa-f]{2})|(.))")
_ESCAPED = {"b": "\b", "t": "\t", "n": "\n", "f": "\f", "r": "\r", "e": "\x1b"}


def locate(text: str) -> dict[Key, int]:
    """The line (from 1) of every table, key and array element of a valid TOML text."""
    scanner = _Scanner(text)
    with contextlib.suppress(RecursionError):  # hopelessly nested: what was found so far is right
        scanner.document()
    return {**scanner.implied, **scanner.found}


def line_of(lines: Mapping[Key, int], key: Key) -> int | None:
    """The line of a key, of the nearest table around it if it isn't there, or None."""
    while key:
        if key in lines:
            return lines[key]
        key = key[:-1]
    return None


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.position = 0
        self.found: dict[Key, int] = {}
        # Tables that exist only because one below them was written.
        self.implied: dict[Key, int] = {}
        self._starts = [0] + [match.end() for match in re.finditer("\n", text)]
        self._counts: dict[Key, int] = {}

    def document(self) -> None:
        table: Key = ()
        while self._skip(_BLANK) < len(self.text):
            before = self.position
            if self.text[self.position] == "[":
                table = self._header()
            else:
                self._assignment(table)
            if self.position == before:  # not TOML: better no answer than no end
                return

    def _header(self) -> Key:
        line = self._line()
        is_array = self.text.startswith("[[", self.position)
        self.position += 2 if is_array else 1
        *parents, last = self._dotted_key()
        table: Key = ()
        for name in parents:
            table = (*table, name)
            self.implied.setdefault(table, line)
            if table in self._counts:
                table = (*table, self._counts[table])
        table = (*table, last)
        if is_array:
            self.found.setdefault(table, line)
            self._counts[table] = self._counts.get(table, 0) + 1
            table = (*table, self._counts[table])
        self.found[table] = line
        self.position += 2 if is_array else 1
        return table

    def _assignment(self, table: Key) -> None:
        line = self._line()
        names = self._dotted_key()
        for count in range(1, len(names)):
            parent = (*table, *names[:count])
            self.implied.setdefault(parent, line)
        key = (*table, *names)
        self.found.setdefault(key, line)
        if self.text[self.position : self.position + 1] == "=":
            self.position += 1
        self._skip(_SPACE)
        self._value(key)

    def _value(self, key: Key) -> None:
        first = self.text[self.position : self.position + 1]
        if first in ('"', "'"):
            self._string()
        elif first == "[":
            self._array(key)
        elif first == "{":
            self._inline_table(key)
        else:
            self._skip(_SCALAR)

    def _array(self, key: Key) -> None:
        self.position += 1
        count = 0
        while self._skip(_BLANK) < len(self.text) and self.text[self.position] != "]":
            count += 1
            before = self.position
            element = (*key, count)
            self.found[element] = self._line()
            self._value(element)
            self._comma()
            if self.position == before:
                return
        self.position += 1

    def _inline_table(self, key: Key) -> None:
        self.position += 1
        while self._skip(_BLANK) < len(self.text) and self.text[self.position] != "}":
            before = self.position
            self._assignment(key)
            self._comma()
            if self.position == before:
                return
        self.position += 1

    def _comma(self) -> None:
        self._skip(_BLANK)
        if self.text[self.position : self.position + 1] == ",":
            self.position += 1

    def _dotted_key(self) -> list[str]:
        names = [self._name()]
        while self.text[self.position : self.position + 1] == ".":
            self.position += 1
            names.append(self._name())
        return names

    def _name(self) -> str:
        self._skip(_SPACE)
        start = self.position
        if self.text[start : start + 1] in ('"', "'"):
            raw = self._string()
            name = raw[1:-1] if raw[:1] == "'" else _ESCAPE.sub(_unescape, raw[1:-1])
        else:
            self._skip(_BARE_KEY)
            name = self.text[start : self.position]
        self._skip(_SPACE)
        return name

    def _string(self) -> str:
        start = self.position
        quote = self.text[start : start + 3]
        match = _STRINGS.get(quote, _STRINGS[quote[0]]).match(self.text, start)
        self.position = match.end() if match else len(self.text)
        return self.text[start : self.position]

    def _skip(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.position)
        if match:
            self.position = match.end()
        return self.position

    def _line(self) -> int:
        return bisect_right(self._starts, self.position)


def _unescape(match: re.Match[str]) -> str:
    digits = match[1] or match[2] or match[3]
    return chr(int(digits, 16)) if digits else _ESCAPED.get(match[4], match[4])
