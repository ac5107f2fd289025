"""Writing down what commands do to the environment, and what the environment then is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

from rezup.runtime.rex.dialects import Dialect
from rezup.runtime.rex.expansion import with_home, with_variables
from rezup.shells.actions import (
    Alias,
    Appendenv,
    Command,
    Comment,
    Error,
    Info,
    Prependenv,
    Refer,
    Resetenv,
    Setenv,
    Shebang,
    Source,
    Unsetenv,
)
from rezup.shells.escaped import EscapedString, literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from rezup.shells.actions import Action
    from rezup.shells.code.base import ShellCode

    #: A value with its references to variables, the same without them, and that as text.
    Value: TypeAlias = tuple[EscapedString, EscapedString, str]


_NO_ALIAS = "this shell can't have one of that name"


class UndefinedVariableError(Exception):
    """Commands ask for the value of a variable that has none."""


class StoppedError(Exception):
    """Commands say that there can be no environment."""


class Outside(NamedTuple):
    """What the commands find when they begin."""

    environ: Mapping[str, str]
    """The variables of the process that asks."""
    inherited: Collection[str] | None = ()
    """Variables of it that may be added to, where others begin anew; None means all."""
    separators: Mapping[str, str] = {}
    """By variable, what stands between its parts where that is not the path separator."""
    dialect: Dialect = Dialect()
    home: str = ""
    """What ``~`` stands for."""
    shell: str = ""
    """That of the text, by name or path; "" where the actions become none."""


class Recorder:
    """Takes down actions; the methods are what Rez calls the same.

    Keys and values are filled (``{root}``) and expanded (``$VAR``) on the way. The first touch of
    a variable gives it a value; only then it is added to, unless it is an inherited one.

    What no shell can be told is refused at once, while it is known whose commands say it: all methods
    that record a name, or a value, raise LaunchError for one that no environment can hold, or the shell.
    """

    def __init__(self, outside: Outside, fill: Callable[[str], str] = str) -> None:
        """Begin with nothing recorded.

        :param fill: replaces fields; asked only about texts with a brace or a dollar sign
        """
        self.actions: list[Action] = []
        self.environ: dict[str, str] = {}
        """The variables that were given a value so far, expanded."""
        self.outside = outside
        self.whose = ""
        """Whose commands run, for what is said of them; such as "maya-2022.1"."""
        self._fill = fill
        self._dialect = outside.dialect
        self._code: ShellCode | None = None

    def setenv(self, key: Any, value: Any) -> None:
        """Give a variable a value."""
        if (
            type(value) is str
            and type(key) is str
            and _is_plain(value)
            and key.isascii()
            and key.isidentifier()
        ):
            self.environ[key] = value  # as most are: the long way has nothing to do
            self.actions.append(Setenv(key, EscapedString(value)))
            return
        name, known = self._target(key)
        self._set(name, known, self._value(value))

    def unsetenv(self, key: Any) -> None:
        """Take a variable away; that of the parent can still be seen afterwards."""
        name, known = self._target(key)
        self.actions.append(Unsetenv(known if self._dialect.expands else name))
        self.environ.pop(known, None)

    def resetenv(self, key: Any, value: Any, friends: Sequence[str] | None = None) -> None:
        """Give a variable a value, whatever it had."""
        name, known = self._target(key)
        written, expanded, self.environ[known] = self._value(value)
        with_friends = tuple(friends or ())
        if self._dialect.expands:
            self.actions.append(Resetenv(known, expanded, with_friends))
        else:
            self.actions.append(Resetenv(name, written, with_friends))

    def prependenv(self, key: Any, value: Any) -> None:
        """Put a value before that of a variable."""
        self._join(key, value, is_before=True)

    def appendenv(self, key: Any, value: Any) -> None:
        """Put a value behind that of a variable."""
        self._join(key, value, is_before=False)

    def alias(self, key: Any, value: Any) -> None:
        """Make a name stand for a command line; one that the shell can't have is left out, and it says so."""
        name, command = str(self._filled(key)), _checked(str(self._filled(value)))
        if self._takes_alias(name):
            self.actions.append(Alias(name, command))
            return
        whose = f"{self.whose}: " if self.whose else ""
        self.actions.append(Error(literal(f"rezup: {whose}no alias {name!a} here: {_NO_ALIAS}")))

    def info(self, value: Any = "") -> None:
        """Say something on stdout."""
        self.actions.append(Info(_checked_parts(EscapedString.promote(self._filled(value)))))

    def error(self, value: Any) -> None:
        """Say something on stderr."""
        self.actions.append(Error(_checked_parts(EscapedString.promote(self._filled(value)))))

    def stop(self, message: str, *arguments: Any) -> None:
        """Refuse the environment; arguments go into the message by ``%``.

        :raises StoppedError: always
        """
        raise StoppedError(message % arguments)

    def command(self, value: Any) -> None:
        """Run a command line, or a program and its arguments; it is not filled.

        :raises ValueError: the program is a literal or expandable text
        """
        arguments: tuple[EscapedString, ...] = ()
        if not isinstance(value, (str, EscapedString)):
            value, *rest = value
            arguments = tuple(_checked_parts(EscapedString.promote(each)) for each in rest)
        if isinstance(value, EscapedString):
            raise ValueError("a command can be neither literal nor expandable")
        self.actions.append(Command(_checked(str(value)), arguments))

    def comment(self, value: Any) -> None:
        """Leave a remark in the text for the shell."""
        self.actions.append(Comment(_checked(str(self._filled(value)).replace("\0", ""))))

    def source(self, value: Any) -> None:
        """Run a script file within the shell."""
        self.actions.append(Source(_checked(str(self._filled(value)))))

    def shebang(self) -> None:
        """The line that names the shell."""
        self.actions.append(Shebang())

    def undefined(self, key: Any) -> bool:
        """Whether a variable has no value."""
        return not self.defined(key)

    def defined(self, key: Any) -> bool:
        """Whether a variable has a value, from here or from the parent."""
        known = self._key(key)[1]
        return known in self.environ or known in self.outside.environ

    def getenv(self, key: Any) -> str:
        """The value of a variable as it is now.

        :raises UndefinedVariableError: it has none
        """
        known = self._key(key)[1]
        if known in self.environ:
            return self.environ[known]
        if known in self.outside.environ:
            return self.outside.environ[known]
        raise UndefinedVariableError(f"the variable {known} is not set")

    def expandvars(self, value: Any, format: bool = True) -> str:  # noqa: A002 -- Rez's name of it
        """A text with all variables in it replaced, and on demand filled before."""
        if format:
            value = str(self._filled(value))
        return str(EscapedString.promote(value).formatted(self._expanded))

    def _set(self, name: str, known: str, value: Value) -> None:
        written, expanded, self.environ[known] = value
        if self._dialect.expands:
            self.actions.append(Setenv(known, expanded))
        else:
            self.actions.append(Setenv(name, written))

    def _join(self, key: Any, value: Any, *, is_before: bool) -> None:
        name, known = self._target(key)
        whole = self._value(value)
        held = self.environ.get(known)
        if held is None:
            held = self._inherit(name, known)
        if held is None:
            self._set(name, known, whole)
            return
        written, expanded, text = whole
        separator = self.outside.separators.get(known, self._dialect.separator)
        self.environ[known] = text + separator + held if is_before else held + separator + text
        kind = Prependenv if is_before else Appendenv
        if self._dialect.expands:
            if self._dialect.joins:
                self.actions.append(kind(known, expanded, separator))
            else:
                self._rewrite(known, expanded, held, separator, is_before=is_before)
        elif name == known:
            self.actions.append(kind(name, written, separator))
        else:  # the name in a reference can't hold another reference
            self._rewrite(name, written, "${" + known + "}", separator, is_before=is_before)

    def _rewrite(
        self, name: str, value: EscapedString, held: str, separator: str, *, is_before: bool
    ) -> None:
        whole = value + separator + held if is_before else EscapedString(held) + separator + value
        self.actions.append(Setenv(name, whole))

    def _inherit(self, name: str, known: str) -> str | None:
        """The value of the parent, where it may be added to."""
        inherited = self.outside.inherited
        if inherited is not None and known not in inherited:
            return None
        self.actions.append(Refer(known if self._dialect.expands else name))
        held = self.environ[known] = self.outside.environ.get(known, "")
        return held

    def _key(self, key: Any) -> tuple[str, str]:
        """A name as it is written, and expanded."""
        if type(key) is str and key.isidentifier():
            return key, key
        name = str(self._filled(key))
        return name, self._expanded(name)

    def _target(self, key: Any) -> tuple[str, str]:
        """The same of a variable that is to be changed."""
        name, known = self._key(key)
        _checked(name)
        if self.outside.shell and not (name.isascii() and name.isidentifier()):
            from rezup.shells.code.base import is_fixed

            is_fixed(name)
        return name, known

    def _takes_alias(self, name: str) -> bool:
        if not self.outside.shell:  # nobody will write it
            return True
        if self._code is None:
            from rezup.shells.code import code_for

            self._code = code_for(self.outside.shell)
        return self._code.takes_alias(name)

    def _value(self, value: Any) -> Value:
        filled = self._filled(value)
        if isinstance(filled, str):
            _checked(filled)
            written = EscapedString(filled)
            if "$" not in filled and filled[:1] != "~":
                return written, written, filled
            text = self._expanded(filled)
            return written, EscapedString(text), text
        expanded = _checked_parts(filled).formatted(self._expanded)
        return filled, expanded, str(expanded)

    def _filled(self, value: Any) -> str | EscapedString:
        """A value with its fields filled, or as it is where one can't be."""
        if not isinstance(value, (str, EscapedString)):
            return str(value)
        if type(value) is str and "{" not in value and "}" not in value and "$" not in value:
            return value
        try:
            return self._fill(value) if isinstance(value, str) else value.formatted(self._fill)
        except (KeyError, ValueError):
            return value

    def _expanded(self, text: str) -> str:
        if "$" in text:
            text = with_variables(with_variables(text, self.environ), self.outside.environ)
        return with_home(text, self.outside.home)


def _is_plain(text: str) -> bool:
    """Whether a text means itself, whatever there is to fill or to expand."""
    return (
        text.isascii() and "{" not in text and "}" not in text and "$" not in text and "\0" not in text
        and text[:1] != "~"
    )  # fmt: skip


def _checked(text: str) -> str:
    """The text itself.

    :raises LaunchError: no environment can hold it
    """
    if "\0" in text or not text.isascii():
        from rezup.shells.code.base import checked_text

        checked_text(text)
    return text


def _checked_parts(value: EscapedString) -> EscapedString:
    for _, text in value.strings:
        _checked(text)
    return value
