"""Options and arguments that several commands share."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, TypeVar

import click

from rezup_cli.env_words import split_paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from click.shell_completion import CompletionItem

    from rezup_cli.console import Console

F = TypeVar("F", bound="Callable[..., Any]")


class Target(click.ParamType[Any]):
    """``NAME`` or ``NAME@REVISION``; completes to what is on this machine."""

    name = "target"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if not isinstance(value, str):
            return value
        name, at, revision = value.partition("@")
        if at and not revision:
            self.fail("a revision must follow the `@`", param, ctx)
        return name or None, revision if at else None

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        from rezup.errors import RezupError
        from rezup_cli.console import Console

        try:
            names = Console().session().local_names(incomplete)
        except (RezupError, OSError):
            return []
        return [CompletionItem(name) for name in names if name.startswith(incomplete)]


class Package(click.ParamType[str]):
    """A package, as requests name it; completes to families, and behind ``-`` to versions."""

    name = "package"

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """See `click.ParamType`."""
        from click.shell_completion import CompletionItem

        if ctx.parent is not None and "--" in ctx.parent.args:  # a word of somebody else's command
            return [CompletionItem(incomplete, type="file")]
        return [CompletionItem(each) for each in _beginning(ctx, incomplete)]


def _beginning(ctx: click.Context, incomplete: str) -> list[str]:
    from rezup.errors import RezupError
    from rezup.session.packages import Packages
    from rezup.session.packages.search import beginning
    from rezup.system.machine import process_environment

    try:
        return beginning(Packages(process_environment()), incomplete, ctx.params.get("paths"))
    except (RezupError, OSError, ValueError):
        return []


class Request(Package):
    """The same, where no rule of a filter will do."""

    name = "request"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """See `click.ParamType`.

        :raises InvalidRequirementError: it looks like a rule, and is no requirement
        """
        if "*" in value or "(" in value:
            _refuse_rule(value)
        return str(value)


def _refuse_rule(text: str) -> None:
    from rezup.errors import InvalidRequirementError
    from rezup.resolver.requirement import Requirement

    try:
        Requirement.parse_package(text)
    except InvalidRequirementError as error:
        hint = "if it is a rule: --exclude and --include take one each, and are repeated for more"
        raise InvalidRequirementError(error.message, context=error.context, hint=hint) from None


def target_argument(function: F, *, metavar: str = "[NAME[@REVISION]]") -> F:
    """``[NAME[@REVISION]]``, handed on as ``target``: a pair of texts or None."""
    return click.argument("target", type=Target(), default="", metavar=metavar)(function)


def target_and_command_argument(function: F) -> F:
    """The same, for a command that takes another one after ``--``."""
    return target_argument(function, metavar="[NAME[@REVISION]] [-- COMMAND...]")


def name_argument(function: F) -> F:
    """``[NAME]``, handed on as ``target`` too; a revision is refused."""

    def refuse(ctx: click.Context, param: click.Parameter, value: Any) -> Any:
        if value and value[1] is not None:
            raise click.BadParameter("a container is meant here, without a revision", ctx, param)
        return value

    return click.argument("target", type=Target(), default="", metavar="[NAME]", callback=refuse)(function)


def talk_options(function: F) -> F:
    """``-q``, ``-v`` and ``-D``, also after the command's name."""

    def level(ctx: click.Context, param: click.Parameter, value: bool) -> None:
        if value:
            console: Console = ctx.obj
            console.set_level(**{str(param.name): True})

    for flags, help_text in (
        (("-D", "--debug"), "As -v, and tracebacks."),
        (("-v", "--verbose"), "Also what was chosen, and why."),
        (("-q", "--quiet"), "Only warnings and errors."),
    ):
        function = click.option(*flags, is_flag=True, expose_value=False, callback=level, help=help_text)(
            function
        )
    return function


def root_options(function: F) -> F:
    """``--root``, ``--remote-root`` and ``--offline``; the console's sessions obey them."""

    def override(key: str) -> Callable[[click.Context, click.Parameter, Any], None]:
        def keep(ctx: click.Context, param: click.Parameter, value: Any) -> None:
            console: Console = ctx.obj
            console.overrides[key] = value

        return keep

    for flag, key, help_text in (
        ("--remote-root", "root_remote", "The studio's root, instead of REZUP_ROOT_REMOTE."),
        ("--root", "root_local", "The root on this machine, instead of REZUP_ROOT_LOCAL."),
    ):
        function = click.option(
            flag, metavar="DIR", expose_value=False, callback=override(key), help=help_text
        )(function)
    return click.option(
        "--offline", is_flag=True, default=None, expose_value=False, callback=override("offline"),
        help="Make no connection; say what is missing.",
    )(function)  # fmt: skip


def _want_json(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    console: Console = ctx.obj
    console.is_json = value


json_option = click.option(
    "--json", is_flag=True, expose_value=False, callback=_want_json, help="One JSON document on stdout."
)


def _split_paths(ctx: click.Context, param: click.Parameter, value: str | None) -> tuple[str, ...] | None:
    return split_paths(value)


paths_option = click.option(
    "--paths", metavar="PATHS", callback=_split_paths,
    help="Where packages lie, instead of Rez's packages_path.",
)  # fmt: skip


def recipe_file(text: str | None, name: str | None, option: str) -> Path | None:
    """The file that an option names.

    :raises click.UsageError: it is no file
    """
    if not text:
        return None
    from pathlib import Path

    try:
        path = Path(text).expanduser()
        found = path.is_file()
        path = path.absolute()
    except (OSError, ValueError, RuntimeError) as error:  # too long, a NUL, no such user's home
        reason = getattr(error, "strerror", None) or str(error)
        raise click.UsageError(f"{option} {text[:200]!a}: it can't be looked up ({reason}).") from None
    if not found:
        raise click.UsageError(f"{option} {text}: there is no such recipe file.{_advice(text, name, option)}")
    return path


def _advice(text: str, name: str | None, option: str) -> str:
    if option != "--make" or os.sep in text:
        return ""
    if not name:
        return f" To make a revision of container {text}: rezup use {text} --make"
    return f" Without a value, `rezup use {name} --make` takes ~/rezup.{name}.toml."


def resolve_options(function: F) -> F:
    """What a resolve can be told: ``--no-implicit --time --exclude --include --max-fails --time-limit``."""
    for option in reversed(
        [
            click.option("--no-implicit", "--ni", is_flag=True, help="Leave the implicit packages out."),
            click.option(
                "-t", "--time", metavar="TIME",
                help="Ignore packages released later: seconds since 1970, or -2d, -0.5h.",
            ),
            click.option(
                "--exclude", multiple=True, metavar="RULE",
                help="Hide packages, such as '*.beta'; may be repeated.",
            ),
            click.option(
                "--include", multiple=True, metavar="RULE",
                help="Spare packages from being hidden; may be repeated.",
            ),
            click.option(
                "--max-fails", type=click.IntRange(0), metavar="N", help="Give up after N failed steps."
            ),
            click.option(
                "--time-limit", type=click.FloatRange(0), metavar="SECS",
                help="Give up after so many seconds.",
            ),
        ]
    ):  # fmt: skip
        function = option(function)
    return function


def seconds_of(text: str | None) -> int | None:
    """The value of ``--time``: seconds since 1970.

    :raises click.BadParameter: it can't be understood
    """
    if text is None:
        return None
    from rezup.errors import ResolveError
    from rezup.session.packages.request import parse_time

    try:
        return parse_time(text)
    except ResolveError as error:
        raise click.BadParameter(f"{error.message}; {error.hint}", param_hint="--time") from None
