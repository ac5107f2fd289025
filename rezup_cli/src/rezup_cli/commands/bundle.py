"""``rezup bundle``: a revision as one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "bundle",
    epilog="\b\nrezup bundle foo foo.rezup           the newest revision, for a machine without network",
)
@target_argument
@click.argument("file", metavar="FILE")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None], file: str) -> int:
    """Write recipe, locks and all wheels of a revision into one file.

    `rezup unbundle FILE` makes the same revision elsewhere, without an index.
    """
    from pathlib import Path

    console.refuse_tail()
    name, revision = target or (None, None)
    session = console.session()
    place = session.place(name)
    found = session.sharing().write(place, revision, Path(file).expanduser().absolute())
    data = {"container": place.name, "revision": found.stamp, "file": str(found.path), "size": found.size}
    console.result("bundle", data)
    if not console.is_json:
        console.say(f"wrote {place.name}@{found.stamp} to {found.path} ({found.size / 1e6:.1f} MB)")
    return 0
