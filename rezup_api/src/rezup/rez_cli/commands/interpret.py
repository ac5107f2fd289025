"""Run commands as packages have them, and print what they do to an environment."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rezup.errors import PackageCommandsError
from rezup.rez_cli.environs import environ_text
from rezup.rez_cli.options import SHELLS

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller
    from rezup.runtime.rex.engine import Rex

_DATA = ("dict", "table")


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-interpret`."""
    del caller
    add = parser.add_argument
    add("-c", "--command", action="store_true", help="FILE is the code itself")
    add("-f", "--format", choices=(*SHELLS, *_DATA), help="for a shell, by default yours; or as data")
    add("--no-env", action="store_true", help="as if in an empty environment")
    add(
        "--pv", "--parent-variables", dest="parent_vars", nargs="+", metavar="VAR",
        help="variables that are added to, where others begin anew; all for all of them",
    )  # fmt: skip
    add("FILE", help="a file of commands")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Print the outcome."""
    from rezup.runtime.rex.engine import Origin
    from rezup.runtime.source_code import SourceCode

    del parser, groups
    path = "" if options.command else options.FILE
    code = SourceCode(options.FILE if options.command else _read(path), path=path, as_function=False)
    shell = options.format or caller.current_shell
    rex = _rex(options, caller, "" if shell in _DATA else shell)
    rex.recorder.shebang()
    rex.run(code, Origin(part=path or "the command"))
    if shell in _DATA:
        caller.out.say(environ_text(rex.recorder.environ, shell))
        return 0
    from rezup.shells.code import code_for

    caller.out.say(
        code_for(shell, executable=caller.program_of(shell)).write(rex.recorder.actions).rstrip("\n")
    )
    return 0


def _rex(options: argparse.Namespace, caller: Caller, shell: str) -> Rex:
    from rezup.runtime.rex.dialects import dialect_of
    from rezup.runtime.rex.engine import Rex
    from rezup.runtime.rex.recorder import Outside

    config = caller.config
    names = options.parent_vars or ()
    outside = Outside(
        {} if options.no_env else caller.environ,
        None if list(names) == ["all"] else frozenset(names),
        config["env_var_separators"],
        dialect_of(shell, config.facts.platform),
        config.facts.home,
        shell,
    )
    return Rex(outside, option_vars=lambda: config["optionvars"], system=config.facts)


def _read(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as stream:
            return stream.read()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PackageCommandsError(f"{path[:200]} can't be read", context=reason) from error
