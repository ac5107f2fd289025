"""``rezup recipe``: recipes, read only."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, talk_options

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.recipes.model import Recipe
    from rezup_cli.console import Console


@click.group("recipe")
def command() -> None:
    """Show and check recipes."""


@command.command("show")
@click.argument("name_or_file", required=False, metavar="[NAME|FILE]")
@json_option
@talk_options
@click.pass_obj
def show(console: Console, name_or_file: str | None) -> int:
    """Show a recipe; credentials are masked."""
    from rezup.recipes.secrets import redact

    console.refuse_tail()
    recipe = console.session().recipe(name_or_file)
    if not console.is_json:
        console.say(f"# {recipe.source}")
    text = redact(recipe.data.decode("utf-8-sig")).rstrip("\n")
    console.result("recipe show", plain(recipe), [text])
    return 0


@command.command("validate")
@click.argument("name_or_file", required=False, metavar="[NAME|FILE]")
@json_option
@talk_options
@click.pass_obj
def validate(console: Console, name_or_file: str | None) -> int:
    """Check a recipe; every problem is named with file, line and key."""
    console.refuse_tail()
    recipe = console.session().recipe(name_or_file)
    warnings = [str(problem) for problem in recipe.warnings]
    console.result("recipe validate", {"file": str(recipe.source), "warnings": warnings})
    if not console.is_json:
        for warning in warnings:
            console.say(f"warning: {warning}")
        console.say(f"{recipe.source}: valid")
    return 0


def plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON data, without secrets."""
    from rezup.recipes.secrets import is_secret_variable, redact

    return {
        "file": None if recipe.source is None else str(recipe.source),
        "digest": recipe.digest,
        "description": recipe.description,
        "schema": recipe.schema,
        "root": {"local": recipe.local_root, "remote": recipe.remote_root},
        "dotenv": list(recipe.dotenv),
        "platform_dotenv": {key: list(files) for key, files in recipe.platform_dotenv.items()},
        "env": {n: "***" if is_secret_variable(n, v) else redact(v) for n, v in recipe.environment.items()},
        "pip": {
            "options": [redact(option) for option in recipe.pip_options],
            "env": {name: redact(value) for name, value in recipe.pip_environment.items()},
        },
        "installer": recipe.backend,
        "sdists": recipe.sdists,
        "platforms": list(recipe.platforms),
        "lock": _text(recipe.lock),
        "tools": [
            {
                "name": tool.name, "url": redact(tool.requirement), "path": _text(tool.path),
                "edit": tool.editable, "flags": list(tool.flags), "isolation": tool.isolated,
                "python": tool.python, "lib": [redact(library) for library in tool.libraries],
            }
            for tool in recipe.tools
        ],
    }  # fmt: skip


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
