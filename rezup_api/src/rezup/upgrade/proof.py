"""Proof that a new library works, before anybody is led to it: it is run, in a process of its own."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from rezup.errors import ProcessError, UpgradeError
from rezup.system.processes import run

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from packaging.version import Version

# Every module is imported, but those that are scripts for another Python, and the command line that
# is installed runs with it. The library of the process that asks must not be found first.
_PROGRAM = """
import importlib, pkgutil, sys
folder = sys.argv[1]
sys.path[:] = [folder, *(entry for entry in sys.argv[2:] if entry)]
import rezup
for module in pkgutil.walk_packages(rezup.__path__, "rezup."):
    if not module.name.endswith("_target"):
        importlib.import_module(module.name)
if not rezup.__file__.startswith(folder):
    sys.exit("another library was found first: " + rezup.__file__)
print("rezup-api", rezup.__version__, "was found")
from rezup_cli.main import main
sys.exit(main(["--version"]))
"""


def prove(
    library: Path,
    version: Version,
    *,
    search_path: tuple[str, ...],
    environment: Mapping[str, str],
    log: Path,
    seconds: float,
) -> None:
    """Import all of a library and run ``rezup --version`` with it.

    :param search_path: the import path without any library beside the installed one
    :raises UpgradeError: it fails, or says that it is another version
    """
    # -I: neither the current folder nor PYTHON* variables; the path is handed over whole.
    command: list[str | Path] = [sys.executable, "-I", "-c", _PROGRAM, library, *search_path]
    quiet = {**environment, "REZUP_NO_UPGRADE": "1"}
    try:
        shown = run(command, environment=quiet, log=log, what="trying it", timeout=seconds).output
    except ProcessError as error:
        raise UpgradeError(
            f"rezup-api {version} does not work here", context=error.context, hint=f"all it said is in {log}"
        ) from error
    told = re.search(r"^rezup-api (\S+) was found$", shown, re.MULTILINE)
    if told is None or told[1] != str(version):
        raise UpgradeError(f"rezup-api {version} says that it is {told[1] if told else shown.strip()[:80]}")
