"""``rezup drop``: off this machine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup.errors import ContainerError
from rezup.system.machine import has_terminal
from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument
from rezup_cli.console import QUIET

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command("drop")
@target_argument
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    target: tuple[str | None, str | None],
    yes: bool,
) -> int:
    """Remove a revision from this machine, or a container with all of them.

    Revisions in use stay, and so does one that is pinned here, unless the
    container goes with its pin. Nothing is removed from the remote root.
    """
    console.refuse_tail()
    name, revision = target or (None, None)
    if name is None:
        raise click.UsageError("Say which container: rezup drop NAME")
    session = console.session()
    place = session.place(name)
    removal = session.removal()
    doomed = removal.targets(place, revision)
    pin = place.local.listing(place.name).pin
    what = f"{place.name}@{doomed[0]}" if revision else f"{place.name} with {len(doomed)} revision(s)"
    if pin is not None and not revision:
        what += f" and its pin of {pin}"
    if not yes:
        if console.is_json or not has_terminal():
            raise ContainerError(
                f"{what} was not removed",
                context="nobody is there to be asked",
                hint="say --yes to remove it",
            )
        if not click.confirm(f"Remove {what} from {place.local.root}?", err=True):
            console.say("nothing was removed", level=QUIET)
            return 1
    removed = removal.drop(place, revision)
    is_unpinned = pin is not None and place.local.listing(place.name).pin is None
    data = {"container": place.name, "removed": removed, "unpinned": pin if is_unpinned else None}
    console.result("drop", data)
    if not console.is_json:
        console.say(f"removed {what}")
    return 0
