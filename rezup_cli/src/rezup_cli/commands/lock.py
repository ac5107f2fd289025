"""``rezup lock``: exact versions and hashes for a recipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from rezup_cli.commands.options import json_option, root_options, talk_options

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "lock",
    epilog="\b\nrezup lock                          lock ~/rezup.toml\n"
    "rezup lock studio/rezup.toml        write studio/pylock.toml\n"
    "rezup lock foo --upgrade            take the newest of everything\n"
    "rezup lock foo --upgrade rez        take the newest rez, keep the rest",
)
@click.argument("name_or_file", default=".main", metavar="[NAME|RECIPE]")
@click.option(
    "--upgrade", is_flag=False, flag_value="", multiple=True, metavar="[PACKAGE]",
    help="Do not keep the locked version: of all, or of PACKAGE only; may be repeated.",
)  # fmt: skip
@click.option("-o", "--output", metavar="DIR", help="The folder for the lock, instead of the recipe's.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, name_or_file: str, upgrade: tuple[str, ...], output: str | None) -> int:
    """Lock a recipe: exact versions and hashes, without building anything.

    Revisions are made by the lock that the recipe names: `lock = "pylock.toml"`.
    Versions that are locked already stay, until --upgrade.
    """
    from pathlib import Path

    from rezup_cli.commands.diff import change_lines, plain_changes

    console.refuse_tail()
    wanted = None if not upgrade else [name for name in upgrade if name]
    found = console.session().locks().lock(
        name_or_file, output=None if output is None else Path(output).expanduser(), upgrade=wanted
    )  # fmt: skip
    main = found.files[0]
    data = {
        "recipe": str(found.recipe.source),
        "files": [str(path) for path in found.files],
        "changes": plain_changes(found.changes),
        "is_named": found.is_named,
    }
    if not console.is_json:
        for line in change_lines(found.changes):
            console.say(line)
        console.say(f"wrote {main}" if found.changes else f"{main}: nothing changed")
        if not found.is_named:
            console.say(f'put `lock = "{main}"` at the top of the recipe to make revisions by it')
    console.result("lock", data)
    return 0
