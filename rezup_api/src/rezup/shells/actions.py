"""What can be done to an environment and said in a shell, as data; a `ShellCode` writes it as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from rezup.shells.escaped import EscapedString


class Setenv(NamedTuple):
    """Give a variable a value; `name` may hold ``$VAR``, as those of the actions below may."""

    name: str
    value: EscapedString


class Unsetenv(NamedTuple):
    """Take a variable away."""

    name: str


class Resetenv(NamedTuple):
    """Give a variable a value, whatever it had; `friends` are other variables that go along."""

    name: str
    value: EscapedString
    friends: tuple[str, ...] = ()


class Prependenv(NamedTuple):
    """Put a value before what a variable holds when the shell comes here."""

    name: str
    value: EscapedString
    separator: str


class Appendenv(NamedTuple):
    """Put a value behind what a variable holds when the shell comes here."""

    name: str
    value: EscapedString
    separator: str


class Refer(NamedTuple):
    """Make sure that a variable can be referred to, where a shell stops at one that is not set."""

    name: str


class Alias(NamedTuple):
    """Make a name stand for a command line."""

    name: str
    command: str


class Info(NamedTuple):
    """Say something on stdout."""

    text: EscapedString


class Error(NamedTuple):
    """Say something on stderr."""

    text: EscapedString


class Command(NamedTuple):
    """Run a command line of the shell, or a program with arguments that are quoted for it."""

    text: str
    arguments: tuple[EscapedString, ...] = ()


class Comment(NamedTuple):
    """Leave a remark in the text."""

    text: str


class Source(NamedTuple):
    """Run a script file within this very shell."""

    path: str


class Shebang(NamedTuple):
    """The line that names the program which runs the text."""


Action: TypeAlias = (
    Setenv | Unsetenv | Resetenv | Prependenv | Appendenv | Refer | Alias | Info | Error | Command
    | Comment | Source | Shebang
)  # fmt: skip
