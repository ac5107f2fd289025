"""``rezup status``: one container, from inside or outside, and the context that one is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument
from rezup_cli.commands.which import moment, pin_text, plain_pin
from rezup_cli.console import VERBOSE, Console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.containers.receipt import Receipt
    from rezup.containers.status import Status
    from rezup.runtime.context.context import Context


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

    Inside a container that one is shown, and who pinned it meanwhile and why.
    -v adds who published it, whether it was proved, and where each setting
    comes from.
    In a Rez environment its context is shown, too.
    """
    console.refuse_tail()
    context, context_lines = _context(console)
    container, container_lines, unknown = _container(console, target, is_in_context=context is not None)
    lines = [*container_lines, *([""] if container and context else []), *context_lines]
    lines += [f"unknown setting, without effect: {key}" for key in unknown]
    data = {"container": container, "context": context, "unknown_settings": list(unknown)}
    console.result("status", data, lines)
    return 0


def _container(
    console: Console, target: tuple[str | None, str | None], *, is_in_context: bool
) -> tuple[dict[str, Any] | None, list[str], tuple[str, ...]]:
    """The container that is named or entered, else the default one; none in a context without them."""
    from rezup.session.listing import published

    name, revision = target
    session = console.session()
    entered = session.environ.get("REZUP_CONTAINER") or None
    if is_in_context and name is None and revision is None and entered is None:
        return None, [], session.settings().unknown
    place = session.place(name or entered)
    status = session.status(place, revision)
    receipt, rez = published(place, status)
    if receipt is None:
        receipt, rez = status.receipt, status.receipt and status.receipt.rez_version
    lines = _lines(status, receipt, rez, verbose=console.level >= VERBOSE)
    return plain(status, receipt, rez), lines, place.settings.unknown


def _context(console: Console) -> tuple[dict[str, Any] | None, list[str]]:
    """The context that this shell is in; one that can't be used has a problem instead of packages."""
    from rezup.system.machine import process_environment

    path = process_environment().get("REZ_RXT_FILE")
    if not path:
        return None, []
    from rezup.errors import ContextFileError
    from rezup_cli.commands.context_data import plain as plain_context

    try:
        context = console.contexts().load(path)
    except ContextFileError as error:
        problem = "; ".join(filter(None, (error.message, error.context)))
        return {"file": path, "problem": problem}, _aligned([("context", path), ("problem", problem)])
    data = plain_context(context)
    return {**data, "job": None, "problem": None}, _context_lines(context, data)


def _context_lines(context: Context, data: dict[str, Any]) -> list[str]:
    names = [each.qualified_package_name for each in context.resolved_packages]
    missing = [each["uri"] for each in data["packages"] if each["missing"]]
    pairs = [
        ("context", f"{context.load_path} (this shell is in it)"),
        ("request", " ".join(context.package_requests) or "nothing"),
    ]
    if context.implicit_packages:
        pairs.append(("implicit", " ".join(context.implicit_packages)))
    pairs.append(("packages", " ".join([*names, *context.resolved_ephemerals]) or "none"))
    if missing:
        pairs.append(("missing", ", ".join(missing)))
    pairs.append(("resolved", f"{moment(context.created)} by {context.user} on {context.host}"))
    if context.parent_suite_path:
        pairs.append(("suite", f"{context.parent_suite_path} (as {context.suite_context_name})"))
    return _aligned(pairs)


def plain(status: Status, receipt: Receipt | None, rez: str | None) -> dict[str, Any]:
    """The status of a container as JSON data.

    :param receipt: of its revision, here or on the remote
    :param rez: the version of Rez in it, as far as it is known
    """
    published_by, published_on = _publisher(receipt)
    return {
        "name": status.container,
        "inside": status.inside,
        "revision": status.revision,
        "reason": status.reason,
        "state": status.state,
        "folder": status.folder,
        "remote": status.remote_state,
        "pins": [plain_pin(each) for each in status.pins],
        "newer": list(status.newer),
        "used_by": list(status.used_by),
        "description": receipt.description if receipt else None,
        "verified": receipt.verified if receipt else None,
        "created": receipt.created if receipt else None,
        "creator": receipt.creator if receipt else None,
        "host": receipt.host if receipt else None,
        "published_by": published_by or None,
        "published_on": published_on or None,
        "rez": rez,
        "runtime": receipt.runtime if receipt else None,
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


def _publisher(receipt: Receipt | None) -> tuple[str, str]:
    """Who published a revision, and on which host; empty where nobody did."""
    if receipt is None:
        return "", ""
    if receipt.kind == "recipe":  # it is that of the remote: who made it is who published it
        return receipt.creator, receipt.host
    return receipt.published_by, receipt.published_on


def _lines(status: Status, receipt: Receipt | None, rez: str | None, *, verbose: bool) -> list[str]:
    pairs = [
        ("container", f"{status.container}{' (this shell is in it)' if status.inside else ''}"),
        ("revision", f"{status.revision or '-'}, {status.reason}"),
        ("state", status.state),
        ("folder", status.folder or "-"),
    ]
    if receipt is not None:
        pairs += _content(receipt, rez)
    pairs.append(("remote", status.remote_state))
    pairs += [
        ("pinned here" if each.where == "local" else "pinned on remote", pin_text(each))
        for each in status.pins
    ]
    pairs.append(("newer", ", ".join(status.newer[:5]) or "none"))
    pairs.append(("used by", ", ".join(status.used_by) or "nobody"))
    if verbose and receipt is not None:
        pairs += _publication(receipt)
    for key in status.settings if verbose else ("root_local", "root_remote"):
        value, origin = status.settings[key]
        pairs.append((key, f"{value or '-'} ({origin})"))
    return _aligned(pairs)


def _content(receipt: Receipt, rez: str | None) -> Iterator[tuple[str, str]]:
    """Who made a revision, and what is in it."""
    by = f"{receipt.creator} on {receipt.host}, rezup {receipt.rezup}"
    yield "made", f"{moment(receipt.created)} by {by}"
    for environment in receipt.environments:
        python = f"{environment.implementation or 'Python'} {environment.interpreter_version}"
        interpreter = environment.interpreter or "interpreter unknown"
        yield f"python ({environment.name})", f"{python}, {interpreter}"
    for tool in receipt.tools:
        edit = f", edit mode from {tool.editable}" if tool.editable else ""
        embedded = ", embedded runtime" if tool.name == "rez" and receipt.runtime == "embedded" else ""
        yield tool.name, f"{tool.version}{edit}{embedded}"
    if not receipt.tools and rez:  # nothing is installed yet, and the lock tells
        yield "rez", rez


def _publication(receipt: Receipt) -> Iterator[tuple[str, str]]:
    """Who published a revision, and whether it was proved."""
    user, host = _publisher(receipt)
    if user:
        yield "published", f"by {user} on {host or '-'}"
    if receipt.verified is not None:
        is_proved = receipt.verified
        yield "proof", "proved before it was published" if is_proved else "none: published with --no-verify"


def _aligned(pairs: list[tuple[str, str]]) -> list[str]:
    width = max(len(label) for label, _ in pairs)
    return [f"{label.ljust(width)}  {text}" for label, text in pairs]
