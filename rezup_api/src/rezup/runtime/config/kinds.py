"""The kinds of settings: what a value must be, and how an environment variable is read as one."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_TRUE = frozenset(["1", "true", "t", "yes", "y", "on"])
_FALSE = frozenset(["0", "false", "f", "no", "n", "off"])


class Kind(NamedTuple):
    """A kind of setting."""

    name: str
    """In words, for messages: "a list of texts"."""

    check: Callable[[Any], Any]
    """Gives the value, brought into its usual form; raises ValueError for any other."""

    read: Callable[[str], Any] | None = None
    """Reads a variable's text; None where only the JSON variable can hold such a value."""


def of_type(*types: type | None) -> Callable[[Any], Any]:
    """A check for an instance of one of these; None stands for the value None."""
    allowed = tuple(type(None) if each is None else each for each in types)

    def check(value: Any) -> Any:
        if isinstance(value, allowed):
            return value
        raise ValueError("the type is wrong")

    return check


def list_of_texts(value: Any) -> Any:
    """Check for a list of texts."""
    if isinstance(value, list) and all(isinstance(entry, str) for entry in value):
        return value
    raise ValueError("the type is wrong")


def one_of(*words: str) -> Callable[[Any], Any]:
    """A check for one of these texts."""

    def check(value: Any) -> Any:
        if isinstance(value, str) and value in words:
            return value
        raise ValueError(f"it is none of {', '.join(words)}")

    return check


def either(*checks: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """A check that takes what the first of these takes."""

    def check(value: Any) -> Any:
        for each in checks[:-1]:
            try:
                return each(value)
            except ValueError:
                continue
        return checks[-1](value)

    return check


def _empty_for_none(empty: Callable[[], Any], check: Callable[[Any], Any]) -> Callable[[Any], Any]:
    return lambda value: empty() if value is None else check(value)


def _dictionaries(value: Any) -> Any:
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    raise ValueError("the type is wrong")


def _words(text: str) -> list[str]:
    return text.replace(",", " ").split()


def _paths(text: str) -> list[str]:
    return [entry for entry in text.split(os.pathsep) if entry]


def _boolean(text: str) -> bool:
    word = text.lower()
    if word in _TRUE or word in _FALSE:
        return word in _TRUE
    raise ValueError(f"expected one of {', '.join(sorted(_TRUE | _FALSE))}")


def _boolean_or_force(text: str) -> Any:
    return text if text == "force" else _boolean(text)


def _pairs(text: str) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for item in text.split(","):
        key, colon, value = item.partition(":")
        if not colon:
            raise ValueError("expected k1:v1,k2:v2")
        result[key] = _number(value)
    return result


def _number(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _number_or_text(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        return text


_REMAP_KEYS = {"record_path", "pip_install", "rez_install"}
_NATIVE = {"sep": os.sep, "s": os.sep, "pardir": os.pardir, "p": os.pardir}
_ESCAPED = {key: re.escape(value) for key, value in _NATIVE.items()}


def _remaps(value: Any) -> Any:
    if isinstance(value, list) and all(
        isinstance(entry, dict)
        and entry.keys() == _REMAP_KEYS
        and all(isinstance(text, str) and text for text in entry.values())
        for entry in value
    ):
        return value
    raise ValueError(f"expected dictionaries with just the keys {', '.join(sorted(_REMAP_KEYS))}")


def with_separators(value: Sequence[dict[str, str]]) -> list[dict[str, str]]:
    """`pip_install_remaps` with its path tokens filled in: escaped ones where the text is a pattern.

    :raises ValueError: an unknown token
    """
    try:
        return [
            {
                key: text.format(**(_ESCAPED if key == "record_path" else _NATIVE))
                for key, text in remap.items()
            }
            for remap in value
        ]
    except (KeyError, IndexError) as error:
        raise ValueError(f"unknown token {error}") from error


def _threads(value: Any) -> Any:
    if (isinstance(value, int) and value > 0) or value in ("physical_cores", "logical_cores"):
        return value
    raise ValueError("expected a number above 0, physical_cores or logical_cores")


def _callable_or_text(value: Any) -> Any:
    if value is None or isinstance(value, str) or callable(value):
        return value
    raise ValueError("the type is wrong")


TEXT = Kind("a text", of_type(str), str)
OPTIONAL_TEXT = Kind("a text or None", of_type(str, None), str)
BOOLEAN = Kind("True or False", of_type(bool), _boolean)
OPTIONAL_BOOLEAN = Kind("True, False or None", of_type(bool, None), _boolean)
BOOLEAN_OR_FORCE = Kind('True, False or "force"', either(one_of("force"), of_type(bool)), _boolean_or_force)
INTEGER = Kind("a whole number", of_type(int), int)
FRACTION = Kind("a number with a point", of_type(float), float)
TEXTS = Kind("a list of texts", list_of_texts, _words)
OPTIONAL_TEXTS = Kind("a list of texts or None", _empty_for_none(list, list_of_texts), _words)
PATHS = Kind("a list of paths", list_of_texts, _paths)
DICTIONARY = Kind("a dictionary", of_type(dict), _pairs)
OPTIONAL_DICTIONARY = Kind("a dictionary or None", _empty_for_none(dict, of_type(dict)), _pairs)
DICTIONARIES = Kind("a dictionary, a list of them, or None", _empty_for_none(list, _dictionaries))
REMAPS = Kind("a list of remappings", _remaps)
THREADS = Kind("a number of threads", _threads, _number_or_text)
FUNCTION = Kind("a function, a text or None", _callable_or_text, str)
SUITE_VISIBILITY = Kind("a visibility", one_of("never", "always", "parent", "parent_priority"), str)
TOOLS_VISIBILITY = Kind("a visibility", one_of("never", "append", "prepend"), str)
SELECT_MODE = Kind("a mode", one_of("version_priority", "intersection_priority"), str)
SCRIPT_MODE = Kind("a mode", one_of("single", "py", "platform_specific", "both"), str)
PREPROCESS_MODE = Kind("a mode", one_of("before", "after", "override"), str)
