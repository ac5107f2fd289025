"""What entries take on the disk, and which are let go."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from rezup.cache.entry import MANIFEST, USED
from rezup.cache.environments import Environments
from rezup.cache.pruning import Entry, entries, least_wanted, remove_all
from support.environments import wanted

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400.0
NOW = 1_000 * DAY


def big(target: Path) -> dict[str, Any]:
    target.mkdir()
    (target / "data").write_bytes(os.urandom(1 << 20))
    return {}


@pytest.fixture
def store(tmp_path: Path) -> Environments:
    return Environments(tmp_path / "cache")


def used(store: Environments, text: str, seconds: float) -> str:
    """An entry that was last used then."""
    key = wanted(text).key
    store.environment(wanted(text), big).release()
    (store.folder(key) / USED).write_text(json.dumps({"seconds": seconds, "host": "farm7"}))
    return key


def test_the_last_used_comes_first_with_its_host(store: Environments) -> None:
    old, new = used(store, "old", NOW - 2 * DAY), used(store, "new", NOW - DAY)
    found = entries(store)
    assert [entry.key for entry in found] == [new, old]
    assert found[0].host == "farm7"
    assert found[0].about["libc"] == "glibc-2.36"


@pytest.mark.skipif(os.name == "nt", reason="files are not linked there")
def test_sizes_are_true_with_links(store: Environments, tmp_path: Path) -> None:
    used(store, "one", NOW)
    (alone,) = entries(store)
    assert 1 << 20 <= alone.size <= (1 << 20) + 65536
    assert alone.reclaimable == alone.size
    with store.environment(wanted("one"), big) as found:
        found.clone(tmp_path / "one")
    (shared,) = entries(store)
    assert shared.size == alone.size
    if (tmp_path / "one/data").stat().st_nlink > 1:
        assert shared.reclaimable < 65536
    (tmp_path / "one/data").unlink()
    assert entries(store)[0].reclaimable == alone.size


def test_one_bad_entry_hides_no_other(store: Environments) -> None:
    bad, good = used(store, "bad", NOW), used(store, "good", NOW - DAY)
    (store.folder(bad) / MANIFEST).unlink()
    (store.folder(bad) / USED).write_bytes(b"\xff")
    found = {entry.key: entry for entry in entries(store)}
    assert set(found) == {bad, good}
    assert found[bad].problem
    assert not found[good].problem


def entry(key: str, days: float, size: int = 10, problem: str = "") -> Entry:
    return Entry(key, NOW - days * DAY, "host", size, size, {}, problem)


FOUND = [entry("c", 3), entry("a", 1), entry("e", 50), entry("d", 4), entry("x", 0, problem="torn")]


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        ({}, "x"),
        ({"older_than": 30}, "xe"),
        ({"older_than": 0}, "xedca"),
        ({"max_size": 40}, "x"),
        ({"max_size": 39}, "xe"),
        ({"max_size": 0}, "xedca"),
        ({"max_count": 2}, "xed"),
        ({"older_than": 3.5, "max_size": 15}, "xedc"),
    ],
)
def test_the_longest_unused_are_let_go_and_damaged_ones_always(limits: dict[str, Any], gone: str) -> None:
    found = least_wanted(FOUND, now=NOW, **limits)
    assert {each.key for each in found} == set(gone)
    assert "".join(each.key for each in found if not each.problem) == gone.replace("x", "")


@pytest.mark.skipif(os.name == "nt", reason="leases are locks of POSIX")
def test_what_is_in_use_stays(store: Environments) -> None:
    busy, idle = used(store, "busy", NOW - 2 * DAY), used(store, "idle", NOW - DAY)
    held = store.find(busy)
    assert held is not None
    with held:
        pruned = remove_all(store, entries(store), now=NOW)
    assert [each.key for each in pruned.in_use] == [busy]
    assert [each.key for each in pruned.removed] == [idle]
    assert store.names() == [busy]
