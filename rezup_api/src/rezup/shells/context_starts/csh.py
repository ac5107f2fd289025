"""tcsh, and csh where it is tcsh or the one of BSD."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.actions import Error
from rezup.shells.base import Launch
from rezup.shells.context_starts.base import (
    Entry,
    below_home,
    in_order,
    prompt_mark,
    unfinished,
    write_private,
)
from rezup.shells.escaped import literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart

# What tcsh looks for in its prompt: formats, the history number, escapes in two spellings.
_PROMPT_CODES = str.maketrans({"%": "%%", "!": "\\!", "\\": "\\\\", "^": "\\^", "\n": "\\n"})
# The prompt that Rez takes for the user's, and how it is kept.
_PLAIN_PROMPT = "[%m %c]%# "
# The system's own file, which nobody can be spared.
_OF_THE_SYSTEM = "if (-r /etc/csh.cshrc) source /etc/csh.cshrc"


class CshEntry(Entry):
    """Our ``.cshrc`` is found through HOME; a command runs from a file of ours, with nothing read before."""

    name = "csh"
    extension = "csh"
    without = ("rcfile",)
    completion_file = "complete.csh"
    end_mark = "set _rezup_ran = 1"

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """As Rez sources for it: the user's files of every kind for a command, the first one otherwise."""
        quote = self.code().quote
        variables = self.prompt_variable(start, environ)
        usual = [] if start.norc else below_home(environ, ".tcshrc")[:1] or below_home(environ, ".cshrc")
        if start.command is not None:
            if not start.norc:
                usual += below_home(environ, ".login", ".cshdirs")
            lines = in_order(start, self._context(start), [f"source {quote(file)}" for file in usual])
            lines += [*self._prompt_lines(start, environ), start.command, "exit $status"]
            path = self._write(start, "command.csh", [_OF_THE_SYSTEM, *lines])
            return Launch((start.executable, "-f", path), variables)
        home = environ.get("HOME")
        lines = ["unsetenv HOME", "unset home"]
        if home is not None:
            # This sets `home` as well; `set home` would look for files and commands in what it holds.
            lines = [f"setenv HOME {quote(home)}"]
        files = [f"source {quote(file)}" for file in usual]
        last = self._prompt_lines(start, environ)
        variables["HOME"] = start.folder
        if start.stdin:
            self._write(start, ".cshrc", [*lines, *in_order(start, self._at_prompt(start), files), *last])
            # Not by -s alone: csh goes on to stdin if its start-up files end in an error. A terminal is
            # a prompt all the same, and a socket is no file that could be read.
            lines.insert(0, f"if (-t 0 || -S /dev/stdin) exec {quote(start.executable)} -s")
            lines += [_OF_THE_SYSTEM, *in_order(start, self._context(start), files), *last]
            path = self._write(start, "stdin.csh", [*lines, "source /dev/stdin", "exit $status"])
            return Launch((start.executable, "-f", path), variables)
        completion = self.completion(start)
        last += [f"source {quote(completion)}"] if completion else []
        last += self.welcome(start)
        self._write(start, ".cshrc", [*lines, *in_order(start, self._at_prompt(start), files), *last])
        return Launch((start.executable, "-i"), variables)

    def _context(self, start: ContextStart) -> str:
        """The statements that read the context, and leave a script unless it ran to its end."""
        source = f"source {self.code().quote(self.context_file(start))}"
        check = ["if ($_rezup_ran != 1) then", self._complaint(start), "exit 1", "endif", "unset _rezup_ran"]
        return "\n".join(["set _rezup_ran = 0", source, *check])

    def _at_prompt(self, start: ContextStart) -> str:
        """The same in a start-up file: an error ends the file alone, so that the first prompt has to look."""
        quote = self.code().quote
        path = self._write(start, "unfinished.csh", [self._complaint(start)])
        condition = "if ($?_rezup_unfinished)"
        guard = f"{condition} source {quote(path)}; {condition} exit 1; unalias precmd"
        return "\n".join([
            "set _rezup_ran = 0 _rezup_unfinished",
            f"alias precmd {quote(guard)}",
            f"source {quote(self.context_file(start))}",
            "if ($_rezup_ran != 1) exit 1",
            "unset _rezup_ran _rezup_unfinished",
        ])  # fmt: skip

    def _complaint(self, start: ContextStart) -> str:
        text = literal(unfinished(self.context_file(start)))
        return self.code().write([Error(text)]).removesuffix("\n")

    def _write(self, start: ContextStart, name: str, lines: list[str]) -> str:
        path = os.path.join(start.folder, name)
        write_private(path, "\n".join([*lines, ""]))
        return path

    def _prompt_lines(self, start: ContextStart, environ: Mapping[str, str]) -> list[str]:
        if not (start.set_prompt and start.prompt):
            return []
        quote = self.code().quote
        mark = prompt_mark(start, environ)
        mark = quote(mark.translate(_PROMPT_CODES))
        stored = quote(f'"{_PLAIN_PROMPT}"')
        lines = [f"if (! $?REZ_STORED_PROMPT_CSH) setenv REZ_STORED_PROMPT_CSH {stored}"]
        if start.command is None:
            # Rez keeps the same text in the variable, whatever the user's prompt is, and shows that.
            lines.append(f"if (! $?prompt) set prompt = {quote(_PLAIN_PROMPT)}")
            own = '"$prompt:q"'
            value = f"{mark}' '{own}" if start.prefix_prompt else f"{own}' '{mark}"
            lines.append(f"set prompt = {value}")
        return lines
