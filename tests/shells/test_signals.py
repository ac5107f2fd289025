"""How it ends: exit status, signals, Ctrl-C, job control, and a terminal that is closed."""

from __future__ import annotations

import os
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.shell_users import (
    IN_FRONT,
    LISTENER,
    MARK,
    SHELLS,
    SLEEPER,
    TOLD,
    User,
    eventually,
    is_alive,
    outside,
    pid_in,
    stops_and_goes_on,
    to_front,
    with_package,
)
from support.terminal import PATIENCE, Terminal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.world import World

STATUSES = [0, 1, 7, 130, 255]
SIGNALS = ["TERM", "KILL", "INT"]


@pytest.fixture(params=SHELLS)
def user(request: pytest.FixtureRequest, world: World) -> User:
    return User(world, request.param)


def few_descriptors() -> None:
    """So few that the lease has no place above those that shells close: rezup stays as the parent."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))


def with_few(argv: Sequence[str]) -> list[str]:
    """The same command with few descriptors."""
    return ["sh", "-c", 'ulimit -n 64; exec "$@"', "sh", *argv]


# -- exit status


@pytest.mark.parametrize(
    ("shell", "status"),
    [
        pytest.param(shell, status, marks=() if shell == "bash" or status == 255 else pytest.mark.slow)
        for shell in SHELLS for status in STATUSES
    ],
)  # fmt: skip
def test_status_of_a_shell_is_that_of_rezup(world: World, shell: str, status: int) -> None:
    user = User(world, shell)
    with user.opens() as terminal:
        terminal.expect(MARK)
        terminal.send(f"exit {status}\n")
        assert terminal.finish()[0] == status


def test_shell_that_is_killed_tells_it(user: User) -> None:
    with user.opens() as terminal:
        terminal.expect(MARK)
        terminal.send("kill -9 $fish_pid\n" if user.shell == "fish" else "kill -9 $$\n")
        assert terminal.finish()[0] == 128 + signal.SIGKILL
    assert eventually(user.is_free)


def test_a_shell_sees_the_status_and_the_signals_of_a_command(user: User) -> None:
    use = shlex.join(user.world.command("use", "foo", "--", "sh", "-c"))
    # fish and tcsh end themselves with a program that ends by Ctrl-C, unless somebody types.
    names = SIGNALS[:2] if user.shell in ("fish", "tcsh") else SIGNALS
    ends = [f"exit {status}" for status in STATUSES] + [f"kill -{name} $$" for name in names]
    lines = "\n".join(f"{use} '{end}'\necho {user.kind.status}" for end in ends)
    done = subprocess.run(
        [user.program, *({"fish": ["--no-config"], "bash": [], "dash": []}.get(user.shell, ["-f"]))], input=lines,
        env=user.world.environ, cwd=user.home, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    expected = STATUSES + [128 + getattr(signal, f"SIG{name}") for name in names]
    assert [int(word) for word in done.stdout.split() if word.isdigit()] == expected, done


@pytest.mark.parametrize("name", SIGNALS)
def test_signals_with_rezup_as_the_parent(world: World, name: str) -> None:
    world.revision("foo", "100.000000")
    outcome = world.rezup("use", "foo", "--", "sh", "-c", f"kill -{name} $$", preexec_fn=few_descriptors)
    assert outcome.code == 128 + getattr(signal, f"SIG{name}")


@pytest.mark.parametrize("name", ["TERM", "HUP"])
def test_signal_to_rezup_as_the_parent_reaches_the_command(world: World, name: str) -> None:
    world.revision("foo", "100.000000")
    code = "import signal, sys; signal.signal(signal.SIG{0}, lambda *_: sys.exit(9)); signal.alarm(60); print(flush=True); signal.pause()"
    process = world.start(
        "use", "foo", "--", sys.executable, "-c", code.format(name), preexec_fn=few_descriptors
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(getattr(signal, f"SIG{name}"))
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 9


@pytest.mark.skipif(
    os.geteuid() != 0 or shutil.which("setpriv") is None, reason="only root can become another"
)
def test_command_of_another_user_is_waited_for(world: World) -> None:
    """As with sudo: rezup may not hand it a signal, and does not die of that."""
    world.revision("foo", "100.000000")
    code = "import os, sys; os.setuid(12345); print(flush=True); sys.stdin.readline(); sys.exit(9)"
    process = subprocess.Popen(
        ["setpriv", "--bounding-set=-kill", "--inh-caps=-kill", *world.command("use", "foo", "--", sys.executable, "-c", code)],
        env=world.environ, cwd=world.home, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        preexec_fn=few_descriptors, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    time.sleep(0.2)
    _, errors = process.communicate("\n", timeout=PATIENCE)
    assert (process.returncode, errors) == (9, "")


# -- Ctrl-C


def test_ctrl_c_ends_a_program_and_the_shell_lives_on(user: User) -> None:
    with user.opens() as terminal:
        terminal.expect(MARK)
        for _ in range(2):
            terminal.send(f"{SLEEPER}\n")
            terminal.expect("started")
            terminal.send("\x03")
            terminal.expect(MARK)
        assert not is_alive(pid_in(user.home))
        terminal.send("rez still\n")
        terminal.expect("rez of 100.000000 still")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


@pytest.mark.parametrize("few", [False, True], ids=["replaced", "parent"])
def test_ctrl_c_ends_a_command_with_130(world: World, few: bool) -> None:
    world.revision("foo", "100.000000")
    argv = world.command("use", "foo", "--", *shlex.split(SLEEPER))
    with Terminal(with_few(argv) if few else argv, world.environ, world.home) as terminal:
        terminal.expect("started")
        terminal.send("\x03")
        status, shown = terminal.finish()
    assert (status, shown.split()) == (130, ["^C"])
    assert not is_alive(pid_in(world.home))


@pytest.mark.slow
def test_ctrl_c_at_the_very_start_of_a_command_is_the_commands(world: World) -> None:
    """Again and again, as the moment between the start of the command and waiting for it is short."""
    world.revision("foo", "100.000000")
    argv = with_few(world.command("use", "foo", "--", *shlex.split(SLEEPER)))
    for _ in range(60):
        with Terminal(argv, world.environ, world.home) as terminal:
            terminal.expect("started")
            terminal.send("\x03")
            status, shown = terminal.finish()
        assert (status, shown.split()) == (130, ["^C"])


def test_ctrl_c_reaches_a_command_in_a_session_of_its_own(world: World) -> None:
    with_package(world)
    argv = world.command("env", "-q", "maya", "--new-session", "--", *shlex.split(SLEEPER))
    with Terminal(argv, world.environ, world.home) as terminal:
        terminal.expect("started")
        terminal.send("\x03")
        assert terminal.finish()[0] == 130
    assert eventually(lambda: not is_alive(pid_in(world.home)))


# -- job control


@pytest.mark.parametrize("few", [False, True], ids=["replaced", "parent"])
def test_ctrl_z_and_fg_in_the_shell(user: User, few: bool) -> None:
    argv = user.world.command("use", "foo")
    with user.starts(*(with_few(argv) if few else argv)) as terminal:
        terminal.expect(MARK)
        terminal.send(f"{LISTENER}\n")
        stops_and_goes_on(user, terminal, MARK, "sh ")
        terminal.send(shlex.join([sys.executable, "-c", IN_FRONT]) + "\n")
        terminal.expect("in front: True")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


@pytest.mark.parametrize("few", [False, True], ids=["replaced", "parent"])
def test_ctrl_z_and_fg_of_rezup_with_a_command(user: User, few: bool) -> None:
    argv = user.world.command("use", "foo", "--")
    line = shlex.join(with_few(argv) if few else argv)
    with outside(user) as terminal:
        terminal.send(f"{line} {LISTENER}\n")
        stops_and_goes_on(user, terminal, "outer> ", "rezup_cli")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_shell_is_suspended_and_comes_back(world: World, shell: str) -> None:
    user = User(world, shell)
    with outside(user) as terminal:
        terminal.send(shlex.join(world.command("use", "foo")) + "\n")
        terminal.expect(MARK)
        terminal.send("suspend\n")
        terminal.expect(TOLD[shell])
        terminal.expect("outer> ")
        assert world.rezup("drop", "foo", "--yes").code == 1
        to_front(user, terminal, "rezup_cli")
        terminal.send("rez still\n")
        terminal.expect("rez of 100.000000 still")
        terminal.send("exit 5\n")
        terminal.expect("outer> ")
        terminal.send(f"echo status {user.kind.status}\n")
        terminal.expect("status 5")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


# -- the terminal is closed


@pytest.mark.parametrize(
    ("is_busy", "few"),
    [
        pytest.param(True, False, id="busy"),
        pytest.param(False, False, id="idle", marks=pytest.mark.slow),
        pytest.param(True, True, id="busy, parent", marks=pytest.mark.slow),
        pytest.param(False, True, id="idle, parent"),
    ],
)
def test_closed_terminal_ends_the_shell_and_what_runs_in_it(user: User, is_busy: bool, few: bool) -> None:
    argv = user.world.command("use", "foo")
    with user.starts(*(with_few(argv) if few else argv)) as terminal:
        terminal.expect(MARK)
        pids = [terminal.pid]
        if is_busy:
            terminal.send(f"{SLEEPER}\n")
            terminal.expect("started")
            pids.append(pid_in(user.home))
        assert not user.is_free()
        terminal.hang_up()
        for pid in pids:
            assert eventually(lambda pid=pid: not is_alive(pid))
    assert eventually(user.is_free)


def test_closed_terminal_ends_a_command_in_a_shell(world: World) -> None:
    user = User(world, "bash")
    with outside(user) as terminal:
        terminal.send(shlex.join(world.command("use", "foo", "--")) + f" {SLEEPER}\n")
        terminal.expect("started")
        terminal.hang_up()
        assert eventually(lambda: not is_alive(pid_in(world.home)))
    assert eventually(user.is_free)
