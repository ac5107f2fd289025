r"""Byte-code for a whole environment, before it is published.

It names no path (the importer puts the real one in) and, from Python 3.7 on, is not compared with
its source (PEP 552, "unchecked hash"), so that it stays good when an environment is copied, linked
or moved. A distribution that was compiled before is taken from a cache::

    <cache>/bytecode-v1/ab/cdef….pyc-pack     one file per distribution, Python and content
        "rezup byte-code 1\n", SHA-256 of the rest (32 bytes), length of the index (4 bytes),
        index (JSON: [[path, size], ...]), byte-code of one file after the other

Its key is the SHA-256 over the lines of RECORD that name modules, so equal keys mean equal sources.
Before an entry is written, the sources are held against those hashes: a wheel that lies in its
RECORD must not put its code into other environments.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rezup.installers.distributions import recorded
from rezup.installers.programs import python_of
from rezup.system.interpreters import is_python_variable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from rezup.installers.distributions import Distribution
    from rezup.installers.programs import Workplace
    from rezup.system.interpreters import Interpreter

BUCKET = "bytecode-v1"
_MAGIC = b"rezup byte-code 1\n"
_NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
#: A process for each so many files; fewer are not worth starting one.
_FILES_PER_PROCESS = 150


@dataclass(frozen=True, slots=True)
class Compiled:
    """How much came from where, in files."""

    restored: int
    compiled: int
    entries: frozenset[str] = frozenset()
    """The distributions that are complete, by their names in the cache."""


def complete(
    target: Path,
    site: Path,
    interpreter: Interpreter,
    distributions: Iterable[Distribution],
    *,
    workplace: Workplace,
    cache: Path | None,
    before: Compiled | None = None,
    others: bool = True,
    python: Path | None = None,
) -> Compiled:
    """Give every module below `site` its byte-code; a file that doesn't compile goes without.

    Modules behind links (a source in edit mode) belong to somebody else and are left alone.

    :param python: the interpreter that compiles, if it is not the one in `target`
    :param others: also the modules of no distribution given
    :param before: an earlier call for the same folder; what it completed and did not change is kept
    :raises ProcessError: the environment's Python can't be run
    """
    modules = _modules(site)
    bucket = None if cache is None or interpreter.release < (3, 7) else cache / BUCKET
    known: list[tuple[Path, Distribution, list[str]]] = []
    entries: set[str] = set()
    restored = 0
    for distribution in distributions if bucket is not None else ():
        names = [name for name in _recorded_modules(distribution) if name in modules]
        if not names or bucket is None:
            continue
        key = _key(distribution, names, interpreter)
        entries.add(key)
        if before is not None and key in before.entries:
            modules.difference_update(names)
            continue
        entry = bucket / key
        count = _restore(entry, site, interpreter, names)
        if count is None:
            known.append((entry, distribution, names))
        else:
            restored += count
            modules.difference_update(names)
    if not others:
        modules.intersection_update(name for _, _, names in known for name in names)
    if modules:
        _compile(target, site, python or python_of(target), sorted(modules), workplace, interpreter)
    for entry, distribution, names in known:
        _store(entry, distribution, names, interpreter)
    return Compiled(restored, len(modules), frozenset(entries))


def _modules(site: Path) -> set[str]:
    """Every module below `site`, relative to it, with forward slashes."""
    found = set()
    start = len(str(site)) + 1
    for folder, folders, files in os.walk(site):
        if "__pycache__" in folders:
            folders.remove("__pycache__")
        prefix = folder[start:].replace(os.sep, "/")
        prefix = f"{prefix}/" if prefix else ""
        for name in files:
            if name.endswith(".py"):
                found.add(prefix + name)
    return {name for name in found if "\n" not in name and not (site / name).is_symlink()}


def _recorded_modules(distribution: Distribution) -> list[str]:
    """Modules of a distribution that its RECORD has a hash of."""
    return [
        path
        for path, (digest, _) in distribution.record().items()
        if path.endswith(".py") and digest.startswith("sha256=") and ".." not in path.split("/")
    ]


def _key(distribution: Distribution, names: Sequence[str], interpreter: Interpreter) -> str:
    record = distribution.record()
    digest = hashlib.sha256(_MAGIC)
    about = f"{interpreter.implementation} {interpreter.version} {interpreter.cache_tag}\n"
    digest.update(about.encode())
    for name in sorted(names):
        digest.update(f"{name}\0{record[name][0]}\n".encode())
    text = digest.hexdigest()
    return f"{text[:2]}/{text[2:]}.pyc-pack"


def _place(name: str, interpreter: Interpreter) -> str:
    folder, slash, file = name.rpartition("/")
    return f"{folder}{slash}__pycache__/{file[:-3]}.{interpreter.cache_tag}.pyc"


def _restore(entry: Path, site: Path, interpreter: Interpreter, names: Sequence[str]) -> int | None:
    """Write the byte-code of an entry; None if there is none that can be trusted."""
    try:
        data = _read_own(entry)
        if data is None or not data.startswith(_MAGIC):
            return None
        body = memoryview(data)[len(_MAGIC) + 32 :]
        if hashlib.sha256(body).digest() != data[len(_MAGIC) : len(_MAGIC) + 32]:
            return None
        (length,) = struct.unpack_from("<L", body)
        index = json.loads(bytes(body[4 : 4 + length]))
        position = 4 + length
        wanted, folders = set(names), set()
        for name, size in index:
            if name not in wanted:
                return None
            path = f"{site}/{_place(name, interpreter)}"
            folder = path.rpartition("/")[0]
            if folder not in folders:
                os.makedirs(folder, exist_ok=True)  # a thousand files: pathlib takes its time
                folders.add(folder)
            descriptor = os.open(path, _NEW_FILE, 0o644)
            try:
                os.write(descriptor, body[position : position + size])
            finally:
                os.close(descriptor)
            position += size
    except (OSError, ValueError, TypeError, LookupError, struct.error):
        return None
    return len(index)


def _read_own(entry: Path) -> bytes | None:
    """The content of an entry, if nobody but its owner, us or root, could have written it."""
    with entry.open("rb") as stream:
        status = os.fstat(stream.fileno())
        writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        if hasattr(os, "geteuid") and (writable or status.st_uid not in (0, os.geteuid())):
            return None
        return stream.read()


def _compile(
    target: Path,
    site: Path,
    python: Path,
    names: Sequence[str],
    workplace: Workplace,
    interpreter: Interpreter,
) -> None:
    script = Path(__file__).with_name("bytecode_target.py")
    prefix = site.relative_to(target).as_posix()
    count = max(1, min(os.cpu_count() or 1, len(names) // _FILES_PER_PROCESS))
    sized = sorted(names, key=lambda name: (site / name).stat().st_size, reverse=True)
    parts = [sized[number::count] for number in range(count)]

    environment = {
        name: value for name, value in workplace.environment.items() if not is_python_variable(name)
    }
    # Before Python 3.11, sets are written in the order of their hashes; -E would hide it.
    environment["PYTHONHASHSEED"] = "0"

    # -S: no start-up files; Python 2.7 would not find its library
    quick = ["-S"] if interpreter.release >= (3,) else []

    def work(number: int) -> None:
        listing = workplace.folder / f"modules-{target.name}-{number}.txt"
        listing.write_text("".join(f"{prefix}/{name}\n" for name in parts[number]), encoding="utf-8")
        # -W ignore: sources of others may hold outdated escapes
        command: list[str | Path]
        command = [python, "-s", *quick, "-B", "-W", "ignore", script, target, listing]
        try:
            workplace.run(command, environment=environment, what="compiling byte-code")
        finally:
            listing.unlink()

    with ThreadPoolExecutor(count) as pool:
        for _ in pool.map(work, range(count)):
            pass


def _store(entry: Path, distribution: Distribution, names: Sequence[str], interpreter: Interpreter) -> None:
    """Keep what was compiled; a cache that can't be written, or a RECORD that lies, keeps nothing."""
    record = distribution.record()
    index, parts = [], []
    try:
        for name in names:
            if recorded((distribution.site / name).read_bytes())[0] != record[name][0]:
                return
            path = distribution.site / _place(name, interpreter)
            if path.is_file():
                data = path.read_bytes()
                index.append([name, len(data)])
                parts.append(data)
        listing = json.dumps(index, separators=(",", ":")).encode()
        body = b"".join([struct.pack("<L", len(listing)), listing, *parts])
        from rezup.system.files import make_folder, write_atomic

        make_folder(entry.parent)
        write_atomic(entry, _MAGIC + hashlib.sha256(body).digest() + body, durable=False)
    except OSError:
        return
