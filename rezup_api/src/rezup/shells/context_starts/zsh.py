"""zsh, 5.0 and later."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.base import Launch, single_quoted
from rezup.shells.context_starts.base import in_order, prompt_mark, rcfiles, run_text, write_private
from rezup.shells.context_starts.posix import PosixEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart

# Start-up files in the order in which zsh itself has them.
_FILES = (".zshenv", ".zprofile", ".zshrc", ".zlogin")

# What a prompt with substitution would take for more than text.
_SUBSTITUTED = str.maketrans({each: f"\\{each}" for each in "\\$`"})

_HOOK = """\
if [[ -o interactive ]]; then
    typeset -ga precmd_functions
    precmd_functions+=(_rezup_context)
else
    _rezup_context
fi
"""


class ZshEntry(PosixEntry):
    """Our ``.zshenv`` is found through ZDOTDIR; the files that follow are the user's, read by zsh itself.

    What has to come behind them waits for the first prompt.
    """

    name = "zsh"
    extension = "sh"
    prompt = "%"
    without = ()
    completion_file = "complete.zsh"

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """As Rez sources for it: all files for a command, those that zsh itself reads otherwise."""
        variables = self.prompt_variable(start, environ)
        if start.command is not None:
            files = [] if start.norc else [_sourced(name) for name in _FILES]
            context = self.context(start, is_first=start.commands_first or not files)
            lines = [*in_order(start, context, files), *self.prompt_lines(start, environ)]
            text = "\n".join([*lines, start.command or ":"])
            script = os.path.join(start.folder, "command.sh")
            # Without its files zsh still reads the one of the system that is for every zsh.
            return Launch(run_text(start.executable, ("-f",), text, script), variables)
        write_private(os.path.join(start.folder, ".zshenv"), self._zshenv(start, environ))
        variables["ZDOTDIR"] = start.folder
        return Launch((start.executable, "-s" if start.stdin else "-i"), variables)

    def prompt_variable(self, start: ContextStart, environ: Mapping[str, str]) -> dict[str, str | None]:
        """With percent signs doubled, as it is part of a prompt."""
        return super().prompt_variable(_doubled(start), environ)

    def _zshenv(self, start: ContextStart, environ: Mapping[str, str]) -> str:
        has_own = "ZDOTDIR" in environ
        lines = [f"export ZDOTDIR={single_quoted(environ['ZDOTDIR'])}" if has_own else "unset ZDOTDIR"]
        last: list[str] = []
        if start.norc or start.rcfile:
            files = rcfiles(start)
            context = self.context(start, is_first=start.commands_first or not files)
            lines += in_order(start, context, [f". {single_quoted(file)}" for file in files])
            lines.append("setopt no_rcs")
        else:
            lines.append(_sourced(".zshenv"))
            # In a function, a trap is for the end of that.
            context = self.context(start, is_first=False, is_watched=start.commands_first)
            (lines if start.commands_first else last).append(context)
        last += self.prompt_lines(start, environ)
        if not start.stdin:
            completion = self.completion(start)
            last += [f". {single_quoted(completion)}"] if completion else []
            last += self.welcome(start)
        own = [
            "_rezup_context() {",
            '    precmd_functions=("${(@)precmd_functions:#_rezup_context}")',
            "    unfunction _rezup_context",
            *last,
            "}",
        ]
        return "\n".join([*lines, *own, _HOOK])

    def reading(self, start: ContextStart, check: str) -> str:
        """Read the file and check, also where a mistake in it makes zsh give up what it is at."""
        return f"{{ . {single_quoted(self.context_file(start))} }} always {{ {check} }}"

    def prompt_lines(self, start: ContextStart, environ: Mapping[str, str]) -> list[str]:
        if not (start.set_prompt and start.prompt):
            return []
        mark = prompt_mark(_doubled(start), environ)
        bold = single_quoted(f"%{{%B%}}{mark}%{{%b%}}")
        lines = ['if [[ -z "${REZ_STORED_PROMPT_SH-}" ]]; then export REZ_STORED_PROMPT_SH="${PS1-}"; fi']
        marks = {"": bold}
        if not {"$", "`", "\\"}.isdisjoint(mark):
            escaped = mark.translate(_SUBSTITUTED)
            marks = {
                "if [[ -o promptsubst ]]; then ": single_quoted(f"%{{%B%}}{escaped}%{{%b%}}"), "else ": bold
            }  # fmt: skip
        stored = '"$REZ_STORED_PROMPT_SH"'
        for condition, each in marks.items():
            value = f"{each}' '{stored}" if start.prefix_prompt else f"{stored}' '{each}"
            lines.append(f"{condition}export PS1={value}")
        return [*lines, "fi"] if len(marks) > 1 else lines


def _doubled(start: ContextStart) -> ContextStart:
    return start._replace(prompt=(start.prompt or "").replace("%", "%%"))


def _sourced(name: str) -> str:
    path = f'"${{ZDOTDIR:-$HOME}}/{name}"'
    return f"if [[ -r {path} ]]; then . {path}; fi"
