"""What ``rezup env`` does once its words are understood; click is loaded where there is something to say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup_cli.console import echo

if TYPE_CHECKING:
    from rezup.runtime.context.context import Context
    from rezup.session.contexts import Contexts
    from rezup.session.packages import Resolved
    from rezup_cli.console import Console

#: Options of rez-env about its caches, which have nothing to act upon here.
_WITHOUT_EFFECT = ("no_cache", "no_pkg_cache", "pkg_cache_mode")


def run_env(console: Console, request: tuple[str, ...], options: dict[str, Any]) -> int:
    """Resolve, and enter or save what was found; returns the exit status.

    :param options: the values of all options of the command, by the names that click gives them
    :raises click.UsageError: the time can't be understood
    :raises RezupError: the request can't be resolved, or its environment not be entered
    """
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
        time=_time(options["time"]),
        excludes=options["exclude"],
        includes=options["include"],
        filtered=not options["no_filters"],
        max_fails=options["max_fails"],
        time_limit=options["time_limit"],
        building=options["build"],
    )


def _time(text: str | None) -> int | None:
    if text is None:
        return None
    from rezup_cli.commands.options import seconds_of

    return seconds_of(text)


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
            echo(f"{part:10} {seconds * 1000:8.2f} ms", err=True)
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
        _save_job(console, contexts, context, output)
        return 0
    if not context.is_solved:
        _failed(console, context, resolved, options)
    if output == "-":
        console.show([contexts.text(context).rstrip("\n")])
    else:
        contexts.save(context, output)
    return 0 if context.is_solved else 1


def _save_job(console: Console, contexts: Contexts, context: Context, output: str) -> None:
    from rezup_cli.console import ConsoleReporter
    from rezup_cli.quantities import counted

    job = contexts.save_job(context, output)
    place = "no container" if job.revision is None else f"{job.revision.container}@{job.revision.revision}"
    console.say(f"wrote {output}: {counted(len(context.resolved_packages), 'package')}, in {place}")
    doubt = contexts.doubt_about(job)
    if doubt is not None:
        ConsoleReporter(console, timings=False).warning(doubt)


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
        echo(resolved.resolution.graph().to_dot(), err=True)
    return status


def _tell_stats(console: Console, resolved: Resolved) -> None:
    from rezup_cli.console import QUIET

    resolution = resolved.resolution
    console.say(f"steps: {resolution.phases}, of which failed: {resolution.fails}", level=QUIET)
    for part, seconds in resolved.timings.items():
        console.say(f"{part}: {seconds * 1000:.2f} ms", level=QUIET)
