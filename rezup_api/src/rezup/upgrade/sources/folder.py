"""Releases in the file system: a folder of wheels, or a source repository of rezup.

It may be a network's, which may not answer for minutes: every look at it is bounded in time.
"""

from __future__ import annotations

import re
import zipfile
from functools import partial
from typing import TYPE_CHECKING, Any

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from rezup.errors import UpgradeError
from rezup.system import bounded
from rezup.upgrade.sources.base import COMMAND_LINE, LIBRARY, Release, Source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A folder that takes longer to say what is in it is as good as away, in seconds.
_STAT_SECONDS = 1.0
_HINT = "see REZUP_UPGRADE_SOURCE, or `upgrade_source` in config.toml"
#: Folders of a source repository.
_PROJECTS = {LIBRARY: ("rezup_api", "src/rezup"), COMMAND_LINE: ("rezup_cli", "src/rezup_cli")}
_VERSION = re.compile(r"""^__version__ *= *["']([^"']+)["']""", re.MULTILINE)
_REQUIRES_PYTHON = re.compile(r"^(?:Requires-Python:|requires-python *=) *\"?([^\"\n]*)", re.MULTILINE)


class WheelFolders(Source):
    """Folders that hold wheels, which may include those of dependencies."""

    def __init__(self, *folders: Path) -> None:
        self._folders = folders

    @property
    def name(self) -> str:
        """Their paths."""
        return ", ".join(map(str, self._folders)) or "no folder"

    @property
    def options(self) -> tuple[str, ...]:
        """They are searched beside whatever is configured."""
        return tuple(
            word for folder in self._folders for word in ("--find-links", folder.absolute().as_uri())
        )

    def releases(self, project: str, seconds: float) -> list[Release]:
        """One per wheel; a wheel that can't be read is no release."""
        rows = [
            row
            for folder in self._folders
            for row in _ask(folder, partial(_wheels, project=project), seconds)
        ]
        return [Release(Version(version), requirement, requires) for version, requirement, requires in rows]


class Repository(Source):
    """A checkout of rezup's own source: what it holds is one release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def name(self) -> str:
        """Its path."""
        return str(self._folder)

    @property
    def options(self) -> tuple[str, ...]:
        """Dependencies come from wherever they always come from."""
        return ()

    def releases(self, project: str, seconds: float) -> list[Release]:
        """The version that the source says it is."""
        folder, package = _PROJECTS[project]

        def read(top: Path) -> list[str]:
            paths = (top / folder / package / "__init__.py", top / folder / "pyproject.toml")
            return [path.read_text(encoding="utf-8", errors="replace") for path in paths]

        text, build = _ask(self._folder, read, seconds)
        match = _VERSION.search(text)
        try:
            version = Version(match[1] if match else "")
        except InvalidVersion as error:
            raise UpgradeError(
                f"{self._folder} is no source repository of rezup", context=str(error), hint=_HINT
            ) from error
        requires = _REQUIRES_PYTHON.search(build)
        uri = (self._folder / folder).absolute().as_uri()
        return [Release(version, f"{project} @ {uri}", requires[1].strip() if requires else None)]


def is_repository(folder: Path) -> bool:
    """Whether a folder is a checkout of rezup's own source.

    :raises UpgradeError: it does not answer
    """
    return bool(_ask(folder, lambda top: (top / "rezup_api" / "pyproject.toml").is_file(), _STAT_SECONDS))


def _ask(folder: Path, look: Callable[[Path], Any], seconds: float) -> Any:
    """What a look at a folder yields, which is plain data: it may cross to here from another process."""
    try:
        return bounded.call(lambda: look(folder), seconds)
    except bounded.TimedOut:
        raise UpgradeError(
            f"{folder} does not answer", context=f"not within {seconds:.1f} s", hint=_HINT
        ) from None
    except OSError as error:
        raise UpgradeError(
            f"{folder} can't be read", context=error.strerror or str(error), hint=_HINT
        ) from error


def _wheels(folder: Path, project: str) -> list[tuple[str, str, str | None]]:
    paths = sorted(folder.glob(f"{project.replace('-', '_')}-*.whl"))
    if not paths and not folder.is_dir():
        raise FileNotFoundError(2, "no such folder", str(folder))
    return [row for path in paths if (row := _release(path, project))]


def _release(wheel: Path, project: str) -> tuple[str, str, str | None] | None:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        metadata = _metadata(wheel)
    except (InvalidWheelFilename, InvalidVersion, OSError, KeyError, zipfile.BadZipFile, ValueError):
        return None
    if name != project:
        return None
    requires = _REQUIRES_PYTHON.search(metadata)
    requirement = f"{project} @ {wheel.absolute().as_uri()}"
    return str(version), requirement, requires[1].strip() if requires else None


def _metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        stem = "-".join(wheel.name.split("-")[:2])
        return archive.read(f"{stem}.dist-info/METADATA").decode("utf-8", "replace")
