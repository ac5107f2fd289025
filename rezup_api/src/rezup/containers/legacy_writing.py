"""A published revision in the shape of rezup 2.x, beside ours, for hosts that have yet to be upgraded.

::

    {container}/revisions/1795179768.172130/
      rezup.toml      the recipe in the words of 2.x
      revision.json   {"rezup_version": …, "creator": …, "hostname": …, "revision_path": …, "venvs": ["rez"]}

It has the same name as ours, so that for every reader of ours the two are one revision.

The recipe is written anew: 2.x reads an older TOML, fills in no ``${VAR}`` but in `[env]`, and takes the
values there through two parsers. It knows no locks; what a tool or library is called by is pinned to the
version that is locked, and what these need in turn comes from the index as ever. What 2.x can't do is
refused, since it would build in place, fail, and try again at every launch.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from rezup.containers.locked import own_lock_name
from rezup.errors import RecipeError, StoreError
from rezup.recipes.model import PLATFORMS
from rezup.recipes.places import dotenv_places, tool_places
from rezup.recipes.plain_requirements import canonical, is_plain
from rezup.recipes.variables import has_placeholder
from rezup.stores.base import RECEIPT, RECIPE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from rezup.containers.creation import Maker
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.locate import Key
    from rezup.recipes.model import Recipe, Tool
    from rezup.recipes.names import ContainerName
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_NAME = re.compile(r"[A-Za-z0-9._-]+")
#: Values of variables that come through both parsers of 2.x as they are.
_PLAIN_VALUE = re.compile(r"[A-Za-z0-9_./:,;@+=~${}-]*", re.ASCII)
_RANGE = re.compile(r"[<>=!~,*]")


def check(recipe: Recipe, *, allow_local_paths: bool) -> None:
    """See that rezup 2.x can make a revision of a recipe.

    :param allow_local_paths: paths are there on every machine
    :raises RecipeError: with all that it can't do
    """
    from rezup.recipes.findings import located, shown_file

    entries = [*_unfit(recipe, allow_local_paths=allow_local_paths)]
    if entries:
        raise RecipeError(
            "rezup 2.x can't do what the recipe asks for, so nothing was published",
            problems=located(shown_file(recipe.source), recipe.data.decode("utf-8"), entries),
            hint="change it, or publish without --also-2x",
        )


def _unfit(recipe: Recipe, *, allow_local_paths: bool) -> Iterator[tuple[Key, str]]:
    if recipe.runtime != "vanilla":
        yield ("rez", "runtime"), "rezup 2.x has no embedded runtime"
    for key, tool in tool_places(recipe):
        if tool.path is not None and not (allow_local_paths or tool.editable):
            yield (*key, "url"), "rezup 2.x gets no wheel of a local source"
    for key, text in _filled_in(recipe):
        if has_placeholder(text):
            yield key, "rezup 2.x fills in no ${VAR} here"
    for key, text in dotenv_places(recipe):
        if has_placeholder(text) or text.startswith("~"):
            yield key, "rezup 2.x finds no file by ${VAR} or ~"
    for name, value in recipe.environment.items():
        if "%" in value:
            yield ("env", name), "rezup 2.x fails at a % in a variable"


def _filled_in(recipe: Recipe) -> Iterator[tuple[Key, str]]:
    """Texts that we fill variables into, and 2.x doesn't."""
    for key, tool in tool_places(recipe):
        yield (*key, "url"), tool.requirement
        yield (*key, "python"), tool.python or ""
        for number, text in enumerate(tool.libraries, start=1):
            yield (*key, "lib", number), text
    for number, text in enumerate(recipe.pip_options, start=1):
        yield ("pip", "options", number), text
    for name, text in recipe.pip_environment.items():
        yield ("pip", "env", name), text


def write(
    remote: RemoteStore,
    container: ContainerName,
    stamp: Stamp,
    recipe: Recipe,
    locks: Mapping[str, Lock],
    maker: Maker,
) -> None:
    """Put the old shape of a revision beside ours, which is there already; visible at once or not at all.

    :param locks: by the names of their files
    :raises StoreError: it can't be written
    """
    from rezup.system.files import make_folder, open_new, remove_tree, rename_new, seal_tree

    target = remote.folder(container, stamp, legacy=True)
    staging = remote.stage(container)
    files = {RECIPE: recipe_text(recipe, locks).encode(), RECEIPT: _receipt(str(target), recipe, maker)}
    try:
        for name, data in files.items():
            with open_new(staging / name) as stream:
                stream.write(data)
        seal_tree(staging)
        make_folder(target.parent)
        # Nobody else has this name: it is that of the revision that was published a moment ago.
        rename_new(staging, target)
    except OSError as error:
        raise StoreError(
            f"revision {stamp} of {container} is published, but not for rezup 2.x",
            context=f"{error.filename or target}: {error.strerror or error}",
            hint="check free space and permissions, then publish once more",
        ) from error
    finally:
        remove_tree(staging)


def _receipt(path: str, recipe: Recipe, maker: Maker) -> bytes:
    document = {
        "rezup_version": maker.rezup,
        "creator": maker.creator,
        "hostname": maker.host,
        "revision_path": path,
        "venvs": ["rez", *(tool.name for tool in recipe.extensions if tool.isolated)],
    }
    return json.dumps(document, indent=4).encode("ascii")


def recipe_text(recipe: Recipe, locks: Mapping[str, Lock]) -> str:
    """The recipe for rezup 2.x.

    :param locks: by the names of their files
    """
    head = [("description", recipe.description), ("schema", "rezup-recipe:2.0")]
    if recipe.shared:
        tables = [_table("shared", [("name", recipe.shared.name), ("requires", recipe.shared.requirements)])]
    else:
        tables = []
    tables.append(_table("env", ((name, _shielded(value)) for name, value in recipe.environment.items())))
    tables.append(_table("dotenv", _numbered(recipe.dotenv)))
    for key, platform in PLATFORMS.items():
        tables.append(_table(f"dotenv.{key}", _numbered(recipe.platform_dotenv.get(platform, ()))))
    if recipe.pip_options:
        tables.append(_table("pip", [("options", recipe.pip_options)]))
    tables.append(_table("pip.env", recipe.pip_environment.items()))
    for header, tool in (("[rez]", recipe.rez), *(("[[extension]]", each) for each in recipe.extensions)):
        environment = tool.name if tool.isolated else recipe.rez.name
        tables.append([header, *_pairs(_tool(tool, locks.get(own_lock_name(recipe, environment))))])
    written = "# Written by rezup 3 for rezup 2.x.\n" + "\n".join(_pairs(head)) + "\n"
    return written + "".join("\n" + "\n".join(table) + "\n" for table in tables if len(table) > 1)


def _tool(tool: Tool, lock: Lock | None) -> Iterator[tuple[str, object]]:
    versions: dict[str, str] = {}
    for package in lock.packages if lock else ():
        # Of two versions for two platforms none is that of all.
        versions[package.name] = "" if package.name in versions else package.version
    python = tool.python
    if python is not None and _RANGE.search(python):
        python = lock.python if lock else None
    yield "name", str(tool.name)
    yield "url", str(tool.path) if tool.path is not None else _pinned(tool.requirement, versions)
    if tool.editable:
        yield "edit", True
    yield "flags", tool.flags
    if tool.isolated:
        yield "isolation", True
    if python is not None:
        yield "python", python
    if tool.libraries:
        yield "lib", [_pinned(text, versions) for text in tool.libraries]


def _pinned(requirement: str, versions: Mapping[str, str]) -> str:
    """A requirement of the plainest kind, of the version that is locked; others as they are."""
    name = _NAME.match(requirement)
    version = versions.get(canonical(name[0])) if name and is_plain(requirement) else None
    return f"{name[0]}=={version}" if name and version else requirement


def _numbered(files: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Dotenv files, by keys that sort as they are read."""
    return ((f"{number:03}", path) for number, path in enumerate(files, start=1))


def _shielded(value: str) -> str:
    """A variable's value as python-dotenv has to find it: quoted, where it would lose something else."""
    if _PLAIN_VALUE.fullmatch(value):
        return value
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    for character, escape in (("\n", "\\n"), ("\r", "\\r"), ("\t", "\\t")):
        escaped = escaped.replace(character, escape)
    return f'"{escaped}"'


def _table(name: str, pairs: Iterable[tuple[str, object]]) -> list[str]:
    return [f"[{name}]", *_pairs(pairs)]


def _pairs(pairs: Iterable[tuple[str, object]]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in pairs]


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def _value(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_value, value))}]"
    raise TypeError(f"{value!r} has no place in a recipe")


def _quoted(text: str) -> str:
    """A basic string: what JSON escapes, TOML does, too; but for DEL."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
