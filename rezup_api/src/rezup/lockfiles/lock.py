"""What a lock says, as data.

A lock is a ``pylock.toml`` (PEP 751) of one environment: the one that holds Rez, or that of an isolated
tool. It names wheels only; what had to be built (local folders, repositories, source distributions) was
built before and is locked as the wheel that came of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: The folder beside a lock that holds the wheels it names by path.
WHEELS = "wheels"


class Wheel(NamedTuple):
    """One file that may be installed."""

    name: str
    """Its file name, "rez-3.4.0-py3-none-any.whl"."""
    sha256: str
    """64 hexadecimal digits."""
    url: str | None = None
    """Where it was found, without credentials, query and fragment; None where it was made or lay on disk."""
    size: int | None = None
    """Bytes."""

    @property
    def path(self) -> str | None:
        """Relative to the lock, with forward slashes, where no URL leads to it."""
        return None if self.url else f"{WHEELS}/{self.name}"


class Origin(NamedTuple):
    """What a wheel was built from."""

    source: str
    """As the recipe has it, secrets masked: a path, an URL, "git+https://…@main"."""
    digest: str = ""
    """SHA-256 of the content of a folder or archive; empty for a repository."""
    commit: str = ""
    """Of a repository."""
    tools: tuple[str, ...] = ()
    """Names of the recipe's tools that ask for it."""


class LockedPackage(NamedTuple):
    """One version of a distribution."""

    name: str
    """As in PEP 503, "python-dateutil"."""
    version: str
    """Empty for a folder or repository in a lock that others wrote, which need not know it."""
    wheels: tuple[Wheel, ...]
    """For all that the lock covers, sorted by name; empty where there is but something to build one from."""
    marker: str | None = None
    """Where it is installed; None is everywhere."""
    origin: Origin | None = None


class Lock(NamedTuple):
    """The content of one environment."""

    packages: tuple[LockedPackage, ...]
    """Sorted by name; of one name there may be several whose markers exclude each other."""
    python: str | None = None
    """Major and minor version of the interpreter, "3.11"; None in a lock that others wrote."""
    implementation: str = "cpython"
    platforms: tuple[str, ...] = ()
    """What it covers, see `rezup.system.machine.platform_tag`; empty in a lock that others wrote."""
    requires_python: str | None = None
    """The range of versions in a lock that others wrote; None where `python` says it."""
    environments: tuple[str, ...] = ()
    """Markers in a lock that others wrote, one of which must hold; empty where `platforms` says it."""
    default_groups: tuple[str, ...] = ()
    """What a lock that others wrote installs of its dependency groups; its markers speak of them."""


#: Finds a wheel of a lock on this machine: a file whose hash was verified; None if there is none.
#: It may raise HashMismatchError where another file has its place.
FindWheel: TypeAlias = "Callable[[Wheel], Path | None]"
