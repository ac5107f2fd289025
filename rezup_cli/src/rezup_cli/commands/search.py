"""``rezup search``: which packages there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import Package, json_option, paths_option, talk_options

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "search",
    epilog="\b\nrezup search                the families\n"
    "rezup search maya           all versions of maya\n"
    "rezup search 'ma*'          families that begin so\n"
    "rezup search 'ma*-2024+'    their versions from 2024 on",
)
@click.argument("pattern", required=False, metavar="[PKG]", type=Package())
@paths_option
@click.option("--latest", is_flag=True, help="The latest version of each package that matches.")
@json_option
@talk_options
@click.pass_obj
def command(console: Console, pattern: str | None, paths: tuple[str, ...] | None, latest: bool) -> int:
    """Show package families, or the versions of those that match.

    PKG is a name with or without a range, as in a request; `*`, `?` and `[...]`
    in the name stand for anything. Versions are shown where a range is given,
    where only one family matches, and with --latest.
    """
    console.refuse_tail()
    found = console.packages().search(pattern, paths=paths, latest=latest)
    data = {
        "families": list(found.families),
        "packages": None if found.packages is None else [package._asdict() for package in found.packages],
    }
    lines = found.families if found.packages is None else map(str, found.packages)
    console.result("search", data, lines)
    if found.packages is not None and not found.packages:
        console.say("no version is in that range")
    return 0
