"""What changed from one set of locks to another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from rezup.lockfiles.wheel_names import read_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.lockfiles.lock import Lock, LockedPackage


class PackageChange(NamedTuple):
    """One package of one environment that isn't as it was."""

    environment: str
    name: str
    before: str | None
    """Its version; several, where platforms differ, with commas between them; None if there was none."""
    after: str | None
    kind: Literal["added", "removed", "changed", "rebuilt"]
    """"rebuilt": the same version, but a file of it has another hash."""


def difference(before: Mapping[str, Lock], after: Mapping[str, Lock]) -> tuple[PackageChange, ...]:
    """The packages that differ, sorted by environment and name.

    :param before: name of the environment -> its lock
    """
    changes = []
    for environment in sorted({*before, *after}):
        old = _by_name(before.get(environment))
        new = _by_name(after.get(environment))
        for name in sorted({*old, *new}):
            kind = _kind(old.get(name, []), new.get(name, []))
            if kind is not None:
                changes.append(
                    PackageChange(environment, name, _versions(old.get(name)), _versions(new.get(name)), kind)
                )
    return tuple(changes)


def _by_name(lock: Lock | None) -> dict[str, list[LockedPackage]]:
    found: dict[str, list[LockedPackage]] = {}
    for package in lock.packages if lock else ():
        found.setdefault(package.name, []).append(package)
    return found


def _kind(
    old: list[LockedPackage], new: list[LockedPackage]
) -> Literal["added", "removed", "changed", "rebuilt"] | None:
    if not old:
        return "added"
    if not new:
        return "removed"
    if _versions(old) != _versions(new):
        return "changed"
    before, after = _hashes(old), _hashes(new)
    # A further platform brings further files; that changes nothing of those that were there.
    return "rebuilt" if any(before[key] != after[key] for key in before.keys() & after.keys()) else None


def _versions(packages: list[LockedPackage] | None) -> str | None:
    return ", ".join(sorted({package.version for package in packages})) if packages else None


def _hashes(packages: list[LockedPackage]) -> dict[tuple[str, str], set[str]]:
    """Version and tags -> hashes; a build number is no part of what a file is for."""
    found: dict[tuple[str, str], set[str]] = {}
    for package in packages:
        for wheel in package.wheels:
            name = read_name(wheel.name)
            key = (package.version, name.tags if name else wheel.name)
            found.setdefault(key, set()).add(wheel.sha256)
    return found
