"""``${VAR}`` in what gets installed, filled in when a revision is built.

What comes out is checked as a recipe's text is: a variable's value must not smuggle in an option.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import RecipeError
from rezup.recipes.findings import UnfitError
from rezup.recipes.interpreter import python_request
from rezup.recipes.pip_options import check_options, check_variable, option_text
from rezup.recipes.places import tool_places
from rezup.recipes.sources import Origin, library, local_path, requirement
from rezup.recipes.variables import expand_placeholders, unset_variables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rezup.recipes.locate import Key
    from rezup.recipes.model import Recipe, Tool


class PipSettings(NamedTuple):
    """The `[pip]` table with its variables filled in; it may hold secrets, so it is never shown."""

    options: tuple[str, ...]
    environment: dict[str, str]


def check_variables(recipe: Recipe, environ: Mapping[str, str]) -> None:
    """See that every ``${VAR}`` a build needs has a value, before anything is built.

    :raises RecipeError: with file, line and key of each that has none
    """
    from rezup.recipes.findings import located, shown_file

    entries: list[tuple[Key, str]] = []

    def check(key: Key, text: str) -> None:
        entries.extend((key, f"the variable {name} is not set") for name in unset_variables(text, environ))

    for key, tool in tool_places(recipe):
        check((*key, "url"), tool.requirement)
        check((*key, "python"), tool.python or "")
        for position, text in enumerate(tool.libraries, start=1):
            check((*key, "lib", position), text)
    for position, text in enumerate(recipe.pip_options, start=1):
        check(("pip", "options", position), text)
    for name, text in recipe.pip_environment.items():
        check(("pip", "env", name), text)
    if entries:
        file = shown_file(recipe.source)
        raise RecipeError(
            f"the recipe {file} needs variables that are not set",
            problems=located(file, recipe.data.decode("utf-8"), entries),
            hint="set them, or give them a default: ${VAR:-default}",
        )


def expand_tool(
    tool: Tool, environ: Mapping[str, str], *, folder: Path | None = None, home: Path | None = None
) -> Tool:
    """The tool with every ``${VAR}`` filled in and its path known.

    :param folder: the recipe's, for relative paths
    :raises RecipeError: a variable is not set, or its value makes no requirement, path or version
    """
    origin = Origin(folder, home)
    place = "rez" if tool.name == "rez" else f"extension {str(tool.name)!r}"

    def filled(text: str, key: str, check: Callable[[str], str]) -> str:
        full_key = f"{place}.{key}"
        expanded = expand_placeholders(text, environ, key=full_key)
        return text if expanded == text else _checked(expanded, full_key, check)

    url = filled(tool.requirement, "url", lambda text: requirement(text, folder))
    path = tool.path
    if url != tool.requirement:
        path = local_path(url, origin)
    if tool.editable and path is None:
        raise RecipeError(f"{place}.url must be a local folder, as `edit` is true")
    python = tool.python and filled(tool.python, "python", lambda text: python_request(text, origin))
    libraries = tuple(
        filled(text, f"lib[{position}]", lambda text: library(text, origin))
        for position, text in enumerate(tool.libraries, start=1)
    )
    return tool._replace(requirement=url, path=path, python=python, libraries=libraries)


def expand_pip(recipe: Recipe, environ: Mapping[str, str]) -> PipSettings:
    """The options and variables of `[pip]` with every ``${VAR}`` filled in.

    :raises RecipeError: a variable is not set, or its value makes an option that recipes can't have
    """
    options = tuple(
        _checked(expand_placeholders(text, environ, key=key), key, option_text)
        for key, text in ((f"pip.options[{n}]", text) for n, text in enumerate(recipe.pip_options, start=1))
    )
    misfits = check_options(options)
    if misfits:
        key = f"pip.options[{misfits[0].position}]"
        raise RecipeError(f"{key}: {misfits[0].error.message}", hint=misfits[0].error.hint)
    environment = {}
    for name, text in recipe.pip_environment.items():
        key = f"pip.env.{name}"
        environment[name] = value = expand_placeholders(text, environ, key=key)
        try:
            check_variable(name, value)
        except UnfitError as error:
            raise RecipeError(f"{key}: {error.message}", hint=error.hint) from None
    return PipSettings(options, environment)


def _checked(text: str, key: str, check: Callable[[str], str]) -> str:
    try:
        return check(text)
    except UnfitError as error:
        raise RecipeError(f"{key}: {error.message}", hint=error.hint) from None
