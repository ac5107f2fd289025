"""What the entries of a store take on the disk, and which of them to let go."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rezup.cache.manifest import DamagedError
from rezup.system.usage import Usage

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

    from rezup.cache.environments import Environments

#: Days after which `rezup cache prune` lets an environment go, if it is told nothing else.
DEFAULT_DAYS = 30.0


class Entry(NamedTuple):
    """One entry of a store, as a user is told of it."""

    key: str
    last_used: float
    """Seconds since 1970; 0 if nothing tells."""

    host: str
    """Where it was last used."""

    size: int
    """Bytes on the disk, every file once however many names it has here."""

    reclaimable: int
    """Bytes that removing it would free: files that no environment outside shares by a hard link."""

    about: Mapping[str, Any]
    """What its key was made of; empty for a damaged one."""

    problem: str
    """Why it can't be used; empty for a good one."""


class Pruned(NamedTuple):
    """What was removed, and what would have been."""

    removed: tuple[Entry, ...]
    in_use: tuple[Entry, ...]


def entries(store: Environments) -> list[Entry]:
    """All entries of a store, the last used first; a bad one is told of and hides no other."""
    found = [_entry(store, key) for key in store.names()]
    return sorted(found, key=lambda entry: (-entry.last_used, entry.key))


def _entry(store: Environments, key: str) -> Entry:
    about: Mapping[str, Any] = {}
    problem = ""
    try:
        about = store.manifest(key).about
    except DamagedError as error:
        problem = str(error)
    use = store.last_use(key)
    folder, usage = store.folder(key), Usage()
    usage.add(folder)
    size, reclaimable = usage.size([folder]), usage.freed([folder])
    return Entry(key, use.seconds, use.host, size, reclaimable, about, problem)


def least_wanted(
    found: Iterable[Entry],
    *,
    now: float,
    older_than: float | None = None,
    max_size: int | None = None,
    max_count: int | None = None,
) -> list[Entry]:
    """Which entries to let go, the longest unused first; damaged ones always.

    :param now: seconds since 1970
    :param older_than: days since the last use
    :param max_size: bytes that all others together may take
    :param max_count: how many may stay
    """
    kept: list[Entry] = []
    gone: list[Entry] = []
    for entry in sorted(found, key=lambda entry: (entry.last_used, entry.key)):
        is_old = older_than is not None and now - entry.last_used > older_than * 86400
        (gone if entry.problem or is_old else kept).append(entry)
    total = sum(entry.size for entry in kept)
    while kept and (
        (max_size is not None and total > max_size) or (max_count is not None and len(kept) > max_count)
    ):
        total -= kept[0].size
        gone.append(kept.pop(0))
    return gone


def remove_all(store: Environments, unwanted: Iterable[Entry], *, now: float) -> Pruned:
    """Remove these entries; those in use stay.

    :raises CacheError: one can't be deleted
    """
    removed: list[Entry] = []
    in_use: list[Entry] = []
    for entry in unwanted:
        (removed if store.remove(entry.key, now=now) else in_use).append(entry)
    return Pruned(tuple(removed), tuple(in_use))
