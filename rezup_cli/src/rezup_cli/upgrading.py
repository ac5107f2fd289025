"""What the command line and the upgrades of the library have to tell each other."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from rezup_cli import bootstrap
from rezup_cli.console import Console, ConsoleReporter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.session.upgrading import UpgradePlace


def upgrade_first(start: bootstrap.Start, arguments: Sequence[str]) -> bool:
    """Look for a newer library before a command is run, and take it; whatever fails, the command is run.

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
    try:
        from rezup.session.upgrading import automatic_upgrade

        version = automatic_upgrade(upgrade_place(start), reporter)
    except Exception as error:  # noqa: BLE001 - an upgrade that nobody asked for stops nothing
        console.say(f"no upgrade: {error}", level=2)
        return False
    return version is not None and bootstrap.can_restart()


def upgrade_place(start: bootstrap.Start | None, *, site: bool = False) -> UpgradePlace:
    """Where the libraries of this installation lie, in the library's words.

    :param site: the folder of all users, though there may be nothing in it yet
    :raises UpgradeError: this installation has no such folder
    """
    from rezup.session.upgrading import UpgradePlace

    if start is None:  # a guest in another process, which loaded the library by itself
        start = bootstrap.Start(bootstrap.find_place(os.environ), None, "")
    place = start.place
    if site:
        found = bootstrap.find_site_place(os.environ)
        if found is None:
            from rezup.errors import UpgradeError

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
