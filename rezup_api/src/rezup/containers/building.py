"""Building the environments of a recipe, with the values that only this machine knows filled in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from rezup.errors import InstallError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.installers.base import BuiltEnvironment
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter

EDIT_IN_PRODUCTION = "REZUP_EDIT_IN_PRODUCTION"


@dataclass(frozen=True, slots=True)
class Builder:
    """Calls the installers for every environment of a recipe."""

    environ: Mapping[str, str]
    cache: Path
    logs: Path
    """Folder of the files that receive all that installers print."""
    reporter: Reporter
    offline: bool
    fetch_python: bool

    def __call__(self, recipe: Recipe, folder: Path, container: ContainerName) -> Sequence[BuiltEnvironment]:
        """Build below `folder`, one folder per environment.

        :raises RecipeError: a variable that the recipe needs is not set
        :raises InstallError: an environment can't be built
        """
        from rezup.installers.backend import BuildContext
        from rezup.installers.environments import build, plan
        from rezup.recipes.expansion import check_variables, expand_pip
        from rezup.recipes.secrets import redact, secret_values
        from rezup.system.files import mark_cache, remove_tree
        from rezup.system.logs import new_log

        mark_cache(self.cache)
        check_variables(recipe, self.environ)
        filled = self._filled(recipe)
        secrets = secret_values(recipe, self.environ)
        pip = expand_pip(recipe, self.environ)
        work = folder.parent / ".work"
        context = BuildContext(
            environment=self.environ,
            folder=work,
            log=new_log(self.logs, str(container)),
            cache=self.cache,
            reporter=self.reporter,
            mask=lambda text: redact(_without(secrets, text)),
            secrets=secrets,
            pip_options=pip.options,
            pip_environment=pip.environment,
            offline=self.offline,
            allow_fetch=self.fetch_python,
            edit_in_production=bool(
                recipe.environment.get(EDIT_IN_PRODUCTION) or self.environ.get(EDIT_IN_PRODUCTION)
            ),
        )
        try:
            built = [build(part, folder / part.name, context) for part in plan(filled)]
        except InstallError as error:
            if str(context.log) not in (error.hint or ""):
                tried = f"what was tried is in {context.log}"
                error.hint = f"{error.hint}; {tried}" if error.hint else tried
            raise
        remove_tree(work)
        return built

    def _filled(self, recipe: Recipe) -> Recipe:
        from rezup.recipes.expansion import expand_tool
        from rezup.system.dirs import user_home

        folder = recipe.source.parent if recipe.source is not None else None
        rez, *extensions = (
            expand_tool(tool, self.environ, folder=folder, home=user_home(self.environ))
            for tool in recipe.tools
        )
        return replace(recipe, rez=rez, extensions=tuple(extensions))


def _without(secrets: Sequence[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
