"""`rezup env` on a terminal and without one, with closed streams, and interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from support.cli_packages import start_sleeping
from support.shell_code import SHELLS, program_of
from support.terminal import Terminal
from support.world import Outcome, World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")


def test_ctrl_c_ends_the_command_and_nothing_is_said(studio: World) -> None:
    process = start_sleeping(studio)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (-signal.SIGINT, 130)
    assert (out, err) == ("", "")


@pytest.mark.parametrize("shell", SHELLS)
def test_without_terminal_and_command_a_shell_reads_what_there_is_and_ends(studio: World, shell: str) -> None:
    """In the context, and with no prompt: there is nobody to see it."""
    program = program_of(shell)
    ended = studio.rezup("env", "maya", "--shell", program, timeout=30)
    assert ended == Outcome(0, "", "")
    commands = "echo got $PY\nexit 5\n"
    fed = studio.rezup("env", "maya", "--shell", program, stdin=None, input=commands, timeout=30)
    assert fed == Outcome(5, "got 3.9\n", "")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(studio: World, closed: str) -> None:
    line = f'"$@" {closed}'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *studio.command("env", "maya", "--", "sh", "-c", "echo $PY > said; exit 6")],
        env=studio.environ, capture_output=True, text=True, cwd=studio.home, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 6
    assert (studio.home / "said").read_text() == "3.9\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_on_a_terminal(studio: World, shell: str) -> None:
    program = program_of(shell)
    studio.write(".zshrc", "")
    studio.variables.update(TERM="dumb")
    with Terminal(studio.command("env", "maya", "--shell", program), studio.environ, studio.home) as terminal:
        terminal.expect("You are now in a rez-configured environment.")
        terminal.expect("requested packages")
        terminal.expect("maya-2024")
        terminal.expect("%" if shell == "zsh" else ">")
        terminal.send("hello $PY\n")
        terminal.expect("hello 3.9")
        terminal.send("exit 9\n")
        assert terminal.finish()[0] == 9


def test_quiet_is_no_welcome(studio: World) -> None:
    studio.variables.update(TERM="dumb")
    with Terminal(
        studio.command("env", "maya", "-q", "--shell", program_of("bash")), studio.environ, studio.home
    ) as terminal:
        terminal.send("echo al''ive\nexit 0\n")
        code, shown = terminal.finish()
    assert code == 0
    assert "alive" in shown
    assert "requested packages" not in shown
