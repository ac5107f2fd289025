"""Sources that become wheels before an environment is locked: folders, archives, repositories.

uv and pip know no hash of a folder or a repository. A wheel has one, so that is what a lock names; what it
was built from is noted beside it.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import LockError, ProcessError
from rezup.installers.base import Package
from rezup.installers.distributions import url_path
from rezup.installers.requirements import write_requirements
from rezup.installers.resolution import OFFLINE_HINT, lacking_offline
from rezup.lockfiles.lock import LockedPackage, Origin, Wheel
from rezup.lockfiles.targets import Target, ranked
from rezup.lockfiles.wheel_names import read_name
from rezup.recipes.secrets import redact
from rezup.system.machine import platform_tag

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from rezup.installers.context import BuildContext
    from rezup.installers.pip_program import PipProgram
    from rezup.installers.requirements import Asked
    from rezup.system.interpreters import Interpreter

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr"})
_URL = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]+://|file:)\S+")
_REPOSITORY = re.compile(r"(git|hg|svn|bzr)\+", re.IGNORECASE)
#: The earliest that a zip archive can name.
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Source(NamedTuple):
    """A requirement that names no index but the thing itself."""

    place: str
    """A URL or a local path."""
    path: Path | None
    """Where it is local."""
    extras: str = ""
    """With their brackets."""
    marker: str = ""

    @property
    def is_repository(self) -> bool:
        """Whether version control has it."""
        return _REPOSITORY.match(self.place) is not None


def read_source(text: str) -> Source | None:
    """The source that a requirement names; None for what an index has."""
    direct = re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?\s*@\s*(\S.*)", text)
    extras = (direct[1] or "") if direct else ""
    place, _, marker = (part.strip() for part in (direct[2] if direct else text).partition(" ;"))
    if _URL.fullmatch(place):
        return Source(place, url_path(place.partition("#")[0]), extras, marker)
    if direct or not os.path.isabs(text):
        return None
    path = Path(text)
    bracket = re.fullmatch(r"(.+)(\[[^\]]*\])", text)
    if bracket and not path.exists():
        return Source(bracket[1], Path(bracket[1]), bracket[2])
    return Source(text, path)


@dataclass(frozen=True, slots=True)
class SourceBuilder:
    """Builds with pip, whichever installer resolves; one wheel for each state of a source.

    What was built in the folder of the job is taken again: two environments of a recipe get the same wheel.
    """

    pip: Callable[[], PipProgram]
    interpreter: Interpreter
    context: BuildContext
    wheels: Path
    """Where the wheels go."""

    def build(
        self, source: Source, shown: str, tools: tuple[str, ...] = (), digest: str = ""
    ) -> LockedPackage:
        """The wheel of a source.

        :param shown: how the recipe names it
        :param tools: which of its tools ask for it
        :param digest: SHA-256 of the archive, where it is known before
        :raises LockError: it is offline, or nothing can be built of it
        :raises ProcessError: building it failed
        """
        shown = redact(self.context.mask(shown))
        commit, place = "", source.place
        if source.path is not None:
            digest = _digest(source.path, shown)
            place = source.path.as_uri()
            subdirectory = re.search(r"#.*?(subdirectory=[^&]+)", source.place)
            if subdirectory:
                place += f"#{subdirectory[1]}"
        elif self.context.offline:
            raise LockError(f"{shown} can't be fetched", context="offline", hint="lock it with a network")
        else:
            commit, digest, place = self._pinned(source, digest)
        wheel = self._wheel(place, source.path, f"{digest} {commit}")
        name = read_name(wheel.name)
        if name is None:
            raise LockError(f"{shown} is built to {wheel.name[:120]!a}", context="that is no name of a wheel")
        locked = keep_wheel(wheel, self.wheels)
        origin = Origin(shown, digest, commit, tools)
        return LockedPackage(name.package, name.version, (locked,), None, origin)

    def _pinned(self, source: Source, digest: str) -> tuple[str, str, str]:
        """Commit, digest and URL of exactly what is there now."""
        pip = self.pip()
        known = re.search(r"@([0-9a-f]{40,64})(?:#|$)", source.place)
        if source.is_repository and known and _COMMIT.fullmatch(known[1]):
            return known[1], "", source.place
        if not pip.has_report:
            return "", digest, source.place
        asked = self._asked(source.place)
        (found,) = pip.report(
            ("--no-deps", *asked.arguments), what="fetching a source", variables=asked.environment
        )
        if found.commit:
            return found.commit, "", _at(source.place, found.commit)
        digest = found.sha256
        bare, _, fragment = source.place.partition("#")
        parts = [part for part in fragment.split("&") if part and not part.startswith("sha256=")]
        return "", digest, f"{bare}#{'&'.join([*parts, f'sha256={digest}'])}"

    def _wheel(self, place: str, path: Path | None, state: str) -> Path:
        if path is not None and path.name.endswith(".whl"):
            return path
        key = hashlib.sha256(f"{place}\n{state}".encode()).hexdigest()[:32]
        folder = self.context.folder / "built" / key
        there = sorted(folder.glob("*/*.whl"))
        fitting = [wheel for wheel in there if self._fits(wheel.name)]
        if fitting:
            return fitting[0]
        self.run_build(folder / str(len(there)), place)
        made = sorted((folder / str(len(there))).glob("*.whl"))
        if len(made) != 1:
            raise LockError(
                f"{redact(self.context.mask(place))} can't be built", context=f"it gave {len(made)} wheels"
            )
        _steady(made[0])
        return made[0]

    def run_build(self, folder: Path, requirement: str, *options: str) -> None:
        """`pip wheel` of one thing into a folder.

        :raises LockError: it is offline, and the build needs something that isn't here
        :raises ProcessError: it failed
        """
        asked = self._asked(requirement)
        arguments = ["--no-deps", "--wheel-dir", str(folder), *options, *asked.arguments]
        try:
            self.pip().run("wheel", arguments, what="building a wheel", variables=asked.environment)
        except ProcessError as error:
            lacking = lacking_offline(error.output) if self.context.offline else ()
            if not lacking:
                raise
            raise LockError(
                f"{redact(self.context.mask(requirement))} can't be built",
                context=f"offline, and it takes {', '.join(lacking)}, which isn't on this machine",
                hint=OFFLINE_HINT,
            ) from error

    def _asked(self, requirement: str) -> Asked:
        path = self.context.folder / "source.txt"
        return write_requirements([Package(requirement)], path, self.context.secrets)

    def _fits(self, name: str) -> bool:
        interpreter = self.interpreter
        python = ".".join(map(str, interpreter.release))
        target = Target(python, interpreter.version, interpreter.implementation, platform_tag())
        return bool(ranked((Wheel(name, ""),), target))


def _steady(wheel: Path) -> None:
    """Write an archive anew, so that the same files give the same bytes, whenever they were made."""
    draft = wheel.with_name(f".{wheel.name}")
    with zipfile.ZipFile(wheel) as source, zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as copy:
        for member in sorted(source.infolist(), key=lambda member: member.filename):
            entry = zipfile.ZipInfo(member.filename, _EARLIEST)
            is_program = member.external_attr >> 16 & 0o111
            entry.external_attr = (stat.S_IFREG | (0o755 if is_program else 0o644)) << 16
            entry.create_system, entry.compress_type = 3, zipfile.ZIP_DEFLATED
            if not member.is_dir():
                copy.writestr(entry, source.read(member))
    draft.replace(wheel)


def keep_wheel(source: Path, folder: Path) -> Wheel:
    """Put a wheel beside a lock; how the lock names it.

    :raises LockError: it can't be read, or the folder can't be written
    """
    from rezup.system.files import make_folder, write_atomic

    try:
        data = source.read_bytes()
        place = folder / source.name
        if not (place.is_file() and place.read_bytes() == data):
            make_folder(folder)
            write_atomic(place, data, durable=False)
    except OSError as error:
        raise LockError(f"{source} can't be kept beside the lock", context=error.strerror) from error
    return Wheel(source.name, hashlib.sha256(data).hexdigest(), None, len(data))


def folder_digest(folder: Path) -> str:
    """SHA-256 over the files of a folder, without version control and byte-code.

    It covers their paths and content, and of links where they lead.
    """
    digest = hashlib.sha256()
    for name, path in sorted(_files(folder)):
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
        if path.is_symlink():
            digest.update(b"link " + os.fsencode(os.readlink(path)) + b"\n")
        else:
            digest.update(hashlib.sha256(path.read_bytes()).hexdigest().encode() + b"\n")
    return digest.hexdigest()


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    for place, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(place, name))]
        folders[:] = [
            name
            for name in folders
            if name not in _VERSION_CONTROL
            and name != "__pycache__"
            and not name.endswith(".egg-info")
            and name not in links
        ]
        for name in (*names, *links):
            path = Path(place, name)
            is_plain = path.is_symlink() or path.is_file()
            if is_plain and name not in _VERSION_CONTROL and not name.endswith((".pyc", ".pyo")):
                yield path.relative_to(folder).as_posix(), path


def _digest(path: Path, shown: str) -> str:
    try:
        return folder_digest(path) if path.is_dir() else hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise LockError(
            f"{shown} can't be read", context=error.strerror, hint="is the path of the recipe right?"
        ) from error


def _at(place: str, commit: str) -> str:
    """The URL of a repository at a commit."""
    bare, mark, fragment = place.partition("#")
    scheme, _, rest = bare.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host}{slash}{path.partition('@')[0]}@{commit}{mark}{fragment}"
