"""`rezup use` on revisions that are ready: what is taken, what it runs in, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import TYPE_CHECKING

import pytest

from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from support.world import World

if TYPE_CHECKING:
    from pathlib import Path

FOO = ContainerName("foo")
SHOW = "import json, os, sys; print(json.dumps([sys.argv[1:], dict(os.environ)]))"


def shown(world: World, *arguments: str) -> tuple[list[str], dict[str, str]]:
    outcome = world.rezup("use", *arguments, "--", sys.executable, "-c", SHOW, "a b", "--", "", "*", "é")
    assert outcome.code == 0, outcome.err
    argv, environ = json.loads(outcome.out)
    return argv, environ


class TestWhatIsTaken:
    def test_the_newest(self, world: World) -> None:
        for stamp in ("100.0", "300.0", "200.0"):
            world.revision("foo", stamp)
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 300.0\n".replace("300.0", newest(world))

    def test_one_by_name_by_prefix_by_position_and_by_variable(self, world: World) -> None:
        for stamp in ("100.000000", "200.000000", "300.000000"):
            world.revision("foo", stamp)
        assert world.rezup("use", "foo@200.000000", "--", "rez").out == "rez of 200.000000\n"
        assert world.rezup("use", "foo@1", "--", "rez").out == "rez of 100.000000\n"
        assert world.rezup("use", "foo@-1", "--", "rez").out == "rez of 200.000000\n"
        outcome = world.rezup("use", "foo", "--", "rez", env={"REZUP_USE_REVISION": "100.000000"})
        assert outcome.out == "rez of 100.000000\n"

    def test_the_pinned_one(self, world: World) -> None:
        for stamp in ("100.000000", "200.000000"):
            world.revision("foo", stamp)
        (world.root / "foo" / "pin").write_text("100.000000")
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 100.000000\n"

    def test_the_default_container_without_a_name(self, world: World) -> None:
        world.revision(".main", "100.000000")
        assert world.rezup("use", "--", "rez").out == "rez of 100.000000\n"
        assert world.rezup("--", "rez").out == "rez of 100.000000\n"

    def test_a_revision_asked_for_that_is_not_there_is_an_error_and_nothing_else_is_taken(
        self, world: World
    ) -> None:
        world.revision("foo", "100.000000")
        outcome = world.rezup("use", "foo@200", "--", "rez")
        assert outcome.code == 1
        assert outcome.out == ""
        assert "hint:" in outcome.err

    @pytest.mark.parametrize("damage", [b"", b"\0" * 500, b'{"format": 1, "cont', b"{}"])
    def test_a_damaged_receipt_is_passed_over_with_a_warning(self, world: World, damage: bytes) -> None:
        world.revision("foo", "100.000000")
        (world.revision("foo", "200.000000") / RECEIPT).write_bytes(damage)
        outcome = world.rezup("use", "foo", "--", "rez")
        assert (outcome.code, outcome.out) == (0, "rez of 100.000000\n")
        assert outcome.err.count("\n") == 1
        assert "200.000000" in outcome.err

    def test_a_receipt_of_a_newer_rezup_is_passed_over_and_left_untouched(self, world: World) -> None:
        world.revision("foo", "100.000000")
        newer = world.revision("foo", "200.000000") / RECEIPT
        newer.write_text('{"format": 99}')
        outcome = world.rezup("use", "foo", "--", "rez")
        assert outcome.out == "rez of 100.000000\n"
        assert "format 99" in outcome.err
        assert newer.read_text() == '{"format": 99}'

    def test_one_of_another_platform_is_passed_over(self, world: World) -> None:
        world.revision("foo", "100.000000")
        world.revision("foo", "200.000000", platform="plan9-vax")
        outcome = world.rezup("use", "foo", "--", "rez")
        assert outcome.out == "rez of 100.000000\n"
        assert "plan9-vax" in outcome.err

    def test_a_staging_folder_is_never_seen(self, world: World) -> None:
        world.revision("foo", "100.000000")
        LocalStore(world.root).stage(FOO)
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 100.000000\n"


class TestWithARemote:
    @pytest.fixture
    def remote(self, world: World, tmp_path: Path) -> RemoteStore:
        root = tmp_path / "studio"
        root.mkdir()
        world.variables["REZUP_ROOT_REMOTE"] = str(root)
        store = RemoteStore(root)
        for stamp in ("100.000000", "200.000000"):
            world.revision("foo", stamp)
            store.publish(FOO, {"rezup.toml": b"", RECEIPT: b"{}"}, Stamp(stamp))
        world.revision("foo", "300.000000")
        return store

    def test_the_studios_newest_is_taken_and_local_ones_by_local(
        self, world: World, remote: RemoteStore
    ) -> None:
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 200.000000\n"
        assert world.rezup("use", "foo", "--local", "--", "rez").out == "rez of 300.000000\n"

    def test_the_studios_pin_is_followed(self, world: World, remote: RemoteStore) -> None:
        (remote.root / "foo" / "pin").write_text("100.000000\n")
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 100.000000\n"

    def test_an_unreachable_remote_leaves_what_was_known_last(
        self, world: World, remote: RemoteStore
    ) -> None:
        (remote.root / "foo" / "pin").write_text("100.000000\n")
        world.rezup("use", "foo", "--", "rez")
        remote.root.rename(remote.root.with_name("elsewhere"))
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 100.000000\n"
        remote.root.mkdir()  # the mount point of a share that isn't there
        assert world.rezup("use", "foo", "--", "rez").out == "rez of 100.000000\n"

    def test_a_pin_of_the_studio_that_names_nothing_stops_nobody(
        self, world: World, remote: RemoteStore
    ) -> None:
        for text in ("1111111111.000000", "garbage"):
            (remote.root / "foo" / "pin").write_text(text)
            outcome = world.rezup("use", "foo", "--", "rez")
            assert outcome.out == "rez of 200.000000\n"
            assert str(remote.root / "foo" / "pin") in outcome.err

    def test_a_remote_that_hangs_costs_bounded_waits(self, world: World, remote: RemoteStore) -> None:
        newest = remote.root / "foo" / "900.000000"
        newest.mkdir()
        os.mkfifo(newest / "rezup.toml")  # reading it waits for ever, as on a dead mount
        outcome = world.rezup("use", "foo", "--", "rez", timeout=30)
        assert outcome.out == "rez of 200.000000\n"
        assert "no answer within 1 s" in outcome.err

    def test_a_remote_that_was_never_seen_leads_to_no_default_build(self, world: World) -> None:
        world.variables["REZUP_ROOT_REMOTE"] = str(world.folder / "unmounted")
        world.write("rezup.foo.toml", '[rez]\nname = "rez"\n')
        outcome = world.rezup("use", "foo", "--", "rez")
        assert outcome.code == 1
        assert "unreachable" in outcome.err
        assert "--local" in outcome.err
        assert not world.root.exists()

    def test_a_program_can_tell_that_it_came_from_the_remote(self, world: World, remote: RemoteStore) -> None:
        assert shown(world, "foo")[1]["REZUP_USING_REMOTE"] == "yes"
        assert shown(world, "foo", "--local")[1]["REZUP_USING_REMOTE"] == ""


class TestAJobKeepsItsRevision:
    """`REZUP_USE_REVISION`: that one or an error, whatever is published, pinned or broken meanwhile."""

    def test_whatever_is_newer_or_pinned(self, world: World, tmp_path: Path) -> None:
        store = RemoteStore(tmp_path / "studio")
        store.root.mkdir()
        world.variables["REZUP_ROOT_REMOTE"] = str(store.root)
        for stamp in ("100.000000", "200.000000", "300.000000"):
            world.revision("foo", stamp)
            store.publish(FOO, {"rezup.toml": b"", RECEIPT: b"{}"}, Stamp(stamp))
        job = {"REZUP_USE_REVISION": "200.000000"}
        assert world.rezup("use", "foo", "--", "rez", env=job).out == "rez of 200.000000\n"
        (store.root / "foo" / "pin").write_text("100.000000")
        (world.root / "foo" / "pin").write_text("300.000000")
        store.publish(FOO, {"rezup.toml": b"", RECEIPT: b"{}"}, Stamp("900.000000"))
        assert world.rezup("use", "foo", "--", "rez", env=job).out == "rez of 200.000000\n"
        store.root.rename(tmp_path / "gone")
        assert world.rezup("use", "foo", "--", "rez", env=job).out == "rez of 200.000000\n"
        inside = world.rezup("use", "foo", "--", *world.command("status", "--json"), env=job)
        assert inside.data["container"]["revision"] == "200.000000"

    def test_one_that_is_not_here_is_pulled(self, world: World, tmp_path: Path) -> None:
        (tmp_path / "studio").mkdir()
        remote = {"REZUP_ROOT_REMOTE": str(tmp_path / "studio")}
        stamps = []
        for version in ("9.1.0", "9.2.0"):
            world.recipe(version=version)
            made = world.rezup("add", "foo", "-r", "--allow-local-paths", "--no-verify", "--json", env=remote)
            stamps.append(made.data["revision"])
        farm = World(tmp_path / "farm", remote)
        farm.variables["REZUP_USE_REVISION"] = stamps[0]
        outcome = farm.rezup("use", "foo", "--", "sh", "-c", "echo $REZUP_REVISION")
        assert (outcome.code, outcome.out) == (0, f"{stamps[0]}\n"), outcome.err
        assert farm.stamps() == [stamps[0]]

    @pytest.mark.parametrize("missing", ["elsewhere", "only a recipe", "damaged"])
    def test_no_other_is_taken_or_made_in_its_place(self, world: World, missing: str) -> None:
        world.write("rezup.foo.toml", '[rez]\nname = "rez"\nurl = "no/such"\n')
        if missing != "only a recipe":
            world.revision("foo", "100.000000")
            (world.revision("foo", "200.000000") / RECEIPT).write_bytes(b'{"format": 99}')
        wanted = "200.000000" if missing == "damaged" else "555.000000"
        outcome = world.rezup("use", "foo", "--", "rez", env={"REZUP_USE_REVISION": wanted})
        assert (outcome.code, outcome.out) == (1, "")
        assert wanted in outcome.err
        assert missing == "damaged" or "REZUP_USE_REVISION asks for it" in outcome.err

    def test_of_every_container_so_one_that_has_it_not_is_an_error_that_says_so(self, world: World) -> None:
        world.revision("foo", "100.000000")
        world.revision("bar", "200.000000")
        outcome = world.rezup("use", "bar", "--", "rez", env={"REZUP_USE_REVISION": "100.000000"})
        assert outcome.code == 1
        assert "bar has no revision 100.000000" in outcome.err
        assert "REZUP_USE_REVISION asks for it" in outcome.err
        own = world.rezup("use", "bar@200", "--", "rez", env={"REZUP_USE_REVISION": "100.000000"})
        assert own.out == "rez of 200.000000\n"


class TestTheEnvironment:
    def test_arguments_arrive_exactly_and_the_environment_differs_as_documented(self, world: World) -> None:
        folder = world.revision(
            "foo", "100.000000", environment={"A": "1", "B": "${A}/${HOME}", "PATH": "/own:${PATH}"}
        )
        world.variables.update(VIRTUAL_ENV="/somewhere", PYTHONHOME="", KEPT="yes")
        argv, environ = shown(world, "foo")
        assert argv == ["a b", "--", "", "*", "é"]
        before = {
            name: value for name, value in world.environ.items() if name not in ("VIRTUAL_ENV", "PYTHONHOME")
        }
        path = os.pathsep.join([str(folder / "venv/rez/bin/rez"), "/own", before.pop("PATH")])
        added = {
            "A": "1",
            "B": f"1/{world.home}",
            "REZUP_CONTAINER": "foo",
            "REZUP_REVISION": "100.000000",
            "REZUP_USING_REMOTE": "",
        }
        environ.pop("LC_CTYPE", None)  # Python itself sets it in a C locale
        assert environ.pop("PATH") == path
        assert environ == {**before, **added}

    def test_a_missing_dotenv_file_is_a_warning(self, world: World) -> None:
        world.write("one.env", "X=1\nY=${X}2\n")
        world.revision("foo", "100.000000", dotenv=("~/one.env", "~/two.env"), environment={"Z": "${Y}3"})
        outcome = world.rezup("use", "foo", "--", "sh", "-c", "echo $X $Y $Z")
        assert outcome.out == "1 12 123\n"
        assert "two.env" in outcome.err

    def test_inside_a_container_use_is_refused_and_the_others_work(self, world: World) -> None:
        world.revision("foo", "100.000000")
        inner = world.rezup("use", "foo", "--", *world.command("use", "foo", "--", "rez"))
        assert inner.code == 1
        assert "already container foo" in inner.err
        assert (
            world.rezup("use", "foo", "--", *world.command("status", "--json")).data["container"]["inside"]
            is True
        )
        assert world.rezup("use", "foo", "--", *world.command("list", "--json")).code == 0


class TestTheProgram:
    @pytest.mark.parametrize("status", [0, 1, 7, 130, 255])
    def test_its_exit_status_is_ours(self, world: World, status: int) -> None:
        world.revision("foo", "100.000000")
        assert world.rezup("use", "foo", "--", "sh", "-c", f"exit {status}").code == status

    def test_a_signal_that_ends_it_is_seen_by_our_parent(self, world: World) -> None:
        world.revision("foo", "100.000000")
        assert world.rezup("use", "foo", "--", "sh", "-c", "kill -TERM $$").code == -signal.SIGTERM

    def test_it_has_the_usual_disposition_of_signals(self, world: World) -> None:
        world.revision("foo", "100.000000")
        assert world.rezup("use", "foo", "--", "sh", "-c", "yes | head -1; yes 2>/dev/null | true").err == ""
        status = world.rezup("use", "foo", "--", "cat", "/proc/self/status").out
        ignored = next(line for line in status.splitlines() if line.startswith("SigIgn"))
        assert int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1)) == 0

    def test_it_takes_our_place(self, world: World) -> None:
        world.revision("foo", "100.000000")
        process = world.start("use", "foo", "--", "sh", "-c", "echo $$")
        out, _ = process.communicate(timeout=60)
        assert int(out) == process.pid

    def test_one_that_does_not_exist_is_an_error_in_three_lines(self, world: World) -> None:
        world.revision("foo", "100.000000")
        outcome = world.rezup("use", "foo", "--", "no-such-program")
        assert outcome.code == 1
        assert [line.split()[0] for line in outcome.err.splitlines()] == ["error:", "there", "hint:"]

    def test_without_a_terminal_no_shell_is_opened_and_nothing_hangs(self, world: World) -> None:
        world.revision("foo", "100.000000")
        outcome = world.rezup("use", "foo", timeout=30)
        assert outcome.code == 1
        assert "no terminal" in outcome.err
        closed = world.rezup("use", "foo", timeout=30, stdin=None, preexec_fn=lambda: os.close(0))
        assert closed.code == 1

    def test_not_waited_for_it_runs_on_and_keeps_the_revision(self, world: World) -> None:
        folder = world.revision("foo", "100.000000")
        os.mkfifo(world.home / "gate")
        outcome = world.rezup(
            "use", "foo", "--no-wait", "--", "sh", "-c", "read line < gate; echo done > result"
        )
        assert (outcome.code, outcome.out) == (0, "")
        refused = world.rezup("drop", "foo", "--yes")
        assert refused.code == 1
        assert "in use" in refused.err
        (world.home / "gate").write_text("go\n")
        deadline = time.monotonic() + 30
        while not (world.home / "result").exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        assert (world.home / "result").exists()
        assert folder.is_dir()

    def test_with_few_descriptors_rezup_stays_as_parent_and_passes_the_status_on(self, world: World) -> None:
        import resource

        world.revision("foo", "100.000000")

        def limit() -> None:
            resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))

        process = world.start("use", "foo", "--", "sh", "-c", "echo $$; exit 9", preexec_fn=limit)
        out, err = process.communicate(timeout=60)
        assert process.returncode == 9, err
        assert int(out) != process.pid


class TestUsage:
    @pytest.mark.parametrize(
        "arguments",
        [
            ("use", "foo@"), ("use", "--no-such"), ("use", "foo", "bar"), ("use", "foo", "--no-wait"), ("use", "foo", "--"),
            ("use", "--make", "foo"), ("use", "foo@1", "--make"), ("foo",), ("drop",), ("list", "--", "x"), ("add", "foo@1"),
        ],
    )  # fmt: skip
    def test_a_wrong_command_line_is_status_2_and_nothing_is_written(
        self, world: World, arguments: tuple[str, ...]
    ) -> None:
        outcome = world.rezup(*arguments)
        assert outcome.code == 2, outcome.err
        assert outcome.out == ""
        assert list(world.home.iterdir()) == []

    def test_a_recipe_that_is_no_file_gets_the_hint_how_it_was_meant(self, world: World) -> None:
        assert "rezup use foo --make" in world.rezup("use", "--make", "foo").err

    @pytest.mark.parametrize(
        "name",
        ["../../victim", "/abs", "a/b", "..", "con", "x" * 65, "-", "a\nb", "nul.txt", "é", "a b", "x."],
    )
    @pytest.mark.parametrize("command", ["use", "drop", "add", "status", "list"])
    def test_hostile_names_are_refused_before_a_write(self, world: World, command: str, name: str) -> None:
        yes = ["--yes"] if command == "drop" else []
        outcome = world.rezup(command, *yes, name)
        assert outcome.code in (1, 2)
        assert "Traceback" not in outcome.err
        assert list(world.home.iterdir()) == []


def newest(world: World) -> str:
    stamp = LocalStore(world.root).listing(FOO).newest
    assert stamp is not None
    return stamp


def test_timings_tell_where_the_time_went(world: World) -> None:
    world.revision("foo", "100.000000")
    outcome = world.rezup("use", "foo", "--timings", "--", "true")
    assert outcome.code == 0
    names = [line.split()[0] for line in outcome.err.splitlines()]
    assert names == ["choose", "compose", "total"]
    again = world.rezup("use", "foo", "--", "true")
    assert (again.code, again.err) == (0, "")


def test_timings_name_the_stages_of_a_build_and_of_a_pull(world: World, tmp_path: Path) -> None:
    (tmp_path / "studio").mkdir()
    world.recipe()
    other = World(tmp_path / "other", {"REZUP_ROOT_REMOTE": str(tmp_path / "studio")})
    built = world.rezup("use", "foo", "--timings", "--", "true")
    published = world.rezup(
        "add",
        "foo",
        "--remote",
        "--allow-local-paths",
        "--no-verify",
        env={"REZUP_ROOT_REMOTE": str(tmp_path / "studio")},
    )
    assert published.code == 0, published.err
    pulled = other.rezup("use", "foo", "--timings", "--", "true")
    for outcome in (built, pulled):
        assert outcome.code == 0, outcome.err
        told = {line.split()[0] for line in outcome.err.splitlines() if line.endswith(" cpu")}
        assert told >= {"choose", "compose", "environment", "publish", "total"}
    assert "lock" in {line.split()[0] for line in built.err.splitlines() if line.endswith(" cpu")}


def test_a_debug_run_shows_the_traceback_and_a_normal_one_does_not(world: World) -> None:
    assert "Traceback" not in world.rezup("use", "foo").err
    assert "Traceback" in world.rezup("use", "foo", "--debug", "--", "x").err


def test_interrupted_while_waiting_for_a_build_is_130_and_leaves_nothing(world: World) -> None:
    from filelock import FileLock

    world.write("rezup.foo.toml", '[rez]\nname = "rez"\n')
    (world.root / "foo").mkdir(parents=True)
    with FileLock(world.root / "foo" / ".lock"):
        process = world.start("use", "foo", "--", "true")
        assert process.stderr is not None
        while "waiting for a build in foo" not in (line := process.stderr.readline()):
            assert line, "it ended without waiting"
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert process.returncode == 130
    assert [p.name for p in (world.root / "foo").iterdir() if p.name != ".lock"] == []


def test_a_recipe_that_is_no_regular_file_is_an_error_and_not_waited_for(world: World) -> None:
    os.mkfifo(world.home / "rezup.foo.toml")
    assert world.rezup("status", "foo", timeout=30).code == 1
