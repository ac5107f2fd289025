"""Bundles as anybody could make them, with any zip program."""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup.containers.bundle_file import BundleFacts, read_bundle
from rezup.errors import BundleError, HashMismatchError
from rezup.recipes.names import ContainerName
from rezup.stores.stamps import Stamp
from support.wheelhouses import NAME, below, write

if TYPE_CHECKING:
    from collections.abc import Mapping

FACTS = BundleFacts(ContainerName("foo"), Stamp("1795179768.172130"), "ann", "ws1", "3.0.0")
WHEEL = f"wheels/{NAME}"
FILES: dict[str, bytes] = {
    "rezup.toml": b"[rez]\nname = 'rez'\n",
    "revision.json": b'{"format": 1}\n',
    "pylock.toml": b"# of Rez\nlock-version = '1.0'\n",
    "pylock.my_tool-2.toml": b"lock-version = '1.0'\n# isolated\n",
    WHEEL: b"PK\3\4 content of a wheel" * 50,
}


def document(files: Mapping[str, bytes] = FILES, **others: Any) -> dict[str, Any]:
    """What ``bundle.json`` holds."""
    return {
        "format": 1, **FACTS._asdict(),
        "members": {
            name: {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)} for name, data in files.items()
        },
        **others,
    }  # fmt: skip


def about(files: Mapping[str, bytes] = FILES, **others: Any) -> bytes:
    """A ``bundle.json``."""
    return json.dumps(document(files, **others)).encode()


def info(name: str, mode: int = stat.S_IFREG | 0o644, **others: Any) -> zipfile.ZipInfo:
    """A member with any name and any attribute."""
    made = zipfile.ZipInfo("x", (1980, 1, 1, 0, 0, 0))
    made.filename = made.orig_filename = name
    made.external_attr, made.create_system = mode << 16, 3
    for attribute, value in others.items():
        setattr(made, attribute, value)
    return made


def packed(*members: tuple[zipfile.ZipInfo | str, bytes], comment: bytes = b"") -> bytes:
    """An archive by `zipfile`."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, data in members:
            archive.writestr(info(name) if isinstance(name, str) else name, data)
        archive.comment = comment
    return stream.getvalue()


def bundle(
    files: Mapping[str, bytes] = FILES, *more: tuple[zipfile.ZipInfo | str, bytes], **others: Any
) -> bytes:
    """A bundle that is as it should be, but for what is said."""
    return packed(("bundle.json", about(files, **others)), *files.items(), *more)


def read_whole_or_refused(data: bytes) -> None:
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
