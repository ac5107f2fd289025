"""Read a recipe: bytes in, a validated `Recipe` out, or every problem at once.

The schema is ``rezup-recipe:MAJOR.MINOR``. New recipes are written as 2.1 (2.0 and the
`[installer]` table, `platforms`, `lock`); a higher minor is read, its unknown keys warned of; a higher
major is refused, since what it says may mean something else.

`[env]` values may be strings and numbers, numbers as they are written. Names that rezup sets
itself are refused there; variables that make every program load foreign code are warned of.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, cast

from rezup.errors import RecipeError
from rezup.recipes.fields import Table, kind
from rezup.recipes.findings import Findings, UnfitError, shown, shown_file
from rezup.recipes.locking import read_lock, read_platforms
from rezup.recipes.model import PLATFORMS, Backend, Recipe
from rezup.recipes.pip_options import check_options, check_variable, option_text
from rezup.recipes.reading import SIZE_LIMIT, decode, tables
from rezup.recipes.sources import Origin, is_absolute, plain
from rezup.recipes.tools import read_extensions, read_rez, read_runtime, read_shared
from rezup.recipes.variables import is_variable_name
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from collections.abc import Callable

_SCHEMA = re.compile(r"rezup-recipe:(\d{1,4})(?:\.\d{1,4})?")
_MAJOR = 2
_BACKENDS = ("auto", "uv", "pip")
_KNOWN = (
    "description",
    "schema",
    "root",
    "dotenv",
    "env",
    "pip",
    "rez",
    "extension",
    "shared",
    "init",
    "installer",
    "platforms",
    "lock",
)
_OWN_VARIABLES = frozenset({"REZUP_CONTAINER", "REZUP_REVISION", "REZUP_USING_REMOTE"})
_LOADER_VARIABLES = frozenset({"LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP"})


def load(path: Path, *, home: Path | None = None) -> Recipe:
    """Read the recipe file at `path`.

    :param home: what ``~`` stands for; None asks the operating system
    :raises RecipeError: the file can't be read, or as `parse`
    """
    path = path.absolute()
    try:
        data = read_file(path, SIZE_LIMIT + 1)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or str(error)
        raise RecipeError(f"the recipe {path} can't be read", context=reason) from error
    return parse(data, path, home=home)


def parse(data: bytes, source: Path | None, *, home: Path | None = None) -> Recipe:
    """Validate the bytes of a recipe.

    :param source: the file they are from: named in messages, and what relative paths start from
    :param home: what ``~`` stands for; None asks the operating system
    :raises RecipeError: with a `Problem` for each thing that is wrong
    """
    file = shown_file(source)
    text = decode(data, file)
    findings = Findings(file, text)
    top = Table(tables(text, file), (), findings)
    origin = Origin(_folder(source), home)
    top.warn_unknown(_KNOWN)
    _refuse_init(top)
    local_root, remote_root = _read_roots(top)
    dotenv, platform_dotenv = _read_dotenv(top)
    pip_options, pip_environment = _read_pip(top)
    runtime = read_runtime(top)
    backend, sdists = _read_installer(top)
    recipe = Recipe(
        data=data,
        digest=hashlib.sha256(data).hexdigest(),
        source=source,
        rez=read_rez(top, origin),
        extensions=read_extensions(top, origin, runtime),
        description=top.text("description") or "",
        schema=_read_schema(top),
        local_root=local_root,
        remote_root=remote_root,
        dotenv=dotenv,
        platform_dotenv=platform_dotenv,
        environment=_read_variables(top.table("env"), _check_variable),
        pip_options=pip_options,
        pip_environment=pip_environment,
        shared=read_shared(top, origin),
        backend=backend,
        runtime=runtime,
        platforms=read_platforms(top),
        lock=read_lock(top, origin),
        sdists=sdists,
    )
    findings.raise_errors()
    return _with_warnings(recipe, findings)


def _folder(source: Path | None) -> Path | None:
    return None if source is None else Path(os.path.abspath(source)).parent


def _with_warnings(recipe: Recipe, findings: Findings) -> Recipe:
    warnings = findings.warnings()
    return recipe._replace(warnings=warnings) if warnings else recipe


def _read_schema(top: Table) -> str | None:
    schema = top.text("schema")
    if schema is None:
        return None
    match = _SCHEMA.fullmatch(schema)
    if match is None:
        top.error("schema", f"{shown(schema)} is no schema", f'write schema = "rezup-recipe:{_MAJOR}.1"')
    elif int(match[1]) > _MAJOR:
        top.error("schema", f"{schema} is newer than this rezup understands", "upgrade rezup")
    return schema


def _read_roots(top: Table) -> tuple[str | None, str | None]:
    table = top.table("root")
    table.warn_unknown(("local", "remote"))
    found = []
    for name in ("local", "remote"):
        text = table.text(name, unset_by_false=True)
        if text:
            text = _checked(table, name, text, lambda value: _anchored(value, "a root"))
        found.append(text or None)
    return found[0], found[1]


def _read_dotenv(top: Table) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    table = top.table("dotenv")
    for name in table:
        if name in PLATFORMS and isinstance(table.value(name), str):
            table.warn(name, f"is read on every platform; write a table [dotenv.{name}] for one")
    common = _dotenv_files(table)
    by_platform = {}
    for name, platform in PLATFORMS.items():
        if isinstance(table.value(name), dict):
            files = _dotenv_files(table.table(name))
            if files:
                by_platform[platform] = files
    unknown = Table(
        {name: table.value(name) for name in table if isinstance(table.value(name), dict)},
        table.key,
        table.findings,
    )
    unknown.warn_unknown(PLATFORMS)
    return common, by_platform


def _dotenv_files(table: Table) -> tuple[str, ...]:
    files = []
    for name in sorted(table):
        if isinstance(table.value(name), dict) and len(table.key) == 1:
            continue  # a table of one platform
        text = table.text(name)
        if text:
            text = _checked(table, name, text, lambda value: _anchored(value, "a dotenv file"))
        if text:
            files.append(text)
    return tuple(files)


def _read_pip(top: Table) -> tuple[tuple[str, ...], dict[str, str]]:
    table = top.table("pip")
    table.warn_unknown(("options", "env"))
    options = table.texts("options", option_text)
    if isinstance(table.value("options"), list) and len(options) == len(
        cast("list[object]", table.value("options"))
    ):
        for misfit in check_options(options):
            table.element_error("options", misfit.position, misfit.error)
    return options, _read_variables(table.table("env"), check_variable)


def _read_variables(table: Table, check: Callable[[str, str], object]) -> dict[str, str]:
    found = {}
    for name in table:
        if not is_variable_name(name):
            table.error(name, "can't name an environment variable", "a name has no blanks and no =")
            continue
        value = table.scalar(name)
        if value is None:
            continue
        try:
            warning = check(name, value)
        except UnfitError as error:
            table.error(name, error.message, error.hint)
            continue
        if isinstance(warning, str):
            table.warn(name, warning)
        found[name] = value
    return found


def _check_variable(name: str, value: str) -> str | None:
    # Windows ignores the case of variables.
    if name.upper() in _OWN_VARIABLES:
        raise UnfitError("is set by rezup itself", "remove it from [env]")
    if name.upper() in _LOADER_VARIABLES and value:
        return "makes every program in the container load foreign code"
    return None


def _read_installer(top: Table) -> tuple[Backend, bool]:
    table = top.table("installer")
    table.warn_unknown(("backend", "sdists"))
    backend = table.text("backend") if "backend" in table else "auto"
    if backend is not None and backend not in _BACKENDS:
        table.error("backend", f"{shown(backend)} is none of {', '.join(_BACKENDS)}")
    return cast("Backend", backend), table.flag("sdists")


def _refuse_init(top: Table) -> None:
    table = top.table("init")
    table.warn_unknown(("script",))
    if table.value("script"):
        table.error(
            "script",
            f"is refused ({kind(table.value('script'))}): a recipe is data, and reading it runs nothing",
            "use `rezup use NAME --do SCRIPT`, or set variables in [env]",
        )


def _checked(table: Table, name: str, text: str, check: Callable[[str], str]) -> str | None:
    try:
        return check(text)
    except UnfitError as error:
        table.error(name, error.message, error.hint)
        return None


def _anchored(text: str, what: str) -> str:
    text = plain(text, what)
    if text.startswith(("~", "${", "{")) or is_absolute(text):
        return text
    raise UnfitError(
        f"{shown(text)} is relative: {what} would depend on the current folder",
        "make it absolute, or begin it with ~ or ${VAR}",
    )
