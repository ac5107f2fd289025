"""``rezup pin``, ``unpin``, ``rollback`` and ``history``: on one machine, and for a studio."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from support.world import World, studio_of

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.stores.remote import RemoteStore

FOO = ContainerName("foo")
OLD, MIDDLE, NEW = STAMPS = ("100.000000", "200.000000", "300.000000")


@pytest.fixture
def machine(world: World) -> World:
    """A machine with three revisions."""
    for stamp in STAMPS:
        world.revision("foo", stamp)
    return world


@pytest.fixture
def studio(machine: World, tmp_path: Path) -> RemoteStore:
    """A remote root with the same three."""
    return studio_of(machine, tmp_path / "studio", STAMPS)


@pytest.fixture
def other(studio: RemoteStore, tmp_path: Path) -> World:
    """Another machine of that studio."""
    made = World(tmp_path / "other", {"REZUP_ROOT_REMOTE": str(studio.root)})
    for stamp in STAMPS:
        made.revision("foo", stamp)
    return made


def taken(world: World) -> str:
    outcome = world.rezup("use", "foo", "--", "rez")
    assert outcome.code == 0, outcome.err
    return outcome.out.removeprefix("rez of ").strip()


def pin(world: World) -> Path:
    return world.root / "foo" / "pin"


def log(world: World) -> Path:
    return world.root / "foo" / "history.jsonl"


def done(world: World, *arguments: str) -> str:
    """What was said by a command that worked."""
    outcome = world.rezup(*arguments)
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return outcome.err


def entries(world: World, *arguments: str) -> list[dict[str, Any]]:
    outcome = world.rezup("history", "foo", "--json", *arguments)
    assert outcome.code == 0, outcome.err
    found: list[dict[str, Any]] = outcome.data["entries"]
    return found


def files(root: Path) -> dict[str, bytes]:
    """What is in the folders of containers, beside revisions."""
    return {str(p.relative_to(root)): p.read_bytes() for p in root.glob("*/*") if p.is_file()}


class TestOnThisMachine:
    def test_pin_is_followed_until_unpin(self, machine: World) -> None:
        assert MIDDLE in done(machine, "pin", f"foo@{MIDDLE}")
        assert pin(machine).read_bytes() == f"{MIDDLE}\n".encode()
        assert taken(machine) == MIDDLE
        assert NEW in done(machine, "unpin", "foo")
        assert not pin(machine).exists()
        assert taken(machine) == NEW

    @pytest.mark.parametrize(("target", "expected"), [("foo@1", OLD), ("foo@-1", MIDDLE), ("foo", NEW)])
    def test_a_revision_is_named_as_elsewhere(self, machine: World, target: str, expected: str) -> None:
        done(machine, "pin", target)
        assert pin(machine).read_text().strip() == expected

    def test_a_newer_revision_does_not_lift_it(self, machine: World) -> None:
        done(machine, "pin", "foo")
        machine.revision("foo", "400.000000")
        assert taken(machine) == NEW

    def test_each_rollback_goes_one_further_back(self, machine: World) -> None:
        said = done(machine, "rollback", "foo")
        assert f"from {NEW} to {MIDDLE}" in said
        assert taken(machine) == MIDDLE
        done(machine, "rollback", "foo")
        assert taken(machine) == OLD
        before = files(machine.root)
        end = machine.rezup("rollback", "foo")
        assert end.code == 1
        assert "no ready revision before" in end.err
        assert "hint:" in end.err
        assert files(machine.root) == before

    def test_rollback_passes_over_what_is_not_ready(self, machine: World) -> None:
        (machine.root / "foo" / MIDDLE / RECEIPT).write_bytes(b"\0")
        done(machine, "rollback", "foo")
        assert taken(machine) == OLD

    def test_rollback_lands_where_launches_fell_back_to(self, machine: World) -> None:
        (machine.root / "foo" / NEW / RECEIPT).write_bytes(b"\0")
        done(machine, "rollback", "foo")
        outcome = machine.rezup("use", "foo", "--", "rez")
        assert (outcome.out, outcome.err) == (f"rez of {MIDDLE}\n", "")

    def test_pinned_already_says_so_and_writes_nothing(self, machine: World) -> None:
        done(machine, "pin", f"foo@{OLD}")
        before = files(machine.root), pin(machine).stat().st_mtime_ns, pin(machine).stat().st_ino
        assert "already" in done(machine, "pin", f"foo@{OLD}", "--why", "twice")
        assert "already" in done(machine, "pin", "foo")
        assert (files(machine.root), pin(machine).stat().st_mtime_ns, pin(machine).stat().st_ino) == before

    def test_unpin_of_what_is_not_pinned_writes_nothing(self, machine: World) -> None:
        assert "is not pinned" in done(machine, "unpin", "foo")
        assert files(machine.root) == {}

    def test_a_pin_that_names_nothing_is_replaced_and_lifted(self, machine: World) -> None:
        pin(machine).write_text("garbage")
        done(machine, "pin", f"foo@{OLD}")
        assert taken(machine) == OLD
        pin(machine).write_text("1.5")
        done(machine, "unpin", "foo")
        assert not pin(machine).exists()

    def test_revisions_of_rezup_2_can_be_pinned(self, machine: World) -> None:
        folder = machine.root / "foo" / "revisions" / "50.25"
        scripts = folder / "venv" / "rez" / "bin" / "rez"
        scripts.mkdir(parents=True)
        (scripts.parent / "python").symlink_to(sys.executable)
        (scripts / "rez").write_text("#!/bin/sh\necho rez of 2\n")
        (scripts / "rez").chmod(0o755)
        (folder / RECIPE).write_text('[rez]\nname = "rez"\n')
        (folder / RECEIPT).write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}')
        done(machine, "pin", "foo@50.25")
        assert pin(machine).read_text() == "50.25\n"
        assert machine.rezup("use", "foo", "--", "rez").out == "rez of 2\n"

    def test_list_and_status_show_it_and_doctor_has_nothing_against_it(self, machine: World) -> None:
        done(machine, "rollback", "foo")
        assert machine.rezup("list", "--json").data["containers"][0]["pinned"] == MIDDLE
        status = machine.rezup("status", "foo", "--json").data["container"]
        assert (status["revision"], status["reason"]) == (MIDDLE, "pinned here")
        codes = {each["code"] for each in machine.rezup("doctor", "--json").data["findings"]}
        assert codes.isdisjoint({"foreign-file", "pin-names-nothing"})

    def test_json(self, machine: World) -> None:
        found = json.loads(machine.rezup("rollback", "foo", "--json", "--why", " bad ").out)
        assert (found["command"], found["status"]) == ("rollback", "success")
        assert found["data"] == {
            "container": "foo", "action": "rollback", "where": "local", "from": NEW, "to": MIDDLE,
            "changed": True, "why": "bad",
        }  # fmt: skip
        again = machine.rezup("pin", "foo", "--json", "--why", "x").data
        assert (again["changed"], again["from"], again["to"], again["why"]) == (False, MIDDLE, MIDDLE, None)

    def test_a_variable_that_is_stronger_is_warned_of(self, machine: World) -> None:
        outcome = machine.rezup("pin", "foo@-1", env={"REZUP_USE_REVISION": NEW})
        assert outcome.code == 0
        assert "REZUP_USE_REVISION" in outcome.err
        assert pin(machine).read_text().strip() == MIDDLE


class TestRefusals:
    @pytest.mark.parametrize(
        ("arguments", "code"),
        [
            (["pin", "foo@999"], "revision-not-found"),
            (["pin", "foo@../../etc"], "revision-not-found"),
            (["pin", "foo@-9"], "revision-not-found"),
            (["pin", "foo@"], "usage"),
            (["pin", "@-1"], "usage"),
            (["pin"], "usage"),
            (["unpin"], "usage"),
            (["rollback"], "usage"),
            (["unpin", "foo@-1"], "usage"),
            (["rollback", "foo@-1"], "usage"),
            (["pin", "nope"], "container-not-found"),
            (["unpin", "nope"], "container-not-found"),
            (["rollback", "nope"], "container-not-found"),
            (["history", "nope"], "container-not-found"),
            (["pin", "../foo"], "invalid-name"),
            (["pin", "foo", "--remote"], "store-error"),
            (["unpin", "foo", "--remote"], "store-error"),
            (["rollback", "foo", "--remote"], "store-error"),
            (["history", "foo", "--remote"], "store-error"),
            (["pin", "foo", "--why", "x" * 1001], "container-error"),
        ],
    )
    def test_before_anything_is_written(self, machine: World, arguments: list[str], code: str) -> None:
        outcome = machine.rezup(*arguments, "--json")
        assert outcome.code == (2 if code == "usage" else 1)
        assert json.loads(outcome.out)["errors"][0]["code"] == code
        assert files(machine.root) == {}
        assert sorted(p.name for p in machine.root.iterdir()) == ["foo"]

    @pytest.mark.parametrize(
        "words", [["pin", "nope"], ["pin", "nope@-1"], ["rollback", "nope"], ["unpin", "nope"]]
    )
    @pytest.mark.parametrize("remote", [[], ["--remote"]])
    def test_a_container_that_is_nowhere(
        self, studio: RemoteStore, machine: World, words: list[str], remote: list[str]
    ) -> None:
        outcome = machine.rezup(*words, *remote)
        assert outcome.code == 1
        assert "there is no container nope" in outcome.err
        assert not (machine.root / "nope").exists()
        assert not (studio.root / "nope").exists()

    def test_a_container_without_a_revision(self, machine: World) -> None:
        machine.write("rezup.idea.toml", '[rez]\nname = "rez"\n')
        for words in (["pin", "idea@-1"], ["rollback", "idea"]):
            assert "idea has no revision to pin" in machine.rezup(*words).err

    def test_a_container_that_is_a_link(self, machine: World, tmp_path: Path) -> None:
        elsewhere = tmp_path / "elsewhere"
        (machine.root / "foo").rename(elsewhere)
        (machine.root / "foo").symlink_to(elsewhere)
        for arguments in (["pin", "foo"], ["rollback", "foo"]):
            outcome = machine.rezup(*arguments)
            assert outcome.code == 1
            assert "is a link" in outcome.err
        assert sorted(p.name for p in elsewhere.iterdir()) == list(STAMPS)

    @pytest.mark.parametrize("name", ["pin", "history.jsonl"])
    def test_a_folder_in_the_way_of_a_file(self, machine: World, name: str) -> None:
        (machine.root / "foo" / name).mkdir()
        outcome = machine.rezup("rollback", "foo", "--json")
        assert outcome.code == 1
        assert json.loads(outcome.out)["errors"][0]["code"] == "store-error"
        assert {p.name: p.read_bytes() for p in (machine.root / "foo").iterdir() if p.is_file()} in (
            {},
            {"history.jsonl": b""},
        )
        assert taken(machine) == NEW

    def test_a_history_that_is_a_link_is_not_followed(self, machine: World, tmp_path: Path) -> None:
        target = tmp_path / "precious"
        target.write_text("mine\n")
        log(machine).symlink_to(target)
        assert machine.rezup("pin", "foo").code == 1
        assert target.read_text() == "mine\n"
        assert not pin(machine).exists()

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
    def test_a_history_that_is_a_pipe_is_not_waited_for(self, machine: World) -> None:
        os.mkfifo(log(machine))
        assert machine.rezup("pin", "foo", timeout=30).code == 1
        assert machine.rezup("history", "foo", timeout=30).code == 1
        assert not pin(machine).exists()

    def test_a_root_that_can_not_be_written(self, studio: RemoteStore, tmp_path: Path) -> None:
        fresh = World(tmp_path / "fresh", {"REZUP_ROOT_REMOTE": str(studio.root)})
        fresh.root.write_text("a file")
        outcome = fresh.rezup("pin", f"foo@{OLD}", "--json")
        assert json.loads(outcome.out)["errors"][0]["code"] == "store-error"
        assert fresh.root.read_text() == "a file"

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, as under sudo")
    def test_root_in_the_home_of_another(self, machine: World) -> None:
        os.chown(machine.home, 12345, 12345)
        for arguments in (["pin", "foo"], ["unpin", "foo"], ["rollback", "foo"]):
            outcome = machine.rezup(*arguments)
            assert outcome.code == 1
            assert "sudo -H" in outcome.err
        assert files(machine.root) == {}

    def test_one_that_is_not_ours_to_use(self, machine: World) -> None:
        machine.revision("foo", "400.000000", platform="plan9-vax")
        outcome = machine.rezup("pin", "foo@400")
        assert outcome.code == 1
        assert "plan9-vax" in outcome.err
        assert files(machine.root) == {}


class TestForTheStudio:
    def test_every_machine_follows_and_builds_nothing(
        self, machine: World, other: World, studio: RemoteStore
    ) -> None:
        assert "studio" in done(machine, "pin", f"foo@{OLD}", "--remote")
        assert (studio.root / "foo" / "pin").read_text() == f"{OLD}\n"
        assert taken(machine) == taken(other) == OLD
        assert machine.stamps() == other.stamps() == list(reversed(STAMPS))
        status = other.rezup("status", "foo", "--json").data["container"]
        assert status["reason"] == "pinned on the remote"
        done(other, "unpin", "foo", "--remote")
        assert taken(machine) == taken(other) == NEW
        assert not pin(machine).exists()
        assert not pin(other).exists()

    def test_rollback_twice_and_no_further(self, machine: World, other: World, studio: RemoteStore) -> None:
        assert f"from {NEW} to {MIDDLE}" in done(machine, "rollback", "foo", "-r")
        assert taken(other) == MIDDLE
        assert f"from {MIDDLE} to {OLD}" in done(other, "rollback", "foo", "-r")
        assert taken(machine) == OLD
        assert machine.rezup("rollback", "foo", "-r").code == 1
        assert taken(other) == OLD

    @pytest.mark.parametrize("name", [RECEIPT, RECIPE])
    def test_rollback_passes_over_what_is_incomplete_there(
        self, machine: World, studio: RemoteStore, name: str
    ) -> None:
        (studio.root / "foo" / MIDDLE / name).unlink()
        done(machine, "rollback", "foo", "-r")
        assert (studio.root / "foo" / "pin").read_text() == f"{OLD}\n"
        refused = machine.rezup("pin", f"foo@{MIDDLE}", "-r")
        assert refused.code == 1
        assert name in {RECEIPT, RECIPE}
        assert "it has no" in refused.err

    def test_a_revision_of_this_machine_only(self, machine: World, studio: RemoteStore) -> None:
        machine.revision("foo", "400.000000")
        outcome = machine.rezup("pin", "foo@400.000000", "--remote")
        assert outcome.code == 1
        assert "on this machine only" in outcome.err
        assert files(studio.root) == {}
        done(machine, "rollback", "foo")  # from the studio's newest, not from the one made here
        assert taken(machine) == MIDDLE

    def test_a_container_of_this_machine_only(self, machine: World, studio: RemoteStore) -> None:
        machine.revision("bar", "400.000000")
        outcome = machine.rezup("rollback", "bar", "--remote", "--json")
        assert json.loads(outcome.out)["errors"][0]["code"] == "container-not-found"
        assert files(studio.root) == {}

    def test_a_revision_of_the_studio_that_is_not_here_yet(self, studio: RemoteStore, tmp_path: Path) -> None:
        fresh = World(tmp_path / "fresh", {"REZUP_ROOT_REMOTE": str(studio.root)})
        done(fresh, "pin", f"foo@{MIDDLE}")
        status = fresh.rezup("status", "foo", "--json").data["container"]
        assert (status["revision"], status["reason"]) == (MIDDLE, "pinned here")
        nothing_here = fresh.rezup("rollback", "foo")
        assert nothing_here.code == 1
        assert "rezup pin" in nothing_here.err

    def test_a_remote_root_that_is_not_there(self, machine: World, studio: RemoteStore) -> None:
        machine.rezup("list", "foo")
        studio.root.rename(studio.root.with_name("away"))
        for arguments in (["pin", "foo"], ["unpin", "foo"], ["rollback", "foo"], ["history", "foo"]):
            outcome = machine.rezup(*arguments, "--remote", "--json")
            assert json.loads(outcome.out)["errors"][0]["code"] == "remote-unreachable"
        assert not studio.root.exists()

    def test_a_pin_here_that_is_stronger_is_warned_of(self, machine: World, studio: RemoteStore) -> None:
        done(machine, "pin", f"foo@{OLD}")
        assert "rezup unpin foo" in done(machine, "pin", f"foo@{MIDDLE}", "--remote")
        assert taken(machine) == OLD
        assert MIDDLE in done(machine, "unpin", "foo")
        assert taken(machine) == MIDDLE

    def test_both_histories_the_newest_first(self, machine: World, other: World, studio: RemoteStore) -> None:
        done(machine, "pin", f"foo@{OLD}", "--why", "one")
        done(other, "rollback", "foo", "--remote", "--why", "two")
        done(machine, "unpin", "foo", "--why", "three")
        found = entries(machine)
        assert [(e["where"], e["action"], e["why"]) for e in found] == [
            ("local", "unpin", "three"),
            ("remote", "rollback", "two"),
            ("local", "pin", "one"),
        ]
        assert [(e["from"], e["to"]) for e in found] == [(OLD, MIDDLE), (NEW, MIDDLE), (NEW, OLD)]
        assert [e["why"] for e in entries(machine, "--remote")] == ["two"]
        assert [e["why"] for e in entries(other)] == ["two"]
        studio.root.rename(studio.root.with_name("away"))
        outcome = machine.rezup("history", "foo", "--json")
        assert outcome.data["remote_reachable"] is False
        assert [e["why"] for e in outcome.data["entries"]] == ["three", "one"]
        assert "unreachable" in outcome.err


class TestHistory:
    def test_who_when_from_to_and_why(self, machine: World) -> None:
        outcome = machine.rezup("rollback", "foo", "--why", "maya fails", env={"LOGNAME": "bob"})
        assert outcome.code == 0
        (entry,) = entries(machine)
        assert (entry["user"], entry["host"]) == ("bob", os.uname().nodename)
        assert entry["at"] > 1.7e9
        line = machine.rezup("history", "foo").out.splitlines()[1]
        for text in ("local", "rollback", NEW, MIDDLE, f"bob on {os.uname().nodename}", "maya fails"):
            assert text in line
        assert stat.S_IMODE(log(machine).stat().st_mode) == 0o644

    def test_nobody_has_pinned_it(self, machine: World) -> None:
        outcome = machine.rezup("history", "foo")
        assert (outcome.code, outcome.out) == (0, "")
        assert "nobody has pinned foo" in outcome.err

    @pytest.mark.parametrize(
        "why",
        [
            "a\nb\r\n{}",
            "\x1b[31mred\x1b]0;title\x07",
            "\u202egnp.exe \u2028",
            "$(touch x); `id` && 'q' \"d\" \\",
            "é 漢字 \U0001f600",
            b"\xff\xfe raw".decode("utf-8", "surrogateescape"),
            '", "to": "1.5", "x": "',
            "-",
        ],
    )
    def test_a_hostile_reason_is_text(self, machine: World, why: str) -> None:
        assert machine.rezup("pin", f"foo@{OLD}", "--why", why).code == 0
        assert log(machine).read_bytes().count(b"\n") == 1
        assert log(machine).read_bytes().isascii()
        (entry,) = entries(machine)
        assert (entry["why"], entry["to"]) == (why.strip(), OLD)
        outcome = machine.rezup("history", "foo")
        assert outcome.code == 0
        assert len(outcome.out.splitlines()) == 2
        assert outcome.out.replace("\n", "").isprintable()

    def test_a_torn_line_is_passed_over_and_costs_no_other(self, machine: World) -> None:
        done(machine, "pin", f"foo@{OLD}", "--why", "first")
        whole = log(machine).read_bytes()
        for cut in (1, len(whole) // 2, len(whole) - 2):
            log(machine).write_bytes(whole + whole[:cut])
            assert [e["why"] for e in entries(machine)] == ["first"]
        done(machine, "unpin", "foo", "--why", "second")
        assert [e["why"] for e in entries(machine)] == ["second", "first"]

    def test_lines_of_others_are_left_alone(self, machine: World) -> None:
        done(machine, "pin", "foo", "--why", "good")
        strange = b'[]\nnull\n{"format": 9}\n\0\0\0\n\xff\xfe\n' + b"[" * 100_000 + b"\n"
        wide = json.dumps({**json.loads(log(machine).read_bytes()), "user": "\x1b" * 9999, "why": "wide"})
        strange += wide.encode() + b"\n"
        log(machine).write_bytes(strange + log(machine).read_bytes())
        assert [e["why"] for e in entries(machine)] == ["good", "wide"]
        assert max(map(len, machine.rezup("history", "foo").out.splitlines())) < 600
        done(machine, "unpin", "foo")
        assert log(machine).read_bytes().startswith(strange)

    def test_two_writers_at_once(self, machine: World) -> None:
        rounds = 4
        for number in range(rounds):
            running = [
                machine.start("pin", f"foo@{OLD}", "--why", f"a{number}"),
                machine.start("pin", f"foo@{MIDDLE}", "--why", f"b{number}"),
            ]
            for process in running:
                _, err = process.communicate(timeout=120)
                assert process.returncode == 0, err
            assert pin(machine).read_text() in (f"{OLD}\n", f"{MIDDLE}\n")
            pin(machine).unlink()
        assert sorted(e["why"] for e in entries(machine)) == sorted(
            f"{letter}{number}" for letter in "ab" for number in range(rounds)
        )
        assert [p.name for p in (machine.root / "foo").iterdir() if p.name.endswith(".tmp")] == []

    def test_it_outlives_the_container(self, machine: World) -> None:
        done(machine, "pin", "foo")
        assert machine.rezup("drop", "foo", "--yes").code == 0
        assert not pin(machine).exists()
        assert [e["action"] for e in entries(machine)] == ["unpin", "pin"]
        machine.revision("foo", NEW)
        assert taken(machine) == NEW

    def test_a_group_shares_the_file_and_others_read_it(self, machine: World) -> None:
        (machine.root / "foo").chmod(0o2775)
        script = "import os, sys; os.umask(0o077); os.execv(sys.argv[1], sys.argv[1:])"
        command = [sys.executable, "-c", script, *machine.command("pin", "foo")]
        done_ = subprocess.run(command, env=machine.environ, check=False, capture_output=True)
        assert done_.returncode == 0, done_.stderr
        assert stat.S_IMODE(log(machine).stat().st_mode) == 0o664
        assert stat.S_IMODE(pin(machine).stat().st_mode) == 0o644
