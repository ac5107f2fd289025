"""`env` as commands see it: ``env.PATH.append(…)``, ``env["HOST"] = …``."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any

from rezup.runtime.rex.recorder import UndefinedVariableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rezup.runtime.rex.recorder import Recorder


class Variable:
    """A variable of the environment, there or not. Its truth is whether it has a value that is not empty."""

    __slots__ = ("_recorder", "name")

    def __init__(self, name: str, recorder: Recorder) -> None:
        self.name = name
        self._recorder = recorder

    def prepend(self, value: Any) -> None:
        """Put a value before the one it has."""
        self._recorder.prependenv(self.name, value)

    def append(self, value: Any) -> None:
        """Put a value behind the one it has."""
        self._recorder.appendenv(self.name, value)

    def reset(self, value: Any, friends: Sequence[str] | None = None) -> None:
        """Give it a value, whatever it had."""
        self._recorder.resetenv(self.name, value, friends)

    def set(self, value: Any) -> None:
        """Give it a value."""
        self._recorder.setenv(self.name, value)

    def unset(self) -> None:
        """Take it away."""
        self._recorder.unsetenv(self.name)

    def get(self) -> str:
        """Its value as it is now.

        :raises UndefinedVariableError: it has none
        """
        return self._recorder.getenv(self.name)

    def value(self) -> str:
        """See `get`."""
        return self.get()

    def setdefault(self, value: Any) -> None:
        """Give it a value if it has none, or an empty one."""
        if not self:
            self.set(value)

    def __str__(self) -> str:
        return self.get()

    def __repr__(self) -> str:
        return f"EnvironmentVariable({self.name!r}, {self.get()!r})"

    def __bool__(self) -> bool:
        try:
            return bool(self.get())
        except UndefinedVariableError:
            return False

    def __eq__(self, other: object) -> bool:
        return self.get() == (other.get() if isinstance(other, Variable) else other)

    __hash__ = None  # type: ignore[assignment]  # what it equals may change


class Environ(MutableMapping[str, Any]):
    """All variables by name, as items and as attributes.

    Asking for one makes it known; `in` and iterating are about the known ones, with or without a
    value: those of the parent, and those that were asked for.
    """

    __slots__ = ("_recorder", "_variables")

    _recorder: Recorder
    _variables: dict[str, Variable | None]

    def __init__(self, recorder: Recorder) -> None:
        object.__setattr__(self, "_recorder", recorder)
        object.__setattr__(self, "_variables", dict.fromkeys(recorder.outside.environ))

    def __getitem__(self, name: str) -> Variable:
        found = self._variables.get(name)
        if found is None:
            found = self._variables[name] = Variable(name, self._recorder)
        return found

    def __setitem__(self, name: str, value: Any) -> None:
        self[name].set(value)

    def __delitem__(self, name: str) -> None:
        del self._variables[name]

    def __getattr__(self, name: str) -> Variable:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return self[name]

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def __contains__(self, name: object) -> bool:
        return name in self._variables

    def __iter__(self) -> Iterator[str]:
        return iter(self._variables)

    def __len__(self) -> int:
        return len(self._variables)
