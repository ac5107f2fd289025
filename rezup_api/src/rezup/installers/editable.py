"""A Rez in edit mode that still counts as a production install.

Rez is in production when ``rez.__path__[0]`` lies below the ``lib`` of an environment with
production scripts. The edit mode of pip puts the source folder on the path instead, so the path
entry (or the import hook) is replaced by links to the packages: Rez then finds itself in the
environment, in its scripts, in ``rez-python`` and in nested calls alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rezup.installers.distributions import Distribution

#: The packages of Rez.
PACKAGES = ("rez", "rezplugins", "rezgui")


@dataclass(frozen=True, slots=True)
class Linked:
    """What came of it; ``reason`` tells why links can't be."""

    is_linked: bool
    reason: str = ""


def link_sources(rez: Distribution) -> Linked:
    """Replace what pip's edit mode wrote by links to Rez's packages; all of them or none."""
    source = None if rez.editable is None else _package_root(rez.editable)
    if source is None:
        return Linked(False, f"{rez.editable} has no package {PACKAGES[0]}")
    made: list[Path] = []
    try:
        for name in PACKAGES:
            if (source / name).is_dir():
                _link(source / name, rez.site / name, made)
    except OSError as error:
        for link in made:
            link.unlink()
        return Linked(False, f"links can't be made here: {error.strerror}")
    _remove_hooks(rez)
    return Linked(True)


def _link(source: Path, place: Path, made: list[Path]) -> None:
    """Link a source; where an extension has put a folder of that name (plugins), link what it lacks."""
    if not place.is_dir():
        place.symlink_to(source, target_is_directory=source.is_dir())
        made.append(place)
        return
    for entry in sorted(source.iterdir()):
        inner = place / entry.name
        if entry.name != "__pycache__" and (entry.is_dir() or not inner.exists()):
            _link(entry, inner, made)


def _package_root(source: Path) -> Path | None:
    for folder in (source / "src", source):
        if (folder / PACKAGES[0] / "__init__.py").is_file():
            return folder.resolve()
    return None


def _remove_hooks(rez: Distribution) -> None:
    """Remove the ``.pth`` and import hook of this distribution, and drop them from its RECORD."""
    record = rez.record()
    for path in list(record):
        name = Path(path).name
        if "/" not in path and (name.endswith(".pth") or re.match(r"__editable__.*\.py$", name)):
            (rez.site / path).unlink(missing_ok=True)
            del record[path]
    rez.write_record(record)
    link = rez.site / f"{rez.name}.egg-link"
    if link.is_file():  # setup.py develop: one .pth for all
        lines = rez.site / "easy-install.pth"
        if lines.is_file():
            kept = [
                line
                for line in lines.read_text(encoding="utf-8").splitlines()
                if line.strip() and Path(line) != rez.folder.parent
            ]
            lines.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
