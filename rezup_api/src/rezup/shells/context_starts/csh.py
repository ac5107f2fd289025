"""tcsh, and csh where it is tcsh or the one of BSD."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.base import Launch
from rezup.shells.context_starts.base import Entry, below_home, in_order, prompt_mark, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart

# What tcsh looks for in its prompt: formats, the history number, escapes in two spellings.
_PROMPT_CODES = str.maketrans({"%": "%%", "!": "\\!", "\\": "\\\\", "^": "\\^", "\n": "\\n"})
# The prompt that Rez takes for the user's, and how it is kept.
_PLAIN_PROMPT = "[%m %c]%# "


class CshEntry(Entry):
    """Our ``.cshrc`` is found through HOME; a command runs from a file of ours, with nothing read before."""

    name = "csh"
    extension = "csh"
    without = ("rcfile",)
    completion_file = "complete.csh"

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """As Rez sources for it: the user's files of every kind for a command, the first one otherwise."""
        quote = self.code().quote
        context = f"source {quote(self.context_file(start))}"
        variables = self.prompt_variable(start, environ)
        usual = [] if start.norc else below_home(environ, ".tcshrc")[:1] or below_home(environ, ".cshrc")
        if start.command is not None:
            if not start.norc:
                usual += below_home(environ, ".login", ".cshdirs")
            lines = in_order(start, context, [f"source {quote(file)}" for file in usual])
            # The system's own file, which nobody can be spared.
            lines.insert(0, "if (-r /etc/csh.cshrc) source /etc/csh.cshrc")
            lines += [*self._prompt_lines(start, environ), start.command, "exit $status"]
            path = os.path.join(start.folder, "command.csh")
            write_private(path, "\n".join([*lines, ""]))
            return Launch((start.executable, "-f", path), variables)
        home = environ.get("HOME")
        lines = ["unsetenv HOME", "unset home"]
        if home is not None:
            lines = [f"setenv HOME {quote(home)}", 'set home = "$HOME:q"']
        lines += in_order(start, context, [f"source {quote(file)}" for file in usual])
        lines += self._prompt_lines(start, environ)
        if not start.stdin:
            completion = self.completion(start)
            lines += [f"source {quote(completion)}"] if completion else []
            lines += self.welcome(start)
        write_private(os.path.join(start.folder, ".cshrc"), "\n".join([*lines, ""]))
        return Launch((start.executable, "-s" if start.stdin else "-i"), {**variables, "HOME": start.folder})

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
