"""sh: dash, busybox ash, or any other shell that keeps to POSIX under that name."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, ClassVar

from rezup.shells.base import Launch, single_quoted
from rezup.shells.context_starts.base import (
    Entry,
    below_home,
    in_order,
    named_by,
    prompt_mark,
    run_text,
    unfinished,
    write_private,
)  # fmt: skip

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart

# What a prompt, which is looked through for variables each time, would take for more than text. bash
# looks for its own codes before that, and a backslash is one of them.
_IN_PROMPT = str.maketrans({each: f"\\{each}" for each in "\\$`"})
_IN_BASH_PROMPT = str.maketrans({"\\": "\\" * 4, "$": "\\\\$", "`": "\\\\`"})

# The beginning of our trap, by which it is known again.
_TRAP = "_rezup_ran=$?"


class PosixEntry(Entry):
    """A command runs in a shell that reads the context only; a prompt comes through ENV.

    For ``--stdin`` a second shell takes the place of the one that read the context, as POSIX has
    no file that it would read before.
    """

    name = "sh"
    extension = "sh"
    without: ClassVar[tuple[str, ...]] = ("rcfile",)
    end_mark = "_rezup_ran=1"

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """As Rez sources for it: ``~/.profile`` and the file that ENV names, at a prompt only."""
        variables = self.prompt_variable(start, environ)
        if start.stdin:
            context = self.context(start, is_first=True)
            return Launch((start.executable, "-c", f'{context}\nexec "$0" -s', start.executable), variables)
        if start.command is not None:
            context = self.context(start, is_first=True)
            text = "\n".join([context, *self.prompt_lines(start, environ), start.command or ":"])
            script = os.path.join(start.folder, f"command.{self.extension}")
            return Launch(run_text(start.executable, (), text, script), variables)
        files = [] if start.norc else [*below_home(environ, ".profile"), *named_by(environ, "ENV")]
        context = self.context(start, is_first=start.commands_first or not files)
        back = f"export ENV={single_quoted(environ['ENV'])}" if "ENV" in environ else "unset ENV"
        path = os.path.join(start.folder, f"start.{self.extension}")
        lines = [
            back,
            "unset _REZUP_SCRIPT",
            *in_order(start, context, [f". {single_quoted(file)}" for file in files]),
            *self.prompt_lines(start, environ),
            *self.welcome(start),
        ]
        write_private(path, "\n".join([*lines, ""]))
        # ENV is looked through for variables, so a path in a variable is only a path.
        variables |= {"ENV": "$_REZUP_SCRIPT", "_REZUP_SCRIPT": path}
        return Launch((start.executable, "-i"), variables)

    def context(self, start: ContextStart, *, is_first: bool, is_watched: bool = True) -> str:
        """The statements that read the context, and leave the shell unless it ran to its end.

        :param is_first: nothing was read before that may have a trap of its own for the shell's end
        :param is_watched: whether it can be told that the context ended the shell
        """
        path = self.context_file(start)
        said = f"printf '%s\\n' {single_quoted(unfinished(path))} >&2"
        check = f'if [ "${{_rezup_ran-}}" != 1 ]; then trap - EXIT; {said}; exit 1; fi'
        lines = ["unset _rezup_ran", self.reading(start, check)]
        if is_watched:
            # The context may end the shell itself: by exit, by errors while `set -e` is on.
            status = f'{_TRAP}; {said}; if [ "$_rezup_ran" -eq 0 ]; then exit 1; fi; exit "$_rezup_ran"'
            trap = f"trap {single_quoted(status)} EXIT"
            # To ask for the traps without a process takes a file.
            traps = os.path.join(start.folder, "traps")
            write_private(traps, "")
            asking, told = f"trap >| {single_quoted(traps)}", f"< {single_quoted(traps)}"
            looking = "while IFS= read -r _rezup_ran; do case $_rezup_ran in *' EXIT') break;; esac; done"
            # One of the user's start-up files stays, and nothing is told then.
            before = [trap] if is_first else [asking, f"{looking} {told}", f'[ -n "$_rezup_ran" ] || {trap}']
            # The context may also have set one of its own, which stays.
            after = f"case $_rezup_ran in *{single_quoted(_TRAP)}*) trap - EXIT;; esac"
            lines = [*before, *lines, asking, f"read -r _rezup_ran {told} || :", after]
        return "\n".join([*lines, "unset _rezup_ran"])

    def reading(self, start: ContextStart, check: str) -> str:
        """Read the file and check; by `command`, as mistakes in the file would end the shell otherwise."""
        return f"command . {single_quoted(self.context_file(start))}\n{check}"

    def prompt_lines(self, start: ContextStart, environ: Mapping[str, str]) -> list[str]:
        """What marks PS1, from the prompt as it was before any context."""
        if not (start.set_prompt and start.prompt):
            return []
        mark = prompt_mark(start, environ)
        return [
            'if [ -z "${REZ_STORED_PROMPT_SH-}" ]; then export REZ_STORED_PROMPT_SH="${PS1-}"; fi',
            *self.marking(start, mark),
        ]

    def marking(self, start: ContextStart, mark: str) -> list[str]:
        """Bold where it is bash that goes by the name of sh; dash would show the codes."""
        if start.command is not None:
            return [self.bold(start, mark)]  # nobody sees it, and Rez's is like that
        plain = beside(start, single_quoted(mark.translate(_IN_PROMPT)))
        return [f'if [ -n "${{BASH_VERSION-}}" ]; then {self.bold(start, mark)}; else {plain}; fi']

    def bold(self, start: ContextStart, mark: str) -> str:
        """The statement for bash."""
        return beside(start, single_quoted(f"\\[\\e[1m\\]{mark.translate(_IN_BASH_PROMPT)}\\[\\e[0m\\]"))


def beside(start: ContextStart, mark: str) -> str:
    """The statement that puts a quoted mark on its side of the prompt."""
    stored = '"$REZ_STORED_PROMPT_SH"'
    return f"export PS1={mark}' '{stored}" if start.prefix_prompt else f"export PS1={stored}' '{mark}"
