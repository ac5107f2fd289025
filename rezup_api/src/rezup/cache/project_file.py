"""A project's ``.virtualenv_cache.toml``: where its environment is, and where copies of it are kept.

::

    [virtualenv-cache]
    cache_size = 20                     how many environments are kept
    cache_path = "${HOME}/..."          where; environment variables are filled in
    virtualenv_path = ".venv"           the project's environment; the same
    requirements_lock_paths = [...]     files that decide what is in it

Relative paths start at the project's folder. Every key may be left out.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import SettingsError
from rezup.system.compiled import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE_NAME = ".virtualenv_cache.toml"
TABLE = "virtualenv-cache"

_SIZE = 20
_VENV = ".venv"
#: What is looked for when a new file is written.
_LOCK_FILES = ("pylock*.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "requirements*.txt")
_VARIABLE = re.compile(r"\$(?:\{([^}]*)\}|(\w+))", re.ASCII)


class ProjectFile(NamedTuple):
    """What a project wants; all paths are absolute."""

    path: Path
    folder: Path
    """The project's."""

    cache_size: int
    cache_path: Path
    virtualenv_path: Path
    requirements_lock_paths: tuple[str, ...]
    """As they are written, since the key of an environment holds these names."""

    @classmethod
    def load(
        cls, path: Path, folder: Path, environ: Mapping[str, str], warn: Callable[[str], None]
    ) -> ProjectFile:
        """Read a file.

        :param folder: the project's, which relative paths start at
        :param warn: told of keys without effect
        :raises SettingsError: it is missing, or a value can't be used
        """
        hint = "`rezup cache init` writes one" if not path.exists() else "correct it"
        try:
            document = read_toml(path, None, kind="project", pick=dict)
        except (ValueError, OSError) as error:
            raise SettingsError(f"{path} can't be read", context=str(error), hint=hint) from error
        if document is None:
            raise SettingsError(f"there is no {path}", hint=hint)
        table = document.get(TABLE)
        if not isinstance(table, dict):
            raise SettingsError(f"{path} has no table [{TABLE}]", hint=hint)
        for key in sorted(set(table) - {*cls._fields[2:]}):
            warn(f"{path}: {key} has no effect")
        values = _Values(path, table, folder, environ)
        return cls(
            path=path,
            folder=folder,
            cache_size=values.count("cache_size", _SIZE),
            cache_path=values.path("cache_path", default_cache_path(folder)),
            virtualenv_path=values.path("virtualenv_path", _VENV),
            requirements_lock_paths=values.texts("requirements_lock_paths"),
        )


class _Values:
    """Takes keys from the table, and says what is wrong with one."""

    def __init__(
        self, file: Path, table: Mapping[str, Any], folder: Path, environ: Mapping[str, str]
    ) -> None:
        self._file, self._table, self._folder, self._environ = file, table, folder, environ

    def count(self, key: str, default: int) -> int:
        value = self._table.get(key, default)
        if not isinstance(value, int) or isinstance(value, bool) or value < 0:
            raise self._wrong(key, "it must be a number of 0 or more")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self._table.get(key, [])
        if not isinstance(value, list) or not all(isinstance(text, str) and text for text in value):
            raise self._wrong(key, "it must be a list of paths")
        return tuple(value)

    def path(self, key: str, default: str) -> Path:
        value = self._table.get(key, default)
        if not isinstance(value, str) or not value or "\0" in value:
            raise self._wrong(key, "it must be a path")
        text = self._filled_in(key, value)
        if text.startswith("~"):
            head, _, rest = text.partition("/")
            home = self._environ.get("HOME") or self._environ.get("USERPROFILE")
            text = os.path.join(home, rest) if head == "~" and home else os.path.expanduser(text)
        return Path(os.path.normpath(self._folder / text))

    def _filled_in(self, key: str, text: str) -> str:
        def value(match: re.Match[str]) -> str:
            name = match[1] or match[2] or ""
            if name not in self._environ:
                raise self._wrong(key, f"the variable {name} is not set")
            return self._environ[name]

        return _VARIABLE.sub(value, text)

    def _wrong(self, key: str, reason: str) -> SettingsError:
        return SettingsError(f"{self._file}: {key} can't be used", context=reason, hint="correct it")


def default_cache_path(folder: Path) -> str:
    """Where a project's environments are kept if its file does not tell.

    A `$` of the folder's name would be taken for a variable, and what can't be printed is not for a file.
    """
    name = "".join([each if each.isprintable() and each != "$" else "_" for each in folder.name])
    return f"${{HOME}}/.virtualenv_cache/caches/{name}"


def write_new(path: Path, folder: Path) -> tuple[str, ...]:
    """Write a file with defaults and the lock files that the project has; gives these.

    A lock file whose name can't be printed is left out.

    :raises SettingsError: there is one already, or it can't be written
    """
    from rezup.system.files import make_folder, open_new

    names = sorted(file.name for pattern in _LOCK_FILES for file in folder.glob(pattern))
    found = tuple(name for name in names if name.isprintable())
    listed = "".join(f"    {_quoted(name)},\n" for name in found)
    text = f"""\
[{TABLE}]
# How many environments are kept.
cache_size = {_SIZE}
# Where they are kept. Give each project a folder of its own.
cache_path = {_quoted(default_cache_path(folder))}
# The environment of this project.
virtualenv_path = "{_VENV}"
# Files that decide what is in it: an environment is found again as long as all of them are the same.
requirements_lock_paths = [
{listed}]
"""
    try:
        make_folder(path.parent)
        with open_new(path) as stream:
            stream.write(text.encode())
        path.chmod(0o644)
    except FileExistsError as error:
        raise SettingsError(f"{path} is there already", hint="edit it, or remove it first") from error
    except OSError as error:
        raise SettingsError(f"{path} can't be written", context=error.strerror) from error
    return found


def _quoted(text: str) -> str:
    """A printable text as a string of TOML, which knows no pairs of escapes as JSON has them."""
    return json.dumps(text, ensure_ascii=False)
