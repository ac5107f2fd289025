"""fish, 3.1 and later; Rez has no plugin for it, so what is written here is as in the other shells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.code.base import ShellCode, checked_text, is_fixed, is_plain
from rezup.shells.escaped import EscapedString

if TYPE_CHECKING:
    from collections.abc import Callable


class FishCode(ShellCode):
    """A function stands for an alias."""

    file_extension = "fish"

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
        if not is_plain(command):
            return [f"function {name}; eval {self.quote(command)} (string escape -- $argv); end"]
        itself = "command " if command.split()[:1] == [name] else ""
        return [f"function {name}; {itself}{command} $argv; end"]

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
