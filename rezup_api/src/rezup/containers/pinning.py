"""`pin`, `unpin`, `rollback`: deciding which revision is taken from the next launch on.

A pin is a small file in a container's folder: in the local root it counts on this machine, in the
remote root for the studio. Nothing is built or removed here.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.containers import choice as choices
from rezup.containers import history
from rezup.containers.choice import View, Wanted
from rezup.containers.history import LOCAL, REMOTE
from rezup.containers.inventory import readable_receipt, remote_facts
from rezup.containers.revision import UNTOUCHABLE, NotReadyError
from rezup.errors import (
    ContainerError,
    ContainerNotFoundError,
    RevisionNotFoundError,
    RevisionNotReadyError,
    StoreError,
)
from rezup.stores.base import PIN, Listing

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.containers.acquisition import Acquisition
    from rezup.containers.history import Entry
    from rezup.containers.receipt import Receipt
    from rezup.recipes.names import ContainerName
    from rezup.reporting import Reporter
    from rezup.stores.local import LocalStore
    from rezup.stores.remote import RemoteStore
    from rezup.stores.stamps import Stamp

#: The longest reason that is kept, in characters.
LONGEST_WHY = 1000


class Author(NamedTuple):
    """Who changes a pin, from which host."""

    user: str
    host: str


class Change(NamedTuple):
    """What became of a pin.

    ``source`` is the revision that `use` took before, ``to`` the one from now on; None where
    there is none. ``is_changed`` is False if all was so already, and nothing was written.
    """

    container: ContainerName
    action: str
    where: str
    """Either "local" or "remote"."""
    source: Stamp | None
    to: Stamp | None
    is_changed: bool


class Pinning:
    """Changes the pin of one container in one root.

    :param remote: the root of the studio; None to pin on this machine
    """

    def __init__(
        self,
        container: ContainerName,
        acquisition: Acquisition,
        remote: RemoteStore | None,
        *,
        author: Author,
        reporter: Reporter,
    ) -> None:
        self._container = container
        self._acquisition = acquisition
        self._remote = remote
        self._store: LocalStore | RemoteStore = remote or acquisition.local
        self._author = author
        self._reporter = reporter

    @property
    def where(self) -> str:
        """Either "local" or "remote"."""
        return LOCAL if self._remote is None else REMOTE

    def pin(self, revision: str | None, why: str) -> Change:
        """Take one revision until this is lifted.

        :param revision: a stamp, a unique prefix, "-1" …; None for the one that is taken now
        :raises ContainerNotFoundError: the container has no revision at all
        :raises RevisionNotFoundError: there is no such revision in the roots that count
        :raises RevisionNotReadyError: it can't be used
        :raises StoreError: the root can't be written, or the container is a link
        """
        _check_reason(why)
        view = self._view()
        before = self._taken(view)
        to = before if revision is None else self._match(revision, view)
        if to is None:
            raise self._empty()
        if self._store.listing(self._container).pin == to:
            return Change(self._container, "pin", self.where, before, to, is_changed=False)
        self._check_usable(to, view)
        return self._change("pin", before, to, why)

    def unpin(self, why: str) -> Change:
        """Take the newest again, or in the local root what the studio has pinned.

        :raises StoreError: the root can't be written, or the container is a link
        """
        _check_reason(why)
        listing = self._store.listing(self._container)
        view = self._view()
        before = self._taken(view)
        if listing.pin is None and listing.damaged_pin is None:
            return Change(self._container, "unpin", self.where, before, before, is_changed=False)
        after = self._taken(_without_pin(view, self.where))
        return self._change("unpin", before, after, why)

    def rollback(self, why: str) -> Change:
        """Pin the newest ready revision before the one that is taken now.

        :raises ContainerNotFoundError: the container has no revision at all
        :raises RevisionNotFoundError: there is no ready one before it
        :raises StoreError: the root can't be written, or the container is a link
        """
        _check_reason(why)
        view = self._view()
        choice = self._acquisition.choose(Wanted(self._container), view)
        if choice is None:
            raise self._empty()
        before = choice.revision
        if self._remote is None:
            older: Iterable[Stamp] = choices.fallbacks(choice, view)
        else:
            older = (s for s in self._store.listing(self._container).newest_first() if s.order < before.order)
        for stamp in older:
            if self._is_ready(stamp):
                change = self._change("rollback", before, stamp, why)
                if self._is_same(before, stamp):
                    self._reporter.warning(
                        f"revision {stamp} of {self._container} has the same recipe and locks "
                        f"as the one before, {before}"
                    )
                return change
        where = "on this machine" if self._remote is None else f"on {self._remote.root}"
        raise RevisionNotFoundError(
            f"{self._container} has no ready revision before {before} {where}",
            context="there is nothing to go back to",
            hint=f"`rezup list {self._container}` shows what there is; `rezup pin` takes any of it",
        )

    # -- what there is ------------------------------------------------------------------------

    def _view(self) -> View:
        """What this machine knows; for a pin of the studio, what every other one sees."""
        if self._remote is None:
            return self._acquisition.view(self._container)
        listing = self._remote.listing(self._container)
        if not listing.exists:
            raise ContainerNotFoundError(
                f"the remote root has no container {self._container}",
                context=f"{self._remote.root} has no revision of it",
                hint=f"publish it: rezup add {self._container} --remote",
            )
        if listing.pin not in listing.everything:
            listing = listing._replace(pin=None)
        return View(Listing(frozenset(), exists=False), listing, choices.REACHABLE)

    def _taken(self, view: View) -> Stamp | None:
        choice = self._acquisition.choose(Wanted(self._container), view)
        return None if choice is None else choice.revision

    def _match(self, revision: str, view: View) -> Stamp:
        known = view.local.everything | (view.remote.everything if view.remote else frozenset())
        stamps = sorted(known, key=lambda stamp: stamp.order, reverse=True)
        if not stamps:
            raise self._empty()
        spec = revision.strip().removeprefix("@")
        try:
            return choices.match(spec, stamps, self._container)
        except RevisionNotFoundError as error:
            if (
                self._remote is not None
                and spec in self._acquisition.local.listing(self._container).everything
            ):
                raise RevisionNotFoundError(
                    f"revision {spec} of {self._container} is on this machine only",
                    context=f"{self._remote.root} has no such revision, so no other machine could take it",
                    hint=f"publish it: rezup add {self._container} --remote",
                ) from error
            raise

    def _empty(self) -> ContainerNotFoundError:
        return ContainerNotFoundError(
            f"{self._container} has no revision to pin",
            context=f"there is none in {self._store.root}",
            hint="`rezup list` shows what there is",
        )

    def _check_usable(self, stamp: Stamp, view: View) -> None:
        """:raises RevisionNotReadyError: to pin it would stop those who follow"""
        if self._remote is not None:
            problem = remote_facts(self._container, stamp, self._remote)[1]
            if problem:
                raise RevisionNotReadyError(
                    f"revision {stamp} of {self._container} can't be pinned",
                    context=f"{problem} on {self._remote.root}",
                    hint="`rezup doctor` tells what is wrong with the remote root",
                )
        elif stamp in view.local.everything:
            try:
                self._open(stamp)
            except NotReadyError as error:
                if error.state in UNTOUCHABLE:  # all others are built anew where that can be done
                    raise

    def _open(self, stamp: Stamp) -> None:
        self._acquisition.open(self._container, stamp)

    def _is_ready(self, stamp: Stamp) -> bool:
        if self._remote is not None:
            return not remote_facts(self._container, stamp, self._remote)[1]
        try:
            self._open(stamp)
        except ContainerError:
            return False
        return True

    def _is_same(self, one: Stamp, other: Stamp) -> bool:
        """Whether two revisions are made from the same recipe and locks; what has no locks may differ."""
        receipts = [self._receipt(stamp) for stamp in (one, other)]
        contents = [(each.recipe_digest, each.locks) for each in receipts if each is not None and each.locks]
        return len(contents) == len(receipts) and contents[0] == contents[1]

    def _receipt(self, stamp: Stamp) -> Receipt | None:
        stores = [self._remote] if self._remote else [self._acquisition.local, self._acquisition.remote]
        found = (readable_receipt(store, self._container, stamp) for store in stores if store is not None)
        return next((receipt for receipt in found if receipt is not None), None)

    # -- writing ------------------------------------------------------------------------------

    def _change(self, action: str, before: Stamp | None, to: Stamp | None, why: str) -> Change:
        entry = history.Entry(round(time.time(), 6), action, *self._author, before, to, why)
        write_pin(self._store, self._container, entry, reporter=self._reporter)
        return Change(self._container, action, self.where, before, to, is_changed=True)


def write_pin(
    store: LocalStore | RemoteStore, container: ContainerName, entry: Entry, *, reporter: Reporter
) -> None:
    """Write the pin of an entry, or take it away, and say so in the history, which is opened first.

    :raises StoreError: it can't be written, or the container is a link
    """
    from rezup.system.files import make_folder, sync_folder, write_atomic

    store.check_container(container)
    folder = store.root / container
    unrecorded = None
    try:
        make_folder(folder)
        with history.opened(folder) as record:
            if entry.action == "unpin":
                (folder / PIN).unlink(missing_ok=True)
                sync_folder(folder)
            else:
                write_atomic(folder / PIN, f"{entry.to}\n".encode())
            try:
                history.append(record, entry)
            except OSError as error:  # what was decided stands
                unrecorded = error.strerror or str(error)
    except OSError as error:
        raise StoreError(
            f"the pin of {container} in {store.root} can't be changed",
            context=": ".join(filter(None, (error.filename, error.strerror or str(error)))),
            hint="check the permissions and the free space there",
        ) from error
    if unrecorded is not None:
        reporter.warning(f"{folder / history.HISTORY} can't be written ({unrecorded}): this is not recorded")


def _without_pin(view: View, where: str) -> View:
    if where == LOCAL or view.remote is None:
        return view._replace(local=view.local._replace(pin=None))
    return view._replace(remote=view.remote._replace(pin=None))


def _check_reason(why: str) -> None:
    """:raises ContainerError: it is too long to be kept"""
    if len(why) > LONGEST_WHY:
        raise ContainerError(
            "the reason is too long",
            context=f"it has {len(why)} characters, {LONGEST_WHY} are kept",
            hint="write a shorter --why, with a link to the rest",
        )
