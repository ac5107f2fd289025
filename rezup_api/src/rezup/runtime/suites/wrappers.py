"""Wrappers: the scripts in a suite's bin folder, each of which runs one tool in its context.

Rez makes executable YAML files that its program `_rez_fwd` runs, and which so are of no use where
there is no Rez. Ours are that same YAML, and a shell script as well::

    #!/bin/sh
    command -v rezup … && exec rezup …; command -v _rez_fwd … && exec _rez_fwd …; exit 127; : null
    kwargs: {"context_name": "anim", "prefix_char": null, "tool_name": "maya"}

The shell leaves at the second line, which takes rezup or else Rez, and never gets to what follows.
For YAML that line is a key of no meaning: a plain text up to its last colon. So both programs run
both kinds, and names of contexts and tools never are shell text.
"""

from __future__ import annotations

import json
import os
from typing import Any, NamedTuple

from rezup.errors import SuiteError
from rezup.runtime.suites.names import check_context_name

_FUNCTION = "_FWD__invoke_suite_tool_alias"

_BODY = f"module: suite\nfunc_name: {_FUNCTION}\nkwargs: "

#: Nothing in the second line may be ": " or " #", which would end the key.
_POSIX = (
    "#!/bin/sh\n"
    'command -v rezup >/dev/null 2>&1 && exec rezup suite run "$0" -- "$@"; '
    'command -v _rez_fwd >/dev/null 2>&1 && exec _rez_fwd "$0" "$@"; '
    'echo "a tool of a suite needs rezup or Rez, and PATH has neither" >&2; exit 127; : null\n'
)

#: Rez takes the first four lines away before it reads the rest.
_WINDOWS = (
    "@echo off & where /q rezup\n"
    'if not errorlevel 1 rezup suite run "%~dpnx0" -- %*& goto :eof\n'
    '_rez_fwd.exe "%~dpnx0" %*& goto :eof\n'
    ":: YAML\n"
)

_WINDOWS_ENDING = ".cmd"
_WINDOWS_LINES = 4

#: More than any wrapper has; what is larger is something else.
_LARGEST = 1 << 16


class Wrapper(NamedTuple):
    """What a wrapper's script says."""

    context: str
    """The name of the context in the suite."""
    tool: str
    """The tool's own name, which it has in the context."""
    prefix_char: str | None = None
    """See `rezup.runtime.suites.members.Member`."""


def file_name(alias: str, *, windows: bool) -> str:
    """The name of a tool's wrapper."""
    is_bare = windows and not alias.lower().endswith(_WINDOWS_ENDING)
    return f"{alias}{_WINDOWS_ENDING}" if is_bare else alias


def text_of(wrapper: Wrapper, *, windows: bool) -> str:
    """The text of a wrapper's script.

    :param windows: whether it is for Windows, instead of all others
    """
    values = {
        "context_name": wrapper.context,
        "prefix_char": wrapper.prefix_char,
        "tool_name": wrapper.tool,
    }
    pairs = [f"{_quoted(key)}: {_quoted(value)}" for key, value in values.items()]
    return f"{_WINDOWS if windows else _POSIX}{_BODY}{{{', '.join(pairs)}}}\n"


def read(path: str) -> Wrapper:
    """What a wrapper says, of ours or of Rez's.

    :raises SuiteError: the file can't be read, or is no wrapper
    """
    try:
        if not os.path.isfile(path):  # a pipe would be waited for
            raise _failure(path, "there is no such file")
        with open(path, "rb") as stream:
            content = stream.read(_LARGEST + 1)
    except (OSError, ValueError) as error:
        raise _failure(path, getattr(error, "strerror", None) or str(error)) from error
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise _failure(path, "it is no text") from error
    if len(content) > _LARGEST:
        raise _failure(path, f"it has more than {_LARGEST >> 10} KiB")
    found = _arguments(text, path)
    try:
        return _checked(found)
    except SuiteError as error:
        raise _failure(path, str(error)) from error


def is_wrapper(path: str) -> bool:
    """Whether a file is a wrapper, and so may be replaced when its suite is saved."""
    try:
        read(path)
    except SuiteError:
        return False
    return not os.path.islink(path)


def _arguments(text: str, path: str) -> Any:
    for head in (_POSIX, _WINDOWS):
        if text.startswith(head + _BODY):
            # Ours: to load a YAML parser takes longer than all else that a wrapper does.
            try:
                return json.loads(text[len(head) + len(_BODY) :])
            except (ValueError, RecursionError) as error:
                raise _failure(path, str(error)) from error
    if text.startswith("@echo off"):
        text = "".join(text.splitlines(keepends=True)[_WINDOWS_LINES:])
    elif not text.startswith("#!") or "_rez_fwd" not in text:
        raise _failure(path, "neither rezup nor Rez made it")
    document = _document(text, path)
    if not isinstance(document, dict) or document.get("func_name") != _FUNCTION:
        raise _failure(path, "it runs no tool of a suite")
    return document.get("kwargs")


def _document(text: str, path: str) -> Any:
    import yaml  # type: ignore[import-untyped]  # its types are a distribution of their own

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise _failure(path, " ".join(str(error).split())[:200]) from error


def _checked(found: Any) -> Wrapper:
    if not isinstance(found, dict):
        raise SuiteError("it names no tool")
    tool, prefix_char = found.get("tool_name"), found.get("prefix_char")
    if not isinstance(tool, str):
        raise SuiteError("it names no tool")
    if prefix_char is not None and (not isinstance(prefix_char, str) or len(prefix_char) > 1):
        raise SuiteError("its prefix_char is no character")
    return Wrapper(check_context_name(found.get("context_name")), tool, prefix_char)


def _quoted(value: str | None) -> str:
    """A text as both JSON and YAML read it.

    YAML knows no pairs of surrogates, and wants some characters escaped that JSON leaves alone.
    """
    if value is None:
        return "null"
    escaped = [char if char > "\uffff" else json.dumps(char)[1:-1] for char in value]
    return f'"{"".join(escaped)}"'.replace("\x7f", "\\u007f")


def _failure(path: str, context: str) -> SuiteError:
    return SuiteError(
        f"{path[:300]} is no tool of a suite",
        context=context,
        hint="to save its suite makes all its tools anew",
    )
