"""The one composition root: wires settings, stores, installers and launching together.

What it offers is here; `places` finds where containers live, `wiring` puts together what works on
one, `listing` looks through all of them, `packages` resolves.

A session reads the environment once. Containers may live in different roots, since a recipe can
name its own; :meth:`Session.place` answers where one lives.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.containers.acquisition import Acquired
from rezup.errors import RevisionNotFoundError
from rezup.recipes.names import DEFAULT_CONTAINER
from rezup.reporting import Reporter, stage
from rezup.session.places import Place, Places
from rezup.session.wiring import Wiring
from rezup.stores.stamps import Stamp
from rezup.system.locks import Gone
from rezup.system.machine import process_environment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.containers.acquisition import Acquisition
    from rezup.containers.choice import Wanted
    from rezup.containers.explaining import Outlook
    from rezup.containers.inventory import ContainerSummary, RevisionSummary
    from rezup.containers.revision import Revision
    from rezup.containers.status import Status
    from rezup.errors import RemoteUnreachableError
    from rezup.recipes.editing import Draft
    from rezup.recipes.model import Recipe
    from rezup.runtime.config import Config
    from rezup.session.contexts import Contexts
    from rezup.session.health import Health
    from rezup.session.locks import Locks
    from rezup.session.packages import Packages
    from rezup.session.pins import Pins
    from rezup.session.removal import Removal
    from rezup.session.sharing import Sharing
    from rezup.settings import Settings


class Session:
    """What the command line and other callers use the library through."""

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        reporter: Reporter,
        overrides: Mapping[str, Any],
        recipes_folder: Path | None,
        program: Path | None,
    ) -> None:
        self.environ = environ
        self.reporter = reporter
        self._places = Places(environ, overrides, recipes_folder)
        self._wiring = Wiring(environ, reporter, self._places)
        self._program = program

    @classmethod
    def create(
        cls,
        *,
        environ: Mapping[str, str] | None = None,
        reporter: Reporter | None = None,
        overrides: Mapping[str, Any] | None = None,
        recipes_folder: Path | None = None,
        program: Path | None = None,
    ) -> Session:
        """A session of this process.

        :param environ: instead of this process's environment
        :param overrides: settings from a command line, by configuration key; None means not given
        :param recipes_folder: where recipes are looked for, instead of the home folder
        :param program: rezup's own script, to be found inside containers too
        """
        environ = process_environment() if environ is None else environ
        return cls(
            environ=environ,
            reporter=reporter or Reporter(),
            overrides=overrides or {},
            recipes_folder=recipes_folder,
            program=program,
        )

    # -- where things are ---------------------------------------------------------------------

    @property
    def recipes_folder(self) -> Path:
        """Where recipes are looked for.

        :raises SettingsError: in the home folder, and there is none
        """
        return self._places.needed_folder()

    def place(self, name: str | None = None, recipe_file: Path | None = None) -> Place:
        """Where a container lives; see :meth:`Places.place`."""
        return self._places.place(name, recipe_file)

    def settings(self) -> Settings:
        """The settings, without those of any recipe.

        :raises SettingsError: a setting can't be used
        """
        return self._places.settings()

    # -- using --------------------------------------------------------------------------------

    def acquire(self, place: Place, revision: str | None = None, *, local: bool = False) -> Acquired:
        """A ready revision, held; the first of a container is made from its recipe if it has one.

        :param revision: a stamp, a unique prefix of one, or "-1", "-2" …
        :param local: leave the remote root out
        :raises ContainerNotFoundError: no such container, and no recipe to make it from
        """
        wanted = self._wiring.wanted(place, revision)
        acquisition = self._wiring.acquisition(place, local=local)
        with stage(self.reporter, "choose"):
            acquired = acquisition.acquire(wanted)
        if acquired is not None:
            return acquired
        return self._make_first(place, wanted, acquisition)

    def make(self, place: Place, recipe_file: Path | None = None) -> Acquired:
        """A new revision on this machine, held.

        :param recipe_file: the recipe, else the container's own, else the default one
        :raises RecipeError: the recipe can't be used
        :raises InstallError: the environment can't be built
        """
        recipe = self._wiring.recipe(place, recipe_file)
        return self._held(
            place, self._wiring.workshop(place).create(place.name, recipe, keep_own=True), "made just now"
        )

    def enter(
        self,
        acquired: Acquired,
        place: Place,
        *,
        command: Sequence[str] = (),
        script: str | None = None,
        wait: bool = True,
    ) -> int:
        """Start a command, a script, or the user's shell in a revision; on POSIX, become it.

        :param command: the command, or the arguments of `script`
        :returns: the exit status of what was started
        :raises LaunchError: it can't be started
        """
        from rezup.launch import entering

        entry = entering.Entry(
            acquired.revision,
            acquired.hold,
            is_from_remote=acquired.is_from_remote,
            environ=self.environ,
            reporter=self.reporter,
            program=self._program,
            shims=self._shims(place),
            is_pinned=acquired.reason.startswith("pinned"),
        )
        if script is not None:
            return entry.run_script(script, command, wait=wait)
        if command:
            return entry.run_command(command, wait=wait)
        shell, prompt = place.settings.default_shell, place.settings.prompt
        return entry.open_shell(default_shell=shell, prompt=prompt)

    def run_job(
        self,
        path: str,
        command: Sequence[str] = (),
        *,
        local: bool = False,
        wait: bool = True,
        quiet: bool = False,
    ) -> int:
        """Run a command, or the user's shell, in the revision and context of a farm job's file.

        See `rezup.session.contexts.job_run`, also for what it returns.

        :raises ContextFileError: the file can't be read, or is no job
        :raises RezupError: what the job needs is missing here, or different
        """
        from rezup.session.contexts.job_run import run_job
        from rezup.session.contexts.jobs import load_job

        return run_job(self, load_job(path), command, local=local, wait=wait, quiet=quiet)

    def check_entrance(self, *, for_shell: bool) -> None:
        """Refuse at once what could not be entered in the end, before anything is built.

        :param for_shell: a shell is wanted, which needs a terminal
        :raises NestedContainerError: this process runs in a container already
        :raises LaunchError: there is no terminal
        """
        from rezup.launch.entering import refuse_without_terminal
        from rezup.launch.environment import refuse_nested

        refuse_nested(self.environ)
        if for_shell:
            refuse_without_terminal()

    def variables(self, acquired: Acquired) -> dict[str, str]:
        """The variables that the recipe of a revision sets, and rezup's own."""
        from rezup.launch.environment import recipe_variables

        return recipe_variables(
            acquired.revision, self.environ, is_from_remote=acquired.is_from_remote, reporter=self.reporter
        )

    def environment(self, acquired: Acquired, place: Place) -> dict[str, str]:
        """The whole environment of a program in a revision."""
        from rezup.launch.environment import compose

        return compose(
            acquired.revision,
            self.environ,
            is_from_remote=acquired.is_from_remote,
            reporter=self.reporter,
            program=self._program,
            shims=self._shims(place),
        )

    # -- publishing and removing --------------------------------------------------------------

    def locks(self) -> Locks:
        """Locks of recipes, and what differs between revisions."""
        from rezup.session.locks import Locks

        return Locks(self._wiring, self._places)

    def health(self) -> Health:
        """What is wrong on this machine, and what can be mended."""
        from rezup.session.health import Health

        return Health(self.environ, self._places, self._wiring, self.reporter)

    def sharing(self) -> Sharing:
        """Revisions for other machines: on the remote root, and as archives."""
        from rezup.session.sharing import Sharing

        return Sharing(self.environ, self._wiring, self._places, self.reporter)

    def pins(self) -> Pins:
        """Which revision is taken until somebody says otherwise, and who said so."""
        from rezup.session.pins import Pins

        return Pins(self._wiring, self._places, self.reporter)

    def removal(self) -> Removal:
        """What may be removed: what is named, what is old, and wheels that nothing needs."""
        from rezup.session.removal import Removal

        return Removal(self._wiring, self._places, self.reporter)

    # -- looking ------------------------------------------------------------------------------

    def containers(self) -> tuple[list[ContainerSummary], RemoteUnreachableError | None]:
        """Every container known here, on the remote, or by its recipe only."""
        from rezup.session.listing import containers

        return containers(self._places, self.reporter)

    def revisions(self, place: Place) -> tuple[list[RevisionSummary], RemoteUnreachableError | None]:
        """All revisions of a container, newest first.

        :raises ContainerNotFoundError: there is no such container
        """
        from rezup.containers.inventory import revisions

        found, unreachable = revisions(place.name, self._wiring.acquisition(place))
        has_recipe = place.has_own_recipe and place.recipe_file.is_file()
        if not found and unreachable is None and not has_recipe:
            raise self._places.not_found(place)
        return found, unreachable

    def foresee(
        self, place: Place, revision: str | None = None, *, local: bool = False, in_full: bool = False
    ) -> Outlook:
        """What `acquire` would take, by the same decisions; nothing is built, pulled or held.

        :param in_full: also every other revision, and why it isn't the one
        :raises RevisionNotFoundError: what was asked for by name doesn't exist
        """
        from dataclasses import replace

        from rezup.containers.explaining import foresee

        wanted = self._wiring.wanted(place, revision)
        found = foresee(self._wiring.acquisition(place, local=local), wanted, in_full=in_full)
        if found.choice is not None or found.error is not None:
            return found
        return replace(found, error=self._places.none_yet(place))

    def status(self, place: Place, revision: str | None = None) -> Status:
        """Everything about one container at this moment."""
        from rezup.containers.status import status

        inside = self.environ.get("REZUP_CONTAINER"), self.environ.get("REZUP_REVISION")
        current = (
            (inside[0], Stamp(inside[1])) if inside[0] and inside[1] and Stamp.is_stamp(inside[1]) else None
        )
        return status(
            self._wiring.acquisition(place),
            self._wiring.wanted(place, revision),
            current=None if revision is not None else current,
            settings=place.settings.described(),
        )

    def local_names(self, prefix: str) -> list[str]:
        """What a target may be completed to: containers of this machine, revisions after an `@`."""
        from rezup.session.listing import local_names

        return local_names(self.settings().root_local, prefix)

    def recipe(self, name_or_file: str | None = None) -> Recipe:
        """A recipe, by the name of its container or by its path.

        :raises RecipeError: it can't be used, or there is none
        """
        from rezup.recipes.parse import load

        return load(self._places.find_recipe(name_or_file or DEFAULT_CONTAINER))

    def recipe_draft(self, name_or_file: str | None = None, *, create: bool = False) -> Draft:
        """A recipe to be changed: of a container the one of its own, never the default of all others.

        :param create: if there is none, begin one with what the container is made from now
        :raises RecipeError: there is none, or it can't be read
        """
        return self._places.draft(name_or_file or DEFAULT_CONTAINER, create=create)

    def rez_config(self) -> Config:
        """The configuration of Rez in this environment, each value with where it came from.

        :raises RezConfigError: a rezconfig file can't be read
        """
        from rezup.runtime.config import load_config

        return load_config(self.environ)

    def packages(self) -> Packages:
        """Resolving and searching packages, with the configuration of this environment."""
        from rezup.session.packages import Packages

        return Packages(self.environ, reporter=self.reporter, overrides=self._places.overrides)

    def contexts(self, environ: Mapping[str, str] | None = None) -> Contexts:
        """Rez environments, with the configuration of this environment.

        :param environ: instead of the session's, such as that of a revision
        """
        from rezup.session.contexts import Contexts
        from rezup.session.packages import Packages

        environ = self.environ if environ is None else environ
        packages = Packages(environ, reporter=self.reporter, overrides=self._places.overrides)
        return Contexts(packages, environ, program=None if self._program is None else str(self._program))

    # -- making -------------------------------------------------------------------------------

    def _make_first(self, place: Place, wanted: Wanted, acquisition: Acquisition) -> Acquired:
        """A container that exists nowhere yet comes from its own recipe; the default one always can."""
        if not place.can_be_made:
            raise self._places.not_found(place)
        recipe = self._wiring.recipe(place, None)
        self.reporter.info(f"{place.name}: first use, building it from {place.recipe_file}")
        self._wiring.workshop(place).create(place.name, recipe, keep_own=False)
        # Chosen again, so that a pin or a remote that appeared meanwhile is respected.
        acquired = acquisition.acquire(wanted)
        if acquired is None:
            raise self._places.not_found(place)
        return acquired

    def _shims(self, place: Place) -> Path | None:
        """The folder for links to rezup's own script."""
        if self._places.is_in_a_home_of_another:
            return None
        return place.settings.cache_dir / "shims-v1"

    def _held(self, place: Place, revision: Revision, reason: str) -> Acquired:
        try:
            hold = place.local.hold(revision.container, revision.stamp)
        except Gone as error:
            raise RevisionNotFoundError(
                f"revision {revision.stamp} of {revision.container} was removed as soon as it was made",
                hint="see who drops revisions, and try again",
            ) from error
        return Acquired(revision, hold, reason, is_from_remote=False)
