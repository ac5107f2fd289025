"""pip for what is no installation: building a wheel, resolving, downloading."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import LockError
from rezup.installers.reaching import NO_NETWORK_FOR_PIP
from rezup.recipes.plain_requirements import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.installers.programs import Workplace
    from rezup.system.processes import Finished

#: The first second of 1980, the earliest that a zip archive can name: builds that heed it are reproducible.
_EPOCH = "315532800"


class Reported(NamedTuple):
    """One thing that pip would install."""

    name: str
    """As in PEP 503."""
    version: str
    url: str
    """Without credentials."""
    sha256: str = ""
    """Of an archive."""
    commit: str = ""
    repository: str = ""
    """Its kind, "git"; empty for what is none."""
    subdirectory: str = ""
    is_editable: bool = False


@dataclass(frozen=True, slots=True)
class PipProgram:
    """A pip that is told all that pip is told on this machine."""

    command: tuple[str | Path, ...]
    environment: Mapping[str, str] = field(repr=False)
    options: tuple[str, ...] = field(repr=False)
    workplace: Workplace
    has_report: bool
    """Whether it can say what it would install; pips of old Pythons can't."""

    def run(
        self, verb: str, arguments: Sequence[str], *, what: str, variables: Mapping[str, str] | None = None
    ) -> Finished:
        """Run one of its commands.

        :param variables: what a requirements file among the arguments needs
        :raises ProcessError: it failed
        """
        command: list[str | Path] = [
            *self.command, verb, "--disable-pip-version-check", "--no-input", *self.options, *arguments
        ]  # fmt: skip
        environment = {**self.environment, "SOURCE_DATE_EPOCH": _EPOCH, **(variables or {})}
        if self.workplace.offline:
            # What a build asks for may have an address of its own, which no option of pip forbids.
            environment |= NO_NETWORK_FOR_PIP
        return self.workplace.run(command, environment=environment, what=what)

    def report(
        self, arguments: Sequence[str], *, what: str, variables: Mapping[str, str] | None = None
    ) -> tuple[Reported, ...]:
        """What `pip install` would install, nothing of it being there yet.

        :raises ProcessError: it failed, e.g. as requirements contradict each other
        :raises LockError: it wrote no report that can be read
        """
        path = self.workplace.folder / f"report-{os.getpid()}.json"
        told = ["--dry-run", "--ignore-installed", "--report", str(path), *arguments]
        try:
            self.run("install", told, what=what, variables=variables)
            entries = json.loads(path.read_text(encoding="utf-8"))["install"]
            return tuple(_reported(entry) for entry in entries)
        except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise LockError(
                "pip's report can't be read", context=f"{type(error).__name__}: {error}"[:200],
                hint="is it a pip that is older than 22.2, or from the future?",
            ) from error  # fmt: skip
        finally:
            path.unlink(missing_ok=True)


def _reported(entry: dict[str, Any]) -> Reported:
    info = entry["download_info"]
    archive, repository = info.get("archive_info", {}), info.get("vcs_info", {})
    digest = archive.get("hashes", {}).get("sha256") or ""
    if not digest and str(archive.get("hash", "")).startswith("sha256="):
        digest = archive["hash"].partition("=")[2]
    return Reported(
        name=canonical(entry["metadata"]["name"]),
        version=str(entry["metadata"]["version"]),
        url=str(info["url"]),
        sha256=str(digest).lower(),
        commit=str(repository.get("commit_id", "")),
        repository=str(repository.get("vcs", "")),
        subdirectory=str(info.get("subdirectory", "")),
        is_editable=bool(info.get("dir_info", {}).get("editable")),
    )
