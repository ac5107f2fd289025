"""``rezup prune``: old revisions, and wheels that nothing needs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, name_argument, root_options, talk_options
from rezup_cli.quantities import counted, days, size_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup.containers.pruning import Candidate
    from rezup.session.removal import Failure, Revisions, Wheels
    from rezup_cli.console import Console


@click.command(
    "prune",
    epilog="\b\nrezup prune                           what would go, and why the rest stays\n"
    "rezup prune --keep 3 --older-than 4w  but for these\n"
    "rezup prune foo --yes                 do it\n"
    "rezup prune --remote --yes            wheels on the remote root",
)
@name_argument
@click.option(
    "--keep", type=click.IntRange(1), metavar="N", help="Keep the N newest ready ones, instead of one."
)
@click.option(
    "--older-than", metavar="TIME", callback=days,
    help="Only those made longer ago, such as 12h, 30d, 4w or 30 (days); without it REZUP_CLEAN_AFTER.",
)  # fmt: skip
@click.option("-y", "--yes", is_flag=True, help="Do it; else it is only shown.")
@click.option("-r", "--remote", is_flag=True, help="Wheels on the remote root that no revision there needs.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    target: tuple[str | None, str | None],
    keep: int | None,
    older_than: float | None,
    yes: bool,
    remote: bool,
) -> int:
    """Let go of old revisions on this machine, of one container or of all.

    What `use` takes, the newest, what is pinned, asked for or in use, and what
    is young always stay; so does what isn't ready, or isn't ours.
    Revisions of the remote root are never removed.
    """
    from rezup.session.places import warn_of_locks

    console.refuse_tail()
    name, _ = target
    session = console.session()
    warn_of_locks(session.settings(), session.reporter)
    removal = session.removal()
    if remote:
        if keep is not None:
            raise click.UsageError("--keep is about revisions; --remote removes none.")
        return _show_wheels(console, removal.unused_wheels(name, older_than=older_than, remove=yes), yes=yes)
    found = removal.old_revisions(name, keep=keep or 1, older_than=older_than, remove=yes)
    return _show_revisions(console, found, yes=yes)


def _show_revisions(console: Console, found: Revisions, *, yes: bool) -> int:
    data = {
        "revisions": [_plain(each, found) for each in found.candidates],
        "freed": found.freed,
        "shared": found.shared,
        "exact": found.is_exact,
        "unreachable": [str(root) for root in found.unreachable],
    }
    if console.is_json:
        return _document(console, data, found.failures)
    from rezup_cli.console import table

    rows = [_row(each, found) for each in found.candidates]
    console.show(table(("REVISION", "AGE", "", "WHY"), rows) if rows else ())
    for root in found.unreachable:
        console.say(f"{root} is unreachable: what was last known of it counts")
    status = _show_failures(console, found.failures)
    _say_freed(console, found, yes=yes)
    return status


def _say_freed(console: Console, found: Revisions, *, yes: bool) -> None:
    freed = size_text(found.freed) if found.is_exact else f"up to {size_text(found.freed)}"
    going = sum(each.goes for each in found.candidates)
    if not going and found.failures:
        return  # what could not be looked at is no "nothing"
    _say_sum(console, len(found.removed) if yes else going, "revision", freed, yes=yes, is_any=bool(going))
    if found.gone:
        console.say(f"{counted(len(found.gone), 'revision')} already gone, removed by somebody else")
    if found.shared:
        console.say(
            f"{size_text(found.shared)} of them stay, which the cache of environments or other revisions "
            "have too; `rezup cache prune` looks after the cache"
        )


def _say_sum(console: Console, count: int, what: str, freed: str, *, yes: bool, is_any: bool) -> None:
    """What went or would go.

    :param is_any: something was found that may go
    """
    if not is_any:
        console.say("there is nothing to remove")
    elif yes:
        console.say(f"{counted(count, what)} removed, {freed} freed")
    else:
        console.say(f"{counted(count, what)} would go and free {freed}; --yes does it")


def _plain(each: Candidate, found: Revisions) -> dict[str, Any]:
    return {
        "container": each.container,
        "revision": each.stamp,
        "folder": str(each.folder),
        "age": each.age,
        "remote": each.on_remote,
        "goes": each.goes,
        "removed": each.folder in found.removed,
        "gone": each.folder in found.gone,
        "reasons": [reason._asdict() for reason in each.reasons],
    }


def _row(each: Candidate, found: Revisions) -> tuple[str, str, str, str]:
    from rezup.containers.health.findings import shown

    if not each.goes:
        state, why = "stays", "; ".join(reason.text for reason in each.reasons)
    elif each.folder in found.gone:
        state, why = "already gone", "somebody else removed it"
    else:
        failed = f"{each.container}@{each.stamp}" in {failure.where for failure in found.failures}
        state = "removed" if each.folder in found.removed else "failed" if failed else "goes"
        why = {True: "the remote root has it", False: "only here", None: ""}[each.on_remote]
    return f"{each.container}@{each.stamp}", _age(each.age), state, shown(why)


def _age(seconds: float) -> str:
    if seconds < 0:
        return "-"
    hours = seconds / 3600
    return f"{hours:.0f} h" if hours < 48 else f"{hours / 24:.0f} d"


def _show_wheels(console: Console, found: Wheels, *, yes: bool) -> int:
    size = sum(each.size for each in found.unused)
    data = {
        "wheels": [
            {
                "root": str(each.root),
                "sha256": each.sha256,
                "files": list(each.files),
                "size": each.size,
                "removed": each.is_removed,
            }
            for each in found.unused
        ],
        "freed": size,
    }
    if console.is_json:
        return _document(console, data, found.failures)
    console.show(_wheel_lines(found))
    status = _show_failures(console, found.failures)
    count = len(found.unused)
    _say_sum(console, count, "wheel", size_text(size), yes=yes, is_any=bool(count))
    return status


def _wheel_lines(found: Wheels) -> Iterator[str]:
    from rezup.containers.health.findings import shown

    for each in found.unused:
        yield f"{each.sha256}  {shown(', '.join(each.files))}"


def _show_failures(console: Console, failures: Iterable[Failure]) -> int:
    from rezup_cli.console import show_error

    status = 0
    for each in failures:
        status = show_error(console, each.error)
    return status


def _document(console: Console, data: dict[str, Any], failures: tuple[Failure, ...]) -> int:
    if not failures:
        console.result("prune", data)
        return 0
    from rezup_cli.results import error_entry, failed_document

    errors = [error_entry(e.error.code, e.error.message, e.error.context, e.error.hint) for e in failures]
    console.show([failed_document("prune", 1, data, errors)])
    return 1
