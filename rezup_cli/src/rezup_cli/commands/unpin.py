"""``rezup unpin``: back to what is newest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import json_option, name_argument, root_options, talk_options
from rezup_cli.commands.pin import named_place, pin_options, show_change, where

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command("unpin")
@name_argument
@pin_options
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None], remote: bool, why: str) -> int:
    """Lift a pin, also that of a rollback: the next launch takes the newest.

    On this machine it takes what the studio has pinned, if it has.
    """
    place = named_place(console, target, "rezup unpin NAME")
    change = console.session().pins().unpin(place, why=why.strip(), remote=remote)
    if change.is_changed:
        taken = f"; the next launch takes {change.to}" if change.to else ""
        return show_change(console, change, why, f"is not pinned {where(change)} any more{taken}")
    return show_change(console, change, why, f"is not pinned {where(change)}")
