"""The Python that a recipe asks for, and the options of it that scripts may use."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.recipes.findings import UnfitError, shown
from rezup.recipes.sources import absolute, is_absolute, plain
from rezup.recipes.variables import has_placeholder

if TYPE_CHECKING:
    from rezup.recipes.sources import Origin

_VERSION = re.compile(r"(?:c?python)?([2-9](?:\.\d{1,3}){0,2}(?:(?:a|b|rc)\d+)?)", re.IGNORECASE)
_CLAUSE = re.compile(
    r"(?:(?:>=|<=|>|<)\d+(?:\.\d+){0,2}|(?:==|!=)\d+(?:\.\d+){0,2}(?:\.\*)?|~=\d+(?:\.\d+){1,2})"
)

# Only what changes how a script runs; what would run something else, or nothing, is missing
# (-c -m -i -x -h -V), and so is what makes the environment unusable (-S).
_LETTERS = frozenset("bBdEIOPqRstuv3")
_WITH_VALUE = frozenset("WXQ")
# Scripts hold the flags as they are, on every platform's command line.
_FLAG_VALUE = re.compile(r"[A-Za-z0-9_.:=,/+-]+")


def python_request(text: str, origin: Origin) -> str:
    """A version ("3.10"), a range (">=3.9,<3.12", no blanks) or an absolute path.

    Text with ``${VAR}`` is returned as it is, to be checked once it is expanded.

    :raises UnfitError: it is none of them
    """
    text = plain(text, "the Python version")
    if has_placeholder(text):
        return text
    is_home = text.startswith("~") and not text.startswith("~=")
    if is_home or "/" in text or "\\" in text:
        return text if is_absolute(text) else str(absolute(text, origin))
    version = _VERSION.fullmatch(text)
    if version:
        return version[1]
    clauses = re.sub(r"\s", "", text).split(",")
    if all(_CLAUSE.fullmatch(clause) for clause in clauses):
        return ",".join(clauses)
    raise UnfitError(
        f"{shown(text)} is no Python version, range or path",
        'such as "3.10", "3.10.4", ">=3.9,<3.12" or "/usr/bin/python3"',
    )


def interpreter_flag(text: str) -> str:
    """One option of the interpreter that runs a tool's scripts, such as "-E" or "-Xutf8".

    :raises UnfitError: it is no option, more than one, or would replace the script
    """
    if not text.startswith("-"):
        raise UnfitError(f"{shown(text)} is no option of Python: it begins with no dash")
    for place, letter in enumerate(text[1:], start=2):
        if letter in _WITH_VALUE:
            if _FLAG_VALUE.fullmatch(text[place:]):
                return text
            break
        if letter not in _LETTERS:
            break
    else:
        if len(text) > 1:
            return text
    raise UnfitError(
        f"{shown(text)} is no option that a script's interpreter may have",
        'one option per element, its value attached: flags = ["-E", "-Xutf8"]',
    )
