"""Shells of a revision in tmux, where most people on a studio's servers have theirs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.shell_users import MARK, SHELLS, SLEEPER, TOLD, User, eventually, is_alive, pid_in, state_of
from support.tmux import Tmux, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.world import World


@pytest.fixture(params=SHELLS)
def user(request: pytest.FixtureRequest, world: World) -> User:
    return User(world, request.param)


@pytest.fixture
def tmux(user: User) -> Iterator[Tmux]:
    with Tmux(user.world) as server:
        yield server


def test_a_shell_has_its_prompt_and_its_status_is_the_windows(user: User, tmux: Tmux) -> None:
    user.writes(user.kind.alias)
    window = tmux.opens(*user.world.command("use", "foo"))
    window.expect(MARK)
    window.send("rez --version")
    window.expect("rez of 100.000000 --version")
    window.send("greet you")
    window.expect("hello you")
    window.send("exit 7")
    assert window.status() == 7


def test_keys_reach_what_runs_in_it(user: User, tmux: Tmux) -> None:
    window = tmux.opens(*user.world.command("use", "foo"))
    window.expect(MARK)
    window.send(SLEEPER)
    window.expect("started")
    window.press("C-z")
    window.expect(TOLD[user.shell])
    window.expect(MARK, 2)
    assert eventually(lambda: state_of(pid_in(user.home)) == "T")
    window.send("fg")
    # fish says so before the terminal is handed over, and would take the key itself.
    assert eventually(lambda: state_of(pid_in(user.home)) == "S")
    window.press("C-c")
    window.expect(MARK, 3)
    assert not is_alive(pid_in(user.home))
    window.send("exit 7")
    assert window.status() == 7


def test_another_size_of_the_window_is_noticed(user: User, tmux: Tmux) -> None:
    window = tmux.opens(*user.world.command("use", "foo"))
    window.expect(MARK)
    window.resize(91, 17)
    window.send("stty size")
    window.expect("17 91")


def test_a_closed_window_leaves_nothing_behind(user: User, tmux: Tmux) -> None:
    tmux.run("new-session", "-d", "-s", "other")
    window = tmux.opens(*user.world.command("use", "foo"))
    window.expect(MARK)
    window.send(SLEEPER)
    window.expect("started")
    program = pid_in(user.home)
    window.close()
    assert eventually(lambda: not is_alive(program))
    assert eventually(user.is_free)


@pytest.mark.parametrize("user", ["bash"], indirect=True)
def test_a_server_that_was_started_in_a_revision_holds_it_to_its_end(user: User, tmux: Tmux) -> None:
    """Its windows are shells of the revision, however late they are opened."""
    started = tmux.command("new-session", "-d", "-s", "test", "sh")
    assert user.world.rezup("use", "foo", "--", *started).code == 0
    assert user.world.rezup("drop", "foo", "--yes").code == 1
    Window(tmux).send("tmux new-window 'rez later > later; exec sleep 1000'")
    later = user.home / "later"
    assert eventually(lambda: later.exists() and later.read_text() == "rez of 100.000000 later\n")
    tmux.run("kill-server")
    assert eventually(user.is_free)
