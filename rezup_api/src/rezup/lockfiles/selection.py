"""What of a lock an environment gets, and whether a lock fits what it is asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import LockError
from rezup.lockfiles.document import unusable
from rezup.lockfiles.targets import (
    Target,
    for_all_machines,
    is_this_machine,
    marker_environment,
    ranked,
    ranked_by_name,
    this_target,
    with_groups,
)
from rezup.recipes.plain_requirements import is_met

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from packaging.requirements import Requirement
    from packaging.tags import Tag

    from rezup.lockfiles.lock import Lock, LockedPackage, Wheel

__all__ = ["Chosen", "Gap", "Target", "check_fit", "marker_judge", "select", "uncovered"]

_ANEW = "lock anew with `rezup lock --upgrade`"


class Chosen(NamedTuple):
    """A package that is installed."""

    package: LockedPackage
    wheels: tuple[Wheel, ...]
    """Those that fit, best first; one at least."""


class Gap(NamedTuple):
    """A package that a platform needs and has no wheel for."""

    platform: str
    package: LockedPackage

    def __str__(self) -> str:
        return f"{self.package.name} {self.package.version} on {self.platform}"


def select(
    lock: Lock,
    target: Target,
    *,
    what: str,
    tags: Sequence[Tag] | None = None,
    any_machine: bool = False,
) -> tuple[Chosen, ...]:
    """What of a lock is installed for a target, sorted by name.

    :param what: how messages name the lock
    :param tags: what the target takes, best first; None works it out for a platform's usual interpreter
    :param any_machine: the wheels are those that some machine of the platform takes, whatever this one does
    :raises LockError: it is of another Python, doesn't cover the platform, has no fitting wheel of a
        package, or two versions of one
    """
    holds = _judge(lock, target, what)
    _check_reach(lock, target, what, holds)
    chosen: dict[str, Chosen] = {}
    for package in lock.packages:
        if not holds(package.marker):
            continue
        if package.name in chosen:
            raise unusable(what, f"it has two versions of {package.name} for {target.platform}")
        fitting = (
            for_all_machines(package.wheels, target)
            if any_machine
            else _fitting(package.wheels, target, tags)
        )
        if not fitting:
            raise _unfit(package, target, what)
        chosen[package.name] = Chosen(package, fitting)
    return tuple(chosen[name] for name in sorted(chosen))


def uncovered(lock: Lock, platforms: Iterable[str]) -> tuple[Gap, ...]:
    """What the listed platforms need and have no wheel for; the lock says its Python."""
    gaps = []
    for platform in platforms:
        target = _of_lock(lock, platform)
        holds = _judge(lock, target, "being made")
        gaps += [
            Gap(platform, package)
            for package in lock.packages
            if holds(package.marker) and not _covers(package.wheels, target)
        ]
    return tuple(gaps)


def check_fit(lock: Lock, requirements: Iterable[str], *, what: str, target: Target | None = None) -> None:
    """Whether every requirement is met by what is locked, on every platform that the lock covers.

    :param requirements: as in PEP 508; of ``name @ URL`` only the name counts, and what names no
        distribution (a path, a bare URL) can't be looked for and is passed over
    :param target: look there only; None means, for a lock that others wrote, the Python that runs this
    :raises LockError: naming all that aren't
    """
    targets = [target] if target else [_of_lock(lock, platform) for platform in lock.platforms]
    targets = targets or [this_target()]
    texts = [*requirements]
    missing: dict[str, str] = {}
    for place in targets:
        holds = _judge(lock, place, what)
        versions: dict[str, str] = {p.name: p.version for p in lock.packages if holds(p.marker)}
        for requirement in _readable(text for text in texts if not is_met(text, versions)):
            if requirement.marker is None or holds(str(requirement.marker)):
                lack = _lack(requirement, versions)
                if lack:
                    missing.setdefault(lack, place.platform)
    if missing:
        everywhere = len(targets) == 1
        found = [text if everywhere else f"{text} ({place})" for text, place in missing.items()]
        raise LockError(
            f"the lock {what} doesn't fit the recipe", context=f"it lacks {', '.join(found)}", hint=_ANEW
        )


def marker_judge(target: Target, groups: Iterable[str] = (), *, what: str) -> Callable[[str | None], bool]:
    """A function that tells whether a marker holds for a target.

    It raises LockError for what is no marker.
    """
    known: dict[str, bool] = {}

    def holds(marker: str | None) -> bool:
        if marker is None:
            return True
        if marker not in known:
            known[marker] = _evaluate(marker, target, groups, what)
        return known[marker]

    return holds


def _evaluate(marker: str, target: Target, groups: Iterable[str], what: str) -> bool:
    # Here, as most locks have no marker and the import costs.
    from packaging.markers import Marker

    environment = marker_environment(target)
    if not is_this_machine(target.platform):
        environment |= {"platform_release": "0", "platform_version": "0"}
    try:
        return Marker(marker).evaluate(with_groups(environment, groups))  # type: ignore[arg-type,unused-ignore]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise unusable(what, f"{marker[:120]!a} is no marker") from None


def _judge(lock: Lock, target: Target, what: str) -> Callable[[str | None], bool]:
    return marker_judge(target, lock.default_groups, what=what)


def _check_reach(lock: Lock, target: Target, what: str, holds: Callable[[str | None], bool]) -> None:
    have = f"{target.implementation} {target.full_version}"
    if lock.python is not None:
        if (lock.python, lock.implementation) != (target.python, target.implementation):
            raise unusable(
                what,
                f"it is of {lock.implementation} {lock.python}, and the environment has {have}",
                "lock anew with `rezup lock`, or set `python` in the recipe to that of the lock",
            )
        if target.platform not in lock.platforms:
            raise unusable(
                what,
                f"it covers {', '.join(lock.platforms)}, not {target.platform}",
                "list it in the recipe's `platforms` and lock anew with `rezup lock`",
            )
        return
    if lock.requires_python:
        from packaging.specifiers import InvalidSpecifier, SpecifierSet
        from packaging.version import InvalidVersion

        try:
            is_met = SpecifierSet(lock.requires_python).contains(target.full_version, prereleases=True)
        except (InvalidSpecifier, InvalidVersion):
            raise unusable(what, f"requires-python is no range: {lock.requires_python[:80]!a}") from None
        if not is_met:
            raise unusable(what, f"it is of Python {lock.requires_python}, and the environment has {have}")
    if lock.environments and not any(holds(marker) for marker in lock.environments):
        raise unusable(what, f"none of its environments is {target.platform} with {have}")


def _fitting(wheels: tuple[Wheel, ...], target: Target, tags: Sequence[Tag] | None) -> tuple[Wheel, ...]:
    if not wheels or tags is not None or is_this_machine(target.platform):
        return ranked(wheels, target, tags)
    return ranked_by_name(wheels, target)


def _covers(wheels: tuple[Wheel, ...], target: Target) -> bool:
    if is_this_machine(target.platform):
        return bool(_fitting(wheels, target, None))
    # Wheels for musl alone leave out most machines of a studio.
    fitting = ranked_by_name(wheels, target)
    return any("musllinux" not in wheel.name or "manylinux" in wheel.name for wheel in fitting)


def _unfit(package: LockedPackage, target: Target, what: str) -> LockError:
    name = f"{package.name} {package.version}".rstrip()
    if not package.wheels:
        return unusable(
            what,
            f"it has no wheel of {name}, only something to build one from",
            "rezup installs wheels by hash; lock anew with `rezup lock`, which builds it first",
        )
    there = [wheel.name for wheel in package.wheels]
    shown = ", ".join(there[:5]) + (f" and {len(there) - 5} more" if len(there) > 5 else "")
    return unusable(
        what,
        f"no wheel of {name} fits {_shown(target)}; there is {shown}",
        "lock anew with `rezup lock` on such a machine, or list the platform in the recipe's `platforms`",
    )


def _shown(target: Target) -> str:
    return f"{target.implementation} {target.python} on {target.platform}"


def _of_lock(lock: Lock, platform: str) -> Target:
    python = lock.python or this_target().python
    return Target(python, f"{python}.0", lock.implementation, platform)


def _readable(requirements: Iterable[str]) -> Iterator[Requirement]:
    for text in requirements:
        # Here, as most need no more than `is_met` and the import costs.
        from packaging.requirements import InvalidRequirement, Requirement

        try:
            yield Requirement(text)
        except InvalidRequirement:
            continue


def _lack(requirement: Requirement, versions: dict[str, str]) -> str | None:
    from packaging.utils import canonicalize_name
    from packaging.version import InvalidVersion

    from rezup.recipes.secrets import redact

    name = canonicalize_name(requirement.name)
    if name not in versions:
        return redact(str(requirement))
    version = versions[name]
    if requirement.url or not version:
        return None
    try:
        if requirement.specifier.contains(version, prereleases=True):
            return None
    except InvalidVersion:
        return f"{requirement} (it has {version})"
    return f"{requirement} (it has {version})"
