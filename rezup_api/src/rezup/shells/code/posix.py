"""sh: dash, busybox ash, or any other shell that keeps to POSIX under that name."""

from __future__ import annotations

import re

from rezup.shells.code.base import ShellCode, checked_text, is_fixed, is_plain
from rezup.shells.escaped import EscapedString

_FUNCTION = re.compile("[A-Za-z_][A-Za-z0-9_]*")


class PosixCode(ShellCode):
    """A function stands for an alias; where its name can't be a function's in POSIX, a true alias does."""

    file_extension = "sh"
    program = "/bin/sh"
    own_words = frozenset((
        "break", "continue", "exec", "exit", "local", "readonly", "shift", "times", "trap",
    ))  # fmt: skip

    def quote(self, text: str) -> str:
        """In single quotes, where a Bourne shell changes nothing."""
        return "'" + checked_text(text).replace("'", "'\\''") + "'"

    def reference(self, name: str) -> str:
        """In double quotes; the dash makes it right under ``set -u`` too."""
        return f'"${{{name}-}}"'

    def setenv(self, name: str, value: EscapedString) -> list[str]:
        """An exported variable."""
        if is_fixed(name):
            return [f"export {name}={self.text(value)}"]
        return self._with_name(name, f'export "$_rezup_name"={self.text(value)}')

    def pend(self, name: str, value: EscapedString) -> list[str]:
        """An exported variable; if its name has to be found out first, its old value has to, too."""
        if is_fixed(name):
            return self.setenv(name, value)
        setting = f'eval "_rezup_old=\\${{$_rezup_name-}}"; export "$_rezup_name"={self.text(value)}'
        return [*self._with_name(name, setting), "unset _rezup_old"]

    def unsetenv(self, name: str) -> list[str]:
        """Gone, exported or not."""
        if is_fixed(name):
            return [f"unset {name}"]
        return self._with_name(name, 'unset "$_rezup_name"')

    def alias(self, name: str, command: str) -> list[str]:
        """A function, or an alias if POSIX has no such name for functions."""
        # An alias of that name would get into the definition, and win over it afterwards.
        forget = f"unalias {name} 2>/dev/null"
        if _FUNCTION.fullmatch(name) is None:
            return [f"alias {name}={self.quote(command)}"]
        return [forget, f"{name}() {{ {self.body(name, command)}; }}"]

    def body(self, name: str, command: str) -> str:
        """What a function runs: the command line with the arguments behind it.

        One that isn't plain is parsed when it is called, so that it can't break out of the function
        and a mistake in it doesn't spoil the whole text.
        """
        line = f'{command} "$@"'
        if not is_plain(command):
            return f"eval {self.quote(line)}"
        # Calling itself for ever is never meant.
        return f"command {line}" if command.split()[:1] == [name] else line

    def say(self, line: EscapedString, *, is_error: bool) -> list[str]:
        """By printf, as echo changes backslashes in some shells."""
        return [f"printf '%s\\n' {self.text(line)}" + (" >&2" if is_error else "")]

    def source(self, path: EscapedString) -> list[str]:
        """By the dot, which looks on PATH for a name without a folder."""
        return [f". {self.text(path)}"]

    def shebang(self) -> list[str]:
        """The usual first line."""
        return [f"#!{self.executable or self.program}"]

    def _with_name(self, name: str, statement: str) -> list[str]:
        """A statement about ``$_rezup_name``, run only if it turns out to be a name."""
        refusal = "printf 'not the name of a variable: %s\\n' \"$_rezup_name\" >&2"
        return [
            f"_rezup_name={self.text(EscapedString(name))}",
            f"case $_rezup_name in '' | [0-9]* | *[!A-Za-z0-9_]*) {refusal} ;; *) {statement} ;; esac",
            "unset _rezup_name",
        ]
