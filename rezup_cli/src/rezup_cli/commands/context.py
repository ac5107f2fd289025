"""``rezup context``: what is in a Rez environment, and carrying it elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rezup_cli.commands.context_data import job_lines, plain
from rezup_cli.commands.context_group import ContextGroup
from rezup_cli.commands.options import json_option, talk_options
from rezup_cli.console import DEBUG, VERBOSE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rezup.runtime.context.context import Context
    from rezup.runtime.context.difference import Difference
    from rezup.runtime.package import Package
    from rezup.session.contexts import Contexts
    from rezup_cli.console import Console

F = TypeVar("F", bound="Callable[..., Any]")

SHELLS = ("bash", "cmd", "csh", "fish", "powershell", "pwsh", "sh", "tcsh", "zsh")
DATA = ("dict", "table", "json")


def file_argument(function: F) -> F:
    """``[RXT]``: the file of a context or a job, `-` for stdin; the current context by default."""
    return click.argument("file", metavar="[RXT]", required=False, type=click.Path())(function)


@click.group(
    "context",
    cls=ContextGroup,
    epilog="\b\nrezup context                          the context that you are in\n"
    "rezup context show shot.rxt --tools    the programs of one that was saved\n"
    "rezup context diff --fetch             what a new resolve would change\n"
    "rezup context export -o shot.json      to have the same on another machine\n"
    "rezup env -i shot.json -- maya         there",
)
def command() -> None:
    """Look into a context, compare it, and carry it elsewhere.

    Without a command it is shown. Each command takes the file of a context
    (.rxt) or of a farm job (.json), or `-` for stdin; without one it is about
    the context that you are in.
    """


@command.command("show")
@file_argument
@click.option("--request", is_flag=True, help="Only what was asked for.")
@click.option("--resolve", is_flag=True, help="Only the packages.")
@click.option("--tools", is_flag=True, help="The programs of the packages.")
@click.option("--env", "environ", is_flag=True, help="The variables that it sets.")
@click.option("--graph", type=click.Choice(["dot", "mermaid"]), help="The graph of the resolve.")
@click.option("--dependencies", is_flag=True, help="With --graph: only which package needs which.")
@click.option("--prune", metavar="PKG", help="With --graph: only what leads to this package.")
@click.option("--source-order", is_flag=True, help="Packages in the order in which their commands run.")
@click.option("--uris", is_flag=True, help="Where packages are defined, instead of their folders.")
@json_option
@talk_options
@click.pass_obj
def show(console: Console, /, file: str | None, **options: Any) -> int:
    """Show what was asked for, and what it was resolved to.

    -v adds search paths, filters and times, -D the tools too.
    """
    console.refuse_tail()
    _check(options)
    contexts = console.contexts()
    context, job = contexts.examine(file) if file else (contexts.current_one(), None)
    data = plain(context, job)
    lines: Iterable[str] | None = None
    if options["graph"]:
        data["graph"] = _graph(context, options)
        lines = [data["graph"]]
    if options["tools"]:
        data["tools"], lines = _tools(context)
    if options["environ"]:
        data["environ"] = contexts.interpret(context).environ
        lines = [f"{name}={value}" for name, value in sorted(data["environ"].items())]
    if options["request"]:
        lines = context.package_requests
    if options["resolve"]:
        lines = _resolve_lines(context, options)
    if lines is None:
        lines = () if console.is_json else [*job_lines(job), *_all(console, contexts, context, options)]
    console.result("context show", data, lines)
    return 0


def _check(options: Mapping[str, Any]) -> None:
    """:raises click.UsageError: options that exclude each other, or have no effect"""
    kinds = ("request", "resolve", "tools", "environ", "graph")
    given = [f"--{'env' if name == 'environ' else name}" for name in kinds if options.get(name)]
    if len(given) > 1:
        raise click.UsageError(f"{' and '.join(given)} can't be shown at once.")
    if (options["dependencies"] or options["prune"]) and not options["graph"]:
        raise click.UsageError("--dependencies and --prune need --graph.")


def _loaded(contexts: Contexts, file: str | None) -> Context:
    return contexts.examine(file)[0] if file else contexts.current_one()


def _all(console: Console, contexts: Contexts, context: Context, options: Mapping[str, Any]) -> Iterable[str]:
    from rezup.runtime.context.info import info_lines
    from rezup.system.machine import process_environment

    verbosity = 2 if console.level >= DEBUG else 1 if console.level >= VERBOSE else 0
    found = info_lines(
        context,
        contexts.config,
        process_environment(),
        verbosity=verbosity,
        source_order=bool(options["source_order"]),
        show_uris=bool(options["uris"]),
        show_ways=False,
    )
    return [line.text for line in found]


def _resolve_lines(context: Context, options: Mapping[str, Any]) -> list[str]:
    from rezup.runtime.context.queries import resolved_packages

    packages = resolved_packages(context, source_order=bool(options["source_order"]))
    found = [each.uri if options["uris"] else each.qualified_package_name for each in packages]
    return [*found, *context.resolved_ephemerals]


def _tools(context: Context) -> tuple[dict[str, Any], list[str]]:
    from rezup.runtime.context.info import tool_lines
    from rezup.runtime.context.queries import tools

    data = {name: list(found) for name, (_, found) in tools(context).items()}
    return data, [line.text for line in tool_lines(context)]


def _graph(context: Context, options: Mapping[str, Any]) -> str:
    from rezup.resolver.requirement import Requirement
    from rezup.runtime.context.resolve_graph import dependency_graph, pruned, resolve_graph

    drawing = dependency_graph(context) if options["dependencies"] else resolve_graph(context)
    if options["prune"]:
        drawing = pruned(drawing, Requirement.parse_package(options["prune"]).name)
    return drawing.to_dot() if options["graph"] == "dot" else drawing.to_mermaid()


@command.command("diff")
@click.argument("files", nargs=-1, metavar="[RXT] RXT", type=click.Path())
@click.option("--fetch", is_flag=True, help="Compare with a new resolve of the same request.")
@json_option
@talk_options
@click.pass_obj
def diff(console: Console, files: tuple[str, ...], fetch: bool) -> int:
    """Show which packages change from one context to another.

    Of one file: from the context that you are in to that one.
    """
    console.refuse_tail()
    if len(files) > (1 if fetch else 2):
        raise click.UsageError("Two contexts can be compared; with --fetch one is named at most.")
    if not files and not fetch:
        raise click.UsageError("Missing argument 'RXT', or --fetch.")
    contexts = console.contexts()
    first, other, headings = _two(contexts, files, fetch=fetch)
    from rezup.runtime.context.difference import difference, difference_lines, on_path

    found = difference(first, other, on_path(contexts.config))
    console.result("context diff", _difference(found), difference_lines(found, headings))
    if not found:
        console.say("no package changes")
    return 0


def _two(
    contexts: Contexts, files: tuple[str, ...], *, fetch: bool
) -> tuple[Context, Context, tuple[str, str]]:
    is_named = bool(fetch and files) or len(files) == 2
    first = _loaded(contexts, files[0]) if is_named else _current(contexts)
    if fetch:
        from rezup.session.contexts.reproduction import refetched

        return first, refetched(contexts, first), ("current", "updated")
    other = _loaded(contexts, files[-1])
    name = os.path.basename(files[0]) if len(files) > 1 else "current"
    return first, other, (name, os.path.basename(files[-1]))


def _current(contexts: Contexts) -> Context:
    """:raises ContextFileError: this is no context, so that nothing is compared with it"""
    context = contexts.current()
    if context is None:
        from rezup.errors import ContextFileError

        raise ContextFileError(
            "there is no context here to compare with",
            context="REZ_RXT_FILE is not set: this is no shell of rez-env",
            hint="name two files, OLD.rxt NEW.rxt; or one and --fetch, to compare it with a new resolve",
        )
    return context


def _difference(found: Difference) -> dict[str, Any]:
    def versions(packages: Iterable[Package]) -> list[str]:
        return [str(package.version) for package in packages]

    return {
        "newer": {name: versions(packages) for name, packages in found.newer.items()},
        "older": {name: versions(packages) for name, packages in found.older.items()},
        "added": [package.qualified_name for package in found.added],
        "removed": [package.qualified_name for package in found.removed],
    }


@command.command("which")
@click.argument("program", metavar="CMD")
@file_argument
@click.option("--no-env", is_flag=True, help="As if in an empty environment.")
@json_option
@talk_options
@click.pass_obj
def which(console: Console, program: str, file: str | None, no_env: bool) -> int:
    """Print where a program is found in a context."""
    console.refuse_tail()
    contexts = console.contexts()
    from rezup.runtime.context import queries

    found = queries.which(program, contexts.interpret(_loaded(contexts, file), bare=no_env).environ)
    if found is None:
        from rezup.errors import ContextError

        raise ContextError(
            f"{program[:200]!a} is no program of the context", hint="`rezup context show --tools` lists them"
        )
    console.result("context which", {"path": found}, [found])
    return 0


@command.command("interpret")
@file_argument
@click.option(
    "--format", "form", type=click.Choice([*SHELLS, *DATA]), metavar="FORMAT",
    help=f"Code for a shell ({', '.join(SHELLS)}; by default your own), or variables as {', '.join(DATA)}.",
)  # fmt: skip
@click.option(
    "--style", type=click.Choice(["file", "eval"]), default="file",
    help="Code as a script, or on one line, fit for `eval`.",
)  # fmt: skip
@click.option("--no-env", is_flag=True, help="As if in an empty environment.")
@json_option
@talk_options
@click.pass_obj
def interpret(console: Console, file: str | None, form: str | None, style: str, no_env: bool) -> int:
    """Print what a context does to an environment, and change nothing."""
    console.refuse_tail()
    contexts = console.contexts()
    context = _loaded(contexts, file)
    if form in DATA:
        environ = contexts.interpret(context, bare=no_env).environ
        data = {"format": form, "environ": environ}
        console.result("context interpret", data, () if console.is_json else [_text(environ, form)])
        return 0
    shell = form or contexts.shell()
    from rezup.shells.code import code_for

    found = contexts.interpret(context, shell, bare=no_env)
    code = code_for(shell).write(found.actions, style=style).rstrip("\n")
    console.result("context interpret", {"format": shell, "style": style, "code": code}, [code])
    return 0


def _text(environ: Mapping[str, str], form: str | None) -> str:
    """Variables as a table, a dictionary of Python, or JSON."""
    if form == "table":
        from rezup.runtime.context.info import columns

        return "\n".join(columns(sorted(environ.items())))
    if form == "dict":
        from pprint import pformat

        return pformat(dict(environ))
    import json

    return json.dumps(dict(environ), sort_keys=True, indent=2)


@command.command("export")
@file_argument
@click.option(
    "--exact/--portable", default=True,
    help="Every package as it is (the default); or what was asked for, at that time, for other platforms.",
)  # fmt: skip
@click.option("--command", "line", is_flag=True, help="Print the command to type, instead of the document.")
@click.option("-o", "--output", metavar="FILE", type=click.Path(), help="Write it to a file.")
@json_option
@talk_options
@click.pass_obj
def export(console: Console, file: str | None, exact: bool, line: bool, output: str | None) -> int:
    """Print a document that `rezup env -i` makes the context of again.

    It does so on any machine, and only if the very same comes out.
    """
    console.refuse_tail()
    context = _loaded(console.contexts(), file)
    from rezup.runtime.context import export as exports

    document = exports.exact(context) if exact else exports.portable(context)
    if line:
        text = exports.command_text(document)
        for part in document["not_in_command"]:
            console.say(f"{part}: no option can say this, so it is not in the command")
    else:
        import json

        text = json.dumps(document, indent=1)
    if output and output != "-":
        _write(output, text)
        console.result("context export", {"file": os.path.abspath(output), "document": document})
    else:
        console.result("context export", {"file": None, "document": document}, [text])
    return 0


def _write(path: str, text: str) -> None:
    from pathlib import Path

    from rezup.errors import ContextFileError
    from rezup.system.files import write_atomic

    try:
        write_atomic(Path(os.path.abspath(path)), f"{text}\n".encode())
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path} can't be written", context=reason) from error


@command.command("bundle")
@click.argument("files", nargs=-1, metavar="[RXT] FOLDER", required=True, type=click.Path())
@click.option("--force", is_flag=True, help="Copy packages too that say they can't be moved.")
@click.option("--skip-non-relocatable", is_flag=True, help="Leave such packages where they are.")
@click.option("--no-lib-patch", is_flag=True, help="Leave search paths in libraries as they are.")
@json_option
@talk_options
@click.pass_obj
def bundle(
    console: Console, files: tuple[str, ...], force: bool, skip_non_relocatable: bool, no_lib_patch: bool
) -> int:
    """Copy a context and its packages into a new FOLDER, which may be moved.

    `rezup env -i FOLDER/context.rxt` enters it.
    """
    console.refuse_tail()
    if len(files) > 2:
        raise click.UsageError("One context is put into one folder.")
    from rezup.runtime.context.bundle import bundle as make
    from rezup.system.machine import process_environment

    contexts = console.contexts()
    made = make(
        _loaded(contexts, files[0] if len(files) > 1 else None),
        os.path.expanduser(files[-1]),
        contexts.config,
        force=force,
        skip_non_relocatable=skip_non_relocatable,
        patch_libraries=not no_lib_patch,
        environ=process_environment(),
    )
    for note in made.notes:
        console.say(note.partition(": ")[2], level=VERBOSE if note.startswith("INFO") else 0)
    data = {"folder": made.folder, "file": made.path, "notes": list(made.notes)}
    console.result("context bundle", data, [made.path])
    return 0
