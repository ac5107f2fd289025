"""The names that a package file may use without importing them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from rezup.runtime.config.modifiers import ModifyList

if TYPE_CHECKING:
    from collections.abc import Callable

_Function = TypeVar("_Function", bound="Callable[..., Any]")

#: Functions that a shell environment is made by; they are kept as text, never called on reading.
REX_FUNCTIONS = frozenset(
    ["pre_commands", "commands", "post_commands", "pre_build_commands", "pre_test_commands"]
)


class InvalidPackageError(Exception):
    """For package code to raise, when it finds itself unusable."""


class Decorator(NamedTuple):
    """A decorator that stays with a function's text."""

    name: str
    arguments: tuple[str, ...] = ()


def early() -> Callable[[_Function], _Function]:
    """Mark a function whose value, found on reading, becomes the attribute."""

    def mark(function: _Function) -> _Function:
        function._early = True  # type: ignore[attr-defined]  # functions take any attribute
        return function

    return mark


def late() -> Callable[[_Function], _Function]:
    """Mark a function that gives the attribute each time somebody asks for it."""

    def mark(function: _Function) -> _Function:
        if function.__name__ in REX_FUNCTIONS:
            raise ValueError(f"@late can't be used on {function.__name__}, which gives no value")
        function._late = True  # type: ignore[attr-defined]  # functions take any attribute
        _decorate(function, Decorator("late"))
        return function

    return mark


def include(module: str, *modules: str) -> Callable[[_Function], _Function]:
    """Give a function the use of modules that lie within the installed package."""

    def mark(function: _Function) -> _Function:
        _decorate(function, Decorator("include", (module, *modules)))
        return function

    return mark


def _decorate(function: Callable[..., Any], decorator: Decorator) -> None:
    known: tuple[Decorator, ...] = getattr(function, "_decorators", ())
    function._decorators = (*known, decorator)  # type: ignore[attr-defined]  # as above


class Branch:
    """A tree of values that grows by naming: ``branch.a.b = 1``."""

    def __init__(self, parent: Branch | None = None, name: str = "") -> None:
        # Below names that no attribute of a package has.
        self.__dict__.update(_values={}, _parent=parent, _name=name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        values = self.__dict__["_values"]
        # A new branch is joined to the tree once something is put on it.
        return values[name] if name in values else Branch(self, name)

    __getitem__ = __getattr__

    def __setattr__(self, name: str, value: Any) -> None:
        self.__dict__["_values"][name] = value
        branch = self
        while (parent := branch.__dict__["_parent"]) is not None:
            parent.__dict__["_values"].setdefault(branch.__dict__["_name"], branch)
            branch = parent

    __setitem__ = __setattr__

    def update(self, values: dict[str, Any]) -> None:
        """Put many values on it; dictionaries become branches."""
        for name, value in values.items():
            self.__dict__["_values"][name] = _grown(value)

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain dictionaries."""
        return {
            name: value.to_dict() if isinstance(value, Branch) else value
            for name, value in self.__dict__["_values"].items()
        }


def _grown(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    branch = Branch()
    branch.update(value)
    return branch


class Scope(Branch):
    """What one `with scope("name") as s:` collects: names assigned inside, and what is put on `s`."""

    def __init__(self, name: str, scopes: Scopes) -> None:
        super().__init__()
        self.__dict__.update(_called=name, _scopes=scopes, _before={})

    def __enter__(self) -> Scope:
        self.__dict__["_before"] = dict(sys._getframe(1).f_locals)
        return self

    def __exit__(self, *_: object) -> None:
        names, before = sys._getframe(1).f_locals, self.__dict__["_before"]
        self.update(
            {
                name: value
                for name, value in names.items()
                if not (name.startswith("__") and name.endswith("__"))
                and (name not in before or value != before[name])
                and not isinstance(value, Scope)
            }
        )
        names.clear()  # what was assigned inside is gone outside
        names.update(before)
        self.__dict__["_scopes"].leave(self)


class Scopes:
    """The `scope` of package files; the same name may be entered again and adds to the first."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, ...], Scope] = {}
        self._open: list[Scope] = []
        self._top = Branch()

    def __call__(self, name: str) -> Scope:
        path = (*(each.__dict__["_called"] for each in self._open), name)
        scope = self._known.setdefault(path, Scope(name, self))
        self._open.append(scope)
        return scope

    def leave(self, scope: Scope) -> None:
        """Add what a scope collected to the one around it."""
        self._open.pop()
        around = self._open[-1] if self._open else self._top
        around.update({scope.__dict__["_called"]: scope.to_dict()})

    def to_dict(self) -> dict[str, Any]:
        """All that was collected, as plain dictionaries."""
        return self._top.to_dict()


def provided() -> dict[str, Any]:
    """Fresh names for one package file."""
    return {
        "scope": Scopes(),
        "early": early,
        "late": late,
        "include": include,
        "ModifyList": ModifyList,
        "InvalidPackageError": InvalidPackageError,
    }
