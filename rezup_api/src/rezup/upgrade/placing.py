"""Installing a release beside the library that pip installed."""

from __future__ import annotations

import compileall
import contextlib
import os
import shutil
import sys
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import Version

from rezup.errors import InstallError, ProcessError, UpgradeError
from rezup.installers.backend import prepare
from rezup.reporting import stage
from rezup.system.files import make_folder
from rezup.system.interpreters import running
from rezup.upgrade.installation import direct_requirements, missing_requirements
from rezup.upgrade.libraries import write_digests
from rezup.upgrade.proof import prove
from rezup.upgrade.sources.base import LIBRARY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rezup.installers.backend import Prepared
    from rezup.installers.context import BuildContext
    from rezup.upgrade.installation import Installation
    from rezup.upgrade.libraries import Libraries
    from rezup.upgrade.sources.base import Release, Source


class Placement:
    """Puts one release in place, step by step; whatever fails, nothing is visible.

    :param context: its ``time_left`` bounds every program that runs, together
    """

    def __init__(
        self,
        libraries: Libraries,
        installation: Installation,
        source: Source,
        context: BuildContext,
    ) -> None:
        self._libraries = libraries
        self._installation = installation
        self._source = source
        self._context = context

    def place(self, release: Release) -> None:
        """Install, verify, prove and publish; the caller holds the lock.

        What is there already is proved again.

        :raises UpgradeError: it can't be installed, or does not work
        :raises OSError: the disk is full, or the folder can't be written
        """
        if self._libraries.is_complete(release.version):
            self._prove(self._libraries[release.version], release.version)
            return
        reporter = self._context.reporter
        with self._libraries.staging() as staged:
            library = staged / "library"
            library.mkdir()
            make_folder(self._context.folder)
            with stage(reporter, "download", f"{LIBRARY} {release.version}"):
                prepared = self._install(release, library)
            with stage(reporter, "dependencies"):
                self._check_time()
                self._bring_dependencies(prepared, library)
            with stage(reporter, "verify"):
                self._check_time()
                compileall.compile_dir(library, quiet=2)
                write_digests(library, release.version)
            with stage(reporter, "prove"):
                self._prove(library, release.version)
            with stage(reporter, "publish"):
                self._check_time()
                self._libraries.publish(library, release.version)

    def _check_time(self) -> None:
        """Stop before what can't be stopped, such as copying to a home on a slow server."""
        left = self._context.time_left
        if left is not None and left() <= 0:
            raise UpgradeError(
                f"{LIBRARY} was not in place in time", hint="rezup self upgrade takes its time"
            )

    def _install(self, release: Release, library: Path) -> Prepared:
        """The library alone."""
        prepared = prepare("auto", self._context, lambda uv, settings: running().base)
        self._add(prepared, library, [release.requirement], ["--no-deps", *release.options])
        given = [found.version for found in metadata.distributions(name=LIBRARY, path=[str(library)])]
        if [Version(text) for text in given] != [release.version]:
            raise UpgradeError(
                f"{self._source.name} gave {LIBRARY} {', '.join(given) or 'nothing'} for {release.version}",
                hint="see what it serves",
            )
        return prepared

    def _bring_dependencies(self, prepared: Prepared, library: Path) -> None:
        """Copy what is installed if that is all that is needed; else let the installer bring the lot."""
        needed, missing = missing_requirements(library, self._installation.search_path)
        if not missing and all(self._copy(name, library) for name in needed):
            return
        wanted = direct_requirements(library)
        self._context.reporter.debug(f"{LIBRARY} needs what is not installed: {', '.join(missing or needed)}")
        for name in os.listdir(library):  # a half copy would get in the way
            if name not in ("rezup", *(p.name for p in library.glob("rezup_api-*.dist-info"))):
                path = library / name
                path.unlink() if path.is_file() else shutil.rmtree(path)
        self._add(prepared, library, wanted, self._source.options)

    def _add(self, prepared: Prepared, library: Path, wanted: Sequence[str], options: Sequence[str]) -> None:
        requirements = self._context.folder / "requirements.txt"
        requirements.write_text("".join(f"{line}\n" for line in wanted), encoding="utf-8")
        try:
            prepared.installer.add(library, prepared.interpreter, requirements, options)
        except InstallError as error:
            raise UpgradeError(
                f"{LIBRARY} can't be installed from {self._source.name}",
                context=_reason(error), hint=error.hint,
            ) from error  # fmt: skip

    def _copy(self, name: str, library: Path) -> bool:
        """Copy an installed distribution with its byte-code; false if not all of it is known."""
        found = next(iter(metadata.distributions(name=name, path=list(self._installation.search_path))))
        files = found.files
        if not files:
            return False
        for file in files:
            self._check_time()
            source = Path(str(file.locate()))
            if ".." in file.parts:
                if not _is_program(source):
                    continue
                target = library / "bin" / source.name
            else:
                target = library.joinpath(*file.parts)
            with contextlib.suppress(FileNotFoundError):  # byte-code may have been cleaned away
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)
            if source.suffix == ".py":
                _copy_bytecode(source, target)
        return True

    def _prove(self, library: Path, version: Version) -> None:
        left = self._context.time_left
        prove(
            library, version,
            search_path=self._installation.search_path,
            environment=self._context.environment, log=self._context.log,
            seconds=120.0 if left is None else max(left(), 0.1),
        )  # fmt: skip


def _reason(error: InstallError) -> str | None:
    """What an installer gives as the reason; its last line may be but a detail of it."""
    if not isinstance(error, ProcessError):
        return error.context
    lines = [line.strip() for line in error.output.splitlines()]
    told = [line for line in lines if line.lower().startswith(("error: ", "cause: "))]
    words = [line.partition(": ")[2].strip() for line in told[:1] + told[1:][-1:]]
    return ": ".join(words)[:300] or error.context


def _is_program(path: Path) -> bool:
    """Whether a file outside the packages is a program in its own right, such as uv, rather than a script."""
    try:
        with path.open("rb") as stream:
            return stream.read(2) not in (b"#!", b"PK") and path.suffix not in (".1", ".fish", ".txt")
    except OSError:
        return False


def _copy_bytecode(source: Path, target: Path) -> None:
    """It stays valid, as the source keeps its time."""
    name = f"{source.stem}.{sys.implementation.cache_tag}.pyc"
    compiled = source.parent / "__pycache__" / name
    with contextlib.suppress(OSError):
        (target.parent / "__pycache__").mkdir(exist_ok=True)
        shutil.copy2(compiled, target.parent / "__pycache__" / name)
