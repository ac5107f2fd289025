"""tcsh, and csh where it is tcsh or the one of BSD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.base import Shell, checked

if TYPE_CHECKING:
    from pathlib import Path

# Written outside of quotes, each behind a backslash, so that neither history nor the variable
# `backslash_quote` changes what it means.
_OUTSIDE = frozenset("\\!'")

# What tcsh looks for in its prompt: formats, the history number, escapes in two spellings.
_PROMPT_CODES = {"%": "%%", "!": "\\!", "\\": "\\\\", "^": "\\^", "\n": "\\n"}


class Csh(Shell):
    """Finds our ``.cshrc`` through HOME, as csh has no option and no other variable for it.

    The first thing the script does is to give HOME its value back. Only the system's own
    ``csh.cshrc``, which is read before it, sees the wrong one.
    """

    names = ("tcsh", "csh")
    script_file = "csh/.cshrc"
    detour = "HOME"
    completion_file = "complete.csh"
    prompt_codes = _PROMPT_CODES

    def quote(self, text: str) -> str:
        """In single quotes, but for what csh treats as special even there."""
        parts = []
        for character in checked(text):
            if character in _OUTSIDE:
                parts.append(f"'\\{character}'")
            else:
                parts.append("\\\n" if character == "\n" else character)
        return "'" + "".join(parts) + "'"

    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        return ("-i",), {"HOME": str(script.parent)}

    def _script_options(self) -> tuple[str, ...]:
        return ("-f",)
