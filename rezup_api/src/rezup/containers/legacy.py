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
from typing import TYPE_CHECKING

from rezup.containers.receipt import (
    ENVIRONMENT,
    RECIPE,
    DamagedReceiptError,
    EnvironmentRecord,
    Receipt,
)
from rezup.errors import InvalidNameError
from rezup.recipes.names import ToolName

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.recipes.names import ContainerName


def read(folder: Path, container: ContainerName, data: bytes, platform: str) -> Receipt:
    """The receipt of a 2.x revision in our terms.

    :raises DamagedReceiptError: receipt or recipe can't be read, or rezup 1.x made it
    """
    from rezup.errors import RecipeError
    from rezup.recipes.parse import load

    try:
        document = json.loads(data)
        made_by = document["rezup_version"]
        names = [ToolName.parse(name) for name in document.get("venvs", [])]
    except (ValueError, KeyError, TypeError, InvalidNameError) as error:
        raise DamagedReceiptError("it is that of rezup 1.x, or damaged") from error
    try:
        recipe = load(folder / "rezup.toml")
    except (RecipeError, OSError) as error:
        raise DamagedReceiptError(f"its recipe can't be read ({error})") from error
    return Receipt(
        container=container,
        kind=ENVIRONMENT if names else RECIPE,
        platform=platform,
        created=float(folder.name),
        creator=str(document.get("creator", "unknown")),
        host=str(document.get("hostname", "unknown")),
        rezup=str(made_by),
        recipe_digest=recipe.digest,
        description=recipe.description,
        environment=recipe.environment,
        dotenv=(*recipe.dotenv, *recipe.platform_dotenv.get(sys.platform, ())),
        environments=tuple(_environment(folder, name) for name in names),
        legacy=True,
    )


def _environment(folder: Path, name: str) -> EnvironmentRecord:
    windows = sys.platform == "win32"
    scripts = "Scripts" if windows else "bin"
    home = folder / "venv" / name
    return EnvironmentRecord(
        name=name,
        python=f"venv/{name}/{scripts}/python{'.exe' if windows else ''}",
        scripts=f"venv/{name}/{scripts}/rez",
        interpreter=_setting(home, "base-executable"),
        interpreter_version=_setting(home, "version_info") or _setting(home, "version"),
        implementation=_setting(home, "implementation").lower(),
        abi="",
        backend="pip",
        backend_version="",
        backend_reason="made by rezup 2.x",
    )


def _setting(environment: Path, key: str) -> str:
    try:
        lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next(
        (value.strip() for name, _, value in (x.partition("=") for x in lines) if name.strip() == key), ""
    )
