"""Full disks, read-only installations, folders that can't be written, edit mode. The command runs, and a later start cleans up and upgrades."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from support.upgrade_faults import all_is_well, recovers
from support.upgrade_wheels import (
    NEW,
    OLD,
    Installation,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.upgrade_index import Index
    from support.upgrades import Machine
    from support.world import World

pytest_plugins = ["support.upgrades", "support.upgrade_faults"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")


@pytest.mark.parametrize(
    "size", ["1m", *(pytest.param(size, marks=pytest.mark.slow) for size in ("4k", "64k", "2500k", "4m"))]
)
def test_a_full_disk(machine: Machine, mount: Callable[..., None], size: str) -> None:
    machine.publish(NEW)
    share = machine.home / ".local/share"
    mount(share, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")
    outcome = machine.use()
    assert outcome.out in (f"used {OLD}\n", f"used {NEW}\n")
    if outcome.out == f"used {OLD}\n":
        assert outcome.err.count("\n") <= 2
        assert "going on with" in outcome.err
        assert not (share / "rezup/api").exists() or machine.leftovers() == []
    assert machine.use().err == ""
    subprocess.run(["mount", "-o", "remount,size=100m", share], check=True)
    recovers(machine)


def test_a_full_disk_below_the_state(machine: Machine, mount: Callable[..., None]) -> None:
    machine.publish(NEW)
    state = machine.home / ".local/state"
    mount(state, "-t", "tmpfs", "-o", "size=16k", "tmpfs")
    fill(state / "ballast")
    outcome = machine.use()  # it can't be noted that a check was made, so none is made
    assert (outcome.out, outcome.err) == (f"used {OLD}\n", "")


def fill(ballast: Path) -> None:
    """Leave no room on a small file system."""
    with open(ballast, "wb", buffering=0) as stream, contextlib.suppress(OSError):
        while True:
            stream.write(bytes(1024))


def test_an_installation_that_is_read_only(machine: Machine, mount: Callable[..., None]) -> None:
    machine.publish(NEW)
    target = machine.folder / "shared"
    mount(target, "--bind", machine.installation.folder)
    subprocess.run(["mount", "-o", "remount,ro,bind", target], check=True)
    machine.installation = Installation(target)
    with pytest.raises(OSError, match="Read-only"):
        (machine.installation.site_packages / "probe").touch()
    assert machine.used() == NEW
    all_is_well(machine, NEW)
    refused = machine.rezup("self", "upgrade", "--site")
    assert (refused.code, "can't be written" in refused.err) == (1, True)
    machine.self_("rollback")
    assert machine.library() == OLD


def test_a_data_folder_that_can_not_be_written(machine: Machine) -> None:
    machine.publish(NEW)
    machine.write(".local/share/rezup", "a file in the way")
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert outcome.err.count("\n") == 1
    assert outcome.err.endswith(
        f"can't be written; upgrade it with: {machine.installation.python} -m pip install --upgrade rezup\n"
    )
    for _ in range(2):
        machine.let_pass()
        assert machine.use().err == ""  # once
    refused = machine.rezup("self", "upgrade")
    assert refused.code == 1
    assert "hint: upgrade it with: " in refused.err
    (machine.home / ".local/share/rezup").unlink()
    recovers(machine)


def test_a_state_folder_that_can_not_be_written(machine: Machine, index: Index) -> None:
    machine.publish(NEW)
    machine.ask(index)
    machine.write(".local/state", "a file in the way")
    outcome = machine.use()
    assert (outcome.out, outcome.err) == (f"used {OLD}\n", "")
    assert index.requests == []
    assert machine.self_("upgrade").out == f"upgraded rezup-api from {OLD} to {NEW}\n"


def test_an_installation_in_edit_mode(machine: Machine, tmp_path: Path) -> None:
    machine.publish(NEW)
    installation = machine.own_installation()
    (info,) = installation.site_packages.glob("rezup_api-*.dist-info")
    document = {"url": (tmp_path / "my source").as_uri(), "dir_info": {"editable": True}}
    (info / "direct_url.json").write_text(json.dumps(document))
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert outcome.err == (
        "rezup does not upgrade itself: it is installed in edit mode; "
        f"upgrade it with: git -C '{tmp_path / 'my source'}' pull\n"
    )
    machine.let_pass()
    assert machine.use().err == ""
    for arguments in (["self", "upgrade"], ["self", "upgrade", "--in-place"]):
        refused = machine.rezup(*arguments)
        assert refused.code == 1
        assert "edit mode" in refused.err
        assert f"git -C '{tmp_path / 'my source'}' pull" in refused.err


def test_the_checkout_that_is_tested(world: World) -> None:
    """Which is installed in edit mode, as everywhere where rezup is worked on."""
    world.variables |= {"REZUP_NO_UPGRADE": "", "CI": "", "REZUP_UPGRADE_SOURCE": str(world.folder)}
    world.revision("foo", "100.000000")
    outcome = world.rezup("use", "foo", "--", "rez")
    assert (outcome.code, outcome.out) == (0, "rez of 100.000000\n")
    assert outcome.err.count("\n") <= 1
    assert outcome.err == "" or outcome.err.startswith("rezup does not upgrade itself: ")
    assert world.rezup("use", "foo", "--", "rez").err == ""


@pytest.mark.slow
def test_an_installation_without_metadata(machine: Machine) -> None:
    machine.publish(NEW)
    installation = machine.own_installation()
    for info in installation.site_packages.glob("rezup*.dist-info"):
        shutil.rmtree(info)
    outcome = machine.use()
    assert outcome.out == f"used {OLD}\n"
    assert "was not installed by pip" in outcome.err
    machine.let_pass()
    assert machine.use().err == ""
    assert machine.rezup("self", "version").code == 1
