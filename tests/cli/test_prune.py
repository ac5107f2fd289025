"""``rezup prune``: what may go, what stays and why, and what that frees."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from rezup.lockfiles.lock import Lock, LockedPackage
from rezup.lockfiles.writing import to_bytes
from rezup.recipes.names import ContainerName
from rezup.reporting import Reporter
from rezup.session import Session
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from rezup.wheelhouse.store import Wheelhouse
from support.wheelhouses import wheel_of, write
from support.world import World, fake_receipt, publish, studio_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.world import Outcome

FOO = ContainerName("foo")
OLD, MIDDLE, NEW = STAMPS = ("100.000000", "200.000000", "300.000000")
DAY = 86400.0

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes tell by /proc")


def age(folder: Path, days: float = 30.0) -> Path:
    """Have a revision be made so many days ago."""
    then = time.time() - days * DAY
    os.utime(folder, (then, then))
    return folder


def revision(world: World, stamp: str, days: float = 30.0, container: str = "foo", **changes: Any) -> Path:
    made = world.revision(container, stamp, **changes)
    exact = made.with_name(stamp)
    if made != exact:  # a store gives no stamp that is older than another
        made.rename(exact)
    return age(exact, days)


@pytest.fixture
def machine(world: World) -> World:
    """A machine with three revisions, made a month ago."""
    for stamp in STAMPS:
        revision(world, stamp)
    return world


@pytest.fixture
def studio(machine: World, tmp_path: Path) -> RemoteStore:
    """A remote root with the same three."""
    return studio_of(machine, tmp_path / "studio", STAMPS)


def reasons(world: World, *arguments: str, container: str = "foo", **options: Any) -> dict[str, list[str]]:
    """Why each revision of a container stays; the list of one that goes is empty."""
    outcome = world.rezup("prune", "--json", *arguments, **options)
    assert outcome.code == 0, outcome.out + outcome.err
    return {
        each["revision"]: [reason["code"] for reason in each["reasons"]]
        for each in outcome.data["revisions"]
        if each["container"] == container
    }


def going(found: dict[str, list[str]]) -> list[str]:
    return [stamp for stamp, why in found.items() if not why]


def pruned(world: World, *arguments: str) -> Outcome:
    outcome = world.rezup("prune", "--yes", *arguments)
    assert outcome.code == 0, outcome.err
    return outcome


# -- showing and doing ------------------------------------------------------------------------


def test_it_shows_what_would_go_and_removes_nothing(machine: World) -> None:
    outcome = machine.rezup("prune")
    assert outcome.code == 0
    lines = [line.split() for line in outcome.out.splitlines()]
    assert lines[1][:4] == [f"foo@{NEW}", "30", "d", "stays"]
    assert [line[:4] for line in lines[2:]] == [
        [f"foo@{MIDDLE}", "30", "d", "goes"],
        [f"foo@{OLD}", "30", "d", "goes"],
    ]
    assert "2 revisions would go" in outcome.err
    assert "--yes" in outcome.err
    assert machine.stamps() == [NEW, MIDDLE, OLD]


def test_yes_does_it_and_what_stays_still_works(machine: World) -> None:
    outcome = pruned(machine, "foo")
    assert "2 revisions removed" in outcome.err
    assert machine.stamps() == [NEW]
    assert list((machine.root / "foo").glob(".trash-*")) == []
    assert machine.rezup("use", "foo", "--", "rez").out == f"rez of {NEW}\n"
    assert machine.rezup("prune").err == pruned(machine).err == "there is nothing to remove\n"


def test_one_revision_is_one(world: World) -> None:
    revision(world, OLD)
    revision(world, NEW)
    assert "1 revision would go" in world.rezup("prune").err
    assert "1 revision removed" in pruned(world).err


def test_a_unit_that_is_not_known_is_answered_with_those_that_are(world: World) -> None:
    outcome = world.rezup("prune", "--older-than", "1s")
    assert outcome.code == 2
    assert "hours, days or weeks" in outcome.err


def test_json_tells_all_of_it(machine: World) -> None:
    outcome = machine.rezup("prune", "--yes", "--json")
    assert outcome.err == ""
    document = json.loads(outcome.out)
    assert (document["command"], document["status"], document["errors"]) == ("prune", "success", [])
    data = document["data"]
    assert set(data) == {"revisions", "freed", "shared", "exact", "unreachable"}
    assert (data["shared"], data["exact"], data["unreachable"]) == (0, True, [])
    newest, *others = data["revisions"]
    assert set(newest) == {
        "container", "revision", "folder", "age", "remote", "goes", "removed", "reasons"
    }  # fmt: skip
    assert newest["reasons"] == [{"code": "newest", "text": "the newest that is ready"}]
    assert (newest["goes"], newest["removed"], newest["remote"]) == (False, False, False)
    assert [(each["goes"], each["removed"]) for each in others] == [(True, True)] * 2
    assert others[0]["folder"] == str(machine.root / "foo" / MIDDLE)
    assert 30 * DAY <= newest["age"] < 31 * DAY


@pytest.mark.parametrize(
    "arguments",
    [
        ["foo@100"],
        ["--keep", "0"],
        ["--older-than", "soon"],
        ["--older-than", "-3d"],
        ["--remote", "--keep", "2"],
    ],
)
def test_what_makes_no_sense_is_a_usage_error(machine: World, arguments: list[str]) -> None:
    assert machine.rezup("prune", "--yes", *arguments).code == 2
    assert machine.stamps() == [NEW, MIDDLE, OLD]


def test_where_there_is_nothing_nothing_goes(world: World) -> None:
    missing = world.rezup("prune", "--yes")
    assert (missing.code, missing.out) == (0, "")
    assert not world.root.exists()
    world.root.mkdir()
    assert world.rezup("prune", "--yes").code == 0
    unknown = world.rezup("prune", "nix", "--yes", "--json")
    assert unknown.code == 1
    assert json.loads(unknown.out)["errors"][0]["code"] == "container-not-found"
    world.recipe("known")
    assert world.rezup("prune", "known", "--yes").code == 0


# -- reasons ----------------------------------------------------------------------------------


def test_what_is_not_ours_or_not_whole_stays(machine: World) -> None:
    """The newest is 900; each of the others would go but for what it is."""
    revision(machine, "900.000000")
    other = revision(machine, "400.000000")
    (other / RECEIPT).write_bytes((other / RECEIPT).read_bytes().replace(b'"format": 1', b'"format": 99'))
    revision(machine, "410.000000", platform="windows-x86_64")
    cut = revision(machine, "420.000000")
    (cut / RECEIPT).write_bytes((cut / RECEIPT).read_bytes()[:-100])
    one = revision(machine, "430.000000")
    (one / RECEIPT).write_text('{"version": 1}')
    alien = machine.root / "foo" / "440.000000"
    alien.mkdir()
    (alien / "data").write_text("precious")
    incomplete = revision(machine, "450.000000")
    (incomplete / RECEIPT).unlink()
    two = machine.root / "foo" / "revisions" / "460.5"
    two.mkdir(parents=True)
    (two / RECEIPT).write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}')
    link = machine.root / "foo" / "470.000000"
    link.symlink_to(alien)
    for folder in (other, cut, one, alien, incomplete, two):
        age(folder)
    expected = {
        "900.000000": ["newest"],
        "460.5": ["foreign"],
        "450.000000": ["not-ready"],
        "440.000000": ["foreign"],
        "430.000000": ["foreign"],
        "420.000000": ["not-ready"],
        "410.000000": ["foreign"],
        "400.000000": ["foreign"],
        NEW: [],
        MIDDLE: [],
        OLD: [],
    }
    assert reasons(machine) == expected
    pruned(machine)
    assert machine.stamps() == [stamp for stamp, why in expected.items() if why]
    assert (alien / "data").read_text() == "precious"
    assert link.is_symlink()


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="gives files away")
def test_what_belongs_to_somebody_else_stays(machine: World) -> None:
    os.chown(machine.root / "foo" / OLD, 65534, 65534)
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: ["other-owner"]}
    pruned(machine)
    assert machine.stamps() == [NEW, OLD]


def test_one_whose_python_is_gone_goes_only_where_a_newer_one_is_ready(machine: World) -> None:
    for stamp in (MIDDLE, NEW):
        python = machine.root / "foo" / stamp / "venv/rez/bin/python"
        python.unlink()
        age(machine.root / "foo" / stamp)
    assert reasons(machine) == {NEW: ["taken", "not-ready"], MIDDLE: ["not-ready"], OLD: ["newest", "taken"]}
    revision(machine, "400.000000")
    assert going(reasons(machine)) == [NEW, MIDDLE, OLD]


def test_what_is_pinned_or_rolled_back_to_stays(machine: World) -> None:
    revision(machine, "400.000000")
    assert machine.rezup("pin", f"foo@{OLD}").code == 0
    assert reasons(machine) == {"400.000000": ["newest"], NEW: [], MIDDLE: [], OLD: ["pinned"]}
    assert machine.rezup("unpin", "foo").code == 0
    assert machine.rezup("rollback", "foo").code == 0
    assert reasons(machine) == {"400.000000": ["newest"], NEW: ["rolled-back"], MIDDLE: [], OLD: []}
    (machine.root / "foo" / "history.jsonl").unlink()
    assert reasons(machine)[NEW] == ["pinned"]
    pruned(machine)
    assert machine.stamps() == ["400.000000", NEW]


def test_with_a_pin_that_nobody_can_read_nothing_goes(machine: World) -> None:
    (machine.root / "foo" / "pin").write_text("\x1b[31mnothing\n")
    found = reasons(machine)
    assert going(found) == []
    assert found[OLD] == ["pin-unknown"]
    assert "\x1b" not in machine.rezup("prune").out


def test_what_the_environment_asks_for_stays(machine: World) -> None:
    machine.variables["REZUP_USE_REVISION"] = "100"
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: ["asked-for"]}
    machine.variables["REZUP_USE_REVISION"] = "777"
    assert going(reasons(machine)) == [MIDDLE, OLD]


def test_young_ones_stay_whatever_their_name_says(machine: World) -> None:
    age(machine.root / "foo" / MIDDLE, 0.5 / 24)
    age(machine.root / "foo" / OLD, -3)
    revision(machine, "50.000000")
    late = revision(machine, "60.000000")
    receipt = fake_receipt("foo", created=time.time() - 60).to_bytes()
    (late / RECEIPT).write_bytes(receipt)
    age(late)
    assert reasons(machine) == {
        NEW: ["newest"], MIDDLE: ["young"], OLD: ["young"], "60.000000": ["young"], "50.000000": [],
    }  # fmt: skip


def test_without_a_lease_a_week_passes_first(machine: World) -> None:
    for stamp, days in ((OLD, 6.0), (MIDDLE, 8.0)):
        (machine.root / "foo" / stamp / "lease").unlink()
        age(machine.root / "foo" / stamp, days)
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: ["young"]}


@pytest.mark.parametrize(("count", "left"), [("1", 1), ("2", 2), ("9", 3)])
def test_keep(machine: World, count: str, left: int) -> None:
    damaged = revision(machine, "250.000000")
    (damaged / "venv/rez/bin/python").unlink()  # does not count
    age(damaged)
    found = reasons(machine, "--keep", count)
    assert [why for why in found.values() if why] == [["newest"], ["kept"], ["kept"]][:left]


@pytest.mark.parametrize(
    ("text", "expected"), [("12h", 2), ("3d", 2), ("5", 1), ("4w", 1), ("31d", 0), ("0", 2)]
)
def test_older_than(machine: World, text: str, expected: int) -> None:
    age(machine.root / "foo" / MIDDLE, 4)
    found = reasons(machine, "--older-than", text)
    assert len(going(found)) == expected
    assert [why for why in found.values() if why][1:] == [["recent"]] * (2 - expected)


def test_clean_after_is_the_age_where_none_is_given(machine: World) -> None:
    age(machine.root / "foo" / MIDDLE, 4)
    machine.variables["REZUP_CLEAN_AFTER"] = "10"
    assert going(reasons(machine)) == [OLD]
    assert going(reasons(machine, "--older-than", "1d")) == [MIDDLE, OLD]
    del machine.variables["REZUP_CLEAN_AFTER"]
    machine.write(".config/rezup/config.toml", "clean_after = 40\n")
    assert going(reasons(machine)) == []
    assert "clean_after" in machine.rezup("status", "foo", "-v").out


# -- in use -----------------------------------------------------------------------------------


@contextlib.contextmanager
def shell(world: World, target: str, script: str = "echo in; exec cat") -> Iterator[subprocess.Popen[str]]:
    """Somebody who is in a revision."""
    process = world.start("use", target, "--", "sh", "-c", script, stdin=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "in\n"
        yield process
    finally:
        process.communicate()


def test_what_a_shell_is_in_stays_until_it_ends(machine: World) -> None:
    with shell(machine, f"foo@{OLD}") as process:
        outcome = machine.rezup("prune", "--json")
        (reason,) = outcome.data["revisions"][-1]["reasons"]
        assert reason["code"] == "in-use"
        if sys.platform.startswith("linux"):
            assert f"process {process.pid}" in reason["text"]
        pruned(machine)
        assert machine.stamps() == [NEW, OLD]
    pruned(machine)
    assert machine.stamps() == [NEW]


@needs_proc
def test_a_process_that_closed_all_files_is_found_by_its_environment(machine: World) -> None:
    script = f"echo in; exec {sys.executable} -c 'import os,sys; os.closerange(3, 1024); sys.stdin.read()'"
    with shell(machine, f"foo@{OLD}", script) as process:
        deadline = time.monotonic() + 30
        lease = machine.root / "foo" / OLD / "lease"
        while _opens(process.pid, lease) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: ["in-use"]}


def _opens(pid: int, path: Path) -> bool:
    folder = f"/proc/{pid}/fd"
    targets = []
    for name in os.listdir(folder):
        with contextlib.suppress(OSError):
            targets.append(os.readlink(f"{folder}/{name}"))
    return str(path) in targets


class Meddler(Reporter):
    """Does something when the first revision is about to be removed, or another stage begins."""

    def __init__(self, deed: Callable[[], object], name: str = "remove") -> None:
        self._deed = deed
        self._name = name
        self._is_done = False

    def stage_started(self, name: str, detail: str) -> None:
        if name == self._name and not self._is_done:
            self._is_done = True
            self._deed()


def test_one_that_is_used_or_pinned_after_it_was_looked_at_stays(machine: World) -> None:
    revision(machine, "400.000000")
    with contextlib.ExitStack() as stack:

        def meddle() -> None:
            stack.enter_context(shell(machine, f"foo@{MIDDLE}"))
            (machine.root / "foo" / "pin").write_text(f"{NEW}\n")

        session = Session.create(environ=machine.environ, reporter=Meddler(meddle))
        found = session.removal().old_revisions("foo", remove=True)
    why = {each.stamp: [reason.code for reason in each.reasons] for each in found.candidates}
    assert why == {"400.000000": ["newest"], NEW: ["pinned"], MIDDLE: ["in-use"], OLD: []}
    assert found.removed == {machine.root / "foo" / OLD}
    assert found.failures == ()
    assert machine.stamps() == ["400.000000", NEW, MIDDLE]


@pytest.mark.parametrize("moment", ["remove", "trash"])
def test_what_somebody_else_removed_meanwhile_is_not_counted(machine: World, moment: str) -> None:
    def meddle() -> None:
        shutil.rmtree(machine.root / "foo" / OLD)

    session = Session.create(environ=machine.environ, reporter=Meddler(meddle, moment))
    found = session.removal().old_revisions("foo", remove=True)
    assert found.removed == {machine.root / "foo" / MIDDLE}
    assert found.failures == ()
    assert machine.stamps() == [NEW]


# -- with a remote root -----------------------------------------------------------------------


def test_what_the_studio_has_newest_stays_beside_what_is_newer_here(
    machine: World, studio: RemoteStore
) -> None:
    revision(machine, "400.000000")
    outcome = machine.rezup("prune", "--json")
    told = {each["revision"]: each["remote"] for each in outcome.data["revisions"]}
    assert told == {"400.000000": False, NEW: True, MIDDLE: True, OLD: True}
    assert reasons(machine) == {"400.000000": ["newest"], NEW: ["taken"], MIDDLE: [], OLD: []}


def test_the_last_good_one_stays_while_the_studios_newest_is_not_here(
    machine: World, studio: RemoteStore
) -> None:
    publish(studio, "500.000000")
    revision(machine, "400.000000")  # made here, so it is nothing that `use` falls back to
    assert reasons(machine) == {"400.000000": ["newest"], NEW: ["taken"], MIDDLE: [], OLD: []}


def test_what_the_studio_pinned_stays(machine: World, studio: RemoteStore) -> None:
    assert machine.rezup("pin", f"foo@{OLD}", "--remote").code == 0
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: ["pinned-remote"]}
    assert machine.rezup("pin", f"foo@{NEW}", "--remote").code == 0
    assert machine.rezup("rollback", "foo", "--remote").code == 0
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: ["rolled-back"], OLD: []}
    (studio.root / "foo" / "pin").write_text("?")
    assert going(reasons(machine)) == []


def test_what_the_studio_pinned_last_stays_while_it_is_unreachable(
    machine: World, studio: RemoteStore
) -> None:
    assert machine.rezup("pin", f"foo@{OLD}", "--remote").code == 0
    assert machine.rezup("use", "foo", "--", "rez").code == 0  # sees it
    studio.root.rename(studio.root.with_name("away"))
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: ["pinned-remote"]}
    revision(machine, "100.000000", container="bar")
    outcome = machine.rezup("prune")
    assert outcome.code == 0
    assert [line for line in outcome.err.splitlines() if "unreachable" in line] == [
        f"{studio.root} is unreachable: what was last known of it counts"
    ]


def test_nothing_of_a_studio_goes_that_was_never_reached(machine: World, tmp_path: Path) -> None:
    machine.variables["REZUP_ROOT_REMOTE"] = str(tmp_path / "nowhere")
    revision(machine, "50.000000", origin="remote")
    assert reasons(machine) == {NEW: ["newest"], MIDDLE: [], OLD: [], "50.000000": ["taken", "pin-unknown"]}


def test_what_the_studio_pinned_stays_where_its_root_is_not_set(machine: World, studio: RemoteStore) -> None:
    """As in a job of cron."""
    pulled = machine.root / "foo" / OLD
    (pulled / RECEIPT).write_bytes(fake_receipt("foo", origin="remote").to_bytes())
    age(pulled)
    assert machine.rezup("pin", f"foo@{OLD}", "--remote").code == 0
    del machine.variables["REZUP_ROOT_REMOTE"]
    document = machine.rezup("prune", "--yes", "--json").data
    stays = {each["revision"]: each for each in document["revisions"] if not each["goes"]}
    assert machine.stamps() == [*stays] == [NEW, OLD]
    (reason,) = stays[OLD]["reasons"]
    assert reason["code"] == "pin-unknown"
    assert "--remote-root" in reason["text"]
    assert [each["remote"] for each in document["revisions"]] == [False, False, None]


# -- several containers -----------------------------------------------------------------------


def test_all_containers_are_looked_at_also_those_with_roots_of_their_own(
    machine: World, tmp_path: Path
) -> None:
    elsewhere = tmp_path / "elsewhere"
    machine.write("rezup.far.toml", f'[rez]\nname = "rez"\n[root]\nlocal = "{elsewhere}"\n')
    far = replace(machine, folder=tmp_path / "far")
    far.root = elsewhere
    for stamp in (OLD, NEW):
        revision(far, stamp, container="far")
        revision(machine, stamp, container="bar")
    machine.write("rezup.bad.toml", "[[[")
    outcome = machine.rezup("prune", "--yes", "--json")
    assert outcome.code == 1
    (error,) = json.loads(outcome.out)["errors"]
    assert "rezup.bad.toml" in json.dumps(error)
    assert (machine.stamps(), machine.stamps("bar"), far.stamps("far")) == ([NEW], [NEW], [NEW])


def test_one_container_is_meant_where_it_is_named(machine: World) -> None:
    for stamp in (OLD, NEW):
        revision(machine, stamp, container="bar")
    pruned(machine, "bar")
    assert (machine.stamps(), machine.stamps("bar")) == ([NEW, MIDDLE, OLD], [NEW])


@pytest.mark.parametrize("name", ["../foo", "/etc", "foo/../bar", "-", ".", "foo\n", "$(touch x)", "con"])
def test_names_lead_nowhere(machine: World, name: str) -> None:
    outcome = machine.rezup("prune", "--yes", "--json", "--", name) if name == "-" else None
    outcome = outcome or machine.rezup("prune", "--yes", "--json", name)
    assert outcome.code in (1, 2)
    assert machine.stamps() == [NEW, MIDDLE, OLD]
    assert not (machine.home / "x").exists()


def test_nothing_goes_through_a_container_that_is_a_link(machine: World, tmp_path: Path) -> None:
    (machine.root / "foo").rename(tmp_path / "real")
    (machine.root / "foo").symlink_to(tmp_path / "real")
    found = reasons(machine)
    assert found == {NEW: ["newest", "foreign"], MIDDLE: ["foreign"], OLD: ["foreign"]}
    pruned(machine)
    assert len(list((tmp_path / "real").iterdir())) == 3


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder on a file system that nobody can write to."""
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs more rights than this user has")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="mounts")
def test_what_can_not_be_removed_is_told_and_the_rest_goes(machine: World) -> None:
    for stamp in (OLD, NEW):
        revision(machine, stamp, container="bar")
    with read_only(machine.root / "bar"):
        assert machine.rezup("prune").code == 0
        outcome = machine.rezup("prune", "--yes")
    assert outcome.code == 1
    assert "Traceback" not in outcome.err
    assert outcome.err.count("error:") == outcome.err.count("hint:") == 1
    assert "Read-only file system" in outcome.err
    assert "2 revisions removed" in outcome.err
    assert f"bar@{OLD}" in outcome.out
    assert (machine.stamps(), machine.stamps("bar")) == ([NEW], [NEW, OLD])


# -- what it frees ----------------------------------------------------------------------------


def blocks(*folders: Path) -> int:
    """Bytes that folders take on the disk, each file once."""
    seen = {}
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            status = path.lstat()
            seen[status.st_dev, status.st_ino] = status.st_blocks * 512
    return sum(seen.values())


def test_freed_is_what_no_other_name_keeps(machine: World, tmp_path: Path) -> None:
    """One file is the cache's too, one only that of two revisions that both go, one of one that stays."""
    folders = {stamp: machine.root / "foo" / stamp for stamp in STAMPS}
    cache = tmp_path / "cache"
    for name, users, size in (
        ("cached", (OLD, MIDDLE), 1 << 20),
        ("both", (OLD, MIDDLE), 1 << 18),
        ("stays", (MIDDLE, NEW), 1 << 17),
        ("twice", (OLD, OLD), 1 << 16),
    ):
        file = write(cache / name, os.urandom(size))
        for number, stamp in enumerate(users):
            os.link(file, folders[stamp] / f"{name}{number}")
        if name != "cached":
            file.unlink()
    for folder in folders.values():
        age(folder)
    shown = machine.rezup("prune", "--json").data
    before = blocks(machine.root, cache)
    outcome = machine.rezup("prune", "--json", "--yes").data
    assert outcome["freed"] == shown["freed"] == before - blocks(machine.root, cache)
    assert outcome["shared"] == shown["shared"] == (1 << 20) + (1 << 17)
    assert outcome["freed"] > (1 << 18) + (1 << 16)


def test_where_nobody_can_tell_what_is_shared_it_says_so(machine: World) -> None:
    (record,) = fake_receipt("foo").environments
    assert "up to" not in machine.rezup("prune").err
    revision(machine, "50.000000", environments=(record._replace(cloned="reflink"),))
    assert "up to" in machine.rezup("prune").err
    assert machine.rezup("prune", "--json").data["exact"] is False


def test_of_two_revisions_by_one_lock_only_folders_are_freed(world: World) -> None:
    world.recipe()
    for _ in range(2):
        outcome = world.rezup("add", "foo", "--skip-use")
        assert outcome.code == 0, outcome.err
    old = world.root / "foo" / world.stamps()[1]
    receipt = json.loads((old / RECEIPT).read_bytes())
    (old / RECEIPT).write_text(json.dumps({**receipt, "created": 1.0}))
    age(old)
    cache = world.home / ".cache" / "rezup"
    files = sum(path.lstat().st_blocks * 512 for path in old.rglob("*.py"))
    before = blocks(world.root, cache)
    found = world.rezup("prune", "--yes", "--json").data
    assert found["freed"] == before - blocks(world.root, cache) > 0
    if receipt["environments"][0]["cloned"].startswith("hard link"):
        assert found["shared"] >= files > 0
    assert world.rezup("use", "foo", "--", "rez", "--version").code == 0


# -- wheels of the remote root ----------------------------------------------------------------


def put(store: RemoteStore, data: bytes, days: float = 30.0) -> str:
    """A wheel on a remote root, put there so long ago; its hash."""
    wheel = wheel_of(data)
    house = Wheelhouse(store.root)
    age(house.put(write(store.root.parent / "made.whl", data), wheel).parent, days)
    return wheel.sha256


def publish_locked(store: RemoteStore, stamp: str, data: bytes) -> Path:
    """A revision whose lock names a wheel; its lock."""
    import hashlib

    packages = (LockedPackage("foo", "1.0", (wheel_of(data),)),)
    lock = to_bytes(Lock(packages, python="3.11", platforms=("linux-x86_64",)))
    digests = {"pylock.toml": hashlib.sha256(lock).hexdigest()}
    receipt = fake_receipt("foo", kind="recipe", locks=digests).to_bytes()
    files = {RECIPE: b'[rez]\nname = "rez"\n', RECEIPT: receipt, "pylock.toml": lock}
    store.publish(FOO, files, Stamp(stamp))
    return store.root / "foo" / stamp / "pylock.toml"


@pytest.fixture
def shelf(world: World, tmp_path: Path) -> RemoteStore:
    """A remote root with a revision that names one wheel."""
    store = RemoteStore(tmp_path / "studio")
    store.root.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(store.root)
    publish_locked(store, OLD, b"used")
    put(store, b"used")
    return store


def test_wheels_that_no_lock_names_go_once_they_are_old(world: World, shelf: RemoteStore) -> None:
    unused, recent = put(shelf, b"unused", 3), put(shelf, b"recent", 0.9)
    publish(shelf, MIDDLE)  # without a lock
    two = shelf.root / "foo" / "300.000000"
    two.mkdir()
    (two / RECEIPT).write_text('{"rezup_version": "2.6.0"}')
    house = Wheelhouse(shelf.root)
    before = house.names()
    shown = world.rezup("prune", "--remote")
    assert shown.code == 0, shown.err
    assert (shown.code, shown.out.split()) == (0, [unused, "foo-1.0-py3-none-any.whl"])
    assert house.names() == before
    assert world.rezup("prune", "--remote", "--older-than", "4d", "--json").data["wheels"] == []
    done = world.rezup("prune", "--remote", "--yes", "--json", "--older-than", "0")
    assert done.code == 0
    (told,) = done.data["wheels"]
    assert (told["sha256"], told["removed"], told["root"]) == (unused, True, str(shelf.root))
    assert done.data["freed"] == told["size"] > 0
    assert house.names() == sorted([wheel_of(b"used").sha256, recent])
    assert len(RemoteStore(shelf.root).listing(FOO).revisions) == 3


@pytest.mark.parametrize("harm", ["cut", "missing", "other", "receipt", "foreign", "newer", "name"])
def test_no_wheel_goes_where_a_lock_can_not_be_read(world: World, shelf: RemoteStore, harm: str) -> None:
    lock = publish_locked(shelf, MIDDLE, b"needed")
    receipt = lock.with_name(RECEIPT)
    if harm == "cut":
        lock.write_bytes(lock.read_bytes()[:-10])
    elif harm == "missing":
        lock.unlink()
    elif harm == "other":
        lock.write_bytes(lock.read_bytes().replace(b'python = "3.11"', b'python = "3.12"'))
    elif harm == "receipt":
        receipt.write_bytes(b"\0" * 200)
    elif harm == "foreign":
        receipt.write_text("{}")
    elif harm == "newer":
        receipt.write_bytes(receipt.read_bytes().replace(b'"format": 1', b'"format": 99'))
    else:
        (shelf.root / "foo").rename(shelf.root / "foo (old)")
    needed = put(shelf, b"needed")
    outcome = world.rezup("prune", "--remote", "--yes")
    assert outcome.code == 1
    assert ("foo (old)" if harm == "name" else f"foo@{MIDDLE}") in outcome.err
    assert "hint:" in outcome.err
    assert needed in Wheelhouse(shelf.root).names()


def test_wheels_of_an_absent_share_are_no_waste(world: World, shelf: RemoteStore) -> None:
    unused = put(shelf, b"unused")
    world.recipe("foo")
    away = shelf.root.rename(shelf.root.with_name("away"))
    outcome = world.rezup("prune", "--remote", "--yes", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["errors"][0]["code"] == "remote-unreachable"
    assert unused in Wheelhouse(away).names()


def test_without_a_remote_root_there_is_nothing_to_look_at(world: World) -> None:
    outcome = world.rezup("prune", "--remote")
    assert outcome.code == 1
    assert "REZUP_ROOT_REMOTE" in outcome.err
