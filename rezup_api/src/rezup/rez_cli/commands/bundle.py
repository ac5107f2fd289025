"""Copy a context and its packages into a new folder, which works wherever it is moved."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from rezup.rez_cli.options import path_of

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-bundle`; unlike there `-n` may be given beside the others."""
    del caller
    add = parser.add_argument
    either = parser.add_mutually_exclusive_group().add_argument
    either(
        "-s", "--skip-non-relocatable", action="store_true",
        help="leave packages where they are that say they can't be moved",
    )  # fmt: skip
    either("-f", "--force", action="store_true", help="copy these, too")
    add("-n", "--no-lib-patch", action="store_true", help="leave search paths in libraries as they are")
    add("RXT", help="the file of a context; - is stdin")
    add("DEST_DIR", help="the folder, which must not exist")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Make the bundle; what is notable about it goes to stderr, all of it with `-v`."""
    del parser, groups
    from rezup.runtime.context.bundle import bundle

    home = caller.config.facts.home
    made = bundle(
        caller.contexts.load(path_of(options.RXT, home)),
        os.path.abspath(path_of(options.DEST_DIR, home)),
        caller.config,
        force=options.force,
        skip_non_relocatable=options.skip_non_relocatable,
        patch_libraries=not options.no_lib_patch,
        environ=caller.environ,
    )
    for note in made.notes:
        kind, _, text = note.partition(": ")
        if kind == "WARNING":
            caller.err.mark(text, "warning")
        elif options.verbose:
            caller.err.say(text)
    return 0
