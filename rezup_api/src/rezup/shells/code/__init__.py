"""The text of each shell for what package commands do; :func:`code_for` loads a shell's writer when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.registry import loaded

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.shells.code.base import ShellCode


def code_for(shell: str, *, executable: str = "", path_names: Sequence[str] = ()) -> ShellCode:
    """The writer of a shell's code.

    :param shell: name or path of its program
    :param executable: what the first line names, if the text has one
    :param path_names: patterns of the variables that hold paths (Rez's ``pathed_env_vars``); on
        Windows their values get backslashes
    :raises LaunchError: there is no such shell
    """
    code: ShellCode = loaded(shell, "rezup.shells.code", "Code")(executable, path_names)
    return code
