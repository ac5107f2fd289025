"""The wheels of a lock, for this platform and others, gathered in a folder."""

from __future__ import annotations

import hashlib
import shutil
from typing import TYPE_CHECKING

from rezup.errors import HashMismatchError, LockError, ProcessError
from rezup.installers.locked import judged, pinned
from rezup.installers.missing import refuse_unfetchable
from rezup.installers.pip_configuration import read_settings
from rezup.installers.reaching import for_builds, reaching
from rezup.installers.uv_settings import read_uv_settings
from rezup.installers.virtualenv_pip import VirtualenvPipInstaller
from rezup.lockfiles.selection import Target, select
from rezup.lockfiles.wheel_names import read_name
from rezup.system.files import make_folder
from rezup.system.interpreters import running
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.installers.context import BuildContext
    from rezup.installers.pip_program import PipProgram
    from rezup.lockfiles.lock import FindWheel, Lock, LockedPackage, Wheel

_IMPLEMENTATIONS = {"cpython": "cp", "pypy": "pp"}


def download(
    lock: Lock,
    platforms: tuple[str, ...],
    folder: Path,
    context: BuildContext,
    find: FindWheel,
    *,
    only_local: bool = False,
) -> tuple[Path, ...]:
    """Put the wheels of every package for each platform into `folder`; its files, sorted.

    Machines of one platform differ: an older system, or another C library, takes another wheel. All that
    one of them takes are there then.

    :param platforms: empty is all that the lock covers, and this machine's where it doesn't say
    :param find: where wheels may be that needn't be fetched
    :param only_local: fetch none
    :raises LockError: the lock doesn't cover a platform, or a wheel can't be had
    :raises HashMismatchError: a file isn't the one that was locked
    :raises InstallError: anything else
    """
    make_folder(context.folder)
    make_folder(context.log.parent)
    make_folder(folder)
    wanted: dict[Path, tuple[LockedPackage, Wheel]] = {}
    for platform in platforms or lock.platforms or (platform_tag(),):
        for chosen in select(lock, _target(lock, platform), what=f"for {platform}", any_machine=True):
            wanted |= {folder / wheel.name: (chosen.package, wheel) for wheel in chosen.wheels}
    missing = [each for place, each in wanted.items() if not _copied(each[1], place, find)]
    refuse_unfetchable(missing, what="it", only_local=only_local)
    if missing:
        pip = _program(context)
        for batch in _batches(missing):
            _fetch(pip, lock, batch, folder, context)
    return tuple(sorted(wanted))


def _batches(missing: Sequence[tuple[LockedPackage, Wheel]]) -> list[dict[str, tuple[LockedPackage, Wheel]]]:
    """What one call of pip can fetch, by name: nothing twice, and wheels of the same tags.

    Of a folder, whose files have no hashes before they are read, pip takes what fits best: given the tags
    of one wheel alone, that is the one.
    """
    batches: dict[tuple[str, int], dict[str, tuple[LockedPackage, Wheel]]] = {}
    for package, wheel in missing:
        name = read_name(wheel.name)
        tags, number = name.tags if name else "", 0
        while package.name in batches.setdefault((tags, number), {}):
            number += 1
        batches[tags, number][package.name] = (package, wheel)
    return list(batches.values())


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
    """Fetch wheels: each has one hash, so their own names say what is asked for."""
    names = [name for _, wheel in missing.values() if (name := read_name(wheel.name))]
    parts = [name.tags.split("-") for name in names]
    told = [f"--abi={abi}" for abi in sorted({abi for part in parts for abi in part[1].split(".")})]
    told += [f"--platform={tag}" for tag in sorted({tag for part in parts for tag in part[2].split(".")})]
    path = context.folder / "download.txt"
    path.write_text(
        "".join(f"{pinned(package, wheel)}\n" for package, wheel in missing.values()),
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
