"""``rezup diff``: what differs between two revisions or recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup.lockfiles.difference import PackageChange
    from rezup_cli.console import Console

_SIGNS = {"added": "+", "removed": "-", "changed": "~", "rebuilt": "="}


@click.command(
    "diff",
    epilog="\b\nrezup diff foo@-1 foo              the newest revision against the one before\n"
    "rezup diff foo studio/rezup.toml   what a recipe would change",
)
@click.argument("before", metavar="A")
@click.argument("after", metavar="B")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, before: str, after: str) -> int:
    """Show what differs between two revisions or recipes.

    Each is NAME[@REVISION] or the path of a recipe. Packages are those of the
    locks; a recipe without a lock has none. The status is 0 whether they differ or not.
    """
    console.refuse_tail()
    found = console.session().locks().difference(before, after)
    data = {
        "before": {"name": found.before.name, "has_locks": bool(found.before.locks)},
        "after": {"name": found.after.name, "has_locks": bool(found.after.locks)},
        "packages": plain_changes(found.packages),
        "recipe": [each._asdict() for each in found.keys],
    }
    lines = [*change_lines(found.packages), *_key_lines(found.keys)]
    if not console.is_json:
        console.say(f"{found.before.name} -> {found.after.name}")
        unknown = dict.fromkeys(side.name for side in (found.before, found.after) if not side.locks)
        for name in unknown:
            console.say(f"{name} has no lock, so its packages aren't known")
        if not lines:
            console.say("their recipes are the same" if unknown else "they are the same")
    console.result("diff", data, lines)
    return 0


def plain_changes(changes: Iterable[PackageChange]) -> list[dict[str, Any]]:
    """Changes of packages as JSON data."""
    return [each._asdict() for each in changes]


def change_lines(changes: Iterable[PackageChange]) -> Iterator[str]:
    """One line each; the environment is named where it isn't that of Rez."""
    for each in changes:
        versions = [version for version in (each.before, each.after) if version]
        shown = " -> ".join(dict.fromkeys(versions))
        where = "" if each.environment == "pylock.toml" else f"  ({each.environment})"
        what = "  (other files)" if each.kind == "rebuilt" else ""
        yield f"{_SIGNS[each.kind]} {each.name} {shown}{what}{where}"


def _key_lines(keys: Iterable[Any]) -> Iterator[str]:
    for each in keys:
        if each.before is None:
            yield f"+ {each.key} = {each.after}"
        elif each.after is None:
            yield f"- {each.key} = {each.before}"
        else:
            yield f"~ {each.key} = {each.before} -> {each.after}"
