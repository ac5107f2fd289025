"""Findings in the caches of this machine. All of it can be made anew, so damage is simply removed."""

from __future__ import annotations

import json
import os
import time
from functools import partial
from typing import TYPE_CHECKING

from rezup.cache.entry import LEASE, MANIFEST, TREE
from rezup.cache.fingerprint import is_key
from rezup.cache.manifest import DamagedError
from rezup.containers.health import leftovers, roots, trees
from rezup.containers.health.findings import Finding, check_own, is_own, remove_file
from rezup.errors import CacheError
from rezup.recipes.names import WHEELHOUSE
from rezup.system.kept import read_kept
from rezup.wheelhouse.store import Wheelhouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from rezup.cache.environments import Environments
    from rezup.containers.health.trees import Hashes

_TAG = "CACHEDIR.TAG"
_WHEELS = "wheels-v1"
_SHIMS = "shims-v1"

#: Buckets of small files, and what reads one: the answer is None, or an error, for a damaged one.
_KEPT: dict[str, Callable[[str], object]] = {
    "settings-v1": lambda path: _read_json(path),
    "remotes-v1": lambda path: _read_json(path),
    "rezconfig-v1": read_kept,
    "shells-v1": read_kept,
    "definitions-v1": read_kept,
}


def findings(cache: Path, store: Environments, hashes: Hashes) -> Iterator[Finding]:
    """What is wrong with the caches; none at all is fine."""
    if not cache.is_dir():
        return
    yield from roots.space_of(cache)
    yield from _rights(cache)
    yield from _entries(store, hashes)
    yield from _leftovers(cache)
    yield from _strangers(store)
    yield from _wheels(cache, hashes)
    yield from _kept(cache)
    yield from _shims(cache)


def _rights(cache: Path) -> Iterator[Finding]:
    for folder in (
        cache,
        *sorted(path for path in cache.iterdir() if path.is_dir() and not path.is_symlink()),
    ):
        yield from roots.writable_by_all(folder, "cache-writable-by-all")


def _leftovers(cache: Path) -> Iterator[Finding]:
    """In every bucket and the folders in it; the file that whoever works there holds has one name in all."""
    for bucket in (cache / name for name in _names(cache)):
        yield from leftovers.findings(bucket, LEASE)
        for folder in (bucket / name for name in _names(bucket) if not leftovers.is_leftover(name)):
            yield from leftovers.findings(folder, LEASE)


def _entries(store: Environments, hashes: Hashes) -> Iterator[Finding]:
    for key in store.names():
        if not is_own(store.folder(key)):
            continue  # it is not used, and not ours to judge
        damage = entry_damage(store, key, hashes)
        if damage:
            yield Finding(
                "cache-entry-damaged", str(store.folder(key)), "it isn't what was stored",
                tuple(damage), partial(remove_entry, store, key),
            )  # fmt: skip


def entry_damage(store: Environments, key: str, hashes: Hashes) -> list[str]:
    """What of a stored environment isn't as it was, one line each; every byte is read."""
    folder = store.folder(key)
    if not (folder / LEASE).exists():
        return ["its lease is missing"]
    if not (folder / MANIFEST).is_file():
        return ["its manifest is missing"]
    try:
        found = trees.differences(folder / TREE, store.manifest(key).tree, hashes)
    except DamagedError as error:
        return [str(error)]
    return [f"{TREE}/{each.path} ({each.kind})" for each in found]


def remove_entry(store: Environments, key: str) -> None:
    """Take a damaged environment out of the cache.

    :raises CacheError: it is another user's, or it is being cloned at this moment
    """
    check_own(store.folder(key))
    if not store.remove(key, now=time.time()):
        raise CacheError(f"{store.folder(key)} stays", context="it is in use", hint="try again in a moment")


def _strangers(store: Environments) -> Iterator[Finding]:
    for name in _names(store.bucket):
        if not is_key(name) and name != _TAG and not leftovers.is_leftover(name):
            yield Finding("foreign-file", str(store.bucket / name), "it is no environment of the cache")


def _wheels(cache: Path, hashes: Hashes) -> Iterator[Finding]:
    house = Wheelhouse(cache / _WHEELS)
    for digest in _names(house.folder) if house.folder.name == WHEELHOUSE else ():
        for name in _names(house.folder / digest):
            path = house.folder / digest / name
            try:
                is_good = hashes.of(str(path)) == digest
            except OSError:
                is_good = False
            if not is_good:
                yield Finding(
                    "cached-wheel-damaged", str(path), "its hash is another one",
                    mend=partial(_remove_wheel, house, digest),
                )  # fmt: skip


def _remove_wheel(house: Wheelhouse, digest: str) -> None:
    check_own(house.folder / digest)
    house.remove(digest)


def _kept(cache: Path) -> Iterator[Finding]:
    for bucket, read in _KEPT.items():
        for name in _names(cache / bucket):
            path = cache / bucket / name
            if name == _TAG or leftovers.is_leftover(name) or not path.is_file() or not is_own(path):
                continue
            try:
                is_good = read(str(path)) is not None
            except (OSError, ValueError, RecursionError):
                is_good = False
            if not is_good:
                what = "it is not what was written"
                yield Finding("kept-file-damaged", str(path), what, mend=partial(remove_file, path))


def _read_json(path: str) -> object:
    with open(path, "rb") as stream:
        return json.loads(stream.read())


def _shims(cache: Path) -> Iterator[Finding]:
    for folder, _, names in os.walk(cache / _SHIMS):
        for name in names:
            path = cache / _SHIMS / folder / name
            if path.is_symlink() and not path.exists():
                what = f"it leads to {os.readlink(path)!a}, which is not there"
                yield Finding("dangling-link", str(path), what, mend=partial(remove_file, path))


def _names(folder: Path) -> list[str]:
    try:
        return [] if folder.is_symlink() else sorted(os.listdir(folder))
    except OSError:  # no folder, or not for us to read
        return []
