"""The entry point: decides which library runs, has it upgraded when that is due, runs the command line.

Nothing of the library is loaded before it is decided which one that is.
"""

from __future__ import annotations

import gc
import sys
from typing import TYPE_CHECKING

from rezup_cli import bootstrap

if TYPE_CHECKING:
    from collections.abc import Sequence

#: Commands that may have done half of their work when something turns up; they are not begun again.
_NOT_TWICE = frozenset({"add", "drop"})

#: A command that only starts something makes about forty thousand.
_OBJECTS_BEFORE_COLLECTING = 50_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit status.

    :param arguments: instead of this process's own; then it is a guest in this process, and the
        library is neither chosen nor upgraded
    """
    if arguments is not None:
        from rezup_cli.application import run

        return run(list(arguments))
    # Looking through what imports leave behind takes a tenth of a short command; a long one comes to it yet.
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTING)
    given = sys.argv[1:]
    start = bootstrap.begin(given)
    try:
        return _run(given, start)
    except KeyboardInterrupt:  # while the library was loaded or upgraded
        if sys.stderr is not None:
            sys.stderr.write("interrupted\n")
        return 130
    except Exception as error:
        _give_up(error, start, given)
        raise


def _run(given: list[str], start: bootstrap.Start) -> int:
    """From here on the library is loaded, and may turn out to be damaged."""

    def unforeseen(error: Exception) -> None:
        _give_up(error, start, given)

    if bootstrap.is_check_due(start, given):
        from rezup_cli.handover import can_restart, restart
        from rezup_cli.upgrading import upgrade_first

        if can_restart() and upgrade_first(start, given, unforeseen):
            restart("upgraded")
    from rezup_cli.application import run

    return run(given, start, unforeseen)


def _give_up(error: Exception, start: bootstrap.Start, given: Sequence[str]) -> None:
    """Start over with what pip installed, if a library beside that is not what was put there."""
    library, place = start.library, start.place
    if library is None or place is None:
        return
    if isinstance(error, OSError) and not str(error.filename).startswith(library.folder):
        return  # the world's doing
    from rezup_cli.handover import can_restart, forget, is_damaged, restart

    if not is_damaged(library):
        return
    forget(place, library)
    may_restart = can_restart() and next((w for w in given if not w.startswith("-")), "") not in _NOT_TWICE
    if sys.stderr is not None:
        sys.stderr.write(
            f"warning: the upgraded rezup-api {library.version} in {library.folder} is damaged; "
            f"{'going on with' if may_restart else 'run it again, with'} what was installed\n"
        )
    if may_restart:
        restart("fallback")
