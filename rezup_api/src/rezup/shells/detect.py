"""Which shell to open: the user's own, as far as it can be told.

In this order: REZUP_DEFAULT_SHELL (a name or a path), the shell that rezup was started from, SHELL,
and at last ``/bin/sh``, or on Windows COMSPEC. One that isn't installed, or isn't known, is passed
over; what was passed over is part of the reason.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import LaunchError
from rezup.shells.registry import canonical_name, known_names
from rezup.system.ancestors import ancestors

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

#: Overrides all detection.
VARIABLE = "REZUP_DEFAULT_SHELL"

#: Programs that are shells, also those that we don't support.
_SHELLS = frozenset(
    [
        "ash", "bash", "cmd", "csh", "dash", "elvish", "fish", "ksh", "nu", "powershell", "pwsh", "sh",
        "tcsh", "xonsh", "zsh",
    ]
)  # fmt: skip

#: Programs that run others for another processor; what they run follows.
_EMULATORS = ("rosetta", "qemu-")


class ShellChoice(NamedTuple):
    """The shell to open."""

    name: str
    """A known name, see :func:`rezup.shells.registry.shell_named`."""
    executable: str
    """Path of its program."""
    reason: str
    """Why this one, in one line, with what was passed over."""


def detect(
    environ: Mapping[str, str],
    *,
    parent: Callable[[], str | None] | None = None,
    windows: bool | None = None,
) -> ShellChoice:
    """Choose a shell.

    :param parent: finds the program of the shell that started us; `parent_shell` does by default
    :param windows: whether this is Windows; asks Python by default
    :raises LaunchError: REZUP_DEFAULT_SHELL names an unknown shell, or there is none at all
    """
    windows = os.name == "nt" if windows is None else windows
    passed_over = []
    for source, program in _candidates(environ, parent or parent_shell, windows=windows):
        name = canonical_name(program)
        if name is None:
            if source == VARIABLE:
                raise LaunchError(
                    f"{VARIABLE} names an unknown shell: {program}",
                    hint=f"known shells: {', '.join(known_names())}",
                )
            passed_over.append(f"{source}: {program} is not supported")
            continue
        executable = _find(program, environ)
        if executable is not None:
            return ShellChoice(name, executable, "; ".join([source, *passed_over]))
        passed_over.append(f"{source}: {program} is not installed")
    raise LaunchError(
        "no shell found",
        context="; ".join(passed_over),
        hint=f"set {VARIABLE} to the path of one of: {', '.join(known_names())}",
    )


def parent_shell() -> str | None:
    """The shell among the processes that started this one, or None if there is none to be found."""
    try:
        for ancestor in ancestors():
            shell = _shell(ancestor.words, ancestor.program)
            if shell is not None:
                return shell
    except (OSError, ValueError):  # not Linux, or we may not look
        return _told_by_the_system()
    return None


def _shell(words: list[str], program: str) -> str | None:
    """The shell's program, if a process of this command line, and that runs this program, is one."""
    if not words:
        return None
    name = os.path.basename(words[0]).lower()
    if name.startswith(_EMULATORS):
        return _shell(words[1:], "")
    if words[0].startswith("-"):  # a login shell; or any tcsh, which writes a dash over the first letter
        return program if canonical_name(program) == "tcsh" else words[0][1:]
    if name.startswith("python"):  # which some shells are written in
        return next((word for word in words[1:] if os.path.basename(word) == "xonsh"), None)
    return words[0] if name in _SHELLS else None


def _told_by_the_system() -> str | None:
    import shellingham  # type: ignore[import-untyped]  # it brings no types

    try:
        return str(shellingham.detect_shell()[1])
    except (shellingham.ShellDetectionFailure, RuntimeError, OSError, ValueError, LookupError):
        # It parses what the operating system tells, and what that can look like is not bounded.
        return None


def _candidates(
    environ: Mapping[str, str], parent: Callable[[], str | None], *, windows: bool
) -> Iterator[tuple[str, str]]:
    if chosen := environ.get(VARIABLE, "").strip():
        yield VARIABLE, chosen
    if found := parent():
        yield "the shell that rezup was started from", found
    if usual := environ.get("SHELL", ""):
        yield "SHELL", usual
    if not windows:
        yield "the default", "/bin/sh"
        return
    if command := environ.get("COMSPEC", ""):
        yield "COMSPEC", command
    yield "the default", "cmd.exe"


def _find(program: str, environ: Mapping[str, str]) -> str | None:
    # A login shell is told by a dash before its name.
    return find_program(os.path.expanduser(program.lstrip("-")), environ)


def find_program(program: str, environ: Mapping[str, str]) -> str | None:
    """The path of a program given by name or path; None where there is none."""
    if os.name == "nt":
        import shutil

        return shutil.which(program, path=environ.get("PATH", os.defpath))  # tries the known suffixes
    # What it does elsewhere; to load it takes longer.
    folders = [""] if os.path.dirname(program) else environ.get("PATH", os.defpath).split(os.pathsep)
    for folder in folders:
        path = os.path.join(folder, program)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            return path
    return None
