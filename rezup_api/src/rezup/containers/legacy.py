"""Revisions that rezup 2.x made: read, used and dropped, never written.

::

    {container}/revisions/1619780350.58/
      rezup.toml      the recipe
      revision.json   {"rezup_version": "2.6.0", "creator": …, "hostname": …, "venvs": ["rez"]}
      venv/{tool}/bin/rez/    scripts with absolute paths

A receipt without ``rezup_version`` is that of a 1.x revision, which is foreign to us.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from rezup.containers.receipt import (
    ENVIRONMENT,
    RECIPE,
    DamagedReceiptError,
    EnvironmentRecord,
    ForeignReceiptError,
    Receipt,
    ToolRecord,
)
from rezup.errors import InvalidNameError
from rezup.recipes.names import ToolName

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.recipes.names import ContainerName

_PLATFORMS = {"linux": "linux", "darwin": "darwin", "win32": "windows"}


def read(folder: Path, container: ContainerName, data: bytes, platform: str) -> Receipt:
    """The receipt of a 2.x revision in our terms.

    :raises ForeignReceiptError: rezup 1.x made it, or something else
    :raises DamagedReceiptError: receipt or recipe can't be read
    """
    try:
        document = json.loads(data)
        if not isinstance(document, dict):
            raise DamagedReceiptError("it is no JSON object")
        if "rezup_version" not in document:
            raise ForeignReceiptError("it is that of rezup 1.x, or of something else")
        made_by = document["rezup_version"]
        names = [ToolName.parse(name) for name in document.get("venvs", [])]
        created = float(folder.name)
    except DamagedReceiptError:
        raise
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError, InvalidNameError) as error:
        raise DamagedReceiptError("it is damaged") from error
    recipe = _recipe(folder / "rezup.toml")
    dotenv = _table(recipe, "dotenv")
    return Receipt(
        container=container,
        kind=ENVIRONMENT if names else RECIPE,
        platform=platform,
        created=created,
        creator=str(document.get("creator", "unknown")),
        host=str(document.get("hostname", "unknown")),
        rezup=str(made_by),
        recipe_digest="",
        description=str(recipe.get("description", "")),
        environment={key: str(value) for key, value in _table(recipe, "env").items()},
        dotenv=(*_files(dotenv), *_files(_table(dotenv, _PLATFORMS.get(sys.platform, "")))),
        tools=_rez(folder),
        environments=tuple(_environment(folder, name) for name in names),
        legacy=True,
    )


def _recipe(path: Path) -> dict[str, Any]:
    """The recipe as rezup 2.x understood it: a revision that works there has to work here.

    Our own reading of recipes is stricter, and made for new revisions.
    """
    from rezup.system.compiled import read_toml

    try:
        recipe = read_toml(path, None, kind="legacy", pick=dict)
    except (ValueError, OSError) as error:
        raise DamagedReceiptError(f"its recipe can't be read ({error})") from error
    if recipe is None:
        raise DamagedReceiptError("it has no recipe")
    return recipe


def _table(document: dict[str, Any], key: str) -> dict[str, Any]:
    value = document.get(key)
    return value if isinstance(value, dict) else {}


def _files(table: dict[str, Any]) -> list[str]:
    return [table[key] for key in sorted(table) if isinstance(table[key], str)]


def _rez(folder: Path) -> tuple[ToolRecord, ...]:
    """Rez by the name of its metadata folder; an edit-mode install of those days has none."""
    home = folder / "venv" / "rez"
    patterns = ("lib/python*/site-packages/rez-*.dist-info", "Lib/site-packages/rez-*.dist-info")
    found = next((path.name for pattern in patterns for path in home.glob(pattern)), None)
    if found is None:
        return ()
    version = found.removeprefix("rez-").removesuffix(".dist-info")
    return (ToolRecord("rez", "rez", version, "rez"),)


def _environment(folder: Path, name: str) -> EnvironmentRecord:
    windows = sys.platform == "win32"
    scripts = "Scripts" if windows else "bin"
    home = folder / "venv" / name
    version = _setting(home, "version_info") or _setting(home, "version")
    return EnvironmentRecord(
        name=name,
        python=f"venv/{name}/{scripts}/python{'.exe' if windows else ''}",
        scripts=f"venv/{name}/{scripts}/rez",
        interpreter=_setting(home, "base-executable"),
        interpreter_version=".".join(version.split(".")[:3]),
        implementation=_setting(home, "implementation").lower(),
        abi="",
        backend="pip",
        backend_version="",
        backend_reason="made by rezup 2.x",
    )


def _setting(environment: Path, key: str) -> str:
    try:
        lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return next(
        (value.strip() for name, _, value in (x.partition("=") for x in lines) if name.strip() == key), ""
    )
