"""The distributions of an environment, read from their metadata; nothing of theirs is run.

Sources: the "Core metadata", "Recording installed projects", "Direct URL" and "Entry points"
specifications of the Python Packaging User Guide. ``importlib.metadata`` says the same, but takes
20 ms to import and reads an environment of another Python only in part.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import json
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from rezup.errors import InstallError
from rezup.recipes.plain_requirements import canonical

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MODULE = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*", re.ASCII)
_SCRIPT_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.+-]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class EntryPoint:
    """A console script: its name, and the function it calls; all of it is fit for script text."""

    name: str
    module: str
    function: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """One installed distribution; ``folder`` holds its metadata."""

    name: str
    version: str
    folder: Path
    site: Path
    """The folder of packages that it was found in."""
    is_requested: bool = False
    url: str | None = None
    """Where it came from if that was no index."""
    editable: Path | None = None
    """The source folder of an install in edit mode."""

    @property
    def key(self) -> str:
        """The name that compares, as in PEP 503."""
        return canonical(self.name)

    def entry_points(self, *groups: str) -> tuple[EntryPoint, ...]:
        """Scripts of the groups, e.g. "console_scripts".

        :raises InstallError: a name or value is not what may stand in a script
        """
        sections = _sections(self.folder / "entry_points.txt")
        found = [item for group in groups for item in sections.get(group, {}).items()]
        return tuple(self._entry_point(name, value) for name, value in found)

    def _entry_point(self, name: str, value: str) -> EntryPoint:
        module, _, function = (part.strip() for part in value.split("[")[0].partition(":"))
        if not (_SCRIPT_NAME.fullmatch(name) and _MODULE.fullmatch(module) and _MODULE.fullmatch(function)):
            raise InstallError(
                f"{self.name} {self.version} has an unfit console script",
                context=f"{name!r} = {value!r}", hint="ask its author to mend its metadata",
            )  # fmt: skip
        return EntryPoint(name, module, function)

    def record(self) -> dict[str, tuple[str, str]]:
        """Its files: path, with forward slashes and relative to `site`, to hash and size; may be empty."""
        try:
            text = (self.folder / "RECORD").read_text(encoding="utf-8")
        except (OSError, ValueError):
            return {}
        rows = (row for row in csv.reader(io.StringIO(text)) if len(row) == 3)
        return {path.replace("\\", "/"): (digest, size) for path, digest, size in rows}

    def write_record(self, record: Mapping[str, tuple[str, str]]) -> None:
        """Replace the list of its files, if it has one."""
        path = self.folder / "RECORD"
        if not path.is_file():
            return
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerows((name, *entry) for name, entry in record.items())
        path.write_bytes(text.getvalue().encode("utf-8"))


def recorded(data: bytes) -> tuple[str, str]:
    """Hash and size of a file as RECORD has them."""
    digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode("ascii")
    return f"sha256={digest}", str(len(data))


def read_distributions(site: Path) -> tuple[Distribution, ...]:
    """All distributions of a folder of packages, by name; damaged metadata is passed over."""
    found = []
    for entry in sorted(site.iterdir()):
        if entry.name.endswith((".dist-info", ".egg-info")) and entry.is_dir():
            found.append(_read(entry, site))
        elif entry.name.endswith(".egg-link"):
            found.extend(_read_linked(entry, site))
    distributions = [distribution for distribution in found if distribution is not None]
    return tuple(sorted(distributions, key=lambda distribution: distribution.key))


def find_distribution(
    distributions: Iterable[Distribution], requirement: str, path: Path | None, tool: str
) -> Distribution:
    """The distribution that came of a requirement.

    :param path: the local source, if it is one
    :param tool: the tool's name in the recipe, the last resort
    :raises InstallError: it can't be told
    """
    known = {distribution.key: distribution for distribution in distributions}
    if path is None:
        named = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:$|[\[<>=!~;@( ])", requirement)
        if named and canonical(named[1]) in known:
            return known[canonical(named[1])]
    for distribution in known.values():
        if path is not None and distribution.url is not None:
            if _same_path(distribution.editable or url_path(distribution.url), path):
                return distribution
        elif path is None and distribution.url is not None and _same_url(distribution.url, requirement):
            return distribution
    for distribution in known.values():
        if path is not None and _same_path(distribution.editable, path):
            return distribution
    if canonical(tool) in known:
        return known[canonical(tool)]
    raise InstallError(
        f"what was installed for {tool} can't be told",
        context=f"no distribution says that it came from {path or 'the url of the recipe'}",
        hint="give the tool the name of its distribution",
    )


def url_path(url: str) -> Path | None:
    """The local path of a file URL, None for other URLs."""
    parts = urlsplit(url)
    if parts.scheme != "file":
        return None
    if os.name == "nt":
        from urllib.request import url2pathname  # 40 ms to import

        return Path(url2pathname(parts.path))
    return Path(unquote(parts.path))


def _read(folder: Path, site: Path, editable: Path | None = None) -> Distribution | None:
    for name in ("METADATA", "PKG-INFO"):
        try:
            text = (folder / name).read_text(encoding="utf-8", errors="replace")
        except OSError:
            continue
        head = text.replace("\r\n", "\n").partition("\n\n")[0]
        fields = dict(re.findall(r"^(Name|Version): *(.*?) *$", head, re.MULTILINE))
        if len(fields) == 2:
            url, source = _origin(folder)
            requested = (folder / "REQUESTED").is_file()
            return Distribution(
                fields["Name"], fields["Version"], folder, site, requested, url, editable or source
            )
    return None


def _read_linked(link: Path, site: Path) -> list[Distribution | None]:
    """What ``setup.py develop`` made, the edit mode of a pip for Python 2.7."""
    try:
        source = Path(link.read_text(encoding="utf-8").splitlines()[0].strip())
        return [_read(folder, site, source) for folder in source.glob("*.egg-info")]
    except (OSError, ValueError, LookupError):
        return []


def _origin(folder: Path) -> tuple[str | None, Path | None]:
    try:
        document = json.loads((folder / "direct_url.json").read_text(encoding="utf-8"))
        url = str(document["url"])
        is_editable = bool(document.get("dir_info", {}).get("editable"))
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return None, None
    return url, url_path(url) if is_editable else None


def _sections(path: Path) -> dict[str, dict[str, str]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return {}
    sections: dict[str, dict[str, str]] = {}
    current: dict[str, str] = {}
    for line in (line.strip() for line in lines):
        if line.startswith("[") and line.endswith("]"):
            current = sections.setdefault(line[1:-1].strip(), {})
        elif line and not line.startswith(("#", ";")):
            name, _, value = line.partition("=")
            current[name.strip()] = value.strip()
    return sections


def _same_path(one: Path | None, other: Path) -> bool:
    return one is not None and one.resolve() == other.resolve()


def _same_url(recorded_url: str, requirement: str) -> bool:
    return _bare(recorded_url) == _bare(requirement.rpartition(" @ ")[2])


def _bare(url: str) -> str:
    """A URL without what tools add to it: version control, revision, fragment and credentials."""
    parts = urlsplit(re.sub(r"^\w+\+", "", url.strip()))
    path = unquote(parts.path)
    if "@" in path.rpartition("/")[2]:
        path = path.rpartition("@")[0]
    return f"{parts.hostname or ''}{path.removesuffix('/').removesuffix('.git')}".lower()
