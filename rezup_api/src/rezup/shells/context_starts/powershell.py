"""PowerShell 7 on every platform, and the 5.1 that comes with Windows.

Written from its documentation; the tests hold the text only, as no PowerShell runs there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.base import Launch
from rezup.shells.context_starts.base import Entry, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart

# The status of a program if there was one and it failed, else whether the last command went well.
_EXIT = """\
$_rezup_went_well = $?
if ((Test-Path -Path Variable:LASTEXITCODE) -and $LASTEXITCODE) { exit $LASTEXITCODE }
if (-not $_rezup_went_well) { exit 1 }
exit 0"""

_READ = "Invoke-Expression (Get-Content -Raw -Encoding UTF8 -LiteralPath $env:_REZUP_SCRIPT)"


class PowerShellEntry(Entry):
    """The text is evaluated instead of a file being run, which the policy of a machine may forbid."""

    name = "pwsh"
    extension = "ps1"
    prompt = "> $ "
    without = ("rcfile", "stdin")

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """The profiles are read before, unless `norc`; Rez can't leave them out."""
        lines = ["Remove-Item -Path Env:_REZUP_SCRIPT", start.code.removesuffix("\n")]
        if start.set_prompt and start.prompt:
            lines.append(f"function global:prompt {{ {self.code().quote(start.prompt)} }}")
        if start.command is None:
            lines += self.welcome(start)
        else:
            lines += [start.command, _EXIT] if start.command else ["exit 0"]
        path = os.path.join(start.folder, "start.ps1")
        write_private(path, "\n".join([*lines, ""]))
        options = ("-NoLogo", *(("-NoProfile",) if start.norc else ()))
        stay = ("-NoExit",) if start.command is None else ()
        return Launch((start.executable, *options, *stay, "-Command", _READ), {"_REZUP_SCRIPT": path})
