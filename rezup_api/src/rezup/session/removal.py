"""What may be removed: revisions of this machine, and wheels of the remote root that nothing needs."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import pruning
from rezup.containers.keeping import Rules
from rezup.errors import RezupError, StoreError
from rezup.recipes.discovery import discover
from rezup.stores.local import LocalStore
from rezup.stores.remote import RemoteStore
from rezup.system.usage import Usage
from rezup.wheelhouse.store import SPARED, Wheelhouse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from rezup.containers.pruning import Candidate, Pruned
    from rezup.reporting import Reporter
    from rezup.session.places import Place, Places
    from rezup.session.wiring import Wiring
    from rezup.stores.stamps import Stamp

#: Seconds to wait for a remote root that didn't answer a moment ago.
_ONCE_MORE = 0.1

#: Seconds to wait for a file of a remote root; nobody waits for a launch here.
_READ_TIMEOUT = 15.0

_DAY = 86400.0


class Failure(NamedTuple):
    """What could not be done, and why."""

    where: str
    """A container, a revision as NAME@REVISION, or a root."""
    error: RezupError


class Revisions(NamedTuple):
    """Revisions that were looked at, and what became of those that had nothing to keep them."""

    candidates: tuple[Candidate, ...]
    """All of them, by container, newest first; one that was spared in the end has its reason."""
    removed: frozenset[Path]
    """Folders."""
    gone: frozenset[Path]
    """Folders that somebody else removed meanwhile, such as another `prune`; they count nowhere below."""
    freed: int
    """Bytes that the removal freed, or would free: files that nothing else has by a hard link."""
    shared: int
    """Bytes of the same revisions that stay: the cache of environments, or other revisions, have them too."""
    is_exact: bool
    """False where `freed` is the most that it can be, as reflinks show nobody what they share."""
    unreachable: tuple[Path, ...]
    """Remote roots that don't answer."""
    failures: tuple[Failure, ...]


class UnusedWheel(NamedTuple):
    """A wheel of a remote root that no lock there names."""

    root: Path
    sha256: str
    files: tuple[str, ...]
    size: int
    """Bytes on the disk."""
    is_removed: bool


class Wheels(NamedTuple):
    """What was found, or removed, on remote roots."""

    unused: tuple[UnusedWheel, ...]
    failures: tuple[Failure, ...]


class Removal:
    """What the command line and other callers free space through."""

    def __init__(self, wiring: Wiring, places: Places, reporter: Reporter) -> None:
        self._wiring = wiring
        self._places = places
        self._reporter = reporter

    # -- what is named -----------------------------------------------------------------------

    def drop(self, place: Place, revision: str | None = None) -> list[Stamp]:
        """Remove a revision from this machine, or all of a container's and its pin; those in use are refused.

        :returns: what was removed
        :raises ContainerNotFoundError: there is none on this machine
        :raises RevisionInUseError: somebody uses one of them; the others are gone
        :raises ContainerError: the one that is named is pinned here
        """
        from rezup.containers.pinning import Author
        from rezup.containers.removal import drop
        from rezup.system.machine import host_name, user_name

        author = Author(user_name(), host_name())
        return drop(place.name, revision, place.local, author=author, reporter=self._reporter)

    def targets(self, place: Place, revision: str | None = None) -> list[Stamp]:
        """What `drop` would remove, so that a user can be asked; newest first.

        :raises ContainerNotFoundError: there is none on this machine
        """
        from rezup.containers.removal import targets

        return targets(place.name, revision, place.local)

    # -- revisions ----------------------------------------------------------------------------

    def old_revisions(
        self, name: str | None = None, *, keep: int = 1, older_than: float | None = None, remove: bool = False
    ) -> Revisions:
        """Look at the revisions of a container on this machine, or of all; what fails stops no other.

        :param keep: so many of the newest ready ones stay
        :param older_than: days, nothing younger goes; None for what is configured as `clean_after`
        :param remove: also remove those that nothing keeps
        :raises ContainerNotFoundError: there is no container of that name
        :raises SettingsError: a setting can't be used
        """
        found: list[Candidate] = []
        outcomes: list[Pruned] = []
        failures: list[Failure] = []
        unreachable: dict[Path, None] = {}
        usage = Usage()
        for place in self._containers(name, failures):
            try:
                looked = self._look(place, keep, older_than, unreachable)
            except RezupError as error:
                failures.append(Failure(place.name, error))
                continue
            for each in looked:
                if each.goes or (remove and pruning.is_in_use(each)):
                    usage.add(each.folder)
            if remove:
                place.local.sweep(place.name)
                outcomes.append(pruning.prune(looked, place.local, reporter=self._reporter))
                looked = _with_outcome(looked, outcomes[-1])
            found += looked
        failures += [
            Failure(f"{each.container}@{each.stamp}", error)
            for one in outcomes
            for each, error in one.failures
        ]
        revisions = _revisions(found, outcomes if remove else None, usage)
        return revisions._replace(unreachable=tuple(unreachable), failures=tuple(failures))

    def _look(
        self, place: Place, keep: int, older_than: float | None, unreachable: dict[Path, None]
    ) -> tuple[Candidate, ...]:
        if place.remote is not None and place.remote.root in unreachable:
            place = place._replace(remote=RemoteStore(place.remote.root, timeout=_ONCE_MORE))
        days = place.settings.clean_after if older_than is None else older_than
        acquisition, wanted = self._wiring.acquisition(place), self._wiring.wanted(place, None)
        looked = pruning.look(acquisition, wanted, Rules(keep, days), now=time.time())
        if not looked.is_remote_known and place.remote is not None:
            unreachable[place.remote.root] = None
        return looked.candidates

    def _containers(self, name: str | None, failures: list[Failure]) -> Iterator[Place]:
        """Where the containers live that are meant."""
        if name is not None:
            place = self._places.place(name)
            if not self._is_known(place):
                raise self._places.not_found(place)
            yield place
            return
        root = self._places.settings().root_local
        recipes = {found.name for found in discover(self._places.recipes_folder)}
        for container in sorted({*LocalStore(root).containers(), *recipes}):
            try:
                yield self._places.place(container)
            except RezupError as error:  # one bad recipe must not keep the others
                failures.append(Failure(container, error))

    def _is_known(self, place: Place) -> bool:
        """Whether there is such a container, though perhaps without a revision here."""
        if place.has_own_recipe and place.recipe_file.is_file():
            return True
        if place.local.listing(place.name).exists:
            return True
        try:
            return place.remote is not None and place.remote.listing(place.name).exists
        except StoreError:
            return True

    # -- wheels -------------------------------------------------------------------------------

    def unused_wheels(
        self, name: str | None = None, *, older_than: float | None = None, remove: bool = False
    ) -> Wheels:
        """Look for wheels on a remote root that no lock of any revision there names.

        :param name: a container, whose remote root is meant; without one all roots that are configured
        :param older_than: days since a wheel was last wanted by a publication; one at least
        :param remove: also remove them
        :raises StoreError: there is no remote root
        """
        failures: list[Failure] = []
        found: list[UnusedWheel] = []
        for root in self._remote_roots(name, failures):
            try:
                found += self._unused(root, max(SPARED, (older_than or 0) * _DAY), remove=remove)
            except RezupError as error:
                failures.append(Failure(str(root), error))
        return Wheels(tuple(found), tuple(failures))

    def _unused(self, root: Path, spared: float, *, remove: bool) -> Iterable[UnusedWheel]:
        from rezup.containers.unused_wheels import all_locks

        now = time.time()
        house = Wheelhouse(root, reporter=self._reporter, read_timeout=_READ_TIMEOUT)
        locks = all_locks(RemoteStore(root, timeout=_READ_TIMEOUT))
        for sha256 in house.unused(locks, now=now, spared=spared):
            content = house.content(sha256)
            is_gone = remove and house.remove(sha256, untouched_since=now - spared)
            if is_gone or not remove:
                yield UnusedWheel(root, sha256, tuple(content), sum(content.values()), is_gone)
        if remove:
            house.sweep()

    def _remote_roots(self, name: str | None, failures: list[Failure]) -> list[Path]:
        """:raises StoreError: there is none"""
        settings = [self._places.place(name).settings if name is not None else self._places.settings()]
        if name is None:
            for recipe in discover(self._places.recipes_folder):
                try:
                    settings.append(self._places.place(recipe.name).settings)
                except RezupError as error:
                    failures.append(Failure(recipe.name, error))
        roots = {each.root_remote: None for each in settings if each.root_remote is not None}
        if not roots and not failures:
            raise StoreError(
                "there is no remote root to look at",
                hint="set REZUP_ROOT_REMOTE, --remote-root, or [root] remote in the recipe",
            )
        return list(roots)


def _with_outcome(looked: tuple[Candidate, ...], pruned: Pruned) -> tuple[Candidate, ...]:
    """With the reason of each that was spared in the end, and without one for what is gone."""
    changed = {each.stamp: each for each in (*pruned.spared, *pruned.gone)}
    return tuple(changed.get(each.stamp, each) for each in looked)


def _revisions(found: list[Candidate], outcomes: list[Pruned] | None, usage: Usage) -> Revisions:
    """What was found, and what became of it.

    :param outcomes: None if nothing was to be removed
    """
    removed = frozenset(each.folder for one in outcomes or () for each in one.removed)
    gone = frozenset(each.folder for one in outcomes or () for each in one.gone)
    lost = [each for each in found if (each.goes if outcomes is None else each.folder in removed)]
    folders = frozenset(each.folder for each in lost)
    is_exact = not any(each.is_reflink for each in lost)
    # What these had in common with those that are gone stays with nobody; who freed it is not known.
    shared = usage.size(folders) + usage.freed(gone) - usage.freed(folders | gone)
    return Revisions(tuple(found), removed, gone, usage.freed(folders), shared, is_exact, (), ())
