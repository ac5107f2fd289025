"""``rezup unbundle``: a revision out of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import json_option, root_options, talk_options
from rezup_cli.proofs import plain_proof, require_remote, unproved, verify_options

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
@verify_options
@json_option
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    file: str,
    name: str | None,
    remote: bool,
    no_verify: bool,
    verify_timeout: float | None,
) -> int:
    """Make the revision that a bundle holds; no index is asked.

    All of the file is verified by hash before anything is made of it. With
    --remote it is proved before it is published, as `rezup add --remote` does;
    what is published already is told by its revision, and nothing is done.
    """
    from pathlib import Path

    require_remote(remote, {}, no_verify=no_verify, verify_timeout=verify_timeout)
    console.refuse_tail()
    session = console.session()
    sharing = session.sharing()
    with sharing.read(Path(file).expanduser().absolute()) as bundle:
        place = session.place(name or bundle.facts.container)
        proof, was_there = None, False
        if remote:
            stamp, proof, was_there = sharing.publish_bundle(
                bundle, place, verify=not no_verify, verify_timeout=verify_timeout
            )
        else:
            stamp = sharing.make(bundle, place)
    where = f"to {place.remote.root}" if remote and place.remote else f"in {place.local.root}"
    data = {
        "container": place.name, "revision": stamp, "remote": remote, "was_there": was_there,
        **plain_proof(remote and not was_there, proof),
    }  # fmt: skip
    console.result("unbundle", data)
    if console.is_json:
        return 0
    if was_there:
        root = place.remote.root if place.remote else ""
        console.say(f"{place.name}: it is published already: revision {stamp} on {root}")
    else:
        told = f"published revision {stamp}" if remote else f"made revision {stamp}"
        console.say(f"{place.name}: {told} {where}{unproved(proof) if remote else ''}")
    return 0
