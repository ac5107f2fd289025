"""A remote root that can't be reached: each launch that goes on with what is known says so once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.session import Session
from rezup.stores.base import PIN
from support.listeners import Listener
from support.world import World, publish, studio_of

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.stores.remote import RemoteStore
    from support.world import Outcome

OLD, NEW = STAMPS = ("100.000000", "200.000000")

USE = ("use", "foo", "--", "rez")


@pytest.fixture
def studio(world: World) -> RemoteStore:
    """A share with two revisions that the machine has, too, and has seen."""
    for stamp in STAMPS:
        world.revision("foo", stamp, origin="remote")
    studio = studio_of(world, world.folder / "studio", STAMPS)
    assert world.rezup(*USE).err == ""
    return studio


def away(studio: RemoteStore) -> None:
    """Take the share away."""
    studio.root.rename(studio.root.with_name("elsewhere"))


def told(outcome: Outcome) -> list[str]:
    assert outcome.code == 0, outcome.err
    return outcome.err.splitlines()


def test_one_line_tells_what_is_used_instead_and_why(world: World, studio: RemoteStore) -> None:
    away(studio)
    for words in (USE, ("-v", *USE)):
        outcome = world.rezup(*words)
        assert outcome.out == f"rez of {NEW}\n"
        assert [line for line in told(outcome) if line.startswith("warning:")] == [
            f"warning: the remote root {studio.root} is unreachable; using foo@{NEW}, the newest known here"
        ]
    studio.root.mkdir()  # the mount point of a share that isn't there
    assert len(told(world.rezup(*USE))) == 1


def test_so_it_is_with_the_default_container(world: World, studio: RemoteStore) -> None:
    world.revision(".main", OLD, origin="remote")
    publish(studio, OLD, ".main")
    assert world.rezup("use", "--", "rez").err == ""
    away(studio)
    (line,) = told(world.rezup("use", "--", "rez"))
    assert f"using .main@{OLD}" in line


def test_a_pin_of_the_studio_is_followed_as_it_was_seen(world: World, studio: RemoteStore) -> None:
    (studio.root / "foo" / PIN).write_text(f"{OLD}\n")
    world.rezup(*USE)
    away(studio)
    outcome = world.rezup(*USE)
    assert outcome.out == f"rez of {OLD}\n"
    (line,) = told(outcome)
    assert line.endswith(f"is unreachable; using foo@{OLD}, pinned there when it was last seen")


def test_a_share_that_was_never_seen_here_is_told_too(world: World) -> None:
    world.revision("foo", OLD, origin="remote")
    world.revision("foo", NEW)
    world.variables["REZUP_ROOT_REMOTE"] = str(world.folder / "nowhere")
    outcome = world.rezup(*USE)
    assert outcome.out == f"rez of {OLD}\n"
    assert told(outcome) == [
        f"warning: the remote root {world.folder}/nowhere is unreachable; using foo@{OLD}, the newest known here"
    ]


def test_a_newer_one_that_is_known_and_not_here_is_told_in_one_line(
    world: World, studio: RemoteStore
) -> None:
    publish(studio, "900.000000")
    world.rezup("status", "foo")  # sees it
    away(studio)
    outcome = world.rezup(*USE)
    assert outcome.out == f"rez of {NEW}\n"
    (line,) = told(outcome)
    for part in ("900.000000", str(studio.root), "unreachable", f"taking {NEW} instead"):
        assert part in line


@pytest.mark.parametrize("is_away", [True, False])
def test_nothing_is_told_where_the_remote_decides_nothing(
    world: World, studio: RemoteStore, is_away: bool
) -> None:
    if is_away:
        away(studio)
    assert told(world.rezup("use", f"foo@{NEW}", "--", "rez")) == []
    assert told(world.rezup(*USE, env={"REZUP_USE_REVISION": OLD})) == []
    assert told(world.rezup("use", "foo", "--local", "--", "rez")) == []
    world.rezup("pin", f"foo@{OLD}", "--why", "x")
    outcome = world.rezup(*USE)
    assert (outcome.out, told(outcome)) == (f"rez of {OLD}\n", [])


def test_quiet_leaves_it_out(world: World, studio: RemoteStore) -> None:
    away(studio)
    for words in (("-q", *USE), ("use", "foo", "-q", "--", "rez")):
        outcome = world.rezup(*words)
        assert (outcome.out, told(outcome)) == (f"rez of {NEW}\n", [])


def test_offline_asks_a_share_as_well(world: World, studio: RemoteStore) -> None:
    assert told(world.rezup("use", "foo", "--offline", "--", "rez")) == []
    away(studio)
    assert len(told(world.rezup("use", "foo", "--offline", "--", "rez"))) == 1


def test_those_who_only_look_do_not_say_what_is_used(world: World, studio: RemoteStore) -> None:
    away(studio)
    for words in (("status", "foo"), ("list", "foo"), ("which", "foo"), ("history", "foo")):
        assert "using foo@" not in world.rezup(*words).err


def test_who_uses_the_library_hears_it_as_a_warning(
    world: World, studio: RemoteStore, tmp_path: Path
) -> None:
    away(studio)
    heard = Listener()
    session = Session.create(environ=world.environ, reporter=heard, recipes_folder=world.home)
    acquired = session.acquire(session.place("foo"))
    acquired.hold.release()
    assert heard.warnings == [
        f"the remote root {studio.root} is unreachable; using foo@{NEW}, the newest known here"
    ]
