"""Several users, several installations, pip's own upgrades, and one library for all users. The command runs, and a later start cleans up and upgrades."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from support.upgrade_faults import all_is_well, recovers
from support.upgrade_wheels import (
    MAJOR,
    NEW,
    NEWER,
    OLD,
    make_installation,
)

if TYPE_CHECKING:
    from support.upgrades import Kit, Machine

pytest_plugins = ["support.upgrades", "support.upgrade_faults"]
pytestmark = pytest.mark.skipif(os.name == "nt", reason="installations of POSIX")


@pytest.mark.slow
def test_two_users_of_one_installation(kit: Kit, tmp_path: Path) -> None:
    ann, bob = kit.machine(tmp_path / "ann"), kit.machine(tmp_path / "bob")
    ann.be_upgraded()
    assert ann.library() == NEW
    assert bob.library() == OLD
    bob.variables["REZUP_UPGRADE_SOURCE"] = str(ann.releases)
    assert bob.used() == NEW
    ann.self_("rollback")
    assert (ann.library(), bob.library()) == (OLD, NEW)


@pytest.mark.slow
def test_one_user_of_two_installations(machine: Machine) -> None:
    machine.publish(NEW)
    assert machine.used() == NEW
    machine.own_installation()
    assert machine.library() == OLD
    machine.variables["REZUP_UPGRADE_PAUSE"] = "0"
    assert machine.used() == NEW
    assert len(list((machine.home / ".local/share/rezup/api").iterdir())) == 2


@pytest.mark.slow
def test_what_pip_installs_later_wins_if_it_is_newer(machine: Machine) -> None:
    installation = machine.own_installation()
    machine.be_upgraded()
    installation.put(machine.kit.wheel(machine.folder / "pip", "rezup-api", NEWER))
    all_is_well(machine, NEWER)
    refused = machine.rezup("self", "rollback")
    assert (refused.code, "nothing to roll back to" in refused.err) == (1, True)
    machine.publish("3.7.0")
    recovers(machine, "3.7.0")
    assert machine.self_("rollback").out == f"rezup-api {NEWER} is used again, instead of 3.7.0\n"
    assert machine.library() == NEWER


@pytest.mark.slow
@pytest.mark.parametrize("version", [OLD, "3.3.0"])
def test_what_pip_installs_later_does_not_win_if_it_is_not_newer(machine: Machine, version: str) -> None:
    installation = machine.own_installation()
    machine.be_upgraded()
    wheel = machine.kit.wheel(machine.folder / "pip", "rezup-api", version)
    installation.put(wheel)
    os.utime(installation.site_packages / "rezup/__init__.py", (1, 1))
    all_is_well(machine, NEW)


@pytest.mark.slow
def test_what_pip_removed(machine: Machine) -> None:
    installation = machine.own_installation()
    machine.be_upgraded()
    shutil.rmtree(installation.site_packages / "rezup")
    assert machine.library() == NEW


@pytest.mark.slow
def test_a_newer_rezup_of_another_major_version_leaves_the_library_of_the_old_one(machine: Machine) -> None:
    installation = machine.own_installation()
    machine.be_upgraded()
    installation.put(
        *(machine.kit.wheel(machine.folder / "pip", name, MAJOR) for name in ("rezup-api", "rezup"))
    )
    all_is_well(machine, MAJOR)
    machine.publish("4.1.0")
    recovers(machine, "4.1.0")
    installation.put(
        *(machine.kit.wheel(machine.folder / "pip", name, OLD) for name in ("rezup-api", "rezup"))
    )
    assert machine.library() == OLD


def test_a_site_upgrade_is_for_all_users(kit: Kit, tmp_path: Path) -> None:
    admin, bob = kit.machine(tmp_path / "admin"), kit.machine(tmp_path / "bob")
    bob.installation = admin.own_installation()
    admin.be_upgraded()  # the administrator has one already
    assert admin.self_("upgrade", "--site").out == f"upgraded rezup-api from {OLD} to {NEW}\n"
    assert (admin.library(), bob.library()) == (NEW, NEW)
    assert not (bob.home / ".local/share/rezup").exists()
    folder = admin.installation.folder / "share/rezup/api"
    assert folder.is_dir()
    assert not [path for path in folder.rglob("*") if path.stat().st_mode & 0o022]
    admin.self_("rollback", "--site")
    assert bob.library() == OLD


@pytest.mark.slow
def test_users_may_not_change_what_is_the_sites(kit: Kit) -> None:
    python = Path("/usr/bin/python3").resolve()
    if os.geteuid() != 0 or not python.exists() or sys.platform != "linux":
        pytest.skip("takes root's rights and a Python that all users may run")
    told = subprocess.run(
        [python, "-c", "import sys; print(sys.version_info[:2])"], capture_output=True, check=True
    )
    if told.stdout.decode().strip() != str(sys.version_info[:2]):
        pytest.skip("the system's Python is of another version")
    with tempfile.TemporaryDirectory(prefix="rezup-test-") as name:
        top = Path(name)
        top.chmod(0o755)
        shutil.copytree(kit.dependencies, top / "dependencies")
        wheels = sorted((kit.folder / "old").glob("*.whl"))
        installation = make_installation(top / "opt", top / "dependencies", *wheels, base=python)
        for path in (top, *top.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o755 if path.is_dir() else 0o644))
        machines = {}
        for user in ("root", "bob", "eve"):
            machine = kit.machine(top / user)
            machine.installation = installation
            machine.variables["REZUP_UPGRADE_SOURCE"] = str(top / "root/releases")
            machine.variables["UV_CACHE_DIR"] = str(machine.home / "uv")
            machine.revision("foo", "100.000000")
            machines[user] = machine
        check_users(machines, {"bob": 61234, "eve": 61235})


def check_users(machines: dict[str, Machine], numbers: dict[str, int]) -> None:
    root, bob, eve = machines.values()
    for user, number in numbers.items():
        home = machines[user].home
        for path in (machines[user].folder, home, *home.rglob("*")):
            os.chown(path, number, number, follow_symlinks=False)

    def run(machine: Machine, *arguments: str) -> Any:
        number = numbers["bob" if machine is bob else "eve"]
        return machine.rezup(
            *arguments, user=number, group=number, extra_groups=[], env={"PATH": "/usr/bin:/bin"}
        )

    tell = ["use", "foo", "--", "/bin/sh", "-c", "echo $REZUP_TEST_WITNESS"]
    root.publish(NEW)
    first = run(bob, *tell)
    assert (first.code, first.out) == (0, f"{NEW}\n"), first.err
    assert bob.api.stat().st_uid == numbers["bob"]
    assert run(eve, "--version").out.endswith(f"(rezup-api {OLD})\n")
    root.publish(NEWER)
    root.self_("upgrade", "--site")
    for user in (bob, eve):
        assert run(user, "--version").out.endswith(f"(rezup-api {NEWER})\n")
    root.publish("3.7.0")
    machines["bob"].let_pass()
    said = run(bob, *tell)
    assert (said.code, said.out) == (0, f"{NEWER}\n")
    assert "which is its administrator's, can't be written" in said.err
    assert run(bob, *tell).err == ""
    for arguments in (["self", "upgrade"], ["self", "upgrade", "--site"], ["self", "rollback", "--site"]):
        refused = run(bob, *arguments)
        assert refused.code == 1, refused
        assert "can't be written" in refused.err, refused
    assert run(eve, "--version").out.endswith(f"(rezup-api {NEWER})\n")


def test_root_in_the_home_of_another_leaves_nothing_behind(machine: Machine) -> None:
    if os.geteuid() != 0:
        pytest.skip("takes root's rights")
    machine.publish(NEW)
    machine.revision("foo", "100.000000")
    os.chown(machine.home, 65534, 65534)
    try:
        outcome = machine.use()
        assert (outcome.out, outcome.err) == (f"used {OLD}\n", "")
        assert not (machine.home / ".local").exists()
        refused = machine.rezup("self", "upgrade")
        assert (refused.code, "as root in the home of another user" in refused.err) == (1, True)
    finally:
        os.chown(machine.home, 0, 0)
