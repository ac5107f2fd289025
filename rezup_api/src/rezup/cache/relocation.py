"""A project's own environment made to work where it lands.

Its scripts and activation scripts name the folder it was made in, and what was installed from the
project's own source names that. Both are replaced, each file by the rules of its kind.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote

from rezup.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

CONFIGURATION = "pyvenv.cfg"

#: Larger files are data; no program that we know of writes its place there.
_LARGEST = 1 << 20
#: A longer first line is cut off by some systems.
_LONGEST_SHEBANG = 127
#: Characters that need no quotes in any shell.
_PLAIN = re.compile(r"[A-Za-z0-9_./+@,-]+")
#: Characters that an activation script would take for something else, or that part the entries of PATH.
_HARMFUL = re.compile(r"[\x00-\x1f\x7f'\"`$!]" + (r"|[:\\]" if os.name != "nt" else "|%"))
_ACTIVATION = re.compile(r"(?i)(?:.*/)?(?:de)?activate(?:\.\w+)?")
_EXEC = re.compile(rb"#!/bin/sh\n'''exec' (\"[^\"\n]*\"|'[^'\n]*'|[^ \n]+)(.*) \"\$0\" \"\$@\"\n' '''\n")
_SHEBANG = re.compile(rb"#! ?([^\n]*)\n")


class Place(NamedTuple):
    """Where an environment lies, and the project that it belongs to."""

    venv: str
    project: str
    python: str
    """Path of the interpreter that it is made from."""

    def names(self) -> dict[str, list[str]]:
        """The two folders under all names that files may know them by."""
        return {
            "venv": sorted({self.venv, os.path.realpath(self.venv)}),
            "project": sorted({self.project, os.path.realpath(self.project)}),
        }


def mentions(root: Path, files: Iterable[str], place: Place) -> list[str]:
    """Files of an environment that name its place, or that of its project."""
    needles = {os.fsencode(name) for names in place.names().values() for name in names}
    needles |= {quote(os.fsdecode(needle)).encode() for needle in needles}
    found = []
    for path in files:
        if path.endswith(".pyc"):  # the importer puts the real place in
            continue
        full = root / path
        if path == CONFIGURATION:
            found.append(path)
        elif full.stat().st_size <= _LARGEST:
            data = full.read_bytes()
            if b"\0" not in data and any(needle in data for needle in needles):
                found.append(path)
    return found


class Relocation:
    """The way from where an environment was stored to where it is wanted.

    :param facts: what `stored_facts` gave when it was stored
    :param files: all that belong to it
    :raises CacheError: scripts could not name the new place
    :raises LookupError: the facts are none
    """

    def __init__(self, facts: Mapping[str, Any], files: Iterable[str], target: Place) -> None:
        self.files = frozenset(facts["placed"]).intersection(files)
        self._target = target
        self._python = str(facts["python"])
        pairs = [(name, target.venv) for name in facts["names"]["venv"]]
        pairs += [(name, target.project) for name in facts["names"]["project"]]
        self._new = {old: new for old, new in reversed(pairs) if old not in ("/", "")}
        self.is_needed = any(old != new for old, new in self._new.items())
        if self.is_needed and _HARMFUL.search(target.venv):
            raise CacheError(
                f"{target.venv!a} can't be named in activation scripts",
                context="it has a quote, a `$`, a `!`, a `:` or the like in it",
                hint="choose another folder for the environment",
            )

    def apply(self, root: Path) -> None:
        """Rewrite the environment that was cloned to `root`, which is going to be renamed.

        :raises OSError: a file can't be written
        """
        for path in self.files:
            data = (root / path).read_bytes()
            changed = self._relocated(path, data)
            if path == CONFIGURATION:
                changed = self._configured(changed)
            if changed != data:
                (root / path).write_bytes(changed)
        for folder in ("bin", "."):
            self._relink(root / folder)

    def _relocated(self, path: str, data: bytes) -> bytes:
        if not self.is_needed:
            return data
        name = path.rpartition("/")[2]
        if name == "direct_url.json":
            return self._replaced(data, url=True)
        if _ACTIVATION.fullmatch(path):
            return self._replaced(data, quotes=not name.endswith(".bat"))
        start = _EXEC.match(data)
        if start is not None:
            program, options = start[1].strip(b"\"'"), start[2]
        else:
            start = _SHEBANG.match(data)
            if start is None:
                return self._replaced(data)
            program, _, options = start[1].partition(b" ")
        python, rest = self._replaced(program), self._replaced(data[start.end() :])
        # Another program's script keeps its first line.
        return (start[0] if python == program else _script_start(python, options.strip())) + rest

    def _replaced(self, data: bytes, *, quotes: bool = False, url: bool = False) -> bytes:
        """The data with each old place replaced by the new one.

        :param quotes: a new place that needs them gets quotes, where the old one has none around
        :param url: both are parts of URLs
        """
        spell = quote if url else str
        new = {os.fsencode(spell(old)): os.fsencode(spell(to)) for old, to in self._new.items()}
        names = b"|".join(map(re.escape, sorted(new, key=len, reverse=True)))

        def replacement(match: re.Match[bytes]) -> bytes:
            to = new[match[0]]
            before = data[: match.start()][-1:]
            if quotes and before not in (b'"', b"'") and not _PLAIN.fullmatch(os.fsdecode(to)):
                return b"'" + to + b"'"
            return to

        return re.sub(rb"(?<![\w.-])(?:" + names + rb")(?![\w.-])", replacement, data)

    def _configured(self, data: bytes) -> bytes:
        """The configuration, with the interpreter that is here."""
        if self._python == self._target.python:
            return data
        python = self._target.python
        here = {
            "home": os.path.dirname(python),
            "executable": python,
            "base-executable": python,
            "base-prefix": os.path.dirname(os.path.dirname(python)),
            "base-exec-prefix": os.path.dirname(os.path.dirname(python)),
        }
        lines = []
        for line in data.decode("utf-8", "surrogateescape").splitlines():
            key, equals, _ = line.partition("=")
            value = here.get(key.strip())
            lines.append(f"{key.rstrip()} = {value}" if equals and value else line)
        return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")

    def _relink(self, folder: Path) -> None:
        """Let links lead to the interpreter that is here, and to the new place."""
        if not folder.is_dir():
            return
        for entry in list(folder.iterdir()):
            if not entry.is_symlink():
                continue
            old = os.readlink(entry)
            new = os.fsdecode(self._replaced(os.fsencode(old)))
            is_python = os.path.isabs(old) and os.path.basename(old).startswith(("python", "pypy"))
            if new == old and is_python and os.path.realpath(old) != self._target.python:
                new = self._target.python
            if new != old:
                entry.unlink()
                entry.symlink_to(new)


def stored_facts(root: Path, files: Iterable[str], place: Place) -> dict[str, Any]:
    """What has to be known of an environment to let it work somewhere else."""
    return {"names": place.names(), "python": place.python, "placed": mentions(root, files, place)}


def _script_start(python: bytes, options: bytes) -> bytes:
    """The first lines of a script that a Python of this path runs."""
    line = b"#!" + python + (b" " + options if options else b"") + b"\n"
    if len(line) <= _LONGEST_SHEBANG and b" " not in python:
        return line
    given = b" " + options if options else b""
    return b"#!/bin/sh\n'''exec' \"" + python + b'"' + given + b" \"$0\" \"$@\"\n' '''\n"
