"""``rezup suite``: tools of several contexts on PATH at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import click

from rezup_cli.lazy_group import LazyGroup

if TYPE_CHECKING:
    from collections.abc import Mapping


class _Suite(LazyGroup):
    #: Loaded when they are called, as tools are started often.
    modules: ClassVar[Mapping[str, str]] = {
        **dict.fromkeys(["add", "alias", "bump", "create", "describe", "hide", "prefix"], "suite_changing"),
        **dict.fromkeys(["remove", "suffix", "unalias", "unhide"], "suite_changing"),
        **dict.fromkeys(["find", "show", "tools", "validate", "which"], "suite_looking"),
        **dict.fromkeys(["enter", "run"], "suite_running"),
    }


@click.group(
    "suite",
    cls=_Suite,
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
