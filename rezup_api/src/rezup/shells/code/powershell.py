"""PowerShell 7 on every platform, and the 5.1 that comes with Windows.

Written from its documentation; the tests hold the text only, as no PowerShell runs there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.code.base import ShellCode, checked_text, is_fixed, is_plain
from rezup.shells.code.windows import with_backslashes
from rezup.shells.escaped import EscapedString

if TYPE_CHECKING:
    from collections.abc import Callable

# Typographic quotes end a PowerShell string as well as the straight one does.
_QUOTES = str.maketrans({each: each * 2 for each in "'\u2018\u2019\u201a\u201b"})


class PowerShellCode(ShellCode):
    """A function stands for an alias. An empty value removes a variable, as everywhere on Windows."""

    file_extension = "ps1"
    separator = "; "

    def quote(self, text: str) -> str:
        """In single quotes; PowerShell knows doubled quotes in them and nothing else."""
        return "'" + checked_text(text).translate(_QUOTES) + "'"

    def reference(self, name: str) -> str:
        """The variable of the environment; one that isn't there adds nothing."""
        return f"${{env:{name}}}"

    def joined(self, words: list[str]) -> str:
        """An expression that adds up, a text first, so that it is a text whatever the others are."""
        if not words or words[0][0] != "'":
            words = [self.quote(""), *words]
        return words[0] if len(words) == 1 else f"({' + '.join(words)})"

    def setenv(self, name: str, value: EscapedString) -> list[str]:
        """A variable of the environment."""
        value = with_backslashes(name, value, self.path_names)
        return self._named(name, lambda target: [f"Set-Item -LiteralPath {target} -Value {self.text(value)}"])

    def pend(self, name: str, value: EscapedString) -> list[str]:
        """As above; if the name has to be found out first, so has the old value."""
        if is_fixed(name):
            return self.setenv(name, value)
        value = with_backslashes(name, value, self.path_names)
        return self._named(
            name,
            lambda target: [
                f"$env:_rezup_old = (Get-Item -LiteralPath {target} -ErrorAction SilentlyContinue).Value",
                f"Set-Item -LiteralPath {target} -Value {self.text(value)}",
                "Remove-Item -LiteralPath 'Env:_rezup_old' -ErrorAction SilentlyContinue",
            ],
        )

    def unsetenv(self, name: str) -> list[str]:
        """Gone, or it wasn't there."""
        return self._named(
            name, lambda target: [f"Remove-Item -LiteralPath {target} -ErrorAction SilentlyContinue"]
        )

    def alias(self, name: str, command: str) -> list[str]:
        """A function, parsed when it is called if the command line isn't plain."""
        body = f"{command} @args"
        if not is_plain(command):
            body = f"Invoke-Expression {self.quote(body)}"
        return [f"function {name}() {{ {body} }}"]

    def say(self, line: EscapedString, *, is_error: bool) -> list[str]:
        """To the terminal, or to the stream itself: Write-Error would add a report of a fault."""
        text = self.text(line)
        return [f"[Console]::Error.WriteLine({text})" if is_error else f"Write-Host {text}"]

    def source(self, path: EscapedString) -> list[str]:
        """By the dot."""
        return [f". {self.text(path)}"]

    def _named(self, name: str, statements: Callable[[str], list[str]]) -> list[str]:
        if is_fixed(name):
            return statements(f"'Env:{name}'")
        return [
            f"$_rezup_name = 'Env:' + {self.text(EscapedString(name))}",
            *statements("$_rezup_name"),
            "Remove-Variable -Name _rezup_name",
        ]
