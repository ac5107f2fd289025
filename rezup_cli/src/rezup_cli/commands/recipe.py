"""``rezup recipe``: showing, checking and changing recipes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, talk_options

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.recipes.editing import Draft
    from rezup.recipes.model import Recipe
    from rezup_cli.console import Console


@click.group("recipe")
def command() -> None:
    """Show, check and change recipes."""


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
    is_default = _stands_in(recipe, name_or_file)
    data = {"file": str(recipe.source), "default": is_default, "warnings": warnings}
    console.result("recipe validate", data)
    if not console.is_json:
        for warning in warnings:
            console.say(f"warning: {warning}")
        why = f"; it is the default recipe, as there is no recipe for {name_or_file}" if is_default else ""
        console.say(f"{recipe.source}: valid{why}")
    return 0


def _stands_in(recipe: Recipe, name_or_file: str | None) -> bool:
    """Whether it is the default recipe in place of that of a container, which has none."""
    from pathlib import Path

    from rezup.recipes.names import DEFAULT_CONTAINER

    if name_or_file in (None, "", DEFAULT_CONTAINER) or recipe.source is None:
        return False
    return recipe.source.name == "rezup.toml" and Path(str(name_or_file)).name != "rezup.toml"


def _pairs(ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> list[tuple[str, str]]:
    """``KEY=VALUE`` each; the value is never shown, it may be a secret."""
    pairs = []
    for each in values:
        key, equals, value = each.partition("=")
        if not equals:
            raise click.BadParameter("write KEY=VALUE, such as rez.url=rez==3.4.0", ctx, param)
        pairs.append((key.strip(), value))
    return pairs


@command.command(
    "edit",
    epilog="\b\nrezup recipe edit foo                              in $VISUAL or $EDITOR\n"
    "rezup recipe edit foo --set rez.url=rez==3.4.0     one key, comments stay\n"
    "rezup recipe edit foo --set env.SHOW=x --unset env.OLD\n"
    "rezup recipe edit foo --set extension.rez-gui.url=rez-gui==1.2",
)
@click.argument("name_or_file", required=False, metavar="[NAME|FILE]")
@click.option(
    "--set", "values", multiple=True, metavar="KEY=VALUE", callback=_pairs,
    help="Set a key; VALUE is TOML where it can be, else a text. May be repeated.",
)  # fmt: skip
@click.option("--unset", "removed", multiple=True, metavar="KEY", help="Take a key away; may be repeated.")
@click.option("--from", "file", metavar="FILE", help="Take the text of FILE, as one that was kept before.")
@click.option("--create", is_flag=True, help="Make the recipe if there is none.")
@json_option
@talk_options
@click.pass_obj
def edit(
    console: Console,
    name_or_file: str | None,
    values: list[tuple[str, str]],
    removed: tuple[str, ...],
    file: str | None,
    create: bool,
) -> int:
    """Change a recipe; what is no valid recipe is not written.

    Without options, in your editor. The next revision is made from it: rezup use
    NAME --make.
    """
    from pathlib import Path

    from rezup.recipes import editing

    console.refuse_tail()
    if file is not None and (values or removed):
        raise click.UsageError("--from takes a whole text; --set and --unset have no place there.")
    draft = console.session().recipe_draft(name_or_file, create=create)
    if file is not None:
        kept: Path | None = Path(file).expanduser().absolute()
        data = editing.read_text(Path(file).expanduser())
    elif values or removed:
        kept, data = None, editing.changed(draft, values, removed)
    elif create and draft.is_new and not _has_editor(console):
        kept, data = None, draft.data
    else:
        data, kept = _edited(console, draft)
    recipe = _finish(draft, data, kept, name_or_file)
    _show_written(console, draft, recipe)
    return 0


def _has_editor(console: Console) -> bool:
    from rezup.system.machine import has_terminal

    return has_terminal() and not console.is_json


def _edited(console: Console, draft: Draft) -> tuple[bytes, Path]:
    """What the user made of it.

    :raises RecipeError: there is no terminal
    """
    from rezup.errors import RecipeError
    from rezup.recipes import editing
    from rezup.system.machine import process_environment

    if not _has_editor(console):
        raise RecipeError(
            f"the recipe {draft.path} was not changed",
            context="there is no terminal for an editor",
            hint="change it by --set KEY=VALUE, --unset KEY, or --from FILE",
        )
    return editing.edit(draft, process_environment(), lambda text: console.say(text, level=0))


def _finish(draft: Draft, data: bytes, kept: Path | None, name_or_file: str | None) -> Recipe:
    """Check and write the text; one that can't be written stays where it was edited.

    :raises RecipeError: it is no recipe, or the file was changed meanwhile
    """
    from rezup.errors import RecipeError
    from rezup.recipes import editing

    try:
        recipe = editing.check(draft, data)
        if draft.is_new or data != draft.data:
            editing.write(draft, data)
    except RecipeError as error:
        if kept is not None:
            target = [] if name_or_file is None else [name_or_file]
            create = ["--create"] if draft.is_new else []
            again = _command(["rezup", "recipe", "edit", *target, "--from", str(kept), *create])
            error.hint = f"nothing was written; correct {kept}, then: {again}"
        raise
    if kept is not None:
        editing.discard(draft, kept)
    return recipe


def _command(words: list[str]) -> str:
    """A line that can be pasted into a shell of this platform."""
    import os
    import shlex

    if os.name != "nt":
        return shlex.join(words)
    return " ".join(f'"{word}"' if " " in word else word for word in words)  # no name there has a quote


def _show_written(console: Console, draft: Draft, recipe: Recipe) -> None:
    is_changed = draft.is_new or recipe.data != draft.data
    warnings = [str(problem) for problem in recipe.warnings]
    console.result(
        "recipe edit",
        {
            "file": str(draft.path), "changed": is_changed, "created": draft.is_new, "digest": recipe.digest,
            "warnings": warnings,
        },
    )  # fmt: skip
    if console.is_json:
        return
    for warning in warnings:
        console.say(f"warning: {warning}", level=0)
    console.say(f"wrote {draft.path}" if is_changed else f"{draft.path}: nothing changed")


def plain(recipe: Recipe) -> dict[str, Any]:
    """The recipe as JSON data, without secrets."""
    from rezup.recipes.secrets import redact

    return {
        "file": None if recipe.source is None else str(recipe.source),
        "digest": recipe.digest,
        "description": recipe.description,
        "schema": recipe.schema,
        "root": {"local": recipe.local_root, "remote": recipe.remote_root},
        "dotenv": list(recipe.dotenv),
        "platform_dotenv": {key: list(files) for key, files in recipe.platform_dotenv.items()},
        "env": _masked(recipe.environment),
        "pip": {
            "options": [redact(option) for option in recipe.pip_options],
            "env": _masked(recipe.pip_environment),
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


def _masked(variables: Mapping[str, str]) -> dict[str, str]:
    from rezup.recipes.secrets import is_secret_variable, redact

    return {
        name: "***" if is_secret_variable(name, text) else redact(text) for name, text in variables.items()
    }


def _text(path: Path | None) -> str | None:
    return None if path is None else str(path)
