"""Which command is meant, what it is given, and how it ends."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple, TextIO

from rezup.rez_cli.caller import Caller
from rezup.rez_cli.options import HelpError, Parser, UsageError, add_common_options, groups_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

#: The commands there are; how `--` and unknown options are taken is Rez's choice for each.
COMMANDS = {
    "bundle": "plain",
    "config": "plain",
    "context": "plain",
    "depends": "plain",
    "diff": "plain",
    "env": "grouped",
    "forward": "raw",
    "interpret": "plain",
    "python": "rest",
    "search": "plain",
    "status": "plain",
    "suite": "plain",
    "view": "plain",
}

#: Commands that only other programs call.
_HIDDEN = ("forward",)

#: What else Rez has: commands that build, release or move packages, or need a display.
ABSENT = (
    "bind", "build", "benchmark", "complete", "cp", "gui", "help", "memcache", "mv", "pip",
    "pkg-cache", "pkg-ignore", "plugins", "release", "rm", "selftest", "test", "yaml2py",
)  # fmt: skip

#: Programs whose name is not "rez-" and a command.
_NAMES = {"_rez_fwd": "forward", "_rez-complete": "complete"}


#: What makes a variable of Rez true.
_TRUE = ("1", "true", "on", "yes")


class Call(NamedTuple):
    """A command and its words."""

    command: str | None
    """None for `rez` itself."""
    words: list[str]


def main(
    argv: Sequence[str],
    environ: Mapping[str, str] | None = None,
    *,
    out: TextIO | None = None,
    err: TextIO | None = None,
) -> int:
    """Run a command line of Rez.

    :param argv: the program's path first, as in ``sys.argv``
    :param environ: instead of this process's environment
    :returns: the exit status: 0, 1 for a failed request, 2 for a command line that can't be
        understood, or that of the program that was run
    :raises RezupError: a request failed, and `--debug` or `$REZ_DEBUG` asks for the traceback
    """
    if environ is None:
        from rezup.system.machine import process_environment

        environ = process_environment()
    caller = Caller(environ, argv[0], out=out, err=err)
    try:
        status = _run(call_of(argv), caller)
        caller.out.flush()
    except BrokenPipeError:  # whoever read it has seen enough
        caller.out.close()
        return 1
    except KeyboardInterrupt:
        caller.err.say("Interrupted by user")
        return 1
    return status


def entry_point() -> int:
    """`main` for the scripts of a container."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:  # file names need not be text
            reconfigure(errors="surrogateescape")
    return main(sys.argv)


def call_of(argv: Sequence[str]) -> Call:
    """The command that a program's name, or the first word behind `rez`, means."""
    name = os.path.basename(argv[0]).removesuffix(".exe").removesuffix("-script.py")
    words = list(argv[1:])
    if name in _NAMES:
        return Call(_NAMES[name], words)
    if name.startswith("rez-"):
        return Call(name[len("rez-") :], words)
    if words and not words[0].startswith("-"):
        return Call(words[0], words[1:])
    return Call(None, words)


def _run(call: Call, caller: Caller) -> int:
    from rezup.errors import RezupError

    if call.command is None:
        return _run_alone(call.words, caller)
    if call.command in ABSENT:
        caller.err.say(
            f"rez {call.command} is not in the embedded runtime; a container whose recipe has "
            f'runtime = "vanilla" in [rez] has it: rezup use NAME'
        )
        return 2
    if call.command not in COMMANDS:
        known = ", ".join(name for name in COMMANDS if name not in _HIDDEN)
        caller.err.say(f"rez: error: there is no command {call.command[:80]!a} (there are: {known})")
        return 2
    try:
        return _run_command(call.command, call.words, caller)
    except HelpError as help_text:
        caller.out.stream.write(str(help_text))
        return 0
    except UsageError as error:
        caller.err.say(error)
        return 2
    except BrokenPipeError:
        raise
    except (RezupError, OSError) as error:  # the others: a folder that can't be read, a full disk
        asked = call.words[:1] if call.command == "forward" else groups_of(call.words)[0]
        if "--debug" in asked or caller.environ.get("REZ_DEBUG", "").lower() in _TRUE:
            raise
        return _failed(error, caller)


def _run_command(name: str, words: list[str], caller: Caller) -> int:
    module = import_module(f"rezup.rez_cli.commands.{name}")
    parser = Parser(f"rez {name}", description=module.__doc__)
    module.add_options(parser, caller)
    add_common_options(parser)
    mode = COMMANDS[name]
    groups = groups_of(words) if mode == "grouped" else [words]
    if mode == "raw":  # all behind the first word is for another program
        options = parser.parse_args(words[:1])
        options.words = words
    elif mode == "rest":
        options, rest = parser.parse_known_args(groups[0])
        groups = [[], rest]
        options.words = words
    else:
        options = parser.parse_args(groups[0])
    status: int = module.run(options, parser, caller, groups[1:])
    return status


def _failed(error: Exception, caller: Caller) -> int:
    caller.out.flush()
    caller.err.mark(f"{type(error).__name__}: {error}", "error")
    hint = getattr(error, "hint", None)
    if hint:
        caller.err.say(f"hint: {hint}")
    return 1


def _run_alone(words: list[str], caller: Caller) -> int:
    from rezup import __version__
    from rezup.runtime.config.facts import REZ_VERSION

    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    parser = Parser("rez", description="Rez's commands, answered by the runtime that is part of rezup.")
    parser.add_argument("-i", "--info", action="store_true", help="tell about this Rez")
    parser.add_argument("-V", "--version", action="store_true", help="tell its version")
    add_common_options(parser)
    parser.add_argument(
        "command",
        nargs="?",
        metavar="COMMAND",
        help=", ".join(name for name in COMMANDS if name not in _HIDDEN),
    )
    try:
        options = parser.parse_args(words)
        if options.version:
            caller.out.say(f"Rez {REZ_VERSION} from {folder} (python {python})")
        elif options.info:
            facts = caller.config.facts
            caller.out.say(f"\nRez {REZ_VERSION}, embedded in rezup {__version__}")
            caller.out.say(f"{facts.platform} {facts.arch} {facts.os}, Python {python}")
            caller.out.say(f"{folder}\n")
        else:
            parser.error("which command?")
    except HelpError as help_text:
        caller.out.stream.write(str(help_text))
    except UsageError as error:
        caller.err.say(error)
        return 2
    return 0
