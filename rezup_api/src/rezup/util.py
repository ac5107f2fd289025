"""The interface of rezup 2.x for scripts that were written against it.

Same names, same meaning; the work is done by :class:`rezup.Session`. New code is better served
by that class.
"""

from __future__ import annotations

import contextlib
import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rezup.containers.revision import open_ready
from rezup.errors import ContainerError, RevisionNotFoundError
from rezup.recipes.names import DEFAULT_CONTAINER, ContainerName
from rezup.session import Session
from rezup.stores.base import RECEIPT, RECIPE
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rezup.containers.acquisition import Acquired
    from rezup.containers.revision import Revision as LocalRevision
    from rezup.session import Place
    from rezup.stores.stamps import Stamp


class ContainerRecipe:
    """The recipe file of a container: ``~/rezup.toml``, or ``~/rezup.NAME.toml``."""

    RECIPES_DIR: ClassVar[Path | None] = None
    """Where recipes are looked for; None is the home folder."""

    def __init__(self, name: str | None = None) -> None:
        self._name = ContainerName.parse(name or DEFAULT_CONTAINER)

    @classmethod
    @contextlib.contextmanager
    def provisional_recipes(cls, path: str | Path) -> Iterator[None]:
        """Look for recipes in another folder while the context lasts; not safe across threads."""
        before = cls.RECIPES_DIR
        cls.RECIPES_DIR = Path(path)
        try:
            yield
        finally:
            cls.RECIPES_DIR = before

    @classmethod
    def iter_recipes(cls) -> Iterator[ContainerRecipe]:
        """Every recipe in the folder."""
        from rezup.recipes.discovery import discover

        for found in discover(_session().recipes_folder):
            yield cls(found.name)

    def name(self) -> str:
        """The container's name."""
        return self._name

    def path(self) -> Path:
        """The recipe's file, which may not exist."""
        from rezup.recipes.discovery import recipe_path

        return recipe_path(self._name, _session().recipes_folder)

    def is_file(self) -> bool:
        """Whether the file exists."""
        return self.path().is_file()

    def create(self) -> None:
        """Write the default recipe; a file that exists is left as it is."""
        from rezup.recipes.default import write_default

        self.path().parent.mkdir(parents=True, exist_ok=True)
        write_default(self.path())


class Container:
    """A container, linked to its remote root where it has one, as in rezup 2.x.

    :param force_local: look at this machine only
    """

    DEFAULT_NAME = DEFAULT_CONTAINER

    def __init__(
        self, name: str | None = None, recipe: ContainerRecipe | None = None, force_local: bool = False
    ) -> None:
        self._recipe = recipe or ContainerRecipe(name)
        self._session = _session()
        self._place: Place = self._session.place(name or DEFAULT_CONTAINER)
        self._remote = None if force_local else self._place.remote

    @classmethod
    def create(cls, name: str, force_local: bool = False) -> Container:
        """A container whose recipe exists: the default one is written where there is none."""
        recipe = ContainerRecipe(name)
        recipe.create()
        return cls(name, recipe, force_local)

    def name(self) -> str:
        """The container's name."""
        return self._place.name

    def root(self) -> Path:
        """The root that it is linked to, remote or local."""
        return (self._remote or self._place.local).root

    def path(self) -> Path:
        """Its folder in that root."""
        return self.root() / self._place.name

    def recipe(self) -> ContainerRecipe:
        """Its recipe."""
        return self._recipe

    def is_remote(self) -> bool:
        """Whether it is linked to a remote root."""
        return self._remote is not None

    def is_exists(self) -> bool:
        """Whether its folder exists."""
        return self.path().is_dir()

    def is_empty(self) -> bool:
        """Whether it has no revision."""
        return next(self.iter_revision(), None) is None

    def iter_revision(self, validate: bool = True, latest_first: bool = True) -> Iterator[Revision]:
        """Its revisions; with `validate` only those whose recipe is there."""
        store = self._remote or self._place.local
        stamps = store.listing(self._place.name).newest_first()
        for stamp in stamps if latest_first else reversed(stamps):
            revision = Revision(self, stamp)
            if not validate or revision.is_valid():
                yield revision

    def get_latest_revision(self, only_ready: bool = True) -> Revision | None:
        """Its newest revision."""
        return next((r for r in self.iter_revision() if not only_ready or r.is_ready()), None)

    def get_revision_by_time(
        self, timestamp: datetime.datetime, fallback: bool = False, only_ready: bool = True
    ) -> Revision | None:
        """The revision of that moment, or with `fallback` the newest one before it."""
        for revision in self.iter_revision():
            if only_ready and not revision.is_ready():
                continue
            if revision.timestamp() == timestamp or (fallback and revision.timestamp() <= timestamp):
                return revision
        return None

    def new_revision(self) -> Revision:
        """Make a revision from its recipe: built here, or proved and published where it has a remote root."""
        if self._remote is not None:
            return Revision(self, self._session.sharing().publish(self._place).stamp)
        acquired = self._session.make(self._place)
        acquired.hold.release()
        return Revision(self, acquired.revision.stamp)

    def purge(self) -> None:
        """Remove it from this machine; revisions in use stay and are an error."""
        self._session.removal().drop(self._place)


class Revision:
    """One revision of a container."""

    def __init__(self, container: Container, dirname: Stamp) -> None:
        self._container = container
        self._stamp = dirname

    def __repr__(self) -> str:
        return f"Revision({self._container.name()!r}, {str(self._stamp)!r})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Revision):
            return NotImplemented
        return (self._container.name(), self._stamp) == (other._container.name(), other._stamp)

    def __hash__(self) -> int:
        return hash((self._container.name(), self._stamp))

    @property
    def _place(self) -> Place:
        return self._container._place

    def container(self) -> Container:
        """Its container."""
        return self._container

    def dirname(self) -> str:
        """Its name, a timestamp."""
        return self._stamp

    def path(self) -> Path:
        """Its folder."""
        store = self._container._remote or self._place.local
        return store.find(self._place.name, self._stamp) or store.folder(self._place.name, self._stamp)

    def timestamp(self) -> datetime.datetime:
        """The moment it is named after, in local time."""
        return datetime.datetime.fromtimestamp(self._stamp.seconds)  # naive, as 2.x had it

    def time_str(self) -> str:
        """That moment as text."""
        return self.timestamp().strftime("%d.%b.%y %H:%M")

    def is_remote(self) -> bool:
        """Whether it is the one on the remote root, not the one built here."""
        return self._container.is_remote()

    def is_valid(self) -> bool:
        """Whether its recipe is there."""
        return (self.path() / RECIPE).is_file()

    def is_ready(self) -> bool:
        """Whether it can be used: built completely, or on a remote root published completely."""
        if self.is_remote():
            return (self.path() / RECEIPT).is_file()
        with contextlib.suppress(ContainerError):
            self._open()
            return True
        return False

    def metadata(self) -> dict[str, Any] | None:
        """Its receipt as data."""
        import json

        try:
            data: dict[str, Any] = json.loads((self.path() / RECEIPT).read_bytes())
        except (OSError, ValueError):
            return None
        return data

    def recipe(self) -> Mapping[str, Any]:
        """Its recipe as data."""
        from rezup.system.compiled import read_toml

        return read_toml(self.path() / RECIPE, None, kind="recipe", pick=dict) or {}

    def recipe_env(self) -> dict[str, str]:
        """The variables that its recipe sets, and rezup's own."""
        acquired = self._acquired()
        acquired.hold.release()
        return self._container._session.variables(acquired)

    def pull(self, check_out: bool = True, fallback: bool = False) -> Revision | None:
        """The revision of the same name on this machine.

        :param check_out: build it where it is missing
        :param fallback: an earlier one will do where it is missing
        """
        local = Container(self._container.name(), force_local=True)
        found = Revision(local, self._stamp)
        if not self.is_remote() or found.is_ready():
            return found
        if fallback:
            earlier = local.get_revision_by_time(self.timestamp(), fallback=True)
            if earlier is not None:
                return earlier
        if not check_out:
            return None
        self._acquired().hold.release()
        return found

    def production_bin_dirs(self) -> list[Path]:
        """The folders that join PATH."""
        return list(self._open().script_folders)

    def production_bin_dir(self, venv_name: str) -> Path:
        """The folder of production scripts of one environment; it may not exist."""
        import os

        scripts = "Scripts" if os.name == "nt" else "bin"
        return self._open().folder / "venv" / venv_name / scripts / "rez"

    def get_rez_version(self) -> str | None:
        """The version of Rez in it."""
        return self._open().receipt.rez_version

    def use(self, command: list[str] | None = None, wait: bool = True) -> int:
        """Open a shell in it, or run a command, and return the exit status.

        On POSIX this process becomes the shell or the command, unless `wait` is False.
        """
        return self._container._session.enter(self._acquired(), self._place, command=command or (), wait=wait)

    def _acquired(self) -> Acquired:
        return self._container._session.acquire(self._place, str(self._stamp), local=not self.is_remote())

    def _open(self) -> LocalRevision:
        return open_ready(self._place.local, self._place.name, self._stamp, platform=platform_tag())


def iter_containers() -> Iterator[Container]:
    """Every container with a recipe; one with a remote root comes twice, its local side second."""
    for recipe in ContainerRecipe.iter_recipes():
        container = Container(recipe.name(), recipe)
        yield container
        if container.is_remote():
            yield Container(recipe.name(), recipe, force_local=True)


def get_revision(container: str | None = None, create: bool = False, fallback: bool = True) -> Revision:
    """A revision that is ready on this machine.

    :param create: build it where it is missing
    :param fallback: an earlier one will do where the newest is missing
    :raises ContainerError: there is none
    """
    linked = Container(container)
    revision = linked.get_latest_revision()
    if revision is None:
        if linked.is_remote() or not create:
            raise RevisionNotFoundError(
                f"container {linked.name()} has no revision", context=str(linked.path())
            )
        revision = linked.new_revision()
    found = revision.pull(check_out=create, fallback=fallback)
    if found is None or not found.is_ready():
        raise RevisionNotFoundError(
            f"container {linked.name()} has no revision that is ready here", hint="call it with create=True"
        )
    return found


def resolve_environ(revision: Revision, requests_or_rxt: list[str] | str) -> dict[str, str]:
    """The environment that Rez resolves for package requests, or for a context file.

    Runs Rez in a process of its own, unless the revision has the embedded runtime, which is this library.
    For an environment without a container see `rezup.resolve_environ`.

    :raises ProcessError: the request can't be resolved
    :raises RezupError: the same, of the embedded runtime
    """
    requests = [requests_or_rxt] if isinstance(requests_or_rxt, str) else [str(r) for r in requests_or_rxt]
    opened = revision._open()
    environment = {**revision.container()._session.environ, **revision.recipe_env()}
    if opened.receipt.runtime == "embedded":
        from rezup.session.contexts.python_api import Context
        from rezup.session.contexts.python_api import resolve_environ as resolved

        if len(requests) == 1 and Path(requests[0]).is_file():
            return Context.load(requests[0], environ=environment).environ()
        return resolved(requests, environ=environment)
    return _environ_of_rez(opened.python, requests, environment)


def _environ_of_rez(python: Path, requests: list[str], environment: Mapping[str, str]) -> dict[str, str]:
    import json

    from rezup.system.processes import run

    code = (
        "import json, os, sys\n"
        "from rez.resolved_context import ResolvedContext\n"
        "given = sys.argv[1:]\n"
        "one = len(given) == 1 and os.path.isfile(given[0])\n"
        "context = ResolvedContext.load(given[0]) if one else ResolvedContext(given)\n"
        "sys.stdout.write('\\n' + json.dumps(context.get_environ()))\n"
    )
    command: list[str | Path] = [python, "-E", "-B", "-c", code, *requests]
    finished = run(command, environment=environment, what="resolving", separate_errors=True)
    answer: dict[str, str] = json.loads(finished.output.rsplit("\n", 1)[-1])
    return answer


def _session() -> Session:
    return Session.create(recipes_folder=ContainerRecipe.RECIPES_DIR)


__all__ = [
    "Container",
    "ContainerRecipe",
    "Revision",
    "get_revision",
    "iter_containers",
    "resolve_environ",
]
