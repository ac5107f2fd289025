"""The history of pins as a file: what is read of it, and what is written behind what."""

from __future__ import annotations

import json
import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers import history
from rezup.containers.history import HISTORY, Entry
from rezup.errors import RemoteUnreachableError, StoreError
from rezup.recipes.names import ContainerName
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp

if TYPE_CHECKING:
    from pathlib import Path

FOO = ContainerName("foo")
GOOD = {
    "format": 1, "at": 5.5, "action": "pin", "user": "ann", "host": "ws1", "from": None, "to": "1.5", "why": "",
}  # fmt: skip
ENTRY = Entry(5.5, "pin", "ann", "ws1", None, Stamp("1.5"), "")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a container."""
    made = tmp_path / "root" / FOO
    made.mkdir(parents=True)
    return made


def write(folder: Path, entry: Entry) -> None:
    with history.opened(folder) as descriptor:
        history.append(descriptor, entry)


def read(folder: Path) -> list[Entry]:
    return history.read_local(LocalStore(folder.parent), FOO)


def test_what_is_written_is_read_in_order(folder: Path) -> None:
    entries = [ENTRY._replace(at=float(at), source=Stamp("0.5"), why=f"{at} é\n") for at in (3, 1, 2)]
    for entry in entries:
        write(folder, entry)
    assert read(folder) == entries
    assert history.read_remote(RemoteStore(folder.parent), FOO) == entries


def test_none_yet(folder: Path) -> None:
    assert read(folder) == []
    assert history.read_remote(RemoteStore(folder.parent), FOO) == []


def test_a_share_that_is_not_there_has_no_answer(tmp_path: Path) -> None:
    with pytest.raises(RemoteUnreachableError):
        history.read_remote(RemoteStore(tmp_path / "share"), FOO)


def test_keys_of_a_later_version_are_ignored(folder: Path) -> None:
    (folder / HISTORY).write_text(json.dumps({**GOOD, "ticket": 7}) + "\n")
    assert read(folder) == [ENTRY]


@pytest.mark.parametrize(
    "change",
    [
        {"format": 2}, {"format": None}, {"at": "soon"}, {"at": None}, {"at": -1}, {"at": 1e300}, {"at": 10**400},
        {"at": float("nan")}, {"at": float("inf")}, {"at": []}, {"action": 1}, {"user": None}, {"host": {}},
        {"why": ["x"]}, {"from": "../../etc"}, {"to": "x"}, {"to": 1}, {"to": ["1.5"]},
    ],
)  # fmt: skip
def test_a_line_that_is_not_ours_is_passed_over(folder: Path, change: dict[str, Any]) -> None:
    lines = [GOOD, {**GOOD, **change}, {k: v for k, v in GOOD.items() if k not in change}, GOOD]
    (folder / HISTORY).write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert read(folder) == [ENTRY, ENTRY]


def test_only_the_end_of_an_endless_file_is_read(folder: Path) -> None:
    line = json.dumps({**GOOD, "why": "x" * 900}) + "\n"
    (folder / HISTORY).write_text(json.dumps(GOOD) + "\n" + line * 3000)
    found = read(folder)
    assert len(found) == (1 << 20) // len(line)
    assert {entry.why for entry in found} == {"x" * 900}


def test_a_torn_end_gets_a_line_end_first_and_is_never_rewritten(folder: Path) -> None:
    write(folder, ENTRY)
    with (folder / HISTORY).open("ab") as stream:
        stream.write(b'{"format": 1, "at": 6')
    before = (folder / HISTORY).read_bytes()
    write(folder, ENTRY._replace(at=7.0))
    assert (folder / HISTORY).read_bytes().startswith(before + b"\n")
    assert [entry.at for entry in read(folder)] == [5.5, 7.0]


def test_no_line_of_many_writers_is_lost(folder: Path) -> None:
    def work(writer: int) -> None:
        for number in range(25):
            write(folder, ENTRY._replace(user=f"{writer}", why=f"{number}"))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    found = [(entry.user, entry.why) for entry in read(folder)]
    assert sorted(found) == sorted((f"{w}", f"{n}") for w in range(8) for n in range(25))


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with names")
def test_what_is_no_file_is_an_error(folder: Path) -> None:
    os.mkfifo(folder / HISTORY)
    with pytest.raises(StoreError):
        read(folder)
    with pytest.raises(StoreError):
        history.read_remote(RemoteStore(folder.parent), FOO)
    with pytest.raises(OSError, match="regular"), history.opened(folder):
        pass
