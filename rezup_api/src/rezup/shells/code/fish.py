"""fish, 3.1 and later; Rez has no plugin for it, so what is written here is as in the other shells."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.shells.code.base import ShellCode, checked_text, is_fixed, is_plain
from rezup.shells.escaped import EscapedString

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

# What tells where in a command line a reference in braces stands, and what comes behind it.
_MARK = re.compile(r"""\\.|['"]|\$\{([A-Za-z_][A-Za-z0-9_]*)\}([A-Za-z0-9_\[]?)""", re.DOTALL)

# With one of these fish may refuse to read the whole file: a dollar sign that begins no variable,
# the end of a loop that is none.
_DOUBTFUL = re.compile(r"\$(?![A-Za-z_])|(?:^| )(?:break|continue)(?: |$)")


class FishCode(ShellCode):
    """A function stands for an alias."""

    file_extension = "fish"
    own_words = frozenset((
        "_", "and", "argparse", "break", "command", "continue", "exec", "not", "or", "read", "status",
        "string", "test",
    ))  # fmt: skip

    def quote(self, text: str) -> str:
        """In single quotes; fish knows two escapes in them."""
        return "'" + checked_text(text).replace("\\", "\\\\").replace("'", "\\'") + "'"

    def reference(self, name: str) -> str:
        """In double quotes, where a list of paths is one text with colons again."""
        return f'"${name}"'

    def setenv(self, name: str, value: EscapedString) -> list[str]:
        """A global, exported variable, also where the user has a universal one."""
        return self._named(name, lambda target: [f"set -gx {target} {self.text(value)}"])

    def pend(self, name: str, value: EscapedString) -> list[str]:
        """As above; if the name has to be found out first, so has the old value."""
        if is_fixed(name):
            return self.setenv(name, value)
        return self._named(
            name,
            lambda target: [
                'set -g _rezup_old "$$_rezup_name"',
                f"set -gx {target} {self.text(value)}",
                "set -eg _rezup_old",
            ],
        )

    def unsetenv(self, name: str) -> list[str]:
        """Gone here; a universal variable, which is the user's for ever, is only hidden."""
        return self._named(
            name, lambda target: [f"set -eg {target}", f"set -qU {target}; and set -gu {target}"]
        )

    def alias(self, name: str, command: str) -> list[str]:
        """A function, parsed when it is called if the command line isn't plain."""
        command = in_fish(command)
        if not is_plain(command) or _DOUBTFUL.search(command):
            return [f"function {name}; eval {self.quote(command)} (string escape -- $argv); end"]
        itself = "command " if command.split()[:1] == [name] else ""
        return [f"function {name}; {itself}{command} $argv; end"]

    def command(self, text: str, arguments: Sequence[EscapedString]) -> list[str]:
        """As everywhere, with references as fish has them."""
        return super().command(in_fish(text), arguments)

    def say(self, line: EscapedString, *, is_error: bool) -> list[str]:
        """By printf, which takes no text for an option."""
        return [f"printf '%s\\n' {self.text(line)}" + (" >&2" if is_error else "")]

    def source(self, path: EscapedString) -> list[str]:
        """By its own word for it."""
        return [f"source {self.text(path)}"]

    def shebang(self) -> list[str]:
        """The usual first line."""
        return [f"#!{self.executable or '/usr/bin/env fish'}"]

    def _named(self, name: str, statements: Callable[[str], list[str]]) -> list[str]:
        if is_fixed(name):
            return statements(name)
        return [
            f"set -g _rezup_name {self.text(EscapedString(name))}",
            *statements("-- $_rezup_name"),
            "set -eg _rezup_name",
        ]


def in_fish(line: str) -> str:
    """A command line with ``${NAME}``, which fish refuses, as ``$NAME``.

    A pair of empty quotes ends the name where what follows would be taken for a part of it. What is
    in single quotes or behind a backslash stays.
    """
    if "${" not in line:
        return line
    made: list[str] = []
    end = 0
    quotes = ""
    for match in _MARK.finditer(line):
        made.append(line[end : match.start()])
        end = match.end()
        mark = match[0]
        if match[1] and quotes != "'":
            mark = f"${match[1]}"
            if match[2]:
                mark += (quotes or "'") * 2 + match[2]
        elif mark in ("'", '"') and quotes in ("", mark):
            quotes = "" if quotes else mark
        made.append(mark)
    return "".join([*made, line[end:]])
