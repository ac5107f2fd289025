"""Installing by a lock: nothing is resolved, and every file has the hash that the lock names.

What lies on this machine already is taken from there; the rest comes from the index that this machine is
configured with, by name, version and hash.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.errors import HashMismatchError, LockError, ProcessError
from rezup.installers.missing import refuse_unfetchable
from rezup.installers.reaching import for_builds, reaching, without_index, without_network
from rezup.lockfiles.selection import Target, select
from rezup.system.files import make_folder
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.installers.backend import Prepared
    from rezup.installers.context import BuildContext
    from rezup.installers.pip_configuration import PipSettings
    from rezup.installers.plans import EnvironmentPlan, Locked
    from rezup.lockfiles.lock import FindWheel, LockedPackage, Wheel
    from rezup.lockfiles.selection import Chosen
    from rezup.system.interpreters import Interpreter

#: What pip and uv are told alike: nothing but what is named, by hash.
LOCKED = ("--no-deps", "--require-hashes", "--only-binary", ":all:")
_COMPUTED = re.compile(r"(?:Computed:\s*sha256:|Got\s+)([0-9a-f]{64})")
_OTHER = re.compile(r"(?:Hash mismatch for `|^\s+)([A-Za-z0-9._-]+)(?:==| @ )", re.MULTILINE)

#: What pip and uv say of what they can't get.
_MISSING = (
    "no matching distribution", "could not find a version", "no solution found", "connectivity is disabled",
    "was not found", "failed to fetch", "failed to download", "error sending request", "no version of",
)  # fmt: skip
_HINT = "is it still on the index? A revision that was published with `--wheelhouse` needs none"
_OFFLINE_HINT = "run it once with a network, or get the revision with its wheels"


@dataclass(frozen=True, slots=True)
class LockedInstall:
    """What a lock has for one interpreter on this machine, and how it gets into an environment."""

    plan: EnvironmentPlan
    prepared: Prepared
    context: BuildContext
    wheels: Mapping[str, tuple[LockedPackage, Wheel]]
    """What is installed, by name; one wheel each."""
    paths: Mapping[str, Path]
    """The files of those that are on this machine, by SHA-256."""
    seeds: frozenset[str]
    """SHA-256 of the wheels that an environment begins with."""
    only_local: bool

    @classmethod
    def of(
        cls, plan: EnvironmentPlan, prepared: Prepared, locked: Locked, context: BuildContext
    ) -> LockedInstall:
        """What `locked` has for an interpreter: of the wheels that fit, the best one that is here.

        :raises LockError: it doesn't cover it, or something isn't here that can't be fetched
        :raises HashMismatchError: a file here isn't the one that was locked
        """
        seeds = frozenset(_sha256(wheel) for wheel in prepared.seeds)
        wheels: dict[str, tuple[LockedPackage, Wheel]] = {}
        paths: dict[str, Path] = {}
        for chosen in select(locked.lock, target_of(prepared.interpreter), what=f"of {plan.name}"):
            wheel, path = _nearest(chosen, seeds, locked.find)
            wheels[chosen.package.name] = (chosen.package, wheel)
            if path is not None:
                paths[wheel.sha256] = path
        found = cls(plan, prepared, context, wheels, paths, seeds, locked.only_local)
        found._check()
        return found

    @property
    def shown(self) -> list[str]:
        """What is installed, for a message."""
        return [f"{package.name}=={package.version}" for package, _ in self.wheels.values()]

    def has_seed(self, wheel: Path) -> bool:
        """Whether a wheel that installers put into environments is what the lock has, or it has none."""
        own = self.wheels.get(_distribution(wheel))
        return own is None or own[1].sha256 == _sha256(wheel)

    def install(self, target: Path) -> None:
        """Install it into the environment at `target`, then what is in edit mode.

        :raises LockError: something can't be had
        :raises HashMismatchError: a file isn't the one that was locked
        :raises ProcessError: it can't be installed
        """
        missing = [each for each in self.wheels.values() if each[1].sha256 not in self.seeds]
        local = [(*each, self.paths[each[1].sha256]) for each in missing if each[1].sha256 in self.paths]
        remote = [each for each in missing if each[1].sha256 not in self.paths]
        prepared = self.prepared
        settings = reaching(prepared.settings)
        # Apart: what is here needs no index, no network and no cache.
        if local:
            self._install(target, self._gathered(target, local), without_index(settings), "local")
        if remote:
            self._install(target, [pinned(*each) for each in remote], settings, "remote")
        edited = [package for package in self.plan.packages if package.editable]
        if edited:
            settings = for_builds(prepared.settings, None)
            settings = without_index(settings) if self.only_local else settings
            is_alone = self.only_local or self.context.offline
            installer = prepared.told(without_network(settings) if is_alone else settings)
            installer.install(target, prepared.interpreter, edited, ("--no-deps",))

    def _check(self) -> None:
        """:raises LockError: what is not here can't be fetched"""
        missing = [
            (package, wheel)
            for package, wheel in self.wheels.values()
            if wheel.sha256 not in self.paths and wheel.sha256 not in self.seeds
        ]
        refuse_unfetchable(missing, what=self.plan.name, only_local=self.only_local)

    def _gathered(self, target: Path, local: Sequence[tuple[LockedPackage, Wheel, Path]]) -> list[str]:
        """Lines that name files, under the names that wheels must have."""
        folder = self.context.folder / f"wheels-{target.name}"
        shutil.rmtree(folder, ignore_errors=True)
        make_folder(folder)
        lines = []
        for package, wheel, path in local:
            place = folder / wheel.name
            try:
                os.symlink(path.absolute(), place)
            except OSError:
                shutil.copyfile(path, place)
            lines.append(f"{package.name} @ {place.absolute().as_uri()} --hash=sha256:{wheel.sha256}")
        return lines

    def _install(self, target: Path, lines: Sequence[str], settings: PipSettings, name: str) -> None:
        path = self.context.folder / f"{name}-{target.name}.txt"
        path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        installer = self.prepared.told(settings)
        try:
            installer.install(target, self.prepared.interpreter, (), (*LOCKED, "--requirement", str(path)))
        except ProcessError as error:
            raise judged(error, self.wheels, is_offline=self.context.offline) from error


def pinned(package: LockedPackage, wheel: Wheel) -> str:
    """The line of a requirements file for one wheel."""
    from rezup.lockfiles.wheel_names import read_name

    name = read_name(wheel.name)
    version = package.version or (name.version if name else "")
    return f"{package.name}=={version} --hash=sha256:{wheel.sha256}"


def _nearest(chosen: Chosen, seeds: frozenset[str], find: FindWheel) -> tuple[Wheel, Path | None]:
    """The best wheel that needn't be fetched, and its file; where there is none, the best of all."""
    for wheel in chosen.wheels:
        path = None if wheel.sha256 in seeds else find(wheel)
        if path is not None or wheel.sha256 in seeds:
            return wheel, path
    return chosen.wheels[0], None


def judged(
    error: ProcessError, wheels: Mapping[str, tuple[LockedPackage, Wheel]], *, is_offline: bool
) -> LockError | ProcessError:
    """What a program's failure means for an installation by lock."""
    from rezup.recipes.plain_requirements import canonical

    text = error.output
    computed = _COMPUTED.search(text)
    if computed and ("ismatch" in text or "DO NOT MATCH" in text):
        for name in _OTHER.findall(text):
            known = wheels.get(canonical(name))
            if known is not None:
                return HashMismatchError(known[1].name, expected=known[1].sha256, found=computed[1])
    missing = [
        wheel.name for package, wheel in wheels.values() if _names(text, package.name) or wheel.name in text
    ]
    if missing and _is_missing(text):
        return LockError(
            f"{', '.join(missing)} can't be had",
            context="offline, and not on this machine" if is_offline else error.context,
            hint=_OFFLINE_HINT if is_offline else _HINT,
        )
    return error


def _names(text: str, name: str) -> bool:
    return bool(re.search(rf"(?<![\w.-]){re.escape(name)}(?:==| |`|$)", text.replace("_", "-"), re.MULTILINE))


def _is_missing(text: str) -> bool:
    lower = text.lower()
    return any(sign in lower for sign in _MISSING)


def target_of(interpreter: Interpreter) -> Target:
    """What an interpreter on this machine installs for."""
    python = ".".join(map(str, interpreter.release))
    return Target(python, interpreter.version, interpreter.implementation, platform_tag())


def _distribution(wheel: Path) -> str:
    from rezup.lockfiles.wheel_names import read_name

    name = read_name(wheel.name)
    return name.package if name else ""


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
