"""The shell of a Rez environment on a terminal: signals, job control, and an end without orphans."""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.shell_users import (
    IN_FRONT,
    LISTENER,
    SHELLS,
    SLEEPER,
    User,
    eventually,
    is_alive,
    pid_in,
    stops_and_goes_on,
    with_package,
)

if TYPE_CHECKING:
    from support.terminal import Terminal
    from support.world import World

#: How people set their prompt; that of the context stands before it.
PROMPTS = {"fish": "function fish_prompt; echo 'own> '; end", "tcsh": "set prompt = 'own> '"}
MARK = "own> "


@pytest.fixture(params=SHELLS)
def user(request: pytest.FixtureRequest, world: World) -> User:
    with_package(world)
    user = User(world, request.param)
    user.writes(PROMPTS.get(user.shell, "PS1='own> '"), user.kind.alias)
    return user


def opened(user: User, *options: str) -> Terminal:
    terminal = user.starts(*user.world.command("env", "-q", "maya", "--shell", user.program, *options))
    terminal.expect(MARK)
    return terminal


def test_ctrl_c_ctrl_z_and_the_users_aliases(user: User) -> None:
    with opened(user) as terminal:
        terminal.send(f"{SLEEPER}\n")
        terminal.expect("started")
        terminal.send("\x03")
        terminal.expect(MARK)
        assert eventually(lambda: not is_alive(pid_in(user.home)))
        terminal.send(f"{LISTENER}\n")
        stops_and_goes_on(user, terminal, MARK, "sh ")
        terminal.send(shlex.join([sys.executable, "-c", IN_FRONT]) + "\n")
        terminal.expect("in front: True")
        terminal.send("greet in $MAYA\n")
        terminal.expect("hello in 2024")
        terminal.send("exit 130\n")
        assert terminal.finish()[0] == 130


@pytest.mark.parametrize("option", ["", pytest.param("--new-session", marks=pytest.mark.slow)])
def test_closed_terminal_ends_the_shell_and_what_runs_in_it(user: User, option: str) -> None:
    if option and user.shell == "fish":
        pytest.skip("fish itself doesn't start where the terminal is another session's")
    with opened(user, *([option] if option else [])) as terminal:
        terminal.send(f"{SLEEPER}\n")
        terminal.expect("started")
        terminal.hang_up()
        assert eventually(lambda: not is_alive(pid_in(user.home)))
        assert not is_alive(terminal.pid)
