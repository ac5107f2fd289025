"""Filling ``{name}`` and ``{name.attribute}`` in texts with the values that commands can see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from rezup.runtime.rex.dialects import REFERENCE
from rezup.shells.escaped import EscapedString

if TYPE_CHECKING:
    from collections.abc import Mapping

    #: Text, and the name and attributes of the field behind it; no name at the end of the whole.
    Part: TypeAlias = tuple[str, str, tuple[str, ...]]


class UnknownFieldError(KeyError):
    """A text names what commands can't see; values of variables then stay as they are written."""

    def __str__(self) -> str:
        return f"{{{self.args[0]}}} names nothing that commands can see"


class Formatter:
    """Fills texts from `names`, which may be changed at any time.

    References to variables stay: ``${VAR}``, and ``$VAR`` in the form ``${VAR}``. A value that is
    a text is filled in its turn.
    """

    __slots__ = ("_full", "_parsed", "_reference", "names")

    def __init__(self, names: Mapping[str, Any], reference: str = REFERENCE) -> None:
        self.names = names
        self._reference = reference
        self._parsed: dict[tuple[str, str], list[Part] | None] = {}
        self._full: Any = None

    def format(self, text: str) -> str:
        """A text with its fields filled.

        :raises UnknownFieldError: a field is no name that commands can see
        :raises ValueError: braces that can't be understood
        :raises Exception: whatever looking at an attribute may raise
        """
        return self._filled(text, self._reference)

    def _filled(self, text: str, reference: str) -> str:
        if "{" not in text and "}" not in text and "$" not in text:
            return text
        key = (text, reference)
        if key not in self._parsed:
            self._parsed[key] = _parts(text, reference)
        parts = self._parsed[key]
        if parts is None:
            return self._by_python(text, reference)
        if len(parts) == 1 and not parts[0][1]:
            return parts[0][0]
        made = []
        for literal, name, attributes in parts:
            made.append(literal)
            if name:
                made.append(self._field(name, attributes))
        return "".join(made)

    def _field(self, name: str, attributes: tuple[str, ...]) -> str:
        value = self.value(name)
        for attribute in attributes:
            value = getattr(value, attribute)
        return self.shown(value, "")

    def value(self, name: str) -> Any:
        """What a field begins with.

        :raises UnknownFieldError: commands can't see it
        """
        try:
            return self.names[name]
        except KeyError:
            raise UnknownFieldError(name) from None

    def shown(self, value: Any, specification: str) -> str:
        """The text of a value under what stands behind the colon of a field."""
        if isinstance(value, EscapedString):
            value = str(value)
        if isinstance(value, str):
            value = self._filled(value, REFERENCE)
        return format(value, specification)

    def _by_python(self, text: str, reference: str) -> str:
        """The long way, through the standard library: conversions, indexes, doubled braces."""
        import re

        if self._full is None:
            from rezup.runtime.rex.full_format import FullFormatter

            self._full = FullFormatter(self)
        full: str = self._full.format(re.sub(reference, _protected, text))
        return full


def _protected(match: Any) -> str:
    return "${{" + _name_in(match) + "}}"


def _name_in(match: Any) -> str:
    name: str = next(group for group in match.groups() if group is not None)
    return name


def _parts(text: str, reference: str) -> list[Part] | None:
    """A text in its parts; None where it isn't made of plain fields alone."""
    if "$" not in text:
        return _fields(text, [])
    import re

    made: list[Part] = []
    at = 0
    for match in re.finditer(reference, text):
        if _fields(text[at : match.start()], made) is None:
            return None
        literal, name, attributes = made.pop()
        made.append((literal + "${" + _name_in(match) + "}", name, attributes))
        at = match.end()
    return _fields(text[at:], made)


def _fields(text: str, made: list[Part]) -> list[Part] | None:
    """Add the parts of a text without references; the last one has no name."""
    start = ""
    if made and not made[-1][1]:
        start = made.pop()[0]
    first, *pieces = text.split("{")
    if "}" in first:
        return None
    literal = start + first
    for piece in pieces:
        field, brace, rest = piece.partition("}")
        if not brace or "}" in rest:
            return None
        name, *attributes = field.split(".")
        if not name.isidentifier() or not all(map(str.isidentifier, attributes)):
            return None
        made.append((literal, name, tuple(attributes)))
        literal = rest
    made.append((literal, "", ()))
    return made
