"""sh: dash, busybox ash, or any other shell that keeps to POSIX under that name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.base import Shell, single_quoted

if TYPE_CHECKING:
    from pathlib import Path


class Posix(Shell):
    """Reads our script through ENV, as POSIX has it for interactive shells.

    The value of ENV undergoes parameter expansion, which passes any path unharmed.
    """

    names = ("sh", "dash", "ash")
    script_file = "sh.sh"
    detour = "ENV"

    def quote(self, text: str) -> str:
        """In single quotes, where a POSIX shell changes nothing."""
        return single_quoted(text)

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("-i",), {"ENV": "$_REZUP_SCRIPT", "_REZUP_SCRIPT": str(script)}
