"""The user's shell in a container, on a terminal, with the real shells of this machine."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from support.shell_users import seen_before
from support.terminal import Terminal

if TYPE_CHECKING:
    from support.world import World


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "dash", "tcsh"])
class TestAShell:
    @pytest.fixture
    def opened(self, world: World, shell: str) -> Terminal:
        program = shutil.which(shell)
        if program is None:
            pytest.skip(f"{shell} is not installed")
        world.revision("foo", "100.000000")
        world.write(".zshrc", "")
        if shell == "fish":
            seen_before(world.home)
        world.variables.update(REZUP_DEFAULT_SHELL=program, TERM="dumb")
        return Terminal(world.command("use", "foo"), world.environ, world.home)

    def test_it_knows_the_container_finds_rez_and_passes_its_status_on(
        self, world: World, opened: Terminal
    ) -> None:
        with opened as terminal:
            terminal.expect("rezup (foo/local)")
            terminal.send("rez here\n")
            terminal.expect("rez of 100.000000 here")
            terminal.send("exit 5\n")
            assert terminal.finish()[0] == 5

    def test_while_it_is_open_the_revision_is_in_use_and_a_newer_one_does_not_disturb_it(
        self, world: World, opened: Terminal
    ) -> None:
        with opened as terminal:
            terminal.expect("rezup (foo/local)")
            world.revision("foo", "200.000000")
            refused = world.rezup("drop", "foo@100", "--yes")
            assert refused.code == 1
            assert "in use" in refused.err
            terminal.send("rez still\n")
            terminal.expect("rez of 100.000000 still")
            assert world.rezup("use", "foo", "--", "rez").out == "rez of 200.000000\n"
            terminal.send("exit\n")
            terminal.finish()
        assert world.rezup("drop", "foo@100", "--yes").code == 0


def test_the_prompt_says_that_a_pin_decides(world: World) -> None:
    world.revision("foo", "100.000000")
    world.revision("foo", "200.000000")
    assert world.rezup("rollback", "foo").code == 0
    world.variables.update(REZUP_DEFAULT_SHELL="/bin/sh", TERM="dumb")
    with Terminal(world.command("use", "foo"), world.environ, world.home) as terminal:
        terminal.expect("rezup (foo/local, pinned) ")
        terminal.send("exit\n")
        terminal.finish()


def test_a_prompt_of_ones_own_marks_the_shell(world: World) -> None:
    world.revision("foo", "100.000000")
    world.variables.update(REZUP_DEFAULT_SHELL="/bin/sh", REZUP_PROMPT="mine> ")
    with Terminal(world.command("use", "foo"), world.environ, world.home) as terminal:
        terminal.expect("mine> ")
        terminal.send("exit 0\n")
        assert terminal.finish()[0] == 0


def test_an_unknown_default_shell_is_an_error(world: World) -> None:
    world.revision("foo", "100.000000")
    world.variables["REZUP_DEFAULT_SHELL"] = "/bin/cat"
    with Terminal(world.command("use", "foo"), world.environ, world.home) as terminal:
        code, shown = terminal.finish()
    assert code == 1
    assert "hint:" in shown


def test_ctrl_c_and_job_control_are_the_shells(world: World) -> None:
    if shutil.which("bash") is None:
        pytest.skip("bash is not installed")
    world.revision("foo", "100.000000")
    world.variables.update(REZUP_DEFAULT_SHELL="bash", TERM="dumb")
    with Terminal(world.command("use", "foo"), world.environ, world.home) as terminal:
        terminal.expect("rezup (foo/local)")
        terminal.send("sh -c 'echo sta\"\"rted; exec sleep 100'\n")
        terminal.expect("started")
        terminal.send("\x1a")
        terminal.expect("Stopped")
        terminal.send("kill %1; fg 2>/dev/null; echo go''ne\n")
        terminal.expect("gone")
        terminal.send("sh -c 'echo aga\"\"in; exec sleep 100'\n")
        terminal.expect("again")
        terminal.send("\x03")
        terminal.send("echo al''ive\n")
        terminal.expect("alive")
        terminal.send("exit 3\n")
        assert terminal.finish()[0] == 3


def test_rezup_itself_is_found_inside(world: World, tmp_path: object) -> None:
    import sys
    from pathlib import Path

    program = Path(sys.executable).with_name("rezup")
    if not program.is_file():
        pytest.skip("the console script is not installed beside this Python")
    world.revision("foo", "100.000000")
    world.variables.update(REZUP_DEFAULT_SHELL="/bin/sh", PATH="/usr/bin:/bin")
    with Terminal([str(program), "use", "foo"], world.environ, world.home) as terminal:
        terminal.expect("rezup (foo/local)")
        terminal.send("rezup status\n")
        terminal.expect("this shell is in it")
        terminal.send("rezup use foo\n")
        terminal.expect("already container foo")
        terminal.send("exit\n")
        terminal.finish()
