"""``rezup which``: the answer is what `use` does, and ``--explain`` says why no other revision is."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT
from support.world import World, publish, studio_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.stores.remote import RemoteStore


FOO = ContainerName("foo")
OLD, MIDDLE, NEW = STAMPS = ("100.000000", "200.000000", "300.000000")
NEWEST = "900.000000"


@pytest.fixture
def machine(world: World) -> World:
    """A machine with three revisions."""
    for stamp in STAMPS:
        world.revision("foo", stamp)
    return world


@pytest.fixture
def studio(machine: World, tmp_path: Path) -> RemoteStore:
    """A remote root with the first two, so the third was made here only."""
    return studio_of(machine, tmp_path / "studio", (OLD, MIDDLE))


def damage(machine: World, stamp: str, data: bytes = b"{") -> None:
    (machine.root / "foo" / stamp / RECEIPT).write_bytes(data)


def explained(machine: World, *arguments: str, **options: Any) -> dict[str, Any]:
    outcome = machine.rezup("which", "foo", "--explain", "--json", *arguments, **options)
    document = json.loads(outcome.out)
    assert document["exit_code"] == outcome.code
    found: dict[str, Any] = document["data"]
    return found


def reasons(machine: World, *arguments: str, **options: Any) -> dict[str, str]:
    """Of each revision why it is the one, or why not."""
    found = explained(machine, *arguments, **options)
    assert [each["revision"] for each in found["candidates"] if each["taken"]] == (
        [found["revision"]] if found["revision"] else []
    )
    return {each["revision"]: each["why"] for each in found["candidates"]}


def everything(machine: World) -> dict[str, int]:
    """All files of a machine but the memory of remotes, and when each was written."""
    return {
        str(path): path.lstat().st_mtime_ns
        for path in machine.root.rglob("*")
        if not path.name.startswith("rem")
    }


def pins_here(machine: World, _: RemoteStore) -> None:
    (machine.root / "foo" / "pin").write_text(OLD)


def pins_for_all(_: World, studio: RemoteStore) -> None:
    (studio.root / "foo" / "pin").write_text(OLD)


def damages_the_newest(machine: World, _: RemoteStore) -> None:
    damage(machine, MIDDLE, b'{"format": 99}')


def asks_by_variable(machine: World, _: RemoteStore) -> None:
    machine.variables["REZUP_USE_REVISION"] = "@-1"


def loses_the_remote(machine: World, studio: RemoteStore) -> None:
    machine.rezup("status", "foo")
    studio.root.rename(studio.root.with_name("elsewhere"))


def never_had_a_remote(machine: World, studio: RemoteStore) -> None:
    machine.revision("foo", "400.000000", origin="remote")
    machine.revision("foo", "500.000000")
    studio.root.rename(studio.root.with_name("elsewhere"))


def empties_the_remote(_: World, studio: RemoteStore) -> None:
    studio.root.joinpath("foo").rename(studio.root / "bar")


def nothing(_: World, __: RemoteStore) -> None:
    pass


@pytest.mark.parametrize("arguments", [(), ("--local",), ("@100",), ("@-1",)])
@pytest.mark.parametrize(
    "change",
    [
        nothing, pins_here, pins_for_all, damages_the_newest, asks_by_variable, loses_the_remote, never_had_a_remote,
        empties_the_remote,
    ],
)  # fmt: skip
def test_it_is_what_use_takes(
    machine: World,
    studio: RemoteStore,
    change: Callable[[World, RemoteStore], None],
    arguments: tuple[str, ...],
) -> None:
    change(machine, studio)
    targets = [each for each in arguments if each.startswith("@")]
    options = [each for each in arguments if not each.startswith("@")]
    target = f"foo{targets[0] if targets else ''}"
    which = machine.rezup("which", target, *options)
    used = machine.rezup("use", target, *options, "--", "sh", "-c", 'echo "$REZUP_REVISION"')
    assert which.code == used.code, (which.err, used.err)
    if which.code == 0:
        assert which.out == f"{machine.root}/foo/{used.out}"
    else:
        assert which.out == ""
        assert which.err == used.err


class TestTheAnswer:
    def test_of_the_default_container_without_a_name(self, world: World) -> None:
        folder = world.revision(".main", OLD)
        assert world.rezup("which").out == f"{folder}\n"
        assert world.rezup("which", "--json").data == {
            "container": ".main", "revision": OLD, "folder": str(folder), "reason": "newest here",
            "way": "ready", "source": None, "remote": "none",
        }  # fmt: skip

    def test_what_has_to_be_pulled_is_a_name_and_nothing_is_pulled(
        self, machine: World, studio: RemoteStore
    ) -> None:
        publish(studio, NEWEST)
        before = everything(machine)
        outcome = machine.rezup("which", "foo")
        assert (outcome.code, outcome.out) == (0, f"foo@{NEWEST}\n")
        assert f"would be built from {studio.root}" in outcome.err
        data = machine.rezup("which", "foo", "--json").data
        assert (data["way"], data["source"], data["folder"]) == ("pull", str(studio.root), None)
        assert machine.rezup("which", "foo", "--explain").code == 0
        assert everything(machine) == before

    def test_what_has_to_be_mended_is_a_name_too(self, world: World) -> None:
        folder = world.revision("foo", OLD)
        (folder / "venv/rez/bin/python").unlink()
        outcome = world.rezup("which", "foo")
        assert (outcome.code, outcome.out) == (0, f"foo@{OLD}\n")
        assert "would be built anew" in outcome.err
        assert not (folder / "venv/rez/bin/python").exists()

    def test_a_fallback_says_why_the_chosen_one_is_not_taken(self, machine: World) -> None:
        damage(machine, NEW)
        outcome = machine.rezup("which", "foo")
        assert outcome.out == f"{machine.root}/foo/{MIDDLE}\n"
        assert "damaged" in outcome.err
        assert (
            machine.rezup("which", "foo", "--json").data["reason"]
            == f"the last good one before {NEW} (newest here)"
        )

    def test_an_unreachable_remote_is_what_it_was_and_that_is_said(
        self, machine: World, studio: RemoteStore
    ) -> None:
        loses_the_remote(machine, studio)
        outcome = machine.rezup("which", "foo", "--offline")
        assert outcome.out == f"{machine.root}/foo/{MIDDLE}\n"
        assert "unreachable" in outcome.err
        assert "newest on the remote, as last seen" in reasons(machine)[MIDDLE]

    def test_a_remote_that_hangs_costs_one_bounded_wait(self, machine: World, studio: RemoteStore) -> None:
        for number in range(8):
            publish(studio, f"9{number:02}.000000")
            receipt = studio.root / "foo" / f"9{number:02}.000000" / RECEIPT
            receipt.unlink()
            os.mkfifo(receipt)  # reading it waits for ever, as on a dead mount
        found = explained(machine, timeout=30)
        told = [each["problem"] for each in found["candidates"] if each["problem"]]
        assert told == ["no answer within 1 s"]

    def test_it_works_inside_a_container_too(self, machine: World) -> None:
        inside = machine.rezup("use", f"foo@{OLD}", "--", *machine.command("which", "foo"))
        assert inside.out == f"{machine.root}/foo/{NEW}\n"

    def test_help_tells_it_from_the_others(self, world: World) -> None:
        text = world.rezup("which", "--help").out
        assert "context which" in text
        assert "suite which" in text


class TestWhatCanNotBeTaken:
    def test_no_container(self, world: World) -> None:
        outcome = world.rezup("which", "foo")
        assert (outcome.code, outcome.out) == (1, "")
        assert "there is no container foo" in outcome.err
        assert list(world.home.iterdir()) == []

    def test_a_recipe_only(self, world: World) -> None:
        recipe = world.write("rezup.foo.toml", '[rez]\nname = "rez"\n')
        outcome = world.rezup("which", "foo")
        assert (outcome.code, outcome.out) == (1, "")
        assert str(recipe) in outcome.err
        assert "hint: rezup use foo" in outcome.err
        assert not world.root.exists()

    def test_a_variable_that_names_nothing_is_told(self, machine: World) -> None:
        outcome = machine.rezup("which", "foo", env={"REZUP_USE_REVISION": "999"})
        assert (outcome.code, outcome.out) == (1, "")
        assert "REZUP_USE_REVISION" in outcome.err

    def test_the_explanation_is_there_nevertheless(self, world: World) -> None:
        world.revision("foo", OLD, platform="other")
        outcome = world.rezup("which", "foo", "--explain")
        assert outcome.code == 1
        assert "other platform" in outcome.out
        assert outcome.err.startswith("error: ")
        document = json.loads(world.rezup("which", "foo", "--explain", "--json").out)
        assert (document["status"], document["errors"][0]["code"]) == ("error", "revision-not-ready")
        assert [each["state"] for each in document["data"]["candidates"]] == ["other platform"]

    @pytest.mark.parametrize("arguments", [("foo@",), ("a", "b"), ("foo", "--", "x")])
    def test_wrong_usage(self, world: World, arguments: tuple[str, ...]) -> None:
        assert world.rezup("which", *arguments).code == 2


class TestExplain:
    def test_a_newer_one(self, machine: World) -> None:
        assert reasons(machine) == {NEW: "newest here", MIDDLE: f"{NEW} is newer", OLD: f"{NEW} is newer"}

    def test_asked_for(self, machine: World) -> None:
        found = machine.rezup("which", "foo@-1", "--explain", "--json").data
        assert {each["why"] for each in found["candidates"] if not each["taken"]} == {
            f"{MIDDLE} is asked for (command line)"
        }
        by_variable = reasons(machine, env={"REZUP_USE_REVISION": OLD})
        assert by_variable[NEW] == f"{OLD} is asked for (REZUP_USE_REVISION)"

    def test_pinned_by_whom_and_why(self, machine: World, studio: RemoteStore) -> None:
        assert machine.rezup("rollback", "foo", "-r", "--why", "maya fails").code == 0
        found = explained(machine)
        (pin,) = found["pins"]
        assert (pin["where"], pin["revision"], pin["action"], pin["why"]) == (
            "remote", OLD, "rollback", "maya fails"
        )  # fmt: skip
        assert (bool(pin["user"]), bool(pin["host"]), pin["at"] > 0) == (True, True, True)
        assert reasons(machine)[MIDDLE] == f"{OLD} is pinned on the remote"
        human = machine.rezup("which", "foo", "--explain").out
        assert f"pinned on the remote: {OLD}, rolled back " in human
        assert human.count("maya fails") == 1

    def test_a_pin_that_somebody_wrote_by_hand(self, machine: World) -> None:
        machine.rezup("pin", f"foo@{MIDDLE}", "--why", "mine")
        (machine.root / "foo" / "pin").write_text(OLD)
        (pin,) = explained(machine)["pins"]
        assert (pin["revision"], pin["user"], pin["why"]) == (OLD, None, None)

    def test_made_here_only_while_the_remote_has_the_container(
        self, machine: World, studio: RemoteStore
    ) -> None:
        found = reasons(machine)
        assert "--local takes it" in found[NEW]
        assert found[OLD] == f"{MIDDLE} is newer"
        assert reasons(machine, "--local")[NEW] == "newest here"

    def test_not_from_a_remote_that_was_never_seen(self, world: World) -> None:
        for stamp, origin in ((OLD, "remote"), (MIDDLE, "remote"), (NEW, "local")):
            world.revision("foo", stamp, origin=origin)
        world.variables["REZUP_ROOT_REMOTE"] = str(world.folder / "unmounted")
        found = reasons(world)
        assert "did not come from the remote" in found[NEW]
        assert "unreachable" in found[MIDDLE]
        assert found[OLD] == f"{MIDDLE} is newer"

    @pytest.mark.parametrize(
        ("data", "state"),
        [
            (b"\0" * 40, "damaged"), (b'{"format": 99}', "newer format"), (b'{"x": 1}', "foreign"), (None, "incomplete"),
        ],
    )  # fmt: skip
    def test_not_ready(self, machine: World, data: bytes | None, state: str) -> None:
        if data is None:
            (machine.root / "foo" / NEW / RECEIPT).unlink()
        else:
            damage(machine, NEW, data)
        damage(machine, MIDDLE)
        found = explained(machine)
        first, second, third = found["candidates"]
        assert first["state"] == state
        assert first["problem"]
        assert first["why"].startswith("would be taken (newest here), but ")
        assert second["why"] == f"can't be taken instead of {NEW}: damaged"
        assert third["taken"]

    def test_who_made_each_and_where_it_is(self, machine: World, studio: RemoteStore) -> None:
        publish(studio, NEWEST, creator="bob", host="ws7")
        newest, here, *_ = explained(machine)["candidates"]
        assert [newest[key] for key in ("local", "remote", "state", "creator", "host")] == [
            False, True, "not here", "bob", "ws7"
        ]  # fmt: skip
        assert [here[key] for key in ("local", "remote", "state", "creator", "rez")] == [
            True, False, "ready", "ann", "3.4.0"
        ]  # fmt: skip

    def test_a_broken_one_of_the_remote(self, machine: World, studio: RemoteStore) -> None:
        publish(studio, NEWEST)
        (studio.root / "foo" / NEWEST / RECEIPT).write_bytes(b'{"format": 99}')
        assert explained(machine)["candidates"][0]["problem"] == "its receipt is of a newer format"

    def test_failing_and_not_tried_again_for_a_while(self, machine: World, studio: RemoteStore) -> None:
        publish(studio, NEWEST, recipe='[rez]\nname = "rez"\nurl = "no/such/folder"\n')
        assert machine.rezup("which", "foo").out == f"foo@{NEWEST}\n"
        assert machine.rezup("use", "foo", "--", "rez").out == f"rez of {MIDDLE}\n"
        assert machine.rezup("which", "foo").out == f"{machine.root}/foo/{MIDDLE}\n"
        failed = explained(machine)["candidates"][0]
        assert failed["failure"]["attempts"] == 1
        assert 0 < failed["failure"]["until"] - time.time() < 150
        assert failed["failure"]["cause"]
        assert "its last build failed" in failed["why"]
        assert "not built again before" in machine.rezup("which", "foo", "--explain").out

    def test_the_reason_of_a_failure_is_told_once(self, machine: World, studio: RemoteStore) -> None:
        publish(studio, NEWEST, locks={"pylock.toml": "0" * 64})
        lock = studio.root / "foo" / NEWEST / "pylock.toml"
        lock.write_text("# somebody changed it\n")
        assert "is not the file" in machine.rezup("use", "foo", "--", "rez").err
        for words in (("which", "foo", "--explain"), ("which", "foo")):
            outcome = machine.rezup(*words)
            assert (outcome.out + outcome.err).count("is not the file that the receipt names") == 1
        assert "not built again before" in machine.rezup("which", "foo", "--explain").out

    def test_being_built(self, machine: World) -> None:
        builder = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
        from rezup.system.leftovers import new_name

        host = new_name("staging").split("-")[1]
        (machine.root / "foo" / f".staging-{host}-{builder.pid}-00000000").mkdir()
        (machine.root / "foo" / ".staging-00000000-1-00000000").mkdir()
        assert explained(machine)["builders"] == ["a process of another host", f"process {builder.pid}"]
        builder.communicate(b"\n")
        assert explained(machine)["builders"] == ["a process of another host"]

    def test_names_of_others_reach_a_terminal_without_harm(self, world: World) -> None:
        world.revision("foo", OLD, creator="\x1b[31mevil\nerror: forged")
        out = world.rezup("which", "foo", "--explain").out
        assert "\x1b" not in out
        assert not [line for line in out.splitlines() if line.startswith("error")]


def test_nothing_is_written_but_what_the_remote_said(machine: World, studio: RemoteStore) -> None:
    machine.rezup("status", "foo")
    before = {path: path.lstat().st_mtime_ns for path in (machine.home, *machine.home.rglob("*"))}
    assert machine.rezup("which", "foo", "--explain").code == 0
    assert {path: path.lstat().st_mtime_ns for path in (machine.home, *machine.home.rglob("*"))} == before


def test_what_was_pulled_and_is_gone_from_the_remote_is_told_as_that(
    machine: World, studio: RemoteStore
) -> None:
    assert studio.root.is_dir()
    receipt = machine.root / "foo" / NEW / RECEIPT
    document = json.loads(receipt.read_bytes())
    assert reasons(machine)[NEW] == "made here only, and the remote has this container; --local takes it"
    receipt.write_text(json.dumps({**document, "origin": "remote"}))
    assert reasons(machine)[NEW] == "pulled, and gone from the remote; --local takes it"
