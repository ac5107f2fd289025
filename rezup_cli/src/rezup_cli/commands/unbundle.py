"""``rezup unbundle``: a revision out of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import json_option, root_options, talk_options

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "unbundle",
    epilog="\b\nrezup unbundle foo.rezup             make its revision on this machine\n"
    "rezup unbundle foo.rezup --remote    publish it to the remote root",
)
@click.argument("file", metavar="FILE")
@click.option("--name", metavar="NAME", help="The container, instead of that of the bundle.")
@click.option("-r", "--remote", is_flag=True, help="Publish it to the remote root, with its wheels.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, file: str, name: str | None, remote: bool) -> int:
    """Make the revision that a bundle holds; no index is asked.

    All of the file is verified by hash before anything is made of it.
    """
    from pathlib import Path

    console.refuse_tail()
    session = console.session()
    sharing = session.sharing()
    with sharing.read(Path(file).expanduser().absolute()) as bundle:
        place = session.place(name or bundle.facts.container)
        stamp = sharing.publish_bundle(bundle, place) if remote else sharing.make(bundle, place)
    where = f"to {place.remote.root}" if remote and place.remote else f"in {place.local.root}"
    console.result("unbundle", {"container": place.name, "revision": stamp, "remote": remote})
    if not console.is_json:
        console.say(f"{place.name}: {'published' if remote else 'made'} revision {stamp} {where}")
    return 0
