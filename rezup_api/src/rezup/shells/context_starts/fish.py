"""fish, 3.4 and later; Rez has no plugin for it, so what is done here is as in the other shells."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.shells.base import Launch
from rezup.shells.context_starts.base import Entry, in_order, rcfiles, run_text, unfinished, write_private

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.shells.context_start import ContextStart

_PROMPT = """\
if not functions -q fish_prompt
    function fish_prompt
        echo '> '
    end
end
functions -e _rezup_user_prompt
functions -c fish_prompt _rezup_user_prompt
function fish_prompt
    # One command, for the user's prompt to see the status of theirs and not of one of ours.
"""


class FishEntry(Entry):
    """fish reads its configuration first, then runs ours; ``--rcfile`` comes in place of that."""

    name = "fish"
    extension = "fish"
    end_mark = "set -g _rezup_ran 1"

    def launch(self, start: ContextStart, environ: Mapping[str, str]) -> Launch:
        """The context comes behind the configuration in any case, before or behind an rcfile."""
        quote = self.code().quote
        lines = in_order(start, self._context(start), [f"source {quote(file)}" for file in rcfiles(start)])
        options = ("--no-config",) if start.norc or start.rcfile else ()
        variables = self.prompt_variable(start, environ)
        if start.command is not None:
            text = "\n".join([*lines, start.command or ":"])
            script = os.path.join(start.folder, "command.fish")
            return Launch(run_text(start.executable, options, text, script), variables)
        if not start.stdin:
            if start.set_prompt and start.prompt:
                shown = '"$REZ_ENV_PROMPT" (_rezup_user_prompt | string collect)'
                if not start.prefix_prompt:
                    shown = '(_rezup_user_prompt | string collect) "$REZ_ENV_PROMPT"'
                lines.append(f"{_PROMPT}    printf '%s %s' {shown}\nend")
            lines += self.welcome(start)
        path = os.path.join(start.folder, "start.fish")
        write_private(path, "\n".join([*lines, "true", ""]))
        # What ends in a file is the file alone.
        first = f"source {quote(path)}; or exit 1"
        return Launch((start.executable, *options, *(() if start.stdin else ("-i",)), "-C", first), variables)

    def _context(self, start: ContextStart) -> str:
        """The statements that read the context, and leave the shell unless it ran to its end."""
        quote = self.code().quote
        path = self.context_file(start)
        return "\n".join([
            "set -g _rezup_ran 0",
            f"source {quote(path)}",
            "if test $_rezup_ran != 1",
            f"    printf '%s\\n' {quote(unfinished(path))} >&2",
            "    exit 1",
            "end",
            "set -eg _rezup_ran",
        ])  # fmt: skip
