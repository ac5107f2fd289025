"""PowerShell 7 on every platform, and the 5.1 that comes with Windows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.shells.base import Shell, checked

if TYPE_CHECKING:
    from pathlib import Path

# Typographic quotes end a PowerShell string as well as the straight one does.
_QUOTES = re.compile("(['\u2018\u2019\u201a\u201b])")


class PowerShell(Shell):
    """Runs our script as the first command, after all profiles.

    The script's text is evaluated instead of its file being run, as the execution policy of a
    Windows machine may forbid the latter, and it is not ours to loosen it.
    """

    names = ("pwsh", "powershell")
    script_file = "powershell.ps1"

    def quote(self, text: str) -> str:
        """In single quotes; PowerShell knows doubled quotes in them and nothing else."""
        return "'" + _QUOTES.sub(r"\1\1", checked(text)) + "'"

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        command = "Invoke-Expression (Get-Content -Raw -LiteralPath $env:_REZUP_SCRIPT)"
        return ("-NoLogo", "-NoExit", "-Command", command), {"_REZUP_SCRIPT": str(script)}

    def _script_options(self) -> tuple[str, ...]:
        # -File hands arguments over literally and returns the script's own exit status.
        return ("-NoLogo", "-NoProfile", "-File")
