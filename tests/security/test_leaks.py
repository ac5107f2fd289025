"""What a program in a container gets of the caller's environment: all of it, but for a documented list."""

from __future__ import annotations

import fnmatch
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.launch.environment import REMOVED
from support.terminal import Terminal
from support.watched import run_watched

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.world import World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="shells and /proc of POSIX")

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "environment.md"

#: What could leak, and what belongs to the user.
CALLERS = {
    "VIRTUAL_ENV": "/outer", "VIRTUAL_ENV_PROMPT": "(outer) ", "VIRTUAL_ENV_DISABLE_PROMPT": "1", "PYTHONHOME": "",
    "__PYVENV_LAUNCHER__": "/outer/bin/python", "PYTHONEXECUTABLE": sys.executable,
    "_OLD_VIRTUAL_PATH": "/outer/bin", "_OLD_VIRTUAL_PROMPT": "$ ", "_OLD_VIRTUAL_PS1": "$ ",
    "_OLD_VIRTUAL_PYTHONHOME": "/outer", "PYTHONPATH": "/own/python", "PYTHONSTARTUP": "/own/startup.py",
    "CONDA_PREFIX": "/conda", "CONDA_DEFAULT_ENV": "base", "CONDA_SHLVL": "1", "PYENV_VERSION": "3.11",
    "PIP_INDEX_URL": "https://index.example/simple", "UV_INDEX_URL": "https://index.example/simple",
    "UV_PROJECT_ENVIRONMENT": "/outer", "MAYA_LOCATION": "/maya", "LD_LIBRARY_PATH": "", "EMPTY": "",
    "LINES_": "a\nb", "BASH_ENV_": "x", "LC_ALL": "C.UTF-8",
}  # fmt: skip


def documented(section: str) -> dict[str, str]:
    """Variables and what the page says becomes of them."""
    text = PAGE.read_text(encoding="utf-8").partition(f"## {section}\n")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| (.+?) \|$", text, re.MULTILINE)
    return {name: change for names, change in rows for name in re.findall(r"`([A-Z0-9_*]+)`", names)}


def changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, str]:
    """Names of variables that differ, with how."""
    found = dict.fromkeys(before.keys() - after.keys(), "removed")
    return found | {name: "set" for name, value in after.items() if before.get(name) != value}


def read(path: Path) -> dict[str, str]:
    entries = path.read_bytes().decode().split("\0")
    return dict(entry.split("=", 1) for entry in entries if entry)


def inside(world: World, *arguments: str) -> dict[str, str]:
    """The environment of what a command line starts."""
    done = world.rezup(*arguments)
    assert done.code == 0, done.err
    return dict(entry.split("=", 1) for entry in done.out.split("\0") if entry)


@pytest.fixture
def machine(world: World) -> World:
    world.revision("foo", "100.000000", environment={"OF_RECIPE": "1"})
    world.variables |= CALLERS
    return world


#: What the page says of a container, but for what only a shell, another locale or another platform shows.
EXPECTED = dict.fromkeys(REMOVED, "removed") | {
    "REZUP_CONTAINER": "set", "REZUP_REVISION": "set", "REZUP_USING_REMOTE": "set", "PATH": "set", "OF_RECIPE": "set",
}  # fmt: skip


def test_the_page_names_all_that_changes() -> None:
    page = documented("Inside a container")
    removed = {name for name, change in page.items() if change.startswith("removed")}
    assert removed == set(REMOVED)
    assert page.keys() - removed - EXPECTED.keys() == {"REZUP_PROMPT", "LC_CTYPE"}
    assert EXPECTED.keys() - page.keys() == {"OF_RECIPE"}
    assert set(REMOVED) <= CALLERS.keys()


def test_a_command(machine: World) -> None:
    assert changes(machine.environ, inside(machine, "use", "foo", "--", "env", "-0")) == EXPECTED


def test_a_script(machine: World) -> None:
    script = machine.write("look.sh", "#!/bin/sh\nexec env -0\n", mode=0o755)
    plain = {"PWD": machine.environ.get("PWD", str(machine.home))}  # what that shell sets by itself
    found = inside(machine, "use", "foo", "--do", str(script))
    assert changes({**machine.environ, **plain}, {**found, **plain} | {}) in (
        EXPECTED,
        {**EXPECTED, "_": "set"},
    )


def test_what_is_not_waited_for(machine: World) -> None:
    target = machine.home / "environment"
    line = f"env -0 > {target}.tmp; mv {target}.tmp {target}"
    assert machine.rezup("use", "foo", "--no-wait", "--", "sh", "-c", line).code == 0
    for _ in range(400):
        if target.exists():
            break
        import time

        time.sleep(0.05)
    found = {
        name: value for name, value in read(target).items() if name not in ("PWD", "_", "OLDPWD", "SHLVL")
    }
    assert changes(machine.environ, found) == EXPECTED


def test_the_locale_that_python_sets_is_documented(machine: World) -> None:
    del machine.variables["LC_ALL"]
    machine.variables |= {"LANG": "C"}
    found = changes(
        {k: v for k, v in machine.environ.items() if k != "LC_ALL"},
        inside(machine, "use", "foo", "--", "env", "-0"),
    )
    assert found.keys() - EXPECTED.keys() <= {"LC_CTYPE", "LC_ALL"}
    assert "LC_CTYPE" in documented("Inside a container")


@pytest.mark.parametrize("shell", ["bash", "dash", "zsh", "fish", "tcsh"])
def test_a_shell(machine: World, shell: str) -> None:
    """Compared with the same shell without rezup, so that what it sets by itself doesn't count."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not installed")
    machine.variables |= {"REZUP_DEFAULT_SHELL": program, "TERM": "dumb", "REZUP_PROMPT": "here "}
    found = []
    for name, argv in (("without", [program, "-i"]), ("within", machine.command("use", "foo"))):
        target = machine.home / name
        with Terminal(argv, machine.environ, machine.home) as terminal:
            terminal.send(f"env -0 > {target}; echo fin''ished\n")
            terminal.expect("finished\r\n")
            terminal.send("exit\n")
            terminal.finish()
        found.append(read(target))
    without, within = ({**each, "SHLVL": "", "_": ""} for each in found)
    expected = {**EXPECTED, "PATH": "set"}
    assert changes(without, within) == expected
    assert not [name for name in within if name.startswith("_REZUP")]


def matches(name: str, page: Mapping[str, str]) -> str:
    """What the page says of a variable; a row about each package counts for every package."""
    for row, change in page.items():
        pattern = re.sub(r"^REZ_NAME_", "REZ_*_", row)
        if fnmatch.fnmatchcase(name, pattern):
            return change
    return ""


def test_an_environment_of_rez(machine: World) -> None:
    machine.write(
        "packages/thing/1.0/package.py", "name='thing'\nversion='1.0'\ndef commands():\n    env.THING = '1'\n"
    )
    packages = str(machine.home / "packages")
    found = inside(machine, "env", "--paths", packages, "thing", "--", "env", "-0")
    by_shell = {"PWD", "SHLVL", "_", "OLDPWD"}  # it runs by a shell
    changed = {name: how for name, how in changes(machine.environ, found).items() if name not in by_shell}
    assert changed.pop("THING") == "set"
    page = documented("Inside an environment of Rez")
    assert [name for name in changed if not matches(name, page)] == []
    assert {name for name, how in changed.items() if how == "removed"} <= {"__PYVENV_LAUNCHER__"}
    for name in (
        "REZ_USED",
        "REZ_USED_REQUEST",
        "REZ_USED_RESOLVE",
        "REZ_THING_ROOT",
        "PATH",
        "REZ_RXT_FILE",
    ):
        assert changed[name] == "set"


@pytest.mark.parametrize("backend", ["uv", pytest.param("pip", marks=pytest.mark.slow)])
def test_a_build(machine: World, backend: str) -> None:
    machine.recipe("bar", extra=f"[installer]\nbackend = '{backend}'")
    # What would send it elsewhere is of no use here.
    machine.variables = {
        name: value for name, value in CALLERS.items() if not name.startswith(("PIP_", "UV_INDEX"))
    }
    machine.variables |= {
        "VIRTUALENV_CLEAR": "1",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "PYTHONWARNINGS": "default",
    }
    ((built,),) = run_watched(machine, [[(("add", "bar", "--skip-use"), {})]])
    assert built.code == 0, built.text
    page = documented("What installers are given")
    assert built.programs
    removed = {name for name in machine.environ if name.startswith(("PYTHON", "CONDA_"))}
    removed |= {name for name, change in page.items() if change.startswith("removed") and "*" not in name}
    for words, environ in built.programs:
        if words[1:] == ("--version",):
            continue  # it does nothing else
        changed = changes(machine.environ, environ)
        assert (removed & environ.keys()) <= {"PYTHONDONTWRITEBYTECODE", "PYTHONHASHSEED"}, words
        assert [name for name in changed if not matches(name, page)] == [], words
        assert environ["HTTPS_PROXY"] == "http://127.0.0.1:9"
