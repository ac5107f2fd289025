"""``rezup self``: rezup's own versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli import __version__
from rezup_cli.commands.options import json_option, talk_options

if TYPE_CHECKING:
    from rezup.session.upgrading import Latest, State, Upgrader
    from rezup_cli.console import Console

site_option = click.option(
    "--site", is_flag=True, help="For all users of this installation; needs the right to write in it."
)


@click.group("self")
def command() -> None:
    """Upgrade rezup's library, and go back."""


@command.command("version")
@click.option("--latest", is_flag=True, help="Also ask for the newest version there is.")
@json_option
@talk_options
@click.pass_obj
def version(console: Console, latest: bool) -> int:
    """Show the versions in use and where they come from."""
    console.refuse_tail()
    upgrader = _upgrader(console)
    state = upgrader.state()
    found = upgrader.latest() if latest else None
    console.result("self version", _data(state, found), [*_lines(state), *_latest_lines(found)])
    return 0


@command.command("upgrade")
@click.option("--check", is_flag=True, help="Only tell what there is.")
@click.option("--version", "wanted", metavar="VERSION", help="This version of rezup-api, not the newest.")
@click.option("--in-place", is_flag=True, help="Let pip replace its own files.")
@site_option
@json_option
@talk_options
@click.pass_obj
def upgrade(console: Console, check: bool, wanted: str | None, in_place: bool, site: bool) -> int:
    """Take a newer rezup-api.

    It is put beside the installed one, tried, and used from the next start.
    `rezup self rollback` goes back. What is running goes on undisturbed.
    """
    console.refuse_tail()
    if in_place and (wanted or site or check):
        raise click.UsageError("--in-place leaves it to pip; it goes with no other option.")
    if check and wanted:
        raise click.UsageError("--check tells what there is; it takes no --version.")
    upgrader = _upgrader(console, site=site)
    if check:
        found = upgrader.latest()
        console.result("self upgrade", _data(upgrader.state(), found), _latest_lines(found))
        return 0
    state = upgrader.state()
    before = state.installed if in_place else state.library
    now = upgrader.upgrade_in_place() if in_place else upgrader.upgrade(wanted) or before
    text = f"rezup-api {now} is the newest" if wanted is None else f"rezup-api {now} is in use already"
    if now != before:
        text = f"upgraded rezup-api from {before} to {now}"
    console.result("self upgrade", {"before": str(before), "after": str(now)}, [text])
    return 0


@command.command("rollback")
@site_option
@json_option
@talk_options
@click.pass_obj
def rollback(console: Console, site: bool) -> int:
    """Go back to the library that was used before the last upgrade.

    The version that is left is not taken again by itself; one newer than it is.
    """
    console.refuse_tail()
    upgrader = _upgrader(console, site=site)
    before, after = upgrader.rollback()
    data = {"before": str(before), "after": str(after)}
    console.result("self rollback", data, [f"rezup-api {after} is used again, instead of {before}"])
    return 0


def show_latest(console: Console) -> None:
    """What `rezup --latest` shows: the newest versions, or that there are none."""
    console.show(_latest_lines(_upgrader(console).latest()))


def _upgrader(console: Console, *, site: bool = False) -> Upgrader:
    from rezup.session.upgrading import create_upgrader
    from rezup_cli.console import ConsoleReporter
    from rezup_cli.upgrading import upgrade_place

    return create_upgrader(upgrade_place(console.start, site=site), ConsoleReporter(console, timings=False))


def _lines(state: State) -> list[str]:
    lines = [f"rezup      {__version__}", f"rezup-api  {state.library}"]
    if state.beside is not None:
        lines[-1] += f"  in {state.beside}"
        lines.append(f"           {state.installed} is what was installed")
    if state.held is not None:
        lines.append(f"{state.held} was rolled back; it is taken again by: rezup self upgrade")
    return lines


def _latest_lines(latest: Latest | None) -> list[str]:
    if latest is None:
        return []
    lines = []
    if latest.library is not None:
        lines.append(f"rezup-api {latest.library.version} is out; get it with: rezup self upgrade")
    if latest.command_line is not None:
        lines.append(f"rezup {latest.command_line} is out; get it with: {latest.command}")
    return lines or [f"nothing newer at {latest.source}"]


def _data(state: State, latest: Latest | None) -> dict[str, Any]:
    data: dict[str, Any] = {
        "rezup": __version__,
        "rezup_api": str(state.library),
        "installed": str(state.installed),
        "folder": None if state.beside is None else str(state.beside),
        "previous": state.previous,
        "can_roll_back": state.can_roll_back,
        "held": state.held,
        "command": state.command,
    }
    if latest is not None:
        data["latest"] = {
            "source": latest.source,
            "rezup_api": None if latest.library is None else str(latest.library.version),
            "rezup": None if latest.command_line is None else str(latest.command_line),
        }
    return data
