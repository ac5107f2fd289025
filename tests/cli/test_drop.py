"""`rezup drop`: what goes, what stays, and who is asked."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from support.terminal import Terminal
from support.world import World

if TYPE_CHECKING:
    from pathlib import Path


def test_without_a_terminal_and_without_yes_it_refuses(world: World) -> None:
    folder = world.revision("foo", "100.000000")
    outcome = world.rezup("drop", "foo")
    assert outcome.code == 1
    assert "--yes" in outcome.err
    assert folder.is_dir()


def test_one_revision_or_all(world: World) -> None:
    for stamp in ("100.000000", "200.000000"):
        world.revision("foo", stamp)
    assert world.rezup("drop", "foo@100", "--yes", "--json").data["removed"] == ["100.000000"]
    assert world.stamps() == ["200.000000"]
    assert world.rezup("drop", "foo", "--yes").code == 0
    assert list(world.root.iterdir()) == []


def test_what_is_in_use_stays_and_its_user_is_named(world: World) -> None:
    for stamp in ("100.000000", "200.000000"):
        world.revision("foo", stamp)
    with world.in_use("foo@100") as user:
        outcome = world.rezup("drop", "foo", "--yes")
        assert outcome.code == 1
        assert f"process {user.pid}" in outcome.err
        assert world.stamps() == ["100.000000"]


def test_a_pinned_revision_is_not_dropped_by_name(world: World) -> None:
    for stamp in ("100.000000", "200.000000"):
        world.revision("foo", stamp)
    assert world.rezup("pin", "foo@100").code == 0
    for target in ("foo@100.000000", "foo@-1"):
        outcome = world.rezup("drop", target, "--yes")
        assert outcome.code == 1
        assert "rezup unpin foo" in outcome.err
    assert world.rezup("drop", "foo@200", "--yes", "--json").data["unpinned"] is None
    assert world.stamps() == ["100.000000"]
    assert world.rezup("unpin", "foo").code == 0
    assert world.rezup("drop", "foo@100", "--yes").code == 0


def test_with_a_container_goes_its_pin_and_the_history_tells(world: World) -> None:
    folder = world.revision("foo", "100.000000")
    assert world.rezup("pin", "foo", "--why", "show end").code == 0
    with Terminal(world.command("drop", "foo"), world.environ, world.home) as terminal:
        assert "and its pin of 100.000000" in terminal.expect("[y/N]")
        terminal.send("n\n")
        assert terminal.finish()[0] == 1
    assert (folder.parent / "pin").exists()
    assert world.rezup("drop", "foo", "--yes", "--json").data["unpinned"] == "100.000000"
    assert not (folder.parent / "pin").exists()
    last, first = world.rezup("history", "foo", "--json").data["entries"]
    assert (last["action"], last["from"], last["to"]) == ("unpin", "100.000000", None)
    assert "dropped" in last["why"]
    assert first["why"] == "show end"


def test_the_pin_of_a_revision_that_is_in_use_stays(world: World) -> None:
    for stamp in ("100.000000", "200.000000"):
        world.revision("foo", stamp)
    assert world.rezup("pin", "foo@100").code == 0
    with world.in_use("foo"):
        assert world.rezup("drop", "foo", "--yes").code == 1
        assert world.stamps() == ["100.000000"]
        assert (world.root / "foo" / "pin").read_text().strip() == "100.000000"
    world.revision("foo", "300.000000")
    with world.in_use("foo@300"):
        assert world.rezup("drop", "foo", "--yes").code == 1
    assert world.stamps() == ["300.000000"]
    assert not (world.root / "foo" / "pin").exists()


def test_a_process_that_closed_its_descriptors_still_keeps_the_revision(world: World) -> None:
    world.revision("foo", "100.000000")
    os.mkfifo(world.home / "gate")
    code = "import subprocess, sys; subprocess.Popen(['sh', '-c', 'read line < gate'], stdout=-3, stderr=-3)"
    assert world.rezup("use", "foo", "--", sys.executable, "-c", code).code == 0
    outcome = world.rezup("drop", "foo", "--yes")
    assert outcome.code == 1
    assert "in use" in outcome.err
    (world.home / "gate").write_text("go\n")


def test_on_a_terminal_it_asks(world: World) -> None:
    folder = world.revision("foo", "100.000000")
    with Terminal(world.command("drop", "foo"), world.environ, world.home) as terminal:
        terminal.expect("[y/N]")
        terminal.send("n\n")
        status, text = terminal.finish()
        assert status == 1
        assert "nothing was removed" in text
    assert folder.is_dir()
    with Terminal(world.command("drop", "foo"), world.environ, world.home) as terminal:
        terminal.expect("[y/N]")
        terminal.send("y\n")
        assert terminal.finish()[0] == 0
    assert not folder.exists()


def test_a_link_out_of_the_root_is_not_followed(world: World, tmp_path: Path) -> None:
    victim = World(tmp_path / "other")
    folder = victim.revision("bar", "100.000000")
    world.root.mkdir()
    (world.root / "foo").symlink_to(folder.parent)
    outcome = world.rezup("drop", "foo", "--yes")
    assert outcome.code == 1
    assert folder.is_dir()


def test_what_a_newer_rezup_made_is_not_dropped(world: World) -> None:
    folder = world.revision("foo", "100.000000")
    (folder / "revision.json").write_text('{"format": 99}')
    outcome = world.rezup("drop", "foo", "--yes")
    assert outcome.code == 1
    assert "format 99" in outcome.err
    assert folder.is_dir()


def test_a_revision_of_rezup_2_in_use_is_found_by_the_path_of_its_user(world: World) -> None:
    folder = world.root / "foo" / "revisions" / "100.5"
    scripts = folder / "venv" / "rez" / "bin" / "rez"
    scripts.mkdir(parents=True)
    (folder / "venv/rez/bin/python").symlink_to(sys.executable)
    (folder / "rezup.toml").write_text('[rez]\nname = "rez"\n[dotenv]\n1 = "relative.env"\n')
    (folder / "revision.json").write_text('{"rezup_version": "2.6.0", "venvs": ["rez"]}')
    assert world.rezup("status", "foo", "--json").data["container"]["state"] == "ready"
    path = f"{scripts}:{world.environ['PATH']}"
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, env={**world.environ, "PATH": path}) as user:
        refused = world.rezup("drop", "foo", "--yes")
        user.communicate()
    assert refused.code == 1
    assert f"process {user.pid}" in refused.err
    assert world.rezup("drop", "foo", "--yes").code == 0
    assert list(world.root.iterdir()) == []
