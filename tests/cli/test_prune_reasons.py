"""``rezup prune``: which revisions stay and why, with and without a remote root."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from rezup.stores.base import RECEIPT
from support.pruning import MIDDLE, NEW, OLD, STAMPS, age, going, pruned, reasons, revision, with_three
from support.world import fake_receipt, publish, studio_of

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.stores.remote import RemoteStore
    from support.world import World


@pytest.fixture
def machine(world: World) -> World:
    """A machine with three revisions, made a month ago."""
    return with_three(world)


@pytest.fixture
def studio(machine: World, tmp_path: Path) -> RemoteStore:
    """A remote root with the same three."""
    return studio_of(machine, tmp_path / "studio", STAMPS)


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
