"""``rezup index``: the indexes that make resolves fast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import json_option, paths_option, talk_options

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from rezup.runtime.index_store.inspection import IndexFile, Status, Verification
    from rezup_cli.console import Console


@click.group("index")
def command() -> None:
    """Build, check and remove indexes of packages.

    A resolve makes and updates what it needs by itself, so none of this is
    ever necessary.
    """


@command.command("build")
@click.argument("repositories", nargs=-1, metavar="[REPO...]")
@json_option
@talk_options
@click.pass_obj
def build(console: Console, repositories: tuple[str, ...]) -> int:
    """Bring this machine's index up to date, or write that of a REPO.

    With REPO the index is written beside its packages, in `.rezup`, and serves
    every machine that sees it.
    """
    console.refuse_tail()
    indexes = console.packages().indexes()
    built = [indexes.build_shared(each) for each in repositories] if repositories else [indexes.build()]
    data = {
        "indexes": [
            {
                "locations": list(each.locations), "path": each.path, "families": each.families,
                "volatile": _volatile(each.volatile),
            }
            for each in built
        ]
    }  # fmt: skip
    console.result("index build", data)
    if not console.is_json:
        for each in built:
            where = each.path or "nowhere: nothing is kept in the home of another user"
            console.say(f"{each.families} families of {', '.join(each.locations) or 'no repository'}")
            console.say(f"  in {where}")
    return 0


@command.command("status")
@paths_option
@json_option
@talk_options
@click.pass_obj
def status(console: Console, paths: tuple[str, ...] | None) -> int:
    """Show what there is, and which families are read each time."""
    console.refuse_tail()
    indexes = console.packages().indexes()
    found = indexes.status(paths)
    files = indexes.files()
    data = {
        "locations": list(found.locations),
        "missing": list(found.missing),
        "index": None if found.file is None else _file(found.file),
        "shared": found.is_shared,
        "unread": list(found.unread),
        "stale": list(found.stale),
        "files": [_file(each) for each in files],
    }
    console.result("index status", data, _status_lines(found, files))
    return 0


@command.command("verify")
@paths_option
@json_option
@talk_options
@click.pass_obj
def verify(console: Console, paths: tuple[str, ...] | None) -> int:
    """Read every definition again, and compare it with the index.

    The status is 1 if the index tells anything wrong.
    """
    console.refuse_tail()
    found = console.packages().indexes().verify(paths)
    data = {
        "good": found.is_good,
        "damage": found.damage or None,
        "families": found.families,
        "versions": found.versions,
        "differences": [each.family for each in found.differences],
        "stale": list(found.stale),
        "volatile": _volatile(found.volatile),
    }
    return _told(console, found, data)


@command.command("clear")
@json_option
@talk_options
@click.pass_obj
def clear(console: Console) -> int:
    """Remove all indexes of this machine; those beside packages stay."""
    console.refuse_tail()
    gone = console.packages().indexes().clear()
    console.result("index clear", {"removed": gone}, gone)
    return 0


def _told(console: Console, found: Verification, data: dict[str, Any]) -> int:
    if found.is_good:
        console.result(
            "index verify", data, [f"{found.versions} versions of {found.families} families are right"]
        )
        return 0
    wrong = ", ".join(each.family for each in found.differences)
    message = found.damage or f"the index is wrong about: {wrong}"
    if console.is_json:
        from rezup_cli.results import error_entry, failed_document

        console.show([failed_document("index verify", 1, data, [error_entry("damaged-index", message)])])
        return 1
    from rezup.errors import DamagedIndexError
    from rezup_cli.console import show_error

    return show_error(
        console, DamagedIndexError(message, hint="`rezup index clear`, then `rezup index build`")
    )


def _status_lines(found: Status, files: Iterable[IndexFile]) -> Iterator[str]:
    yield f"repositories: {', '.join(found.locations) or 'none'}"
    if found.missing:
        yield f"not there: {', '.join(found.missing)}"
    if found.file is None:
        yield "index: none yet; the first resolve makes it"
    else:
        shared = " (beside the packages)" if found.is_shared else ""
        yield f"index: {_described(found.file)}{shared}"
    for title, names in (("not read yet", found.unread), ("changed since", found.stale)):
        if names:
            yield f"{title}: {', '.join(names)}"
    for family, reason in found.file.volatile if found.file else ():
        yield f"read each time: {family}: {reason}"
    for file in files:
        if found.file is None or file.path != found.file.path:
            yield f"also here: {_described(file)}"


def _described(file: IndexFile) -> str:
    if file.problem:
        return f"{file.path}: {file.problem}"
    places = ", ".join(file.locations)
    return f"{file.path}: {file.versions} versions of {file.families} families of {places}, {file.size} bytes"


def _file(file: IndexFile) -> dict[str, Any]:
    return {
        "path": file.path,
        "size": file.size,
        "locations": list(file.locations),
        "python": file.python or None,
        "families": file.families,
        "versions": file.versions,
        "volatile": _volatile(file.volatile),
        "problem": file.problem or None,
    }


def _volatile(found: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"family": family, "reason": reason} for family, reason in found]
