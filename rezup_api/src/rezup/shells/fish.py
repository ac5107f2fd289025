"""fish, 3.1 and later (3.4 and later for running scripts)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.base import Shell, checked

if TYPE_CHECKING:
    from pathlib import Path


class Fish(Shell):
    """Runs our script as the first command, after all configuration.

    Rez has no completion script for fish. Ours asks ``_rez-complete``, as Rez's scripts do, and
    is only active where Rez brings its own for another shell.
    """

    names = ("fish",)
    script_file = "fish.fish"
    completion_file = "complete.sh"

    def quote(self, text: str) -> str:
        """In single quotes; fish knows two escapes in them."""
        return "'" + checked(text).replace("\\", "\\\\").replace("'", "\\'") + "'"

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("-i", "-C", "source $_REZUP_SCRIPT"), {"_REZUP_SCRIPT": str(script)}

    def _script_options(self) -> tuple[str, ...]:
        return ("--no-config",)
