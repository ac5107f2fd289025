"""What a wrapper runs: its tool in its context, or what options such as `++about` ask for instead.

These options begin with the prefix character, `+` unless the configuration or the suite says otherwise::

    ++help, +h          what follows, as text
    ++about, +a         where the tool is from
    ++versions          all versions of its package
    ++peek              what a resolve would give today
    ++interactive, +i   a shell in the context
    ++patch, +p PKG…    another resolve, with changes to the request
    ++strict            of the patch: nothing but its own packages
    ++no-local, ++nl    of the patch: no packages of the user's own
    ++command CMD ARG…  another command in the context
    ++stdin             commands from standard input
    ++quiet             no welcome in the shell
    ++verbose           more about a patch; may be repeated
    ++no-rez-args       everything else goes to the tool

They may stand anywhere before a `--` and be cut short, as Rez's may. Nothing is run here.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

from rezup.errors import SuiteError
from rezup.runtime.suites import wrappers
from rezup.runtime.suites.layout import context_path, is_suite
from rezup.runtime.suites.names import shown

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

#: What an invocation can be.
KINDS = ("run", "interactive", "about", "versions", "peek", "help")


class Invocation(NamedTuple):
    """What a wrapper was asked for."""

    kind: str
    """One of `KINDS`."""
    suite_path: str
    context_name: str
    context_path: str
    """The file of the context."""
    tool: str
    """The tool's own name."""
    prefix_char: str
    """What begins the options; empty where there are none."""
    command: tuple[str, ...] = ()
    """What to run, for kind "run": words, none of them shell text."""
    patch: tuple[str, ...] | None = None
    """Changes to the request before another resolve: empty to resolve it as it is, None for no resolve."""
    is_strict: bool = False
    """See `rezup.runtime.context.patching.patched_request`."""
    no_local: bool = False
    """Whether the resolve leaves out packages of the user's own: the setting `nonlocal_packages_path`."""
    from_stdin: bool = False
    """Whether commands come from standard input. Where nothing is to be read from it, it has no effect."""
    is_quiet: bool = False
    verbosity: int = 0

    @property
    def prompt(self) -> str:
        """The prompt of an interactive shell."""
        return f"{self.context_name}{'*' if self.patch else ''}>"


def invocation_of(path: str, arguments: Sequence[str], prefix_char: str) -> Invocation:
    """What the wrapper at a path is to do.

    :param arguments: those of the wrapper
    :param prefix_char: the setting `suite_alias_prefix_char`, for wrappers that have none of their own
    :raises SuiteError: it is no wrapper, or stands in no suite, or an option can't be understood
    """
    path = os.path.abspath(path)
    wrapper = wrappers.read(path)
    suite_path = os.path.dirname(os.path.dirname(path))
    if not is_suite(suite_path):
        raise SuiteError(
            f"{path[:300]} can't be run",
            context=f"{suite_path[:300]} is no suite",
            hint="a tool of a suite only works in the suite's own folder; put that on PATH instead",
        )
    if not wrapper.tool or "\0" in wrapper.tool:
        raise SuiteError(f"{path[:300]} can't be run", context=f"no program is called {shown(wrapper.tool)}")
    file = context_path(suite_path, wrapper.context)
    char = prefix_char if wrapper.prefix_char is None else wrapper.prefix_char
    plain = Invocation("run", suite_path, wrapper.context, file, wrapper.tool, char)
    # A tool is started often and these options are rare, so that their parser loads only for them.
    if not char or not any(word.startswith(char) for word in arguments):
        return plain._replace(command=(wrapper.tool, *arguments))
    return _parsed(plain, list(arguments))


def help_lines(tool: str, prefix_char: str) -> list[str]:
    """What `++help` shows."""
    return _parser(tool, prefix_char).format_help().splitlines()


class _HelpIsAskedError(Exception):
    pass


def _parsed(plain: Invocation, arguments: list[str]) -> Invocation:
    parser = _parser(plain.tool, plain.prefix_char)
    try:
        options, rest = parser.parse_known_args(arguments)
    except _HelpIsAskedError:
        return plain._replace(kind="help")
    if options.no_rez_args:
        word = next(each for each in arguments if _is_no_rez_args(each, plain.prefix_char))
        arguments.remove(word)
        return plain._replace(command=(plain.tool, *arguments))
    for kind in ("about", "versions", "peek"):
        if getattr(options, kind):
            return plain._replace(kind=kind)
    found = plain._replace(
        patch=None if options.patch is None else tuple(options.patch),
        is_strict=options.strict,
        no_local=options.no_local,
        from_stdin=options.stdin,
        is_quiet=options.quiet,
        verbosity=options.verbose,
    )
    if options.command:
        return found._replace(command=tuple(options.command))
    if options.interactive:
        return found._replace(kind="interactive")
    return found._replace(command=(plain.tool, *rest))


def _is_no_rez_args(word: str, char: str) -> bool:
    # Shorter ones are not this option alone.
    return len(word) > len("==no") and f"{char * 2}no-rez-args".startswith(word)


def _parser(tool: str, char: str) -> argparse.ArgumentParser:
    import argparse

    class Parser(argparse.ArgumentParser):
        def error(self, message: str) -> NoReturn:
            raise SuiteError(
                f"the options of the suite's tool {shown(tool)} can't be understood",
                context=message,
                hint=f"{char}{char}help shows them; after {char}{char}no-rez-args all goes to the tool",
            )

    class Help(argparse.Action):
        def __call__(self, *_: Any) -> NoReturn:
            raise _HelpIsAskedError

    parser = Parser(prog=tool, prefix_chars=char, add_help=False)

    def add(*names: str, **settings: Any) -> None:
        parser.add_argument(*[name.replace("=", char) for name in names], **settings)

    add("=h", "==help", action=Help, nargs=0, help="show this text")
    add("=a", "==about", action="store_true", help="show where the tool is from")
    add("=i", "==interactive", action="store_true", help="open a shell in the tool's context")
    add("=p", "==patch", nargs="*", metavar="PKG", help="resolve again with these changes, and run it there")
    add("==versions", action="store_true", help="list all versions of the tool's package")
    add("==command", nargs="+", metavar=("COMMAND", "ARG"), help="run another command in the context")
    add("==stdin", action="store_true", help="run commands from standard input")
    add("==strict", action="store_true", help="with a patch: only its own packages")
    add("==nl", "==no-local", dest="no_local", action="store_true", help="with a patch: no local packages")
    add("==peek", action="store_true", help="show what would change if the context were resolved now")
    add("==verbose", action="count", default=0, help="tell more about a patch; may be repeated")
    add("==quiet", action="store_true", help="open the shell without a welcome")
    add("==no-rez-args", dest="no_rez_args", action="store_true", help="give all else to the tool")
    return parser
