"""Starting a shell in a Rez context: the user's start-up files, the context, then a prompt or a command.

The shell takes the place of this process, so nothing wraps it. What is needed on the way is written
into a private folder, which the caller makes, and which has to stay as long as the shell does: the
variable REZ_CONTEXT_FILE leads into it.

Start-up files are those that Rez sources in each case, each read once. Rez puts them behind the
context unless its setting ``package_commands_sourced_first`` says otherwise.

Where this differs from Rez: there is no shell around the shell, so SHLVL is smaller; variables that
lead a shell to our file (ZDOTDIR, ENV, HOME) get their own value back; zsh reads the files of the
user's ZDOTDIR in its own order, and a context's code also for ``--stdin``, ``--rcfile``; tcsh reads
``.cshrc`` where there is no ``.tcshrc``; dash's prompt has no codes in it that dash doesn't know.
fish, which Rez doesn't have, reads its configuration before the context in any case.
Where a context can't be read or does not run to its end, the shell says so and ends with a status that
is not 0, instead of going on in half an environment (not in PowerShell and cmd).
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.shells.registry import loaded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.base import Launch
    from rezup.shells.context_starts.base import Entry


class ContextStart(NamedTuple):
    """What a start needs to know."""

    executable: str
    """The shell's program."""
    folder: str
    """A folder of the user's own, which exists; files in it are written over."""
    code: str
    """The context in the shell's language, see :func:`rezup.shells.code.code_for`."""
    command: str | None = None
    """A line of the shell to run instead of being interactive; if empty, none is run and the shell ends."""
    stdin: bool = False
    """Read commands from stdin, without being interactive."""
    rcfile: str | None = None
    """Read this file in place of the user's start-up files."""
    norc: bool = False
    """Read no start-up files of the user's."""
    quiet: bool = False
    """Show no welcome."""
    welcome: str = ""
    """Text to show before the first prompt."""
    prompt: str | None = None
    """What REZ_ENV_PROMPT grows by (Rez's ``plugins.shell.NAME.prompt``); None: as Rez has it for this
    shell; if empty, neither the variable nor the prompt is touched."""
    set_prompt: bool = True
    """Whether REZ_ENV_PROMPT is shown in the prompt (Rez's setting of that name)."""
    prefix_prompt: bool = True
    """Whether that is before the user's prompt, or behind it (Rez's setting of that name)."""
    commands_first: bool = True
    """Whether the context comes before the start-up files (Rez's ``package_commands_sourced_first``)."""
    completion_folder: str | None = None
    """Holds Rez's ``complete.sh``, ``complete.zsh`` and ``complete.csh``; what is missing is left out."""
    aliases: Mapping[str, str] = {}
    """The context's aliases, for cmd, which doesn't know its own while it runs a file."""


class ContextLaunch(NamedTuple):
    """A shell ready to be started."""

    launch: Launch
    """What to run, and in which environment."""
    notices: tuple[str, ...] = ()
    """Which options have no effect, a line each."""


def context_file(shell: str, folder: str) -> str:
    """The file that the context's code goes to; REZ_CONTEXT_FILE in the code has to name it.

    :raises LaunchError: there is no such shell
    """
    return os.path.join(folder, f"context.{_entry(shell).extension}")


def start_in_context(shell: str, start: ContextStart, environ: Mapping[str, str]) -> ContextLaunch:
    """Write what the shell has to read, and say how it is started.

    :param shell: name or path of its program
    :param environ: the environment that the shell is to have, but for what the launch changes
    :raises LaunchError: there is no such shell, or it can't run such a command
    :raises OSError: the folder can't be written to
    """
    return _entry(shell).start(start, environ, os.path.basename(shell))


def _entry(shell: str) -> Entry:
    entry: Entry = loaded(shell, "rezup.shells.context_starts", "Entry")()
    return entry
