"""What of running commands depends on the shell that they are for."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

#: How variables are referred to; one group holds the name. Rez looks no further than the letters at the
#: beginning of a name without braces: ``$A1`` is the variable A, and a 1 behind it.
REFERENCE = r"\$\{([^{}]+?)\}|\$([a-zA-Z_]+)"
_POWERSHELL = r"\$[Ee][Nn][Vv]:([a-zA-Z_]+)|\$\{[Ee][Nn][Vv]:([a-zA-Z_]+[a-zA-Z0-9_]*?)\}|" + REFERENCE


class Dialect(NamedTuple):
    """The ways of one kind of shell, as far as they show before its text is written."""

    separator: str = os.pathsep
    """Stands between paths."""
    reference: str = REFERENCE
    """A pattern of what refers to variables."""
    expands: bool = False
    """Whether values are told with all variables in them replaced, for shells that can't be trusted to."""
    joins: bool = True
    """Whether the shell puts a value before or behind another itself."""
    normalized: Callable[[str], str] | None = None
    """Makes a path one of that shell; None where every path is."""

    def path(self, path: str) -> str:
        """A path, or a list of them, in the form of this shell."""
        return path if self.normalized is None else self.normalized(path)


def _windows(path: str) -> str:
    return path.replace("/", "\\")


def _git_bash(path: str) -> str:
    if path[1:3] == ":\\" and path[0].isalpha():
        path = f"/{path[0]}/{path[3:]}"
    return path.replace("\\", "/")


def dialect_of(shell: str, platform: str = "linux") -> Dialect:
    """That of a shell by its name; unknown ones are taken for a POSIX shell.

    :param platform: as Rez names it: "linux", "osx" or "windows"
    """
    is_windows = platform == "windows"
    if shell == "cmd":
        return Dialect(expands=True, joins=False, normalized=_windows)
    if shell in ("powershell", "pwsh"):
        normalized = _windows if is_windows else None
        return Dialect(reference=_POWERSHELL, expands=True, normalized=normalized)
    if is_windows and shell in ("gitbash", "bash", "sh", "zsh"):
        return Dialect(separator=":", normalized=_git_bash)
    return Dialect()
