"""Run the Python of this runtime, which has it to import; what it does not know goes to Python."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

    from rezup.rez_cli.caller import Caller


def add_options(parser: argparse.ArgumentParser, caller: Caller) -> None:
    """Those of `rez-python`."""
    del caller
    parser.add_argument("FILE", nargs="?", help="a script of Python")


def run(options: argparse.Namespace, parser: argparse.ArgumentParser, caller: Caller, groups: Any) -> int:
    """Become Python."""
    from rezup.launch.start import run as start
    from rezup.system.locks import Hold

    del parser, groups
    caller.out.flush()
    return start([sys.executable, "-E", *options.words], caller.environ, Hold(None))
