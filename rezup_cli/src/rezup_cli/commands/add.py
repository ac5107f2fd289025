"""``rezup add``: a new revision, here or for the studio."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup.errors import LaunchError, NestedContainerError
from rezup_cli.commands.options import json_option, name_argument, recipe_file, root_options, talk_options
from rezup_cli.proofs import plain_proof, require_remote, unproved, verify_options

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "add", epilog="\b\nrezup add foo --remote --skip-use     publish ~/rezup.foo.toml to the studio"
)
@name_argument
@click.option("-f", "--file", "file_text", metavar="RECIPE", help="The recipe, instead of ~/rezup.NAME.toml.")
@click.option("-r", "--remote", is_flag=True, help="Publish the recipe to the remote root.")
@click.option(
    "--wheelhouse", is_flag=True, help="With --remote: all wheels too, so that no machine needs an index."
)
@click.option(
    "--also-2x", is_flag=True, help="With --remote: in the shape of rezup 2.x too, for hosts still on it."
)
@verify_options
@click.option("-s", "--skip-use", is_flag=True, help="Do not open a shell in it.")
@click.option("--allow-local-paths", is_flag=True, help="Publish paths that other machines may not see.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    target: tuple[str | None, str | None],
    file_text: str | None,
    remote: bool,
    wheelhouse: bool,
    also_2x: bool,
    no_verify: bool,
    verify_timeout: float | None,
    skip_use: bool,
    allow_local_paths: bool,
) -> int:
    """Make a new revision of a container, and open a shell in it.

    With --remote the recipe is locked and published instead, and every machine
    makes that very revision at its next launch. It is proved before: built
    here, and the scripts of Rez and of each extension are started once.
    """
    publishing = {"--wheelhouse": wheelhouse, "--also-2x": also_2x}
    require_remote(remote, publishing, no_verify=no_verify, verify_timeout=verify_timeout)

    console.hurry()  # what takes long is done by other programs
    name = (target or (None, None))[0]
    session = console.session()
    file = recipe_file(file_text, name or ".main", "--file")
    place = session.place(name, file)
    acquired, published = None, None
    if remote:
        published = session.sharing().publish(
            place, file, allow_local_paths=allow_local_paths, wheelhouse=wheelhouse, also_2x=also_2x,
            verify=not no_verify, verify_timeout=verify_timeout,
        )  # fmt: skip
        stamp, root = published.stamp, place.remote.root if place.remote else ""
        console.say(f"{place.name}: published revision {stamp} to {root}{unproved(published.proof)}")
        for line in published.warnings(place.name):
            session.reporter.warning(line)
    else:
        acquired = session.make(place, file)
        stamp = acquired.revision.stamp
        console.say(f"{place.name}: made revision {stamp}")
    data = {
        "container": place.name, "revision": stamp, "remote": remote,
        **plain_proof(remote, published.proof if published else None),
        "pinned": published.pinned if published else None,
    }  # fmt: skip
    console.result("add", data)
    if skip_use or console.is_json:
        return console.leave(0)
    try:
        session.check_entrance(for_shell=not console.tail)
    except (NestedContainerError, LaunchError) as error:
        console.say(f"no shell is opened: {error}")
        return 0
    acquired = acquired or session.acquire(place, str(stamp))
    return session.enter(acquired, place, command=console.tail or ())
