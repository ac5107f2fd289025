"""Hostile bundles: lies about sizes and places, more bytes than there should be, and fewer."""

from __future__ import annotations

import json
import os
import struct
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rezup.containers.bundle_file import read_bundle
from rezup.errors import BundleError
from support.bundles import FILES, WHEEL, about, bundle, document, packed, read_whole_or_refused

if TYPE_CHECKING:
    from collections.abc import Callable

posix = pytest.mark.skipif(os.name == "nt", reason="of POSIX")


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
        read_whole_or_refused(bytes(made))
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
        read_whole_or_refused(data[:-22] + tail + data[-22:])
        end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 0xFFFF, 0xFFFF, size, start, 0)
        read_whole_or_refused(data[:-22] + tail + end)
        for lie in (0, size - 1, 2**40, 2**64 - 1):
            for sizes in ((lie, start), (size, lie)):
                tail = struct.pack("<4sQ2H2L4Q", b"PK\6\6", 44, 45, 45, 0, 0, claimed, claimed, *sizes)
                tail += struct.pack("<4sLQL", b"PK\6\7", 0, start + size, 1)
                read_whole_or_refused(data[:-22] + tail + end)


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
