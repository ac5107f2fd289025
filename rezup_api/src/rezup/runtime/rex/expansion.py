"""Replacing ``$VAR``, ``${VAR}`` and ``~`` by what they stand for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_VARIABLE = r"\$(\w+|\{[^}]*\})"


def with_variables(text: str, environ: Mapping[str, str]) -> str:
    """A text with the variables that are in a mapping; others stay as they are."""
    if "$" not in text:
        return text
    import re

    def value(match: re.Match[str]) -> str:
        name = match[1]
        found = environ.get(name[1:-1] if name[0] == "{" else name)
        return match[0] if found is None else found

    return re.sub(_VARIABLE, value, text)


def with_home(text: str, home: str) -> str:
    """A text whose ``~`` at the beginning is the user's home, and ``~NAME`` that of another."""
    if not text.startswith("~"):
        return text
    if text[1:2] in ("", "/", os.sep):
        return home.rstrip("/") + text[1:] or "/"
    return os.path.expanduser(text)
