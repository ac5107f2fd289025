from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

import pytest

from rezup.errors import HashMismatchError, LockError
from rezup.wheelhouse.finding import first_of, in_folder
from support.wheelhouses import NAME, wheel_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.lockfiles.lock import Wheel

DATA = b"content"
WHEEL = wheel_of(DATA)
posix = pytest.mark.skipif(os.name == "nt", reason="of POSIX")


@pytest.mark.parametrize("read_timeout", [None, 30.0])
def test_a_wheel_beside_its_lock_is_found(tmp_path: Path, read_timeout: float | None) -> None:
    find = in_folder(tmp_path / "wheels", read_timeout=read_timeout)
    assert find(WHEEL) is None
    path = write(tmp_path / "wheels" / NAME, DATA)
    assert find(WHEEL) == path
    assert find(WHEEL._replace(name="bar-1.0-py3-none-any.whl")) is None


def test_another_file_of_that_name_is_an_error(tmp_path: Path) -> None:
    path = write(tmp_path / NAME, b"other")
    with pytest.raises(HashMismatchError) as caught:
        in_folder(tmp_path)(WHEEL)
    assert caught.value.name == str(path)
    assert caught.value.expected == WHEEL.sha256
    assert caught.value.found == hashlib.sha256(b"other").hexdigest()


@posix
@pytest.mark.parametrize("kind", ["folder", "pipe", "link to a folder", "link to a device"])
def test_what_is_no_file_is_an_error(tmp_path: Path, kind: str) -> None:
    path = tmp_path / NAME
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    else:
        path.symlink_to(tmp_path if kind == "link to a folder" else "/dev/zero")
    with pytest.raises(LockError, match="is no wheel"):
        in_folder(tmp_path)(WHEEL)


@posix
def test_a_link_to_the_file_will_do(tmp_path: Path) -> None:
    (tmp_path / "wheels").mkdir()
    (tmp_path / "wheels" / NAME).symlink_to(write(tmp_path / "large" / "object", DATA))
    assert in_folder(tmp_path / "wheels")(WHEEL) == tmp_path / "wheels" / NAME


def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path) -> None:
    write(tmp_path / NAME, DATA)
    with pytest.raises(LockError, match="is no name of a wheel"):
        in_folder(tmp_path / "wheels")(WHEEL._replace(name=f"../{NAME}"))


def test_the_first_that_has_it_is_asked_last(tmp_path: Path) -> None:
    asked = []

    def lacks(wheel: Wheel) -> None:
        asked.append(wheel)

    write(tmp_path / "b" / NAME, DATA)
    write(tmp_path / "c" / NAME, b"never looked at")
    find = first_of(lacks, in_folder(tmp_path / "a"), in_folder(tmp_path / "b"), in_folder(tmp_path / "c"))
    assert find(WHEEL) == tmp_path / "b" / NAME
    assert asked == [WHEEL]
    assert first_of()(WHEEL) is None
    assert first_of(lacks)(WHEEL) is None


def test_the_right_one_elsewhere_counts_and_without_one_the_wrong_one_is_named(tmp_path: Path) -> None:
    wrong = write(tmp_path / "a" / NAME, b"other")
    right = write(tmp_path / "b" / NAME, DATA)
    one, other = in_folder(tmp_path / "a"), in_folder(tmp_path / "b")
    assert first_of(one, other)(WHEEL) == right
    right.unlink()
    with pytest.raises(HashMismatchError) as caught:
        first_of(other, one, other)(WHEEL)
    assert caught.value.name == str(wrong)
