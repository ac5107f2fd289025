"""``rezup prune``: what it shows and does, beside others who use or remove revisions, and what that frees."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from rezup.reporting import Reporter
from rezup.session import Session
from rezup.stores.base import RECEIPT
from rezup.system.files import write_atomic
from rezup_cli.quantities import size_text
from support.pruning import (
    DAY,
    MIDDLE,
    NEW,
    OLD,
    STAMPS,
    age,
    pruned,
    read_only,
    reasons,
    revision,
    with_three,
)
from support.wheelhouses import write
from support.world import Outcome, World, fake_receipt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

needs_proc = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="processes tell by /proc")


@pytest.fixture
def machine(world: World) -> World:
    """A machine with three revisions, made a month ago."""
    return with_three(world)


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
        "container", "revision", "folder", "age", "remote", "goes", "removed", "gone", "reasons"
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
    assert found.gone == {machine.root / "foo" / OLD}
    assert found.failures == ()
    assert machine.stamps() == [NEW]


def test_what_another_prune_removed_meanwhile_is_told_as_such(machine: World) -> None:
    size = blocks(machine.root / "foo" / MIDDLE)
    write(machine.root / "foo" / OLD / "big", os.urandom(1 << 20))
    age(machine.root / "foo" / OLD)
    shown = other_first(machine, OLD)
    assert shown.code == 0, shown.err
    lines = [line.split(maxsplit=3) for line in shown.out.splitlines()]
    assert [(line[0], " ".join(line[3].split())) for line in lines[2:]] == [
        (f"foo@{MIDDLE}", "removed only here"), (f"foo@{OLD}", "already gone somebody else removed it")
    ]  # fmt: skip
    assert "1 revision removed" in shown.err
    assert "1 revision already gone" in shown.err
    assert size_text(size) in shown.err
    assert machine.stamps() == [NEW]


def test_json_tells_what_another_prune_removed_meanwhile(machine: World) -> None:
    folders = [machine.root / "foo" / stamp for stamp in (MIDDLE, OLD)]
    os.link(write(folders[0] / "common", os.urandom(1 << 20)), folders[1] / "common")
    write(folders[1] / "big", os.urandom(1 << 20))
    for folder in folders:
        age(folder)
    size = blocks(folders[0]) - (1 << 20)
    document = other_first(machine, OLD, "--json").data
    told = {each["revision"]: (each["goes"], each["removed"], each["gone"]) for each in document["revisions"]}
    assert told == {NEW: (False, False, False), MIDDLE: (True, True, False), OLD: (True, False, True)}
    assert (document["freed"], document["shared"]) == (size, 0)


def other_first(world: World, stamp: str, *arguments: str) -> Outcome:
    """Prune while somebody else removes a revision, right before it is this one's turn."""
    folder = os.fspath(world.root / "foo" / stamp)
    code = (
        "import os, shutil, sys\n"
        f"folder = {folder!r}\n"
        "def hook(event, arguments):\n"
        "    if event == 'os.rename' and os.path.basename(arguments[0]) == os.path.basename(folder):\n"
        "        shutil.rmtree(folder)\n"
        "sys.addaudithook(hook)\n"
        "from rezup_cli.main import main\n"
        "sys.exit(main())\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, "prune", "--yes", *arguments],
        env=world.environ, capture_output=True, text=True, cwd=world.home, check=False, timeout=120,
    )  # fmt: skip
    return Outcome(done.returncode, done.stdout, done.stderr)


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


def taken(*folders: Path) -> dict[tuple[int, int], int]:
    """Bytes that files and folders take on the disk, each by its number."""
    found = {}
    for folder in folders:
        for path in (folder, *folder.rglob("*")):
            status = path.lstat()
            found[status.st_dev, status.st_ino] = status.st_blocks * 512
    return found


def blocks(*folders: Path) -> int:
    """Bytes that folders take on the disk, each file once."""
    return sum(taken(*folders).values())


def lost(before: dict[tuple[int, int], int], *folders: Path) -> int:
    """Bytes of what was in folders and isn't any more; a system may change the blocks of what stays by itself."""
    return sum(before[each] for each in before.keys() - taken(*folders).keys())


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
    before = taken(machine.root, cache)
    outcome = machine.rezup("prune", "--json", "--yes").data
    assert outcome["freed"] == shown["freed"] == lost(before, machine.root, cache)
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
    # Written to the disk, so that it takes the same blocks whenever it is looked at.
    write_atomic(old / RECEIPT, json.dumps({**receipt, "created": 1.0}).encode())
    age(old)
    cache = world.home / ".cache" / "rezup"
    files = sum(path.lstat().st_blocks * 512 for path in old.rglob("*.py"))
    before = taken(world.root, cache)
    found = world.rezup("prune", "--yes", "--json").data
    assert found["freed"] == lost(before, world.root, cache) > 0
    if receipt["environments"][0]["cloned"].startswith("hard link"):
        assert found["shared"] >= files > 0
    assert world.rezup("use", "foo", "--", "rez", "--version").code == 0
