"""bash, 3.2 (macOS) and later."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.base import Launch, single_quoted
from rezup.shells.context_starts.base import (
    below_home,
    in_order,
    named_by,
    rcfiles,
    run_text,
    write_private,
)  # fmt: skip
from rezup.shells.context_starts.posix import PosixEntry

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart


class BashEntry(PosixEntry):
    """Our file stands for ``~/.bashrc`` at a prompt, and for that of BASH_ENV with ``--stdin``."""

    name = "bash"
    without = ()
    completion_file = "complete.sh"

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """As Rez sources for it: ``~/.bashrc`` at a prompt, the file that BASH_ENV names otherwise."""
        variables = self.prompt_variable(start, environ)
        is_interactive = start.command is None and not start.stdin
        files = self._files(start, environ, is_interactive)
        context = self.context(start, is_first=start.commands_first or not files)
        lines = in_order(start, context, [f". {single_quoted(file)}" for file in files])
        lines += self.prompt_lines(start, environ)
        if start.command is not None:
            # Read by us, at its place, and by nobody else.
            text = "\n".join([*lines, start.command or ":"])
            script = os.path.join(start.folder, "command.sh")
            if "BASH_ENV" in environ:
                variables["BASH_ENV"] = None
            return Launch(run_text(start.executable, (), text, script), variables)
        path = os.path.join(start.folder, "start.sh")
        if start.stdin:
            # With a terminal for its stdin, bash is interactive all the same, and reads the other one.
            write_private(path, "\n".join(["unset BASH_ENV _REZUP_SCRIPT", *lines, ""]))
            # BASH_ENV is looked through for more than variables, so the path stands in one.
            variables |= {"BASH_ENV": "$_REZUP_SCRIPT", "_REZUP_SCRIPT": path}
            return Launch((start.executable, "--rcfile", path, "-s"), variables)
        completion = self.completion(start)
        lines += [f". {single_quoted(completion)}"] if completion else []
        write_private(path, "\n".join([*lines, *self.welcome(start), ""]))
        return Launch((start.executable, "--rcfile", path, "-i"), variables)

    def reading(self, start: ContextStart, check: str) -> str:
        """As in any shell, but some errors end our file alone, and bash would go on to stdin."""
        reading = super().reading(start, check)
        if not start.stdin:
            return reading
        command = single_quoted(reading.partition("\n")[0])
        guard = f"case ${{_rezup_ran-}}:$BASH_COMMAND in 1:* | *_rezup* | *:{command}) ;; *) exit 1;; esac"
        return f"trap {single_quoted(guard)} DEBUG\n{reading}\ntrap - DEBUG"

    def marking(self, start: ContextStart, mark: str) -> list[str]:
        """Bold."""
        return [self.bold(start, mark)]

    def _files(self, start: ContextStart, environ: Mapping[str, str], is_interactive: bool) -> list[str]:
        if not is_interactive:
            return named_by(environ, "BASH_ENV")
        if start.norc:
            return []
        if start.rcfile:
            return rcfiles(start)
        return below_home(environ, ".bashrc")
