"""``rezup status``: one container, from inside or outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument
from rezup_cli.console import VERBOSE, Console

if TYPE_CHECKING:
    from rezup.containers.status import Status


@click.command("status")
@target_argument
@json_option
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    target: tuple[str | None, str | None],
) -> int:
    """Show a container: its revision and why it is this one, and what is in it.

    Inside a container that one is shown; -v adds where each setting comes from.
    """
    console.refuse_tail()
    name, revision = target or (None, None)
    session = console.session()
    place = session.place(name or session.environ.get("REZUP_CONTAINER") or None)
    status = session.status(place, revision)
    unknown = place.settings.unknown
    lines = _lines(status, verbose=console.level >= VERBOSE)
    lines += [f"unknown setting, without effect: {key}" for key in unknown]
    console.result("status", {**plain(status), "unknown_settings": list(unknown)}, lines)
    return 0


def plain(status: Status) -> dict[str, Any]:
    """The status as JSON data."""
    receipt = status.receipt
    return {
        "container": status.container,
        "inside": status.inside,
        "revision": status.revision,
        "reason": status.reason,
        "state": status.state,
        "folder": status.folder,
        "remote": status.remote_state,
        "newer": list(status.newer),
        "used_by": list(status.used_by),
        "description": receipt.description if receipt else None,
        "created": receipt.created if receipt else None,
        "creator": receipt.creator if receipt else None,
        "host": receipt.host if receipt else None,
        "rez": receipt.rez_version if receipt else None,
        "tools": [
            {
                "name": tool.name, "distribution": tool.distribution, "version": tool.version,
                "environment": tool.environment, "editable": tool.editable,
            }
            for tool in (receipt.tools if receipt else ())
        ],
        "environments": [
            {
                "name": environment.name, "interpreter": environment.interpreter,
                "python": environment.interpreter_version, "implementation": environment.implementation,
                "installer": environment.backend, "installer_reason": environment.backend_reason,
            }
            for environment in (receipt.environments if receipt else ())
        ],
        "settings": {key: {"value": v, "origin": origin} for key, (v, origin) in status.settings.items()},
    }  # fmt: skip


def _lines(status: Status, *, verbose: bool) -> list[str]:
    receipt = status.receipt
    pairs = [
        ("container", f"{status.container}{' (this shell is in it)' if status.inside else ''}"),
        ("revision", f"{status.revision or '-'} ({status.reason})"),
        ("state", status.state),
        ("folder", status.folder or "-"),
    ]
    if receipt is not None:
        import datetime

        made = datetime.datetime.fromtimestamp(receipt.created, tz=datetime.timezone.utc).astimezone()
        pairs.append(
            ("made", f"{made:%Y-%m-%d %H:%M} by {receipt.creator} on {receipt.host}, rezup {receipt.rezup}")
        )
        for environment in receipt.environments:
            python = f"{environment.implementation or 'Python'} {environment.interpreter_version}"
            pairs.append(
                (
                    f"python ({environment.name})",
                    f"{python}, {environment.interpreter or 'interpreter unknown'}",
                )
            )
        for tool in receipt.tools:
            edit = f", edit mode from {tool.editable}" if tool.editable else ""
            pairs.append((tool.name, f"{tool.version}{edit}"))
    pairs.append(("remote", status.remote_state))
    pairs.append(("newer", ", ".join(status.newer[:5]) or "none"))
    pairs.append(("used by", ", ".join(status.used_by) or "nobody"))
    for key in status.settings if verbose else ("root_local", "root_remote"):
        value, origin = status.settings[key]
        pairs.append((key, f"{value or '-'} ({origin})"))
    width = max(len(label) for label, _ in pairs)
    return [f"{label.ljust(width)}  {text}" for label, text in pairs]
