"""The benchmark that ships inside Rez: 18,226 packages of a studio and 188 of its requests.

The data stay inside the installed `rez`; nothing of them is copied into this project.
"""

from __future__ import annotations

import json
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator


def folder() -> Path:
    """Where Rez keeps the data; Rez itself is not imported for this."""
    spec = find_spec("rez")
    assert spec is not None, "rez is a development dependency"
    assert spec.origin is not None
    return Path(spec.origin).parent / "data" / "benchmarking"


def requests() -> list[list[str]]:
    """The 188 requests, each as strings in their order."""
    found: list[list[str]] = json.loads((folder() / "requests.json").read_text(encoding="utf-8"))
    return found


def sources() -> Iterator[tuple[str, bytes]]:
    """Path inside the repository and text of every package file."""
    with tarfile.open(folder() / "packages.tar.gz") as archive:
        for member in archive:
            if member.name.endswith("/package.py"):
                stream = archive.extractfile(member)
                assert stream is not None
                yield member.name.removeprefix("./packages/"), stream.read()


def extract(target: Path) -> Path:
    """Write the repository as files below `target`; returns its root."""
    for name, text in sources():
        path = target / "packages" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text)
    return target / "packages"


def executed(name: str, text: bytes) -> dict[str, Any]:
    """The attributes of one package; these files are plain assignments and are executed as such."""
    values: dict[str, Any] = {}
    exec(compile(text, name, "exec", dont_inherit=True), values)
    return values


def definitions() -> Iterator[dict[str, Any]]:
    """The attributes of every package."""
    return (executed(*source) for source in sources())
