"""Texts of suites that become file names or options, checked before anything is done with them."""

from __future__ import annotations

from rezup.errors import SuiteError
from rezup.runtime.suites.layout import CONTEXT_ENDING

#: What nearly every file system stores in a name, in bytes.
LONGEST_NAME = 255


def check_context_name(name: object) -> str:
    """The name of a context, which is also that of its file.

    :raises SuiteError: it is no text, or can't be a file's name
    """
    return _check_file_name(name, "a context", CONTEXT_ENDING)


def check_alias(alias: object) -> str:
    """The name under which a tool is seen, which is also that of its wrapper.

    :raises SuiteError: it is no text, or can't be a file's name
    """
    return _check_file_name(alias, "a tool")


def check_affix(text: object, what: str) -> str:
    """A prefix or suffix of the names of tools; empty for none.

    :param what: "prefix" or "suffix"
    :raises SuiteError: it is no text, or names with it can't be names of files
    """
    if not isinstance(text, str):
        raise SuiteError(f"the {what} of a context must be a text", context=f"it is {_kind(text)}")
    problem = _unfit_characters(text)
    if problem:
        raise SuiteError(f"{shown(text)} can't be the {what} of a context", context=problem)
    return text


def check_prefix_char(char: object) -> str | None:
    """The character that begins a wrapper's own options.

    Empty means that there are no such options, None that the configuration tells the character.

    :raises SuiteError: it is no such character
    """
    if char is None:
        return None
    if not isinstance(char, str):
        raise SuiteError("the prefix character must be a text", context=f"it is {_kind(char)}")
    if not char:
        return char
    if len(char) != 1 or char.isalnum() or char.isspace() or not char.isprintable():
        raise SuiteError(
            f"{shown(char)} can't begin the options of a suite's tools",
            context="it must be one visible character, neither letter nor digit",
            hint="leave it empty to have no such options",
        )
    if char == "-":
        raise SuiteError(
            "'-' can't begin the options of a suite's tools",
            context="the options of the tools themselves begin with it",
            hint="take another character, such as '+'",
        )
    return char


def shown(text: str) -> str:
    """A text from elsewhere as messages show it: quoted, in ASCII, not too long."""
    return ascii(text if len(text) <= 80 else f"{text[:77]}...")


def _check_file_name(name: object, what: str, ending: str = "") -> str:
    if not isinstance(name, str):
        raise SuiteError(f"the name of {what} must be a text", context=f"it is {_kind(name)}")
    problem = _unfit_characters(name)
    if not name:
        problem = "it is empty"
    elif not problem and name in (".", ".."):
        problem = "it means a folder"
    elif not problem and len((name + ending).encode()) > LONGEST_NAME:
        problem = f"it has more than {LONGEST_NAME - len(ending)} bytes"
    if problem:
        raise SuiteError(
            f"{shown(name)} can't be the name of {what} in a suite",
            context=problem,
            hint="take a name without path separators and control characters",
        )
    return name


def _unfit_characters(text: str) -> str | None:
    for char in text:
        if char in "/\\":
            return "it has a path separator"
        # Line and paragraph separators are no control characters, yet break lines as they do.
        if ord(char) < 32 or 127 <= ord(char) < 160 or char in "\u2028\u2029":
            return "it has a control character"
        if "\ud800" <= char <= "\udfff":
            return "it is no Unicode text"
    return None


def _kind(value: object) -> str:
    return "missing" if value is None else f"of the type {type(value).__name__}"
