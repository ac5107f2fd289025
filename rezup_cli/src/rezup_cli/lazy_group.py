"""A group of commands, each loaded only when it is called or its help is shown."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, ClassVar

import click

if TYPE_CHECKING:
    from collections.abc import Mapping


class LazyGroup(click.Group):
    """Finds its commands in modules below `rezup_cli.commands`."""

    #: command -> the module that holds it, as `command` or under its own name
    modules: ClassVar[Mapping[str, str]] = {}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """See `click.Group`."""
        return sorted(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """See `click.Group`."""
        name = self.modules.get(cmd_name)
        if name is None:
            return None
        module = import_module(f"rezup_cli.commands.{name}")
        found: click.Command = getattr(module, cmd_name, None) or module.command
        return found
