"""``rezup resolve``: packages for a request, without entering them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import (
    Request,
    json_option,
    paths_option,
    resolve_options,
    seconds_of,
    talk_options,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.resolver.explain import Explanation
    from rezup.session.packages import Packages, Resolved
    from rezup_cli.console import Console


@click.command(
    "resolve",
    options_metavar="[OPTIONS]",
    epilog="\b\nrezup resolve maya-2024 rigging        what rez-env would give\n"
    "rezup resolve maya '!rigging-3+'       anything but these\n"
    "rezup resolve foo --time -2d           as it was two days ago\n"
    "rezup resolve ^foo bar-2 --patch       changes to the context you are in\n"
    "rezup resolve foo bar --explain        why it can't be",
)
@click.argument("request", nargs=-1, metavar="PKG...", type=Request())
@paths_option
@resolve_options
@click.option(
    "--patch", is_flag=False, flag_value="", metavar="[RXT]",
    help="Change the request of a context: that of the .rxt file, else the one you are in.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Show each step of the way to a conflict.")
@click.option("--graph", type=click.Choice(["dot", "mermaid"]), help="Print the graph instead of packages.")
@click.option("--timings", is_flag=True, help="Show where the time went.")
@json_option
@talk_options
@click.pass_obj
def command(
    console: Console,
    request: tuple[str, ...],
    paths: tuple[str, ...] | None,
    no_implicit: bool,
    time: str | None,
    exclude: tuple[str, ...],
    include: tuple[str, ...],
    max_fails: int | None,
    time_limit: float | None,
    patch: str | None,
    explain: bool,
    graph: str | None,
    timings: bool,
) -> int:
    """Find packages for a request, as rez-env does, and print them.

    One package per line: its name, version and variant, then where it comes
    from. Nothing is entered and nothing is run. Without a solution nothing is
    printed, the reason is told, and the status is 1.
    """
    console.refuse_tail()
    if not request and patch is None:
        raise click.UsageError("Missing argument 'PKG...'.")
    console.hurry()
    packages = console.packages()
    resolved = packages.resolve(
        request,
        paths=paths,
        implicit=not no_implicit,
        time=seconds_of(time),
        excludes=exclude,
        includes=include,
        max_fails=max_fails,
        time_limit=time_limit,
        patch=_context(packages, patch),
    )
    for message in resolved.resolution.messages:
        console.say(message)
    status = _tell(console, resolved, graph=graph, explain=explain)
    if timings:
        for part, seconds in resolved.timings.items():
            click.echo(f"{part:10} {seconds * 1000:8.2f} ms", err=True)
    return console.leave(status)


def _context(packages: Packages, patch: str | None) -> str | None:
    """The .rxt file that a patch is for."""
    return packages.context_file() if patch == "" else patch


def _tell(console: Console, resolved: Resolved, *, graph: str | None, explain: bool) -> int:
    resolution = resolved.resolution
    drawing = None
    if graph is not None:
        drawing = resolution.graph().to_dot() if graph == "dot" else resolution.graph().to_mermaid()
    if console.is_json:
        return _tell_json(console, resolved, drawing)
    if drawing is not None:
        console.show([drawing.rstrip("\n")])
    elif resolution.is_solved:
        console.show(_lines(resolved))
    if resolution.is_solved:
        return 0
    return _tell_failure(console, resolved, explain=explain)


def _lines(resolved: Resolved) -> Iterator[str]:
    names = list(map(str, resolved.resolution.packages))
    width = max(map(len, names), default=0)
    for name, uri in zip(names, resolved.uris, strict=True):
        yield f"{name:{width}}  {uri}"
    yield from resolved.resolution.ephemerals


def _text(resolved: Resolved) -> str:
    """Why there are no packages, in Rez's words."""
    resolution = resolved.resolution
    if resolution.failure is not None:
        return resolution.failure.text
    return resolution.abort_reason or "the resolve was ended"


def _tell_failure(console: Console, resolved: Resolved, *, explain: bool) -> int:
    from rezup.errors import ResolveError
    from rezup_cli.console import QUIET, show_error

    found = resolved.resolution.explain()
    hint = "--explain shows each step" if found is not None and found.chain and not explain else None
    error = ResolveError(_text(resolved), context=None if found is None else found.text, hint=hint)
    status = show_error(console, error)
    if explain and found is not None:
        for number, step in enumerate(found.chain, 1):
            console.say(f"{number:3}. {step}", level=QUIET)
        if found.guilty:
            console.say(f"  look at: {', '.join(found.guilty)}", level=QUIET)
    return status


def _tell_json(console: Console, resolved: Resolved, drawing: str | None) -> int:
    from rezup_cli.results import document, error_entry, failed_document

    data = plain(resolved)
    if drawing is not None:
        data["graph"] = drawing
    if data["failure"] is None:
        console.show([document("resolve", data)])
        return 0
    failure = data["failure"]
    entry = error_entry("resolve-failed", failure["text"], failure["explanation"])
    console.show([failed_document("resolve", 1, data, [entry])])
    return 1


def plain(resolved: Resolved) -> dict[str, Any]:
    """The outcome as JSON data."""
    resolution = resolved.resolution
    failure = None
    if not resolution.is_solved:
        found = resolution.explain()
        failure = {
            "text": _text(resolved),
            "explanation": None if found is None else found.text,
            "chain": _chain(found),
        }
    return {
        "status": "solved" if failure is None else "failed",
        "packages": [
            {"name": package.name, "version": package.version, "variant": package.variant, "uri": uri}
            for package, uri in zip(resolution.packages, resolved.uris, strict=True)
        ],
        "ephemerals": list(resolution.ephemerals),
        "failure": failure,
        "timings": dict(resolved.timings),
        "phases": resolution.phases,
        "request": list(resolved.request),
        "implicit": list(resolved.implicit),
        "paths": list(resolved.paths),
    }


def _chain(found: Explanation | None) -> list[dict[str, str | None]]:
    steps = () if found is None else found.chain
    return [{"package": step.asker or None, "needs": step.requirement} for step in steps]
