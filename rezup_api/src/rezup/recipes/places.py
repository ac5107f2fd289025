"""Where the values of a finished recipe stand in its file; for reports only, so it reads it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.recipes.locate import Key
    from rezup.recipes.model import Recipe, Tool


def tool_places(recipe: Recipe) -> Iterator[tuple[Key, Tool]]:
    """Every tool with the key of its table; empty `[[extension]]` tables count as positions."""
    yield ("rez",), recipe.rez
    written = _tables(recipe).get("extension")
    positions = [n for n, table in enumerate(written, start=1) if table] if isinstance(written, list) else []
    for position, tool in zip(positions, recipe.extensions, strict=False):
        yield ("extension", position), tool


def dotenv_places(recipe: Recipe) -> Iterator[tuple[Key, str]]:
    """Every dotenv file, of all platforms, with its key."""
    written = _tables(recipe).get("dotenv")
    if isinstance(written, dict):
        wanted = {*recipe.dotenv, *(file for files in recipe.platform_dotenv.values() for file in files)}
        yield from _texts(written, ("dotenv",), wanted)


def _texts(table: Mapping[str, object], key: Key, wanted: set[str]) -> Iterator[tuple[Key, str]]:
    for name, value in table.items():
        if isinstance(value, dict):
            yield from _texts(value, (*key, name), wanted)
        elif isinstance(value, str) and value.strip() in wanted:
            yield (*key, name), value.strip()


def _tables(recipe: Recipe) -> dict[str, object]:
    from rezup.recipes.reading import tables

    return tables(recipe.data.decode("utf-8"), "<recipe>")
