"""`--do SCRIPT`: which program runs a script; no string is ever split or given to a shell."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.errors import LaunchError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.containers.revision import Revision


def arguments_for(
    script: str, arguments: Sequence[str], revision: Revision, environment: Mapping[str, str]
) -> list[str]:
    """The argument list that runs a script or command.

    An executable file that names its own interpreter runs as it is, else its suffix decides; a
    bare name is looked up on the container's PATH.

    :raises LaunchError: there is no such thing, or nothing here can run it
    """
    import shutil

    path = Path(script)
    if _is_file(path):
        # A path without a separator would be looked up on PATH.
        return [*_runner(path.absolute(), revision, environment), *arguments]
    if script and os.path.basename(script) == script and shutil.which(script, path=environment.get("PATH")):
        return [script, *arguments]
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


def _runner(script: Path, revision: Revision, environment: Mapping[str, str]) -> list[str]:
    import shutil

    if os.name != "nt" and os.access(script, os.X_OK) and _is_program(script):
        return [str(script)]
    suffix = script.suffix.lower()
    if suffix == ".py":
        return [str(revision.python), "-B", str(script)]  # nothing is written into a revision
    candidates: dict[str, list[list[str]]] = {
        ".sh": [["sh"]],
        ".bash": [["bash"]],
        ".ps1": [["pwsh", "-NoProfile", "-File"], ["powershell", "-NoProfile", "-File"]],
        ".bat": [["cmd", "/D", "/C"]],
        ".cmd": [["cmd", "/D", "/C"]],
    }
    for command in candidates.get(suffix, []):
        found = shutil.which(command[0], path=environment.get("PATH"))
        if found:
            return [found, *command[1:], str(script)]
    if suffix in candidates:
        programs = " or ".join(command[0] for command in candidates[suffix])
        raise LaunchError(
            f"{script.name} can't be run here",
            context=f"{suffix} files need {programs}, which is not on this machine",
            hint="write it for this platform, for example as .sh or .py",
        )
    if os.name == "nt" and suffix in (".exe", ".com"):
        return [str(script)]
    raise LaunchError(
        f"{script.name} can't be run",
        context="it is no executable with a `#!` line, and its suffix names no known kind of script",
        hint="make it executable (chmod +x), or name it .sh or .py",
    )


def _is_program(path: Path) -> bool:
    """A script with a shebang, or a binary: not a text that only has the executable bit."""
    try:
        with path.open("rb") as stream:
            head = stream.read(4)
    except OSError:
        return False
    return head[:2] == b"#!" or head == b"\x7fELF" or head in _MACH_O


_MACH_O = frozenset(
    bytes.fromhex(magic) for magic in ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe")
)
