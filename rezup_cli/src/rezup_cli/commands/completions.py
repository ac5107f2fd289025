"""``rezup completions``: the script that makes a shell complete our commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rezup_cli.console import Console


@click.command(
    "completions",
    epilog="\b\nbash  echo 'eval \"$(rezup completions bash)\"' >> ~/.bashrc\n"
    "zsh   echo 'eval \"$(rezup completions zsh)\"' >> ~/.zshrc\n"
    "fish  rezup completions fish > ~/.config/fish/completions/rezup.fish",
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def command(ctx: click.Context, shell: str) -> int:
    """Print the completion script of a shell."""
    from click.shell_completion import get_completion_class

    console: Console = ctx.obj
    console.refuse_tail()
    found = get_completion_class(shell)
    if found is None:
        raise click.UsageError(f"{shell} is not supported.")
    console.show([found(ctx.find_root().command, {}, "rezup", "_REZUP_COMPLETE").source()])
    return 0
