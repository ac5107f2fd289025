"""What every shell can do, and the data that goes in and out."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: The text that marks the prompt; set by the user beforehand, or by us.
PROMPT_VARIABLE = "REZUP_PROMPT"

#: Every private parameter of a start-up script; one that a shell has no use for is removed.
PARAMETERS = (
    "_REZUP_BIN",
    "_REZUP_COMPLETION",
    "_REZUP_ENV",
    "_REZUP_HOME",
    "_REZUP_LINE",
    "_REZUP_PROMPT",
    "_REZUP_SCRIPT",
    "_REZUP_ZDOTDIR",
)


class Startup(NamedTuple):
    """What an interactive start needs to know."""

    executable: str
    """The shell's program."""
    prompt: str
    """Marks the prompt, e.g. ``"rezup (foo/local) "``, unless the user's REZUP_PROMPT says otherwise."""
    bin_folders: tuple[str, ...] = ()
    """Stand first on PATH, in this order, also after the user's own start-up files were read."""
    completion_folder: Path | None = None
    """Holds Rez's ``complete.sh``, ``complete.zsh`` and ``complete.csh``; what is missing is left out."""


class Launch(NamedTuple):
    """A command, and what has to change in the environment it is run with."""

    argv: tuple[str, ...]
    """Program and arguments, each exactly as the program is to receive it."""
    environment: Mapping[str, str | None] = {}
    """Variables to set; those that are None are to be removed."""

    def apply(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The whole environment of the command, made from the one it would have had."""
        merged: dict[str, str | None] = {**environ, **self.environment}
        return {name: value for name, value in merged.items() if value is not None}


class Shell(ABC):
    """One kind of shell; it holds no state."""

    names: ClassVar[tuple[str, ...]]
    """Names of its program, the usual one first."""
    script_file: ClassVar[str]
    """Its start-up script, below ``scripts/``."""
    completion_file: ClassVar[str | None] = None
    """Rez's completion script for it, if Rez has one."""
    detour: ClassVar[str | None] = None
    """A variable of the user's that has to lead to our script; the script gets the true value to restore."""
    prompt_codes: ClassVar[dict[str, str] | None] = None
    """How to write what means something in a prompt, for a shell whose script can't find that out itself."""

    def interactive(self, startup: Startup, environ: Mapping[str, str]) -> Launch:
        """Start it for a person: their own start-up files, then PATH, completion and prompt.

        :param environ: the composed environment, PATH and all
        """
        # Left over from an outer start that went wrong; a script must not take one for its own.
        variables: dict[str, str | None] = {name: None for name in PARAMETERS if name in environ}
        text = variables[PROMPT_VARIABLE] = prompt_text(startup.prompt, environ)
        if self.prompt_codes is not None:
            variables["_REZUP_PROMPT"] = "".join(self.prompt_codes.get(each, each) for each in text)
        if startup.bin_folders:
            variables["_REZUP_BIN"] = os.pathsep.join(startup.bin_folders)
        completion = self._completion(startup)
        if completion is not None:
            variables["_REZUP_COMPLETION"] = str(completion)
        if self.detour is not None and self.detour in environ:
            variables[f"_REZUP_{self.detour}"] = environ[self.detour]
        from pathlib import Path

        arguments, own = self._start(Path(__file__).with_name("scripts") / self.script_file)
        return Launch((startup.executable, *arguments), {**variables, **own})

    def script(self, executable: str, script: Path | str, arguments: Sequence[str] = ()) -> Launch:
        """Run a script file with arguments, without the user's start-up files where that can be had."""
        return Launch((executable, *self._script_options(), local_path(script), *arguments))

    @abstractmethod
    def quote(self, text: str) -> str:
        """One argument as it has to be written on the shell's command line.

        :raises ValueError: the shell can't pass such a text (a null character, to begin with)
        """

    @abstractmethod
    def _start(self, script: Path) -> tuple[tuple[str, ...], dict[str, str]]:
        """Arguments, and variables to set, that make the shell read `script` interactively."""

    def _script_options(self) -> tuple[str, ...]:
        """Options before the name of a script."""
        return ()

    def _completion(self, startup: Startup) -> Path | None:
        if startup.completion_folder is None or self.completion_file is None:
            return None
        path = startup.completion_folder / self.completion_file
        return path if path.is_file() else None


def prompt_text(default: str, environ: Mapping[str, str]) -> str:
    """The text that marks the prompt: the user's REZUP_PROMPT, else the default."""
    return (environ.get(PROMPT_VARIABLE) or default).replace("{linebreak}", "\n")


def local_path(script: Path | str) -> str:
    """A script's path that no shell takes for an option or looks up on PATH."""
    path = os.fspath(script)
    return path if os.path.dirname(path) else os.path.join(os.curdir, path)


def checked(text: str) -> str:
    """The text itself, if a process can receive it as an argument.

    :raises ValueError: it holds a null character
    """
    if "\0" in text:
        raise ValueError("an argument can't hold a null character")
    return text


def single_quoted(text: str) -> str:
    """Quoted for every shell of the Bourne family.

    Always, even where it looks needless: zsh gives a meaning to a leading ``=``, for one.
    """
    return "'" + checked(text).replace("'", "'\\''") + "'"
