"""What a session works with, put together for one place: settings in, objects of the containers out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from rezup.containers.acquisition import Acquisition
from rezup.containers.choice import Wanted
from rezup.containers.remembered import Remembered
from rezup.errors import StoreError
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.containers.backoff import Backoff
    from rezup.containers.building import Builder
    from rezup.containers.creation import Maker, Workshop
    from rezup.recipes.model import Recipe
    from rezup.reporting import Reporter
    from rezup.session.places import Place, Places
    from rezup.stores.stamps import Stamp


class Wiring:
    """Makes what finds and builds revisions; each call makes it anew, and imports what that takes."""

    def __init__(self, environ: Mapping[str, str], reporter: Reporter, places: Places) -> None:
        self._environ = environ
        self._reporter = reporter
        self._places = places

    def wanted(self, place: Place, revision: str | None) -> Wanted:
        """Which revision is meant: the one that is named, else the one of the settings."""
        if revision is not None:
            return Wanted(place.name, revision)
        return Wanted(place.name, place.settings.use_revision, place.settings.origins["use_revision"])

    def acquisition(self, place: Place, *, local: bool = False) -> Acquisition:
        """What finds a ready revision of a container.

        :param local: leave the remote root out
        """
        is_of_another = self._places.is_in_a_home_of_another
        return Acquisition(
            local=place.local,
            remote=None if local else place.remote,
            remembered=self.remembered(place),
            workshop=lambda: self.workshop(place),
            backoff=lambda: self._backoff(place),
            reporter=self._reporter,
            platform=platform_tag(),
            pythons=None if is_of_another else place.settings.folders.state / "pythons.json",
        )

    def remembered(self, place: Place) -> Remembered:
        """What the remote root of a container said last."""
        cache = None if self._places.is_in_a_home_of_another else place.settings.cache_dir / "remotes-v1"
        return Remembered(cache, place.remote.root if place.remote else Path())

    def stamp(self, place: Place, revision: str | None) -> Stamp | None:
        """The revision that is meant, wherever it is, for looking at; None if the container has none.

        :raises RevisionNotFoundError: what was asked for by name doesn't exist
        """
        acquisition = self.acquisition(place)
        view = acquisition.view(place.name)
        choice = acquisition.choose(self.wanted(place, revision), view)
        return view.local.newest if choice is None else choice.revision

    def recipe(self, place: Place, recipe_file: Path | None) -> Recipe:
        """The recipe to make or publish a revision from; the reporter hears what is odd in it.

        The default recipe is written where it is missing.

        :param recipe_file: the recipe, else the container's own
        :raises RecipeError: it can't be used
        :raises StoreError: the default recipe can't be written
        """
        from rezup.recipes.default import write_default
        from rezup.recipes.parse import load
        from rezup.recipes.secrets import literal_secrets

        path = recipe_file or place.recipe_file
        if recipe_file is None and not path.is_file():
            path = self._places.needed_folder() / "rezup.toml"
            if not path.is_file():
                self.refuse_in_a_home_of_another()
            try:
                if write_default(path):
                    self._reporter.info(f"wrote the default recipe {path}; change it as you like")
            except OSError as error:
                raise StoreError(
                    f"the default recipe {path} can't be written", context=error.strerror,
                    hint="give a recipe with --make RECIPE",
                ) from error  # fmt: skip
        recipe = load(path)
        for problem in recipe.warnings:
            self._reporter.warning(str(problem))
        for problem in literal_secrets(recipe):
            self._reporter.warning(str(problem))
        return recipe

    def workshop(self, place: Place) -> Workshop:
        """What builds revisions of a container on this machine.

        :raises StoreError: root would build in the home of another user
        """
        from rezup.containers.creation import Workshop

        return Workshop(
            store=place.local,
            build=self.builder(place),
            maker=self.maker(),
            reporter=self._reporter,
            lock_timeout=place.settings.lock_timeout,
        )

    def builder(self, place: Place) -> Builder:
        """What locks recipes and builds environments.

        :raises StoreError: root would build in the home of another user
        """
        from rezup.cache.environments import Environments
        from rezup.containers.building import Builder
        from rezup.containers.provision import Provision
        from rezup.wheelhouse.store import Wheelhouse

        self.refuse_in_a_home_of_another()
        settings = place.settings
        provision = Provision(
            store=Environments(
                settings.cache_dir, reporter=self._reporter, lock_timeout=settings.lock_timeout
            ),
            wheelhouse=Wheelhouse(settings.cache_dir / "wheels-v1", reporter=self._reporter),
            reporter=self._reporter,
            link=settings.link_mode != "copy",
        )
        return Builder(
            environ=self._environ,
            cache=settings.cache_dir,
            logs=settings.folders.state / "logs",
            reporter=self._reporter,
            provision=provision,
            offline=settings.offline,
            fetch_python=settings.fetch_python,
        )

    def refuse_in_a_home_of_another(self) -> None:
        """Refuse to write for root, under `sudo`, what a user could not change later.

        :raises StoreError: HOME is the home of another user
        """
        if self._places.is_in_a_home_of_another:
            raise StoreError(
                "root does not build in the home of another user",
                context="the files would belong to root, and that user could not change them",
                hint="run it without sudo, or with `sudo -H`",
            )

    def maker(self) -> Maker:
        """Who makes revisions: this user, on this host, with this rezup."""
        from rezup import __version__
        from rezup.containers.creation import Maker
        from rezup.system.machine import host_name, user_name

        return Maker(user_name(), host_name(), __version__, platform_tag())

    def _backoff(self, place: Place) -> Backoff:
        from rezup.containers.backoff import Backoff

        return Backoff(place.settings.folders.state / "backoff", place.local.root)
