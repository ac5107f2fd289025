"""Finding and reading rezconfig files: Python, YAML, and a TOML form of our own."""

from __future__ import annotations

import os
import re
import stat
import sys
import traceback
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import RezConfigError
from rezup.runtime.config.modifiers import DelayLoad, ModifyList
from rezup.system.identity import home_folder

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Source(NamedTuple):
    """A file that was looked for."""

    path: str
    found: bool


class Layer(NamedTuple):
    """What one file says."""

    path: str
    data: dict[str, Any]


def searched(environ: Mapping[str, str]) -> tuple[str, ...]:
    """The places that may have a configuration, weakest first; each stands for up to three files."""
    places = []
    if listed := environ.get("REZ_CONFIG_FILE"):
        places += listed.split(os.pathsep)
    if environ.get("REZ_DISABLE_HOME_CONFIG", "").lower() not in ("1", "t", "true"):
        places.append(os.path.join(home_folder(environ), ".rezconfig"))
    return tuple(places)


def forms(place: str) -> Iterator[str]:
    """The files that a place stands for; the first one that exists is read, the others are not.

    The two that Rez knows come first, so that a place means the same to Rez wherever Rez can
    read it.
    """
    stem = os.path.splitext(place)[0]
    yield from dict.fromkeys((stem + ".py", place, stem + ".toml"))


def read_places(places: tuple[str, ...], rez_version: str) -> tuple[list[Layer], list[Source]]:
    """What the files say, weakest first, and all the files that were looked for.

    :raises RezConfigError: a file can't be read
    """
    layers, sources = [], []
    for place in places:
        for path in forms(place):
            content = _content(path)
            sources.append(Source(path, content is not None))
            if content is not None:
                layers.append(Layer(path, _parsed(path, content, rez_version)))
                break
    return layers, sources


def _content(path: str) -> bytes | None:
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            return None
    except OSError:
        return None
    except ValueError:  # a null character in a variable
        return None
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError as error:
        raise RezConfigError(f"{path} can't be read", context=error.strerror or str(error)) from error


def _parsed(path: str, content: bytes, rez_version: str) -> dict[str, Any]:
    if path.endswith(".py"):
        return _executed(path, content, rez_version)
    if path.endswith(".toml"):
        return _from_toml(path, content)
    from rezup.runtime.yaml_file import YamlError, parse_yaml

    try:
        document = parse_yaml(content, path) or {}
    except YamlError as error:
        raise RezConfigError(_place(path, error.line), context=str(error)) from error
    if not isinstance(document, dict):
        raise RezConfigError(path, context=f"expected keys and values, not {type(document).__name__}")
    return document


def _executed(path: str, content: bytes, rez_version: str) -> dict[str, Any]:
    """The names that a Python file leaves behind, but for modules."""
    given = {
        "__name__": os.path.splitext(os.path.basename(path))[0],
        "__file__": path,
        "rez_version": rez_version,
        "ModifyList": ModifyList,
        "DelayLoad": DelayLoad,
    }
    names: dict[str, Any] = dict(given)
    try:
        exec(compile(content, path, "exec"), names)  # noqa: S102 - a rezconfig.py is a program
    except (Exception, SystemExit) as error:
        raise RezConfigError(
            _place(path, line_of(error, path)),
            context=f"{type(error).__name__}: {error}",
            hint=missing_rez_hint(error),
        ) from error
    return {
        name: value
        for name, value in names.items()
        if name not in given and name != "__builtins__" and not isinstance(value, ModuleType)
    }


def line_of(error: BaseException, path: str) -> int | None:
    """The line of a Python file in which an error came up, or below which it did."""
    if isinstance(error, SyntaxError) and error.filename == path:
        return error.lineno
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == path]
    return lines[-1] if lines else None


def missing_rez_hint(error: BaseException) -> str | None:
    """What to do about a file that imports Rez itself, which may not be there."""
    if isinstance(error, ImportError) and re.match(r"rez(\.|$)", error.name or ""):
        return "Rez is not installed beside rezup; write the file without imports of rez"
    return None


def _place(path: str, line: int | None) -> str:
    return f"{path} can't be used" if line is None else f"{path}:{line} can't be used"


def _from_toml(path: str, content: bytes) -> dict[str, Any]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise RezConfigError(_place(path, None), context=f"no TOML: {error}") from error
    return {key: _marked(value) for key, value in document.items()}


def _marked(value: Any) -> Any:
    """TOML's way to say what Python says by ModifyList and DelayLoad."""
    if not isinstance(value, dict):
        return value
    if value and value.keys() <= {"append", "prepend"} and all(map(_is_list, value.values())):
        return ModifyList(**value)
    if value.keys() == {"delay_load"} and isinstance(value["delay_load"], str):
        return DelayLoad(value["delay_load"])
    return {key: _marked(inner) for key, inner in value.items()}


def _is_list(value: Any) -> bool:
    return isinstance(value, list)
