"""Releases in the file system: a folder of wheels, or a source repository of rezup."""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from rezup.errors import UpgradeError
from rezup.upgrade.sources.base import COMMAND_LINE, LIBRARY, Release, Source

if TYPE_CHECKING:
    from pathlib import Path

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
        return tuple(word for folder in self._folders for word in ("--find-links", str(folder)))

    def releases(self, project: str, seconds: float) -> list[Release]:
        """One per wheel; a wheel that can't be read is no release."""
        return [
            release
            for folder in self._folders
            for path in _wheels(folder, project)
            if (release := _release(path, project))
        ]


class Repository(Source):
    """A checkout of rezup's own source: what it holds is one release."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @staticmethod
    def is_one(folder: Path) -> bool:
        """Whether a folder is such a checkout."""
        return (folder / "rezup_api" / "pyproject.toml").is_file()

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
        try:
            text = (self._folder / folder / package / "__init__.py").read_text(encoding="utf-8")
            build = (self._folder / folder / "pyproject.toml").read_text(encoding="utf-8")
            match = _VERSION.search(text)
            version = Version(match[1] if match else "")
        except (OSError, ValueError) as error:
            raise UpgradeError(
                f"{self._folder} is no source repository of rezup", context=str(error),
                hint="see REZUP_UPGRADE_SOURCE, or `upgrade_source` in config.toml",
            ) from error  # fmt: skip
        requires = _REQUIRES_PYTHON.search(build)
        uri = (self._folder / folder).absolute().as_uri()
        return [Release(version, f"{project} @ {uri}", requires[1].strip() if requires else None)]


def _wheels(folder: Path, project: str) -> list[Path]:
    try:
        paths = sorted(folder.glob(f"{project.replace('-', '_')}-*.whl"))
        if not paths and not folder.is_dir():
            raise FileNotFoundError(2, "no such folder", str(folder))
    except OSError as error:
        raise UpgradeError(
            f"{folder} can't be searched for wheels", context=error.strerror,
            hint="see REZUP_UPGRADE_SOURCE, or `upgrade_source` in config.toml",
        ) from error  # fmt: skip
    return paths


def _release(wheel: Path, project: str) -> Release | None:
    try:
        name, version, _, _ = parse_wheel_filename(wheel.name)
        metadata = _metadata(wheel)
    except (InvalidWheelFilename, InvalidVersion, OSError, KeyError, zipfile.BadZipFile, ValueError):
        return None
    if name != project:
        return None
    requires = _REQUIRES_PYTHON.search(metadata)
    requirement = f"{project} @ {wheel.absolute().as_uri()}"
    return Release(version, requirement, requires[1].strip() if requires else None)


def _metadata(wheel: Path) -> str:
    with zipfile.ZipFile(wheel) as archive:
        stem = "-".join(wheel.name.split("-")[:2])
        return archive.read(f"{stem}.dist-info/METADATA").decode("utf-8", "replace")
