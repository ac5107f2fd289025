"""``rezup rollback``: the revision before, until further notice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import json_option, name_argument, root_options, talk_options
from rezup_cli.commands.pin import named_place, pin_options, show_change, where

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "rollback",
    epilog="\b\nrezup rollback foo                        the one before, on this machine\n"
    "rezup rollback foo -r --why 'maya fails'  for the whole studio",
)
@name_argument
@pin_options
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None], remote: bool, why: str) -> int:
    """Pin the ready revision before the one that is taken now.

    A second rollback goes one further back. Nothing newer is taken until
    `rezup unpin`.
    """
    place = named_place(console, target, "rezup rollback NAME")
    change = console.session().pins().rollback(place, why=why.strip(), remote=remote)
    what = f"is rolled back from {change.source} to {change.to} {where(change)}"
    status = show_change(console, change, why, what)
    if not console.is_json:
        console.say(f"`rezup unpin {change.container}{' --remote' if remote else ''}` lifts it")
    return status
