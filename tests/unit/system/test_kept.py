"""Small kept files: what was written is read, and nothing else."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from rezup.system.kept import read_kept, write_kept

if TYPE_CHECKING:
    from pathlib import Path

VALUE = (1, ["a", ("é", None)], {"k": {"x": 1.5, "y": b"\0"}}, True)


def test_plain_data_comes_back(tmp_path: Path) -> None:
    path = str(tmp_path / "new" / "folder" / "file")
    assert write_kept(path, VALUE)
    assert read_kept(path) == VALUE
    assert write_kept(path, [2])
    assert read_kept(path) == [2]
    assert os.listdir(os.path.dirname(path)) == ["file"]


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_it_is_for_this_user_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "file")
    write_kept(path, VALUE)
    assert os.stat(path).st_mode & 0o777 == 0o600


def test_every_single_damage_is_found(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_kept(str(path), VALUE)
    content = path.read_bytes()
    for place in range(len(content)):
        for damaged in (
            content[:place],
            content[:place] + bytes([content[place] ^ 0x41]) + content[place + 1 :],
        ):
            path.write_bytes(damaged)
            assert read_kept(str(path)) is None
    path.write_bytes(content + b"\0")
    assert read_kept(str(path)) is None


def test_what_is_no_file_is_nothing(tmp_path: Path) -> None:
    assert read_kept(str(tmp_path / "missing")) is None
    assert read_kept(str(tmp_path)) is None
    assert read_kept("with\0null") is None


@pytest.mark.parametrize("value", [object(), [object()], {"a": len}, type])
def test_what_is_no_plain_data_is_not_kept(tmp_path: Path, value: Any) -> None:
    path = tmp_path / "file"
    write_kept(str(path), VALUE)
    assert not write_kept(str(path), value)
    assert read_kept(str(path)) == VALUE


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert not write_kept(str(tmp_path / "file" / "below"), VALUE)
    assert not write_kept(str(tmp_path), VALUE)
    assert not write_kept("with\0null", VALUE)


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_what_others_could_have_written_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_kept(str(path), VALUE)
    for mode in (0o620, 0o602):
        path.chmod(mode)
        assert read_kept(str(path)) is None
    path.chmod(0o644)
    assert read_kept(str(path)) == VALUE
    link = tmp_path / "link"
    link.symlink_to(path)
    assert read_kept(str(link)) is None
    if os.geteuid() == 0:
        os.chown(path, 65534, 65534)
        assert read_kept(str(path)) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert read_kept(str(tmp_path / "pipe")) is None
