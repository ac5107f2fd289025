"""``${VAR}``: at build time in what gets installed, at use time in the environment.

The rule is python-dotenv's: ``${VAR}`` and ``${VAR:-default}``, nothing nested, nothing escaped;
a variable that is set to nothing counts as set. This module is on the path of every `use`, so it
imports nothing heavy; python-dotenv itself loads only where a recipe names dotenv files.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import RecipeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

_PLACEHOLDER = re.compile(r"\$\{([^}:]*)(?::-([^}]*))?\}")
_NO_NAME = re.compile(r"[=\s\x00-\x1f\x7f]")


class Composed(NamedTuple):
    """The variables that a revision sets, and what went wrong on the way, one line each."""

    values: dict[str, str]
    warnings: tuple[str, ...] = ()


def compose(environment: Mapping[str, str], dotenv_files: Sequence[str], base: Mapping[str, str]) -> Composed:
    """What the dotenv files, in order, and then the `[env]` table set on top of `base`.

    A placeholder sees what was set before it, then `base`, then its default, else it is empty.
    (rezup 2.x did not let one source see the values of the one before.)

    :param dotenv_files: absolute, or beginning with ``~`` or ``${VAR}``
    :returns: the new variables only; a file that can't be used is a warning
    """
    values: dict[str, str] = {}
    warnings: list[str] = []
    for written in dotenv_files:
        path = _dotenv_path(written, {**base, **values})
        if path is None:
            warnings.append(f"dotenv file {written} is skipped: a variable in its path is not set")
            continue
        _merge(values, _read_dotenv(path, warnings), base, path, warnings)
    _merge(values, environment.items(), base, "[env]", warnings)
    return Composed(values, tuple(warnings))


def expand_placeholders(text: str, environ: Mapping[str, str], *, key: str = "") -> str:
    """Replace every ``${VAR}`` and ``${VAR:-default}``.

    :param key: where the text stands in the recipe, for the error
    :raises RecipeError: a variable is not set and has no default
    """
    missing = list(unset_variables(text, environ))
    if missing:
        place = f"{key}: " if key else ""
        raise RecipeError(
            f"{place}the variable {missing[0]} is not set",
            context=f"the recipe needs {', '.join(f'${{{name}}}' for name in missing)}",
            hint=f"set it, or give it a default: ${{{missing[0]}:-…}}",
        )
    return _expand(text, environ)


def has_placeholder(text: str) -> bool:
    """True if the text holds a ``${VAR}``, so that its value is known later only."""
    return _PLACEHOLDER.search(text) is not None


def placeholder_names(text: str) -> list[str]:
    """Names of all placeholders in a text."""
    return [match[1] for match in _PLACEHOLDER.finditer(text)]


def unset_variables(text: str, environ: Mapping[str, str]) -> Iterator[str]:
    """Names of the placeholders in `text` that have neither a value nor a default."""
    for match in _PLACEHOLDER.finditer(text):
        if match[2] is None and match[1] not in environ:
            yield match[1]


def is_variable_name(text: str) -> bool:
    """True for what can name an environment variable on every platform."""
    return bool(text) and _NO_NAME.search(text) is None


def _expand(text: str, environ: Mapping[str, str | None]) -> str:
    return _PLACEHOLDER.sub(lambda match: environ.get(match[1], match[2] or "") or "", text)


def _merge(
    values: dict[str, str],
    pairs: Iterable[tuple[str, str | None]],
    base: Mapping[str, str],
    source: str,
    warnings: list[str],
) -> None:
    # A name without "=" in a dotenv file hides what was set before from the placeholders of
    # that file, yet sets nothing: so does python-dotenv.
    seen: dict[str, str | None] = {**base, **values}
    for name, text in pairs:
        seen[name] = value = None if text is None else _expand(text, seen)
        if value is None:
            continue
        if not is_variable_name(name) or "\0" in value:
            warnings.append(f"{source}: {name!r} is skipped: no process can have such a variable")
            continue
        values[name] = value


def _dotenv_path(written: str, environ: Mapping[str, str]) -> str | None:
    if any(unset_variables(written, environ)):
        return None
    path = _expand(written, environ)
    if path == "~" or path.startswith(("~/", "~\\")):
        home = environ.get("HOME") or environ.get("USERPROFILE")
        if home:
            return home + path[1:]
    return os.path.expanduser(path)


def _read_dotenv(path: str, warnings: list[str]) -> Iterator[tuple[str, str | None]]:
    import io

    from dotenv.parser import parse_stream

    try:
        with open(path, encoding="utf-8-sig") as stream:
            text = stream.read()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or error
        warnings.append(f"dotenv file {path} can't be read: {reason}")
        return
    for binding in parse_stream(io.StringIO(text)):
        if binding.error:
            warnings.append(f"dotenv file {path}: line {binding.original.line} is no assignment")
        elif binding.key is not None:
            yield binding.key, binding.value
