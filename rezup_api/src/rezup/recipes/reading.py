"""From the bytes of a recipe to TOML tables."""

from __future__ import annotations

import re
import sys
from typing import NamedTuple, cast

from rezup.errors import Problem, RecipeError

if sys.version_info >= (3, 11):
    import tomllib
else:
    # Not installed where mypy runs on a newer Python; the one function used is cast below.
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

#: Bytes; a recipe is a page of text, and what is larger is something else.
SIZE_LIMIT = 1024 * 1024

_PLACE = re.compile(r" \(at (?:line (\d+), column \d+|end of document)\)$")


class RawFloat(NamedTuple):
    """A TOML float as it was written: a Python version such as 3.10 is no number."""

    text: str


def decode(data: bytes, file: str) -> str:
    """The text of a recipe.

    :raises RecipeError: it is too large, binary, or not in UTF-8
    """
    if len(data) > SIZE_LIMIT:
        raise _unreadable(file, None, f"is larger than {SIZE_LIMIT} bytes; is it a recipe?")
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise _unreadable(
            file, 1, "is UTF-16; save it as UTF-8", "PowerShell: Set-Content -Encoding utf8NoBOM"
        )
    if data.startswith(b"\xef\xbb\xbf"):
        raise _unreadable(
            file, 1, "begins with a byte order mark, which TOML forbids", "save it as UTF-8 without BOM"
        )
    if b"\0" in data:
        raise _unreadable(file, _line_at(data, data.index(b"\0")), "holds a NUL byte; it is no text")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        message = f"is not UTF-8: byte 0x{data[error.start]:02x}"
        raise _unreadable(file, _line_at(data, error.start), message, "save it as UTF-8") from None


def tables(text: str, file: str) -> dict[str, object]:
    """The tables of a TOML text; floats are `RawFloat`.

    :raises RecipeError: the text is not TOML
    """
    try:
        return cast("dict[str, object]", tomllib.loads(text, parse_float=RawFloat))
    except RecursionError:
        raise _unreadable(file, None, "is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError is one; so is what int() says about a number too long
        message = str(error)
        place = _PLACE.search(message)
        line = None
        if place:
            message = message[: place.start()]
            line = int(place[1]) if place[1] else text.rstrip("\n").count("\n") + 1
        raise _unreadable(
            file, line, f"is not TOML: {message}", "texts need quotes; see https://toml.io"
        ) from None


def _line_at(data: bytes, offset: int) -> int:
    return data.count(b"\n", 0, offset) + 1


def _unreadable(file: str, line: int | None, message: str, hint: str | None = None) -> RecipeError:
    return RecipeError(
        f"the recipe {file} can't be read", problems=[Problem(file, line, "", message)], hint=hint
    )
