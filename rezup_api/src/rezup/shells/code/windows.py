"""What the shells of Windows have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.shells.escaped import EscapedString


def with_backslashes(name: str, value: EscapedString, path_names: Sequence[str]) -> EscapedString:
    """A value with backslashes for slashes in expandable parts, if the variable is one of paths."""
    if not path_names:
        return value
    from fnmatch import fnmatchcase

    if not any(fnmatchcase(name.upper(), each.upper()) for each in path_names):
        return value
    return value.formatted(lambda text: text.replace("/", "\\"))
