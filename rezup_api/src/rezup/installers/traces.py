"""What an installation by lock leaves no trace of: the machine, the day, and which installer it was."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from rezup.errors import InstallError
from rezup.installers.distributions import recorded
from rezup.installers.scripts import script_text, write_program

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from rezup.installers.distributions import Distribution
    from rezup.installers.scripts import Layout
    from rezup.system.interpreters import Interpreter

#: What installers note for themselves: where a file lay, when it was changed, whether a user named it.
_NOTES = ("direct_url.json", "uv_cache.json", "uv_build.json", "REQUESTED", "provenance_url.json")
_INSTALLER = b"rezup\n"
#: The first second of 1980.
_EPOCH = 315532800
#: Lines of ``pyvenv.cfg`` that name the program which made the environment.
_MAKERS = ("uv", "virtualenv", "relocatable", "command", "prompt")


def remove_traces(layout: Layout, distributions: Iterable[Distribution], interpreter: Interpreter) -> None:
    """Make what was installed the same on every machine, RECORD included; edit mode is left as it is."""
    for distribution in distributions:
        record = distribution.record()
        if distribution.editable is None and record and distribution.site == layout.site:
            changed = _noted(distribution, _scripted(layout, distribution, record))
            distribution.write_record(dict(sorted(changed.items())))
    _unsigned(layout)
    if interpreter.release < (3, 7):  # its byte-code holds the time of its source
        for path in layout.site.rglob("*.py"):
            if not path.is_symlink():
                os.utime(path, (_EPOCH, _EPOCH))


def _noted(distribution: Distribution, record: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The files of a distribution, without an installer's notes."""
    prefix = f"{distribution.folder.name}/"
    for name in _NOTES:
        (distribution.folder / name).unlink(missing_ok=True)
    (distribution.folder / "INSTALLER").write_bytes(_INSTALLER)
    kept = {path: entry for path, entry in record.items() if path not in {prefix + name for name in _NOTES}}
    return {**kept, prefix + "INSTALLER": recorded(_INSTALLER)}


def _scripted(
    layout: Layout, distribution: Distribution, record: Mapping[str, tuple[str, str]]
) -> dict[str, tuple[str, str]]:
    """The files of a distribution, its console scripts ours, and no others for one entry point."""
    try:
        entries = {entry.name: entry for entry in distribution.entry_points("console_scripts", "gui_scripts")}
    except InstallError:  # its own business, unless it is a tool
        return dict(record)
    up = os.path.relpath(layout.programs, layout.site).replace(os.sep, "/") + "/"
    changed = {}
    for path, entry in record.items():
        name = path.removeprefix(up)
        if name == path or "/" in name or os.name == "nt":
            changed[path] = entry
        elif name in entries:
            data = script_text(entries[name], (), in_production=False).encode("ascii")
            write_program(layout.programs / name, data)
            changed[path] = recorded(data)
        elif distribution.key == "pip":  # "pip3.11": some seed it, some don't
            (layout.programs / name).unlink(missing_ok=True)
        else:
            changed[path] = entry
    return changed


def _unsigned(layout: Layout) -> None:
    path = layout.target / "pyvenv.cfg"
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition("=")[0].strip() not in _MAKERS]
    path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
