"""``rezup unbundle``: a revision out of one file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options
from rezup_cli.proofs import plain_proof, require_remote, unproved, verify_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.session import Place
    from rezup.session.sharing import PublishedBundle
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
    what is published already is told by its revision, and only wheels that
    the remote root lacks are added.
    """
    from pathlib import Path

    require_remote(remote, {}, no_verify=no_verify, verify_timeout=verify_timeout)
    console.refuse_tail()
    session = console.session()
    sharing = session.sharing()
    with sharing.read(Path(file).expanduser().absolute()) as bundle:
        place = session.place(name or bundle.facts.container)
        published = None
        if remote:
            published = sharing.publish_bundle(
                bundle, place, verify=not no_verify, verify_timeout=verify_timeout
            )
            stamp = published.stamp
        else:
            stamp = sharing.make(bundle, place)
    console.result("unbundle", {"container": place.name, "revision": stamp, **_plain(published)})
    if console.is_json:
        return 0
    if published is None:
        console.say(f"{place.name}: made revision {stamp} in {place.local.root}")
    else:
        for line in _told(place, published):
            console.say(f"{place.name}: {line}")
    return 0


def _plain(published: PublishedBundle | None) -> dict[str, Any]:
    """What became of the remote root, for a document.

    :param published: None where it wasn't meant
    """
    was_there = published is not None and published.was_there
    return {
        "remote": published is not None,
        "was_there": was_there,
        "taken": published.taken if published else None,
        "wheels_added": published.wheels_added if published else 0,
        **plain_proof(published is not None and not was_there, published.proof if published else None),
    }


def _told(place: Place, published: PublishedBundle) -> Iterator[str]:
    """What became of the remote root, in words."""
    root, stamp, taken = place.remote.root if place.remote else "", published.stamp, published.taken
    if not published.was_there:
        yield f"published revision {stamp} to {root}{unproved(published.proof)}"
        return
    count = published.wheels_added
    added = f"; {count} {'wheel' if count == 1 else 'wheels'} added" if count else ""
    yield f"it is published already: revision {stamp} on {root}{added}"
    if taken:
        why = "it isn't the newest" if taken.order > stamp.order else "another one is pinned there"
        yield (
            f"{why}: the studio takes revision {taken}; "
            f"to have it take {stamp}: rezup pin {place.name}@{stamp} --remote"
        )
