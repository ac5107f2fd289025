"""Hostile bundles: the names of their members, and what kinds of members they have."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from typing import TYPE_CHECKING

import pytest

from rezup.containers.bundle_file import is_member, read_bundle
from rezup.errors import BundleError
from rezup.wheelhouse import archive
from support.bundles import FILES, WHEEL, about, bundle, info, packed
from support.wheelhouses import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


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
