"""Looking for a newer library, taking it, and going back: what all ways of upgrading share."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

from packaging.version import InvalidVersion, Version

from rezup.errors import UpgradeError
from rezup.reporting import stage
from rezup.upgrade import policy
from rezup.upgrade.installation import Installation, read_installation
from rezup.upgrade.libraries import Libraries
from rezup.upgrade.pointer import Pointer, read_pointer, write_pointer
from rezup.upgrade.sources.base import COMMAND_LINE, LIBRARY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from rezup.installers.context import BuildContext
    from rezup.reporting import Reporter
    from rezup.upgrade.sources.base import Release, Source

#: Limits of an upgrade that somebody asked for and waits for, in seconds.
QUERY_SECONDS = 15.0
WHOLE_SECONDS = 900.0
#: How long a change of the pointer waits for an upgrade that is under way.
_PATIENCE = 35.0


class UpgradePlace(NamedTuple):
    """Where the libraries of the running installation lie, as its command line found out."""

    folder: Path
    installation: str
    stamp: Path
    """The file that says when the next check is due."""
    beside: Path | None
    """The library in use, if that is not the one that pip installed."""
    is_site: bool = False
    """Whether the folder is the installation's own, for all its users."""


class Latest(NamedTuple):
    """What a source has, as far as it concerns this installation; None where it has nothing newer."""

    library: Release | None
    """The newest that may be taken."""
    command_line: Version | None
    """The newest release of `rezup`, if newer than the installed one."""
    command: str
    """What gets it."""
    source: str


class State(NamedTuple):
    """The versions of this installation."""

    library: Version
    """The one in use."""
    installed: Version
    """The one that pip installed."""
    command_line: Version
    beside: Path | None
    previous: str | None
    """What a rollback leads to; None is what pip installed."""
    can_roll_back: bool
    held: str | None
    command: str
    """What upgrades all of it."""


class Upgrader:
    """One installation's upgrades.

    :param source: where releases come from; called when one is wanted
    :param context: makes what installing needs, given a function that tells the seconds left
    :param is_foreign_home: whether what is written in the home folder would belong to root, not its owner
    """

    def __init__(
        self,
        place: UpgradePlace,
        *,
        source: Callable[[], Source],
        context: Callable[[Callable[[], float]], AbstractContextManager[BuildContext]],
        reporter: Reporter,
        is_foreign_home: bool,
    ) -> None:
        self.place = place
        self._source = source
        self._context = context
        self._reporter = reporter
        self._is_foreign_home = is_foreign_home
        self._libraries = Libraries(place.folder)
        self._installation: Installation | None = None

    @property
    def installation(self) -> Installation:
        """What pip, pipx or uv installed.

        :raises UpgradeError: nothing says what that is
        """
        if self._installation is None:
            beside = None if self.place.beside is None else str(self.place.beside)
            self._installation = read_installation(sys.path, beside)
        return self._installation

    def state(self) -> State:
        """The versions, without asking anybody else."""
        pointer = self._pointer()
        installed = self.installation
        return State(
            library=self.in_use,
            installed=installed.library,
            command_line=installed.command_line,
            beside=self.place.beside,
            previous=pointer.previous,
            can_roll_back=self._in_effect(pointer) is not None,
            held=pointer.held,
            command=installed.command,
        )

    def obstacle(self) -> str | None:
        """Why this installation can't have a library beside it, with what helps; None if it can."""
        try:
            installed = self.installation
        except UpgradeError as error:
            return f"rezup does not upgrade itself: {error}"
        if installed.editable is not None:
            why = "it is installed in edit mode"
        elif self._is_foreign_home and not self.place.is_site:
            why = "it runs as root in the home of another user"
        elif not _can_write(self.place.folder):
            who = ", which is its administrator's," if self.place.is_site else ""
            why = f"{self.place.folder}{who} can't be written"
        else:
            return None
        return f"rezup does not upgrade itself: {why}; upgrade it with: {installed.command}"

    def latest(self, *, seconds: float = QUERY_SECONDS) -> Latest:
        """Ask the source for newer versions.

        :raises UpgradeError: it can't be asked
        """
        until = time.monotonic() + seconds
        source = self._source()
        with stage(self._reporter, "query", source.name):
            releases = source.releases(LIBRARY, seconds)
            newer: Version | None = None
            with contextlib.suppress(UpgradeError):  # it only adds a hint
                left = max(until - time.monotonic(), 0.1)
                newer = policy.newest_final(source.releases(COMMAND_LINE, left), _python())
        if newer is not None and newer <= self.installation.command_line:
            newer = None
        return Latest(
            self._newest(releases, held=self._held()), newer, self.installation.command, source.name
        )

    def upgrade(self, version: str | None = None) -> Version | None:
        """Take the newest library that may be taken, or a certain one.

        :returns: the version that is used from the next start; None where there is nothing newer
        :raises UpgradeError: it can't be had, or does not work here; nothing was changed
        """
        obstacle = self.obstacle()
        if obstacle is not None:
            raise UpgradeError(obstacle.partition("; ")[0], hint=obstacle.partition("; ")[2] or None)
        wanted = None if version is None else self._wanted(version)
        if wanted is not None and wanted == self.in_use:
            return None
        if wanted is not None and wanted == self.installation.library:
            with self._changing() as pointer:
                self._point(Pointer(held=_newer(self._in_effect(pointer), pointer.held)))
            return wanted
        source = self._source()
        with stage(self._reporter, "query", source.name):
            releases = source.releases(LIBRARY, QUERY_SECONDS)
        release = self._newest(releases) if wanted is None else self._chosen(releases, wanted, source)
        if release is None:
            return None
        until = time.monotonic() + WHOLE_SECONDS
        taken = self.take(release, lambda: until - time.monotonic())
        if taken is None:
            raise _busy()
        return Version(taken)

    def rollback(self) -> tuple[Version, Version]:
        """Go back to what was used before, in the end to what pip installed.

        Upgrades by themselves then wait for something newer than the version that is left.

        :returns: that version, and the one that is used from the next start
        :raises UpgradeError: no upgrade is in effect, or what was before is gone
        """
        with self._changing() as pointer:
            left = self._in_effect(pointer)
            if left is None:
                raise UpgradeError(
                    "there is nothing to roll back to",
                    context=f"rezup-api {self.installation.library} is what was installed",
                )
            if pointer.previous is not None and not self._libraries.is_complete(pointer.previous):
                raise UpgradeError(
                    f"rezup-api {pointer.previous} is not there any more, or is damaged",
                    hint=f"take it anew: rezup self upgrade --version {pointer.previous}",
                )
            self._point(Pointer(pointer.previous, held=_newer(left, pointer.held)))
        back = self.installation.library if pointer.previous is None else Version(pointer.previous)
        return Version(left), back

    def upgrade_in_place(self) -> Version:
        """Let pip, or uv where there is no pip, upgrade the library in this Python's own environment.

        :returns: the version that is installed afterwards
        :raises UpgradeError: it is installed in edit mode
        :raises ProcessError: the program failed
        """
        from rezup.upgrade.in_place import upgrade_in_place

        installed = self.installation
        if installed.editable is not None:
            raise UpgradeError(
                f"rezup is installed in edit mode from {installed.editable}", hint=installed.command
            )
        with self._context(lambda: WHOLE_SECONDS) as context:
            source = self._source()
            wanted = f"{LIBRARY}{installed.allowed}"
            with contextlib.suppress(UpgradeError):  # pip can ask indexes that we can't
                newest = policy.newest(
                    source.releases(LIBRARY, QUERY_SECONDS),
                    installed=installed.library, allowed=installed.allowed, python=_python(),
                )  # fmt: skip
                if (
                    newest is not None and " @ " in newest.requirement
                ):  # of a folder, which pip is not told of
                    wanted = newest.requirement
            upgrade_in_place(installed, wanted, source.options, context)
        self._installation = None
        return self.installation.library

    # -- parts ----------------------------------------------------------------------------------

    def _newest(self, releases: list[Release], held: Version | None = None) -> Release | None:
        return policy.newest(
            releases, installed=self.in_use, allowed=self.installation.allowed, python=_python(), held=held
        )

    def _wanted(self, text: str) -> Version:
        """The version that a user names, if it could be of any use."""
        try:
            version = Version(text)
        except InvalidVersion as error:
            raise UpgradeError(f"{ascii(text)[1:-1][:80]} is no version") from error
        installed = self.installation.library
        if version < installed:
            raise UpgradeError(
                f"rezup-api {version} is older than what is installed, {installed}",
                context="what pip installed wins over an older library beside it",
                hint="install the older one with the installer that made this one",
            )
        return version

    def _chosen(self, releases: list[Release], version: Version, source: Source) -> Release:
        installed = self.installation
        release = next((release for release in releases if release.version == version), None)
        if release is None:
            known = ", ".join(str(r.version) for r in sorted(releases, key=lambda r: r.version)[-5:])
            raise UpgradeError(
                f"{source.name} has no rezup-api {version}", context=f"it has {known or 'none'}"
            )
        if not policy.is_fit(
            release, installed=installed.library, allowed=installed.allowed, python=_python()
        ):
            raise UpgradeError(
                f"rezup-api {version} does not fit this installation",
                context=f"rezup {installed.command_line} allows {LIBRARY} {installed.allowed}, final and not "
                f"yanked, for Python {_python()}",
                hint=f"upgrade all of it: {installed.command}",
            )
        return release

    def take(
        self, release: Release, time_left: Callable[[], float], *, announce: Callable[[], None] | None = None
    ) -> str | None:
        """Put a release in place and point to it; None if somebody else is at it.

        :param announce: called before the work begins, by an upgrade that nobody asked for; such a one
            also respects a rollback that was made meanwhile
        """
        from rezup.upgrade.placing import Placement

        version = str(release.version)
        with self._libraries.lock() as is_mine:
            if not is_mine:
                self._reporter.debug("somebody else is upgrading rezup")
                return None
            pointer = self._pointer()
            if pointer.version == version and self._libraries.is_complete(version):
                self._point(pointer)  # another process was quicker, or what is there is not believed
                return version
            if announce is not None:
                if pointer.held is not None and Version(pointer.held) >= release.version:
                    return None
                announce()
            with self._context(time_left) as context:
                Placement(self._libraries, self.installation, self._source(), context).place(release)
            new = self._after(pointer, release.version)
            self._point(new)
            self._libraries.prune({new.version, new.previous})
        return version

    def _after(self, pointer: Pointer, version: Version) -> Pointer:
        """The pointer to a version that was put in place."""
        before = self._in_effect(pointer)
        if before == str(version):  # it was damaged, and is in place again
            return pointer
        previous = before if before is not None and self._libraries.is_complete(before) else None
        # Who takes an older version by its name does not want the newer one back tomorrow.
        held = before if before is not None and Version(before) > version else None
        return Pointer(str(version), previous, held=held)

    @contextlib.contextmanager
    def _changing(self) -> Iterator[Pointer]:
        """The pointer, while nobody else may change it."""
        if self._is_foreign_home and not self.place.is_site:
            raise UpgradeError(
                "root changes nothing in the home of another user",
                context="the files would belong to root, and that user could not change them",
                hint="run it without sudo, or with `sudo -H`",
            )
        try:
            with self._libraries.lock(seconds=_PATIENCE) as is_mine:
                if not is_mine:
                    raise _busy()
                yield self._pointer()
        except OSError as error:
            raise UpgradeError(
                f"{self.place.folder} can't be written", context=error.strerror or str(error)
            ) from error

    def _point(self, pointer: Pointer) -> None:
        with stage(self._reporter, "point", str(pointer.version)):
            try:
                write_pointer(self.place.folder, self.place.installation, pointer, self.installation)
            except OSError as error:
                raise UpgradeError(
                    f"{self.place.folder} can't be written", context=error.strerror or str(error)
                ) from error

    def _pointer(self) -> Pointer:
        return read_pointer(self.place.folder, self.place.installation)

    def _in_effect(self, pointer: Pointer) -> str | None:
        """The version that a pointer leads to; None where that is pip's, which may have overtaken it."""
        version = pointer.version
        return None if version is None or Version(version) <= self.installation.library else version

    def _held(self) -> Version | None:
        held = self._pointer().held
        return None if held is None else Version(held)

    @property
    def in_use(self) -> Version:
        """The version of the library that runs."""
        beside = self.place.beside
        if beside is None or beside.parent != self.place.folder:  # a user's own, where it is about the site's
            return self.installation.library
        return Version(beside.name)


def _newer(*versions: str | None) -> str | None:
    """The newest of them, as far as there are any."""
    return max((text for text in versions if text is not None), key=Version, default=None)


def _busy() -> UpgradeError:
    return UpgradeError("somebody else is upgrading rezup right now", hint="try again in a moment")


def _can_write(folder: Path) -> bool:
    """Whether a folder, or what would have to be made for it, is ours to write in."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder.is_dir() and os.access(folder, os.W_OK)


def _python() -> str:
    # A Python under development has a "+" at the end of its own text for it.
    return ".".join(map(str, sys.version_info[:3]))
