"""Text of which each part is either meant to the letter, or looked through for variables."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


class EscapedString:
    """A text for a shell, made of literal and expandable parts; a plain text is expandable.

    ::

        literal("$5 for ").expandable("$USER")

    Only ``$VAR`` and ``${VAR}`` in expandable parts mean anything; no part is ever run as a command.
    """

    __slots__ = ("strings",)

    def __init__(self, value: str = "", is_literal: bool = False) -> None:
        self.strings: list[tuple[bool, str]] = [(is_literal, value)]
        """Each part, and before it whether it is literal."""

    @classmethod
    def promote(cls, value: str | EscapedString) -> EscapedString:
        """The text itself, or a plain one as an expandable one."""
        return value if isinstance(value, cls) else cls(str(value))

    @classmethod
    def of(cls, parts: Iterable[tuple[bool, str]]) -> EscapedString:
        """That of these parts; neighbours of one kind become one part."""
        made = cls()
        made.strings = []
        for is_literal, text in parts:
            made._add(text, is_literal)
        return made

    def literal(self, value: str) -> EscapedString:
        """Add a literal part at the end."""
        self._add(value, is_literal=True)
        return self

    def expandable(self, value: str) -> EscapedString:
        """Add an expandable part at the end."""
        self._add(value, is_literal=False)
        return self

    l = literal  # noqa: E741 - Rez's short name
    e = expandable

    def formatted(self, function: Callable[[str], str]) -> EscapedString:
        """A copy whose expandable parts went through a function."""
        return EscapedString.of(
            (is_literal, text if is_literal else function(text)) for is_literal, text in self.strings
        )

    def expanduser(self) -> EscapedString:
        """A copy whose expandable parts have ``~`` at their beginning replaced."""
        return self.formatted(os.path.expanduser)

    def _add(self, value: str, is_literal: bool) -> None:
        if self.strings and self.strings[-1][0] == is_literal:
            value = self.strings.pop()[1] + value
        self.strings.append((is_literal, value))

    def __add__(self, other: str | EscapedString) -> EscapedString:
        return EscapedString.of([*self.strings, *EscapedString.promote(other).strings])

    def __str__(self) -> str:
        return "".join(text for _, text in self.strings)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, EscapedString):
            return self.strings == other.strings
        return str(self) == other if isinstance(other, str) else NotImplemented

    def __hash__(self) -> int:
        return hash(str(self))

    def __repr__(self) -> str:
        return f"EscapedString({self.strings!r})"


def literal(value: str) -> EscapedString:
    """A text that is meant to the letter."""
    return EscapedString(value, is_literal=True)


def expandable(value: str) -> EscapedString:
    """A text in which ``$VAR`` and ``${VAR}`` stand for variables."""
    return EscapedString(value)
