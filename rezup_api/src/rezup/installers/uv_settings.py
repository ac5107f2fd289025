"""The user's and the site's own settings of uv, handed in without those of stray projects.

uv obeys the ``uv.toml`` and ``pyproject.toml`` of the current folder and its parents. It runs in a
folder of rezup's, so such files are strangers. Without settings of the user or the site it is told
``UV_NO_CONFIG``; with one file of them, it is told that file; with both, only uv can merge them: an
empty ``uv.toml`` in its folder ends its search for projects, and it reads the two itself.
"""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import InstallError
from rezup.system.interpreters import is_python_variable

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Variables of the user that say where packages and Pythons come from, not what is done where.
KEPT = frozenset(
    ["UV_CACHE_DIR", "UV_NO_CACHE", "UV_OFFLINE", "UV_INDEX", "UV_DEFAULT_INDEX", "UV_INDEX_URL",
     "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_NO_INDEX", "UV_INDEX_STRATEGY",
     "UV_KEYRING_PROVIDER", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS", "UV_INSECURE_HOST",
     "UV_HTTP_TIMEOUT", "UV_REQUEST_TIMEOUT", "UV_HTTP_CONNECT_TIMEOUT", "UV_HTTP_RETRIES",
     "UV_CONCURRENT_DOWNLOADS", "UV_CONCURRENT_BUILDS", "UV_CONCURRENT_INSTALLS",
     "UV_EXCLUDE_NEWER", "UV_PRERELEASE", "UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "UV_NO_BINARY",
     "UV_NO_BINARY_PACKAGE", "UV_REQUIRE_HASHES", "UV_GITHUB_TOKEN", "UV_GIT_LFS",
     "UV_LOCK_TIMEOUT", "UV_TORCH_BACKEND", "UV_AWS_SIGV4", "UV_NETRC"]
)  # fmt: skip
#: Of the user too, where they name their files in full; a relative one means some project.
_FILES = frozenset(["UV_CONSTRAINT", "UV_BUILD_CONSTRAINT", "UV_OVERRIDE", "UV_EXCLUDE"])
#: Keys of a ``uv.toml`` that would install elsewhere, or for another machine.
_MISFITS = frozenset(
    ["break-system-packages", "extra", "all-extras", "group", "no-deps", "prefix", "python",
     "python-platform", "python-version", "system", "target", "user"]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class UvSettings:
    """Files of the user and the site, the stronger one first."""

    files: tuple[Path, ...] = ()
    misfits: tuple[str, ...] = ()
    """Keys in them that a revision can't have."""

    def apply(self, environment: dict[str, str], folder: Path) -> None:
        """Make uv, run in `folder`, read these files and no other."""
        if len(self.files) > 1:
            (folder / "uv.toml").touch()
            return
        environment["UV_NO_CONFIG"] = "1"
        if self.files:
            environment["UV_CONFIG_FILE"] = str(self.files[0])


def read_uv_settings(environment: Mapping[str, str], home: Path | None = None) -> UvSettings:
    """Find the settings of the user and the site, or the one file that ``UV_CONFIG_FILE`` names.

    :raises InstallError: one of them is no TOML
    """
    if environment.get("UV_NO_CONFIG", "").lower() in ("1", "true"):
        return UvSettings()
    chosen = environment.get("UV_CONFIG_FILE")
    if chosen and Path(chosen).is_absolute():
        files = [Path(chosen)]
    else:
        places = _places(environment, home or Path(os.path.expanduser("~")))
        files = [path for path in places if path.is_file()]
    misfits = [f"{key} in {path}" for path in files for key in _keys(path) & _MISFITS]
    return UvSettings(tuple(files), tuple(sorted(misfits)))


def uv_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """What uv may see: no other environment, no Python's settings, of its own only `KEPT`."""
    kept = {}
    for name, value in environment.items():
        if is_python_variable(name):
            continue
        if name.startswith("UV_") and not (
            name in KEPT
            or (name.startswith("UV_INDEX_") and name.endswith(("_USERNAME", "_PASSWORD")))
            or (name in _FILES and all(Path(part).is_absolute() for part in value.split()))
        ):
            continue
        kept[name] = value
    kept["PYTHONDONTWRITEBYTECODE"] = "1"  # building a source must not litter it
    return kept


def _places(environment: Mapping[str, str], home: Path) -> list[Path]:
    """The user's file, then the site's, by uv's "configuration files" page."""
    if sys.platform == "win32":
        user = environment.get("APPDATA", str(home / "AppData" / "Roaming"))
        site = [Path(environment.get("PROGRAMDATA", r"C:\ProgramData"))]
    else:
        user = environment.get("XDG_CONFIG_HOME") or str(home / ".config")
        listed = environment.get("XDG_CONFIG_DIRS") or "/etc/xdg"
        site = [Path(entry) for entry in listed.split(os.pathsep) if entry] + [Path("/etc")]
    places = [Path(user, "uv", "uv.toml")]
    found = next((path for folder in site if (path := folder / "uv" / "uv.toml").is_file()), None)
    return places if found is None else [*places, found]


def _keys(path: Path) -> set[str]:
    """Keys of uv's `[pip]` table, and the same at the top."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        # The text of the error may quote a line with a password.
        raise InstallError(
            f"uv's configuration {path} can't be read",
            context=type(error).__name__, hint="mend or remove the file",
        ) from None  # fmt: skip
    table = document.get("pip")
    return set(document) | (set(table) if isinstance(table, dict) else set())
