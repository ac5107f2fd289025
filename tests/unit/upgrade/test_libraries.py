"""The folder of libraries: published whole, verified, removed when nobody needs them."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from rezup.errors import UpgradeError
from rezup.system.locks import hold
from rezup.upgrade.libraries import Libraries, write_digests
from rezup_cli import bootstrap, handover
from support.upgrade_wheels import unpack
from support.wheels import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="modes and locks of POSIX")


def stage(libraries: Libraries, version: str, text: str = "") -> Path:
    """A library ready to be published."""
    libraries.folder.mkdir(parents=True, exist_ok=True)
    staged = libraries.folder / f".staging-{version}" / "library"
    wheel = write_wheel(
        libraries.folder.parent / "wheels", "rezup-api", version,
        {"rezup/__init__.py": f'__version__ = "{version}"\n{text}', "rezup/errors.py": "x = 1\n"},
    )  # fmt: skip
    unpack(wheel, staged)
    write_digests(staged, Version(version))
    return staged


def publish(libraries: Libraries, *versions: str) -> None:
    for version in versions:
        libraries.publish(stage(libraries, version), Version(version))


@pytest.fixture
def libraries(tmp_path: Path) -> Libraries:
    return Libraries(tmp_path / "api")


def names(libraries: Libraries) -> list[str]:
    return [str(version) for version in libraries.versions()]


def test_what_is_published_is_complete(libraries: Libraries) -> None:
    publish(libraries, "3.5.0", "3.10.0")
    assert names(libraries) == ["3.10.0", "3.5.0"]
    assert libraries.is_complete("3.5.0")
    assert not libraries.is_complete("3.6.0")
    assert not handover.is_damaged(bootstrap.Library("3.5.0", str(libraries["3.5.0"])))
    modes = {path.stat().st_mode & 0o022 for path in libraries["3.5.0"].rglob("*")}
    assert modes == {0}


@pytest.mark.parametrize("damage", ["altered", "truncated", "removed", "no digests", "garbage", "no lease"])
def test_what_is_damaged_is_not(libraries: Libraries, damage: str) -> None:
    publish(libraries, "3.5.0")
    folder = libraries["3.5.0"]
    if damage == "altered":
        (folder / "rezup/errors.py").write_text("x = 2\n")
    elif damage == "truncated":
        (folder / "rezup/errors.py").write_text("")
    elif damage == "removed":
        (folder / "rezup/errors.py").unlink()
    elif damage == "garbage":
        (folder / "complete.json").write_text('{"files": 7}')
    else:
        (folder / ("lease" if damage == "no lease" else "complete.json")).unlink()
    assert not libraries.is_complete("3.5.0")
    if damage != "no lease":
        assert handover.is_damaged(bootstrap.Library("3.5.0", str(folder)))
    publish(libraries, "3.5.0")
    assert libraries.is_complete("3.5.0")


def test_who_publishes_second_leaves_what_is_there(libraries: Libraries) -> None:
    publish(libraries, "3.5.0")
    before = (libraries["3.5.0"] / "lease").stat().st_ino
    publish(libraries, "3.5.0")
    assert (libraries["3.5.0"] / "lease").stat().st_ino == before


def test_pruning_spares_what_is_named_or_used(libraries: Libraries) -> None:
    publish(libraries, "3.5.0", "3.6.0", "3.7.0", "3.8.0")
    (libraries.folder / "3.9.0").mkdir()  # half there, and nobody's
    held = hold(libraries["3.6.0"] / "lease")
    libraries.prune({"3.8.0", None})
    assert names(libraries) == ["3.8.0", "3.6.0"]
    held.release()
    libraries.prune({"3.8.0", None})
    assert names(libraries) == ["3.8.0"]


def test_one_at_a_time(libraries: Libraries) -> None:
    with libraries.lock() as mine:
        assert mine
        pid = os.fork()
        if pid == 0:
            with Libraries(libraries.folder).lock() as other:
                os._exit(17 if other else 0)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    with libraries.lock() as mine:
        assert mine


def test_leavings_of_killed_processes_are_swept(libraries: Libraries) -> None:
    publish(libraries, "3.5.0")
    for name in (".staging-1-ab", ".trash-2-cd"):
        (libraries.folder / name / "rezup").mkdir(parents=True)
    (libraries.folder / ".current.json.1.ab.tmp").write_text("{")
    (libraries.folder / "3.5.0" / "rezup" / ".staging-own").mkdir()
    with libraries.lock():
        pass
    assert {path.name for path in libraries.folder.iterdir()} == {"3.5.0", "lock"}
    assert (libraries.folder / "3.5.0" / "rezup" / ".staging-own").is_dir()


def test_staging_is_removed_whatever_happens(libraries: Libraries) -> None:
    libraries.folder.mkdir()

    def fail() -> None:
        with libraries.staging() as folder:
            (folder / "library").mkdir()
            raise RuntimeError("oh")

    with pytest.raises(RuntimeError, match="oh"):
        fail()
    assert list(libraries.folder.iterdir()) == []


def test_a_folder_that_can_not_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r".+"), Libraries(tmp_path / "file" / "api").lock():
        pass
    assert Libraries(tmp_path / "file" / "api").versions() == []


def test_what_is_not_as_its_record_says_is_refused(libraries: Libraries, tmp_path: Path) -> None:
    for changes in ({"hashes": {"rezup/errors.py": "sha256=" + "A" * 43}}, {}):
        wheel = write_wheel(
            tmp_path / f"w{len(changes)}", "rezup-api", "3.5.0",
            {"rezup/__init__.py": "", "rezup/errors.py": ""}, **changes,
        )  # fmt: skip
        staged = tmp_path / f"staged{len(changes)}"
        unpack(wheel, staged)
        if not changes:
            (staged / "rezup/errors.py").unlink()
        with pytest.raises(UpgradeError) as caught:
            write_digests(staged, Version("3.5.0"))
        assert "errors.py is damaged or missing" in str(caught.value)


def test_what_is_no_rezup_is_refused(tmp_path: Path) -> None:
    unpack(write_wheel(tmp_path / "w", "rezup-api", "3.5.0", {"other.py": ""}), tmp_path / "staged")
    with pytest.raises(UpgradeError, match="no rezup-api"):
        write_digests(tmp_path / "staged", Version("3.5.0"))


def test_old_leavings_are_known_by_their_age_where_there_are_no_locks(libraries: Libraries) -> None:
    young, old = libraries.folder / ".staging-1-a", libraries.folder / ".staging-1-b"
    for path in (young, old):
        path.mkdir(parents=True)
    past = time.time() - 7200
    os.utime(old, (past, past))
    libraries._sweep(everything=False)
    assert (young.exists(), old.exists()) == (True, False)
