"""zsh, 5.0 and later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.base import Shell, single_quoted

if TYPE_CHECKING:
    from pathlib import Path


class Zsh(Shell):
    """Finds our ``.zshenv`` through ZDOTDIR; all that follows is the user's own and read as ever.

    Only that first file is ours. ZDOTDIR has its own value again when the system's ``zshrc`` is
    read, which on macOS derives the history file from it and on Ubuntu the completion dump.
    """

    names = ("zsh",)
    script_file = "zsh/.zshenv"
    detour = "ZDOTDIR"
    completion_file = "complete.zsh"

    def quote(self, text: str) -> str:
        """In single quotes, where zsh changes nothing."""
        return single_quoted(text)

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("-i",), {"ZDOTDIR": str(script.parent)}

    def _script_options(self) -> tuple[str, ...]:
        return ("-f",)
