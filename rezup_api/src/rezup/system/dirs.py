"""Where a user's configuration, caches and state belong, by each platform's convention.

The answers are those of platformdirs (a test compares them). On Linux they are worked out
here, because loading that library costs more than all other work of a warm start.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


class Folders(NamedTuple):
    """The folders of one application; none of them needs to exist."""

    config: Path
    site_config: Path
    cache: Path
    state: Path


def user_home(environ: Mapping[str, str]) -> Path:
    """The home folder, for what can't be done without one; see `known_home`.

    :raises SettingsError: neither the environment nor the user database names one
    """
    home = known_home(environ)
    if home is None:
        raise no_home()
    return home


def no_home() -> SettingsError:
    """The error for what needs a home folder where there is none."""
    user = "this user" if sys.platform == "win32" else f"user {os.getuid()}"
    return SettingsError(
        "there is no home folder",
        context=f"HOME is no absolute path, and the user database has none for {user}",
        hint="set HOME to an absolute path",
    )


def known_home(environ: Mapping[str, str]) -> Path | None:
    """The home folder, from the given environment first; a relative or empty one counts as none."""
    from pathlib import Path

    home = environ.get("USERPROFILE" if sys.platform == "win32" else "HOME", "")
    if os.path.isabs(home):
        return Path(home)
    if sys.platform == "win32":
        entry = os.path.expanduser("~")
    else:
        import pwd

        try:
            entry = pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # a user without an entry, as in many containers
            entry = ""
    return Path(entry) if os.path.isabs(entry) else None


def user_folders(application: str, environ: Mapping[str, str]) -> Folders:
    """The folders of `application` for the current user.

    :raises SettingsError: one is named by no variable, and there is no home folder that it could be in
    """
    if not sys.platform.startswith("linux"):
        return _by_platformdirs(application)
    from pathlib import Path

    def folder(variable: str, default: str) -> Path:
        value = environ.get(variable, "").strip()
        # The XDG rules: a relative path is invalid and ignored.
        return (Path(value) if value.startswith("/") else user_home(environ) / default) / application

    site = environ.get("XDG_CONFIG_DIRS", "").split(":")[0].strip()
    return Folders(
        config=folder("XDG_CONFIG_HOME", ".config"),
        site_config=(Path(site) if site.startswith("/") else Path("/etc/xdg")) / application,
        cache=Path(user_cache(application, environ)),
        state=folder("XDG_STATE_HOME", ".local/state"),
    )


def user_cache(application: str, environ: Mapping[str, str]) -> str:
    """The folder of caches alone, as text: a resolve needs no more, and does without pathlib."""
    if not sys.platform.startswith("linux"):
        return str(_by_platformdirs(application).cache)
    value = environ.get("XDG_CACHE_HOME", "").strip()
    if not value.startswith("/"):
        home = environ.get("HOME", "")
        value = os.path.join(home if home.startswith("/") else user_home(environ), ".cache")
    return os.path.join(value, application)


def _by_platformdirs(application: str) -> Folders:
    from platformdirs import PlatformDirs

    dirs = PlatformDirs(application, appauthor=False)
    return Folders(
        config=dirs.user_config_path,
        site_config=dirs.site_config_path,
        cache=dirs.user_cache_path,
        state=dirs.user_state_path,
    )
