"""A lock file as it stands: its bytes in, checked pieces out.

What is read here may come from anybody. Names, paths, hashes and types are checked; markers and ranges
stay text, as reading them needs `packaging`, which costs more than all the rest.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import LockError
from rezup.lockfiles.lock import Origin, Wheel
from rezup.lockfiles.urls import public_url
from rezup.lockfiles.wheel_names import fits_package

if sys.version_info >= (3, 11):
    import tomllib
else:
    # Not installed where mypy runs on a newer Python.
    import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

#: Bytes. A lock of some hundred packages for every platform has a few hundred thousand.
SIZE_LIMIT = 8 * 1024 * 1024

_LONGEST_TEXT = 8192
_LARGEST_SIZE = 2**63
_LOCK_VERSION = re.compile(r"(\d{1,4})\.\d{1,4}")
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9.!+_-]{0,127}")
_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DRIVE = re.compile(r"[A-Za-z]:")
_KINDS = ((bool, "a boolean"), (int, "a number"), (str, "a string"), (list, "an array"), (dict, "a table"))


class Source(NamedTuple):
    """What a wheel could be built from."""

    kind: str
    """"sdist", "archive", "directory" or "vcs"."""
    place: str
    """URL or path as written; it may hold credentials, so it is neither shown nor stored."""
    commit: str = ""
    subdirectory: str = ""
    editable: bool = False


class Listed(NamedTuple):
    """One package as the file lists it."""

    name: str
    version: str | None
    marker: str | None
    wheels: tuple[Wheel, ...]
    origin: Origin | None
    source: Source | None
    local: Mapping[str, str]
    """SHA-256 of wheels on a disk -> their path or file URL, where such were allowed."""


class Table:
    """A table of the file, which knows where it stands."""

    __slots__ = ("_place", "_values", "_what")

    def __init__(self, values: Mapping[str, object], what: str, place: str = "") -> None:
        self._values = values
        self._what = what
        self._place = place

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def error(self, key: str, context: str, hint: str | None = None) -> LockError:
        """The error about a key of this table."""
        return unusable(self._what, f"{self._at(key)} {context}", hint)

    def text(self, key: str) -> str | None:
        """A string without control characters; None if it is missing."""
        value = self._values.get(key)
        return None if value is None else self._plain(key, value)

    def required(self, key: str) -> str:
        """A string that must be there and not be empty."""
        text = self.text(key)
        if not text:
            raise self.error(key, "is missing")
        return text

    def texts(self, key: str) -> tuple[str, ...]:
        """An array of strings; empty if it is missing."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be an array, not {_kind(value)}")
        return tuple(self._plain(f"{key}[{number}]", item) for number, item in enumerate(value))

    def flag(self, key: str) -> bool:
        """A boolean; False if it is missing."""
        value = self._values.get(key, False)
        if not isinstance(value, bool):
            raise self.error(key, f"must be true or false, not {_kind(value)}")
        return value

    def size(self, key: str) -> int | None:
        """A count of bytes."""
        value = self._values.get(key)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _LARGEST_SIZE:
            raise self.error(key, "is no size")
        return value

    def table(self, key: str) -> Table:
        """A table; an empty one if it is missing."""
        value = self._values.get(key, {})
        if not isinstance(value, dict):
            raise self.error(key, f"must be a table, not {_kind(value)}")
        return Table(value, self._what, self._at(key))

    def tables(self, key: str) -> Iterator[Table]:
        """An array of tables."""
        value = self._values.get(key, [])
        if not isinstance(value, list):
            raise self.error(key, f"must be an array of tables, not {_kind(value)}")
        for number, item in enumerate(value):
            if not isinstance(item, dict):
                raise self.error(f"{key}[{number}]", f"must be a table, not {_kind(item)}")
            yield Table(item, self._what, self._at(f"{key}[{number}]"))

    def _at(self, key: str) -> str:
        return f"{self._place}.{key}" if self._place else key

    def _plain(self, key: str, value: object) -> str:
        if not isinstance(value, str):
            raise self.error(key, f"must be a string, not {_kind(value)}")
        if len(value) > _LONGEST_TEXT or _CONTROL.search(value):
            raise self.error(key, "is too long or holds a control character")
        return value


def unusable(what: str, context: str, hint: str | None = None) -> LockError:
    """The error about a lock that says what can't be."""
    return LockError(
        f"the lock {what} can't be used", context=context, hint=hint or "lock anew with `rezup lock`"
    )


def read(data: bytes, what: str) -> Table:
    """The top of a lock file.

    :param what: how messages name it
    :raises LockError: too large, no TOML, no lock, or of a version from the future
    """
    if len(data) > SIZE_LIMIT:
        raise unusable(what, f"it is larger than {SIZE_LIMIT} bytes")
    try:
        values = tomllib.loads(data.decode("utf-8"))
    except RecursionError:
        raise unusable(what, "it is nested too deeply") from None
    except ValueError as error:  # no UTF-8, no TOML, a number too long
        raise unusable(what, f"it is not TOML: {str(error)[:200]}") from None
    top = Table(values, what)
    version = top.required("lock-version")
    match = _LOCK_VERSION.fullmatch(version)
    if match is None:
        raise top.error("lock-version", f"is no version: {version[:80]!a}")
    if int(match[1]) > 1:
        raise top.error("lock-version", f"{version} is newer than this rezup understands", "upgrade rezup")
    if "packages" not in top:
        raise top.error("packages", "is missing")
    return top


def listed(top: Table, *, anywhere: bool) -> Iterator[Listed]:
    """The packages of a lock.

    :param anywhere: whether wheels may lie at any path of this machine, as in what uv answers
    """
    for table in top.tables("packages"):
        name = table.required("name")
        if _NAME.fullmatch(name) is None:
            raise table.error("name", f"is no normalized name: {name[:80]!a}")
        version = table.text("version")
        if version is not None and _VERSION.fullmatch(version) is None:
            raise table.error("version", f"is no version: {version[:80]!a}")
        files = [*table.tables("wheels")]
        archive = table.table("archive")
        is_wheel = "archive" in table and _file_name(archive).endswith(".whl")
        if is_wheel and (not anywhere or "hashes" in archive):
            files.append(archive)
        local: dict[str, str] = {}
        wheels: dict[str, Wheel] = {}
        for file in files:
            wheel = _wheel(file, name, version, local, anywhere=anywhere)
            # Two names that differ in capitals only are one file on many systems.
            twin = wheels.setdefault(wheel.name.lower(), wheel)
            # An index and a folder may both have it.
            if twin is not wheel and not (anywhere and twin.sha256 == wheel.sha256):
                raise table.error("wheels", f"names {wheel.name} twice")
        if version is None and len(wheels) == 1:
            version = next(iter(wheels.values())).name.split("-")[1]
        yield Listed(
            name=name,
            version=version,
            marker=table.text("marker"),
            wheels=tuple(sorted(wheels.values())),
            origin=_origin(table.table("tool").table("rezup")),
            source=_source(table),
            local=local,
        )


def _wheel(
    table: Table, package: str, version: str | None, local: dict[str, str], *, anywhere: bool
) -> Wheel:
    written = _file_name(table)
    name = table.text("name") or written
    if not fits_package(name, package, version):
        # What stands in a URL may be a part of a password.
        shown = "of its URL" if name == written and "url" in table else ascii(name[:120])
        raise table.error("name", f"{shown} is no wheel of {package} {version or ''}".rstrip())
    sha256 = table.table("hashes").required("sha256")
    if _SHA256.fullmatch(sha256) is None:
        raise table.error("hashes.sha256", "is no SHA-256")
    sha256 = sha256.lower()
    url, path = table.text("url"), table.text("path")
    public = None
    if url is not None and not url.lower().startswith("file:"):
        public = public_url(url)
        if public is None:
            raise table.error("url", "is no URL of the web")
    elif anywhere:
        local[sha256] = url or path or ""
    elif path is not None and url is None:
        _check_path(table, path, name)
    return Wheel(name, sha256, public, table.size("size"))


def _check_path(table: Table, path: str, name: str) -> None:
    parts = path.split("/")
    if "\\" in path or _DRIVE.match(path) or path.startswith("/"):
        raise table.error("path", "must be relative, with forward slashes")
    if ".." in parts or parts[-1] != name:
        raise table.error("path", "leads elsewhere than to the wheel beside the lock")


def _file_name(table: Table) -> str:
    """The last part of where a file is; the `name` key may say another."""
    path = table.text("path")
    if path is not None:
        return path.replace("\\", "/").rpartition("/")[2]
    url = table.text("url")
    if url is None:
        return ""
    from urllib.parse import unquote

    return unquote(url.partition("#")[0].partition("?")[0].rpartition("/")[2])


def _origin(table: Table) -> Origin | None:
    source = table.text("source")
    if not source:
        return None
    digest = table.text("digest") or ""
    if digest and _SHA256.fullmatch(digest) is None:
        raise table.error("digest", "is no SHA-256")
    return Origin(source, digest.lower(), table.text("commit") or "", table.texts("tools"))


def _source(table: Table) -> Source | None:
    for kind in ("vcs", "directory", "archive", "sdist"):
        if kind in table:
            entry = table.table(kind)
            place = entry.text("url") or entry.text("path") or ""
            return Source(
                kind,
                place,
                entry.text("commit-id") or "",
                entry.text("subdirectory") or "",
                entry.flag("editable"),
            )
    return None


def _kind(value: object) -> str:
    return next((name for kind, name in _KINDS if isinstance(value, kind)), "a value of another kind")
