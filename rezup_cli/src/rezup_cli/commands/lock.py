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
    import json
    from pathlib import Path

    from rezup_cli.commands.diff import change_lines, plain_changes

    console.refuse_tail()
    wanted = _packages(upgrade)
    found = console.session().locks().lock(
        name_or_file, output=None if output is None else Path(output).expanduser(), upgrade=wanted
    )  # fmt: skip
    main = found.files[0]
    data = {
        "recipe": str(found.recipe.source),
        "files": [str(path) for path in found.files],
        "changes": plain_changes(found.changes),
        "is_named": found.is_named,
        "warnings": list(found.warnings),
    }
    for warning in found.warnings:
        console.say(f"warning: {warning}", level=0)
    if not console.is_json:
        for line in change_lines(found.changes):
            console.say(line)
        console.say(f"wrote {main}" if found.changes else f"{main}: nothing changed")
        if not found.is_named:
            quoted = json.dumps(str(main), ensure_ascii=False)  # TOML writes it the same way
            console.say(f"put `lock = {quoted}` at the top of the recipe to make revisions by it")
    console.result("lock", data)
    return 0


def _packages(upgrade: tuple[str, ...]) -> list[str] | None:
    """What --upgrade names; none of them is everything, None that it wasn't given.

    :raises click.UsageError: one is no package's name
    """
    import re

    for name in upgrade:
        if name.endswith(".toml") or "/" in name or "\\" in name:
            raise click.UsageError(
                f"--upgrade takes a package, and {name!r} is a recipe. Write: rezup lock {name} --upgrade"
            )
        if name and re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name) is None:
            raise click.UsageError(
                f"--upgrade takes the name of a package, and {name!r} is none. "
                "Which versions may be taken is said in the recipe."
            )
    if not upgrade:
        return None
    return [] if "" in upgrade else list(upgrade)
