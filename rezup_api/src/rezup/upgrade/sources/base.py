"""What a source of releases is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from packaging.version import Version

#: The two distributions.
LIBRARY = "rezup-api"
COMMAND_LINE = "rezup"


class Release(NamedTuple):
    """One version that somebody offers."""

    version: Version
    requirement: str
    """What an installer's requirements file says to get exactly this."""
    requires_python: str | None = None
    is_yanked: bool = False
    options: tuple[str, ...] = ()
    """What the installer is told besides, such as "--require-hashes"."""


class Source(ABC):
    """All kinds keep this contract (``tests/contract``)."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What it is called in messages; no credentials."""

    @property
    @abstractmethod
    def options(self) -> Sequence[str]:
        """Options of the installer that let it find dependencies there, too."""

    @abstractmethod
    def releases(self, project: str, seconds: float) -> list[Release]:
        """Every release of `project` that could be installed; empty where it has none.

        :param seconds: the time that asking may take
        :raises UpgradeError: it can't be asked, or gives no sensible answer
        """
