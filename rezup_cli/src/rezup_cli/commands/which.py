"""``rezup which``: the revision that `use` would take, and why no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument
from rezup_cli.console import show_error, table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.containers.explaining import Candidate, Outlook
    from rezup.containers.history import Pinned
    from rezup.errors import RezupError
    from rezup_cli.console import Console


@click.command(
    "which",
    epilog="\b\nrezup which                      the folder of the revision of .main\n"
    "rezup which foo@-1               that of the one before the newest\n"
    "rezup which foo --explain        every revision, and why it isn't the one\n\n"
    "For the path of a program: rezup context which, rezup suite which.",
)
@target_argument
@click.option("--explain", is_flag=True, help="Every revision, and why it is the one or why not.")
@click.option("-l", "--local", is_flag=True, help="Leave the remote root out.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None], explain: bool, local: bool) -> int:
    """Print the folder of the revision that `rezup use` would take.

    One that has to be built first is printed by its name, and stderr tells from
    what. Nothing is built or pulled, and a remote root that does not answer is
    what it was when last seen.
    """
    console.refuse_tail()
    name, revision = target or (None, None)
    session = console.session()
    found = session.foresee(session.place(name), revision, local=local, in_full=explain)
    failure = found.error if found.stamp is None else None
    if failure is not None and not explain:
        raise failure
    data = _plain(found)
    if explain:
        data |= _plain_explanation(found)
    if failure is not None:
        return _show_failure(console, failure, data, found)
    console.result("which", data, [*_answer(found), *(_explanation(found) if explain else ())])
    if not console.is_json:
        _say_how(console, found, is_explained=explain)
    return 0


def _show_failure(console: Console, failure: RezupError, data: dict[str, Any], found: Outlook) -> int:
    """What there is, and why none of it can be taken."""
    if console.is_json:
        from rezup_cli.results import error_entry, failed_document

        entry = error_entry(failure.code, failure.message, failure.context, failure.hint)
        console.show([failed_document("which", 1, data, [entry])])
        return 1
    console.show(_explanation(found))
    return show_error(console, failure)


def _answer(found: Outlook) -> Iterator[str]:
    yield f"{found.container}@{found.stamp}" if found.revision is None else str(found.revision.folder)


def _say_how(console: Console, found: Outlook, *, is_explained: bool) -> None:
    """What the answer doesn't tell: why it is this one, how it is had, and how sure that is."""
    if found.view.remote_state == "unreachable":
        console.say("the remote root is unreachable; this is by what is known of it")
    if found.way == "pull":
        console.say(f"{found.container}@{found.stamp} is not here; it would be built from {found.source}")
    elif found.way == "rebuild":
        console.say(f"{found.container}@{found.stamp} is broken; it would be built anew")
    if found.error is not None and found.choice is not None and not is_explained:
        console.say(f"{found.container}@{found.choice.revision} can't be used: {found.error}", level=0)
    console.say(f"{found.container}@{found.stamp}: {found.reason}", level=2)


def _plain(found: Outlook) -> dict[str, Any]:
    return {
        "container": found.container,
        "revision": found.stamp,
        "folder": None if found.revision is None else str(found.revision.folder),
        "reason": found.reason,
        "way": found.way,
        "source": None if found.source is None else str(found.source),
        "remote": found.view.remote_state,
    }


def _plain_explanation(found: Outlook) -> dict[str, Any]:
    return {
        "candidates": [_plain_candidate(each) for each in found.candidates],
        "pins": [plain_pin(each) for each in found.pins],
        "builders": list(found.builders),
    }


def _plain_candidate(each: Candidate) -> dict[str, Any]:
    receipt, failure = each.receipt, each.failure
    return {
        "revision": each.stamp,
        "local": each.is_local,
        "remote": each.is_remote,
        "state": each.state,
        "problem": each.problem or None,
        "rez": receipt.rez_version if receipt else None,
        "created": receipt.created if receipt else None,
        "creator": receipt.creator if receipt else None,
        "host": receipt.host if receipt else None,
        "taken": each.is_taken,
        "why": each.why,
        "failure": None if failure is None else failure._asdict(),
    }


def plain_pin(pinned: Pinned) -> dict[str, Any]:
    """A pin and who set it as JSON data; null where nobody wrote that down."""
    entry = pinned.entry
    return {
        "where": pinned.where,
        "revision": pinned.revision,
        "action": None if entry is None else entry.action,
        "user": None if entry is None else entry.user,
        "host": None if entry is None else entry.host,
        "at": None if entry is None else entry.at,
        "why": None if entry is None else entry.why,
    }


def pin_text(pinned: Pinned) -> str:
    """A pin and who set it, in words."""
    from rezup.containers.health.findings import shown

    entry = pinned.entry
    if entry is None:
        return f"{pinned.revision}, by whom is not recorded"
    action = "rolled back" if entry.action == "rollback" else "pinned"
    reason = f": {shown(entry.why)}" if entry.why else ""
    who = shown(f"{entry.user} on {entry.host}")
    return f"{pinned.revision}, {action} {moment(entry.at)} by {who}{reason}"


def _explanation(found: Outlook) -> Iterator[str]:
    from rezup.containers.health.findings import shown

    yield f"remote root: {found.view.remote_state}"
    for pinned in found.pins:
        yield f"pinned {'here' if pinned.where == 'local' else 'on the remote'}: {pin_text(pinned)}"
    yield from (f"being built here: by {each}" for each in found.builders)
    if not found.candidates:
        return
    rows = [
        (
            "*" if each.is_taken else "",
            each.stamp,
            "local, remote" if each.is_local and each.is_remote else "local" if each.is_local else "remote",
            each.state,
            moment(each.receipt.created) if each.receipt else "-",
            shown(f"{each.receipt.creator} on {each.receipt.host}"[:80]) if each.receipt else "-",
            shown(_why(each)),
        )
        for each in found.candidates
    ]
    yield from table(("", "REVISION", "WHERE", "STATE", "MADE", "BY", "WHY"), rows)


def _why(each: Candidate) -> str:
    """Why it is the one or why not, and what else speaks against it."""
    parts = [each.why]
    if each.problem and each.problem not in each.why:
        parts.append(each.problem)
    failure = each.failure
    if failure is not None:
        until = moment(failure.until)
        is_told = failure.cause in each.why
        cause = "" if is_told else f", as {failure.attempts} failed: {failure.cause}"
        parts.append(f"not built again before {until}{cause}")
    return "; ".join(parts)


def moment(seconds: float) -> str:
    """A point in time as the user's clock shows it."""
    import datetime

    return f"{datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc).astimezone():%Y-%m-%d %H:%M}"
