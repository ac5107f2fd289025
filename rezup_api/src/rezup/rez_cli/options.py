"""The parser of command lines, and what words on them mean."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

#: The shells that Rez knows on this kind of machine, by its names.
SHELLS = ("bash", "csh", "sh", "tcsh", "zsh", "fish", "pwsh", "powershell", "cmd")


class UsageError(Exception):
    """The command line can't be understood."""


class HelpError(Exception):
    """Somebody asked for help; its text is the help."""


class Parser(argparse.ArgumentParser):
    """A parser that raises instead of printing and leaving."""

    def error(self, message: str) -> NoReturn:
        """See `argparse`.

        :raises UsageError: always
        """
        raise UsageError(f"{self.format_usage()}{self.prog}: error: {message}")

    def print_help(self, file: Any = None) -> NoReturn:
        """See `argparse`.

        :raises HelpError: always
        """
        raise HelpError(self.format_help())


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """What every command of Rez takes."""
    parser.add_argument("-v", "--verbose", action="count", default=0, help="tell more; may be repeated")
    parser.add_argument("--debug", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--profile", help=argparse.SUPPRESS)


def groups_of(words: Sequence[str]) -> list[list[str]]:
    """Words between each `--`."""
    groups: list[list[str]] = [[]]
    for word in words:
        if word == "--":
            groups.append([])
        else:
            groups[-1].append(word)
    return groups


def paths_of(text: str, home: str) -> tuple[str, ...]:
    """A search path from the command line; `~` is the home folder."""
    return tuple(path_of(path, home) for path in text.split(os.pathsep) if path)


def path_of(path: str, home: str) -> str:
    """A path from the command line; `~` is the home folder."""
    return home + path[1:] if path == "~" or path.startswith("~" + os.sep) else os.path.expanduser(path)
