"""tcsh, and csh where it is tcsh or the one of BSD."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.code.base import REFERENCE, ShellCode, checked_text, is_fixed
from rezup.shells.escaped import EscapedString

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup.shells.actions import Action

# Written outside of quotes, each behind a backslash, so that neither history nor the variable
# `backslash_quote` changes what it means.
_OUTSIDE = str.maketrans({**{each: f"'\\{each}'" for each in "\\!'"}, "\n": "\\\n"})


class CshCode(ShellCode):
    """Guards every reference to a variable that this very text didn't set, since csh stops at unset ones."""

    file_extension = "csh"
    has_slashes = True

    def __init__(self, executable: str = "", path_names: Sequence[str] = ()) -> None:
        super().__init__(executable, path_names)
        self._known: set[str] = set()
        self._guards: list[str] = []

    def write(self, actions: Iterable[Action], *, style: str = "file") -> str:
        """As with any shell."""
        self._known = set()
        return super().write(actions, style=style)

    def quote(self, text: str) -> str:
        """In single quotes, but for what csh treats as special even there."""
        return "'" + checked_text(text).translate(_OUTSIDE) + "'"

    def reference(self, name: str) -> str:
        """Its value, whatever is in it, as one word; or that of the copy that stands in for it."""
        # Outside of quotes, where tcsh is exact; within them it eats a backslash before a line end.
        return f"${{_rezup_{name}:q}}" if name in self._guards else f"${{{name}:q}}"

    def joined(self, words: list[str]) -> str:
        """A word even if all the variables are empty."""
        whole = "".join(words)
        return whole if whole[:1] == "'" else f"''{whole}"

    def setenv(self, name: str, value: EscapedString) -> list[str]:
        """A variable of the environment."""
        if not is_fixed(name):
            return self._guarded(name, value, "setenv $_rezup_name ")
        statements = self._guarded("", value, f"setenv {name} ")
        self._known.add(name)
        return statements

    def pend(self, name: str, value: EscapedString) -> list[str]:
        """As above; if the name has to be found out first, so has the old value."""
        if is_fixed(name):
            return self.setenv(name, value)
        return self._guarded(name, value, "setenv $_rezup_name ")

    def unsetenv(self, name: str) -> list[str]:
        """Gone; csh takes the name for a pattern, which a plain name is not."""
        if not is_fixed(name):
            return self._guarded(name, EscapedString(), "unsetenv $_rezup_name", takes_value=False)
        self._known.discard(name)
        return [f"unsetenv {name}"]

    def refer(self, name: str) -> list[str]:
        """An unset variable becomes an empty one."""
        if not is_fixed(name):
            return []  # its old value is asked for with a guard
        self._known.add(name)
        return [f'if (! $?{name}) setenv {name} ""']

    def alias(self, name: str, command: str) -> list[str]:
        r"""An alias; arguments go behind it, or to where the command line says ``\!*``."""
        # What is left of "\!" after csh has read the alias is the reference to arguments.
        parts = command.split("\\!")
        text = "!".join(part.replace("!", "\\!") for part in parts)
        return [f"alias {name} {self.quote(text)}"]

    def say(self, line: EscapedString, *, is_error: bool) -> list[str]:
        """By echo, or by printf where echo would change something; csh itself can't write to stderr."""
        plain = str(line)
        if is_error:
            return self._guarded("", line, '/bin/sh -c \'printf "%s\\n" "$1" >&2\' sh ')
        if plain.isascii() and "\\" not in plain and "$" not in plain and plain[:1] != "-":
            return [f"echo {self.text(line)}"]
        return self._guarded("", line, '/bin/sh -c \'printf "%s\\n" "$1"\' sh ')

    def source(self, path: EscapedString) -> list[str]:
        """By its own word for it."""
        return self._guarded("", path, "source ")

    def command(self, text: str, arguments: Sequence[EscapedString]) -> list[str]:
        """As everywhere, but with guards."""
        self._guards = self._unknown(EscapedString.of(part for each in arguments for part in each.strings))
        line = " ".join([text, *map(self.argument, arguments)])
        before, after = self._copies(self._guards)
        self._guards = []
        return [*before, line, *after]

    def comment(self, line: str) -> list[str]:
        """A remark; csh goes on to the next line after a backslash, and looks for history in it."""
        return ["# " + line.replace("\\", "/").replace("!", ".")]

    def shebang(self) -> list[str]:
        """The usual first line; the user's start-up files have nothing to do with a script."""
        return [f"#!{self.executable or '/bin/csh'} -f"]

    def _guarded(
        self, name: str, value: EscapedString, statement: str, *, takes_value: bool = True
    ) -> list[str]:
        """A statement with its value behind it, between what it needs and what removes that again."""
        self._guards = self._unknown(EscapedString.of([(False, name), *value.strings]))
        before, after = self._copies(self._guards)
        if name:
            before.append(f"set _rezup_name = {self.text(EscapedString(name))}")
            refused = 'if ("$_rezup_name" =~ *[^A-Za-z0-9_]* || "$_rezup_name" == "") '
            before.append(refused + 'set _rezup_name = "-"')
            after.append("unset _rezup_name")
        if "${_rezup_old}" in str(value):
            before += [
                'set _rezup_old = ""',
                "eval \"if (\"'$?'\"$_rezup_name) set _rezup_old = \"'${'\"$_rezup_name\"':q}'",
            ]
            after.append("unset _rezup_old")
        whole = statement + (self.text(value) if takes_value else "")
        self._guards = []
        return [*before, whole, *after]

    @staticmethod
    def _copies(names: list[str]) -> tuple[list[str], list[str]]:
        """What copies variables that may not be set, and what removes the copies."""
        before: list[str] = []
        for name in names:
            before.append(f'set _rezup_{name} = ""')
            # By eval, as csh puts in values before it looks at the condition.
            before.append(f"if ($?{name}) eval 'set _rezup_{name} = ${{{name}:q}}'")
        copies = " ".join(f"_rezup_{name}" for name in names)
        return before, [f"unset {copies}"] if names else []

    def _unknown(self, value: EscapedString) -> list[str]:
        """The variables that are referred to without being known to be set."""
        if "$" not in str(value):
            return []
        found = dict.fromkeys(
            match[1] or match[2]
            for is_literal, text in value.strings
            if not is_literal
            for match in REFERENCE.finditer(text)
        )
        return [each for each in found if each not in self._known and each != "_rezup_old"]
