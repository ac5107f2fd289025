"""Dotted keys and values as they are typed, and their places in a document.

A document is that of tomlkit, or plain tables; `rezup.recipes.insertion` finds places in a text.
"""

from __future__ import annotations

import contextlib
import math
from typing import TYPE_CHECKING, Any

from rezup.errors import RecipeError
from rezup.recipes.insertion import parts, quoted
from rezup.recipes.reading import RawFloat, tables

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The array of tables that is addressed by the names of its entries.
EXTENSION = "extension"


def key_path(text: str) -> tuple[str, ...]:
    """The parts of a dotted key, which is written as in TOML.

    :raises RecipeError: it is none
    """
    found = parts(text)
    if found and "\n" not in text and found != (EXTENSION,):
        return found
    raise RecipeError(
        f"{text[:80]!a} is no key of a recipe",
        hint="write it with dots: rez.url, env.NAME, extension.NAME.url",
    )


def as_toml(key: tuple[str, ...], text: str) -> str:
    """The text if it is a TOML value that a recipe may hold, else the same as a TOML string.

    A variable is a text however much it looks like a number: only quotes around it are TOML.
    """
    with contextlib.suppress(RecipeError):
        document = tables(f"v = {text}", "value")
        is_fit = isinstance(document["v"], str) or not _is_variable(key)
        if is_fit and len(document) == 1 and _is_plain(document["v"]) and not as_item(text).trivia.comment:
            return text.strip().replace("\r\n", "\n")
    return quoted(text)


def _is_variable(key: tuple[str, ...]) -> bool:
    return key[:-1] in (("env",), ("pip", "env"))


def _is_plain(value: object) -> bool:
    """Whether it is no date, and no float that a word could be meant by."""
    if isinstance(value, RawFloat):
        return math.isfinite(float(value.text.replace("_", "")))
    if isinstance(value, list):
        return all(map(_is_plain, value))
    if isinstance(value, dict):
        return all(map(_is_plain, value.values()))
    return isinstance(value, (str, int))


def as_item(text: str) -> Any:
    """A value in the form that it is written in."""
    import tomlkit

    item: Any = tomlkit.parse(f"v = {text}").item("v")
    return item


# -- places in a document, which is that of tomlkit or plain tables ------------------------------------


def set_key(document: Any, key: Sequence[str], value: Any, made_by: Any) -> None:
    """Set a key, and make what tables it needs.

    :param made_by: tomlkit, whose tables keep their form; None for plain ones
    :raises RecipeError: it can't be there
    """
    table = document
    rest = list(key)
    if rest[0] == EXTENSION:
        table = _entry(document, rest[1]) or _new_entry(document, rest[1], made_by)
        rest = rest[2:]
        if not rest:
            raise RecipeError(
                f"{'.'.join(key)} is an extension and no value",
                hint=f"set a key of it, such as {'.'.join(key)}.url",
            )
    for part in rest[:-1]:
        if part not in table:
            table[part] = {} if made_by is None else _new_table(table, made_by)
        table = table[part]
        if not hasattr(table, "keys"):
            hint = f"`--unset {part}` takes it away, where that is meant"
            raise RecipeError(f"{part} is no table", context=f"{'.'.join(key)} can't be in it", hint=hint)
    table[rest[-1]] = value


def unset_key(document: Any, key: Sequence[str]) -> None:
    """Take a key, a table or an extension away.

    :raises RecipeError: it isn't there
    """
    table = document
    rest = list(key)
    if rest[0] == EXTENSION:
        table = _entry(document, rest[1])
        if table is not None and len(rest) == 2:
            entries = document[EXTENSION]
            del entries[next(n for n, each in enumerate(entries) if each.get("name") == rest[1])]
            if not entries:
                del document[EXTENSION]
            return
        rest = rest[2:]
    for part in rest[:-1]:
        table = table.get(part) if hasattr(table, "keys") else None
    if not hasattr(table, "keys") or rest[-1] not in table:
        raise RecipeError(f"there is no {'.'.join(key)} in the recipe", hint="`rezup recipe show` prints it")
    del table[rest[-1]]


def _entry(document: Any, name: str) -> Any:
    entries = document.get(EXTENSION)
    if not isinstance(entries, list):
        return None
    return next((each for each in entries if hasattr(each, "keys") and each.get("name") == name), None)


def entry_number(document: dict[str, object], name: str) -> int:
    """Which of the extensions is the one of that name, or how many there are."""
    entries = document.get(EXTENSION)
    found = entries if isinstance(entries, list) else []
    names = [each.get("name") if hasattr(each, "keys") else None for each in found]
    return names.index(name) if name in names else len(names)


def has_key(document: dict[str, object], key: tuple[str, ...]) -> bool:
    """Whether a plain document has it."""
    table: Any = document
    rest = key
    if rest[0] == EXTENSION:
        table, rest = _entry(document, rest[1]), rest[2:]
    for part in rest:
        if not hasattr(table, "keys") or part not in table:
            return False
        table = table[part]
    return True


def _new_table(parent: Any, made_by: Any) -> Any:
    is_inline = isinstance(parent, made_by.items.InlineTable)
    return made_by.inline_table() if is_inline else made_by.table()


def _new_entry(document: Any, name: str, made_by: Any) -> Any:
    if EXTENSION not in document:
        document[EXTENSION] = [] if made_by is None else made_by.aot()
    entries = document[EXTENSION]
    entry: Any = {}
    if made_by is not None:
        entry = made_by.table() if isinstance(entries, made_by.items.AoT) else made_by.inline_table()
    entry["name"] = name
    entries.append(entry)
    return entries[-1]
