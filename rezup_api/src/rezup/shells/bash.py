"""bash, 3.2 (macOS) and later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.base import Shell, single_quoted

if TYPE_CHECKING:
    from pathlib import Path


class Bash(Shell):
    """Reads our script in place of ``~/.bashrc``, which the script reads; the system's own comes first."""

    names = ("bash",)
    script_file = "bash.sh"
    completion_file = "complete.sh"

    def quote(self, text: str) -> str:
        """In single quotes, where bash changes nothing."""
        return single_quoted(text)

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("--rcfile", str(script), "-i"), {}
