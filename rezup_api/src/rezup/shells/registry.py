"""The shells by name; a module is loaded when its shell is asked for."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rezup.shells.base import Shell

# name of the program -> module below this package, class in it
_HOMES = {
    "bash": ("bash", "Bash"),
    "zsh": ("zsh", "Zsh"),
    "fish": ("fish", "Fish"),
    "sh": ("posix", "Posix"),
    "dash": ("posix", "Posix"),
    "ash": ("posix", "Posix"),
    "tcsh": ("csh", "Csh"),
    "csh": ("csh", "Csh"),
    "pwsh": ("powershell", "PowerShell"),
    "powershell": ("powershell", "PowerShell"),
    "cmd": ("cmd", "Cmd"),
}


def known_names() -> tuple[str, ...]:
    """Every name that :func:`shell_named` understands as it is."""
    return tuple(_HOMES)


def canonical_name(program: str) -> str | None:
    """The known name of a program, or None: ``/opt/bash-5.2``, ``-zsh``, ``PWSH.EXE``, ``pwsh-preview``."""
    name = re.split(r"[/\\]", program.strip())[-1].lower().lstrip("-").removesuffix(".exe")
    match = re.fullmatch(r"([a-z]+)(?:[-_.]?\d[\w.-]*|-[\w.-]+)?", name)
    return match[1] if match is not None and match[1] in _HOMES else None


def shell_named(program: str) -> Shell:
    """The shell that a program's name or path stands for.

    :raises LaunchError: there is no such shell
    """
    shell: Shell = loaded(program, "rezup.shells")()
    return shell


def loaded(program: str, package: str, ending: str = "") -> Any:
    """What a package has for a shell: the class named like the shell's own, with this ending.

    Its modules are named like those here; only the one that is needed is loaded.

    :raises LaunchError: there is no such shell
    """
    name = program if program in _HOMES else canonical_name(program)
    if name is None:
        from rezup.errors import LaunchError

        raise LaunchError(f"unknown shell {program!r}", hint=f"known shells: {', '.join(_HOMES)}")
    from importlib import import_module

    module, cls = _HOMES[name]
    return getattr(import_module(f"{package}.{module}"), cls + ending)
