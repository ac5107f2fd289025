"""The installation that is running: what pip, pipx or uv made, and how it is upgraded as a whole."""

from __future__ import annotations

import json
import os
import shlex
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.version import InvalidVersion, Version

from rezup.errors import UpgradeError
from rezup.upgrade.sources.base import COMMAND_LINE, LIBRARY

if TYPE_CHECKING:
    from collections.abc import Sequence


class Installation(NamedTuple):
    """The distributions `rezup-api` and `rezup` as their installer left them."""

    library: Version
    """Of `rezup-api`; a newer one may be in use, from beside it."""
    command_line: Version
    allowed: SpecifierSet
    """What this `rezup` requires of `rezup-api`."""
    init_file: Path
    """The library's ``__init__.py``; as long as it is unchanged, so is the installed version."""
    search_path: tuple[str, ...]
    """The import path without any library beside this one."""
    editable: Path | None
    """The source folder of an installation in edit mode."""
    command: str
    """What a user types to upgrade all of it."""


def read_installation(search_path: Sequence[str], beside: str | None) -> Installation:
    """What the metadata says of the running installation.

    :param search_path: the import path of this process
    :param beside: the folder on it that holds the library in use, if that isn't the installed one
    :raises UpgradeError: there is no metadata, as where a source tree is on the path uninstalled
    """
    path = [entry for entry in search_path if entry != beside]
    library, command_line = (_distribution(name, path) for name in (LIBRARY, COMMAND_LINE))
    requirements = [Requirement(text) for text in command_line.requires or []]
    allowed = SpecifierSet()
    for requirement in requirements:
        if requirement.name == LIBRARY:
            allowed &= requirement.specifier
    editable = _editable(library)
    try:
        versions = Version(library.version), Version(command_line.version)
    except (InvalidVersion, TypeError) as error:
        raise UpgradeError("the version of this installation can't be read", context=str(error)) from error
    init_file = Path(str(library.locate_file("rezup/__init__.py")))
    return Installation(*versions, allowed, init_file, tuple(path), editable, _command(editable))


def _distribution(name: str, path: list[str]) -> metadata.Distribution:
    found = next(iter(metadata.distributions(name=name, path=path)), None)
    if found is None:
        raise UpgradeError(
            f"{name} was not installed by pip, pipx or uv",
            context="its metadata is not on the import path", hint="install it, or update its source",
        )  # fmt: skip
    return found


def missing_requirements(installed_in: Path, search_path: Sequence[str]) -> tuple[list[str], list[str]]:
    """What the library in a folder requires: distributions that `search_path` has, and requirements it lacks.

    :returns: names of all installed distributions that are needed, directly or not; requirements
        that none of them fulfils
    """
    (library,) = metadata.distributions(name=LIBRARY, path=[str(installed_in)])
    path = list(search_path)
    needed: dict[str, None] = {}
    missing: list[str] = []
    pending = list(library.requires or [])
    while pending:
        try:
            requirement = Requirement(pending.pop())
        except InvalidRequirement:
            continue
        if requirement.marker is not None and not requirement.marker.evaluate({"extra": ""}):
            continue
        found = next(iter(metadata.distributions(name=requirement.name, path=path)), None)
        bare = f"{requirement.name}{requirement.specifier}"
        if requirement.extras or requirement.url or found is None or _editable(found) is not None:
            missing.append(str(requirement) if requirement.url or requirement.extras else bare)
        elif not requirement.specifier.contains(found.version, prereleases=True):
            missing.append(bare)
        elif requirement.name not in needed:
            needed[requirement.name] = None
            pending += found.requires or []
    return list(needed), missing


def direct_requirements(installed_in: Path) -> list[str]:
    """What the library in a folder requires on this machine, in an installer's words."""
    (library,) = metadata.distributions(name=LIBRARY, path=[str(installed_in)])
    found = [Requirement(text) for text in library.requires or []]
    return [
        f"{requirement.name}{requirement.specifier}"
        for requirement in found
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""})
    ]


def _editable(distribution: metadata.Distribution) -> Path | None:
    try:
        document = json.loads(distribution.read_text("direct_url.json") or "{}")
        if not document.get("dir_info", {}).get("editable"):
            return None
        from urllib.parse import unquote, urlsplit

        return Path(unquote(urlsplit(document["url"]).path))
    except (ValueError, KeyError, AttributeError):
        return None


def _command(editable: Path | None) -> str:
    """The command that upgrades the whole installation, by the marks that its installer left."""
    prefix = Path(sys.prefix)
    if editable is not None:
        return f"git -C {_quoted(str(editable))} pull"
    if (prefix / "pipx_metadata.json").is_file():
        return f"pipx upgrade {COMMAND_LINE}"
    if (prefix / "uv-receipt.toml").is_file():
        return f"uv tool upgrade {COMMAND_LINE}"
    return f"{_quoted(sys.executable or 'python3')} -m pip install --upgrade {COMMAND_LINE}"


def _quoted(path: str) -> str:
    """A path as a shell of this platform wants it typed."""
    if os.name == "nt":
        return f'"{path}"' if " " in path else path
    return shlex.quote(path)
