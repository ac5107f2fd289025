"""What the commands of ``rezup suite`` share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.runtime.suites.members import Member
    from rezup.runtime.suites.suite import Suite
    from rezup.session.contexts import Contexts
    from rezup.session.contexts.suites import Suites
    from rezup_cli.console import Console

F = TypeVar("F", bound="Callable[..., Any]")


def suite_argument(function: F) -> F:
    """``SUITE``."""
    return click.argument("path", metavar="SUITE", type=click.Path())(function)


def name_argument(function: F) -> F:
    """``NAME``; completes to the contexts of the suite."""
    return click.argument("name", metavar="NAME", shell_complete=_names)(function)


def _names(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    import os

    from rezup.runtime.suites.layout import CONTEXT_ENDING, CONTEXTS_FOLDER

    try:
        files = os.listdir(os.path.join(ctx.params.get("path") or "", CONTEXTS_FOLDER))
    except (OSError, ValueError):
        return []
    names = [name.removesuffix(CONTEXT_ENDING) for name in sorted(files) if name.endswith(CONTEXT_ENDING)]
    return [name for name in names if name.startswith(incomplete)]


def tool_argument(function: F) -> F:
    """``TOOL``."""
    return click.argument("tool", metavar="TOOL")(function)


def suites_of(console: Console) -> tuple[Contexts, Suites]:
    """Contexts of this environment, and suites over them."""
    from rezup.session.contexts.suites import Suites
    from rezup.system.machine import process_environment

    contexts = console.contexts()
    return contexts, Suites(contexts, process_environment())


def plain(suite: Suite) -> dict[str, Any]:
    """A suite as JSON data."""
    return {"path": suite.path, "contexts": [_member(suite, each) for each in suite.members]}


def _member(suite: Suite, member: Member) -> dict[str, Any]:
    return {
        "name": member.name,
        "file": suite.context_path(member.name),
        "priority": member.priority,
        "description": member.description,
        "prefix": member.prefix or "",
        "suffix": member.suffix or "",
        "prefix_char": member.prefix_char,
        "aliases": dict(member.tool_aliases),
        "hidden": sorted(member.hidden_tools),
    }
