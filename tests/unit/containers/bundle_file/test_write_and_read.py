"""Bundles that are written and read again, by us and by others, and what fails to be written."""

from __future__ import annotations

import io
import itertools
import json
import os
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers.bundle_file import BundleFacts, open_bundle, read_bundle, write_bundle
from rezup.errors import BundleError
from rezup.recipes.names import ContainerName
from rezup.stores.stamps import Stamp
from rezup.wheelhouse import archive
from support.bundles import FACTS, FILES, WHEEL, bundle, document
from support.wheelhouses import below, files_end_at, umask, write

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(os.name == "nt", reason="of POSIX")


def test_what_was_written_is_read(tmp_path: Path, into: Path) -> None:
    files: dict[str, bytes | Path] = dict(FILES)
    files[WHEEL] = write(tmp_path / "any name", FILES[WHEEL])
    write_bundle(tmp_path / "foo.rezup", files, FACTS)
    found = read_bundle(tmp_path / "foo.rezup", into)
    assert found.facts == FACTS
    assert (found.container, found.stamp, found.folder) == ("foo", "1795179768.172130", into)
    assert below(into) == FILES
    assert found.files == {name: into / name for name in FILES}
    assert found.wheels == (into / WHEEL,)
    assert sorted(os.listdir(tmp_path)) == ["any name", "around", "foo.rezup"]


def test_the_same_revision_gives_the_same_bytes(tmp_path: Path) -> None:
    wheel = write(tmp_path / "x", FILES[WHEEL])
    os.utime(wheel, (1, 1))
    write_bundle(tmp_path / "one", FILES, FACTS)
    write_bundle(tmp_path / "two", {**dict(reversed(FILES.items())), WHEEL: wheel}, FACTS)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()


def test_any_program_opens_it(tmp_path: Path) -> None:
    write_bundle(tmp_path / "foo.rezup", FILES, FACTS)
    with zipfile.ZipFile(tmp_path / "foo.rezup") as opened:
        assert opened.testzip() is None
        assert opened.namelist() == ["bundle.json", *sorted(FILES)]
        assert {name: opened.read(name) for name in FILES} == FILES
        assert json.loads(opened.read("bundle.json")) == document()
        assert {entry.date_time for entry in opened.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_can_be_looked_into_first(tmp_path: Path, into: Path) -> None:
    with open_bundle(write(tmp_path / "foo.rezup", bundle())) as opened:
        assert opened.facts == FACTS
        assert list(into.iterdir()) == []
        assert opened.unpack(into).facts == FACTS
    assert below(into) == FILES


def test_a_revision_without_locks_can_be_carried(tmp_path: Path, into: Path) -> None:
    files = {name: FILES[name] for name in ("rezup.toml", "revision.json")}
    write_bundle(tmp_path / "foo.rezup", files, FACTS)
    assert read_bundle(tmp_path / "foo.rezup", into).wheels == ()
    assert below(into) == files


def test_what_was_there_is_replaced_at_once_or_stays(tmp_path: Path) -> None:
    target = write(tmp_path / "foo.rezup", b"before")
    with pytest.raises(BundleError):
        write_bundle(target, {**FILES, WHEEL: tmp_path / "missing"}, FACTS)
    assert target.read_bytes() == b"before"
    write_bundle(target, FILES, FACTS)
    assert zipfile.is_zipfile(target)


def test_texts_that_can_not_be_shown_are_made_so(tmp_path: Path, into: Path) -> None:
    facts = FACTS._replace(creator="ann\x1b[31m\n", host="h" * 500, rezup="\udc80")
    write_bundle(tmp_path / "foo.rezup", FILES, facts)
    found = read_bundle(tmp_path / "foo.rezup", into).facts
    assert found == BundleFacts(FACTS.container, FACTS.revision, "ann?[31m?", "h" * 200, "?")


@pytest.mark.parametrize(
    "name",
    ["bundle.json", "../x", "/x", "wheels/x", "wheels/a/b-1-py3-none-any.whl", "pin", "", "pylock.a.b.toml"],
)
def test_other_files_can_not_be_written(tmp_path: Path, name: str) -> None:
    with pytest.raises(BundleError, match="can't be in a bundle"):
        write_bundle(tmp_path / "foo.rezup", {**FILES, name: b""}, FACTS)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        ({"revision.json": b""}, "no rezup.toml"),
        ({"rezup.toml": b""}, "no revision.json"),
        ({"rezup.toml": b"", "revision.json": b"", WHEEL: b""}, "no lock"),
        ({**FILES, "wheels/Foo-1.0-py3-none-any.whl": b""}, "two of one name"),
    ],
)
def test_what_nobody_could_read_is_not_written(tmp_path: Path, files: dict[str, bytes], reason: str) -> None:
    with pytest.raises(BundleError, match=reason):
        write_bundle(tmp_path / "foo.rezup", files, FACTS)
    assert os.listdir(tmp_path) == []


@posix
def test_a_file_that_changes_meanwhile_is_told(tmp_path: Path) -> None:
    """Another file comes in its place after the first reading, the one for hashes."""
    path = write(tmp_path / "x", b"one")

    class Changing(dict[str, "bytes | Path"]):
        def __getitem__(self, name: str) -> bytes | Path:
            found = super().__getitem__(name)
            if name == WHEEL:
                self[WHEEL] = b"two"
            return found

    with pytest.raises(BundleError, match="was changed while it was bundled"):
        write_bundle(tmp_path / "foo.rezup", Changing({**FILES, WHEEL: path}), FACTS)
    assert os.listdir(tmp_path) == ["x"]


@posix
def test_a_file_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path / "missing", tmp_path):
        with pytest.raises(BundleError, match="can't be read"):
            write_bundle(tmp_path / "foo.rezup", {**FILES, WHEEL: path}, FACTS)
    assert os.listdir(tmp_path) == ["pipe"]


def test_a_place_that_can_not_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    write(tmp_path / "file", b"")
    for target in (tmp_path / "folder", tmp_path / "missing" / "foo.rezup", tmp_path / "file" / "foo.rezup"):
        with pytest.raises(BundleError, match="can't be written") as caught:
            write_bundle(target, FILES, FACTS)
        assert caught.value.hint
    assert sorted(os.listdir(tmp_path)) == ["file", "folder"]


@posix
def test_a_full_disk_leaves_no_file(tmp_path: Path, into: Path) -> None:
    write_bundle(tmp_path / "whole", FILES, FACTS)
    size = (tmp_path / "whole").stat().st_size
    for room in (0, 1, 100, size // 2, size - 1):
        with files_end_at(room), pytest.raises(BundleError, match="can't be written"):
            write_bundle(tmp_path / "foo.rezup", FILES, FACTS)
        assert sorted(os.listdir(tmp_path)) == ["around", "whole"]
    with files_end_at(len(FILES[WHEEL]) - 1), pytest.raises(BundleError, match="can't be unpacked") as caught:
        read_bundle(tmp_path / "whole", into)
    assert caught.value.hint
    assert list(into.iterdir()) == []


@posix
@pytest.mark.parametrize(("mask", "mode"), [(0o000, 0o644), (0o022, 0o644), (0o077, 0o600)])
def test_the_user_decides_who_reads_and_nobody_else_writes(tmp_path: Path, mask: int, mode: int) -> None:
    with umask(mask):
        write_bundle(tmp_path / "foo.rezup", FILES, FACTS)
    assert stat.S_IMODE((tmp_path / "foo.rezup").stat().st_mode) == mode


def test_facts_are_what_the_types_say(tmp_path: Path, into: Path) -> None:
    found = read_bundle(write(tmp_path / "foo.rezup", bundle()), into).facts
    assert isinstance(found.container, ContainerName)
    assert isinstance(found.revision, Stamp)


def test_a_folder_that_is_not_empty_or_a_link_is_not_used(tmp_path: Path, into: Path) -> None:
    path = write(tmp_path / "foo.rezup", bundle())
    (tmp_path / "link").symlink_to(into)
    mine = write(into / "mine", b"mine")
    for folder in (into, tmp_path / "link"):
        with pytest.raises(BundleError, match="can't take a bundle"):
            read_bundle(path, folder)
    with pytest.raises(BundleError, match="can't be unpacked"):
        read_bundle(path, tmp_path / "missing")
    assert mine.read_bytes() == b"mine"


class Sparse(io.FileIO):
    """A file in which zeros take no room."""

    def write(self, data: Any) -> int:
        if data == bytes(len(data)):
            self.seek(len(data), os.SEEK_CUR)
            return len(data)
        return super().write(data) or 0


@posix
@pytest.mark.parametrize("size", [2**31 + 5, 2**32 + 7])
def test_an_archive_may_have_gigabytes(tmp_path: Path, size: int) -> None:
    zeros = b"\0" * (1 << 24)
    whole, rest = divmod(size, len(zeros))
    chunks = itertools.chain(itertools.repeat(zeros, whole), [b"x" * rest])
    with Sparse(tmp_path / "large.zip", "wb") as stream:
        archive.write(stream, [archive.Piece("1", size, chunks), archive.Piece("2", 3, [b"abc"])])  # type: ignore[arg-type]
    with (tmp_path / "large.zip").open("rb") as stream:
        opened = archive.Archive(stream, str.isdigit)
        assert opened.sizes == {"1": size, "2": 3}
        assert b"".join(opened.content("2")) == b"abc"
