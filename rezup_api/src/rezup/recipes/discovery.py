"""Recipe files in a folder, by their exact names: ``rezup.toml`` and ``rezup.NAME.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import InvalidNameError, RecipeError
from rezup.recipes.names import DEFAULT_CONTAINER, ContainerName

if TYPE_CHECKING:
    from pathlib import Path

_DEFAULT_FILE = "rezup.toml"
_PREFIX = "rezup."
_SUFFIX = ".toml"


class RecipeFile(NamedTuple):
    """A recipe file and the container it is for."""

    name: ContainerName
    path: Path


def discover(folder: Path | None) -> list[RecipeFile]:
    """The recipe files in a folder, sorted by container; none if the folder is missing, or there is no home.

    :raises RecipeError: the folder can't be listed
    """
    if folder is None:
        return []
    try:
        paths = list(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RecipeError(f"the folder {folder} can't be listed", context=error.strerror) from error
    found = []
    for path in paths:
        name = _container(path.name)
        if name is not None and path.is_file():
            found.append(RecipeFile(name, path))
    return sorted(found)


def recipe_path(name: ContainerName, folder: Path) -> Path:
    """Where the recipe of a container lies, be it there or not."""
    return folder / (_DEFAULT_FILE if name == DEFAULT_CONTAINER else f"{_PREFIX}{name}{_SUFFIX}")


def existing_recipe(name: ContainerName, folder: Path) -> Path | None:
    """The recipe file of a container, None if it has none."""
    path = recipe_path(name, folder)
    return path if path.is_file() else None


def _container(file: str) -> ContainerName | None:
    if file == _DEFAULT_FILE:
        return ContainerName(DEFAULT_CONTAINER)
    if not (file.startswith(_PREFIX) and file.endswith(_SUFFIX)):
        return None
    text = file[len(_PREFIX) : -len(_SUFFIX)]
    try:
        name = ContainerName.parse(text)
    except InvalidNameError:
        return None
    # The default container has one spelling, else two files would claim it.
    return None if name == DEFAULT_CONTAINER else name
