"""The folders in which a bare shell looks for programs: what it takes for PATH where there is none."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

_MARK = "__PATHS_"

#: How a shell is asked without any start-up file; fish keeps a list, csh splits its own. Rez asks `sh` as
#: if it were bash: dash refuses, and has no folders of its own then.
_QUESTIONS = {
    "bash": ("--norc", "--noprofile", "-c", f'echo "{_MARK}:$PATH"'),
    "csh": ("-f", "-c", f'echo "{_MARK}:$PATH"'),
    "dash": ("-c", f'echo "{_MARK}:$PATH"'),
    "fish": ("--no-config", "-c", f'echo "{_MARK}:"(string join : $PATH)'),
    "sh": ("--noprofile", "-c", f'echo "{_MARK}:$PATH"'),
    "tcsh": ("-f", "-c", f'echo "{_MARK}:$PATH"'),
    "zsh": ("-f", "-c", f'echo "{_MARK}:$PATH"'),
}


#: Files that a shell reads all the same, by shell.
READ_ANYWAY = {"zsh": ("/etc/zshenv", "/etc/zsh/zshenv")}


class Answer(NamedTuple):
    """What a shell said."""

    paths: tuple[str, ...]
    """Its folders, then those of the operating system as far as they aren't among them."""
    is_certain: bool
    """Whether it answered; it may be ill for a moment only."""


def system_paths(shell: str, executable: str, environ: Mapping[str, str]) -> Answer:
    """Ask a shell.

    :param shell: a known name, see `rezup.shells.registry`
    :param executable: its program
    :param environ: what the shell is given, without PATH
    """
    question = _QUESTIONS.get("dash" if shell == "ash" else shell)
    found: list[str] = []
    is_certain = question is None
    if question is not None:
        from rezup.errors import ProcessError
        from rezup.system.processes import run

        bare = {name: value for name, value in environ.items() if name not in ("PATH", "ENV", "BASH_ENV")}
        try:
            output = run([executable, *question], environment=bare, separate_errors=True, timeout=10).output
            is_certain = f"{_MARK}:" in output
        except ProcessError as error:
            output = ""
            is_certain = shell == "sh" and error.status == 2  # dash, which refuses each time
        for line in output.splitlines():
            if line.startswith(f"{_MARK}:"):
                found = line.split(os.pathsep)[1:]
    found += [path for path in os.defpath.split(os.pathsep) if path not in found]
    return Answer(tuple([path for path in found if path]), is_certain)
