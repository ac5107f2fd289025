"""A stand-in for the completion of Rez: its scripts in short, and the program that they ask."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FUNCTION = """_rez_complete_fn() {
    COMPREPLY=($(COMP_LINE=${COMP_LINE} COMP_POINT=${COMP_POINT} _rez-complete))
}
"""
_PROGRAM = """#!/bin/sh
echo "$COMP_LINE|$COMP_POINT" > "$HOME/asked"
echo "maya-2025 maya-2026"
"""


def write_rez_completion(scripts: Path, programs: Path, *tools: str) -> None:
    """Have tools complete to maya-2025 and maya-2026.

    What the program is asked is left in the file `asked` of HOME; csh asks none.

    :param scripts: the folder of the completion scripts
    :param programs: the folder of the program that they ask
    """
    bash = "".join(f"complete -F _rez_complete_fn {tool}\n" for tool in tools)
    zsh = "".join(f"compctl -K _rez_complete_fn {tool}\n" for tool in tools)
    csh = "".join(f"complete {tool} 'p/*/(maya-2025 maya-2026)/'\n" for tool in tools)
    (scripts / "complete.sh").write_text(_FUNCTION + bash)
    (scripts / "complete.zsh").write_text(_FUNCTION + zsh)
    (scripts / "complete.csh").write_text(csh)
    program = programs / "_rez-complete"
    program.write_text(_PROGRAM)
    program.chmod(0o755)
