"""Log files: private, few, and never a reason to fail."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from rezup.system.logs import LOGS_KEPT, new_log

if TYPE_CHECKING:
    from pathlib import Path


def test_a_new_one(tmp_path: Path) -> None:
    log = new_log(tmp_path / "logs", "upgrade")
    assert log.parent == tmp_path / "logs"
    assert log.name.startswith("upgrade-")
    assert log.read_text() == ""


@pytest.mark.skipif(os.name == "nt", reason="modes of POSIX")
def test_it_is_the_users_alone(tmp_path: Path) -> None:
    assert new_log(tmp_path, "upgrade").stat().st_mode & 0o077 == 0


def test_old_ones_go(tmp_path: Path) -> None:
    for number in range(LOGS_KEPT + 5):
        path = tmp_path / f"build-{number:02}.log"
        path.touch()
        os.utime(path, (number, number))
    (tmp_path / "notes.txt").touch()
    log = new_log(tmp_path, "upgrade")
    names = {path.name for path in tmp_path.glob("*.log")}
    assert len(names) == LOGS_KEPT
    assert {log.name, f"build-{LOGS_KEPT + 4:02}.log"} <= names
    assert "build-00.log" not in names
    assert (tmp_path / "notes.txt").exists()


def test_where_none_can_be_kept_it_goes_to_the_temporary_folder(tmp_path: Path) -> None:
    (tmp_path / "logs").write_text("in the way")
    log = new_log(tmp_path / "logs", "upgrade")
    log.write_text("x")
    assert tmp_path / "logs" not in log.parents
    log.unlink()
    log.parent.rmdir()
