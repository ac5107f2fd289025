"""What the embedded runtime is made of."""

from __future__ import annotations

import ast
import sys
from importlib import metadata
from pathlib import Path

import pytest

import rezup
from rezup.errors import InstallError
from rezup.installers.embedded import NEEDED, PROGRAMS, check_python
from rezup.rez_cli.main import ABSENT, COMMANDS, call_of
from rezup.system.interpreters import Interpreter

#: Rooms of the library that Rez's commands go through; those that build containers are not among them.
ROOMS = ("rez_cli", "runtime", "resolver", "shells", "settings.py", "errors.py", "reporting.py", "system")

#: Modules of `system` that look for interpreters, which only a build does; tomli comes on demand.
BUILDING = {"packaging", "virtualenv", "python_discovery", "tomli"}


def imported() -> set[str]:
    """The packages of others that these rooms import."""
    found: set[str] = set()
    for room in ROOMS:
        place = Path(rezup.__file__).parent / room
        for path in [place] if place.is_file() else place.rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    found.update(alias.name.split(".")[0] for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    found.add(node.module.split(".")[0])
    return found - set(sys.stdlib_module_names) - {"rezup", "tomllib", "imp"}


def test_all_that_the_commands_import_is_brought() -> None:
    names = {"yaml": "PyYAML"}
    assert {names.get(package, package) for package in imported() - BUILDING} == set(NEEDED)


def test_there_is_a_program_for_each_command() -> None:
    assert {call_of([name]).command for name in PROGRAMS} == {None, *COMMANDS, *ABSENT} - {"complete"}


@pytest.mark.conformance
def test_they_are_the_programs_of_rez() -> None:
    found = metadata.distribution("rez").entry_points.select(group="console_scripts")
    assert {each.name for each in found} - {"_rez-complete"} == set(PROGRAMS)


@pytest.mark.parametrize("version", ["2.7.18", "3.7.0", "3.9.19"])
def test_a_python_that_is_too_old_is_refused(version: str) -> None:
    old = Interpreter(Path("/usr/bin/python"), version, "cpython", "", "", "x86_64")
    with pytest.raises(InstallError, match=f"can't run on Python {version}") as caught:
        check_python(old)
    assert 'runtime = "vanilla"' in (caught.value.hint or "")


@pytest.mark.parametrize("version", ["3.10.0", "3.13.1"])
def test_others_are_taken(version: str) -> None:
    check_python(Interpreter(Path("/usr/bin/python"), version, "cpython", "", "", "x86_64"))
