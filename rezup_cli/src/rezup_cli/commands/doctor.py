"""``rezup doctor``: what is wrong on this machine, what it means, and what mends it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, root_options, talk_options
from rezup_cli.console import VERBOSE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.containers.health.findings import Diagnosis, Finding
    from rezup_cli.console import Console

#: Of what a finding is about, so many are shown; -v shows all.
_SHOWN = 10

#: The exit status where something is wrong and stays so; 1 is that of a doctor who could not look.
WRONG = 3


@click.command("doctor")
@click.option("--fix", is_flag=True, help="Mend what can be mended without losing anything.")
@json_option
@root_options
@talk_options
@click.pass_obj
def command(console: Console, fix: bool) -> int:
    """Look for all that is wrong: both roots, the cache, settings, variables.

    Each finding is told with where it is, what it means, and what --fix does or
    you have to do. The status is 3 if something is wrong, and stays so.
    """
    console.refuse_tail()
    found = console.session().health().diagnose(fix=fix, upgrade=_upgrade_place(console))
    staying = found.staying
    data = {
        "healthy": not staying,
        "findings": [_plain(found, each) for each in found.findings],
        "mended": len(found.mended),
    }
    if console.is_json and staying:
        from rezup_cli.results import error_entry, failed_document

        entries = [error_entry(each.code, each.what, each.where, each.remedy) for each in staying]
        console.show([failed_document("doctor", WRONG, data, entries)])
        return WRONG
    console.result("doctor", data, _lines(found, all_paths=console.level >= VERBOSE))
    if not console.is_json:
        _say_summary(console, found, fix=fix)
    return WRONG if staying else 0


def _upgrade_place(console: Console) -> Any:
    """Where upgraded libraries lie; None where this installation has no such place."""
    from rezup.errors import RezupError
    from rezup_cli.upgrading import upgrade_place

    try:
        return upgrade_place(console.start)
    except RezupError:
        return None


def _plain(diagnosis: Diagnosis, finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "severity": finding.kind.severity,
        "note": finding.kind.is_note,
        "container": finding.container,
        "revision": finding.revision,
        "where": finding.where,
        "what": finding.what,
        "paths": list(finding.paths),
        "means": finding.kind.means,
        "remedy": finding.remedy,
        "can_be_mended": finding.mend is not None,
        "mended": finding.identity in diagnosis.mended,
        "failure": diagnosis.failures.get(finding.identity),
    }


def _lines(diagnosis: Diagnosis, *, all_paths: bool) -> Iterator[str]:
    from rezup.containers.health.findings import shown

    for each in diagnosis.findings:
        is_mended = each.identity in diagnosis.mended
        state = "mended: " if is_mended else "note: " if each.kind.is_note else ""
        yield f"{state}{each.code}: {shown(each.what)}"
        yield f"  where:  {shown(each.where)}"
        paths = each.paths if all_paths else each.paths[:_SHOWN]
        yield from (f"          {shown(path)}" for path in paths)
        if len(paths) < len(each.paths):
            yield f"          and {len(each.paths) - len(paths)} more; -v shows all"
        if is_mended:
            continue
        yield f"  means:  {each.kind.means}"
        failure = diagnosis.failures.get(each.identity)
        if failure is not None:
            yield f"  failed: {shown(failure)}"
        yield f"  remedy: {each.remedy}"


def _say_summary(console: Console, diagnosis: Diagnosis, *, fix: bool) -> None:
    staying = diagnosis.staying
    if not staying:
        mended = f"; {len(diagnosis.mended)} mended" if diagnosis.mended else ""
        console.say(f"all is well{mended}")
        return
    mendable = [each for each in staying if each.mend is not None]
    console.say(f"{len(staying)} wrong, {len(diagnosis.mended)} mended" if fix else f"{len(staying)} wrong")
    if mendable and not fix:
        console.say(f"hint: `rezup doctor --fix` tries to mend {len(mendable)} of them")
