"""``rezup pin``: one revision until further notice, for this machine or the studio."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.containers.pinning import Change
    from rezup.session import Place
    from rezup_cli.console import Console

F = TypeVar("F", bound="Callable[..., Any]")


def pin_options(function: F) -> F:
    """``--remote`` and ``--why``, for all that changes a pin."""
    function = click.option("--why", default="", metavar="TEXT", help="Kept, and shown by `rezup history`.")(
        function
    )
    return click.option("-r", "--remote", is_flag=True, help="For the whole studio, on the remote root.")(
        function
    )


@click.command(
    "pin",
    epilog="\b\nrezup pin foo@-1                              the one before the newest, on this machine\n"
    "rezup pin foo@1795232098 -r --why 'show end'  one for the whole studio",
)
@target_argument
@pin_options
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None], remote: bool, why: str) -> int:
    """Have one revision taken from the next launch on, whatever is newer.

    Without a REVISION that is the one taken now. Open shells keep theirs;
    `rezup unpin` lifts it.
    """
    place = named_place(console, target, "rezup pin NAME@REVISION")
    change = console.session().pins().pin(place, target[1], why=why.strip(), remote=remote)
    again = "" if change.is_changed else " already"
    return show_change(console, change, why, f"is pinned to {change.to} {where(change)}{again}")


def named_place(console: Console, target: tuple[str | None, str | None], usage: str) -> Place:
    """The container that is named; a pin is never changed by leaving the name out.

    :raises click.UsageError: none is named
    """
    console.refuse_tail()
    if target[0] is None:
        raise click.UsageError(f"Say which container: {usage}")
    return console.session().place(target[0])


def where(change: Change) -> str:
    """Where a pin counts, in words."""
    return "on this machine" if change.where == "local" else "for the whole studio"


def show_change(console: Console, change: Change, why: str, what: str) -> int:
    """Say what became of a pin.

    :param what: in words that follow the name of the container
    """
    data = {
        "container": change.container, "action": change.action, "where": change.where, "from": change.source,
        "to": change.to, "changed": change.is_changed, "why": why.strip() if change.is_changed else None,
    }  # fmt: skip
    console.result(change.action, data)
    if not console.is_json:
        console.say(f"{change.container} {what}")
    return 0
