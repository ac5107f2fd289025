"""Shells: how each is started inside a container, given a script, and quoted for.

One class per shell in a module of its own, one script file per shell below ``scripts/``. The
scripts are static: they read what they need from environment variables, so that no data ever
becomes shell text and a start writes nothing anywhere. :func:`shell_named` finds a class without
loading the others, :func:`~rezup.shells.detect.detect` chooses the user's shell.

An interactive start reads the user's own start-up files once, puts the folders of the revision
first on ``PATH`` again (start-up files like to put theirs there), marks the prompt and turns on
Rez's completion.

Variables, all of them:

``REZUP_PROMPT``
    stays set in the shell and in what is started from it: the text that marks the prompt. A value
    that the user had set wins over the caller's; ``{linebreak}`` in it is a line break.
``_REZUP_`` and ``BIN``, ``COMPLETION``, ``SCRIPT``, ``ZDOTDIR``, ``ENV``, ``HOME`` or ``PROMPT``
    carry parameters into the script, which removes them. Nothing started from the shell's prompt
    sees one. (Programs that a user's start-up file starts see them in fish, PowerShell and cmd,
    which run our script only after it.)
``_REZUP_LINE``
    the whole command line, when cmd runs a batch file; stays visible to that batch file.
``ZDOTDIR`` (zsh), ``ENV`` (sh), ``HOME`` (csh)
    lead the shell to our script, which gives them back their value, or their absence, before the
    user's own files are read.

In the shell itself, though not in what it starts, remain functions (in tcsh aliases) whose names
begin with ``_rezup_``, in zsh the variable ``_rezup_marked``, in tcsh ``_rezup_mark`` and
``_rezup_prompt``.

Known limits: a start-up file that replaces the shell (``exec fish``) leaves it without mark; an
``/etc/zshenv`` that sets ZDOTDIR unasked leads zsh past our file; a ``precmd`` alias of tcsh that
sets the prompt and goes over several lines wins over the mark; zsh offers Rez's completion for
commands with a dash only after ``compinit`` (Rez uses ``compctl``, which zsh 5.9 doesn't find for
such names).
"""

from __future__ import annotations

from rezup.shells.base import Launch, Shell, Startup
from rezup.shells.registry import canonical_name, known_names, shell_named

__all__ = ["Launch", "Shell", "Startup", "canonical_name", "known_names", "shell_named"]
