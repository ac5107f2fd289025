"""The modules that commands include from within their package, each loaded once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.runtime.late import include_files, included

if TYPE_CHECKING:
    from types import ModuleType


class Includes:
    """Keeps modules by the digest of their file: packages with the same one share it."""

    __slots__ = ("_modules",)

    def __init__(self) -> None:
        self._modules: dict[str, ModuleType | None] = {}

    def module(self, name: str, base: str | None) -> ModuleType | None:
        """The module of this name in the package at `base`; None where there is none.

        :raises Exception: whatever the module raises while it is loaded
        """
        key = f"{name} {base}" if base is None else _digest(name, base)
        if key not in self._modules:
            self._modules[key] = included([name], base)[name]
        return self._modules[key]


def _digest(name: str, base: str) -> str:
    try:
        with open(include_files(name, base)[1], encoding="ascii") as stream:
            return stream.readline()
    except (OSError, UnicodeDecodeError):
        return f"{name} {base}"  # an older form of package
