"""``rezup check``: every file of revisions, compared with what was recorded when they were made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options, target_argument

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup.containers.health.checking import Checked
    from rezup_cli.console import Console


@click.command(
    "check",
    epilog="\b\nrezup check            all revisions on this machine\n"
    "rezup check foo        those of one container\n"
    "rezup check foo@-1     one of them",
)
@target_argument
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, target: tuple[str | None, str | None]) -> int:
    """Compare revisions on this machine with what was recorded of them.

    Every byte of environments, recipe, locks and wheels is read; what is
    missing, changed or was added is listed. Nothing is written. The status is 1
    if anything differs.
    """
    console.refuse_tail()
    name, revision = target
    if name is None and revision is not None:
        name = ".main"
    found = console.session().health().check(name, revision)
    wrong = [each for each in found if not each.is_good]
    data = {"good": not wrong, "revisions": [_plain(each) for each in found]}
    if not wrong:
        console.result("check", data, _lines(found))
        if not found and not console.is_json:
            console.say("there is no revision on this machine to check")
        return 0
    if console.is_json:
        from rezup_cli.results import error_entry, failed_document

        hint = "rezup doctor --fix"
        entries = [error_entry("revision-differs", *_told(each), hint) for each in wrong]
        console.show([failed_document("check", 1, data, entries)])
        return 1
    console.show(_lines(found))
    console.say(
        f"hint: {len(wrong)} of {len(found)} differ; `rezup doctor` tells what that means, --fix mends it"
    )
    return 1


def _plain(checked: Checked) -> dict[str, Any]:
    return {
        "container": checked.container,
        "revision": checked.revision,
        "folder": str(checked.folder),
        "state": checked.state,
        "reason": checked.reason or None,
        "differences": [each._asdict() for each in checked.differences],
    }


def _told(checked: Checked) -> tuple[str, str]:
    paths = ", ".join(f"{each.path} ({each.kind})" for each in checked.differences[:5])
    more = len(checked.differences) - 5
    return f"{_name(checked)} differs from its record", f"{paths} and {more} more" if more > 0 else paths


def _name(checked: Checked) -> str:
    return f"{checked.container}@{checked.revision}"


def _lines(found: Iterable[Checked]) -> Iterator[str]:
    from rezup.containers.health.findings import shown

    for each in found:
        count = len(each.differences)
        if count:
            yield f"{_name(each)}: {count} {'difference' if count == 1 else 'differences'}"
            yield from (f"  {difference.kind:11} {shown(difference.path)}" for difference in each.differences)
        elif each.reason:
            yield f"{_name(each)}: {each.state}, {each.reason}"
        else:
            yield f"{_name(each)}: good"
