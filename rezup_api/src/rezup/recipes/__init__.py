"""Recipes: what a container's revision is made of, as validated data.

Names load on first use: the command that only opens a ready revision imports
``rezup.recipes.names`` and pays for nothing else. ``parse`` stays in its module
(``from rezup.recipes.parse import parse``), as a name can't be a module and a function at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# public name -> module that holds it
_HOMES = {
    "ContainerName": "names",
    "DEFAULT_CONTAINER": "names",
    "ToolName": "names",
    "Recipe": "model",
    "Shared": "model",
    "Tool": "model",
    "load": "parse",
    "RecipeFile": "discovery",
    "discover": "discovery",
    "existing_recipe": "discovery",
    "recipe_path": "discovery",
    "default_recipe": "default",
    "write_default": "default",
    "PipSettings": "expansion",
    "expand_pip": "expansion",
    "expand_tool": "expansion",
    "literal_secrets": "secrets",
    "redact": "secrets",
    "unshareable": "sharing",
    "Composed": "variables",
    "compose": "variables",
    "expand_placeholders": "variables",
}

__all__ = [
    "DEFAULT_CONTAINER",
    "Composed",
    "ContainerName",
    "PipSettings",
    "Recipe",
    "RecipeFile",
    "Shared",
    "Tool",
    "ToolName",
    "compose",
    "default_recipe",
    "discover",
    "existing_recipe",
    "expand_pip",
    "expand_placeholders",
    "expand_tool",
    "literal_secrets",
    "load",
    "recipe_path",
    "redact",
    "unshareable",
    "write_default",
]

if TYPE_CHECKING:
    from rezup.recipes.default import default_recipe, write_default
    from rezup.recipes.discovery import RecipeFile, discover, existing_recipe, recipe_path
    from rezup.recipes.expansion import PipSettings, expand_pip, expand_tool
    from rezup.recipes.model import Recipe, Shared, Tool
    from rezup.recipes.names import DEFAULT_CONTAINER, ContainerName, ToolName
    from rezup.recipes.parse import load
    from rezup.recipes.secrets import literal_secrets, redact
    from rezup.recipes.sharing import unshareable
    from rezup.recipes.variables import Composed, compose, expand_placeholders


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{home}"), name)


def __dir__() -> list[str]:
    return __all__
