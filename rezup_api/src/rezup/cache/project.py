"""What virtualenv-cache does: a project's own environment, kept as long as its lock files stay the same.

The entries are those of `rezup.cache.environments`, in the folder that the project names. Folders
that virtualenv-cache itself left there are neither read nor removed.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.cache.environments import Environments
from rezup.cache.fingerprint import fingerprint
from rezup.cache.manifest import DamagedError, walk
from rezup.cache.pruning import entries, least_wanted, remove_all
from rezup.cache.relocation import CONFIGURATION, Place, Relocation, stored_facts
from rezup.errors import CacheError, SettingsError
from rezup.reporting import stage
from rezup.system.cloning import Cloner
from rezup.system.files import make_folder, remove_tree
from rezup.system.interpreters import inspect, running
from rezup.system.leftovers import STAGING, new_name, sweep
from rezup.system.machine import libc_tag, platform_tag
from rezup.system.swapping import put_in_place

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.cache.cloning import Cloned
    from rezup.cache.entry import Environment
    from rezup.cache.fingerprint import Fingerprint
    from rezup.cache.project_file import ProjectFile
    from rezup.cache.pruning import Entry, Pruned
    from rezup.reporting import Reporter
    from rezup.system.interpreters import Interpreter

#: Tells these environments from those of another kind that the same files describe.
_FLAG = "virtualenv"
#: What never is in the folder of an environment, so that nothing of it is looked for there.
_NO_LEASE = ".rezup-lease"


class Stored(NamedTuple):
    """A project's environment in the cache."""

    key: str
    trimmed: Pruned
    """What had to make room."""


class Restored(NamedTuple):
    """A project's environment, made from the cache."""

    key: str
    cloned: Cloned


class Project:
    """The cache of one project.

    :param environ: the environment; PATH leads to the Python that is asked for
    :param link: hard links may be made where there are no reflinks
    """

    def __init__(
        self,
        file: ProjectFile,
        *,
        environ: Mapping[str, str],
        reporter: Reporter,
        link: bool = True,
        lock_timeout: float = 300.0,
    ) -> None:
        self.file = file
        # The project's file names the folder, and so whoever else may write to it.
        self.environments = Environments(
            file.cache_path, reporter=reporter, own_only=False, lock_timeout=lock_timeout
        )
        self._environ = environ
        self._reporter = reporter
        self._link = link

    def store(self) -> Stored:
        """Keep a copy of the project's environment, in place of an earlier one of the same key.

        Of all that are kept, the least used make room.

        :raises CacheError: there is no environment, or the cache can't be written
        :raises SettingsError: a lock file is missing
        """
        venv = self.file.virtualenv_path
        if not (venv / CONFIGURATION).is_file():
            raise CacheError(
                f"{venv} is no virtual environment", hint="make it first, or correct virtualenv_path"
            )
        interpreter = self._interpreter(_python_of(venv))
        wanted = self._fingerprint(interpreter)
        place = self._place(interpreter)

        def build(target: Path) -> Mapping[str, Any]:
            with stage(self._reporter, "copy"):
                files = _copy(venv, target)
            return stored_facts(target, files, place)

        stored = self.environments.put(wanted, build, replace=True)
        if stored is not None:
            stored.release()
        now = time.time()
        with stage(self._reporter, "trim"):
            unwanted = least_wanted(self.entries(), now=now, max_count=self.file.cache_size)
            trimmed = remove_all(self.environments, unwanted, now=now)
        return Stored(wanted.key, trimmed)

    def restore(self, python: str | None = None) -> Restored | None:
        """Put the environment that fits into its place; None if none is kept.

        What was there stays until the new one is complete.

        :param python: name or path of the Python it must be made with, else `python3` on PATH
        :raises CacheError: the environment can't be written, or something else is in its place
        :raises SettingsError: a lock file is missing
        :raises InterpreterNotFoundError: there is no such Python
        """
        interpreter = self._interpreter(self._named(python))
        wanted = self._fingerprint(interpreter)
        self._check_target()
        place = self._place(interpreter)
        while (found := self.environments.find(wanted.key)) is not None:
            with found:
                try:
                    return Restored(wanted.key, self._replace(found, place))
                except DamagedError as error:  # taken away, or another one has its place now
                    self.environments.discard(found, str(error))
                except OSError as error:
                    raise CacheError(
                        f"{self.file.virtualenv_path} can't be put in place",
                        context=f"{error.filename or ''}: {error.strerror}".lstrip(": "),
                        hint="check permissions and free space; a mount point can't be replaced",
                    ) from error
        return None

    def entries(self) -> list[Entry]:
        """All that is kept of this project, the last used first."""
        return entries(self.environments)

    def erase(self) -> Pruned:
        """Remove all that is kept, but for what is in use.

        :raises CacheError: something can't be deleted
        """
        self.environments.sweep()
        return remove_all(self.environments, self.entries(), now=time.time())

    # -- inside -------------------------------------------------------------------------------

    def _replace(self, found: Environment, place: Place) -> Cloned:
        try:
            files = (file.path for file in found.manifest.tree.files)
            relocation = Relocation(found.facts, files, place)
        except (LookupError, TypeError) as error:
            raise DamagedError("it does not tell where it was made") from error
        # Through links: what is replaced is the folder itself.
        target = Path(os.path.realpath(self.file.virtualenv_path))
        make_folder(target.parent)
        sweep(target.parent, _NO_LEASE)
        staging = target.parent / new_name(STAGING)
        try:
            with stage(self._reporter, "clone"):
                cloned = found.clone(staging, link=self._link, copied=relocation.files)
            with stage(self._reporter, "rewrite"):
                relocation.apply(staging)
            with stage(self._reporter, "swap"):
                put_in_place(staging, target)
        finally:
            with stage(self._reporter, "delete"), contextlib.suppress(OSError):
                remove_tree(staging)
        return cloned

    def _check_target(self) -> None:
        """:raises CacheError: what would be replaced is no environment"""
        venv = self.file.virtualenv_path
        if not os.path.lexists(venv):
            return
        try:
            is_fine = (venv / CONFIGURATION).is_file() or not any(venv.iterdir())
        except OSError:
            is_fine = False
        if not is_fine:
            raise CacheError(
                f"{venv} is left alone",
                context="something is there that is no virtual environment",
                hint="remove it, or correct virtualenv_path",
            )

    def _fingerprint(self, interpreter: Interpreter) -> Fingerprint:
        if not self.file.requirements_lock_paths:
            self._reporter.warning(
                f"{self.file.path} names no requirements_lock_paths: every environment fits"
            )
        contents = {}
        for name in self.file.requirements_lock_paths:
            path = self.file.folder / name
            try:
                contents[name] = path.read_bytes()
            except OSError as error:
                raise SettingsError(
                    f"{path} can't be read",
                    context=error.strerror,
                    hint=f"it is one of requirements_lock_paths in {self.file.path}",
                ) from error
        return fingerprint(contents, interpreter, platform=platform_tag(), libc=libc_tag(), flags=(_FLAG,))

    def _place(self, interpreter: Interpreter) -> Place:
        return Place(str(self.file.virtualenv_path), str(self.file.folder), str(interpreter.path))

    def _named(self, python: str | None) -> Path:
        search = self._environ.get("PATH", "")
        for name in [python] if python else ["python3", "python"]:
            found = shutil.which(name, path=search)
            if found:
                return Path(os.path.abspath(found))
        raise CacheError(
            f"there is no {python or 'python3'} on PATH",
            context="an environment is kept for one Python, and this says for which",
            hint="name it: --python PATH",
        )

    def _interpreter(self, python: Path) -> Interpreter:
        own = running().base
        if Path(os.path.realpath(python)) == own.path:  # starting it would tell no more
            return own
        return inspect(python, self._environ)


def _python_of(venv: Path) -> Path:
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def _copy(source: Path, target: Path) -> list[str]:
    """Copy an environment, sharing no file with it; gives its regular files."""
    folders, files, links = walk(source)
    cloner = Cloner(link=False)
    target.mkdir()
    for folder in folders:
        (target / folder).mkdir()
    for path in files:
        place = f"{source}/{path}"
        cloner.put(place, f"{target}/{path}", os.lstat(place))
    for path, to in links:
        (target / path).symlink_to(to)
    return files
