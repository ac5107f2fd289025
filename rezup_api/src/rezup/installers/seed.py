"""pip for an environment that uv makes: unpacked and compiled beside the installation of all else.

Rez's own `rez-pip` needs pip. It comes from the wheel that virtualenv brings, so it costs no
network; being made in a folder of its own, it is never half there when uv looks at the environment.
"""

from __future__ import annotations

import errno
import os
import shutil
import zipfile
from typing import TYPE_CHECKING

from rezup.errors import InstallError
from rezup.installers.distributions import read_distributions, recorded
from rezup.installers.scripts import script_text, write_program
from rezup.system.files import open_new

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.installers.distributions import Distribution
    from rezup.installers.scripts import Layout


class Seed:
    """One distribution of a pure wheel, waiting to be moved into an environment.

    :param layout: of the environment; the seed's own folders have the same shape
    :param folder: where it is made; on the same file system, and not there yet
    """

    def __init__(self, wheel: Path, layout: Layout, folder: Path) -> None:
        self._wheel = wheel
        self._layout = layout
        self.root = folder
        self.site = folder / layout.site.relative_to(layout.target)

    def unpack(self) -> None:
        """Make it.

        :raises InstallError: the wheel is more than a folder of packages
        """
        self.site.mkdir(parents=True)
        folders = set()
        with zipfile.ZipFile(self._wheel) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
            for name in names:
                if name.startswith(("/", "\\")) or ".." in name.split("/") or ".data/" in name:
                    raise InstallError(f"{self._wheel.name} is no plain wheel", context=ascii(name))
            for name in names:  # five hundred files: `extractall` takes four times as long
                path = f"{self.site}/{name}"
                folder = path.rpartition("/")[0]
                if folder not in folders:
                    os.makedirs(folder, exist_ok=True)
                    folders.add(folder)
                with open_new(path) as stream:
                    stream.write(archive.read(name))

    def settle(self) -> None:
        """Move it into the environment, unless something brought the same distribution."""
        if not self.site.is_dir():
            return
        there = {distribution.key for distribution in read_distributions(self._layout.site)}
        for distribution in read_distributions(self.site):
            if distribution.key not in there:
                self._move(distribution)
        shutil.rmtree(self.root)

    def _move(self, distribution: Distribution) -> None:
        record = {path: entry for path, entry in distribution.record().items() if path != "RECORD"}
        info = distribution.folder.name
        (distribution.folder / "INSTALLER").write_text("rezup\n", encoding="ascii")
        record[f"{info}/INSTALLER"] = recorded(b"rezup\n")
        up = "../" * len(self._layout.site.relative_to(self._layout.target).parts)
        programs = self._layout.programs
        for entry in distribution.entry_points("console_scripts"):
            data = script_text(entry, (), in_production=False).encode("ascii")
            write_program(programs / entry.name, data)
            record[f"{up}{programs.name}/{entry.name}"] = recorded(data)
        distribution.write_record(record)
        for name in {path.split("/")[0] for path in record if not path.startswith("..")}:
            _move(self.site / name, self._layout.site / name)


def _move(source: Path, target: Path) -> None:
    """Move a file or folder, also to another file system; the first failure ends it.

    `shutil.move` would go on with every other file, and tell of all of them.
    """
    try:
        os.rename(source, target)
        return
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
    if not source.is_dir():
        shutil.copy2(source, target)
        return
    for folder, _, names in os.walk(source):
        place = target / os.path.relpath(folder, source)
        place.mkdir()
        for name in names:
            shutil.copy2(os.path.join(folder, name), place / name)
