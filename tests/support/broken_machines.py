"""The places of a machine, means to break it, and what ``rezup doctor`` finds there."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


def revision(machine: World, name: str = "foo") -> Path:
    return machine.root / name / machine.stamps(name)[0]


def library(machine: World) -> Path:
    """A file of the environment."""
    return next(revision(machine).glob("venv/rez/lib/python*/site-packages/rez/cli.py"))


def cache(machine: World) -> Path:
    return machine.home / ".cache" / "rezup"


def entry(machine: World) -> Path:
    (found,) = [path for path in (cache(machine) / "environments-v1").iterdir() if len(path.name) == 64]
    return found


def wheel(machine: World) -> Path:
    return next((revision(machine) / "wheels").glob("rez-*.whl"))


def remote_of(machine: World) -> Path:
    """A remote root with one revision."""
    root = machine.folder / "remote"
    target = root / "foo" / revision(machine).name
    target.mkdir(parents=True)
    for name in ("rezup.toml", "pylock.toml", "revision.json"):
        shutil.copyfile(revision(machine) / name, target / name)
    machine.variables["REZUP_ROOT_REMOTE"] = str(root)
    return target


def write(path: Path, text: str | bytes) -> None:
    """Write a file in place, whatever its permissions are; folders are made."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists():
        path.chmod(path.stat().st_mode | 0o200)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    if path.suffix in (".py", ".whl"):
        path.chmod(0o444)


def twin(machine: World) -> None:
    shutil.copytree(revision(machine), machine.root / "FOO" / "1.000000", symlinks=True)


def remote_twin(machine: World) -> None:
    target = remote_of(machine)
    shutil.copytree(target, target.parent.parent / "FOO" / target.name)


def codes(data: dict[str, Any]) -> set[str]:
    return {each["code"] for each in data["findings"] if not each["mended"]}
