"""cmd.exe, the command prompt of Windows.

Written from its documentation; the tests hold the text only, as no cmd runs there.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.base import Launch
from rezup.shells.cmd import Cmd
from rezup.shells.context_starts.base import Entry, prompt_mark, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart


class CmdEntry(Entry):
    """Runs our batch file and stays, or ends with the command's status.

    REZ_ENV_PROMPT is written in the codes of the PROMPT variable, as Rez has it.
    """

    name = "cmd"
    extension = "bat"
    prompt = "$G"
    without = ("rcfile", "stdin")

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """AutoRun comes before, unless `norc`; Rez can't leave it out."""
        source = f'call "{self.context_file(start).replace("%", "%%%%")}"'
        lines = ["@echo off", 'set "_REZUP_LINE="', source]
        if start.command is None:
            lines += self.welcome(start)
        else:
            lines += [self._without_alias(start), "exit %errorlevel%"] if start.command else ["exit 0"]
        path = os.path.join(start.folder, "start.bat")
        write_private(path, "\r\n".join([*lines, ""]))
        variables = self.prompt_variable(start, environ)
        if start.set_prompt and start.prompt:
            own = environ.get("REZ_STORED_PROMPT_CMD") or environ.get("PROMPT") or "$P$G"
            mark = prompt_mark(start, environ)
            variables["REZ_STORED_PROMPT_CMD"] = own
            variables["PROMPT"] = f"{mark} {own}" if start.prefix_prompt else f"{own} {mark}"
        norc = ("/D",) if start.norc else ()
        end = "/K" if start.command is None else "/C"
        line = {"_REZUP_LINE": Cmd().quote(path)}
        return Launch((start.executable, "/Q", *norc, end, "%_REZUP_LINE%"), {**variables, **line})

    def _without_alias(self, start: ContextStart) -> str:
        """The command, with what its first word stands for: macros are for the prompt only."""
        command = start.command or ""
        first, blank, rest = command.partition(" ")
        return f"{start.aliases.get(first, first)}{blank}{rest}"
