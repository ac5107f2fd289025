"""One stored environment that is held, so that nobody removes it while it is cloned."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from rezup.cache.cloning import clone_tree
from rezup.cache.manifest import DamagedError

if TYPE_CHECKING:
    from collections.abc import Container, Mapping
    from pathlib import Path
    from types import TracebackType

    from rezup.cache.cloning import Cloned
    from rezup.cache.manifest import Manifest
    from rezup.system.locks import Hold

#: Names in the folder of an entry.
TREE, MANIFEST, LEASE, USED = "tree", "manifest", "lease", "used"


class Environment:
    """A finished environment in the store; a context manager that lets go of it in the end."""

    def __init__(self, folder: Path, manifest: Manifest, hold: Hold, *, was_there: bool) -> None:
        self._folder = folder
        self._manifest = manifest
        self._hold = hold
        self.identity = identity(folder)
        """See `identity`; it is still that entry as long as both are the same."""
        self.was_there = was_there
        """Whether it was in the store before, and not built just now."""

    def __enter__(self) -> Environment:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    @property
    def key(self) -> str:
        """Its key."""
        return self._manifest.key

    @property
    def manifest(self) -> Manifest:
        """What belongs to it."""
        return self._manifest

    @property
    def facts(self) -> Mapping[str, Any]:
        """What its builder told of it."""
        return self._manifest.facts

    @property
    def tree(self) -> Path:
        """Its files; they are read only."""
        return self._folder / TREE

    def clone(self, target: Path, *, link: bool = True, copied: Container[str] = frozenset()) -> Cloned:
        """Make `target`, which must not exist, a clone of it; nothing is left there on failure.

        :param link: hard links may be made where there are no reflinks; False isolates the clone
        :param copied: paths of files that are never linked, as they are going to be changed
        :raises DamagedError: it isn't what was stored any more, or another one took its place meanwhile
        :raises OSError: `target` can't be written
        """
        from rezup.system.files import remove_tree

        try:
            cloned = clone_tree(self.tree, self._manifest.tree, target, link=link, copied=copied)
            if identity(self._folder) != self.identity:
                raise DamagedError("it was replaced meanwhile")
        except FileExistsError:
            raise
        except BaseException:
            with contextlib.suppress(OSError):
                remove_tree(target)
            raise
        return cloned

    def hand_manifest(self, target: Path, *, link: bool) -> None:
        """Put the manifest to a free name, so that a clone can be checked when this entry is gone.

        :raises OSError: `target` can't be written
        """
        from rezup.system.cloning import Cloner

        source = self._folder / MANIFEST
        Cloner(link=link).put(str(source), str(target), source.lstat())

    def release(self) -> None:
        """Let go of it; clones do not need it any more."""
        self._hold.release()


def identity(folder: Path) -> tuple[int, int] | None:
    """What tells an entry from another one of the same key: its lease; None without one."""
    try:
        status = (folder / LEASE).stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino
