"""Programs that stay reachable in a context, and where a bare shell looks for its own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING
from zlib import crc32

from rezup.runtime.index_store.stamps import stamp
from rezup.shells.system_paths import READ_ANYWAY, system_paths
from rezup.system.kept import read_kept, write_kept

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.session.packages import Packages

BUCKET = "shells-v1"

#: What marks the folder of programs of a production install of Rez.
_PRODUCTION = ".rez_production_install"


class Tools:
    """The tools of one environment.

    :param packages: gives the configuration, and where caches lie
    :param program: rezup's own script
    """

    def __init__(self, packages: Packages, environ: Mapping[str, str], program: str | None) -> None:
        self._packages = packages
        self._environ = environ
        self._program = program

    def bin_folder(self) -> str | None:
        """The folder of Rez's programs, of the container that one stands in."""
        return self._production()

    def own_folder(self) -> str | None:
        """A folder with rezup itself, and nothing else."""
        cache = self._packages.settings.cache
        if cache is None or self._program is None:
            return None
        from rezup.launch.shims import shim_folder

        return shim_folder(self._program, os.path.join(cache, "shims-v1"))

    def completion_folder(self) -> str | None:
        """The folder of Rez's completion scripts, of the container that one stands in."""
        found = self._production()
        if found is None:
            return None
        from glob import escape, glob

        venv = os.path.dirname(os.path.dirname(found))
        libraries = glob(os.path.join(escape(venv), "lib", "python*", "site-packages", "rez", "completion"))
        return libraries[0] if libraries else None

    def suites(self) -> tuple[str, ...]:
        """The suites whose tools are on PATH, in that order."""
        from rezup.runtime.suites.visibility import visible_suites

        return tuple(visible_suites(self._environ.get("PATH", "").split(os.pathsep)))

    def system_paths(self, shell: str, executable: str) -> tuple[str, ...]:
        """Where a bare shell looks for programs: as configured, else as it says itself, which is kept."""
        configured = self._packages.known_config()["standard_system_paths"]
        if configured:
            return tuple(configured)
        path = os.path.realpath(executable)
        others = tuple([stamp(name) for name in READ_ANYWAY.get(shell, ())])
        asked = (path, stamp(path), others, os.defpath, shell)
        file = self._file(path)
        if file is not None:
            kept = read_kept(file)
            if kept is not None and kept[0] == asked:
                return tuple(kept[1])
        found = system_paths(shell, executable, self._environ)
        if file is not None and found.is_certain:
            write_kept(file, (asked, found.paths))
        return found.paths

    def _file(self, path: str) -> str | None:
        cache = self._packages.settings.cache
        if cache is None:
            return None
        return os.path.join(cache, BUCKET, f"{crc32(os.fsencode(path)):08x}")

    def _production(self) -> str | None:
        for folder in self._environ.get("PATH", "").split(os.pathsep):
            if folder and os.path.isfile(os.path.join(folder, _PRODUCTION)):
                return folder
        return None
