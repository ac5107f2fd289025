"""What a recipe says, as data; named tuples, as they take a third of the time to define."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from rezup.errors import Problem
    from rezup.recipes.names import ToolName

Backend = Literal["auto", "uv", "pip"]

#: Whose Rez it is: the one of the index, or the runtime that is part of rezup.
Runtime = Literal["vanilla", "embedded"]

#: platform key of a `[dotenv.*]` table -> ``sys.platform``
PLATFORMS: Mapping[str, str] = {"linux": "linux", "darwin": "darwin", "windows": "win32"}


class Tool(NamedTuple):
    """One `[rez]` or `[[extension]]` entry."""

    name: ToolName
    requirement: str
    """The `url` key as written: a requirement ("rez>=2.83"), a VCS or archive URL, or a path."""
    path: Path | None = None
    """Where `url` is a local path: absolute, ``~`` expanded, relative to the recipe's folder."""
    editable: bool = False
    flags: tuple[str, ...] = ("-E",)
    """Options of the interpreter that runs the tool's console scripts."""
    isolated: bool = False
    python: str | None = None
    """A version ("3.10"), a range (">=3.9,<3.12") or an absolute path; None: the installing Python."""
    libraries: tuple[str, ...] = ()
    """The `lib` key: further requirements for the tool's environment."""


class Shared(NamedTuple):
    """The deprecated `[shared]` table; its requirements join the Rez environment."""

    name: str
    requirements: tuple[str, ...]


class Recipe(NamedTuple):
    """A validated recipe; ``data`` are the bytes it was read from, ``digest`` their SHA-256."""

    data: bytes
    digest: str
    source: Path | None
    rez: Tool
    extensions: tuple[Tool, ...] = ()
    description: str = ""
    schema: str | None = None
    local_root: str | None = None
    remote_root: str | None = None
    dotenv: tuple[str, ...] = ()
    """Dotenv files for all platforms, sorted by key, as written."""
    platform_dotenv: Mapping[str, tuple[str, ...]] = MappingProxyType({})
    """Further ones by ``sys.platform``, read after the common ones."""
    environment: Mapping[str, str] = MappingProxyType({})
    """The `[env]` table in file order, not interpolated."""
    pip_options: tuple[str, ...] = ()
    pip_environment: Mapping[str, str] = MappingProxyType({})
    shared: Shared | None = None
    backend: Backend = "auto"
    runtime: Runtime = "vanilla"
    platforms: tuple[str, ...] = ()
    """What its locks cover, see `rezup.system.machine.platform_tag`; empty: this machine's."""
    lock: Path | None = None
    """The lock to build by, absolute; those of isolated tools lie beside it."""
    sdists: bool = False
    """Whether wheels may be built from source distributions."""
    warnings: tuple[Problem, ...] = ()

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Rez first, then the extensions in file order."""
        return (self.rez, *self.extensions)
