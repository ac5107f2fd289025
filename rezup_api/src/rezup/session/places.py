"""Where containers live: settings, roots and recipe files, which a recipe itself may name."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ContainerNotFoundError, RecipeError, RevisionNotFoundError, StoreError
from rezup.recipes.discovery import recipe_path
from rezup.recipes.names import DEFAULT_CONTAINER, ContainerName
from rezup.recipes.variables import expand_placeholders
from rezup.settings import Settings, kept_settings
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.system.dirs import known_home, no_home
from rezup.system.machine import is_root_in_a_home_of_another

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.errors import ContainerError
    from rezup.recipes.editing import Draft
    from rezup.reporting import Reporter


class Place(NamedTuple):
    """Where one container lives, by its recipe and the settings."""

    name: ContainerName
    settings: Settings
    recipe: Path | None
    """The recipe a new revision would be made from; it may not exist. None without a home folder."""
    local: LocalStore
    remote: RemoteStore | None

    @property
    def recipe_file(self) -> Path:
        """That recipe, for what can't be done without.

        :raises SettingsError: there is no home folder
        """
        if self.recipe is None:
            raise no_home()
        return self.recipe

    @property
    def has_own_recipe(self) -> bool:
        """Whether that recipe is this container's, rather than the default one."""
        if self.recipe is None:
            return False
        return self.name == DEFAULT_CONTAINER or self.recipe.name != "rezup.toml"

    @property
    def can_be_made(self) -> bool:
        """Whether the first `use` makes it: from its own recipe, which for `.main` is written if need be."""
        return self.has_own_recipe and (self.name == DEFAULT_CONTAINER or self.recipe_file.is_file())


def warn_of_locks(settings: Settings, reporter: Reporter) -> None:
    """Tell whoever writes for others what does not count, since the site locked another value."""
    for line in settings.overridden:
        reporter.notice(line)


class Places:
    """Finds the place of any container.

    :param overrides: settings from a command line, by configuration key
    :param recipes_folder: where recipes are looked for, instead of the home folder
    """

    def __init__(
        self, environ: Mapping[str, str], overrides: Mapping[str, Any], recipes_folder: Path | None
    ) -> None:
        self._environ = environ
        self.overrides = overrides
        self.recipes_folder = recipes_folder or known_home(environ)
        """Where recipes are looked for; None where nobody has a home, so that there are none."""

    def needed_folder(self) -> Path:
        """Where recipes are looked for, for what can't be done without.

        :raises SettingsError: in the home folder, and there is none
        """
        if self.recipes_folder is None:
            raise no_home()
        return self.recipes_folder

    @property
    def is_in_a_home_of_another(self) -> bool:
        """Whether all that we write in the home would belong to root, and not to its owner."""
        return is_root_in_a_home_of_another(self._environ)

    def settings(self, recipe_file: Path | None = None) -> Settings:
        """The settings, with the `[root]` of a recipe where one is given and exists.

        :raises SettingsError: a setting can't be used
        :raises RecipeError: the recipe is no TOML
        """
        roots = None if recipe_file is None else self.roots(recipe_file)
        recipe = None if recipe_file is None or not roots else (str(recipe_file), roots)
        return Settings.load(self._environ, overrides=self.overrides, recipe=recipe)

    def place(self, name: str | None = None, recipe_file: Path | None = None) -> Place:
        """Where a container lives.

        :param recipe_file: a recipe other than the container's own
        :raises InvalidNameError: the text names no container
        :raises SettingsError: a setting can't be used
        :raises RecipeError: the recipe is no TOML
        """
        container = ContainerName.parse(name or DEFAULT_CONTAINER)
        file = recipe_file or self._recipe_file(container)
        settings = self.settings(file)
        root = settings.root_remote
        remote = RemoteStore(root) if root else None
        return Place(container, settings, file, LocalStore(settings.root_local), remote)

    def roots(self, recipe_file: Path) -> dict[str, str] | None:
        """The `[root]` table of a recipe, from what was kept of it if it did not change.

        :raises RecipeError: the file is no TOML, or a root is no text or not absolute
        """
        from rezup.system.compiled import read_toml

        kept = kept_settings(self._environ)
        try:
            roots = read_toml(recipe_file, kept, kind="roots", pick=_pick_roots)
        except (ValueError, OSError) as error:
            if isinstance(error, ValueError):
                from rezup.recipes.parse import load

                load(recipe_file)  # says it better: file, line and key
            raise RecipeError(f"{recipe_file} can't be read", context=str(error)) from error
        try:
            return roots and {key: self._root(recipe_file, key, value) for key, value in roots.items()}
        except RecipeError:
            from rezup.recipes.parse import load

            load(recipe_file)  # says it better: every problem, with line and key
            raise  # what only the value of a variable makes wrong

    def _root(self, recipe_file: Path, key: str, value: Any) -> str:
        if not isinstance(value, str):
            raise RecipeError(
                f"{recipe_file}: root.{key} is no text",
                context=f"it is {value[0]}",
                hint="write a path in quotes, or false for none",
            )
        text = expand_placeholders(value, self._environ, key=f"{recipe_file}: root.{key}")
        if text and not text.startswith("~") and not os.path.isabs(text):
            raise RecipeError(
                f"{recipe_file}: root.{key} is relative",
                context=f"{ascii(text)[:80]} would be another folder wherever rezup is called",
                hint="write an absolute path, ~ or ${VAR}",
            )
        return text

    def find_recipe(self, name_or_file: str) -> Path:
        """The recipe of a container, or the file itself.

        :raises RecipeError: there is none
        """
        try:
            # Not by its place: what is wrong with its roots is for whoever reads it to tell.
            path = self._path_of(name_or_file) or self._recipe_file(ContainerName.parse(name_or_file))
            if path is None:
                raise no_home()
            is_there = path.is_file()
        except (OSError, RuntimeError) as error:  # too long a name, an unreadable folder, no such home
            raise RecipeError(
                f"{name_or_file[:80]!a} can't be looked up", context=str(error)[:200]
            ) from error
        if not is_there:
            raise RecipeError(f"there is no recipe {path}", hint="`rezup list` shows those there are")
        return path

    def draft(self, name_or_file: str, *, create: bool = False) -> Draft:
        """A recipe to be changed; see :meth:`rezup.session.Session.recipe_draft`."""
        from rezup.recipes.editing import new_draft, open_draft

        if self.is_in_a_home_of_another:
            raise StoreError(
                "root does not edit in the home of another user",
                context="the file would belong to root, and that user could not change it",
                hint="run it without sudo, or with `sudo -H`",
            )
        try:
            path, is_container = self._path_of(name_or_file), False
            if path is None:
                name, is_container = ContainerName.parse(name_or_file), True
                path = recipe_path(name, self.needed_folder())
            if path.is_file():
                return open_draft(path)
        except (OSError, RuntimeError) as error:
            raise RecipeError(
                f"{name_or_file[:80]!a} can't be looked up", context=str(error)[:200]
            ) from error
        basis = (self.recipes_folder or path.parent) / "rezup.toml"
        has_basis = is_container and path != basis and basis.is_file()
        if create:
            return new_draft(path, basis if has_basis else None)
        raise RecipeError(
            f"there is no recipe {path}",
            context=f"{name_or_file} is made from {basis}, as are others" if has_basis else None,
            hint=f"--create makes it, a copy of {basis if has_basis else 'the default recipe'}",
        )

    @staticmethod
    def _path_of(name_or_file: str) -> Path | None:
        """The path that is meant, which may not exist; None for the name of a container.

        :raises OSError: it can't be looked up
        """
        named = Path(name_or_file)
        is_path = named.is_file() or named.name != name_or_file or named.suffix == ".toml"
        return named.expanduser().absolute() if is_path else None

    def not_found(self, place: Place) -> ContainerNotFoundError:
        """The error for a container that exists nowhere."""
        remote = f", nor has {place.remote.root}" if place.remote else ""
        nowhere = f"{place.local.root} has none of that name{remote}, and there is no"
        if self.recipes_folder is None:
            return ContainerNotFoundError(
                f"there is no container {place.name}",
                context=f"{nowhere} home folder that its recipe could be in",
                hint=f"set HOME to an absolute path, or make it: rezup use {place.name} --make RECIPE",
            )
        return ContainerNotFoundError(
            f"there is no container {place.name}",
            context=f"{nowhere} recipe {recipe_path(place.name, self.recipes_folder)}",
            hint=f"write that recipe, or make it from another: rezup use {place.name} --make RECIPE",
        )

    def none_yet(self, place: Place) -> ContainerError:
        """The error for one without a revision, for those who would not make the first."""
        if not place.can_be_made:
            return self.not_found(place)
        return RevisionNotFoundError(
            f"{place.name} has no revision yet",
            context=f"the first use makes one from {place.recipe_file}",
            hint=f"rezup use {place.name}",
        )

    def _recipe_file(self, container: ContainerName) -> Path | None:
        if self.recipes_folder is None:
            return None
        default = self.recipes_folder / "rezup.toml"
        if container == DEFAULT_CONTAINER:
            return default
        own = self.recipes_folder / f"rezup.{container}.toml"
        return own if own.is_file() or not default.is_file() else default


def _pick_roots(document: dict[str, Any]) -> dict[str, Any]:
    table = document.get("root")
    known = table if isinstance(table, dict) else {}
    # Only false and "" mean none; what is no text is kept as a list of its wording.
    return {
        key: known[key] if isinstance(known[key], str) else [ascii(known[key])[:40]]
        for key in ("local", "remote")
        if key in known and known[key] is not False and known[key] != ""
    }
