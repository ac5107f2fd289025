"""What of a recipe only this machine can see.

A remote root holds the recipe byte for byte, and every machine builds by it and its locks. A path that
isn't below a shared folder, or that means something else there (relative, or below a home), breaks that.
"""

from __future__ import annotations

import ntpath
import os
import re
from typing import TYPE_CHECKING

from rezup.recipes.findings import located, shown, shown_file
from rezup.recipes.pip_option_names import PATH_OPTIONS
from rezup.recipes.pip_options import read_options, variable_option
from rezup.recipes.places import dotenv_places, tool_places
from rezup.recipes.sources import file_url_path, is_absolute
from rezup.recipes.variables import has_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from rezup.errors import Problem
    from rezup.recipes.locate import Key
    from rezup.recipes.model import Recipe, Tool

# The others are made on demand where they are missing, so that nobody needs to share them.
_SHARED_OPTIONS = PATH_OPTIONS - {"--cache-dir", "--log", "--report", "--src"}


def unshareable(recipe: Recipe, shared_folders: Sequence[Path] = ()) -> tuple[Problem, ...]:
    """The paths in a recipe that other machines would need, and can't be expected to see.

    Local sources are not among them, unless they are installed in edit mode: the wheel is shared.

    :param shared_folders: absolute folders that all machines mount at the same place, such as the
        remote root; what is below them is fine, and so are ``${VAR}`` paths and network shares
    """
    entries = []
    for key, what, text in _places(recipe):
        if has_placeholder(text) or text.startswith("\\\\"):  # a share names its server
            continue
        if not is_absolute(text):
            entries.append((key, f"{what} {shown(text)} means something else on another machine"))
        elif not _is_below(text, shared_folders):
            entries.append((key, f"{what} {shown(text)} is not in a folder that other machines see"))
    return located(shown_file(recipe.source), recipe.data.decode("utf-8"), entries)


def _places(recipe: Recipe) -> Iterator[tuple[Key, str, str]]:
    """Every local path as (key, what it is, path)."""
    for key, tool in tool_places(recipe):
        yield from _tool_places(key, tool)
    for option in read_options(recipe.pip_options)[0]:
        if option.name in _SHARED_OPTIONS:
            key = ("pip", "options", option.position)
            yield from _value_place(key, f"the value of {option.name}", option.value or "")
    for name, value in recipe.pip_environment.items():
        if variable_option(name) in _SHARED_OPTIONS:
            for text in value.split():
                yield from _value_place(("pip", "env", name), "the path", text)
    for key, text in dotenv_places(recipe):
        yield key, "the dotenv file", text


def _tool_places(key: Key, tool: Tool) -> Iterator[tuple[Key, str, str]]:
    if tool.path is not None and tool.editable:  # of other sources the wheel is published
        yield (*key, "url"), "the source", tool.requirement
    if tool.python and ("/" in tool.python or "\\" in tool.python):
        yield (*key, "python"), "the Python", tool.python


def _value_place(key: Key, what: str, text: str) -> Iterator[tuple[Key, str, str]]:
    path = file_url_path(text) if text.startswith("file:") or "://" in text else text
    if path:
        yield key, what, path


def _is_below(text: str, folders: Sequence[Path]) -> bool:
    flavour = ntpath if re.match("[A-Za-z]:", text) else os.path
    path = flavour.normcase(flavour.normpath(text))
    for folder in folders:
        top = flavour.normcase(flavour.normpath(str(folder))).rstrip(flavour.sep)
        if path == top or path.startswith(top + flavour.sep):
            return True
    return False
