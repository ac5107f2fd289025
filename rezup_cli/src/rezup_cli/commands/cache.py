"""``rezup cache``: finished environments, of this machine and of projects."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rezup_cli.commands.options import json_option, talk_options
from rezup_cli.quantities import counted, days, size_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from rezup.cache.project import Project
    from rezup.cache.pruning import Entry, Pruned
    from rezup.session.caching import Verified
    from rezup_cli.console import Console

F = TypeVar("F", bound="Callable[..., Any]")

_UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30, "t": 1 << 40}


def project_options(function: F) -> F:
    """``-c/--config-path`` and ``-w/--work-dir``, also from the variables of virtualenv-cache."""
    for flags, name, metavar, help_text in (
        (("-w", "--work-dir"), "work_dir", "DIR", "The project's folder, instead of the working folder."),
        (("-c", "--config-path"), "config_path", "FILE", "Its file, instead of .virtualenv_cache.toml."),
    ):
        function = click.option(
            *flags, name, metavar=metavar, envvar=f"VIRTUALENV_CACHE_{name.upper()}", help=help_text
        )(function)
    return function


def _bytes(ctx: click.Context, param: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?", value.strip().lower())
    if match is None:
        raise click.BadParameter("a size is meant, such as 500M or 10G", ctx, param)
    return int(float(match[1]) * _UNITS[match[2]])


@click.group("cache")
def command() -> None:
    """Look after finished environments, and keep those of a project.

    A project says in its .virtualenv_cache.toml which files decide what is in
    its environment; `store` keeps it, `restore` brings it back.
    """


@command.command("dir")
@json_option
@talk_options
@click.pass_obj
def directory(console: Console) -> int:
    """Print where rezup's caches lie."""
    console.refuse_tail()
    folder = str(console.caches().folder)
    console.result("cache dir", {"folder": folder}, [folder])
    return 0


@command.command("list")
@click.option(
    "--format", "form", type=click.Choice(["table", "json"]), envvar="VIRTUALENV_CACHE_FORMAT",
    help="As virtualenv-cache prints it; json is a list of the project's.",
)  # fmt: skip
@project_options
@json_option
@talk_options
@click.pass_obj
def list_(console: Console, form: str | None, config_path: str | None, work_dir: str | None) -> int:
    """Show the environments, and in a project's folder those of the project."""
    console.refuse_tail()
    caches = console.caches()
    project = _project(console, config_path, work_dir)
    own = None if project is None else project.entries()
    if form == "json" and not console.is_json:
        console.show(_plain(caches.entries() if own is None else own))
        return 0
    found = caches.entries()
    data = {
        "environments": [_told(entry) for entry in found],
        "project": None if own is None else [_told(entry) for entry in own],
    }
    console.result("cache list", data, _tables(found, own))
    return 0


@command.command("prune")
@click.option("--max-size", metavar="SIZE", callback=_bytes, help="Keep no more than this, such as 10G.")
@click.option("--older-than", metavar="TIME", callback=days, help="Unused for longer: 12h, 4w, or 30 (days).")
@click.option("-y", "--yes", is_flag=True, help="Do it; else it is only shown.")
@json_option
@talk_options
@click.pass_obj
def prune(console: Console, max_size: int | None, older_than: float | None, yes: bool) -> int:
    """Let go of environments that were not used for long, the longest first.

    Without an option these are the ones that were not used for 30 days. Damaged
    ones always go, and those in use never.
    """
    console.refuse_tail()
    from rezup.cache.pruning import DEFAULT_DAYS, Pruned

    if max_size is None and older_than is None:
        older_than = DEFAULT_DAYS
    caches = console.caches()
    if yes:
        _told_removed(console, "cache prune", caches.prune(older_than=older_than, max_size=max_size))
        return 0
    found = caches.prunable(older_than=older_than, max_size=max_size)
    data = {**_removal(Pruned((), ())), "would_remove": [_told(entry) for entry in found]}
    console.result("cache prune", data, (entry.key for entry in found))
    if not console.is_json:
        freed = size_text(sum(entry.reclaimable for entry in found))
        console.say(f"{counted(len(found), 'environment')} would go and free {freed}; --yes does it")
    return 0


@command.command("verify")
@click.option("--fix", is_flag=True, help="Remove damaged ones, so that they are made anew.")
@project_options
@json_option
@talk_options
@click.pass_obj
def verify(console: Console, fix: bool, config_path: str | None, work_dir: str | None) -> int:
    """Read every byte of what `list` shows, and compare it with what was stored.

    The status is 1 if anything was changed, and with --fix if any of it stays.
    """
    console.refuse_tail()
    found = console.caches().verify(_project(console, config_path, work_dir), fix=fix)
    data = {"good": not found.left, "damaged": found.damaged, "removed": sorted(found.removed)}
    if console.is_json and found.left:
        from rezup_cli.results import error_entry, failed_document

        entries = [error_entry("cache-error", *_left(found, key)) for key in found.left]
        console.show([failed_document("cache verify", 1, data, entries)])
        return 1
    if not found.damaged:
        console.result("cache verify", data, ["all environments are as they were stored"])
        return 0
    lines = (f"{key}: {line}" for key, lines in found.damaged.items() for line in lines)
    console.result("cache verify", data, lines)
    if not console.is_json:
        _say_verified(console, found, fix=fix)
    return 1 if found.left else 0


def _left(found: Verified, key: str) -> tuple[str, str]:
    """What is wrong with an environment that stays, and the details."""
    reason = found.kept.get(key)
    return f"{key} is damaged" + (f" and stays: {reason}" if reason else ""), "; ".join(found.damaged[key])


def _say_verified(console: Console, found: Verified, *, fix: bool) -> None:
    if found.removed:
        count = len(found.removed)
        what = "it is" if count == 1 else "they are"
        console.say(f"{counted(count, 'damaged environment')} removed; {what} made anew when wanted")
    for key in found.kept:
        console.say(_left(found, key)[0])
    if found.left:
        hint = (
            "try again when nothing uses them; where a reason is given above, mend that first"
            if fix
            else "--fix removes the damaged ones"
        )
        console.say(f"hint: {hint}")


@command.command("clear")
@json_option
@talk_options
@click.pass_obj
def clear(console: Console) -> int:
    """Remove all environments of this machine's cache, but for those in use.

    What was made from them keeps working.
    """
    console.refuse_tail()
    _told_removed(console, "cache clear", console.caches().clear())
    return 0


@command.command("init")
@project_options
@json_option
@talk_options
@click.pass_obj
def init(console: Console, config_path: str | None, work_dir: str | None) -> int:
    """Write a .virtualenv_cache.toml for the project."""
    console.refuse_tail()
    path, locks = console.caches().init_project(config_path, work_dir)
    console.result("cache init", {"file": str(path), "requirements_lock_paths": list(locks)})
    if not console.is_json:
        console.say(f"wrote {path}")
        if not locks:
            console.say("name the files in it that decide what is installed: requirements_lock_paths")
    return 0


@command.command("store")
@project_options
@json_option
@talk_options
@click.pass_obj
def store(console: Console, config_path: str | None, work_dir: str | None) -> int:
    """Keep a copy of the project's environment."""
    console.refuse_tail()
    stored = console.caches().project(config_path, work_dir).store()
    data = {"id": stored.key, "trimmed": [entry.key for entry in stored.trimmed.removed]}
    console.result("cache store", data)
    if not console.is_json:
        console.say(f"stored as {stored.key}")
    return 0


@command.command("restore")
@click.option("-p", "--python", metavar="PYTHON", help="The Python it is for, instead of python3 on PATH.")
@project_options
@json_option
@talk_options
@click.pass_obj
def restore(console: Console, python: str | None, config_path: str | None, work_dir: str | None) -> int:
    """Put the environment that fits the project's files into its place.

    The status is 0 if there was one, 1 if there is none, 2 if anything is wrong.
    """
    console.refuse_tail()
    from rezup.errors import RezupError
    from rezup_cli.console import show_error

    try:
        restored = console.caches().project(config_path, work_dir).restore(python)
    except RezupError as error:
        return show_error(console, error, status=2)
    except OSError as error:
        reason = f"{error.filename or ''}: {error.strerror or error}".lstrip(": ")
        return show_error(console, RezupError("the system refused", context=reason), "os-error", status=2)
    if restored is not None:
        data = {"hit": True, "id": restored.key, "method": restored.cloned.method, **_counts(restored.cloned)}
        console.result("cache restore", data)
        if not console.is_json:
            console.say(f"restored {restored.key} by {restored.cloned}")
        return 0
    if console.is_json:
        from rezup_cli.results import document

        console.show([document("cache restore", {"hit": False}, exit_code=1)])
    else:
        console.say("no environment is kept for these files and this Python")
    return 1


@command.command("erase")
@project_options
@json_option
@talk_options
@click.pass_obj
def erase(console: Console, config_path: str | None, work_dir: str | None) -> int:
    """Remove all that is kept for the project, but for what is in use.

    Folders that virtualenv-cache itself left there stay.
    """
    console.refuse_tail()
    _told_removed(console, "cache erase", console.caches().project(config_path, work_dir).erase())
    return 0


def _project(console: Console, config_path: str | None, work_dir: str | None) -> Project | None:
    """The project that is named, or that the working folder is of; None if there is none."""
    caches = console.caches()
    if not config_path and not work_dir and not caches.project_file()[0].exists():
        return None
    return caches.project(config_path, work_dir)


def _counts(cloned: Any) -> dict[str, Any]:
    return {"files": {name.replace(" ", "_"): count for name, count in cloned.counts.items()}}


def _removal(pruned: Pruned) -> dict[str, Any]:
    return {
        "removed": [entry.key for entry in pruned.removed],
        "in_use": [entry.key for entry in pruned.in_use],
        "freed": sum(entry.reclaimable for entry in pruned.removed),
    }


def _told_removed(console: Console, name: str, pruned: Pruned) -> None:
    data = _removal(pruned)
    console.result(name, data, data["removed"])
    if not console.is_json:
        for entry in pruned.in_use:
            console.say(f"{entry.key} is in use and stays")
        console.say(
            f"{counted(len(pruned.removed), 'environment')} removed, {size_text(data['freed'])} freed"
        )


def _told(entry: Entry) -> dict[str, Any]:
    return {
        "id": entry.key,
        "host": entry.host,
        "last_used": entry.last_used or None,
        "size": entry.size,
        "reclaimable": entry.reclaimable,
        "python": entry.about.get("python"),
        "problem": entry.problem or None,
    }


def _plain(found: Iterable[Entry]) -> Iterator[str]:
    """The list as virtualenv-cache prints it, and each size."""
    import json

    rows = [
        {"id": e.key, "hostname": e.host, "datetime": _time(e.last_used, exact=True), "size": e.size}
        for e in found
    ]
    yield json.dumps(rows, sort_keys=True, indent=2)


def _tables(found: list[Entry], own: list[Entry] | None) -> Iterator[str]:
    from rezup_cli.console import table

    header = ("ID", "HOST", "LAST USED", "SIZE", "OWN", "")
    for title, entries in (("environments", found), ("this project", own)):
        if entries is None:
            continue
        total = size_text(sum(entry.size for entry in entries))
        yield f"{title}: {len(entries)}, {total}"
        rows = [
            (e.key, e.host, _time(e.last_used), size_text(e.size), size_text(e.reclaimable), e.problem)
            for e in entries
        ]
        if rows:
            yield from table(header, rows)


def _time(seconds: float, *, exact: bool = False) -> str:
    from datetime import datetime, timezone

    if exact:
        return datetime.fromtimestamp(seconds, timezone.utc).isoformat()
    return f"{datetime.fromtimestamp(seconds):%Y-%m-%d %H:%M}" if seconds else "-"
