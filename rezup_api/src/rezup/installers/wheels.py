"""The wheels of a lock, for this platform and others, gathered in a folder."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from rezup.errors import HashMismatchError, LockError, ProcessError
from rezup.installers.locked import judged
from rezup.installers.pip_configuration import read_settings
from rezup.installers.reaching import for_builds, reaching
from rezup.installers.uv_settings import read_uv_settings
from rezup.installers.virtualenv_pip import VirtualenvPipInstaller
from rezup.lockfiles.selection import Target, select
from rezup.lockfiles.wheel_names import read_name
from rezup.system.files import make_folder
from rezup.system.interpreters import running

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.installers.context import BuildContext
    from rezup.installers.pip_program import PipProgram
    from rezup.lockfiles.lock import FindWheel, Lock, LockedPackage, Wheel

_IMPLEMENTATIONS = {"cpython": "cp", "pypy": "pp"}


def download(
    lock: Lock, platforms: tuple[str, ...], folder: Path, context: BuildContext, find: FindWheel
) -> tuple[Path, ...]:
    """Put the best wheel of every package for each platform into `folder`; its files, sorted.

    :param platforms: empty is all that the lock covers
    :param find: where wheels may be that needn't be fetched
    :raises LockError: the lock doesn't cover a platform, or a wheel can't be had
    :raises HashMismatchError: a file isn't the one that was locked
    :raises InstallError: anything else
    """
    make_folder(context.folder)
    make_folder(context.log.parent)
    make_folder(folder)
    pip: PipProgram | None = None
    paths: set[Path] = set()
    for platform in platforms or lock.platforms:
        missing: dict[str, tuple[LockedPackage, Wheel]] = {}
        for chosen in select(lock, _target(lock, platform), what=f"for {platform}"):
            wheel = chosen.wheels[0]
            place = folder / wheel.name
            if place not in paths and not _copied(wheel, place, find):
                if chosen.package.origin is not None:
                    raise LockError(
                        f"{wheel.name} is missing",
                        context=f"it was built from {chosen.package.origin.source}, so no index has it",
                        hint="lock anew, which builds it again",
                    )
                missing[chosen.package.name] = (chosen.package, wheel)
            paths.add(place)
        if missing:
            pip = pip or _program(context)
            _fetch(pip, lock, missing, folder, context)
    return tuple(sorted(paths))


def _target(lock: Lock, platform: str) -> Target:
    if lock.python is None:
        version = running().base.version
        return Target(".".join(version.split(".")[:2]), version, running().base.implementation, platform)
    return Target(lock.python, f"{lock.python}.0", lock.implementation, platform)


def _copied(wheel: Wheel, place: Path, find: FindWheel) -> bool:
    """Whether the wheel is there now, as it was locked."""
    if place.is_file():
        _verify(wheel, place)
        return True
    source = find(wheel)
    if source is None:
        return False
    shutil.copyfile(source, place)
    _verify(wheel, place)
    return True


def _verify(wheel: Wheel, place: Path) -> None:
    found = hashlib.sha256(place.read_bytes()).hexdigest()
    if found != wheel.sha256:
        raise HashMismatchError(wheel.name, expected=wheel.sha256, found=found)


def _program(context: BuildContext) -> PipProgram:
    """The newest pip there is; which Python runs it has no say in what it fetches."""
    python = running()
    settings = read_settings(
        context.environment, python.prefix, options=context.pip_options, variables=context.pip_environment
    )
    settings = reaching(for_builds(settings, read_uv_settings(settings.environment)))
    return VirtualenvPipInstaller(python, context.workplace, settings, context.cache).program(python.base)


def _fetch(
    pip: PipProgram,
    lock: Lock,
    missing: Mapping[str, tuple[LockedPackage, Wheel]],
    folder: Path,
    context: BuildContext,
) -> None:
    """Fetch wheels of one platform: each has one hash, so their own names say what is asked for."""
    names = [name for _, wheel in missing.values() if (name := read_name(wheel.name))]
    parts = [name.tags.split("-") for name in names]
    told = [f"--abi={abi}" for abi in sorted({abi for part in parts for abi in part[1].split(".")})]
    told += [f"--platform={tag}" for tag in sorted({tag for part in parts for tag in part[2].split(".")})]
    path = context.folder / "download.txt"
    path.write_text(
        "".join(
            f"{package.name}=={package.version} --hash=sha256:{wheel.sha256}\n"
            for package, wheel in missing.values()
        ),
        encoding="utf-8",
    )
    arguments = [
        "--no-deps", "--require-hashes", "--only-binary", ":all:", "--dest", str(folder),
        "--implementation", _IMPLEMENTATIONS.get(lock.implementation, lock.implementation),
        *([f"--python-version={lock.python}"] if lock.python else ()), *told, "--requirement", str(path),
    ]  # fmt: skip
    try:
        pip.run("download", arguments, what="downloading wheels")
    except ProcessError as error:
        raise judged(error, missing, is_offline=context.offline) from error
    for _, wheel in missing.values():
        if not (folder / wheel.name).is_file():
            raise LockError(
                f"{wheel.name} can't be had", context="the index has another file in its place",
                hint="lock anew with `rezup lock --upgrade`",
            )  # fmt: skip
        _verify(wheel, folder / wheel.name)
