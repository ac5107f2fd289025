"""What changed from one recipe to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from rezup.recipes.fields import kind as kind_of
from rezup.recipes.findings import key_text
from rezup.recipes.reading import RawFloat, decode, tables
from rezup.recipes.secrets import MASK, is_secret_variable, redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.recipes.locate import Key


class KeyChange(NamedTuple):
    """One key of a recipe that isn't as it was."""

    key: str
    """Dotted; an extension stands under its name: ``extension.rez-thing.url``."""
    before: str | None
    """The value as text, secrets masked; None if the key was missing."""
    after: str | None
    kind: Literal["added", "removed", "changed"]


def difference(before: bytes, after: bytes) -> tuple[KeyChange, ...]:
    """The keys that differ, in the order of the older recipe, new ones last.

    Comments and spelling are no difference. Two secrets that differ are both shown masked.

    :raises RecipeError: one of them is no TOML
    """
    old = dict(_leaves(tables(decode(before, "<before>"), "<before>")))
    new = dict(_leaves(tables(decode(after, "<after>"), "<after>")))
    changes = []
    for key in [*old, *(key for key in new if key not in old)]:
        if key in old and key in new and _same(old[key], new[key]):
            continue
        was = _shown(key, old[key]) if key in old else None
        now = _shown(key, new[key]) if key in new else None
        kind: Literal["added", "removed", "changed"] = (
            "added" if was is None else "removed" if now is None else "changed"
        )
        changes.append(KeyChange(key_text(key), was, now, kind))
    return tuple(changes)


def _same(one: object, other: object) -> bool:
    # True == 1 in Python, not in TOML.
    return one == other and kind_of(one) == kind_of(other)


def _leaves(table: Mapping[str, object], key: Key = ()) -> Iterator[tuple[Key, object]]:
    for name, value in table.items():
        if isinstance(value, dict) and value:
            yield from _leaves(value, (*key, name))
        elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
            for number, item in enumerate(value, start=1):
                yield from _leaves(item, (*key, name, _called(item, number)))
        else:
            yield (*key, name), value


def _called(table: Mapping[str, object], number: int) -> str | int:
    """What an element of an array of tables goes by: adding one in front changes none of the others."""
    name = table.get("name")
    return name if isinstance(name, str) and name else number


def _shown(key: Key, value: object) -> str:
    if isinstance(value, str):
        name = str(key[-1])
        is_secret = key[0] in ("env", "pip") and is_secret_variable(name, value)
        return MASK if is_secret else redact(value)
    if isinstance(value, RawFloat):
        return value.text
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return "[" + ", ".join(_shown(key, item) for item in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{name} = {_shown((*key, name), item)}" for name, item in value.items()) + "}"
    return str(value)
