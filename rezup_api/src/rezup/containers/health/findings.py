"""One thing that is wrong, as data."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from rezup.containers.health.kinds import Kind
    from rezup.recipes.names import ContainerName
    from rezup.stores.stamps import Stamp

#: What a remedy is written with in the table of kinds.
_PLACEHOLDER = re.compile(r"\b(?:NAME@REVISION|NAME)\b")


class Finding(NamedTuple):
    """Something that is not as it should be."""

    code: str
    """Of `rezup.containers.health.kinds`."""
    where: str
    """A path, a variable, or a key of a configuration file."""
    what: str
    """One line: what was found."""
    paths: tuple[str, ...] = ()
    """What it is about below `where`, relative to it."""
    mend: Callable[[], None] | None = None
    """Puts it right, or raises `RezupError` or `OSError`; None where that is left to the user."""
    container: ContainerName | None = None
    """The one that it is about; None if it is about none, or several."""
    revision: Stamp | None = None
    """The one of the container."""

    @property
    def kind(self) -> Kind:
        """What findings with this code have in common."""
        from rezup.containers.health.kinds import KINDS

        return KINDS[self.code]

    @property
    def remedy(self) -> str:
        """What `doctor --fix` does, or what the user has to do, with the names as far as they are known."""
        known = {}
        if self.container is not None:
            known["NAME"] = str(self.container)
            if self.revision is not None:
                known["NAME@REVISION"] = f"{self.container}@{self.revision}"
        return _PLACEHOLDER.sub(lambda match: known.get(match[0], match[0]), self.kind.remedy)

    @property
    def identity(self) -> tuple[str, str]:
        """What tells it from others, also when it is found once more."""
        return self.code, self.where


class Diagnosis(NamedTuple):
    """What `doctor` found, and what it did about it."""

    findings: tuple[Finding, ...]
    """In the order of the table of kinds; those that were mended too."""
    mended: frozenset[tuple[str, str]]
    """Identities of those that are gone."""
    failures: Mapping[tuple[str, str], str]
    """By identity: why mending failed."""

    @property
    def staying(self) -> tuple[Finding, ...]:
        """What is still wrong; notes are no faults, and are left out."""
        return tuple(f for f in self.findings if f.identity not in self.mended and not f.kind.is_note)


def about(
    findings: Iterable[Finding], container: ContainerName, revision: Stamp | None = None
) -> Iterator[Finding]:
    """Findings with the container, and the revision of it, that they are about."""
    return (each._replace(container=container, revision=revision) for each in findings)


def shown(text: str) -> str:
    """A text with names of files in it, so that none of them forges a line or colours a terminal."""
    return text if text.isprintable() else ascii(text)[1:-1]


def is_own(path: Path) -> bool:
    """Whether a name belongs to this user; a link counts by itself."""
    return not hasattr(os, "geteuid") or path.lstat().st_uid == os.geteuid()


def check_own(path: Path) -> None:
    """:raises StoreError: the file or folder belongs to another user"""
    if not is_own(path):
        raise StoreError(f"{path} is left alone", context="it belongs to another user")


def remove_file(path: Path) -> None:
    """Delete a file or link of this user.

    :raises StoreError: it belongs to another user
    :raises OSError: it can't be deleted
    """
    check_own(path)
    path.unlink()


def set_rights(path: Path, *, add: int = 0, drop: int = 0) -> None:
    """Change permissions of what belongs to this user; a link is never followed.

    :raises StoreError: it belongs to another user
    :raises OSError: they can't be changed
    """
    check_own(path)
    mode = path.lstat().st_mode
    if not stat.S_ISLNK(mode):
        path.chmod((stat.S_IMODE(mode) | add) & ~drop)
