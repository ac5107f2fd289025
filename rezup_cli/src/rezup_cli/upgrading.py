"""What the command line and the upgrades of the library have to tell each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_cli import bootstrap
from rezup_cli.console import Console, ConsoleReporter
from rezup_cli.process import prepare_process

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from rezup.session.upgrading import UpgradePlace


def upgrade_first(
    start: bootstrap.Start, arguments: Sequence[str], unforeseen: Callable[[Exception], None]
) -> bool:
    """Look for a newer library before a command is run, and take it; whatever fails, the command is run.

    :param unforeseen: called when an error turns up that nobody foresaw
    :returns: whether another library is in place now, so that this process should give way
    """
    own = arguments[: arguments.index("--")] if "--" in arguments else arguments
    console = Console(arguments=own)
    console.set_level(
        quiet=not {"-q", "--quiet"}.isdisjoint(own),
        verbose=not {"-v", "--verbose"}.isdisjoint(own),
        debug=not {"-D", "--debug"}.isdisjoint(own),
    )
    reporter = ConsoleReporter(console, timings=False, stages=False)
    prepare_process()
    try:
        from rezup.session.upgrading import automatic_upgrade

        version = automatic_upgrade(upgrade_place(start), reporter)
    except Exception as error:  # noqa: BLE001 - an upgrade that nobody asked for stops nothing
        from rezup.errors import RezupError

        if isinstance(error, RezupError):
            console.say(f"no upgrade: {error}", level=2)
        else:
            unforeseen(error)
            console.say(f"warning: no upgrade: {type(error).__name__}: {error}", level=0)
        return False
    return version is not None


def upgrade_place(start: bootstrap.Start | None, *, site: bool = False) -> UpgradePlace:
    """Where the libraries of this installation lie, in the library's words.

    :param site: the folder of all users, though there may be nothing in it yet
    :raises UpgradeError: this installation has no such folder
    """
    from rezup.errors import UpgradeError
    from rezup.session.upgrading import UpgradePlace

    if start is None:  # a guest in another process, which loaded the library by itself
        start = bootstrap.Start(bootstrap.find_place(os.environ), None, "")
    place = start.place
    if place is None:
        raise UpgradeError(
            "rezup can't be upgraded by itself here",
            context="there is no home folder to keep a newer version in",
            hint="set HOME, or upgrade it with the installer that made it",
        )
    if site:
        found = bootstrap.find_site_place(os.environ)
        if found is None:
            raise UpgradeError(
                "this installation has no folder for all its users",
                context="its packages do not lie in the environment of its Python",
                hint="leave --site out, or install rezup into a virtual environment",
            )
        place = found
    return UpgradePlace(
        folder=Path(place.folder),
        installation=place.installation,
        stamp=Path(place.stamp),
        beside=None if start.library is None else Path(start.library.folder),
        is_site=place.is_site,
    )
