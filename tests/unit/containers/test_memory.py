"""What is remembered of a remote, and of builds that failed."""

from __future__ import annotations

from pathlib import Path

import pytest

from rezup.containers.backoff import Backoff
from rezup.containers.remembered import Remembered
from rezup.recipes.names import ContainerName
from rezup.stores.base import Listing
from rezup.stores.stamps import Stamp

FOO = ContainerName("foo")
LISTING = Listing(frozenset({Stamp("1.0"), Stamp("2.0")}), frozenset({Stamp("0.5")}), Stamp("1.0"))


def test_the_last_answer_is_remembered(tmp_path: Path) -> None:
    memory = Remembered(tmp_path / "new", Path("/studio"))
    assert memory.recall(FOO) is None
    memory.keep(FOO, LISTING)
    assert memory.recall(FOO) == LISTING


def test_another_root_or_container_is_another_memory(tmp_path: Path) -> None:
    Remembered(tmp_path, Path("/studio")).keep(FOO, LISTING)
    assert Remembered(tmp_path, Path("/other")).recall(FOO) is None
    assert Remembered(tmp_path, Path("/studio")).recall(ContainerName("bar")) is None


def test_an_answer_that_did_not_change_is_not_written_again(tmp_path: Path) -> None:
    memory = Remembered(tmp_path, Path("/studio"))
    memory.keep(FOO, LISTING)
    (file,) = tmp_path.iterdir()
    before = file.stat().st_ino
    memory.keep(FOO, LISTING)
    assert file.stat().st_ino == before


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'{"format": 1}', b"\0\0"])
def test_a_damaged_memory_is_no_memory(tmp_path: Path, data: bytes) -> None:
    memory = Remembered(tmp_path, Path("/studio"))
    memory.keep(FOO, LISTING)
    (file,) = tmp_path.iterdir()
    file.write_bytes(data)
    assert memory.recall(FOO) is None


def test_a_memory_that_can_not_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = Remembered(tmp_path / "file" / "below", Path("/studio"))
    memory.keep(FOO, LISTING)
    assert memory.recall(FOO) is None
    assert Remembered(None, Path("/studio")).recall(FOO) is None


def test_a_failed_build_waits_longer_each_time_and_success_forgets(tmp_path: Path) -> None:
    backoff = Backoff(tmp_path / "state", Path("/root"))
    assert backoff.pending(FOO, Stamp("1.0")) is None
    backoff.failed(FOO, Stamp("1.0"), "no network")
    first = backoff.pending(FOO, Stamp("1.0"))
    backoff.failed(FOO, Stamp("1.0"), "no network")
    second = backoff.pending(FOO, Stamp("1.0"))
    assert first is not None
    assert second is not None
    assert (first.attempts, second.attempts) == (1, 2)
    assert second.until - first.until > 50
    assert backoff.pending(FOO, Stamp("2.0")) is None
    backoff.succeeded(FOO, Stamp("1.0"))
    assert backoff.pending(FOO, Stamp("1.0")) is None


def test_what_fails_all_day_is_tried_ten_times_however_often_it_is_launched(tmp_path: Path) -> None:
    now = 1.7e9
    backoff = Backoff(tmp_path, Path("/root"), clock=lambda: now)
    tries = []
    for minute in range(2 * 24 * 60):
        now = 1.7e9 + minute * 60
        if backoff.pending(FOO, Stamp("1.0")) is None:
            tries.append(minute)
            backoff.failed(FOO, Stamp("1.0"), "no such package")
    assert tries[:4] == [0, 2, 6, 14]
    assert len([minute for minute in tries if minute < 24 * 60]) == 10
    assert len(tries) <= 12


def test_a_clock_that_was_set_back_does_not_forbid_a_build_for_ever(tmp_path: Path) -> None:
    backoff = Backoff(tmp_path, Path("/root"))
    backoff.failed(FOO, Stamp("1.0"), "no network")
    (file,) = tmp_path.iterdir()
    file.write_text('{"attempts": 1, "until": 99999999999, "cause": "x"}')
    assert backoff.pending(FOO, Stamp("1.0")) is None
