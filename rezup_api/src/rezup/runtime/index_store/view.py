"""An index in use: stored families, with what was found to have changed laid over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from rezup.errors import DamagedIndexError, RezupError
from rezup.resolver.index import stored
from rezup.runtime.index_store.folders import PackageFolder
from rezup.runtime.index_store.linked import Root, write_linked
from rezup.runtime.index_store.reading import Lazy, list_folder, read_family
from rezup.runtime.index_store.stamps import stamp
from rezup.runtime.index_store.watch import JUST_CHANGED, grounds_of, is_unchanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from rezup.resolver.index.stored import StoredTables
    from rezup.runtime.index_store.linked import Linked
    from rezup.runtime.index_store.reading import FamilyNow, Listing, Source
    from rezup.runtime.index_store.stamps import Stamp
    from rezup.runtime.index_store.store import IndexStore
    from rezup.runtime.index_store.unusable import Trouble
    from rezup.runtime.index_store.watch import Watch

_Answer = TypeVar("_Answer")


class View:
    """An index in use for one resolve, or for many one after the other with `begin` before each.

    What is stored is used at once, and checked when the resolve is done: see `use`.

    :param found: families that were read just now
    """

    def __init__(
        self, store: IndexStore, sources: Sequence[Source], linked: Linked, found: Mapping[str, FamilyNow]
    ) -> None:
        self._store = store
        self._sources = tuple(sources)
        self._folders = [source for source in sources if isinstance(source, PackageFolder)]
        self._linked = linked
        self._overlay: dict[str, Lazy] = {}
        self._tables: StoredTables | None = None
        self._passing: set[str] = set()
        self._listings: list[Listing] = []
        self._troubled: dict[str, tuple[Watch | None, ...]] = {}
        self._lay(found, found)
        self._look()

    @property
    def linked(self) -> Linked:
        """The index as it is stored."""
        return self._linked

    @property
    def doubtful(self) -> list[str]:
        """Families of which nothing is stored that can be used, ascending."""
        return sorted(self._overlay)

    def begin(self) -> None:
        """Begin another resolve: what must be looked at each time is looked at again."""
        read = {name: lazy for name, lazy in self._overlay.items() if lazy.found is not None}
        for lazy in read.values():
            lazy.is_new = False
        self._lay(name for name, lazy in read.items() if lazy.found and lazy.found.volatile)
        self._look()

    def tables(self) -> StoredTables:
        """The families for a solver; new ones each time that something was found to be stale."""
        if self._tables is None:
            self._tables = self._linked.index.tables(self._overlay)
        return self._tables

    def use(self, work: Callable[[StoredTables], _Answer]) -> _Answer:
        """Work on the families until the answer is true of the repositories as they are now.

        :param work: is done again where something that it touched turns out to be stale
        """
        while True:
            try:
                answer = work(self.tables())
            except DamagedIndexError:
                self._make_anew()
            except RezupError:
                # What is missing may have been added since, so an error is checked like an answer.
                if self.is_fresh():
                    raise
            else:
                if self.is_fresh():
                    return answer

    def is_fresh(self) -> bool:
        """Whether all that was touched is as it is in the repositories now.

        If not, the next `tables` have it as it is, and the work is to be done again. What was read
        since `begin` is good for this resolve.
        """
        if self._tables is None:
            return True
        try:
            touched = self._touched(self._tables)
            stale = {
                name
                for name, family in touched.items()
                if not self._is_new(name)
                and not self._is_good(name, family, self._tables.reached_versions(family))
            }
        except DamagedIndexError:
            self._make_anew()
            return False
        appeared = self._list_again()
        self._lay(stale | appeared)
        return not (stale or appeared & touched.keys())

    def grounds(self) -> list[tuple[str, Stamp]] | None:
        """All that `is_fresh` just compared; None where there is more to an answer than stamps can tell."""
        tables = self._tables
        listings = self._listings
        if (
            tables is None
            or len(listings) < len(self._sources)
            or not all(each.is_reliable for each in listings)
        ):
            return None
        found = [
            (folder.location, listing.stamp) for folder, listing in zip(self._folders, listings, strict=True)
        ]
        try:
            for name, family in self._touched(tables).items():
                if name in self._overlay:
                    if tables.families[family] is not None:
                        return None  # read just now: at best the next resolve finds it stored
                    continue
                versions = tables.reached_versions(family)
                for watch in filter(None, self._linked.watches(family)):
                    if watch.volatile or watch.unusable:
                        return None
                    trusting = self._store.trust_releases
                    found += grounds_of(watch, folders_only=trusting, versions=versions)
        except DamagedIndexError:
            return None
        return found

    def unusable(self, names: Iterable[str]) -> Iterator[tuple[str, Trouble]]:
        """(family, what is wrong with one of its versions) for families that were touched.

        Of those that are stored it is known once `is_fresh` has been asked.
        """
        for name in names:
            lazy = self._overlay.get(name)
            watches = self._troubled.get(name) if lazy is None else lazy.found and lazy.found.watches
            for watch in watches or ():
                if watch is not None and watch.unusable:
                    from rezup.runtime.index_store.unusable import Trouble

                    for trouble in watch.unusable:
                        yield name, Trouble(*trouble)

    def stale(self) -> list[str]:
        """All stored families that have changed since they were read, ascending.

        :raises DamagedIndexError: the index is damaged
        """
        names = self._linked.index.names()
        return sorted(name for name, family in names.items() if not self._is_good(name, family))

    def refreshed(self) -> Linked:
        """The index with every family checked, and read if it has changed; kept if it could be."""
        try:
            self._lay(self.stale())
        except DamagedIndexError:
            self._make_anew()
        for lazy in self._overlay.values():
            lazy.read()
        self.save()
        return self._linked

    def save(self) -> None:
        """Keep what was read anew, if another resolve could make use of it."""
        known = self._linked
        changed = {
            name: lazy.found
            for name, lazy in self._overlay.items()
            if lazy.found is not None
            and name not in self._passing
            and lazy.found.volatile not in (JUST_CHANGED, known.volatile.get(name))
        }
        roots = self._roots(changed)
        if not changed and roots == known.roots:
            return
        try:
            self._linked = self._store.keep(_updated(known.in_memory(), roots, changed))
        except DamagedIndexError:
            self._make_anew()
            return
        self._overlay = {name: lazy for name, lazy in self._overlay.items() if name not in changed}
        self._lay(name for name, family in changed.items() if family.volatile)
        self._tables = None

    def _look(self) -> None:
        """List the repositories, and lay over what can't be taken from the index."""
        others = [source for source in self._sources if not isinstance(source, PackageFolder)]
        passed, listed = self._passing, self._listings
        self._passing = {name for source in others for name in source.families()}
        self._listings = [
            list_folder(folder, root, self._store.clock)
            for folder, root in zip(self._folders, self._linked.roots, strict=True)
        ]
        self._lay(passed | self._passing)
        for before, now in zip(listed, self._listings, strict=False):
            self._lay(_other(before, now))
        self._lay(self._linked.volatile.keys() - self._overlay.keys())
        self._lay(self._unknown() - self._overlay.keys())

    def _touched(self, tables: StoredTables) -> dict[str, int]:
        """The families that were loaded or asked for by name, with their numbers."""
        loaded = {form.name: family for family, form in enumerate(tables.families) if form is not None}
        return {**tables.numbers, **loaded}

    def _is_new(self, name: str) -> bool:
        """Whether a family was read for this resolve, or has not been read at all."""
        lazy = self._overlay.get(name)
        return lazy is not None and (lazy.found is None or lazy.is_new)

    def _is_good(self, name: str, family: int, versions: frozenset[str] | None = None) -> bool:
        """Whether what we have of a family is as it is in the repositories.

        :param versions: those that matter; None is all
        """
        lazy = self._overlay.get(name)
        if lazy is None:
            watches = self._linked.watches(family)
        elif lazy.found is None or lazy.is_new:
            return True  # it is as it was found a moment ago
        else:
            watches = lazy.found.watches
        self._troubled.pop(name, None)
        for watch in watches:
            if watch is None:
                continue
            trusting, needed = self._store.trust_releases, versions
            if watch.unusable:
                # What is told of them must be true, also if nobody needs them; and they want to be mended.
                self._troubled[name] = watches
                trusting = False
                broken = [each[0] for each in watch.unusable]
                needed = None if versions is None else versions.union(broken)
            if not is_unchanged(watch, folders_only=trusting, versions=needed):
                return False
        return True

    def _list_again(self) -> set[str]:
        """List folders that have changed since they were; the names that appeared or are gone."""
        found: set[str] = set()
        for place, (folder, listing) in enumerate(zip(self._folders, self._listings, strict=True)):
            if stamp(folder.location) != listing.stamp:
                self._listings[place] = now = list_folder(folder, None, self._store.clock)
                found |= _other(listing, now)
        return found

    def _unknown(self) -> set[str]:
        """Families that are listed and not stored, or the other way round."""
        found: set[str] = set()
        for listing, root in zip(self._listings, self._linked.roots, strict=True):
            if listing.names == root.names:
                found.update(root.unread)
            else:
                found |= {*listing.names} ^ root.watched
        return found

    def _lay(self, names: Iterable[str], found: Mapping[str, FamilyNow] | None = None) -> None:
        """Have families read when they are needed, or take what was found of them."""
        for name in names:
            self._overlay[name] = Lazy(self._reader(name), found[name] if found else None)
            self._tables = None

    def _reader(self, name: str) -> Callable[[], FamilyNow]:
        return lambda: read_family(self._sources, name, self._store.clock)

    def _make_anew(self) -> None:
        """Put a fresh index in the place of a damaged one."""
        self._linked, found = self._store.make(self._folders)
        self._overlay = {}
        self._tables = None
        self._lay(found, found)
        self._look()

    def _roots(self, changed: Mapping[str, FamilyNow]) -> tuple[Root, ...]:
        """What is to be kept of the folders together with the families that have changed."""
        roots = []
        for place, (listing, known) in enumerate(zip(self._listings, self._linked.roots, strict=True)):
            if not changed and listing.names == known.names:
                roots.append(Root(listing.known, known.names, known.unread))
                continue
            watched = known.watched
            for name, family in changed.items():
                (watched.discard if family.watches[place] is None else watched.add)(name)
            roots.append(Root(listing.known, listing.names, tuple(sorted(watched ^ {*listing.names}))))
        return tuple(roots)


def _other(before: Listing, now: Listing) -> set[str]:
    """The names that appeared or are gone."""
    return set() if now.names == before.names else {*now.names} ^ {*before.names}


def _updated(known: Linked, roots: tuple[Root, ...], changed: Mapping[str, FamilyNow]) -> bytes:
    """The bytes of an index in which some families are other than before."""
    index = stored.update(known.index, {name: family.storable for name, family in changed.items()})
    numbers = stored.StoredIndex(index).names()
    watches = {numbers[name]: family.watches for name, family in changed.items()}
    volatile = {**known.volatile, **{name: family.volatile for name, family in changed.items()}}
    volatile = {name: why for name, why in volatile.items() if why}
    return write_linked(known.scope, roots, volatile, index, watches, known)
