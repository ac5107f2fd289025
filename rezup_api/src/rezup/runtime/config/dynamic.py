"""Settings that look at the machine where nobody sets them."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from rezup.system import identity

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


def _temporary(environ: Mapping[str, str]) -> str:
    return identity.temporary_folder(environ)


def _terminal(environ: Mapping[str, str]) -> str | None:
    if sys.platform == "win32":
        return "START"
    more = () if sys.platform == "darwin" else ("konsole",)
    names = ("x-terminal-emulator", "xterm", *more)
    found = identity.first_program(names, environ)
    if found is None:
        return None
    name = os.path.basename(found)
    return f"{name} -hold -e" if name == "xterm" else f"{name} --noclose -e"


def _editor(environ: Mapping[str, str]) -> str | None:
    if sys.platform in ("win32", "darwin"):
        return "" if sys.platform == "win32" else "open"
    named = environ.get("EDITOR")
    return named if named is not None else identity.first_program(("vi", "vim", "xdg-open"), environ)


def _viewer(environ: Mapping[str, str]) -> str | None:
    if sys.platform in ("win32", "darwin"):
        return "" if sys.platform == "win32" else "open"
    return identity.first_program(("xdg-open", "eog", "kview"), environ)


def _difftool(environ: Mapping[str, str]) -> str | None:
    names = {"win32": ("meld", "fc"), "darwin": ("meld", "diff")}
    return identity.first_program(names.get(sys.platform, ("kdiff3", "meld", "diff")), environ)


def _new_session(environ: Mapping[str, str]) -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": 0x00000010}
    return {"preexec_fn": os.setpgrp}


BY_MACHINE: dict[str, Callable[[Mapping[str, str]], Any]] = {
    "context_tmpdir": _temporary,
    "difftool": _difftool,
    "editor": _editor,
    "image_viewer": _viewer,
    "new_session_popen_args": _new_session,
    "terminal_emulator_command": _terminal,
    "tmpdir": _temporary,
}


def thread_count(value: Any, environ: Mapping[str, str]) -> Any:
    """The number of build threads, where the setting names it by a word."""
    if value == "physical_cores":
        return identity.physical_cores(environ)
    return identity.logical_cores() if value == "logical_cores" else value
