"""What the starts of all shells have in common."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from rezup.shells.actions import Info
from rezup.shells.code import code_for
from rezup.shells.code.base import REFERENCE
from rezup.shells.context_start import ContextLaunch, ContextStart
from rezup.shells.escaped import literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.shells.base import Launch
    from rezup.shells.code.base import ShellCode

#: Bytes of an argument up to which a command goes onto the shell's own command line; Linux takes 131071.
_ARGUMENT_LIMIT = 100_000


class Entry(ABC):
    """The start of one kind of shell; it holds no state."""

    name: ClassVar[str]
    """The shell whose code is written."""
    extension: ClassVar[str]
    """Of the files it reads."""
    prompt: ClassVar[str] = ">"
    """What REZ_ENV_PROMPT grows by, unless configured."""
    without: ClassVar[tuple[str, ...]] = ()
    """Which of the options rcfile, norc and stdin the shell has no way to do."""
    completion_file: ClassVar[str | None] = None
    """Rez's completion script for it, if Rez has one."""
    end_mark: ClassVar[str] = ""
    """The line by which a context tells that it ran to its end, without a quote that could close an open
    one; empty for shells that aren't asked."""

    def start(self, start: ContextStart, environ: Mapping[str, str], called: str = "") -> ContextLaunch:
        """Write the files and make the launch."""
        settled, notices = self.settled(start, called or self.name)
        # Behind an empty line, as the last one of the context may end in a backslash.
        mark = f"\n{self.end_mark}\n" if self.end_mark else ""
        write_private(self.context_file(settled), settled.code + mark)
        return ContextLaunch(self.launch(settled, environ), notices)

    def settled(self, start: ContextStart, called: str) -> tuple[ContextStart, tuple[str, ...]]:
        """The start with the options that take effect, and what to say of the others."""
        notices = []
        if start.prompt is None:
            start = start._replace(prompt=self.prompt)
        for option in self.without:
            if getattr(start, option):
                notices.append(f"--{option} is ignored: {called} has no such thing")
                start = _without(start, option)
        overruled = (
            ("rcfile", "norc", start.norc),
            ("stdin", "command", start.command is not None),
            ("rcfile", "command", start.command is not None),
            ("rcfile", "stdin", start.stdin),
        )
        for option, ruling, is_given in overruled:
            if is_given and getattr(start, option):
                notices.append(f"--{option} is ignored: --{ruling} rules it out in {called}")
                start = _without(start, option)
        if start.rcfile and not rcfiles(start):
            notices.append(f"--rcfile is ignored: {called} finds no file {start.rcfile}")
        return start, tuple(notices)

    @abstractmethod
    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """Write the shell's own files, if it needs any, and say how it is started."""

    # -- what goes into the files

    def code(self) -> ShellCode:
        """The writer of the shell's language."""
        return code_for(self.name)

    def context_file(self, start: ContextStart) -> str:
        """Where the context's code is."""
        return os.path.join(start.folder, f"context.{self.extension}")

    def welcome(self, start: ContextStart) -> list[str]:
        """What shows the welcome."""
        if start.quiet or not start.welcome:
            return []
        return [self.code().write([Info(literal(start.welcome))]).removesuffix("\n")]

    def completion(self, start: ContextStart) -> str | None:
        """The path of Rez's completion script, if there is one."""
        if start.completion_folder is None or self.completion_file is None:
            return None
        path = os.path.join(start.completion_folder, self.completion_file)
        return path if os.path.isfile(path) else None

    def prompt_variable(self, start: ContextStart, environ: Mapping[str, str]) -> dict[str, str | None]:
        """REZ_ENV_PROMPT as it has to be."""
        return {"REZ_ENV_PROMPT": prompt_mark(start, environ)} if start.prompt else {}


def _without(start: ContextStart, option: str) -> ContextStart:
    if option == "rcfile":
        return start._replace(rcfile=None)
    return start._replace(norc=False) if option == "norc" else start._replace(stdin=False)


def prompt_mark(start: ContextStart, environ: Mapping[str, str]) -> str:
    """The value of REZ_ENV_PROMPT: one step more for each context around this one."""
    return environ.get("REZ_ENV_PROMPT", "") + (start.prompt or "")


def in_order(start: ContextStart, context: str, files: Iterable[str]) -> list[str]:
    """The statement that reads the context, before or behind those that read start-up files."""
    return [context, *files] if start.commands_first else [*files, context]


def unfinished(path: str) -> str:
    """What is said of a context that did not run to its end."""
    return f"rezup: the environment could not be set up: {path} did not run to its end"


def rcfiles(start: ContextStart) -> list[str]:
    """The file to read in place of the user's own, if one is named and there."""
    return existing([os.path.abspath(os.path.expanduser(start.rcfile))]) if start.rcfile else []


def existing(paths: Iterable[str]) -> list[str]:
    """Those of the files that there are."""
    return [path for path in paths if os.path.isfile(path)]


def below_home(environ: Mapping[str, str], *names: str) -> list[str]:
    """Those of the files in the user's home that there are."""
    home = environ.get("HOME") or os.path.expanduser("~")
    return existing(os.path.join(home, name) for name in names)


def named_by(environ: Mapping[str, str], variable: str) -> list[str]:
    """The file that a variable names, with ``~`` and variables in it, if it is there."""
    text = os.path.expanduser(environ.get(variable, ""))
    path = REFERENCE.sub(lambda match: environ.get(match[1] or match[2], ""), text)
    return existing([path]) if path else []


def write_private(path: str, text: str) -> None:
    """Write a file that only its owner can read; bytes that were no text are the same bytes again.

    :raises OSError: it can't be written
    """
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with open(descriptor, "w", encoding="utf-8", errors="surrogateescape", newline="") as stream:
        stream.write(text)


def run_text(executable: str, options: tuple[str, ...], text: str, path: str) -> tuple[str, ...]:
    """The command line that runs a text, from a file only if it is too long for the command line."""
    if len(os.fsencode(text)) < _ARGUMENT_LIMIT:
        return (executable, *options, "-c", text)
    write_private(path, text)
    return (executable, *options, path)
