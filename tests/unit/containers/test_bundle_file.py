from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
import stat
import struct
import tempfile
import tracemalloc
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rezup.containers.bundle_file import BundleFacts, is_member, open_bundle, read_bundle, write_bundle
from rezup.errors import BundleError, HashMismatchError
from rezup.recipes.names import ContainerName
from rezup.stores.stamps import Stamp
from rezup.wheelhouse import archive
from support.bundles import FACTS, FILES, WHEEL, about, bundle, document, info, packed
from support.wheelhouses import below, files_end_at, umask, write

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(os.name == "nt", reason="of POSIX")


@pytest.fixture
def into(tmp_path: Path) -> Path:
    folder = tmp_path / "around" / "into"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def refused(tmp_path: Path, into: Path) -> Callable[..., BundleError]:
    """Nothing is made of these bytes, anywhere."""

    def refused(data: bytes, reason: str) -> BundleError:
        path = write(tmp_path / "around" / "foo.rezup", data)
        with pytest.raises(BundleError, match=reason) as caught:
            read_bundle(path, into)
        assert caught.value.hint
        assert below(tmp_path) == {"around/foo.rezup": data}
        assert list(into.iterdir()) == []
        return caught.value

    return refused


# -- there and back ---------------------------------------------------------------------------


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


# -- failing to write -------------------------------------------------------------------------


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


# -- hostile archives (names) -----------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "../rezup.toml", "wheels/../../x", "wheels/../foo-1.0-py3-none-any.whl", "/etc/passwd", "//host/share/x",
        "C:rezup.toml", "C:/x", "C:\\x", "\\\\?\\C:\\x", "wheels\\foo-2.0-py3-none-any.whl", "..\\x", "./rezup.toml",
        "rezup.toml\0", "rezup.toml\0.whl", "wheels/foo-2.0-py3-none-any.whl\0", "wheels/", "wheels", ".", "", "rezup.toml/",
        "wheels//foo-2.0-py3-none-any.whl", "wheels/a/foo-2.0-py3-none-any.whl", "wheels/x.pth", "sitecustomize.py",
        "wheels/foo-2.0.tar.gz", "lease", "pin", "venv/rez/bin/python", "rezup.toml\n", "rezup.toml ", "rezup.toml.",
        "wheels/con.x-2.0-py3-none-any.whl", "NUL", "wheels/f\u00f6\u00f6-2.0-py3-none-any.whl", "r\u202ezup.toml", "\x1b[31m",
        "pylock.a.b.toml", "pylock..toml", "pylock/x.toml", "wheels/" + "f" * 300 + "-1.0-py3-none-any.whl", "x" * 60000,
    ],
)  # fmt: skip
def test_names_that_a_bundle_has_not_are_refused(refused: Callable[..., BundleError], name: str) -> None:
    assert not is_member(name)
    files = {**FILES, name: b"x"}
    error = refused(bundle(files), "damaged, or was made by something else")
    assert error.context is not None
    assert error.context.endswith("is no name that a bundle has")
    assert error.context.isascii()
    assert error.context.isprintable()


@pytest.mark.parametrize("name", [*FILES, "bundle.json"])
def test_a_name_twice_is_refused(refused: Callable[..., BundleError], name: str) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        data = bundle(FILES, (name, FILES.get(name, b"")))
    refused(data, "twice")


@pytest.mark.parametrize("twin", ["wheels/Foo-1.0-py3-none-any.whl", "pylock.MY_TOOL-2.toml"])
def test_twins_in_case_are_refused(refused: Callable[..., BundleError], twin: str) -> None:
    refused(bundle({**FILES, twin: b""}), "upper and lower case only")


def test_more_members_than_anybody_needs_are_refused(refused: Callable[..., BundleError]) -> None:
    files = {f"wheels/foo-{n}-py3-none-any.whl": b"" for n in range(archive.MOST_MEMBERS)}
    refused(bundle({**FILES, **files}), "more than 10000 members")


# -- hostile archives (kinds of members) ------------------------------------------------------


@pytest.mark.parametrize(
    "mode",
    [
        stat.S_IFLNK | 0o777, stat.S_IFDIR | 0o755, stat.S_IFCHR | 0o666, stat.S_IFBLK | 0o666, stat.S_IFIFO | 0o644,
        stat.S_IFSOCK | 0o644, stat.S_IFREG | 0o4755, stat.S_IFREG | 0o2755, stat.S_IFREG | 0o1644, 0o4755,
    ],
)  # fmt: skip
@pytest.mark.parametrize("system", [0, 3, 19])
def test_members_that_are_no_plain_files_are_refused(
    refused: Callable[..., BundleError], mode: int, system: int
) -> None:
    name = "wheels/bar-1.0-py3-none-any.whl"
    data = b"/etc/passwd"
    made = packed(
        ("bundle.json", about({**FILES, name: data})),
        *FILES.items(),
        (info(name, mode, create_system=system), data),
    )
    refused(made, "is no plain file")


def test_a_link_and_what_would_be_written_through_it_are_refused(refused: Callable[..., BundleError]) -> None:
    made = packed((info("wheels", stat.S_IFLNK | 0o777), b"/tmp"), ("bundle.json", about()), *FILES.items())
    refused(made, "is no name that a bundle has")


def test_a_folder_by_attribute_of_dos_is_refused(refused: Callable[..., BundleError]) -> None:
    made = packed((info("bundle.json", external_attr=0x10), about()), *FILES.items())
    refused(made, "is no plain file")


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compressed_members_such_as_bombs_are_refused(
    refused: Callable[..., BundleError], method: int
) -> None:
    bomb = b"\0" * 10_000_000
    made = packed(
        ("bundle.json", about({**FILES, WHEEL: bomb})),
        *((name, data) for name, data in FILES.items() if name != WHEEL),
        (info(WHEEL, compress_type=method), bomb),
    )
    assert len(made) < 20_000
    refused(made, "is compressed")


@pytest.mark.parametrize(
    ("place", "value"), [(0, 1), (0, 8), (0, 32), (0, 64), (1, 8), (1, 32), (2, 8), (2, 12), (2, 14), (2, 99)]
)
@pytest.mark.parametrize("where", ["both", "central"])
def test_encrypted_members_and_those_of_other_methods_are_refused(
    refused: Callable[..., BundleError], place: int, value: int, where: str
) -> None:
    """Flags, of two bytes, and the method; sizes are as in a member that isn't compressed."""
    made = bytearray(bundle())
    local, central = made.index(b"PK\3\4"), made.index(b"PK\1\2")
    if where == "both":
        made[local + 6 + place] = value
    made[central + 8 + place] = value
    refused(bytes(made), "compressed, encrypted, or written in another way")


def test_a_name_in_no_encoding_is_refused(refused: Callable[..., BundleError]) -> None:
    made = bytearray(bundle())
    central = made.index(b"PK\1\2")
    made[central + 9] |= 8
    made[central + 46] = 0xFF
    refused(bytes(made), "can't decode byte")


@pytest.mark.parametrize("start", [2**33, 2**62, 2**63 - 1, 2**63, 2**64 - 1])
def test_a_member_beyond_the_end_is_refused(tmp_path: Path, into: Path, start: int) -> None:
    """By the form for large archives, which has 64 bits for that."""
    name = "pylock.x.toml"
    late = info(name, extra=struct.pack("<2HQ", 1, 8, start))
    made = bytearray(packed(("bundle.json", about({**FILES, name: b""})), *FILES.items(), (late, b"")))
    central = made.rindex(b"PK\1\2")
    assert made[central:].count(late.extra) == 1
    made[central + 42 : central + 46] = b"\xff" * 4
    with pytest.raises(BundleError) as caught:
        read_bundle(write(tmp_path / "x", bytes(made)), into)
    assert caught.value.hint
    assert list(into.iterdir()) == []


def test_members_written_as_a_stream_are_refused(refused: Callable[..., BundleError]) -> None:
    """Their size stands behind them."""

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise io.UnsupportedOperation

        tell = seek

    stream = Stream()
    with zipfile.ZipFile(stream, "w") as made:
        made.writestr(info("bundle.json"), about())
    refused(stream.getvalue(), "written in another way")


# -- hostile archives (lies about sizes and places) -------------------------------------------


@pytest.mark.parametrize("size", [0, 1, len(FILES[WHEEL]) - 1, len(FILES[WHEEL]) + 1, 0xFFFFFFFE, 0xFFFFFFFF])
@pytest.mark.parametrize("where", ["local", "central", "both"])
@pytest.mark.parametrize("which", ["packed", "whole", "two"])
def test_lies_about_a_size_are_refused(
    refused: Callable[..., BundleError], size: int, where: str, which: str
) -> None:
    made = bytearray(bundle())
    name = WHEEL.encode()
    local = made.index(name + FILES[WHEEL]) - 30
    central = made.rindex(name) - 46
    assert made[local : local + 4] == b"PK\3\4"
    assert made[central : central + 4] == b"PK\1\2"
    for place, offset in ((local, 18), (central, 20)):
        if where == "both" or (where == "local") == (place == local):
            if which != "whole":
                made[place + offset : place + offset + 4] = struct.pack("<L", size)
            if which != "packed":
                made[place + offset + 4 : place + offset + 8] = struct.pack("<L", size)
    if where == "local":  # nobody reads those
        check(bytes(made))
    else:
        refused(bytes(made), "damaged, or was made by something else")


def test_a_size_that_the_list_lies_about_is_refused(refused: Callable[..., BundleError]) -> None:
    listed = document()
    listed["members"][WHEEL]["size"] += 1
    refused(packed(("bundle.json", json.dumps(listed).encode()), *FILES.items()), "bytes instead of")


def test_members_that_share_their_bytes_are_refused(refused: Callable[..., BundleError]) -> None:
    """As in the bomb whose members overlap."""
    made = bytearray(bundle())
    second = made.index(b"PK\1\2", made.index(b"PK\1\2") + 4)
    made[second + 42 : second + 46] = struct.pack("<L", 0)
    refused(bytes(made), "damaged, or was made by something else")


def test_members_of_more_bytes_than_the_file_has_are_refused(refused: Callable[..., BundleError]) -> None:
    """Whatever stands in the list, too."""
    files = {**FILES, WHEEL: b"x" * 3000}
    made = bytearray(packed(("bundle.json", about(files)), *FILES.items()))
    central = made.rindex(WHEEL.encode()) - 46
    made[central + 20 : central + 28] = struct.pack("<2L", 3000, 3000)
    assert len(made) < 3000 + len(about(files)) + sum(map(len, FILES.values()))
    refused(bytes(made), "aren't where they should be")


@posix
def test_a_directory_of_gigabytes_is_not_read(tmp_path: Path, into: Path) -> None:
    """An archive of them takes no room on the disk of who made it, yet would in memory."""
    size = 3 << 30
    with (tmp_path / "foo.rezup").open("wb") as stream:
        stream.seek(size)
        stream.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 0, 0))
    tracemalloc.start()
    try:
        with pytest.raises(BundleError, match="more than 10000 members, or names that are too long"):
            read_bundle(tmp_path / "foo.rezup", into)
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()
    assert list(into.iterdir()) == []


def test_a_member_with_two_names_is_refused(refused: Callable[..., BundleError]) -> None:
    data, name = bundle(), WHEEL.encode()
    assert data.count(name + FILES[WHEEL]) == 1
    refused(data.replace(name + FILES[WHEEL], b"W" + name[1:] + FILES[WHEEL]), "in directory .* differ")


@pytest.mark.parametrize("name", ["rezup.toml", "revision.json", "pylock.toml"])
def test_texts_of_a_size_that_none_has_are_refused(refused: Callable[..., BundleError], name: str) -> None:
    refused(bundle({**FILES, name: b" " * (33 << 20)}), f"{name} is too large")


@pytest.mark.parametrize("more", [b"\0", b"#!/bin/sh\n", b"PK\3\4" + b"\0" * 26])
def test_what_precedes_or_follows_is_refused(refused: Callable[..., BundleError], more: bytes) -> None:
    refused(more + bundle(), "damaged, or was made by something else")
    refused(bundle() + more, "damaged, or was made by something else")


def test_two_archives_in_one_file_are_refused(refused: Callable[..., BundleError]) -> None:
    refused(bundle() + bundle(), "damaged, or was made by something else")


def test_a_comment_is_refused(refused: Callable[..., BundleError]) -> None:
    refused(packed(("bundle.json", about()), *FILES.items(), comment=b"x"), "something follows it")
    refused(bundle()[:-2] + b"\1\0", "something follows it")


def test_lies_of_the_large_form_change_nothing_or_are_refused() -> None:
    data = bundle()
    *_, number, size, start, _ = struct.unpack("<4s4H2LH", data[-22:])
    for claimed in (number, 10**9, 2**64 - 1):
        tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, claimed, claimed, size, start)
        tail += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
        check(data[:-22] + tail + data[-22:])
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, size, start, 0)
        check(data[:-22] + tail + end)
        for lie in (0, size - 1, 2**40, 2**64 - 1):
            for sizes in ((lie, start), (size, lie)):
                tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, claimed, claimed, *sizes)
                tail += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
                check(data[:-22] + tail + end)


def test_a_cut_one_is_refused_wherever_it_ends(tmp_path: Path, into: Path) -> None:
    data = bundle()
    path = tmp_path / "foo.rezup"
    for length in range(len(data)):
        path.write_bytes(data[:length])
        with pytest.raises(BundleError):
            read_bundle(path, into)
    assert list(into.iterdir()) == []


@pytest.mark.parametrize(
    "data", [b"", b"PK\5\6" + b"\0" * 18, b"\x1f\x8b\x08", b"\0" * 4096, b"[rez]\n" * 100]
)
def test_what_is_no_bundle_is_refused(refused: Callable[..., BundleError], data: bytes) -> None:
    refused(data, "damaged, or was made by something else")


@posix
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, into: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "missing", Path("/dev/zero")):
        with pytest.raises(BundleError, match="can't be read"):
            read_bundle(path, into)


# -- hostile archives (content) ---------------------------------------------------------------


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_refused(refused: Callable[..., BundleError], tmp_path: Path, name: str) -> None:
    write_bundle(tmp_path / "foo.rezup", FILES, FACTS)
    data = bytearray((tmp_path / "foo.rezup").read_bytes())
    (tmp_path / "foo.rezup").unlink()
    data[data.index(FILES[name]) + 3] ^= 1
    refused(bytes(data), f"Bad CRC-32 for file '{name}'")


@pytest.mark.parametrize("name", FILES)
def test_a_repacked_member_is_refused_with_both_hashes(tmp_path: Path, into: Path, name: str) -> None:
    evil = b"!" * len(FILES[name])
    path = write(tmp_path / "x", packed(("bundle.json", about()), *{**FILES, name: evil}.items()))
    with pytest.raises(HashMismatchError) as caught:
        read_bundle(path, into)
    assert caught.value.name == name
    assert caught.value.expected == hashlib.sha256(FILES[name]).hexdigest()
    assert caught.value.found == hashlib.sha256(evil).hexdigest()
    assert str(caught.value).startswith(f"{name} is not the file that the bundle's list names: ")
    assert "the lock" not in str(caught.value)
    assert list(into.iterdir()) == []


def test_members_that_are_missing_or_not_listed_are_refused(refused: Callable[..., BundleError]) -> None:
    fewer = {name: data for name, data in FILES.items() if name != WHEEL}
    refused(packed(("bundle.json", about()), *fewer.items()), "is missing")
    refused(packed(("bundle.json", about(fewer)), *FILES.items()), "isn't listed")
    refused(packed(*FILES.items()), "it has no bundle.json")
    for name in ("rezup.toml", "revision.json"):
        refused(bundle({n: data for n, data in FILES.items() if n != name}), f"it has no {name}")
    refused(bundle({n: data for n, data in FILES.items() if "lock" not in n}), "wheels and no lock")


@pytest.mark.parametrize("newer", [2, 10**30])
def test_a_newer_format_asks_for_an_upgrade(refused: Callable[..., BundleError], newer: int) -> None:
    error = refused(bundle(format=newer, members=None), "made by a newer rezup")
    assert error.hint == "upgrade rezup"


@pytest.mark.parametrize("format_", [None, "1", True, 0, -1, 1.5, [], {}])
def test_no_format_is_refused(refused: Callable[..., BundleError], format_: Any) -> None:
    refused(bundle(format=format_), "has no format")


@pytest.mark.parametrize(
    "others",
    [
        {"container": ".."}, {"container": "a/b"}, {"container": "con"}, {"container": ""}, {"container": 1},
        {"container": ".wheels"}, {"container": "a\x1b[31m"}, {"revision": ".."}, {"revision": "1.0/.."}, {"revision": 1.5},
        {"revision": "1" * 300}, {"creator": None}, {"creator": "\x1b[31m"}, {"host": "a\nb"}, {"rezup": "x" * 201},
        {"members": []}, {"members": None}, {"members": {"rezup.toml": None}}, {"members": {"rezup.toml": {"size": 1}}},
        {"members": {"rezup.toml": {"size": True, "sha256": "a" * 64}}},
        {"members": {"rezup.toml": {"size": 1, "sha256": "a" * 63}}},
        {"members": {"rezup.toml": {"size": 1, "sha256": ["a"] * 64}}},
    ],
)  # fmt: skip
def test_facts_that_make_no_sense_are_refused(
    refused: Callable[..., BundleError], others: dict[str, Any]
) -> None:
    refused(bundle(**others), "damaged, or was made by something else")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b"[" * 200_000, b"\xff\xfe", b'{"format": 1}', b"1" * 5000]
)
def test_a_list_that_is_none_is_refused(refused: Callable[..., BundleError], data: bytes) -> None:
    refused(packed(("bundle.json", data), *FILES.items()), "damaged, or was made by something else")


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


# -- any bytes --------------------------------------------------------------------------------

VALID = bundle()


def check(data: bytes) -> None:
    """It is read as it was written, or it is refused and nothing is left."""
    with tempfile.TemporaryDirectory() as place:
        root = Path(place)
        path, into = write(root / "foo.rezup", data), root / "into"
        into.mkdir()
        try:
            found = read_bundle(path, into)
        except (BundleError, HashMismatchError):
            assert below(root) == {"foo.rezup": data}
            assert list(into.iterdir()) == []
        else:
            assert found.facts == FACTS
            assert below(into) == FILES
            assert sorted(os.listdir(root)) == ["foo.rezup", "into"]


@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=500, deadline=None)
def test_changed_bytes_change_nothing_or_are_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(VALID)
    for place, byte in changes:
        data[place] = byte
    check(bytes(data))


@given(st.integers(0, len(VALID)), st.integers(0, len(VALID)), st.integers(0, len(VALID)))
@settings(max_examples=200, deadline=None)
def test_moved_parts_are_refused(one: int, two: int, place: int) -> None:
    first, last = sorted((one, two))
    part, rest = VALID[first:last], VALID[:first] + VALID[last:]
    check(rest[:place] + part + rest[place:])
    check(VALID[:place] + part + VALID[place:])


def test_every_single_bit_of_what_is_no_content_may_be_wrong() -> None:
    """Heads, names and the directory; slow for a larger bundle only."""
    starts = [VALID.index(data) for data in FILES.values()]
    inside = {
        place
        for start, data in zip(starts, FILES.values(), strict=True)
        for place in range(start, start + len(data))
    }
    for place in range(len(VALID)):
        if place not in inside:
            data = bytearray(VALID)
            data[place] ^= 1 << (place % 8)
            check(bytes(data))


# -- large archives ---------------------------------------------------------------------------


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


def test_facts_are_what_the_types_say(tmp_path: Path, into: Path) -> None:
    found = read_bundle(write(tmp_path / "foo.rezup", bundle()), into).facts
    assert isinstance(found.container, ContainerName)
    assert isinstance(found.revision, Stamp)
