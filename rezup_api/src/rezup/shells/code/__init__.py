"""The text of each shell for what package commands do; :func:`code_for` loads a shell's writer when asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.shells.code.base import ShellCode

# name of the program -> module below this package, class in it
_HOMES = {
    "bash": ("bash", "BashCode"),
    "zsh": ("zsh", "ZshCode"),
    "fish": ("fish", "FishCode"),
    "sh": ("posix", "PosixCode"),
    "dash": ("posix", "PosixCode"),
    "ash": ("posix", "PosixCode"),
    "tcsh": ("csh", "CshCode"),
    "csh": ("csh", "CshCode"),
    "pwsh": ("powershell", "PowerShellCode"),
    "powershell": ("powershell", "PowerShellCode"),
    "cmd": ("cmd", "CmdCode"),
}


def code_for(shell: str, *, executable: str = "", path_names: Sequence[str] = ()) -> ShellCode:
    """The writer of a shell's code.

    :param shell: name or path of its program
    :param executable: what the first line names, if the text has one
    :param path_names: patterns of the variables that hold paths (Rez's ``pathed_env_vars``); on
        Windows their values get backslashes
    :raises LaunchError: there is no such shell
    """
    name: str | None = shell
    if shell not in _HOMES:
        from rezup.shells.registry import canonical_name

        name = canonical_name(shell)
    if name is None:
        from rezup.errors import LaunchError

        raise LaunchError(f"unknown shell {shell!r}", hint=f"known shells: {', '.join(_HOMES)}")
    from importlib import import_module

    module, cls = _HOMES[name]
    code: ShellCode = getattr(import_module(f"rezup.shells.code.{module}"), cls)(executable, path_names)
    return code
