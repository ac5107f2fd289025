"""cmd.exe, the command prompt of Windows.

cmd parses its own command line by rules that no list of arguments survives, so the text to run
is put into a variable, which cmd replaces before it looks for quotes. What is left on the command
line needs no quoting at all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.shells.base import Launch, Shell, checked, local_path

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# The codes of the PROMPT variable for what would otherwise be a code or an operator.
_PROMPT_CODES = {
    "$": "$$",
    "&": "$A",
    "|": "$B",
    "(": "$C",
    ")": "$F",
    ">": "$G",
    "<": "$L",
    "\n": "$_",
}


class Cmd(Shell):
    """Runs our batch file and stays; the AutoRun command of the registry came before it."""

    names = ("cmd",)
    script_file = "cmd.bat"
    prompt_codes = _PROMPT_CODES

    def script(self, executable: str, script: Path | str, arguments: Sequence[str] = ()) -> Launch:
        """Run a batch file, without AutoRun; its exit status is cmd's."""
        line = " ".join(map(self.quote, (local_path(script), *arguments)))
        return Launch((executable, "/D", "/C", "%_REZUP_LINE%"), {"_REZUP_LINE": line})

    def quote(self, text: str) -> str:
        """Quoted for the program, then every character that cmd gives a meaning to behind a caret.

        Right on a command line; in a batch file a percent sign has to be doubled as well.

        :raises ValueError: a line break, which cmd can't pass
        """
        if re.search(r"[\r\n]", checked(text)):
            raise ValueError("cmd can't pass an argument with a line break")
        # Backslashes are literal to a program, except those that stand before a double quote.
        inner = re.sub(r'(\\*)"', r'\1\1\\"', text)
        inner = re.sub(r"(\\+)\Z", r"\1\1", inner)
        return re.sub(r'([()%!^"<>&|])', r"^\1", f'"{inner}"')

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("/K", "%_REZUP_SCRIPT%"), {"_REZUP_SCRIPT": f'"{script}"'}
