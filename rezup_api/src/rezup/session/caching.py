"""The caches of finished environments: this machine's, and those of projects."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import CacheError
from rezup.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.cache.environments import Environments
    from rezup.cache.project import Project
    from rezup.cache.pruning import Entry, Pruned
    from rezup.reporting import Reporter


class Verified(NamedTuple):
    """What isn't as it was stored, and what became of it."""

    damaged: dict[str, list[str]]
    """What is wrong with each, by key."""
    removed: frozenset[str]
    """Those that are gone, so that they are made anew."""
    kept: dict[str, str]
    """Why the others stay, of those that were to be removed."""

    @property
    def left(self) -> list[str]:
        """Keys of what is still damaged."""
        return [key for key in self.damaged if key not in self.removed]


class Caches:
    """What the command line and other callers look at and clear caches through.

    :param overrides: settings from a command line, by configuration key; None means not given
    """

    def __init__(
        self, environ: Mapping[str, str], *, reporter: Reporter, overrides: Mapping[str, Any] | None = None
    ) -> None:
        self._environ = environ
        self._reporter = reporter
        self._settings = Settings.load(environ, overrides=overrides)

    @property
    def folder(self) -> Path:
        """Where rezup's caches lie."""
        return self._settings.cache_dir

    def environments(self) -> Environments:
        """This machine's store of finished environments."""
        from rezup.cache.environments import Environments

        return Environments(self.folder, reporter=self._reporter, lock_timeout=self._settings.lock_timeout)

    def entries(self) -> list[Entry]:
        """All environments of the store, the last used first."""
        from rezup.cache.pruning import entries

        return entries(self.environments())

    def prunable(self, *, older_than: float | None = None, max_size: int | None = None) -> list[Entry]:
        """What `prune` would remove, so that a user can be asked; damaged ones always.

        :param older_than: days since the last use
        :param max_size: bytes that all that stay may take
        """
        from rezup.cache.pruning import least_wanted

        return least_wanted(self.entries(), now=time.time(), older_than=older_than, max_size=max_size)

    def prune(self, *, older_than: float | None = None, max_size: int | None = None) -> Pruned:
        """Remove environments that are least wanted, but for those in use.

        :raises CacheError: one can't be deleted
        """
        from rezup.cache.pruning import remove_all

        store = self.environments()
        store.sweep()
        unwanted = self.prunable(older_than=older_than, max_size=max_size)
        return remove_all(store, unwanted, now=time.time())

    def clear(self) -> Pruned:
        """Remove all environments, but for those in use; what was cloned from them stays.

        :raises CacheError: one can't be deleted
        """
        from rezup.cache.pruning import remove_all

        store = self.environments()
        store.sweep()
        return remove_all(store, self.entries(), now=time.time())

    def verify(self, project: Project | None = None, *, fix: bool = False) -> Verified:
        """Read every byte of every environment; what can't be removed stops no other.

        :param project: also of what is kept for it
        :param fix: remove the damaged ones, so that they are made anew
        """
        damaged: dict[str, list[str]] = {}
        kept: dict[str, str] = {}
        for store in [self.environments(), *([project.environments] if project else [])]:
            for key in store.names():
                damage = store.damage(key)
                if damage:
                    damaged[key] = damaged.get(key, []) + damage
                    reason = _removal_failure(store, key) if fix else ""
                    kept |= {key: reason} if reason else {}
        return Verified(damaged, frozenset(damaged.keys() - kept.keys()) if fix else frozenset(), kept)

    # -- projects -----------------------------------------------------------------------------

    def project_file(self, config: str | None = None, folder: str | None = None) -> tuple[Path, Path]:
        """Paths of a project's file and of its folder; neither needs to be there.

        :param config: relative to the folder
        :param folder: the project's, else the working folder
        """
        from rezup.cache.project_file import FILE_NAME

        here = Path(os.getcwd())
        project = Path(os.path.normpath(here / folder)) if folder else here
        path = Path(os.path.normpath(project / config)) if config else project / FILE_NAME
        # virtualenv-cache looks for the file in the working folder, even for a project elsewhere.
        if not config and folder and not path.exists() and (here / FILE_NAME).exists():
            path = here / FILE_NAME
        return path, project

    def project(self, config: str | None = None, folder: str | None = None) -> Project:
        """The cache of a project; see `project_file`.

        :raises SettingsError: its file is missing, or can't be used
        """
        from rezup.cache.project import Project
        from rezup.cache.project_file import ProjectFile

        path, project = self.project_file(config, folder)
        file = ProjectFile.load(path, project, self._environ, self._reporter.warning)
        return Project(
            file,
            environ=self._environ,
            reporter=self._reporter,
            link=self._settings.link_mode != "copy",
            lock_timeout=self._settings.lock_timeout,
        )

    def init_project(
        self, config: str | None = None, folder: str | None = None
    ) -> tuple[Path, tuple[str, ...]]:
        """Write a project's file; gives its path and the lock files that were found.

        :raises SettingsError: there is one already, or it can't be written
        """
        from rezup.cache.project_file import write_new

        path, project = self.project_file(config, folder)
        if not config and folder:
            path = project / path.name
        return path, write_new(path, project)


def _removal_failure(store: Environments, key: str) -> str:
    """Remove an environment; why it stays, or nothing."""
    try:
        return "" if store.remove(key, now=time.time()) else "it is in use"
    except CacheError as error:
        return error.context or error.message
    except OSError as error:  # its folder may not be entered
        return error.strerror or str(error)
