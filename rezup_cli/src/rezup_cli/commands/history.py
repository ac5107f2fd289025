"""``rezup history``: who pinned what, when and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, name_argument, root_options, talk_options
from rezup_cli.console import table

if TYPE_CHECKING:
    from rezup.session.pins import Recorded
    from rezup_cli.console import Console

#: Columns are as wide as their widest text, and anybody may have written that: characters.
_WIDEST = 80


@click.command("history")
@name_argument
@click.option("-r", "--remote", is_flag=True, help="Only what was done for the whole studio.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None], remote: bool) -> int:
    """Show who pinned a container, lifted a pin or rolled back; the newest first.

    Of this machine, and of the remote root if there is one.
    """
    console.refuse_tail()
    session = console.session()
    place = session.place((target or (None, None))[0])
    found, unreachable = session.pins().history(place, remote=remote)
    if unreachable is not None:
        session.reporter.warning(str(unreachable))
    data = {
        "container": place.name,
        "remote_reachable": unreachable is None,
        "entries": [_plain(each) for each in found],
    }
    if not found:
        session.reporter.info(f"nobody has pinned {place.name}")
    console.result("history", data, _lines(found) if found else [])
    return 0


def _plain(recorded: Recorded) -> dict[str, Any]:
    where, entry = recorded
    return {
        "at": entry.at, "where": where, "action": entry.action, "user": entry.user, "host": entry.host,
        "from": entry.source, "to": entry.to, "why": entry.why,
    }  # fmt: skip


def _lines(found: list[Recorded]) -> list[str]:
    from rezup.containers.health.findings import shown

    rows = [
        (
            _moment(entry.at),
            where,
            shown(entry.action[:_WIDEST]),
            entry.source or "-",
            entry.to or "-",
            shown(f"{entry.user} on {entry.host}"[:_WIDEST]),
            shown(entry.why),
        )
        for where, entry in found
    ]
    return table(("WHEN", "WHERE", "WHAT", "FROM", "TO", "BY", "WHY"), rows)


def _moment(seconds: float) -> str:
    import datetime

    moment = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    return f"{moment.astimezone():%Y-%m-%d %H:%M:%S}"
