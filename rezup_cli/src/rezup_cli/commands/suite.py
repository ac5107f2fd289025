"""``rezup suite``: tools of several contexts on PATH at once."""

from __future__ import annotations

from importlib import import_module

import click

#: command -> the module beside this one that holds it; loaded when it is called, as tools are started often
COMMANDS = {
    **dict.fromkeys(["add", "alias", "bump", "create", "describe", "hide", "prefix"], "suite_changing"),
    **dict.fromkeys(["remove", "suffix", "unalias", "unhide"], "suite_changing"),
    **dict.fromkeys(["find", "show", "tools", "validate", "which"], "suite_looking"),
    **dict.fromkeys(["enter", "run"], "suite_running"),
}


class _Group(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group`."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See `click.Group`."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        found: click.Command = getattr(import_module(f"rezup_cli.commands.{module}"), cmd_name)
        return found


@click.group(
    "suite",
    cls=_Group,
    epilog="\b\nrezup env maya-2024 rig -o maya.rxt       a context for it\n"
    "rezup suite create show                   a folder\n"
    "rezup suite add show maya maya.rxt        the context, under a name\n"
    "rezup suite alias show maya maya maya24   another name for a tool\n"
    'export PATH="$PWD/show/bin:$PATH"         all tools, each in its context',
)
def command() -> None:
    """Make folders of tools, each of which runs in its own context.

    SUITE is the folder, NAME a context in it. Rez uses the same folders.
    """
