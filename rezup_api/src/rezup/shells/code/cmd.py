"""cmd.exe, the command prompt of Windows: text for a batch file.

Written from its documentation; the tests hold the text only, as no cmd runs there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import LaunchError
from rezup.shells.cmd import Cmd
from rezup.shells.code.base import REFERENCE, ShellCode, checked_text, is_fixed
from rezup.shells.code.windows import with_backslashes

if TYPE_CHECKING:
    from rezup.shells.escaped import EscapedString

#: What cmd reads at most.
_LONGEST = 8191

# With a caret before each, quotes too, cmd never takes itself to be within quotes.
_CARETS = str.maketrans({**{each: f"^{each}" for each in '()!^"<>&|'}, "%": "%%"})
# Where variables are put in at last, by exclamation marks, carets are looked at once more.
_CARETS_TWICE = str.maketrans(
    {**{each: f"^{each}" for each in '()"<>&|'}, "%": "%%", "^": "^^^^", "!": "^^!"}
)


class CmdCode(ShellCode):
    """A macro of doskey stands for an alias, which cmd knows at its prompt only.

    cmd puts a variable's value in before it reads the line. A line is therefore quoted where it
    refers to one, and what the value holds does no harm as long as there is no double quote in it.
    """

    file_extension = "bat"
    separator = "&& "

    def quote(self, text: str) -> str:
        """Each character of cmd's own behind a caret."""
        return self._checked(text).translate(_CARETS)

    def reference(self, name: str) -> str:
        """Put in by cmd before it reads the line."""
        return f"%{name}%"

    def argument(self, value: EscapedString) -> str:
        """In the quotes that programs take away; `text` is for what goes to the end of the line."""
        if not self._refers(value):
            return Cmd().quote(self._checked(str(value))).replace("^%", "%%")
        return f'"{self._beside_variables(value, "an argument")}"'

    def joined(self, words: list[str]) -> str:
        """Nothing stands for an empty text."""
        return "".join(words)

    def setenv(self, name: str, value: EscapedString) -> list[str]:
        """A variable of the environment; an empty value removes it, as everywhere on Windows."""
        target = self._name(name)
        value = with_backslashes(name, value, self.path_names)
        if not self._refers(value) and target == name:
            return [self._fitting(f"set {name}={self.text(value)}")]
        return [self._fitting(f'set "{target}={self._beside_variables(value, name)}"')]

    def pend(self, name: str, value: EscapedString) -> list[str]:
        """As above; a name that has to be found out first can't be asked for its old value."""
        if not is_fixed(name):
            raise LaunchError(
                f"cmd can't add to a variable whose name holds another one: {name}",
                hint="set the variable anew for cmd, or use PowerShell",
            )
        return self.setenv(name, value)

    def unsetenv(self, name: str) -> list[str]:
        """Gone, or it wasn't there."""
        return [f'set "{self._name(name)}="']

    def alias(self, name: str, command: str) -> list[str]:
        """A macro with all arguments behind it."""
        return [self._fitting(f"doskey {name}={self.quote(command)} $*")]

    def say(self, line: EscapedString, *, is_error: bool) -> list[str]:
        """By echo and a parenthesis, which takes no text for an option or a question."""
        target = " 1>&2" if is_error else ""
        if not self._refers(line):
            return [self._fitting(f"{target.strip()}{' ' if target else ''}echo({self.text(line)}")]
        shown = "".join(
            self._checked(text).translate(_CARETS_TWICE)
            if is_literal
            else self._in_exclamations(self._checked(text))
            for is_literal, text in line.strings
        )
        return [
            "setlocal EnableExtensions EnableDelayedExpansion",
            self._fitting(f"{target.strip()}{' ' if target else ''}echo({shown}"),
            "endlocal",
        ]

    def source(self, path: EscapedString) -> list[str]:
        """By call, which looks at percent signs a second time."""
        text = self._checked(str(path))
        if '"' in text:
            raise LaunchError("a path can't hold a double quote", context=text, hint="correct the path")
        parts = [
            each.replace("%", "%%%%") if is_literal else self._in_percents(each.replace("%", "%%%%"))
            for is_literal, each in path.strings
        ]
        return [self._fitting(f'call "{"".join(parts)}"')]

    def comment(self, line: str) -> list[str]:
        """A remark without what means something even in there."""
        return [("REM " + "".join("." if each in '%^&|<>"!' else each for each in line)).rstrip()]

    def _beside_variables(self, value: EscapedString, where: str) -> str:
        """A value as it stands between double quotes."""
        parts = []
        for is_literal, text in value.strings:
            if '"' in text:
                raise LaunchError(
                    f"cmd can't be told a double quote beside a variable: {where}",
                    context=str(value), hint="leave the double quotes out for cmd",
                )  # fmt: skip
            doubled = self._checked(text).replace("%", "%%")
            parts.append(doubled if is_literal else self._in_percents(doubled))
        return "".join(parts)

    def _name(self, name: str) -> str:
        return name if is_fixed(name) else self._in_percents(name)

    def _refers(self, value: EscapedString) -> bool:
        return any(not is_literal and REFERENCE.search(text) for is_literal, text in value.strings)

    @staticmethod
    def _in_percents(text: str) -> str:
        return REFERENCE.sub(lambda match: f"%{match[1] or match[2]}%", text)

    @staticmethod
    def _in_exclamations(text: str) -> str:
        parts = REFERENCE.split(text)
        made = parts[0].translate(_CARETS_TWICE)
        for bare, braced, after in zip(parts[1::3], parts[2::3], parts[3::3], strict=True):
            made += f"!{bare or braced}!{after.translate(_CARETS_TWICE)}"
        return made

    @staticmethod
    def _checked(text: str) -> str:
        if "\n" in text or "\r" in text:
            raise LaunchError(
                "cmd can't hold a text with a line end", context=repr(text[:80]),
                hint="use PowerShell, or correct the commands of the package that says it",
            )  # fmt: skip
        return checked_text(text)

    @staticmethod
    def _fitting(line: str) -> str:
        if len(line) > _LONGEST:
            raise LaunchError(
                f"a line is too long for cmd: {len(line)} characters", context=line[:80],
                hint=f"cmd reads {_LONGEST} at most; use PowerShell",
            )  # fmt: skip
        return line
