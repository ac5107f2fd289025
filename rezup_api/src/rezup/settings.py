"""What was configured, each value with the place it comes from.

In falling order: what the site locked, the command line, the environment, the recipe, the
user's ``config.toml``, the site's ``config.toml``, the default. What the command line says against
a lock is refused, since whoever said it would believe it counts.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import SettingsError
from rezup.system.compiled import read_toml
from rezup.system.dirs import Folders, user_folders, user_home
from rezup.system.machine import is_root_in_a_home_of_another, platform_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

#: configuration key -> environment variable (None: no variable of its own)
VARIABLES: Mapping[str, str | None] = {
    "root_local": "REZUP_ROOT_LOCAL",
    "root_remote": "REZUP_ROOT_REMOTE",
    "default_shell": "REZUP_DEFAULT_SHELL",
    "prompt": "REZUP_PROMPT",
    "use_revision": "REZUP_USE_REVISION",
    "offline": "REZUP_OFFLINE",
    "cache_dir": "REZUP_CACHE_DIR",
    "lock_timeout": "REZUP_LOCK_TIMEOUT",
    "clean_after": "REZUP_CLEAN_AFTER",
    "fetch_python": None,
    "auto_upgrade": None,
    "upgrade_pause": "REZUP_UPGRADE_PAUSE",
    "upgrade_source": "REZUP_UPGRADE_SOURCE",
    "index_trust": None,
    "link_mode": None,
}

#: configuration key -> the option of the command line that sets it
OPTIONS: Mapping[str, str] = {
    "root_local": "--root",
    "root_remote": "--remote-root",
    "offline": "--offline",
}

#: What a resolve looks at to know that its index of packages is up to date.
INDEX_TRUST = ("check", "release")

#: How an environment is made from the cache: by the cheapest way, or so that it shares nothing.
LINK_MODES = ("auto", "copy")

#: Keys of the site's configuration file that are no setting.
OTHER_KEYS = frozenset({"locked"})


class Source(NamedTuple):
    """One place of configuration, stronger than those after it."""

    name: Callable[[str], str]
    values: Mapping[str, Any]
    is_lock: bool = False
    is_given: bool = False
    """Whether it is the command line."""


class Settings(NamedTuple):
    """Everything configured; paths are absolute, durations in seconds unless said otherwise."""

    root_local: Path
    root_remote: Path | None
    default_shell: str | None
    prompt: str | None
    use_revision: str | None
    offline: bool
    cache_dir: Path
    lock_timeout: float
    clean_after: float | None
    """Days after which an unused revision may be pruned."""
    fetch_python: bool
    """Whether uv may download a Python that no place on this machine has."""
    auto_upgrade: str
    """Whether a newer library is taken ("on"), told of ("check"), or not asked for ("off")."""
    upgrade_pause: float
    """Seconds between two checks for a newer library."""
    upgrade_source: Path | None
    """A source repository or a folder of wheels that newer versions come from; None asks the index."""
    index_trust: str
    """"check": each package definition that matters is looked at; "release": only folders, whose
    packages are trusted never to be edited."""
    link_mode: str
    """"auto": environments share files with the cache where the disk can; "copy": they share none."""
    folders: Folders
    origins: Mapping[str, str]
    """Where each value comes from, such as "REZUP_ROOT_LOCAL" or "/etc/xdg/rezup/config.toml"."""
    unknown: tuple[str, ...] = ()
    """Keys of configuration files that mean nothing to this rezup, as "/path/config.toml: key"."""
    overridden: tuple[str, ...] = ()
    """What would count if the site had not locked another value, a line each; of keys with an option only."""

    @classmethod
    def load(
        cls,
        environ: Mapping[str, str],
        *,
        overrides: Mapping[str, Any] | None = None,
        recipe: tuple[str, Mapping[str, Any]] | None = None,
    ) -> Settings:
        """Read what is configured.

        :param overrides: values from the command line, by configuration key; None means not given
        :param recipe: a recipe's path and its `[root]` table
        :raises SettingsError: a value can't be used, or the site locked another one than the command
            line has; nothing was changed
        """
        folders = user_folders("rezup", environ)
        kept = kept_settings(environ)
        user = _file(folders.config / "config.toml", kept)
        site = _file(folders.site_config / "config.toml", kept)
        unknown = (*_unknown(user), *_unknown(site))
        resolver = _Resolver(environ, _sources(environ, overrides or {}, recipe, user, site))
        return resolver.settings(folders, unknown)

    def described(self) -> dict[str, tuple[str, str]]:
        """Each setting as text, with its origin."""
        values = ((name, getattr(self, name)) for name in VARIABLES)
        return {name: ("" if v is None else str(v), self.origins[name]) for name, v in values}


def kept_settings(environ: Mapping[str, str]) -> Path | None:
    """The folder of what is kept of TOML files, known before any setting is; None where nothing is kept."""
    if is_root_in_a_home_of_another(environ):
        return None
    named = environ.get("REZUP_CACHE_DIR")
    cache = absolute_path(named, environ) if named else user_folders("rezup", environ).cache
    return cache / "settings-v1"


def _file(path: Path, kept: Path | None) -> tuple[str, dict[str, Any]]:
    try:
        data = read_toml(path, kept, kind="config", pick=dict)
    except (ValueError, OSError) as error:
        raise SettingsError(
            f"{path} can't be read", context=str(error), hint="correct or remove it"
        ) from error
    return str(path), data or {}


def _unknown(file: tuple[str, dict[str, Any]]) -> list[str]:
    """Misspelt keys, or those of another rezup that reads the same file: told, never a reason to stop."""
    return [f"{file[0]}: {key}" for key in sorted(set(file[1]) - set(VARIABLES) - OTHER_KEYS)]


def _sources(
    environ: Mapping[str, str],
    overrides: Mapping[str, Any],
    recipe: tuple[str, Mapping[str, Any]] | None,
    user: tuple[str, dict[str, Any]],
    site: tuple[str, dict[str, Any]],
) -> tuple[Source, ...]:
    locked = site[1].get("locked", [])
    if not isinstance(locked, list) or not all(isinstance(key, str) for key in locked):
        raise SettingsError(f"{site[0]}: `locked` must list configuration keys", hint="correct it")
    wrong = sorted(set(locked) - set(VARIABLES) - OTHER_KEYS)
    if wrong:  # what was meant to be locked would not be
        raise SettingsError(
            f"{site[0]}: `locked` names unknown keys: {', '.join(map(ascii, wrong))}",
            context=f"known are {', '.join(sorted({*VARIABLES, *OTHER_KEYS}))}",
            hint="correct it",
        )
    variables = {
        key: environ[variable] for key, variable in VARIABLES.items() if variable and environ.get(variable)
    }
    recipe_values = {f"root_{k}": v for k, v in recipe[1].items() if v} if recipe else {}
    return (
        Source(
            lambda _: f"{site[0]} (locked)",
            {key: site[1][key] for key in locked if key in site[1]},
            is_lock=True,
        ),
        Source(
            lambda _: "command line",
            {key: value for key, value in overrides.items() if value is not None},
            is_given=True,
        ),
        Source(lambda key: VARIABLES[key] or key, variables),
        Source(lambda _: recipe[0] if recipe else "", recipe_values),
        Source(lambda _: user[0], user[1]),
        Source(lambda _: site[0], site[1]),
    )


class _Resolver:
    """Takes each setting from the strongest source that has it, and checks it."""

    def __init__(self, environ: Mapping[str, str], sources: tuple[Source, ...]) -> None:
        self._environ = environ
        self._sources = sources
        self._origins: dict[str, str] = {}
        self._overridden: list[str] = []

    def settings(self, folders: Folders, unknown: tuple[str, ...]) -> Settings:
        root_local = self._get("root_local", self._path, None)
        return Settings(
            # Only what is not given needs a home, which not everybody has.
            root_local=root_local or user_home(self._environ) / ".rezup",
            root_remote=self._get("root_remote", self._path, None),
            default_shell=self._get("default_shell", _text, None),
            prompt=self._get("prompt", _text, None),
            use_revision=self._get("use_revision", _text, None),
            offline=self._get("offline", _flag, default=False),
            cache_dir=self._get("cache_dir", self._path, folders.cache),
            lock_timeout=self._get("lock_timeout", _number, 300.0),
            clean_after=self._get("clean_after", _number, None),
            fetch_python=self._get("fetch_python", _flag, default=True),
            auto_upgrade=self._get("auto_upgrade", _auto_upgrade, "on"),
            upgrade_pause=self._get("upgrade_pause", _number, 86400.0),
            upgrade_source=self._get("upgrade_source", self._path, None),
            index_trust=self._get("index_trust", _trust, "check"),
            link_mode=self._get("link_mode", _link_mode, "auto"),
            folders=folders,
            origins=self._origins,
            unknown=unknown,
            overridden=tuple(self._overridden),
        )

    def _get(self, key: str, read: Callable[[Any], Any], default: Any) -> Any:
        for source in self._sources:
            if key in source.values:
                value, origin = source.values[key], source.name(key)
                self._origins[key] = origin
                try:
                    found = read(value)
                except ValueError as error:
                    raise SettingsError(
                        f"{key} can't be {ascii(value)[:80]}",
                        context=str(error),
                        hint=f"correct it in: {origin}",
                    ) from error
                if source.is_lock and key in OPTIONS:
                    self._check_lock(key, read, found)
                return found
        self._origins[key] = "default"
        return default

    def _check_lock(self, key: str, read: Callable[[Any], Any], locked: Any) -> None:
        """Note what a lock keeps from counting, where that differs.

        :raises SettingsError: it was said on the command line
        """
        source = next(each for each in self._sources if key in each.values and not each.is_lock)
        value = source.values[key]
        try:
            value = read(value)
        except ValueError:  # what doesn't count need not be usable
            value = ascii(value)[:80]
        if value == locked:
            return
        file = self._origins[key].removesuffix(" (locked)")
        if not source.is_given:
            self._overridden.append(
                f"{_shown(value)} of {source.name(key)} has no effect: {file} locks {key} to {_shown(locked)}"
            )
            return
        option = OPTIONS[key]
        raise SettingsError(
            f"{option} has no effect" if value is True else f"{option} {value} has no effect",
            context=f"{file} locks {key} to {_shown(locked)}",
            hint=f"leave {option} out, or have {key} taken out of `locked` in {file}",
        )

    def _path(self, value: Any) -> Path:
        return absolute_path(_text(value), self._environ)


def _shown(value: Any) -> str:
    """A value as a configuration file has it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def absolute_path(text: str, environ: Mapping[str, str]) -> Path:
    """A path as configured: ``~`` and ``{platform}`` filled in, relative to the working folder.

    :raises SettingsError: it is relative, and there is no working folder
    """
    text = text.replace("{platform}", platform_tag())
    if text.startswith("~"):
        head, _, rest = text.partition("/")
        text = os.path.join(user_home(environ), rest) if head == "~" else os.path.expanduser(text)
    try:
        return Path(os.path.abspath(text))  # Path.absolute keeps ".."
    except OSError as error:
        raise SettingsError(
            f"{ascii(text)[1:-1]} leads nowhere",
            context="it is relative, and the working folder was deleted or can't be read",
            hint="write an absolute path, or change to another folder",
        ) from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise ValueError("it must be a text that is not empty")
    return value


def _trust(value: Any) -> str:
    if value not in INDEX_TRUST:
        raise ValueError('it must be "check" or "release"')
    return _text(value)


def _link_mode(value: Any) -> str:
    if value not in LINK_MODES:
        raise ValueError('it must be "auto" or "copy"')
    return _text(value)


def _flag(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    word = _text(value).lower()
    if word in ("1", "true", "yes", "on"):
        return True
    if word in ("0", "false", "no", "off"):
        return False
    raise ValueError("it must be true or false")


def _auto_upgrade(value: Any) -> str:
    if value in ("on", "check", "off"):
        return str(value)
    raise ValueError('it must be "on", "check" or "off"')


def _number(value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError("it must be a number") from None
    if isinstance(value, bool) or not 0 <= number < 1e9:
        raise ValueError("it must be a number of 0 or more")
    return number
