"""All that is wrong with one recipe, collected while it is read."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.errors import Problem, RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from rezup.recipes.locate import Key

_BARE = re.compile(r"[A-Za-z0-9_-]+")


class UnfitError(ValueError):
    """A value that a recipe can't hold; the reader turns it into a problem with its place."""

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class Findings:
    """Errors and warnings of one recipe, with the lines they stand on."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self._text = text
        self._errors: list[tuple[Key, UnfitError]] = []
        self._warnings: list[tuple[Key, str]] = []

    def error(self, key: Key, message: str, hint: str | None = None) -> None:
        """Note what makes the recipe unusable."""
        self._errors.append((key, UnfitError(message, hint)))

    def warn(self, key: Key, message: str) -> None:
        """Note what is ignored or deprecated."""
        self._warnings.append((key, message))

    def raise_errors(self) -> None:
        """:raises RecipeError: with every error (and warning), in the order of the file, if there is one"""
        if not self._errors:
            return
        # A warning about a misspelt key is often the cause of an error about another.
        entries = [(key, error.message) for key, error in self._errors]
        entries += [(key, f"warning: {message}") for key, message in self._warnings]
        problems = located(self.file, self._text, entries)
        hints = [error.hint for _, error in self._errors if error.hint]
        raise RecipeError(
            f"the recipe {self.file} can't be used",
            problems=problems,
            hint=hints[0] if hints else "correct the recipe; `rezup recipe validate` checks it again",
        )

    def warnings(self) -> tuple[Problem, ...]:
        """The warnings, in the order of the file."""
        return located(self.file, self._text, self._warnings)


def located(file: str, text: str, entries: Iterable[tuple[Key, str]]) -> tuple[Problem, ...]:
    """Problems with their lines, in the order of the file."""
    entries = list(entries)
    if not entries:
        return ()
    from rezup.recipes.locate import line_of, locate

    lines = locate(text.replace("\r\n", "\n"))
    problems = [Problem(file, line_of(lines, key), key_text(key), message) for key, message in entries]
    return tuple(sorted(problems, key=lambda problem: problem.line or 0))


def key_text(key: Key) -> str:
    """A key as a person writes it: ``extension[2].name``; positions count from 1."""
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            shown = part if _BARE.fullmatch(part) else ascii(part)
            text += f".{shown}" if text else shown
    return text


def shown_file(source: Path | None) -> str:
    """How messages name a recipe."""
    return "<recipe>" if source is None else str(source)


def shown(text: str) -> str:
    """A value for a message: quoted, shortened, without secrets and without control characters."""
    from rezup.recipes.secrets import redact

    text = redact(text)
    return ascii(text if len(text) <= 80 else text[:77] + "...")
