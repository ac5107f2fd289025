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
from rezup.installers.reaching import for_builds, reaching, without_index
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
    find: FindWheel
    wheels: Mapping[str, tuple[LockedPackage, Wheel]]
    """What is installed, by name; one wheel each."""

    @classmethod
    def of(
        cls, plan: EnvironmentPlan, prepared: Prepared, locked: Locked, context: BuildContext
    ) -> LockedInstall:
        """What `locked` has for an interpreter.

        :raises LockError: it doesn't cover it
        """
        what = f"of {plan.name}"
        chosen = select(locked.lock, target_of(prepared.interpreter), what=what)
        wheels = {each.package.name: (each.package, each.wheels[0]) for each in chosen}
        return cls(plan, prepared, context, locked.find, wheels)

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
        local, remote = self._split()
        prepared = self.prepared
        settings = reaching(prepared.settings)
        # Apart: what is here needs no index, no network and no cache.
        if local:
            self._install(target, self._gathered(target, local), without_index(settings), "local")
        if remote:
            lines = [
                f"{package.name}=={package.version} --hash=sha256:{wheel.sha256}" for package, wheel in remote
            ]
            self._install(target, lines, settings, "remote")
        edited = [package for package in self.plan.packages if package.editable]
        if edited:
            installer = prepared.told(for_builds(prepared.settings, None))
            installer.install(target, prepared.interpreter, edited, ("--no-deps",))

    def _split(self) -> tuple[list[tuple[LockedPackage, Wheel, Path]], list[tuple[LockedPackage, Wheel]]]:
        """What is on this machine, and what has to be fetched; without what is in the environment already."""
        there = {_sha256(wheel) for wheel in self.prepared.seeds}
        local, remote = [], []
        for package, wheel in self.wheels.values():
            if wheel.sha256 in there:
                continue
            path = self.find(wheel)
            if path is not None:
                local.append((package, wheel, path))
            elif package.origin is not None:
                raise LockError(
                    f"{wheel.name} is missing",
                    context=f"it was built from {package.origin.source}, so no index has it",
                    hint="publish the revision with its wheels (`rezup add --remote`), or lock anew",
                )
            else:
                remote.append((package, wheel))
        return local, remote

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


def judged(
    error: ProcessError, wheels: Mapping[str, tuple[LockedPackage, Wheel]], *, is_offline: bool
) -> LockError | ProcessError:
    """What a program's failure means for an installation by lock."""
    from rezup.installers.distributions import canonical

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
