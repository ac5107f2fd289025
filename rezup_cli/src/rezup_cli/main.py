"""The entry point: decides which library runs, has it upgraded when that is due, runs the command line.

Nothing of the library is loaded before it is decided which one that is.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from rezup_cli import bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    :param arguments: instead of this process's own; then it is a guest in this process, and the
        library is neither chosen nor upgraded
    """
    if arguments is not None:
        from rezup_cli.application import run

        return run(list(arguments))
    start = bootstrap.begin()
    given = sys.argv[1:]
    if bootstrap.is_check_due(start, given):
        from rezup_cli.upgrading import upgrade_first

        if upgrade_first(start, given):
            bootstrap.restart("upgraded")
    if start.library is None:
        from rezup_cli.application import run

        return run(given, start)
    return _run_beside(given, start, start.library)


def _run_beside(given: list[str], start: bootstrap.Start, library: bootstrap.Library) -> int:
    """Run with a library beside pip's; if that turns out to be damaged, start over with pip's."""
    try:
        from rezup_cli.application import run

        return run(given, start, unforeseen=lambda error: _give_up(error, library, start))
    except Exception as error:
        _give_up(error, library, start)
        raise


def _give_up(error: Exception, library: bootstrap.Library, start: bootstrap.Start) -> None:
    """Start over with what pip installed, if the library is not what was put there."""
    if isinstance(error, OSError) and not str(error.filename).startswith(library.folder):
        return  # the world's doing
    if not bootstrap.can_restart() or not bootstrap.is_damaged(library):
        return
    bootstrap.forget(start.place)
    sys.stderr.write(
        f"warning: the upgraded rezup-api {library.version} in {library.folder} is damaged; "
        "going on with what was installed\n"
    )
    bootstrap.restart("fallback")
