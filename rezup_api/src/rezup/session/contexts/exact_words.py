"""A command whose words are meant to the letter, for a shell that a context is entered with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.launch.context_entry import Wish, find_shell
from rezup.shells.code import code_for
from rezup.shells.command_line import command_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.runtime.config import Config


def exact_wish(
    words: Iterable[str], config: Config, environ: Mapping[str, str], *, shell: str | None = None
) -> Wish:
    """The wish to run a command of just these words; an alias of the context may be the first.

    :param shell: name or path of the shell; None for the configured one, else the user's
    :raises LaunchError: there is no such shell
    """
    name, executable = find_shell(shell, config, environ)
    return Wish(shell=executable, command=command_line(code_for(name), words, is_literal=True), quiet=True)
