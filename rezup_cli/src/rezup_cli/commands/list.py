"""``rezup list``: what there is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import click

from rezup_cli.commands.options import json_option, name_argument, root_options, talk_options
from rezup_cli.commands.which import moment
from rezup_cli.console import VERBOSE, Console, table

#: Later moments, in seconds since 1970, not all systems can show.
_LATEST = 1e11

if TYPE_CHECKING:
    from rezup.containers.inventory import ContainerSummary, RevisionSummary
    from rezup.session import Place, Session
    from rezup.stores.stamps import Stamp


@click.command("list")
@name_argument
@json_option
@root_options
@talk_options
@click.pass_obj
def command(
    console: Console,
    target: tuple[str | None, str | None],
) -> int:
    """List containers; with a NAME, its revisions, the newest first.

    -v adds when each revision was made, and who published it.
    """
    console.refuse_tail()
    session = console.session()
    name = (target or (None, None))[0]
    if name:
        data, lines = _revisions(session, session.place(name), verbose=console.level >= VERBOSE)
    else:
        data, lines = _containers(session)
    console.result("list", data, lines)
    return 0


def _containers(session: Session) -> tuple[dict[str, Any], list[str]]:
    found, unreachable = session.containers()
    if unreachable is not None:
        session.reporter.warning(str(unreachable))
    rows = [
        (
            c.name,
            _where(c),
            str(c.local),
            "-" if c.remote is None else str(c.remote),
            c.newest or "-",
            _pin_text(c),
        )
        for c in found
    ]
    data = {
        "remote_reachable": unreachable is None,
        "containers": [
            {
                "name": c.name, "where": _where(c), "local": c.local, "remote": c.remote,
                "recipe": None if c.recipe is None else str(c.recipe), "newest": c.newest, "pinned": c.pinned,
                "ignored_pin": c.ignored_pin,
            }
            for c in found
        ],
    }  # fmt: skip
    if not found:
        session.reporter.info("no containers yet; `rezup` makes the default one")
        return data, []
    return data, table(("NAME", "WHERE", "LOCAL", "REMOTE", "NEWEST", "PINNED"), rows)


def _where(container: ContainerSummary) -> str:
    if container.local and container.remote:
        return "local, remote"
    if container.local:
        return "local"
    return "remote only" if container.remote else "recipe only"


def _pin_text(container: ContainerSummary) -> str:
    """The pin that counts; else one that doesn't, with a word of why."""
    from rezup.containers.health.findings import shown
    from rezup.stores.stamps import Stamp

    ignored = container.ignored_pin
    if container.pinned is not None or ignored is None:
        return container.pinned or "-"
    return f"{shown(ignored[:40])} ({'not there' if Stamp.is_stamp(ignored) else 'no revision'})"


def _revisions(session: Session, place: Place, *, verbose: bool) -> tuple[dict[str, Any], list[str]]:
    from rezup.containers.health.findings import shown

    found, unreachable = session.revisions(place)
    if unreachable is not None:
        session.reporter.warning(str(unreachable))
    if not found:
        session.reporter.info(f"{place.name} has no revision yet; `rezup use {place.name}` makes one")
    marks = _Marks.of(session, place) if found and unreachable is None else _Marks()
    data = {
        "container": place.name,
        "remote_reachable": unreachable is None,
        "pinned": marks.pinned,
        "taken": marks.taken,
        "revisions": [_plain(revision) for revision in found],
    }
    heads = ("REVISION", "", "WHERE", "STATE", "REZ", *(_MORE if verbose else ()), "MADE BY", "DESCRIPTION")
    rows = [
        (
            revision.stamp,
            marks.text(revision.stamp),
            _sides(revision),
            revision.state,
            revision.rez_version or "-",
            *(_more(revision) if verbose else ()),
            shown(revision.receipt.creator) if revision.receipt else "-",
            shown(revision.receipt.description) if revision.receipt else "",
        )
        for revision in found
    ]
    return data, table(heads, rows) if rows else []


#: Columns of -v alone.
_MORE = ("DATE", "PUBLISHED BY")


def _more(revision: RevisionSummary) -> tuple[str, str]:
    """The moment that its name says, which is the same on all machines, and who published it."""
    from rezup.containers.health.findings import shown

    seconds = revision.stamp.seconds
    user, host = _published(revision)
    who = shown(f"{user} on {host or '-'}"[:80]) if user else "-"
    return moment(seconds) if seconds < _LATEST else "-", who


class _Marks(NamedTuple):
    """Revisions that stand out: the pinned one, and the one that `use` takes; None without, or unknown."""

    pinned: Stamp | None = None
    taken: Stamp | None = None

    @classmethod
    def of(cls, session: Session, place: Place) -> _Marks:
        """By the decisions of `use`; what is wrong with a pin is said."""
        from rezup.errors import RezupError

        try:
            found = session.foresee(place)
        except RezupError:  # what is asked for by a setting isn't there
            return cls()
        remote = found.view.remote
        return cls(found.view.local.pin or (remote.pin if remote else None), found.stamp)

    def text(self, stamp: Stamp) -> str:
        """What a revision is marked with."""
        words = ("pinned" if stamp == self.pinned else "", "taken" if stamp == self.taken else "")
        return ", ".join(filter(None, words))


def _sides(revision: RevisionSummary) -> str:
    if revision.is_local and revision.is_remote:
        return "local, remote"
    return "local" if revision.is_local else "remote"


def _plain(revision: RevisionSummary) -> dict[str, Any]:
    receipt = revision.receipt
    published_by, published_on = _published(revision)
    return {
        "revision": revision.stamp,
        "local": revision.is_local,
        "remote": revision.is_remote,
        "state": revision.state,
        "legacy": revision.is_legacy,
        "folder": None if revision.folder is None else str(revision.folder),
        "rez": revision.rez_version,
        "created": receipt.created if receipt else None,
        "creator": receipt.creator if receipt else None,
        "host": receipt.host if receipt else None,
        "published_by": published_by or None,
        "published_on": published_on or None,
        "description": receipt.description if receipt else None,
    }


def _published(revision: RevisionSummary) -> tuple[str, str]:
    """Who published a revision, and on which host; empty where that isn't told, or nobody did."""
    receipt = revision.receipt
    if receipt is None:
        return "", ""
    if revision.is_local:
        return receipt.published_by, receipt.published_on
    return receipt.creator, receipt.host  # on the remote, who made it is who published it
