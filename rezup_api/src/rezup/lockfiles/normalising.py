"""What uv resolved, brought into the shape of our locks.

uv writes a lock for all it was asked about: every platform there is and every later Python, wheels for
all of them, folders and repositories as they are. Ours names the wheels of the platforms and the Python
of a recipe, by hash, and nothing else.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rezup.errors import LockError
from rezup.lockfiles.document import Listed, Source, listed, read
from rezup.lockfiles.lock import Lock, LockedPackage
from rezup.lockfiles.selection import marker_judge
from rezup.lockfiles.targets import Target, platform_marker, ranked_by_name
from rezup.lockfiles.wheel_names import read_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.lockfiles.lock import Origin, Wheel

_WHAT = "that uv made"
#: What nobody knows of another machine, and what a lock of ours has no use for.
_UNKNOWABLE = re.compile(r"platform_(?:release|version)\b")
_OF_LOCKS = re.compile(r"\b(?:extras?|dependency_groups)\b")


def from_uv(
    data: bytes,
    *,
    python: str,
    implementation: str,
    platforms: tuple[str, ...],
    built: Mapping[str, tuple[Wheel, Origin]],
) -> Lock:
    """The lock of an environment, from what ``uv pip compile --format pylock.toml`` wrote.

    Packages that no listed platform needs are left out, and so are wheels that fit none. What is left
    without a wheel has to be built and given in `built`; see `sources`.

    :param python: major and minor version, "3.11"
    :param platforms: see `rezup.system.machine.platform_tag`; one at least
    :param built: normalized name -> the wheel that was built of it, and from what
    :raises LockError: uv wrote what this can't read
    """
    top = read(data, _WHAT)
    groups = top.texts("default-groups")
    targets = [Target(python, f"{python}.0", implementation, platform) for platform in platforms]
    packages = []
    for item in listed(top, anywhere=True):
        marker, is_needed = _simplified(item.marker, targets, groups)
        if is_needed:
            packages.append(_package(item, marker, targets, built))
    packages.sort(key=lambda package: (package.name, package.version, package.marker or ""))
    return Lock(tuple(packages), python, implementation, tuple(platforms))


def sources(data: bytes) -> dict[tuple[str, str], Source]:
    """What the packages in uv's answer could be built from, by name and version ("" where uv knows none).

    :raises LockError: uv wrote what this can't read
    """
    return {
        (item.name, item.version or ""): item.source
        for item in listed(read(data, _WHAT), anywhere=True)
        if item.source
    }


def local_wheels(data: bytes) -> dict[str, str]:
    """SHA-256 of the wheels that uv found on a disk -> ``file:`` URL or path, relative to uv's folder.

    :raises LockError: uv wrote what this can't read
    """
    found: dict[str, str] = {}
    for item in listed(read(data, _WHAT), anywhere=True):
        found |= item.local
    return found


def _package(
    item: Listed, marker: str | None, targets: Sequence[Target], built: Mapping[str, tuple[Wheel, Origin]]
) -> LockedPackage:
    own = built.get(item.name)
    if own is not None:
        wheel, origin = own
        name = read_name(wheel.name)
        if name is None or name.package != item.name:
            raise LockError(f"{wheel.name[:120]!a} is no wheel of {item.name}")
        # Of two versions for different platforms, one may have been built.
        if item.version is None or not item.wheels or _is_same(name.version, item.version):
            return LockedPackage(item.name, _plain(item.version, name.version), (wheel,), marker, origin)
    fitting = {wheel for target in targets for wheel in ranked_by_name(item.wheels, target)}
    return LockedPackage(item.name, item.version or "", tuple(sorted(fitting)), marker)


def _plain(listed_version: str | None, of_wheel: str) -> str:
    """The version as uv spells it if it is that of the wheel, else the wheel's."""
    if listed_version is not None and _is_same(of_wheel, listed_version):
        return listed_version
    return of_wheel


def _is_same(one: str, other: str) -> bool:
    from packaging.version import InvalidVersion, Version

    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return one == other


def _simplified(
    marker: str | None, targets: Sequence[Target], groups: tuple[str, ...]
) -> tuple[str | None, bool]:
    """The marker as short as it can be for these platforms and this Python; whether it ever holds."""
    if marker is None or _UNKNOWABLE.search(marker):
        return marker, True
    somewhere, everywhere = [], True
    for target in targets:
        answers = {
            marker_judge(target._replace(full_version=version), groups, what=_WHAT)(marker)
            for version in _versions(marker, target.python)
        }
        if True in answers:
            somewhere.append(target.platform)
        everywhere = everywhere and answers == {True}
    if not somewhere or everywhere:
        return None, bool(somewhere)
    if _OF_LOCKS.search(marker):
        return " or ".join(platform_marker(platform) for platform in somewhere), True
    return marker, True


def _versions(marker: str, python: str) -> list[str]:
    """Full versions of a Python on both sides of every border that a marker speaks of."""
    patches = {0, 99}
    for text in re.findall(rf"\b{re.escape(python)}\.(\d{{1,3}})", marker):
        patches |= {max(int(text) - 1, 0), int(text), int(text) + 1}
    return [f"{python}.{patch}" for patch in sorted(patches)]
