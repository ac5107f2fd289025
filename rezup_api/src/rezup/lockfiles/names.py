"""What lock files are called (PEP 751): ``pylock.toml``, ``pylock.NAME.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_START = "pylock."
_END = ".toml"


def lock_name(tool: str | None) -> str:
    """The file name of the lock of an isolated tool; None stands for the environment of Rez.

    The published rule allows no dot in NAME, so the dots of a tool's name become ``_``; a recipe in which
    that makes two names one is refused (`rezup.recipes`).
    """
    return f"{_START}toml" if tool is None else f"{_START}{tool.replace('.', '_')}{_END}"


def is_lock_name(name: str) -> bool:
    """True for a file name that PEP 751 gives to locks."""
    if name == lock_name(None):
        return True
    middle = name[len(_START) : -len(_END)]
    return (
        name == f"{_START}{middle}{_END}"
        and bool(middle)
        and not any(letter in "./\\:" or ord(letter) < 32 for letter in middle)
    )


def lock_path(main: Path, name: str) -> Path:
    """Where a lock lies, given where that of Rez's environment does: that file, or one beside it.

    Beside pylock.A.toml, a tool's is pylock.A-TOOL.toml: several recipes may share the folder.

    :param name: see `lock_name`
    """
    if name == lock_name(None):
        return main
    if main.name == lock_name(None):
        return main.with_name(name)
    return main.with_name(f"{main.stem}-{name.removeprefix(_START)}")
