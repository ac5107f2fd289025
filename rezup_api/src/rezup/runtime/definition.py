"""Reading package files: a program that leaves names behind, or YAML."""

from __future__ import annotations

import builtins
import sys
from contextlib import contextmanager
from types import FunctionType, ModuleType
from typing import TYPE_CHECKING, Any

from rezup.errors import PackageDefinitionError
from rezup.runtime.plain_definition import plain_definition
from rezup.runtime.source_code import SourceCode
from rezup.runtime.vocabulary import REX_FUNCTIONS, provided

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: What a package file can say of its format; newer ones may hold what we don't know.
FORMAT_VERSION = 2

_PLAIN = frozenset([str, int, list, tuple, bool, float, type(None)])
_BUILTINS = vars(builtins)
_PROVIDED = frozenset([*provided(), "__builtins__"])


def load_definition(path: str, content: bytes, python_paths: Sequence[str] = ()) -> dict[str, Any]:
    """What a package file says, by name; functions have become values or `SourceCode`.

    :param path: decides between Python and YAML, and stands in messages
    :param content: what is in the file
    :param python_paths: folders that a Python file may import from while it is read
    :raises PackageDefinitionError: it can't be loaded
    """
    return read_definition(path, content, python_paths)[0]


def read_definition(
    path: str, content: bytes, python_paths: Sequence[str] = ()
) -> tuple[dict[str, Any], bool]:
    """The same, and whether the file is so plain that it was read without being run."""
    plain: dict[str, Any] | None = None
    if path.endswith(".yaml"):
        data = _from_yaml(path, content)
    else:
        plain = plain_definition(content)
        if plain is not None:
            data = plain
        else:
            with _importing_from(python_paths):
                data = _executed(path, content)
    data.pop("format_version", None)
    return data, plain is not None


def _from_yaml(path: str, content: bytes) -> dict[str, Any]:
    from rezup.runtime.yaml_file import YamlError, parse_yaml

    try:
        document = parse_yaml(content, path) or {}
    except YamlError as error:
        raise PackageDefinitionError(
            "it is no YAML", path=path, line=error.line, context=str(error)
        ) from error
    if not isinstance(document, dict):
        raise PackageDefinitionError(
            "it can't be used", path=path, context=f"expected keys and values, not {type(document).__name__}"
        )
    return document


@contextmanager
def _importing_from(folders: Sequence[str]) -> Iterator[None]:
    if not folders:
        yield
        return
    before = sys.path[:]
    sys.path.extend(folders)
    try:
        yield
    finally:
        sys.path[:] = before


def _executed(path: str, content: bytes) -> dict[str, Any]:
    names = provided()
    scopes = names["scope"]
    try:
        exec(compile(content, path, "exec"), names)  # noqa: S102 - a package file is a program
        data = {
            name: value
            for name, value in names.items()
            if name not in _PROVIDED and (name not in _BUILTINS or _BUILTINS[name] != value)
        }
        data.update(scopes.to_dict())
        return _Settled(path, content, data).data()
    except PackageDefinitionError:
        raise
    except (Exception, SystemExit) as error:  # whatever a program may raise
        from rezup.runtime.config.files import line_of, missing_rez_hint

        raise PackageDefinitionError(
            "it can't be loaded",
            path=path,
            line=line_of(error, path),
            context=f"{type(error).__name__}: {error}",
            hint=missing_rez_hint(error),
        ) from error


class _Settled:
    """Turns what a program left behind into attributes."""

    def __init__(self, path: str, content: bytes, data: dict[str, Any]) -> None:
        self._path = path
        self._content = content
        self._data = data

    def data(self) -> dict[str, Any]:
        data = self._data
        for name, value in data.items():
            if type(value) not in _PLAIN:
                data[name] = self._settled(value)
        _drop_programs(data)
        return data

    def _settled(self, value: Any) -> Any:
        if isinstance(value, dict):
            for name, inner in value.items():
                value[name] = self._settled(inner)
            return value
        if not isinstance(value, FunctionType):
            return value
        if hasattr(value, "_early"):
            return self._settled(self._called(value))
        if hasattr(value, "_late"):
            return SourceCode.of_function(value, self._path, self._content, as_function=True)
        if value.__name__ in REX_FUNCTIONS:
            return SourceCode.of_function(value, self._path, self._content, as_function=False)
        return value

    def _called(self, function: FunctionType) -> Any:
        """The value of an early-bound function, which sees the other attributes as `this`."""
        arguments = function.__code__.co_argcount
        if arguments > 1:
            raise PackageDefinitionError(
                f"@early function {function.__name__} must take no argument",
                path=self._path,
                line=function.__code__.co_firstlineno,
            )
        names = {
            **function.__globals__,
            "this": This(self._data),
            "building": False,
            "testing": False,
            "build_variant_index": 0,
            "build_variant_requires": [],
        }
        bound = FunctionType(
            function.__code__, names, function.__name__, function.__defaults__, function.__closure__
        )
        return bound(self._data) if arguments else bound()


class This:
    """`this` in early-bound functions: the attributes of the package."""

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getattr__(self, name: str) -> Any:
        try:
            value = self._data[name]
        except KeyError:
            raise AttributeError(f"the package has no attribute {name}") from None
        if isinstance(value, FunctionType) and (hasattr(value, "_early") or hasattr(value, "_late")):
            raise ValueError(f"an early-bound function can't use another bound function, {name}")
        return value


def _drop_programs(data: dict[str, Any]) -> None:
    """Leave out what is no attribute: modules, functions, and names of the language."""
    for name, value in list(data.items()):
        if type(value) is FunctionType:
            # Rez keeps the one that may change the package while it is built.
            if value.__name__ != "preprocess":
                del data[name]
        elif isinstance(value, ModuleType) or str(name).startswith("__"):
            del data[name]
        elif isinstance(value, dict):
            _drop_programs(value)
