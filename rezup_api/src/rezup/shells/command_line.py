"""The words of a command as a line of a shell, for the command after ``--`` of `rezup env`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.shells.escaped import expandable, literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.shells.code.base import ShellCode

#: Characters that mean nothing to any shell, so that a word of them may stand as it is and be an alias.
_SAFE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+./:,@")


def command_line(code: ShellCode, words: Iterable[str], *, is_literal: bool = False) -> str:
    """One line that runs a command with just these words.

    As with Rez, ``$VAR`` and ``${VAR}`` in them stand for variables of the environment that is entered.
    Nothing else in them means anything: no other substitution, no pattern, no second command.

    :param is_literal: variables mean nothing either
    """
    return " ".join([_word(code, word, is_literal) for word in words])


def _word(code: ShellCode, word: str, is_literal: bool) -> str:
    if word and _SAFE.issuperset(word):
        return word
    if is_literal:
        return code.argument(literal(word))
    if word.startswith("~"):  # a person's own shell replaced it where it was meant
        return code.argument(literal("~") + expandable(word[1:]))
    return code.argument(expandable(word))
