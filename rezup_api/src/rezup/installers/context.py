"""What a build needs of the world around it; a module of its own, as most builds are none but a clone."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from rezup.reporting import Reporter

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from rezup.installers.programs import Workplace


class BuildContext(NamedTuple):
    """All that installing needs of the world around it; nothing below reads it from elsewhere."""

    environment: Mapping[str, str]
    folder: Path
    """An empty folder for the programs to run in; it may be deleted afterwards."""
    log: Path
    """The file that receives all that programs print."""
    cache: Path | None = None
    """The folder of rezup's caches; None builds without."""
    reporter: Reporter = Reporter()
    mask: Callable[[str], str] = str
    """Takes secrets out of text before it is shown or logged."""
    secrets: tuple[str, ...] = ()
    """Texts that no list of processes may show."""
    pip_options: tuple[str, ...] = ()
    """`[pip] options` with their placeholders filled in, as are:"""
    pip_environment: Mapping[str, str] = MappingProxyType({})
    offline: bool = False
    allow_fetch: bool = True
    """uv may download a Python that is missing."""
    edit_in_production: bool = False
    time_left: Callable[[], float] | None = None
    """Asked for the seconds that a program may still take; None lets it take as long as it likes."""

    def __repr__(self) -> str:
        return f"BuildContext({str(self.folder)!r})"  # the rest holds secrets

    @property
    def workplace(self) -> Workplace:
        """Where programs run for this job."""
        from rezup.installers.programs import Workplace

        return Workplace(
            folder=self.folder, environment=self.environment, log=self.log,
            reporter=self.reporter, mask=self.mask, offline=self.offline, secrets=self.secrets,
            time_left=self.time_left,
        )  # fmt: skip
