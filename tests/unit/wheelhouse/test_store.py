from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import threading
import time
from typing import TYPE_CHECKING

import pytest

from rezup.errors import HashMismatchError, LockError, RemoteUnreachableError, RezupError, StoreError
from rezup.lockfiles.lock import Lock, LockedPackage, Wheel
from rezup.reporting import Reporter
from rezup.system.leftovers import SWEEP_AFTER_UNKNOWN
from rezup.wheelhouse.hashing import Hashes
from rezup.wheelhouse.store import SPARED, Wheelhouse
from support.wheelhouses import NAME, Warned, below, files_end_at, repeating, umask, wheel_of, write

if TYPE_CHECKING:
    from pathlib import Path

DATA = b"content of a wheel" * 1000
WHEEL = wheel_of(DATA)
posix = pytest.mark.skipif(os.name == "nt", reason="of POSIX")


@pytest.fixture
def reporter() -> Warned:
    return Warned()


@pytest.fixture
def house(tmp_path: Path, reporter: Warned) -> Wheelhouse:
    return Wheelhouse(tmp_path / "root", reporter=reporter)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "built.whl", DATA)


def at(house: Wheelhouse, wheel: Wheel = WHEEL) -> Path:
    return house.folder / wheel.sha256 / wheel.name


# -- putting ----------------------------------------------------------------------------------


def test_a_wheel_that_was_put_is_found(house: Wheelhouse, source: Path, reporter: Warned) -> None:
    assert house.find(WHEEL) is None
    assert house.put(source, WHEEL) == at(house)
    assert Wheelhouse(house.folder.parent).find(WHEEL) == at(house)
    assert house.names() == [WHEEL.sha256]
    assert below(house.folder) == {f"{WHEEL.sha256}/{NAME}": DATA}
    assert reporter.warnings == []


def test_it_is_kept_once(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    before = at(house).stat()
    for other in (house, Wheelhouse(house.folder.parent)):
        assert other.put(source, WHEEL) == at(house)
    after = at(house).stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)
    assert list(house.folder.iterdir()) == [house.folder / WHEEL.sha256]


def test_one_hash_may_have_two_names(house: Wheelhouse, source: Path) -> None:
    other = WHEEL._replace(name="foo-1.0-1-py3-none-any.whl")
    house.put(source, WHEEL)
    house.put(source, other)
    assert house.find(WHEEL) == at(house)
    assert house.find(other) == at(house, other)
    assert house.names() == [WHEEL.sha256]


def test_another_file_is_refused_with_both_hashes(house: Wheelhouse, tmp_path: Path) -> None:
    other = write(tmp_path / "other.whl", DATA[:-1] + b"!")
    with pytest.raises(HashMismatchError) as caught:
        house.put(other, WHEEL)
    assert (caught.value.name, caught.value.expected) == (str(other), WHEEL.sha256)
    assert caught.value.found == hashlib.sha256(other.read_bytes()).hexdigest()
    assert below(house.folder) == {}
    assert house.names() == []


@pytest.mark.parametrize("damage", [b"", DATA[:-1], DATA[:-1] + b"!", DATA + b"!"])
def test_a_damaged_one_is_replaced(house: Wheelhouse, source: Path, damage: bytes) -> None:
    write(at(house), damage)
    house.put(source, WHEEL)
    assert at(house).read_bytes() == DATA
    assert house.find(WHEEL) == at(house)


@posix
@pytest.mark.parametrize("kind", ["link", "dangling", "folder", "pipe"])
def test_what_is_no_file_is_absent_and_replaced(
    house: Wheelhouse, source: Path, reporter: Warned, tmp_path: Path, kind: str
) -> None:
    at(house).parent.mkdir(parents=True)
    if kind == "pipe":
        os.mkfifo(at(house))
    elif kind == "folder":
        write(at(house) / "inside", b"")
    else:
        at(house).symlink_to(source if kind == "link" else tmp_path / "nowhere")
    assert house.find(WHEEL) is None
    assert str(at(house)) in reporter.warnings[0]
    assert {"link": "link", "dangling": "link", "folder": "folder", "pipe": "pipe"}[
        kind
    ] in reporter.warnings[0]
    house.put(source, WHEEL)
    assert house.find(WHEEL) == at(house)
    assert stat.S_ISREG(at(house).lstat().st_mode)
    assert source.read_bytes() == DATA
    assert list(house.folder.iterdir()) == [at(house).parent]


@posix
def test_nothing_is_put_through_a_link(
    house: Wheelhouse, source: Path, tmp_path: Path, reporter: Warned
) -> None:
    elsewhere = tmp_path / "elsewhere"
    write(elsewhere / NAME, DATA)
    house.folder.mkdir(parents=True)
    at(house).parent.symlink_to(elsewhere)
    assert house.find(WHEEL) is None
    assert "link" in reporter.warnings[0]
    with pytest.raises(StoreError, match="is no folder"):
        house.put(source, WHEEL)
    house.remove(WHEEL.sha256)
    assert not os.path.lexists(at(house).parent)
    assert (elsewhere / NAME).exists()
    house.folder.rmdir()
    house.folder.symlink_to(elsewhere)
    for change in (lambda: house.put(source, WHEEL), lambda: house.remove(WHEEL.sha256)):
        with pytest.raises(StoreError, match="is no folder"):
            change()
    house.sweep()
    assert below(elsewhere) == {NAME: DATA}


@posix
@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_all_may_read_and_nobody_else_may_write(house: Wheelhouse, source: Path, mask: int) -> None:
    with umask(mask):
        house.put(source, WHEEL)
    assert stat.S_IMODE(at(house).stat().st_mode) == 0o444
    for folder in (house.folder, at(house).parent):
        mode = stat.S_IMODE(folder.stat().st_mode)
        assert mode & 0o555 == 0o555
        assert not mode & 0o002


@posix
def test_a_full_disk_leaves_nothing(house: Wheelhouse, source: Path) -> None:
    for size in (0, 1, len(DATA) - 1):
        with files_end_at(size), pytest.raises(StoreError) as caught:
            house.put(source, WHEEL)
        assert caught.value.hint
        assert list(house.folder.iterdir()) == []
    house.put(source, WHEEL)
    assert house.find(WHEEL) is not None


@posix
def test_a_pipe_or_a_missing_file_can_not_be_put(house: Wheelhouse, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "missing", tmp_path):
        with pytest.raises(StoreError, match="can't be read"):
            house.put(path, WHEEL)
    assert house.names() == []


def test_a_root_that_is_a_file_is_told(tmp_path: Path, source: Path) -> None:
    house = Wheelhouse(write(tmp_path / "file", b""))
    with pytest.raises(StoreError) as caught:
        house.put(source, WHEEL)
    assert "file" in str(caught.value)
    assert house.find(WHEEL) is None
    assert house.names() == []
    house.sweep()


def test_many_at_once_leave_one_file(house: Wheelhouse, source: Path) -> None:
    root, errors = house.folder.parent, []

    def put() -> None:
        mine = Wheelhouse(root)
        try:
            mine.put(source, WHEEL)
            assert mine.find(WHEEL) is not None
        except (RezupError, OSError, AssertionError) as error:
            errors.append(error)

    threads = [threading.Thread(target=put) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert below(house.folder) == {f"{WHEEL.sha256}/{NAME}": DATA}
    assert list(house.folder.iterdir()) == [at(house).parent]


def test_putting_and_removing_at_once_ends_well(house: Wheelhouse, source: Path) -> None:
    """A remover in another process takes away the folder all the time."""
    root = house.folder.parent
    with repeating(root, f"house.remove({WHEEL.sha256!r}); house.sweep()"):
        for _ in range(1000):
            Wheelhouse(root).put(source, WHEEL)
    house.put(source, WHEEL)
    assert house.find(WHEEL) == at(house)


# -- looking ----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [WHEEL.size, None])
@pytest.mark.parametrize("damage", [b"", DATA[:-1], b"!" + DATA[1:], DATA + b"!"])
def test_a_damaged_one_is_absent_with_a_warning(
    house: Wheelhouse, reporter: Warned, damage: bytes, size: int | None
) -> None:
    write(at(house), damage)
    assert house.find(WHEEL._replace(size=size)) is None
    (warning,) = reporter.warnings
    assert str(at(house)) in warning


def test_the_same_damage_is_told_once(house: Wheelhouse, reporter: Warned) -> None:
    write(at(house), DATA[:-1])
    assert [house.find(WHEEL), house.find_or_refuse(WHEEL._replace(url="https://host/x.whl"))] == [None, None]
    assert len(reporter.warnings) == 1
    write(at(house), DATA[:-2])
    assert house.find(WHEEL) is None
    assert len(reporter.warnings) == 2


@pytest.mark.parametrize("size", [WHEEL.size, None])
@pytest.mark.parametrize("damage", [b"", DATA[:-1], b"!" + DATA[1:]])
def test_damage_of_what_no_index_has_is_refused(
    house: Wheelhouse, source: Path, reporter: Warned, damage: bytes, size: int | None
) -> None:
    wheel = WHEEL._replace(size=size)
    assert house.find_or_refuse(wheel) is None
    write(at(house), damage)
    with pytest.raises(HashMismatchError) as caught:
        house.find_or_refuse(wheel)
    found = hashlib.sha256(damage).hexdigest()
    assert (caught.value.name, caught.value.expected, caught.value.found) == (
        str(at(house)), WHEEL.sha256, found
    )  # fmt: skip
    assert reporter.warnings == []
    house.put(source, wheel)
    assert house.find_or_refuse(wheel) == at(house)


@posix
def test_what_is_no_file_is_absent_also_where_damage_is_refused(house: Wheelhouse, reporter: Warned) -> None:
    at(house).mkdir(parents=True)
    assert house.find_or_refuse(WHEEL) is None
    assert len(reporter.warnings) == 1


@posix
def test_what_changes_between_two_looks_is_noticed(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    assert house.find(WHEEL) is not None
    at(house).chmod(0o644)
    at(house).write_bytes(b"!" + DATA[1:])
    os.utime(at(house), (1, 1))
    assert house.find(WHEEL) is None


@posix
def test_a_file_is_read_once(house: Wheelhouse, source: Path) -> None:
    """What can't be read any more, and didn't change, was verified before."""
    house.put(source, WHEEL)
    assert house.find(WHEEL) is not None
    before = at(house).stat()
    at(house).chmod(0o644)
    at(house).write_bytes(b"!" + DATA[1:])
    os.utime(at(house), ns=(before.st_atime_ns, before.st_mtime_ns))
    assert house.find(WHEEL) is not None
    assert Wheelhouse(house.folder.parent).find(WHEEL) is None


@pytest.mark.parametrize(
    "name",
    [
        "", ".", "..", "../foo-1.0-py3-none-any.whl", "/foo-1.0-py3-none-any.whl", "a/foo-1.0-py3-none-any.whl",
        "a\\foo-1.0-py3-none-any.whl", "C:foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.whl\0", "foo-1.0-py3-none-any.whl\n",
        "-foo-1.0-py3-none-any.whl", ".foo-1.0-py3-none-any.whl", "foo-1.0-py3-none-any.zip", "foo.whl", "foo-1.0.tar.gz",
        "con.a-1.0-py3-none-any.whl", "föö-1.0-py3-none-any.whl", "f" * 240 + "-1.0-py3-none-any.whl",
        "foo-1.0-\x1b[31m-none-any.whl", "foo bar-1.0-py3-none-any.whl",
    ],
)  # fmt: skip
def test_what_could_leave_the_folder_is_no_name_of_a_wheel(
    house: Wheelhouse, source: Path, name: str
) -> None:
    wheel = WHEEL._replace(name=name)
    for ask in (lambda: house.find(wheel), lambda: house.put(source, wheel)):
        with pytest.raises(LockError, match="is no name of a wheel"):
            ask()
    assert not house.folder.exists()


@pytest.mark.parametrize("digest", ["", "..", "a" * 63, "g" * 64, "../" + "a" * 61, "a" * 64 + "\n"])
def test_what_is_no_hash_is_refused(house: Wheelhouse, source: Path, digest: str) -> None:
    wheel = WHEEL._replace(sha256=digest)
    for ask in (lambda: house.find(wheel), lambda: house.put(source, wheel)):
        with pytest.raises(LockError, match="no usable hash"):
            ask()
    with pytest.raises(ValueError, match="is no SHA-256"):
        house.remove(digest)


@pytest.mark.parametrize(
    "name",
    [
        "rez-3.4.0-py3-none-any.whl", "zope.interface-5.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
        "torch-2.1.0+cu118-cp311-cp311-linux_x86_64.whl", "foo-1!2.0-py2.py3-none-any.whl", "foo-1.0-2build-py3-none-any.whl",
    ],
)  # fmt: skip
def test_real_names_are_taken_and_a_hash_in_capitals_too(house: Wheelhouse, source: Path, name: str) -> None:
    wheel = WHEEL._replace(name=name, sha256=WHEEL.sha256.upper())
    house.put(source, wheel)
    assert house.find(wheel) == house.folder / WHEEL.sha256 / name


@posix
def test_a_share_is_asked_in_bounded_time(tmp_path: Path, source: Path) -> None:
    house = Wheelhouse(tmp_path / "root", read_timeout=30.0)
    house.put(source, WHEEL)
    assert house.find(WHEEL) == at(house)
    assert house.names() == [WHEEL.sha256]
    write(at(house), b"") if os.geteuid() == 0 else at(house).unlink()
    assert house.find(WHEEL) is None


@posix
def test_a_share_that_does_not_answer_is_told(tmp_path: Path) -> None:
    with pytest.raises(RemoteUnreachableError, match="is unreachable") as caught:
        Hashes(0.05).within(tmp_path, lambda: time.sleep(60))
    assert caught.value.hint


# -- removing ---------------------------------------------------------------------------------


def lock_of(*wheels: Wheel) -> Lock:
    return Lock((LockedPackage("foo", "1.0", wheels),))


def test_what_no_lock_names_is_unused_once_it_is_old(house: Wheelhouse, tmp_path: Path) -> None:
    wheels = [wheel_of(data) for data in (b"a", b"b", b"c")]
    for wheel, data in zip(wheels, (b"a", b"b", b"c"), strict=True):
        house.put(write(tmp_path / "x.whl", data), wheel)
    digests = sorted(wheel.sha256 for wheel in wheels)
    now = time.time()
    later = now + SPARED + 60
    assert house.unused([], now=now) == []
    assert house.unused([], now=now + 60, spared=10.0) == digests
    assert house.unused([], now=later) == digests
    used = wheels[0]._replace(sha256=wheels[0].sha256.upper())
    assert house.unused([lock_of(used), lock_of(wheels[1])], now=later) == [wheels[2].sha256]
    assert house.unused([lock_of(*wheels)], now=later) == []


def test_what_is_put_again_is_spared(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    os.utime(at(house).parent, (1, 1))
    assert house.unused([], now=time.time()) == [WHEEL.sha256]
    house.put(source, WHEEL)
    assert house.unused([], now=time.time()) == []


class Publisher(Reporter):
    """Wants a wheel at the moment when it is about to be removed."""

    def __init__(self, house: Wheelhouse, source: Path) -> None:
        self._house, self._source = house, source
        self.is_called = False

    def stage_started(self, name: str, detail: str) -> None:
        if name == "trash":
            self.is_called = True
            self._house.put(self._source, WHEEL)


def test_one_that_is_wanted_again_when_it_was_found_unused_stays(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    long_ago = time.time() - 60
    publisher = Publisher(house, source)
    remover = Wheelhouse(house.folder.parent, reporter=publisher)
    assert not remover.remove(WHEEL.sha256, untouched_since=long_ago)
    assert not publisher.is_called  # it was left where it is all the time
    os.utime(at(house).parent, (1, 1))
    assert not remover.remove(WHEEL.sha256, untouched_since=long_ago)
    assert publisher.is_called
    assert below(house.folder) == {f"{WHEEL.sha256}/{NAME}": DATA}
    os.utime(at(house).parent, (1, 1))
    assert house.remove(WHEEL.sha256, untouched_since=long_ago)
    assert below(house.folder) == {}


def test_what_a_publisher_put_is_there_whoever_prunes(house: Wheelhouse, source: Path) -> None:
    """Each time it is old, so that the remover takes it away or just not."""
    root = house.folder.parent
    with repeating(root, f"house.remove({WHEEL.sha256!r}, untouched_since=time.time() - 60)"):
        for _ in range(500):
            house.put(source, WHEEL)
            with contextlib.suppress(FileNotFoundError):
                os.utime(at(house).parent, (1, 1))
            Wheelhouse(root).put(source, WHEEL)
            deadline = time.monotonic() + 5
            # It may be taken away for a moment, and back again: at any time, so one look has to do.
            while not (is_there := at(house).exists()) and time.monotonic() < deadline:
                time.sleep(0.001)
            assert is_there
    assert house.find(WHEEL) == at(house)


def test_the_files_of_a_hash_are_told_with_what_they_take(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    assert house.content(WHEEL.sha256) == {NAME: at(house).stat().st_blocks * 512}
    with pytest.raises(StoreError):
        house.content("0" * 64)
    with pytest.raises(ValueError, match="no SHA-256"):
        house.content("..")


def test_a_removed_one_is_gone(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    house.remove(WHEEL.sha256)
    assert house.find(WHEEL) is None
    assert list(house.folder.iterdir()) == []
    house.remove(WHEEL.sha256)


def test_a_foreign_file_in_the_place_of_a_folder_goes_too(house: Wheelhouse) -> None:
    write(house.folder / WHEEL.sha256, b"")
    assert house.names() == []
    house.remove(WHEEL.sha256)
    assert list(house.folder.iterdir()) == []


def test_a_sweep_takes_old_leavings_only(house: Wheelhouse, source: Path) -> None:
    house.put(source, WHEEL)
    old = house.folder / ".staging-00000000-1-deadbeef"
    new = house.folder / ".trash-00000000-1-deadbeef"
    for folder in (old, new):
        write(folder / NAME, b"half")
    os.utime(old, (time.time() - SWEEP_AFTER_UNKNOWN - 60,) * 2)
    (house.folder / ("0" * 64)).mkdir()
    write(house.folder / "notes.txt", b"")
    house.sweep()
    assert {path.name for path in house.folder.iterdir()} == {WHEEL.sha256, new.name, "notes.txt"}
    assert house.names() == [WHEEL.sha256]
