"""What every shell's writer of code can do."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar

from rezup.errors import LaunchError
from rezup.shells import actions as action
from rezup.shells.escaped import EscapedString

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from rezup.shells.actions import Action

_IDENTIFIER = "[A-Za-z_][A-Za-z0-9_]*"
REFERENCE = re.compile(rf"\$(?:({_IDENTIFIER})|\{{({_IDENTIFIER})\}})")
_NAME_PART = re.compile("[A-Za-z0-9_]*")
_ALIAS = re.compile(r"\w[\w.+:@-]*")

# Words with which an alias would take away from a shell what its language, or our text, is made of.
_RESERVED = frozenset((
    "alias", "begin", "builtin", "case", "do", "done", "elif", "else", "end", "esac", "eval", "export",
    "fi", "for", "foreach", "function", "if", "in", "printf", "repeat", "return", "select", "set",
    "setenv", "source", "switch", "then", "time", "unalias", "unset", "unsetenv", "until", "while",
))  # fmt: skip

#: A command line that can stand in the body of a function as it is: nothing in it opens or ends anything.
_PLAIN = re.compile(r"""(?:[\w ./:=+,@%~$-]|"[^"\\`()\n]*"|'[^'\n]*')+""")


class ShellCode(ABC):
    """Writes actions as the text of one kind of shell.

    Data stays data: literal parts reach the variable to the letter, in expandable ones only ``$VAR``
    and ``${VAR}`` mean something, and ``~`` at the beginning of one. A variable that isn't set is
    an empty text. Where a shell can't hold a value it is an error, not another value.

    :param executable: the shell's program, for the line that names it
    :param path_names: patterns of the variables that hold paths, for shells of Windows
    """

    file_extension: ClassVar[str]
    """Without the dot."""
    separator: ClassVar[str] = ";"
    """Between actions that have to stand on one line."""
    own_words: ClassVar[frozenset[str]] = frozenset()
    """What in this shell alone can't be an alias: such a text would be lost, with all that follows."""
    has_slashes: ClassVar[bool] = False
    """Whether aliases may have slashes in their names."""

    def __init__(self, executable: str = "", path_names: Sequence[str] = ()) -> None:
        self.executable = executable
        self.path_names = tuple(path_names)

    def write(self, actions: Iterable[Action], *, style: str = "file") -> str:
        """The text, with a line end after the last action.

        :param style: ``"file"``, or ``"eval"``: on one line as far as that can be, without remarks
        :raises LaunchError: this shell can't be told one of the actions
        """
        statements: list[str] = []
        for each in actions:
            if style == "eval" and isinstance(each, action.Comment | action.Shebang):
                continue
            statements += _WRITERS[type(each)](self, each)
        if style == "file":
            return "".join([f"{statement}\n" for statement in statements])
        return self._on_one_line(statements)

    def _on_one_line(self, statements: list[str]) -> str:
        parts: list[str] = []
        for statement in statements:
            stripped = statement.rstrip()
            # What follows one of these on the same line would be part of it, or no language at all.
            is_open = "#" in stripped or "\n" in stripped or stripped.endswith((";", "&", "\\"))
            parts += (statement, "\n") if is_open else (stripped, self.separator)
        return "".join(parts[:-1])

    def takes_alias(self, name: str) -> bool:
        """Whether an alias can have this name, and the rest of the text still mean the same."""
        letters = name[:1] + name[1:].replace("/", "") if self.has_slashes else name
        is_word = name in _RESERVED or name in self.own_words
        return not is_word and _ALIAS.fullmatch(letters) is not None

    def text(self, value: EscapedString) -> str:
        """A value as one word of the shell."""
        if len(value.strings) == 1:  # as most are
            is_literal, text = value.strings[0]
            if is_literal or ("$" not in text and text[:1] != "~"):
                return self.joined([self.quote(text)])
        words: list[str] = []
        for is_literal, text in value.strings:
            if not is_literal and text.startswith("~"):
                text = str(EscapedString(text).expanduser())
            if is_literal or "$" not in text:
                words.append(self.quote(text))
                continue
            end = 0
            for match in REFERENCE.finditer(text):
                if match.start() > end:
                    words.append(self.quote(text[end : match.start()]))
                words.append(self.reference(match[1] or match[2]))
                end = match.end()
            if end < len(text):
                words.append(self.quote(text[end:]))
        return self.joined(words)

    def joined(self, words: list[str]) -> str:
        """Quoted texts and references as one word."""
        return "".join(words) or self.quote("")

    # -- what varies

    @abstractmethod
    def quote(self, text: str) -> str:
        """A text that means itself."""

    @abstractmethod
    def reference(self, name: str) -> str:
        """The value of a variable within a word; empty if it isn't set."""

    @abstractmethod
    def setenv(self, name: str, value: EscapedString) -> list[str]:
        """Statements that set a variable of the environment."""

    @abstractmethod
    def unsetenv(self, name: str) -> list[str]:
        """Statements that remove one."""

    @abstractmethod
    def alias(self, name: str, command: str) -> list[str]:
        """Statements that make a name stand for a command line."""

    @abstractmethod
    def say(self, line: EscapedString, *, is_error: bool) -> list[str]:
        """Statements that show one line."""

    @abstractmethod
    def source(self, path: EscapedString) -> list[str]:
        """Statements that run a script in this shell."""

    # -- what some have

    def pend(self, name: str, value: EscapedString) -> list[str]:
        """Statements that set a variable to a value with its old one in it; that is ``${NAME}``."""
        return self.setenv(name, value)

    def argument(self, value: EscapedString) -> str:
        """A value as one argument of a program, on a command line."""
        return self.text(value)

    def command(self, text: str, arguments: Sequence[EscapedString]) -> list[str]:
        """Statements that run a command line, with more arguments behind it."""
        return [" ".join([text, *map(self.argument, arguments)])]

    def refer(self, name: str) -> list[str]:
        """Statements that make an unset variable empty, where that is needed."""
        return []

    def comment(self, line: str) -> list[str]:
        """Statements that do nothing but be read."""
        return [f"# {line}"]

    def shebang(self) -> list[str]:
        """The line that names the program."""
        return []


def checked_text(text: str) -> str:
    r"""The text itself, if a variable or an argument can hold it.

    Bytes of a path that are no text, as Python has them ("\udc80" to "\udcff"), go on as those bytes.

    :raises LaunchError: it holds a null character, or half of one
    """
    if "\0" in text:
        what = "a null character"
    elif text.isascii() or not _is_half(text):
        return text
    else:
        what = "half of a character (a lone surrogate)"
    raise LaunchError(
        f"a value for the shell holds {what}",
        context=ascii(text[:80]),
        hint="no program can be given such a text; correct the commands of the package that sets it",
    )


def _is_half(text: str) -> bool:
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return True
    return False


def is_fixed(name: str) -> bool:
    """Whether a variable's name is one as it stands, without ``$VAR`` in it.

    :raises LaunchError: it can't be a name at all
    """
    if name.isidentifier() and name.isascii():
        return True
    rest = REFERENCE.split(name)
    if len(rest) > 1 and all(_NAME_PART.fullmatch(part) for part in rest[::3]):
        return False
    raise LaunchError(
        f"not the name of a variable: {name!r}",
        hint="a name is made of letters, digits and underscores, begins with no digit, and may hold $VAR",
    )


def is_plain(command: str) -> bool:
    """Whether a command line can stand in a function's body as it is."""
    return _PLAIN.fullmatch(command) is not None and _RESERVED.isdisjoint(command.split())


def _setenv(code: ShellCode, each: action.Setenv | action.Resetenv) -> list[str]:
    return code.setenv(each.name, each.value)


def _pendenv(code: ShellCode, each: action.Prependenv | action.Appendenv) -> list[str]:
    # Text that is expandable grows together with its neighbour, as in Rez: a "~" behind the
    # separator is not at the beginning of anything.
    own = f"${{{each.name}}}" if is_fixed(each.name) else "${_rezup_old}"
    strings = each.value.strings
    is_before = isinstance(each, action.Prependenv)
    if len(strings) == 1 and not strings[0][0]:
        text = strings[0][1]
        whole = EscapedString(text + each.separator + own if is_before else own + each.separator + text)
    elif is_before:
        whole = each.value + (each.separator + own)
    else:
        whole = EscapedString(own + each.separator) + each.value
    return code.pend(each.name, whole)


def _alias(code: ShellCode, each: action.Alias) -> list[str]:
    if not code.takes_alias(each.name):
        raise LaunchError(
            f"not the name of an alias: {each.name!r}",
            hint="a name is made of letters, digits and _ . + : @ -, begins with one of the first three, "
            "and is no word of a shell's own language",
        )
    return code.alias(each.name, checked_text(each.command))


def _say(code: ShellCode, each: action.Info | action.Error) -> list[str]:
    said: list[str] = []
    for line in _lines(each.text):
        said += code.say(line, is_error=isinstance(each, action.Error))
    return said


def _command(code: ShellCode, each: action.Command) -> list[str]:
    return code.command(checked_text(each.text), each.arguments)


def _comment(code: ShellCode, each: action.Comment) -> list[str]:
    text = each.text
    if "\n" not in text and "\r" not in text and "\0" not in text:
        return code.comment(text)
    said: list[str] = []
    for line in text.replace("\0", "").replace("\r", "\n").split("\n"):
        said += code.comment(line)
    return said


_WRITERS: dict[type, Callable[..., list[str]]] = {
    action.Setenv: _setenv,
    action.Resetenv: _setenv,
    action.Unsetenv: lambda code, each: code.unsetenv(each.name),
    action.Prependenv: _pendenv,
    action.Appendenv: _pendenv,
    action.Refer: lambda code, each: code.refer(each.name),
    action.Alias: _alias,
    action.Info: _say,
    action.Error: _say,
    action.Command: _command,
    action.Comment: _comment,
    action.Source: lambda code, each: code.source(EscapedString(each.path)),
    action.Shebang: lambda code, each: code.shebang(),
}


def _lines(value: EscapedString) -> list[EscapedString]:
    """The value cut at its line ends."""
    lines: list[list[tuple[bool, str]]] = [[]]
    for is_literal, text in value.strings:
        first, *more = text.split("\n")
        lines[-1].append((is_literal, first))
        lines += [[(is_literal, each)] for each in more]
    return [EscapedString.of(parts) for parts in lines]
