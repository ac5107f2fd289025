"""Pins of containers, on this machine and for the studio, and who changed them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.containers.history import LOCAL, REMOTE, Entry, read_local, read_remote
from rezup.errors import RemoteUnreachableError, StoreError
from rezup.session.places import warn_of_locks
from rezup.system.machine import host_name, user_name

if TYPE_CHECKING:
    from rezup.containers.pinning import Change, Pinning
    from rezup.reporting import Reporter
    from rezup.session.places import Place, Places
    from rezup.session.wiring import Wiring
    from rezup.stores.remote import RemoteStore


class Recorded(NamedTuple):
    """A change of a pin, and of which: "local" or "remote"."""

    where: str
    entry: Entry


class Pins:
    """What the command line and other callers pin revisions through."""

    def __init__(self, wiring: Wiring, places: Places, reporter: Reporter) -> None:
        self._wiring = wiring
        self._places = places
        self._reporter = reporter

    def pin(
        self, place: Place, revision: str | None = None, *, why: str = "", remote: bool = False
    ) -> Change:
        """Have one revision taken from the next launch on, here or in the whole studio.

        :param revision: a stamp, a unique prefix of one, or "-1", "-2" …; None for the one that is taken now
        :raises ContainerNotFoundError: the container has no revision
        :raises RevisionNotFoundError: there is no such revision, with `remote` on the remote root
        :raises RevisionNotReadyError: it can't be used
        :raises StoreError: there is no remote root, or the root can't be written
        """
        self._check_known(place)
        return self._told(place, self._pinning(place, remote=remote).pin(revision, why))

    def unpin(self, place: Place, *, why: str = "", remote: bool = False) -> Change:
        """Take the pin away, whoever set it.

        :raises ContainerNotFoundError: there is no such container
        :raises StoreError: there is no remote root, or the root can't be written
        """
        self._check_known(place)
        return self._told(place, self._pinning(place, remote=remote).unpin(why))

    def rollback(self, place: Place, *, why: str = "", remote: bool = False) -> Change:
        """Pin the newest ready revision before the one that is taken now.

        :raises ContainerNotFoundError: the container has no revision
        :raises RevisionNotFoundError: there is no ready one before it
        :raises StoreError: there is no remote root, or the root can't be written
        """
        self._check_known(place)
        return self._told(place, self._pinning(place, remote=remote).rollback(why))

    def history(
        self, place: Place, *, remote: bool = False
    ) -> tuple[list[Recorded], RemoteUnreachableError | None]:
        """All changes of a container's pins, the newest first; and why the studio's are missing.

        :param remote: only the studio's
        :raises ContainerNotFoundError: there is no such container
        :raises StoreError: there is no remote root, or a file can't be read
        :raises RemoteUnreachableError: with `remote`, it doesn't answer
        """
        found, unreachable = [], None
        if remote:
            found += [Recorded(REMOTE, entry) for entry in read_remote(_remote(place), place.name)]
        else:
            found += [Recorded(LOCAL, entry) for entry in read_local(place.local, place.name)]
            try:
                if place.remote is not None:
                    found += [Recorded(REMOTE, entry) for entry in read_remote(place.remote, place.name)]
            except RemoteUnreachableError as error:
                unreachable = error
        found.reverse()  # of two at one moment, the one written later comes first
        found.sort(key=lambda each: each.entry.at, reverse=True)
        if not found and unreachable is None and not self._is_known(place):
            raise self._places.not_found(place)
        return found, unreachable

    def _check_known(self, place: Place) -> None:
        """:raises ContainerNotFoundError: there is no such container, and no recipe of one"""
        try:
            is_known = self._is_known(place)
        except RemoteUnreachableError:
            return  # it may be there
        if not is_known:
            raise self._places.not_found(place)

    def _is_known(self, place: Place) -> bool:
        if place.has_own_recipe and place.recipe_file.is_file():
            return True
        return place.local.listing(place.name).exists or (
            place.remote is not None and place.remote.listing(place.name).exists
        )

    def _pinning(self, place: Place, *, remote: bool) -> Pinning:
        from rezup.containers.pinning import Author, Pinning

        root = _remote(place) if remote else None
        if root is not None:
            warn_of_locks(place.settings, self._reporter)
        if root is None and self._places.is_in_a_home_of_another:
            raise StoreError(
                "root does not pin in the home of another user",
                context="the files would belong to root, and that user could not change them",
                hint="run it without sudo, or with `sudo -H`",
            )
        return Pinning(
            place.name,
            self._wiring.acquisition(place),
            root,
            author=Author(user_name(), host_name()),
            reporter=self._reporter,
        )

    def _told(self, place: Place, change: Change) -> Change:
        """Warn of what is stronger than the pin, so that nobody waits for it to work."""
        if place.settings.use_revision:
            origin = place.settings.origins["use_revision"]
            self._reporter.warning(f"{origin} is stronger than a pin: {place.settings.use_revision} is taken")
        elif change.where == REMOTE:
            own = place.local.listing(place.name).pin
            if own is not None and own != change.to:
                self._reporter.warning(
                    f"this machine has a pin of its own, {own}, which is stronger; "
                    f"`rezup unpin {place.name}` lifts it"
                )
        return change


def _remote(place: Place) -> RemoteStore:
    if place.remote is None:
        raise StoreError(
            "there is no remote root to pin on",
            hint="set REZUP_ROOT_REMOTE, --remote-root, or [root] remote in the recipe",
        )
    return place.remote
