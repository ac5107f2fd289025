"""What the site has locked: an option against it is refused, and a variable warned of before others are concerned."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from support.world import World, studio_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the site's folder is found by a variable of POSIX")

STAMPS = ("1795232534.713588", "1795232535.713588")


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A machine whose site has locked all that an option can say."""
    world = World(tmp_path / "one")
    studio_of(world, tmp_path / "share", STAMPS)
    del world.variables["REZUP_ROOT_REMOTE"]
    world.variables["XDG_CONFIG_DIRS"] = str(tmp_path / "site")
    file = site(world)
    file.parent.mkdir(parents=True)
    file.write_text(
        f"root_local = '{world.root}'\nroot_remote = '{tmp_path / 'share'}'\noffline = true\n"
        "locked = ['root_local', 'root_remote', 'offline']\n"
    )
    (tmp_path / "test").mkdir()
    return world


def site(world: World) -> Path:
    return world.folder.parent / "site" / "rezup" / "config.toml"


@pytest.mark.parametrize(
    "words",
    [
        ("use", "foo", "--", "true"), ("use", "foo", "--local", "--", "true"), ("add", "foo"), ("add", "foo", "--remote"),
        ("lock", "foo"), ("diff", "foo@-1", "foo"), ("bundle", "foo", "foo.rezup"), ("list",), ("list", "foo"),
        ("status", "foo"), ("which", "foo"), ("pin", "foo"), ("unpin", "foo"), ("rollback", "foo"),
        ("pin", "foo", "--remote"), ("unpin", "foo", "--remote"), ("rollback", "foo", "--remote"), ("history", "foo"),
        ("drop", "foo", "--yes"), ("prune",), ("prune", "--remote"), ("check", "foo"), ("doctor",),
    ],
)  # fmt: skip
def test_an_option_against_a_lock_is_refused(world: World, tmp_path: Path, words: tuple[str, ...]) -> None:
    world.recipe("foo")
    command, *rest = words
    for option, key, locked in (
        ("--remote-root", "root_remote", tmp_path / "share"), ("--root", "root_local", world.root),
    ):  # fmt: skip
        outcome = world.rezup(command, option, tmp_path / "test", *rest)
        assert outcome.code == 1
        assert outcome.err.splitlines()[-3:] == [
            f"error: {option} {tmp_path / 'test'} has no effect",
            f"  {site(world)} locks {key} to {locked}",
            f"hint: leave {option} out, or have {key} taken out of `locked` in {site(world)}",
        ]
        assert list((tmp_path / "test").iterdir()) == []
    assert not (tmp_path / "share" / "foo" / "pin").exists()


def test_an_option_that_says_the_same_is_fine(world: World, tmp_path: Path) -> None:
    outcome = world.rezup(
        "list", "--remote-root", f"{tmp_path}/test/../share/", "--root", "~/.rezup", "--offline", "--json"
    )
    assert (outcome.code, outcome.err) == (0, "")
    assert [each["remote"] for each in outcome.data["containers"] if each["name"] == "foo"] == [2]


def test_offline_may_be_locked_to_false(world: World) -> None:
    site(world).write_text("offline = false\nlocked = ['offline']\n")
    outcome = world.rezup("list", "--offline", "--json")
    assert outcome.code == 1
    (error,) = json.loads(outcome.out)["errors"]
    assert error["code"] == "invalid-settings"
    assert (error["message"], error["context"]) == (
        "--offline has no effect",
        f"{site(world)} locks offline to false",
    )


def test_what_is_not_locked_may_be_said(world: World, tmp_path: Path) -> None:
    site(world).write_text(f"root_remote = '{tmp_path / 'share'}'\nlocked = ['fetch_python', 'root_local']\n")
    for options in (("--remote-root", tmp_path / "test"), ("--root", tmp_path / "test")):
        assert world.rezup("list", *options).code == 0


class TestAVariable:
    WRITING = (
        ("pin", f"foo@{STAMPS[0]}", "--remote"), ("unpin", "foo", "--remote"), ("rollback", "foo", "--remote"),
        ("add", "foo", "--remote", "--skip-use", "--no-verify"), ("prune",), ("prune", "--remote"),
    )  # fmt: skip

    @pytest.mark.parametrize("words", WRITING)
    def test_against_a_lock_is_warned_of_once_by_what_writes_for_others(
        self, world: World, tmp_path: Path, words: tuple[str, ...]
    ) -> None:
        world.write("rezup.foo.toml", "[rez]\nruntime = 'embedded'\n")
        world.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "test")
        outcome = world.rezup(*words)
        assert outcome.code == 0, outcome.err
        assert [line for line in outcome.err.splitlines() if "no effect" in line] == [
            (
                f"warning: {tmp_path / 'test'} of REZUP_ROOT_REMOTE has no effect: "
                f"{site(world)} locks root_remote to {tmp_path / 'share'}"
            )
        ]
        assert "no effect" not in world.rezup(*words, "-q").err

    def test_against_a_lock_is_nothing_to_a_launch(self, world: World, tmp_path: Path) -> None:
        world.revision("foo", STAMPS[1])
        world.variables |= {"REZUP_ROOT_REMOTE": str(tmp_path / "test"), "REZUP_OFFLINE": "0"}
        for words in (("use", "foo", "--", "true"), ("pin", "foo"), ("list",), ("status", "foo")):
            outcome = world.rezup(*words)
            assert outcome.code == 0, outcome.err
            assert "no effect" not in outcome.err

    def test_that_says_the_same_is_not_warned_of(self, world: World, tmp_path: Path) -> None:
        world.variables |= {"REZUP_ROOT_REMOTE": f"{tmp_path}/share/", "REZUP_OFFLINE": "yes"}
        assert (
            world.rezup("pin", "foo", "--remote").err
            == f"foo is pinned to {STAMPS[1]} for the whole studio\n"
        )

    def test_is_not_the_only_one_that_a_lock_overrides(self, world: World, tmp_path: Path) -> None:
        recipe = world.write(
            "rezup.foo.toml", f"[root]\nremote = '{tmp_path / 'test'}'\n[rez]\nname = 'rez'\n"
        )
        outcome = world.rezup("pin", "foo", "--remote")
        assert outcome.err.startswith(f"warning: {tmp_path / 'test'} of {recipe} has no effect: ")

    def test_that_can_not_be_used_is_told_as_it_is(self, world: World) -> None:
        world.variables["REZUP_OFFLINE"] = "perhaps"
        told = world.rezup("pin", "foo", "--remote").err
        assert told.startswith("warning: 'perhaps' of REZUP_OFFLINE has no effect: ")
        assert " locks offline to true\n" in told
