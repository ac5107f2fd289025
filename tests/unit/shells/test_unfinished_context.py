"""Contexts that can't be read, or don't run to their end: nothing is started in half of one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rezup.shells.actions import Setenv
from rezup.shells.code import code_for
from rezup.shells.context_start import context_file
from rezup.shells.escaped import literal

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.shell_world import PROGRAMS, World
from support.terminal import Terminal

_POSIX = [
    "echo 'never closed", "if true; then", "cat <<EOF", "exit 0", "return 0", "set -e\n/bin/false", "exit 4",
    ": ${NEVER_SET:?is missing}",
]  # fmt: skip
BROKEN = {
    "bash": [*_POSIX, "set -u; echo $NEVER_SET; set +u"],
    "zsh": [*_POSIX, "echo ${A.b}", "echo /no/such/file*"],
    "sh": [*_POSIX, "echo ${A.b}", ". /no/such/file"],
    "fish": ["echo 'never closed", 'echo "${A}"', "if true", "exit 0", "return 0"],
    "tcsh": ["echo 'never closed", "if (0) then", "exit 0", "echo $NEVER_SET", "source /no/such/file"],
}
EACH = [(shell, line) for shell, lines in BROKEN.items() for line in lines]


@pytest.fixture(params=PROGRAMS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


def broken(shell: str, line: str, root: Path) -> World:
    world = World(shell, root)
    world.code += f"{line}\n{code_for(shell).write([Setenv('LAST', literal('x'))])}"
    return world


def complaint(world: World) -> str:
    path = context_file(world.shell, str(world.folder))
    return f"rezup: the environment could not be set up: {path} did not run to its end\n"


@pytest.mark.parametrize(("shell", "line"), EACH)
@pytest.mark.parametrize("commands_first", [True, False])
def test_no_command_runs(shell: str, line: str, commands_first: bool, tmp_path: Path) -> None:
    world = broken(shell, line, tmp_path)
    for command in ("/bin/echo was-run", ""):
        done = world.run(command, commands_first=commands_first, norc=True)
        assert (done.returncode != 0, "was-run" in done.stdout) == (True, False)
        assert done.stderr.endswith(complaint(world))
        assert done.stderr.count("rezup:") == 1
    if line == "exit 4":
        assert done.returncode == 4


@pytest.mark.parametrize(("shell", "line"), [
    # zsh looks at this option behind its start-up files only.
    each for each in EACH if not (each[0] == "zsh" and each[1].startswith("set -e"))
])  # fmt: skip
def test_nothing_is_read_from_stdin(shell: str, line: str, tmp_path: Path) -> None:
    world = broken(shell, line, tmp_path)
    done = world.run(None, "/bin/echo was-run\n", stdin=True, norc=True)
    assert (done.returncode != 0, "was-run" in done.stdout) == (True, False)
    assert done.stderr.endswith(complaint(world))


@pytest.mark.parametrize(("shell", "line"), [
    # bash goes on behind these if it has a prompt, and zsh behind the first.
    each for each in EACH
    if not (each[0] in ("bash", "zsh") and each[1].startswith("set -e"))
    and not (each[0] == "bash" and each[1].startswith((": $", "set -u")))
])  # fmt: skip
@pytest.mark.parametrize("commands_first", [True, False])
def test_no_prompt_comes(shell: str, line: str, commands_first: bool, tmp_path: Path) -> None:
    world = broken(shell, line, tmp_path)
    launch = world.start(welcome="never welcome", norc=True, commands_first=commands_first).launch
    with Terminal(launch.argv, launch.apply(world.environ), world.home) as terminal:
        status, shown = terminal.finish()
    assert status != 0
    assert complaint(world).strip() in "".join(shown.splitlines())
    assert "never welcome" not in shown


#: Where start-up files come first: shell, the file, the variable that names it, and how the shell is started.
_BEHIND_FILES = [
    ("bash", ".bashrc", "", {}), ("bash", "env", "BASH_ENV", {"command": "/bin/echo was-run"}),
    ("sh", ".profile", "", {}), ("sh", "env", "ENV", {}),
    ("zsh", ".zshrc", "", {"command": "/bin/echo was-run"}),
]  # fmt: skip


@pytest.mark.parametrize(("shell", "name", "variable", "options"), _BEHIND_FILES)
def test_exit_is_told_behind_startup_files_too(
    shell: str, name: str, variable: str, options: dict[str, Any], tmp_path: Path
) -> None:
    world = broken(shell, "exit 0", tmp_path)
    path = world.counting(name)
    if variable:
        world.environ[variable] = str(path)
    launch = world.start(commands_first=False, **options).launch
    with Terminal(launch.argv, launch.apply(world.environ), world.home) as terminal:
        status, shown = terminal.finish()
    assert (status, "was-run" in shown) == (1, False)
    assert complaint(world).strip() in "".join(shown.splitlines())
    assert world.trace() == [name]


@pytest.mark.parametrize("shell", ["bash", "sh", "zsh"])
def test_traps_of_startup_files_stay(shell: str, tmp_path: Path) -> None:
    world = World(shell, tmp_path)
    name = {"bash": ".bashrc", "sh": ".profile", "zsh": ".zshrc"}[shell]
    world.write(name, "trap ': of several lines", "/bin/echo b''ye' EXIT", "trap '/bin/echo usr' USR1")
    if shell == "zsh":
        assert world.run("/bin/echo ran", commands_first=False).stdout == "ran\nbye\n"
    else:
        assert "bye" in world.at_prompt("my-tool x", commands_first=False)


def test_startup_files_behind_it_are_not_read(tmp_path: Path) -> None:
    for shell, name in {"zsh": ".zshrc", "tcsh": ".tcshrc"}.items():
        world = broken(shell, BROKEN[shell][0], tmp_path / shell)
        world.counting(name)
        assert "was-run" not in world.run("/bin/echo was-run").stdout
        assert world.trace() == []


def test_variables_from_outside_say_nothing_of_it(world: World) -> None:
    world.environ["_rezup_ran"] = "1"
    world.code = f"{BROKEN[world.shell][0]}\n"
    assert "was-run" not in world.run("/bin/echo was-run").stdout


def test_last_line_may_go_on_where_there_is_nothing(world: World) -> None:
    world.code += "/bin/echo said \\\n"
    done = world.run("env -0 > environment")
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "said", "")
    assert not [name for name in world.environment() if name.startswith("_rezup")]


@pytest.mark.parametrize("shell", ["bash", "zsh", "sh"])
def test_options_and_traps_of_a_context_stay(shell: str, tmp_path: Path) -> None:
    world = World(shell, tmp_path)
    world.code += "set -aeuC\n"
    done = world.run("/bin/echo ran; env -0 >| environment; /bin/false; /bin/echo not this")
    assert (done.returncode, done.stdout, done.stderr) == (1, "ran\n", "")
    assert not [name for name in world.environment() if name.startswith("_rezup")]
    world.code += "trap '/bin/echo bye' EXIT\n"
    done = world.run("/bin/echo ran; exit 3")
    assert (done.returncode, done.stdout, done.stderr) == (3, "ran\nbye\n", "")


def test_tcsh_reads_commands_from_a_terminal_too(tmp_path: Path) -> None:
    assert "tool x" in World("tcsh", tmp_path).at_prompt("my-tool x", stdin=True)


def test_tcsh_keeps_what_the_user_has_before_each_prompt(tmp_path: Path) -> None:
    for commands_first in (True, False):
        world = World("tcsh", tmp_path / str(commands_first))
        world.write(".tcshrc", "alias precmd '/bin/echo before-each'")
        shown = world.at_prompt("echo", commands_first=commands_first)
        assert ("before-each" in shown) == commands_first
