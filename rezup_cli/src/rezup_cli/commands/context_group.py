"""The group of ``rezup context``: what its first word is, and what that is completed to."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class ContextGroup(click.Group):
    """Shows a context where no command is named."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """See `click.Command.parse_args`."""
        if not args and ctx.resilient_parsing:  # the first word is not yet known
            return super().parse_args(ctx, args)
        word = args[0] if args else "-"
        if word not in ctx.help_option_names and (word.startswith("-") or _is_file(word)):
            args = ["show", *args]
            if ctx.obj is not None:
                ctx.obj.command = "context show"
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Commands and files of contexts; where there are none of them any files, and options of `show`."""
        from click.shell_completion import CompletionItem

        if incomplete.startswith("-"):
            show = self.commands["show"]
            return show.shell_complete(
                show.make_context("show", [], parent=ctx, resilient_parsing=True), incomplete
            )
        found = super().shell_complete(ctx, incomplete)
        found += [CompletionItem(path) for path in _files(incomplete)]
        return found or [CompletionItem(incomplete, type="file")]


def _files(incomplete: str) -> list[str]:
    """The files of contexts whose paths begin so."""
    folder, name = os.path.split(incomplete)
    try:
        names = sorted(os.listdir(os.path.expanduser(folder) or os.curdir))
    except (OSError, ValueError):
        return []
    return [os.path.join(folder, each) for each in names if each.startswith(name) and each.endswith(".rxt")]


def _is_file(word: str) -> bool:
    return word.endswith(".rxt") or os.path.isfile(word)
