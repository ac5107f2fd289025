"""From "use foo" to a revision that is held: choose, build if need be, fall back, hold.

A new revision that can't be built never blocks: the last good one is taken, with one warning,
and the next attempt is delayed. What was asked for by name is had or is an error.
"""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import choice as choices
from rezup.containers.choice import Choice, View, Wanted
from rezup.containers.revision import NotReadyError, open_ready
from rezup.errors import (
    ContainerError,
    InstallError,
    LockError,
    RecipeError,
    RemoteUnreachableError,
    RevisionInUseError,
    RevisionNotReadyError,
    RezupError,
)
from rezup.stores.base import PIN, RECEIPT
from rezup.system import locks

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from rezup.containers.backoff import Backoff, Failure
    from rezup.containers.creation import Workshop
    from rezup.containers.obtaining import Obtaining
    from rezup.containers.remembered import Remembered
    from rezup.containers.revision import Revision
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.base import Listing
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

#: How often a revision may vanish between being chosen and being held before we give up.
_ATTEMPTS = 40

#: Seconds for others to end what they do with a broken revision, before it counts as in use.
_PATIENCE = 0.5

#: How many of the studio's older revisions a machine without any tries to build.
_OLDER_TRIED = 2


class Acquired(NamedTuple):
    """A ready revision, held; the hold goes on into whatever is started with it."""

    revision: Revision
    hold: locks.Hold
    reason: str
    is_from_remote: bool


class Acquisition:
    """All that is needed to get a revision ready on this machine.

    :param workshop: called only when something must be built
    :param backoff: called only when what is wanted is not ready
    :param pythons: see `rezup.containers.pythons`
    """

    def __init__(
        self,
        *,
        local: LocalStore,
        remote: RemoteStore | None,
        remembered: Remembered,
        workshop: Callable[[], Workshop],
        backoff: Callable[[], Backoff],
        reporter: Reporter,
        platform: str,
        pythons: Path | None,
    ) -> None:
        self.local = local
        self.remote = remote
        self.platform = platform
        self._pythons = pythons
        self._remembered = remembered
        self._workshop = workshop
        self._backoff = backoff
        self._reporter = reporter
        self._told: set[str] = set()

    def open(self, container: ContainerName, stamp: Stamp) -> Revision:
        """A revision on this machine, if it can be used here.

        :raises NotReadyError: it can't, and why
        """
        return open_ready(self.local, container, stamp, platform=self.platform, pythons=self._pythons)

    def view(self, container: ContainerName) -> View:
        """Look at both roots; an unreachable remote is what it was when last seen."""
        local = self.local.listing(container)
        if self.remote is None:
            return self._with_valid_pins(container, View(local))
        try:
            remote = self.remote.listing(container)
        except RemoteUnreachableError as error:
            self._reporter.debug(str(error))
            view = View(local, self._remembered.recall(container), choices.UNREACHABLE)
        else:
            self._remembered.keep(container, remote)
            view = View(local, remote, choices.REACHABLE)
        return self._with_valid_pins(container, view)

    def _with_valid_pins(self, container: ContainerName, view: View) -> View:
        """A pin that names no revision is told of and left out: one bad file must not stop a studio."""
        known = view.local.everything | (view.remote.everything if view.remote else frozenset())
        local = self._valid_pin(container, view.local, known, self.local.root)
        if view.remote is None or self.remote is None:
            return view._replace(local=local)
        remote = self._valid_pin(container, view.remote, known, self.remote.root)
        return view._replace(local=local, remote=remote)

    def _valid_pin(
        self, container: ContainerName, listing: Listing, known: frozenset[Stamp], root: Path
    ) -> Listing:
        bad = listing.damaged_pin or (listing.pin if listing.pin not in known else None)
        if bad is None:
            return listing
        told = f"{root / container / PIN} is ignored: {bad!a} is no revision"
        if told not in self._told:  # it is looked at again where others change it at that moment
            self._told.add(told)
            self._reporter.warning(told)
        return listing._replace(pin=None, damaged_pin=None)

    def choose(self, wanted: Wanted, view: View) -> Choice | None:
        """Which revision, and why; None if there is none at all."""

        def is_pulled(stamp: Stamp) -> bool:
            try:
                ready = self.open(wanted.container, stamp)
            except ContainerError:
                return False
            return ready.receipt.origin == "remote" or ready.receipt.legacy

        return choices.choose(wanted, view, is_pulled=is_pulled)

    def acquire(self, wanted: Wanted) -> Acquired | None:
        """The revision to use, ready and held; None if the container has none at all.

        :raises RevisionNotFoundError: what was asked for by name doesn't exist
        :raises RevisionNotReadyError: what there is can't be used, and there is nothing to fall back to
        :raises RemoteUnreachableError: the remote decides, and never was seen
        """
        for attempt in range(_ATTEMPTS):
            view = self.view(wanted.container)
            choice = self.choose(wanted, view)
            if choice is None:
                if view.remote_state == choices.UNREACHABLE:
                    raise self.unknown(wanted.container)
                return None
            try:
                revision, reason = self._make_ready(wanted, view, choice)
                hold = self.local.hold(revision.container, revision.stamp)
            except locks.Gone:
                # Being removed: look again when the remover had the time to take its name away.
                time.sleep(_pause(attempt))
                continue
            self._tell_of_silence(revision, choice, view)
            return Acquired(revision, hold, reason, self._is_studios(revision, view))
        raise self.vanishing(wanted.container)

    def _tell_of_silence(self, revision: Revision, choice: Choice, view: View) -> None:
        """Say once that the remote doesn't answer, where its answer could have led to another revision."""
        if self.remote is None or view.remote_state != choices.UNREACHABLE:
            return
        is_ours = choice.is_explicit or (choice.is_pinned and view.local.pin == choice.revision)
        if is_ours or revision.stamp != choice.revision:  # that another one is taken instead was said
            return
        why = "pinned there when it was last seen" if choice.is_pinned else "the newest known here"
        self._reporter.notice(
            f"the remote root {self.remote.root} is unreachable; "
            f"using {revision.container}@{revision.stamp}, {why}"
        )

    @staticmethod
    def _is_studios(revision: Revision, view: View) -> bool:
        known = view.remote is not None and revision.stamp in view.remote.everything
        return known or revision.receipt.origin == "remote"

    def _make_ready(self, wanted: Wanted, view: View, choice: Choice) -> tuple[Revision, str]:
        container, stamp = wanted.container, choice.revision
        try:
            return self.open(container, stamp), choice.reason
        except NotReadyError as error:
            self._look_again(container, stamp, view, error)
            problem = error
        fallback = self.fallback(container, choice, view)
        try:
            made = self._obtain(container, view, choice, problem, may_wait=fallback is not None)
        except RezupError as error:
            fallback = fallback or self._pull_older(container, view, choice, error)
            if fallback is None:
                raise
            author = self._author(container, choice, view)
            self._reporter.warning(
                f"revision {stamp} of {container}{author} can't be used ({error}); "
                f"taking {fallback.stamp} instead"
            )
            return fallback, choices.instead(choice)
        return made, choice.reason

    def _pull_older(
        self, container: ContainerName, view: View, choice: Choice, error: RezupError
    ) -> Revision | None:
        """On a machine that has none yet, the studio's last good revision is built instead."""
        for stamp in self.older(view, choice, error):
            try:
                return self._obtaining().pull(container, stamp)
            except RezupError as cause:
                self._reporter.debug(f"revision {stamp} of {container} can't be built either: {cause}")
        return None

    def older(self, view: View, choice: Choice, error: RezupError) -> list[Stamp]:
        """The studio's revisions that are built instead of the chosen one, the first that can be.

        :param error: why that one can't be had; it has to be its own fault
        """
        if view.remote is None or not choice.is_remote or choice.is_explicit:
            return []
        if view.remote_state != choices.REACHABLE or not isinstance(
            error, (InstallError, LockError, RecipeError, RevisionInUseError, RevisionNotReadyError)
        ):
            return []
        if isinstance(error, InstallError):
            from rezup.containers.provision import is_disk_full

            if is_disk_full(error):
                return []  # nor is there room for another one
        older = [stamp for stamp in view.remote.newest_first() if stamp.order < choice.revision.order]
        return older[:_OLDER_TRIED]

    def fallback(self, container: ContainerName, choice: Choice, view: View) -> Revision | None:
        """The revision that is taken where the chosen one can't be had, ready on this machine."""
        for stamp in choices.fallbacks(choice, view):
            try:
                return self.open(container, stamp)
            except ContainerError:
                continue
        return None

    def way(
        self, container: ContainerName, view: View, choice: Choice, problem: NotReadyError, *, may_wait: bool
    ) -> str:
        """How the chosen revision, which isn't ready, is had: `choices.PULL` or `choices.REBUILD`.

        :param may_wait: there is a fallback, so what failed a moment ago is not tried again
        :raises RevisionNotReadyError: it is not even tried
        :raises RevisionInUseError: it would be built in the place of one that others use
        :raises RemoteUnreachableError: the remote would be needed
        :raises locks.Gone: it is not as it was: choose again
        """
        way = choices.way(choice, view, problem.state, has_fallback=may_wait)
        if way == choices.UNKNOWN:
            raise self.unknown(container)
        if way not in (choices.PULL, choices.REBUILD):
            raise problem
        self._refuse_in_use(container, choice.revision, view, problem)
        failure = self.failure(container, choice.revision) if may_wait else None
        if failure is not None:
            from rezup.containers.backoff import delayed

            raise delayed(failure)
        return way

    def _look_again(self, container: ContainerName, stamp: Stamp, view: View, problem: NotReadyError) -> None:
        """:raises locks.Gone: what was broken was removed a moment ago, or somebody else has built it anew"""
        if self.local.find(container, stamp) is None:
            if stamp in view.local.everything:
                raise locks.Gone(stamp) from problem
            return
        with contextlib.suppress(NotReadyError):
            self.open(container, stamp)
            raise locks.Gone(stamp) from problem

    def _refuse_in_use(
        self, container: ContainerName, stamp: Stamp, view: View, problem: NotReadyError
    ) -> None:
        """Refuse in time what could not take the place of what is there.

        :raises RevisionInUseError: somebody is in it
        :raises NotReadyError: nobody lets us into its folder
        :raises locks.Gone: those who are in it use what somebody built there meanwhile
        """
        if self.local.find(container, stamp) != self.local.folder(container, stamp):
            return  # it isn't here, or of rezup 2.x, in whose place nothing is put
        if not self.local.may_enter(container, stamp):
            raise problem
        users = self.local.holders(container, stamp, patience=_PATIENCE)
        if users:
            self._look_again(container, stamp, view, problem)
            raise RevisionInUseError(
                f"revision {stamp} of {container} has to be built anew, and is in use",
                holders=users,
                context="; ".join(filter(None, (problem.context, f"in use by {', '.join(users)}"))),
                hint="leave its shells, then try again",
            )

    def failure(self, container: ContainerName, stamp: Stamp) -> Failure | None:
        """The failed build of a revision that delays the next one; None if it may be tried at once."""
        return self._backoff().pending(container, stamp)

    def _obtain(
        self, container: ContainerName, view: View, choice: Choice, problem: NotReadyError, *, may_wait: bool
    ) -> Revision:
        """Build what is missing or broken here, unless that failed a moment ago."""
        from rezup.containers.backoff import Attempt

        stamp = choice.revision
        way = self.way(container, view, choice, problem, may_wait=may_wait)
        attempt = Attempt(self._backoff(), container, stamp, can_wait=may_wait)
        obtaining = self._obtaining()
        try:
            made = (
                obtaining.rebuild(container, stamp, problem, attempt)
                if way == choices.REBUILD
                else obtaining.pull(container, stamp, attempt, quickly=may_wait)
            )
        except RezupError as error:
            attempt.failed(error)
            raise
        attempt.succeeded()
        return made

    def _obtaining(self) -> Obtaining:
        from rezup.containers.obtaining import Obtaining

        return Obtaining(self.local, self.remote, self._workshop, self._reporter)

    def _author(self, container: ContainerName, choice: Choice, view: View) -> str:
        """Who published a revision, for a warning; nothing if that can't be told at once."""
        import json

        if self.remote is None or not choice.is_remote or view.remote_state != choices.REACHABLE:
            return ""
        try:
            document = json.loads(self.remote.read(container, choice.revision, RECEIPT) or b"{}")
            creator, host = document["creator"], document.get("host") or document["hostname"]
        except (RezupError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return ""
        return f", published by {creator} on {host},"

    @staticmethod
    def vanishing(container: ContainerName) -> RevisionNotReadyError:
        """The error where revisions go as fast as they are chosen."""
        return RevisionNotReadyError(
            f"{container} can't be used", context="its revisions are being removed", hint="try again"
        )

    def unknown(self, container: ContainerName) -> RemoteUnreachableError:
        """The error where only the remote could tell which revision it is, or what is in it."""
        root = self.remote.root if self.remote else ""
        return RemoteUnreachableError(
            f"the remote root {root} is unreachable",
            context=f"and nothing else tells which revision of {container} to take, or what is in it",
            hint="check the mount (an empty folder counts as an absent share), or take what is here: --local",
        )


def _pause(attempt: int) -> float:
    """Seconds after which it is looked again at what others are changing."""
    return min(0.005 * (attempt + 1), 0.1)
