"""``rezup env``: into a Rez environment, as rez-env does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from rezup_cli.commands.options import Request, paths_option, resolve_options, seconds_of, talk_options

if TYPE_CHECKING:
    from rezup.runtime.context.context import Context
    from rezup.session.contexts import Contexts
    from rezup.session.packages import Resolved
    from rezup_cli.console import Console

#: Options of rez-env about its caches, which have nothing to act upon here.
_WITHOUT_EFFECT = ("no_cache", "no_pkg_cache", "pkg_cache_mode")


@click.command(
    "env",
    options_metavar="[OPTIONS]",
    epilog="\b\nrezup env maya-2024 rigging            a shell with these packages\n"
    "rezup env maya-2024 -- maya -batch      run a command with them\n"
    "rezup env -i shot.rxt                   a context that was saved\n"
    "rezup env maya rigging -o shot.rxt      save one instead\n"
    "rezup env ^foo bar-2 --patch            changes to the context you are in",
)
@click.argument("request", nargs=-1, metavar="[PKG...] [-- COMMAND...]", type=Request())
@click.option("--shell", metavar="SHELL", help="The shell, instead of the configured or your own one.")
@click.option("--rcfile", metavar="FILE", help="Read this file in place of the usual start-up files.")
@click.option("--norc", is_flag=True, help="Read no start-up files.")
@click.option("-c", "--command", "line", metavar="LINE", help="A line of the shell to run, and leave.")
@click.option("-s", "--stdin", is_flag=True, help="Read commands from standard input.")
@click.option("--no-local", "--nl", is_flag=True, help="Leave the local packages out.")
@click.option("-b", "--build", is_flag=True, help="An environment to build in.")
@click.option("--no-filters", is_flag=True, help="Leave the configured package filter out.")
@click.option(
    "-o", "--output", metavar="FILE",
    help="Save the context and do not enter it; `-` is stdout; a name in .json makes a farm job of it.",
)  # fmt: skip
@click.option(
    "-i", "--input", "source", metavar="FILE", type=click.Path(),
    help="Enter a saved context, or an exported one if it can be had again; `-` is stdin.",
)  # fmt: skip
@click.option("-p", "--patch", is_flag=True, help="Change the request of the context you are in, or of -i.")
@click.option("--strict", is_flag=True, help="With --patch: keep all else as it was resolved.")
@click.option(
    "--patch-rank", type=click.IntRange(0), default=0, metavar="N",
    help="With --patch: which part of other versions may change.",
)  # fmt: skip
@click.option("--new-session", is_flag=True, help="Start the shell in a session of its own.")
@click.option("--detached", is_flag=True, help="Open another terminal, and do not wait for it.")
@click.option("--fail-graph", is_flag=True, help="Print the graph of a failed resolve to stderr.")
@click.option("--stats", is_flag=True, help="Show how the packages were found.")
@click.option("--no-passive", is_flag=True, hidden=True)
@click.option("--no-cache", is_flag=True, help="Accepted; resolves are not cached.")
@click.option("--no-pkg-cache", is_flag=True, help="Accepted; packages are not cached.")
@click.option("--pkg-cache-mode", type=click.Choice(["sync", "async"]), help="Accepted; without effect.")
@paths_option
@resolve_options
@click.option("--timings", is_flag=True, help="Show where the time went.")
@talk_options
@click.pass_obj
def command(console: Console, /, request: tuple[str, ...], **options: Any) -> int:
    """Open a shell with packages, or run a command with them.

    Everything after `--` is the command; its status is returned. The same
    environment as with rez-env, from the same configuration and packages.
    """
    _check(console, request, options)
    ignored = [name for name in _WITHOUT_EFFECT if options[name]]
    if ignored:
        names = ", ".join("--" + name.replace("_", "-") for name in ignored)
        console.say(f"{names}: there is no such cache here, so it has no effect")
    console.hurry()
    contexts = console.contexts()
    context, resolved = _context(contexts, request, options)
    for message in () if resolved is None else resolved.resolution.messages:
        console.say(message)
    if options["stats"] and resolved is not None:
        _tell_stats(console, resolved)
    if options["output"]:
        return _save(console, contexts, context, options["output"], resolved, options)
    if not context.is_solved:
        return _failed(console, context, resolved, options)
    return _enter(console, contexts, context, options, resolved)


def _check(console: Console, request: tuple[str, ...], options: dict[str, Any]) -> None:
    """:raises click.UsageError: options that exclude each other"""
    if console.tail and options["line"] is not None:
        raise click.UsageError("Either --command or a command after `--`.")
    if options["source"] and request and not options["patch"]:
        raise click.UsageError("--input has its own packages; to change them, add --patch.")
    if (options["strict"] or options["patch_rank"]) and not options["patch"]:
        raise click.UsageError("--strict and --patch-rank need --patch.")


def _context(
    contexts: Contexts, request: tuple[str, ...], options: dict[str, Any]
) -> tuple[Context, Resolved | None]:
    base = contexts.open(options["source"]) if options["source"] else None
    if options["patch"] and base is None:
        base = contexts.current_one()
    if base is not None and not options["patch"]:
        return base, None
    paths = options["paths"]
    if paths is None and options["no_local"]:
        paths = contexts.nonlocal_paths()
    return contexts.resolve(
        request,
        patch=base,
        strict=options["strict"],
        rank=options["patch_rank"],
        paths=paths,
        implicit=not options["no_implicit"],
        time=seconds_of(options["time"]),
        excludes=options["exclude"],
        includes=options["include"],
        filtered=not options["no_filters"],
        max_fails=options["max_fails"],
        time_limit=options["time_limit"],
        building=options["build"],
    )


def _enter(
    console: Console, contexts: Contexts, context: Context, options: dict[str, Any], resolved: Resolved | None
) -> int:
    from rezup.launch.context_entry import Wish
    from rezup.system.machine import has_terminal

    command = console.tail or options["line"]
    wish = Wish(
        shell=options["shell"],
        command=command,
        # Without a terminal there is nobody to prompt.
        stdin=options["stdin"] or (command is None and not options["detached"] and not has_terminal()),
        rcfile=options["rcfile"],
        norc=options["norc"],
        quiet=console.is_quiet,
        new_session=options["new_session"],
        detached=options["detached"],
    )
    entry = contexts.entry(context)
    ready = entry.prepare(wish)
    for notice in ready.notices:
        console.say(notice)
    if options["timings"] and resolved is not None:
        parts = {**resolved.timings, **entry.timings}
        parts["total"] = parts.pop("total") + sum(entry.timings.values())
        for part, seconds in parts.items():
            click.echo(f"{part:10} {seconds * 1000:8.2f} ms", err=True)
    return entry.start(ready, wish)


def _save(
    console: Console,
    contexts: Contexts,
    context: Context,
    output: str,
    resolved: Resolved | None,
    options: dict[str, Any],
) -> int:
    if output.endswith(".json"):
        if not context.is_solved:
            return _failed(console, context, resolved, options)
        contexts.save_job(context, output)
        return 0
    if not context.is_solved:
        _failed(console, context, resolved, options)
    if output == "-":
        console.show([contexts.text(context).rstrip("\n")])
    else:
        contexts.save(context, output)
    return 0 if context.is_solved else 1


def _failed(console: Console, context: Context, resolved: Resolved | None, options: dict[str, Any]) -> int:
    from rezup.errors import ResolveError
    from rezup_cli.console import show_error

    explanation = None if resolved is None else resolved.resolution.explain()
    text = context.failure_description or f"the resolve of this context was {context.status}"
    if resolved is not None and resolved.resolution.abort_reason and resolved.resolution.failure is None:
        text = resolved.resolution.abort_reason
    asked = " ".join(context.package_requests)
    hint = None if resolved is None else f"rezup resolve --explain {asked} shows each step"
    status = show_error(
        console, ResolveError(text, context=None if explanation is None else explanation.text, hint=hint)
    )
    if options["fail_graph"] and resolved is not None:
        click.echo(resolved.resolution.graph().to_dot(), err=True)
    return status


def _tell_stats(console: Console, resolved: Resolved) -> None:
    from rezup_cli.console import QUIET

    resolution = resolved.resolution
    console.say(f"steps: {resolution.phases}, of which failed: {resolution.fails}", level=QUIET)
    for part, seconds in resolved.timings.items():
        console.say(f"{part}: {seconds * 1000:.2f} ms", level=QUIET)
