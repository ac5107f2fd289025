"""What a lock is installed for: an interpreter on a platform, its markers and its tags."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from rezup.lockfiles.wheel_names import read_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from packaging.tags import Tag

    from rezup.lockfiles.lock import Wheel

#: ``sys.platform`` -> ``os.name``, ``platform.system()``
_SYSTEMS = {"linux": ("posix", "Linux"), "darwin": ("posix", "Darwin"), "win32": ("nt", "Windows")}
#: Windows writes these in capitals; our tags are in small letters.
_WINDOWS_MACHINES = {"amd64": "AMD64", "arm64": "ARM64"}
_WINDOWS_TAGS = {"amd64": "win_amd64", "arm64": "win_arm64", "x86": "win32"}
#: Processors that a macOS tag may name for one -> those, the exact one first
_MAC_MACHINES = {
    "x86_64": ("x86_64", "universal2", "intel", "fat64", "fat3", "universal"),
    "arm64": ("arm64", "universal2"),
}
_LINUX = re.compile(r"(manylinux|musllinux|linux)(?:_?(\d+)(?:_(\d+))?)?_")
_MAC = re.compile(r"macosx_(\d+)_(\d+)_(\w+)")
#: The versions of glibc that the first names meant.
_GLIBC = {"1": (2, 5), "2010": (2, 12), "2014": (2, 17)}
_NAMES = {"cpython": ("CPython", "cp"), "pypy": ("PyPy", "pp")}


class Target(NamedTuple):
    """What a lock is installed for."""

    python: str
    """Major and minor version, "3.11"."""
    full_version: str
    """"3.11.7"."""
    implementation: str
    """As ``sys.implementation.name``, "cpython"."""
    platform: str
    """As `rezup.system.machine.platform_tag`, "linux-x86_64"."""


def marker_environment(target: Target) -> dict[str, str]:
    """The variables that markers ask for; what only this machine could tell of itself is left out."""
    system = target.platform.partition("-")[0]
    os_name, system_name = _SYSTEMS.get(system, ("posix", system.capitalize()))
    return {
        "os_name": os_name,
        "sys_platform": system,
        "platform_system": system_name,
        "platform_machine": _marker_machine(target.platform),
        "python_version": target.python,
        "python_full_version": target.full_version,
        "implementation_name": target.implementation,
        "implementation_version": target.full_version,
        "platform_python_implementation": _NAMES.get(
            target.implementation, (target.implementation.capitalize(), "")
        )[0],
    }


def platform_marker(platform: str) -> str:
    """The marker that holds on a platform only."""
    system = platform.partition("-")[0]
    return f"sys_platform == '{system}' and platform_machine == '{_marker_machine(platform)}'"


def ranked(wheels: Iterable[Wheel], target: Target, tags: Iterable[Tag] | None = None) -> tuple[Wheel, ...]:
    """The wheels that fit a target, best first.

    :param tags: what the target takes, best first; None works it out for this machine
    """
    from packaging.tags import parse_tag

    named = []
    for wheel in wheels:
        name = read_name(wheel.name)
        if name is not None:
            named.append((wheel, name, parse_tag(name.tags)))
    if tags is None:
        from packaging.tags import platform_tags

        platforms = {tag.platform for _, _, of_wheel in named for tag in of_wheel}
        tags = _interpreter_tags(target, [tag for tag in platform_tags() if tag in platforms])
    ranks: dict[Tag, int] = {}
    for place, tag in enumerate(tags):
        ranks.setdefault(tag, place)
    found = []
    for wheel, name, of_wheel in named:
        rank = min((ranks[tag] for tag in of_wheel if tag in ranks), default=None)
        if rank is not None:
            found.append((rank, name.build, wheel))
    found.sort(key=lambda entry: entry[2].name)
    found.sort(key=lambda entry: entry[1], reverse=True)
    found.sort(key=lambda entry: entry[0])
    return tuple(entry[2] for entry in found)


def ranked_by_name(wheels: Iterable[Wheel], target: Target) -> tuple[Wheel, ...]:
    """As `ranked`, for any machine of the platform: also one with a newer system or another C library."""
    wheels = tuple(wheels)
    platforms = set()
    for wheel in wheels:
        name = read_name(wheel.name)
        if name is not None:
            platforms.update(name.tags.rpartition("-")[2].split("."))
    order: dict[str, tuple[int, ...]] = {}
    for platform in platforms:
        place = _platform_order(platform, target.platform)
        if place is not None:
            order[platform] = place
    return ranked(wheels, target, [*_interpreter_tags(target, sorted(order, key=lambda p: (order[p], p)))])


def for_all_machines(wheels: Iterable[Wheel], target: Target) -> tuple[Wheel, ...]:
    """Those that one machine of the platform or another takes, best first.

    What is left out fits no machine that another wheel doesn't suit better.
    """
    found = []
    served: set[tuple[int, ...]] = set()
    for wheel in ranked_by_name(wheels, target):
        name = read_name(wheel.name)
        tags = name.tags.rpartition("-")[2].split(".") if name else ()
        systems = {_oldest_system(tag, target.platform) for tag in tags}
        if not systems <= served:
            found.append(wheel)
            served |= systems
    return tuple(found)


def _oldest_system(tag: str, platform: str) -> tuple[int, ...]:
    """What a platform tag asks of a machine of a platform; that of another platform asks nothing of it."""
    if tag == "any":
        return (-1,)
    # Of two wheels for the same macOS, the one for its processor alone ranks before the one for several.
    return (_platform_order(tag, platform) or ())[: 2 if platform.startswith("darwin") else 3]


def is_this_machine(platform: str) -> bool:
    """True for the platform that runs this."""
    from rezup.system.machine import platform_tag

    return platform == platform_tag()


def this_target() -> Target:
    """The interpreter that runs this."""
    import sys

    from rezup.system.machine import platform_tag

    major, minor, micro = sys.version_info[:3]
    return Target(f"{major}.{minor}", f"{major}.{minor}.{micro}", sys.implementation.name, platform_tag())


def _interpreter_tags(target: Target, platforms: list[str]) -> Iterator[Tag]:
    from packaging.tags import compatible_tags, cpython_tags, generic_tags

    # Given none, these functions take those of this machine.
    platforms = platforms or ["none"]
    major, minor = (int(part) for part in target.python.split("."))
    prefix = _NAMES.get(target.implementation, ("", target.implementation))[1]
    interpreter = f"{prefix}{major}{minor}"
    if prefix == "cp":
        yield from cpython_tags((major, minor), _abis(major, minor), platforms)
    elif prefix == "pp":
        yield from generic_tags(interpreter, [f"pypy{major}{minor}_pp73"], platforms)
    else:
        yield from generic_tags(interpreter, ["none"], platforms)
    yield from compatible_tags((major, minor), interpreter, platforms)


def _abis(major: int, minor: int) -> list[str]:
    interpreter = f"cp{major}{minor}"
    if major == 2:
        return [f"{interpreter}mu", f"{interpreter}m"]  # wide and narrow characters
    return [f"{interpreter}m"] if minor < 8 else [interpreter]


def _platform_order(tag: str, platform: str) -> tuple[int, ...] | None:
    """Where a platform tag stands among those that fit, smaller is better; None if it doesn't fit."""
    system, _, machine = platform.partition("-")
    if system == "win32":
        return (0,) if tag == _WINDOWS_TAGS.get(machine) else None
    if system == "darwin":
        match = _MAC.fullmatch(tag)
        machines = _MAC_MACHINES.get(machine, (machine,))
        if match is None or match[3] not in machines:
            return None
        return (-int(match[1]), -int(match[2]), machines.index(match[3]))
    if system == "linux":
        match = _LINUX.match(tag)
        if match is None or tag[match.end() :] != machine:
            return None
        group = ("manylinux", "linux", "musllinux").index(match[1])
        major, minor = (match[2], match[3]) if match[3] else _GLIBC.get(match[2] or "", (0, 0))
        return (group, -int(major), -int(minor))
    return None


def _marker_machine(platform: str) -> str:
    system, _, machine = platform.partition("-")
    return _WINDOWS_MACHINES.get(machine, machine) if system == "win32" else machine


def with_groups(environment: Mapping[str, str], groups: Iterable[str]) -> dict[str, str | frozenset[str]]:
    """The variables, and those that only markers of locks have (PEP 751); no extra is asked for."""
    return {**environment, "extra": "", "extras": frozenset(), "dependency_groups": frozenset(groups)}
