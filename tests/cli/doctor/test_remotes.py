"""What ``rezup doctor`` finds on a remote root, and that its advice there helps."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.containers.health.kinds import KINDS
from support.broken_machines import codes, remote_of, remote_twin, revision, write
from support.permissions import obey_permissions

if TYPE_CHECKING:
    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="permissions and links of POSIX")


def test_a_folder_on_the_remote_that_is_kept_from_us_is_no_finding(machine: World) -> None:
    """It need not be a container: administrators keep things there."""
    private = remote_of(machine).parent.parent / "private"
    private.mkdir(0)
    found = machine.rezup("doctor", "--json", preexec_fn=obey_permissions)
    assert (found.code, found.data["findings"]) == (0, [])


def test_much_on_the_remote_that_is_kept_from_us_hides_no_damage(machine: World) -> None:
    target = remote_of(machine)
    for number in range(40):  # before and behind the container with the damage
        (target.parent.parent / f"{'az'[number % 2]}{number}").mkdir(0)
    (target / "pylock.toml").unlink()
    found = machine.rezup("doctor", "--json", preexec_fn=obey_permissions)
    assert codes(found.data) == {"remote-incomplete"}, found.out


def test_a_file_on_the_remote_that_is_kept_from_us_is_named(machine: World) -> None:
    path = remote_of(machine) / "rezup.toml"
    path.chmod(0)
    (finding,) = machine.rezup("doctor", "--json", preexec_fn=obey_permissions).data["findings"]
    assert (finding["code"], finding["where"]) == ("remote-unreadable", str(path))
    assert "Permission denied" in finding["what"]


def test_what_is_said_of_a_broken_remote_revision_mends_it(machine: World) -> None:
    broken = remote_of(machine)
    (broken / "pylock.toml").unlink()
    assert codes(machine.rezup("doctor", "--json").data) == {"remote-incomplete"}
    shutil.copyfile(revision(machine) / "pylock.toml", broken / "pylock.toml")
    assert machine.rezup("doctor", "--json").data["findings"] == []

    write(broken / "pylock.toml", "evil")
    pinned = machine.rezup("pin", f"foo@{broken.name}", "--remote", "--why", "it was good")
    assert pinned.code == 0, pinned.err
    added = machine.rezup("add", "foo", "--remote", "--skip-use", "--no-verify", "--allow-local-paths")
    assert added.code == 0, added.err
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert "`rezup pin foo@OTHER --remote`), and remove the folder of this one by hand" in finding["remedy"]
    (other,) = [path.name for path in broken.parent.iterdir() if path.is_dir() and path != broken]
    assert machine.rezup("pin", f"foo@{other}", "--remote", "--why", "it is damaged").code == 0
    shutil.rmtree(broken)
    assert machine.rezup("doctor", "--json").data["findings"] == []
    assert machine.rezup("use", "foo", "--", "rez", "--version").code == 0


@pytest.mark.parametrize("other", [None, "foo_two"])
def test_what_is_said_of_twins_on_the_remote_mends_it(machine: World, other: str | None) -> None:
    remote_twin(machine)
    (finding,) = machine.rezup("doctor", "--json").data["findings"]
    assert "rename or remove the folder of one of the two on the share" in finding["remedy"]
    assert "drop" not in finding["remedy"]
    folder = Path(finding["where"]) / "FOO"
    shutil.rmtree(folder) if other is None else folder.rename(folder.with_name(other))
    assert machine.rezup("doctor", "--json").data["findings"] == []


def test_only_what_is_said_of_one_revision_is_to_remove_it() -> None:
    """The place of other findings on a share is the root or a container."""
    dangerous = {code for code, kind in KINDS.items() if "remove the folder of this one" in kind.remedy}
    assert dangerous == {"remote-unreadable", "remote-incomplete", "remote-damaged"}
