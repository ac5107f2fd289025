"""Building the environments of a recipe: locked, then taken from the cache or installed by the lock."""

from __future__ import annotations

import contextlib
import hashlib
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import locked
from rezup.errors import InstallError, LockError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from rezup.containers.locked import GivenLocks
    from rezup.containers.provision import Provision
    from rezup.installers.base import BuiltEnvironment
    from rezup.installers.context import BuildContext
    from rezup.installers.locking import Upgrade
    from rezup.installers.plans import EnvironmentPlan
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.model import Recipe
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter

EDIT_IN_PRODUCTION = "REZUP_EDIT_IN_PRODUCTION"


class Built(NamedTuple):
    """What came of a build."""

    environments: tuple[BuiltEnvironment, ...]
    cloned: Mapping[str, str]
    """By environment: how it came out of the cache; without those that were built in place."""
    locks: Mapping[str, Lock]
    """By the names of their files."""
    digests: Mapping[str, str]
    """SHA-256 of these files."""
    linked: Mapping[str, tuple[str, ...]]
    """Folders of environments, such as "venv/rez", that hold but links to files of the cache, and the folders
    in each."""


class LockedFolder(NamedTuple):
    """Locks in a folder, with ``wheels/`` beside them."""

    folder: Path
    files: Mapping[str, bytes]
    """By name."""
    locks: Mapping[str, Lock]


class Job(NamedTuple):
    """One recipe with all that its build needs."""

    recipe: Recipe
    """With this machine's values filled in."""
    plans: tuple[EnvironmentPlan, ...]
    context: BuildContext


class Builder:
    """Calls the installers for every environment of a recipe.

    :param logs: folder of the files that receive all that installers print
    """

    def __init__(
        self,
        *,
        environ: Mapping[str, str],
        cache: Path,
        logs: Path,
        reporter: Reporter,
        provision: Provision,
        offline: bool,
        fetch_python: bool,
    ) -> None:
        self.environ = environ
        self.cache = cache
        self.logs = logs
        self.reporter = reporter
        self.provision = provision
        self.offline = offline
        self.fetch_python = fetch_python

    def __call__(
        self, recipe: Recipe, folder: Path, container: ContainerName, given: GivenLocks | None = None
    ) -> Built:
        """Build below `folder`: ``venv/`` with a folder per environment, their locks, ``wheels/``.

        :param given: locks to build by; else those that the recipe names, else new ones are made
        :raises RecipeError: a variable that the recipe needs is not set
        :raises LockError: a lock doesn't fit, or what it names can't be had
        :raises InstallError: an environment can't be built
        """
        job = self._job(recipe, folder, container)
        with self._logged(job):
            files, locks = self._locks(job, folder, given)
            built = [
                self.provision(part, files[name], lock, folder, job.context, given)
                for part, (name, lock) in zip(job.plans, locks.items(), strict=True)
            ]
        return Built(
            environments=tuple(each.environment for each in built),
            cloned={str(each.environment.name): str(each.cloned) for each in built if each.cloned},
            locks=locks,
            digests=digests(files),
            linked={
                f"venv/{each.environment.name}": each.cloned.folders
                for each in built
                if each.cloned and each.cloned.is_linked
            },
        )

    def lock(
        self,
        recipe: Recipe,
        folder: Path,
        container: ContainerName,
        *,
        given: GivenLocks | None = None,
        upgrade: Upgrade | None = None,
        previous: Mapping[str, Lock] | None = None,
    ) -> LockedFolder:
        """Put the locks of a recipe into `folder`, with ``wheels/`` of those that no index has.

        :param given: locks that are there already; else those that the recipe names
        :param previous: make new locks, and keep the versions of these where they still fit
        :param upgrade: what is not kept of them
        :raises LockError: there is none that covers what the recipe asks for
        """
        job = self._job(recipe, folder, container)
        with self._logged(job):
            files, locks = self._locks(job, folder, given, upgrade=upgrade, previous=previous)
        return LockedFolder(folder, files, locks)

    def download(
        self, recipe: Recipe, found: LockedFolder, container: ContainerName, given: GivenLocks | None = None
    ) -> None:
        """Put the wheels of all that the locks cover into ``wheels/`` beside them.

        :param given: what the locks are from: where wheels may be; else the index is asked
        :raises LockError: one can't be had
        :raises HashMismatchError: one isn't the one that was locked
        """
        from rezup.installers.wheels import download
        from rezup.lockfiles.lock import WHEELS
        from rezup.wheelhouse.finding import first_of, in_folder

        job = self._job(recipe, found.folder, container)
        wheels = found.folder / WHEELS
        seek = first_of(in_folder(wheels), self.provision.wheelhouse.find, *([given.find] if given else ()))
        only_local = given is not None and given.is_complete
        with self._logged(job):
            for lock in found.locks.values():
                download(lock, lock.platforms, wheels, job.context, seek, only_local=only_local)

    @contextlib.contextmanager
    def _logged(self, job: Job) -> Iterator[None]:
        """Failures name the log; the folder that programs ran in goes."""
        from rezup.system.files import remove_tree

        try:
            yield
        except (InstallError, LockError) as error:
            _name_log(error, job.context.log)
            raise
        finally:
            remove_tree(job.context.folder)

    def _locks(
        self,
        job: Job,
        folder: Path,
        given: GivenLocks | None,
        *,
        upgrade: Upgrade | None = None,
        previous: Mapping[str, Lock] | None = None,
    ) -> tuple[dict[str, bytes], dict[str, Lock]]:
        """Bytes and content of each lock, in the order of the plans; written into `folder`."""
        platforms: tuple[str, ...] = ()  # what others have locked was held against them then
        if given is None and previous is None:
            given, platforms = locked.of_recipe(job.recipe), job.recipe.platforms
        files: dict[str, bytes] = {}
        locks: dict[str, Lock] = {}
        for part in job.plans:
            name = locked.own_lock_name(job.recipe, part.name)
            if given is not None:
                files[name], locks[name] = locked.given_lock(given, name, part, platforms)
                self.provision.settle(locks[name], folder, given.find)
            else:
                from rezup.lockfiles.writing import to_bytes

                locks[name] = self._new_lock(job, part, folder, upgrade, (previous or {}).get(name))
                files[name] = to_bytes(locks[name])
            (folder / name).write_bytes(files[name])
        return files, locks

    def _new_lock(
        self, job: Job, part: EnvironmentPlan, folder: Path, upgrade: Upgrade | None, previous: Lock | None
    ) -> Lock:
        from rezup.installers.locking import lock_environment
        from rezup.wheelhouse.finding import in_folder

        work = job.context.folder / "wheels"
        lock = lock_environment(
            part, job.context, work, platforms=job.recipe.platforms, sdists=job.recipe.sdists,
            upgrade=upgrade, previous=previous,
        )  # fmt: skip
        self.provision.settle(lock, folder, in_folder(work))
        return lock

    def _job(self, recipe: Recipe, folder: Path, container: ContainerName) -> Job:
        from rezup.installers.context import BuildContext
        from rezup.installers.plans import plan
        from rezup.recipes.expansion import check_variables, expand_pip
        from rezup.recipes.secrets import masking, secret_values
        from rezup.system.files import mark_cache
        from rezup.system.logs import new_log

        mark_cache(self.cache)
        check_variables(recipe, self.environ)
        filled = self._filled(recipe)
        secrets = secret_values(recipe, self.environ)
        pip = expand_pip(recipe, self.environ)
        context = BuildContext(
            environment=self.environ,
            folder=folder / ".work",
            log=new_log(self.logs, str(container)),
            cache=self.cache,
            reporter=self.reporter,
            mask=masking(secrets),
            secrets=secrets,
            pip_options=pip.options,
            pip_environment=pip.environment,
            offline=self.offline,
            allow_fetch=self.fetch_python,
            edit_in_production=bool(
                recipe.environment.get(EDIT_IN_PRODUCTION) or self.environ.get(EDIT_IN_PRODUCTION)
            ),
        )
        return Job(filled, plan(filled), context)

    def _filled(self, recipe: Recipe) -> Recipe:
        from rezup.recipes.expansion import expand_tool
        from rezup.system.dirs import user_home

        folder = recipe.source.parent if recipe.source is not None else None
        rez, *extensions = (
            expand_tool(tool, self.environ, folder=folder, home=user_home(self.environ))
            for tool in recipe.tools
        )
        return recipe._replace(rez=rez, extensions=tuple(extensions))


def digests(files: Mapping[str, bytes]) -> dict[str, str]:
    """SHA-256 of each file, by its name."""
    return {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}


def _name_log(error: InstallError | LockError, log: Path) -> None:
    """Say where all that programs printed is, if they printed anything."""
    if log.is_file() and str(log) not in (error.hint or ""):
        tried = f"what was tried is in {log}"
        error.hint = f"{error.hint}; {tried}" if error.hint else tried
