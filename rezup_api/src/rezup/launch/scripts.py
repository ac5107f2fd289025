"""`--do SCRIPT`: which program runs a script; no string is ever split or given to a shell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import LaunchError
from rezup.shells.base import Launch

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.containers.revision import Revision


def launch_for(
    script: str, arguments: Sequence[str], revision: Revision, environment: Mapping[str, str]
) -> Launch:
    """How a script or command is run.

    An executable file that names its own interpreter runs as it is, else its suffix decides; a
    bare name is looked up on the container's PATH.

    :raises LaunchError: there is no such thing, or nothing here can run it
    """
    import shutil

    path = Path(script)
    if _is_file(path):
        # A path without a separator would be looked up on PATH.
        return _of_a_file(path.absolute(), arguments, revision, environment)
    if script and os.path.basename(script) == script and shutil.which(script, path=environment.get("PATH")):
        return Launch((script, *arguments))
    raise LaunchError(
        f"{ascii(script)[1:-1]} can't be run",
        context="there is no such file, and no such command in the container",
        hint="to run a command with arguments, write it after `--`",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError) as error:  # too long a name, a folder that can't be read, a NUL
        raise LaunchError(
            f"{ascii(str(path))[1:-1][:200]} can't be run",
            context=getattr(error, "strerror", None) or str(error),
            hint="name a script that can be read",
        ) from error


def _of_a_file(
    script: Path, arguments: Sequence[str], revision: Revision, environment: Mapping[str, str]
) -> Launch:
    if os.name != "nt" and os.access(script, os.X_OK) and _is_program(script):
        return Launch((str(script), *arguments))
    suffix = script.suffix.lower()
    if suffix == ".py":  # nothing is written into a revision
        return Launch((str(revision.python), "-B", str(script), *arguments))
    if suffix in _SHELLS:
        return _in_a_shell(script, arguments, _SHELLS[suffix], environment)
    if os.name == "nt" and suffix in (".exe", ".com"):
        return Launch((str(script), *arguments))
    raise LaunchError(
        f"{ascii(script.name)[1:-1]} can't be run",
        context="it is no executable with a `#!` line, and its suffix names no known kind of script",
        hint="make it executable (chmod +x), or name it .sh or .py",
    )


def _in_a_shell(
    script: Path, arguments: Sequence[str], shells: tuple[str, ...], environment: Mapping[str, str]
) -> Launch:
    import shutil

    from rezup.shells.registry import shell_named

    name = ascii(script.name)[1:-1]
    for shell in shells:
        found = shutil.which(shell, path=environment.get("PATH"))
        if found is None:
            continue
        try:
            return shell_named(shell).script(found, script, arguments)
        except ValueError as error:  # cmd, whose arguments are a line of text
            raise LaunchError(f"{name} can't be given its arguments", context=str(error)) from error
    raise LaunchError(
        f"{name} can't be run here",
        context=f"{script.suffix} files need {' or '.join(shells)}, which is not on this machine",
        hint="write it for this platform, for example as .sh or .py",
    )


def _is_program(path: Path) -> bool:
    """A script with a shebang, or a binary: not a text that only has the executable bit."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError:
        return False
    return head[:2] == b"#!" or head == b"\x7fELF" or head in _MACH_O


#: What runs files of these suffixes.
_SHELLS = {
    ".sh": ("sh",), ".bash": ("bash",), ".zsh": ("zsh",), ".fish": ("fish",), ".csh": ("csh", "tcsh"),
    ".tcsh": ("tcsh",), ".ps1": ("pwsh", "powershell"), ".bat": ("cmd",), ".cmd": ("cmd",),
}  # fmt: skip

_MACH_O = frozenset(
    bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe")
)
