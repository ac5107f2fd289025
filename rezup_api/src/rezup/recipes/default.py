"""The recipe that a first run writes."""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from rezup.system.files import make_folder, open_new, write_atomic

if TYPE_CHECKING:
    from pathlib import Path


def default_recipe() -> bytes:
    """The commented default recipe: the newest Rez, and every key explained."""
    from importlib.resources import files

    return files("rezup.recipes").joinpath("default.toml").read_bytes()


def write_default(path: Path) -> bool:
    """Write the default recipe to `path` unless the name is taken, also by a dangling link.

    :returns: True if it was written; False if somebody's file was there, even at the last moment
    :raises OSError: it can't be written
    """
    return write_new(path, default_recipe())


def write_new(path: Path, data: bytes, *, mode: int = 0o644) -> bool:
    """Write a recipe to `path` unless the name is taken; see `write_default`."""
    if os.path.lexists(path):
        return False
    make_folder(path.parent)
    temporary = path.parent / f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}.new"
    try:
        write_atomic(temporary, data, mode=mode)
        return _link_new(temporary, path, mode)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()


def _link_new(source: Path, target: Path, mode: int) -> bool:
    """Give a finished file a second name that must be free: whole, or not at all."""
    try:
        target.hardlink_to(source)
    except FileExistsError:
        return False
    except OSError:
        # No hard links here; the name is still ours alone, though a crash may leave it half written.
        try:
            with open_new(target) as stream:
                stream.write(source.read_bytes())
        except FileExistsError:
            return False
        target.chmod(mode)
    return True
