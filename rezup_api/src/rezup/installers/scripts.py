"""Console scripts that need no path: they find their interpreter relative to themselves.

A script is a shell script and a Python module at once, so it needs no shebang longer than
``#!/bin/sh`` (a path of 128 bytes or with a blank makes none), and its environment can be moved.
The common case takes the shell's own words only; links are followed where there are any.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rezup.errors import InstallError
from rezup.installers.distributions import recorded

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from rezup.installers.distributions import Distribution, EntryPoint

#: Its folder, below the environment's programs, and the file that makes Rez take itself for production.
PRODUCTION_FOLDER = "rez"
MARKER = ".rez_production_install"

# POSIX shell within a string of Python: no backslash, no three quotes in a row.
_HEADER = """\
#!/bin/sh
''':'
s=$0
d=${s%/*}
b=@FOLDER@
v=${b%/*}
if [ ! -f "$v/pyvenv.cfg" ] || [ -L "$s" ] || [ -L "$d" ] || [ -L "$b" ]; then
    case $s in */*) ;; *) if [ -e "./$s" ]; then s=./$s; else s=$(command -v -- "$s"); fi ;; esac
    while [ -L "$s" ]; do
        l=$(readlink "$s")
        case $l in /*) s=$l ;; *) s=${s%/*}/$l ;; esac
    done
    d=$(CDPATH= cd -P -- "${s%/*}/" && pwd -P) || exit 127
    s=$d/${s##*/}
    b=@FOLDER@
fi
exec "$b/@PYTHON@" @FLAGS@"$s" "$@"
'''
"""
_BODY = """\
import sys
from @MODULE@ import @NAME@
if __name__ == "__main__":
@BEFORE@    sys.exit(@FUNCTION@())
"""
# Where Rez is not found below its environment, it is told where its programs are.
_PRESET = """\
    import os
    from rez.system import system
    system.rez_bin_path = os.path.dirname(os.path.realpath(__file__))
"""
_FLAG = re.compile(r"-[A-Za-z][A-Za-z0-9_.:=,/+-]*", re.ASCII)
_ACTIVATION = re.compile(r"(?i)(?:de)?activate(?:[._]\w+)*|activate_this\.py|pydoc\.bat")
#: Written by the installers for themselves.
_REMNANTS = (".gitignore", ".lock", "CACHEDIR.TAG")


@dataclass(frozen=True, slots=True)
class Layout:
    """Folders of an environment that is being finished."""

    target: Path
    programs: Path
    site: Path

    @property
    def production(self) -> Path:
        """The folder of production scripts."""
        return self.programs / PRODUCTION_FOLDER


@dataclass(frozen=True, slots=True)
class ToolScripts:
    """A distribution whose scripts are to run in production, and with which interpreter options."""

    distribution: Distribution
    flags: tuple[str, ...]
    is_rez: bool = False
    preset: bool = False
    """Its scripts tell Rez where Rez's programs are."""
    beside_source: bool = False
    """A source in edit mode is used: its byte-code is kept beside it, or each run would compile it."""


def script_text(
    entry: EntryPoint, flags: Sequence[str], *, in_production: bool = True, preset: bool = False
) -> str:
    """The text of a console script.

    :raises InstallError: a flag is no single option of Python
    """
    name = entry.function.split(".")[0]
    body = _BODY.replace("@MODULE@", entry.module).replace("@NAME@", name)
    body = body.replace("@BEFORE@", _PRESET if preset else "").replace("@FUNCTION@", entry.function)
    return header(flags, in_production=in_production) + body


def header(flags: Sequence[str] = (), *, in_production: bool = False, python: str = "python") -> str:
    """What starts the interpreter, and is a string to Python.

    :param in_production: the script is in ``bin/rez``; else it is in ``bin``
    """
    for flag in flags:
        if not _FLAG.fullmatch(flag):
            raise InstallError(f"{flag!r} is no option for a script's interpreter", hint='such as "-E"')
    return (
        _HEADER.replace("@FOLDER@", "${d%/*}" if in_production else "$d")
        .replace("@PYTHON@", python)
        .replace("@FLAGS@", "".join(f"{flag} " for flag in flags))
    )


def production_flags(tool: ToolScripts) -> tuple[str, ...]:
    """A tool's flags, and -B: nothing is written into a revision.

    Where a source in edit mode is used there is no -B. All of the revision has its byte-code
    already, so what gets written lies beside that source, outside.
    """
    return tool.flags if tool.beside_source or "-B" in tool.flags else (*tool.flags, "-B")


def write_production_scripts(layout: Layout, tools: Sequence[ToolScripts]) -> dict[str, tuple[str, ...]]:
    """Put the tools' console scripts where only they are, in place of the wheels' own.

    A script that two tools have is the later one's: an extension may replace one of Rez.

    :returns: names of the scripts by the key of their distribution
    """
    written: dict[str, tuple[str, ...]] = {}
    for tool in tools:
        for entry in tool.distribution.entry_points("console_scripts"):
            _remove_script(layout.programs, entry.name)
    # Rez as a library leaves its own script where the folder has to be.
    _remove_script(layout.programs, PRODUCTION_FOLDER)
    layout.production.mkdir()
    for tool in tools:
        entries = tool.distribution.entry_points("console_scripts")
        if os.name == "nt":
            _write_launchers(layout, entries, tool)
        else:
            for entry in entries:
                text = script_text(entry, production_flags(tool), preset=tool.preset)
                write_program(layout.production / entry.name, text.encode("ascii"))
        written[tool.distribution.key] = tuple(sorted(entry.name for entry in entries))
        if tool.is_rez:
            (layout.production / MARKER).write_text(tool.distribution.version, encoding="ascii")
    return written


def make_relocatable(layout: Layout) -> None:
    """Remove what serves a fixed place only, and let the other scripts find their interpreter."""
    for entry in list(layout.programs.iterdir()):
        if _ACTIVATION.fullmatch(entry.name):
            entry.unlink()
        elif entry.is_file() and not entry.is_symlink():
            data = entry.read_bytes()
            changed = _relocated(data, layout.programs)
            if changed is not None:
                write_program(entry, changed)
    for name in _REMNANTS:
        (layout.target / name).unlink(missing_ok=True)
    for entry in layout.site.glob("*.virtualenv"):
        entry.unlink()
    _clean_configuration(layout.target / "pyvenv.cfg")
    shutil.rmtree(layout.programs / "__pycache__", ignore_errors=True)


def correct_records(
    layout: Layout, distributions: Iterable[Distribution], tools: Sequence[ToolScripts]
) -> None:
    """Let each RECORD say what is there now: hashes of changed scripts, no removed ones, the new ones."""
    own = {tool.distribution.key: tool for tool in tools}
    up = os.path.relpath(layout.programs, layout.site).replace(os.sep, "/")
    for distribution in distributions:
        before = distribution.record()
        record = {}
        for path, entry in before.items():
            if not path.startswith("../") and not os.path.isabs(path):
                # virtualenv lists byte-code, and its folders, that it never writes.
                if entry[0] or (layout.site / path).is_file():
                    record[path] = entry
                continue
            place = layout.site / path
            if place.is_file():
                name = os.path.relpath(place, layout.site).replace(os.sep, "/")
                record[name] = recorded(place.read_bytes())
        tool = own.get(distribution.key)
        if tool is not None and before:
            names = [entry.name for entry in distribution.entry_points("console_scripts")]
            for name in [*names, *([MARKER] if tool.is_rez else [])]:
                place = layout.production / name
                if place.is_file():
                    record[f"{up}/{PRODUCTION_FOLDER}/{name}"] = recorded(place.read_bytes())
        if record != before:
            distribution.write_record(record)


def leftovers(layout: Layout, distributions: Iterable[Distribution]) -> tuple[str, ...]:
    """Files that name the folder the environment was built in, relative to it; none is the aim."""
    suspects = [layout.target / "pyvenv.cfg", *layout.site.glob("*.pth"), *layout.site.glob("*.egg-link")]
    for folder in (layout.programs, layout.production):
        if folder.is_dir():
            suspects += [entry for entry in folder.iterdir() if not entry.is_symlink()]
    for distribution in distributions:
        if distribution.folder.is_relative_to(layout.target):
            suspects += [distribution.folder / "RECORD", distribution.folder / "direct_url.json"]
    place = os.fsencode(layout.target)
    return tuple(
        sorted(
            path.relative_to(layout.target).as_posix()
            for path in suspects
            if path.is_file() and place in path.read_bytes()
        )
    )


def _remove_script(programs: Path, name: str) -> None:
    for candidate in (name, f"{name}.exe", f"{name}-script.py", f"{name}.cmd"):
        path = programs / candidate
        if path.is_symlink() or path.is_file():
            path.unlink()


def write_program(path: Path, data: bytes) -> None:
    """Write an executable file."""
    path.write_bytes(data)
    path.chmod(0o755)


# What installers put before a script: a shebang, or a shell line where that is too long for one.
_SHELL_START = re.compile(rb"#!/bin/sh\n'''exec' [^\n]*\n' '''\n")
_SHEBANG = re.compile(rb"#!([^\n]*)\n")


def _relocated(data: bytes, programs: Path) -> bytes | None:
    """The script with a start of ours; None if it is no script of this environment."""
    if not data.startswith(b"#!"):
        return None
    start = _SHELL_START.match(data) or _SHEBANG.match(data)
    if start is None:
        return None
    is_own = os.fsencode(programs) + b"/" in start[0] or start.re is _SHELL_START
    if not is_own:
        return None
    if b"python" not in start[0]:
        return None
    ours = header()
    rest = data[start.end() :]
    coding = re.match(rb"#[^\n]*coding[:=][^\n]*\n", rest)
    if coding and not rest.isascii():
        # It must stay within the first two lines, which Python reads for it.
        ours = ours.replace("#!/bin/sh\n", f"#!/bin/sh\n{coding[0].decode('latin-1')}", 1)
        rest = rest[coding.end() :]
    return ours.encode("latin-1") + rest


def _clean_configuration(path: Path) -> None:
    """Drop the line that names the command which made the environment, and thereby its folder."""
    lines = path.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line.partition("=")[0].strip() not in ("command", "prompt")]
    if kept != lines:
        path.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")


def _write_launchers(layout: Layout, entries: Sequence[EntryPoint], tool: ToolScripts) -> None:
    """Windows: distlib's launchers, which know their own folder."""
    from distlib.scripts import ScriptMaker  # type: ignore[import-untyped]  # it has no types

    maker = ScriptMaker(None, str(layout.production))
    maker.executable = r"<launcher_dir>\..\python.exe"
    maker.variants = {""}
    maker.clobber = True
    maker.set_mode = True
    if tool.preset:
        maker.script_template = _BODY.replace("@BEFORE@", _PRESET).replace("@MODULE@", "%(module)s").replace(
            "@NAME@", "%(import_name)s"
        ).replace("@FUNCTION@", "%(func)s")  # fmt: skip
    for entry in entries:
        maker.make(
            f"{entry.name} = {entry.module}:{entry.function}",
            {"interpreter_args": list(production_flags(tool))},
        )
