"""What is said of commands that fail; loaded only when some do."""

from __future__ import annotations

import ast
import traceback
from typing import TYPE_CHECKING

from rezup.errors import LaunchError, PackageCommandsError
from rezup.runtime.rex.formatting import UnknownFieldError
from rezup.runtime.rex.recorder import StoppedError, UndefinedVariableError

if TYPE_CHECKING:
    from rezup.runtime.source_code import SourceCode

_OURS = (UnknownFieldError, UndefinedVariableError)


def failure_of(
    error: BaseException, code: SourceCode, package: str | None, part: str
) -> PackageCommandsError:
    """The error that names package, file, line and statement.

    :param package: such as "maya-2022.1"; None for code of no package
    :param part: such as "pre_commands"
    """
    at = _line(error, code)
    line = at if code.line is not None else None
    statement = None if at is None else _statement(code, at)
    whose = part if package is None else f"{part} of {package}"
    verb = "stop the environment from being made" if isinstance(error, StoppedError) else "fail"
    return PackageCommandsError(
        f"{whose} {verb}{_place(code, at)}",
        package=package,
        path=code.path or None,
        line=line,
        statement=statement,
        context=_words(error, statement),
        hint=_hint(error),
    )


def _place(code: SourceCode, at: int | None) -> str:
    if at is None:
        return f", {code.path}" if code.path else ""
    if code.line is None:  # the text stands somewhere in its file
        return f", line {at - 1} of their text" + (f" in {code.path}" if code.path else "")
    return f", {code.path}:{at}"


def _line(error: BaseException, code: SourceCode) -> int | None:
    """The line, as byte code counts, in which the code raised, or below which it did."""
    if isinstance(error, SyntaxError) and error.filename in (code.path, f"<{code.path}>"):
        return error.lineno
    try:
        name = code.compiled().co_filename
    except (SyntaxError, ValueError):
        return None
    frames = traceback.extract_tb(error.__traceback__)
    lines = [frame.lineno for frame in frames if frame.filename == name]
    return lines[-1] if lines else None


def _statement(code: SourceCode, at: int) -> str | None:
    """The statement in a line, on one line."""
    if code.line is None:
        text, at = code.text, at - 1
    else:
        try:
            with open(code.path, encoding="utf-8", errors="replace") as stream:
                text = stream.read()
        except OSError:
            return None
    lines = text.split("\n")
    first, last = _extent(text, at)
    return " ".join(line.strip() for line in lines[first - 1 : last]) or None


def _extent(text: str, at: int) -> tuple[int, int]:
    """The first and last line of the statement that this line belongs to; itself for what has a body."""
    found = at, at
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return found
    for node in ast.walk(tree):
        if isinstance(node, ast.stmt) and not hasattr(node, "body"):
            last = node.end_lineno or node.lineno
            if node.lineno <= at <= last:
                found = node.lineno, last
    return found


def _words(error: BaseException, statement: str | None) -> str:
    if isinstance(error, StoppedError):
        return str(error)
    if isinstance(error, SyntaxError):
        what = f"{type(error).__name__}: {error.msg}"
    elif isinstance(error, _OURS):
        what = str(error)
    elif isinstance(error, LaunchError):  # what can't be told to a shell
        what = error.message + (f": {error.context}" if error.context else "")
    else:
        what = f"{type(error).__name__}: {error}"
    return what if statement is None else f"{what}\n    {statement}"


def _hint(error: BaseException) -> str | None:
    if isinstance(error, LaunchError):
        return error.hint
    if isinstance(error, UnknownFieldError):
        return "braces that are meant to the letter are doubled: {{ and }}"
    if isinstance(error, UndefinedVariableError):
        return 'ask defined("NAME") first, or use a variable that is set before'
    if isinstance(error, RecursionError):
        return "a value that holds its own name in braces is filled without end"
    from rezup.runtime.config.files import missing_rez_hint

    return missing_rez_hint(error)
