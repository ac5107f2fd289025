"""Locks from their bytes, those of other tools too."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.lockfiles.document import listed, read
from rezup.lockfiles.lock import Lock, LockedPackage

if TYPE_CHECKING:
    from rezup.lockfiles.document import Table

_PYTHON = re.compile(r"\d{1,2}\.\d{1,3}")
_IMPLEMENTATION = re.compile(r"[a-z][a-z0-9]{0,31}")
_PLATFORM = re.compile(r"[a-z0-9]{1,32}-[A-Za-z0-9_]{1,32}")


def parse(data: bytes, what: str) -> Lock:
    """Read a ``pylock.toml``.

    Of a package only wheels are kept. What would have to be built has none, and `select` tells so.

    :param what: how messages name it: a path, or "pylock.toml of maya@-1"
    :raises LockError: it is no lock, says what can't be, or is of a version from the future
    """
    top = read(data, what)
    packages = sorted(
        (
            LockedPackage(item.name, item.version or "", item.wheels, item.marker, item.origin)
            for item in listed(top, anywhere=False)
        ),
        key=lambda package: (package.name, package.version, package.marker or ""),
    )
    _refuse_twins(top, packages)
    own = top.table("tool").table("rezup")
    python = own.text("python")
    if python is None:
        return Lock(
            tuple(packages),
            requires_python=top.text("requires-python"),
            environments=top.texts("environments"),
            default_groups=top.texts("default-groups"),
        )
    implementation = own.text("implementation") or "cpython"
    platforms = own.texts("platforms")
    if _PYTHON.fullmatch(python) is None or _IMPLEMENTATION.fullmatch(implementation) is None:
        raise own.error("python", "must be major and minor version of an interpreter, such as 3.11")
    if not platforms or not all(map(_PLATFORM.fullmatch, platforms)):
        raise own.error("platforms", "must name platforms, such as linux-x86_64")
    return Lock(tuple(packages), python, implementation, platforms)


def _refuse_twins(top: Table, packages: list[LockedPackage]) -> None:
    places: dict[str, list[str | None]] = {}
    files: dict[str, tuple[str, str]] = {}
    for package in packages:
        markers = places.setdefault(package.name, [])
        # One without a marker is installed everywhere, so beside any other.
        if markers and (package.marker is None or None in markers or package.marker in markers):
            raise top.error("packages", f"has {package.name} twice for the same place")
        markers.append(package.marker)
        for wheel in package.wheels:
            name, sha256 = files.setdefault(wheel.name.lower(), (wheel.name, wheel.sha256))
            if sha256 != wheel.sha256:
                raise top.error("packages", f"has two hashes of {wheel.name}")
            if name != wheel.name:
                raise top.error("packages", f"names {name} and {wheel.name}, which may be one file")
