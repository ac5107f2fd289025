"""``rezup prune --remote``: wheels of the remote root that no lock names."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

import pytest

from rezup.lockfiles.lock import Lock, LockedPackage
from rezup.lockfiles.writing import to_bytes
from rezup.recipes.names import ContainerName
from rezup.stores.base import RECEIPT, RECIPE
from rezup.stores.remote import RemoteStore
from rezup.stores.stamps import Stamp
from rezup.wheelhouse.store import Wheelhouse
from support.pruning import MIDDLE, OLD, age
from support.wheelhouses import wheel_of, write
from support.world import fake_receipt, publish

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

FOO = ContainerName("foo")


def put(store: RemoteStore, data: bytes, days: float = 30.0) -> str:
    """A wheel on a remote root, put there so long ago; its hash."""
    wheel = wheel_of(data)
    house = Wheelhouse(store.root)
    age(house.put(write(store.root.parent / "made.whl", data), wheel).parent, days)
    return wheel.sha256


def publish_locked(store: RemoteStore, stamp: str, data: bytes) -> Path:
    """A revision whose lock names a wheel; its lock."""
    packages = (LockedPackage("foo", "1.0", (wheel_of(data),)),)
    lock = to_bytes(Lock(packages, python="3.11", platforms=("linux-x86_64",)))
    digests = {"pylock.toml": hashlib.sha256(lock).hexdigest()}
    receipt = fake_receipt("foo", kind="recipe", locks=digests).to_bytes()
    files = {RECIPE: b'[rez]\nname = "rez"\n', RECEIPT: receipt, "pylock.toml": lock}
    store.publish(FOO, files, Stamp(stamp))
    return store.root / "foo" / stamp / "pylock.toml"


@pytest.fixture
def shelf(world: World, tmp_path: Path) -> RemoteStore:
    """A remote root with a revision that names one wheel."""
    store = RemoteStore(tmp_path / "studio")
    store.root.mkdir()
    world.variables["REZUP_ROOT_REMOTE"] = str(store.root)
    publish_locked(store, OLD, b"used")
    put(store, b"used")
    return store


def test_wheels_that_no_lock_names_go_once_they_are_old(world: World, shelf: RemoteStore) -> None:
    unused, recent = put(shelf, b"unused", 3), put(shelf, b"recent", 0.9)
    publish(shelf, MIDDLE)  # without a lock
    two = shelf.root / "foo" / "300.000000"
    two.mkdir()
    (two / RECEIPT).write_text('{"rezup_version": "2.6.0"}')
    house = Wheelhouse(shelf.root)
    before = house.names()
    shown = world.rezup("prune", "--remote")
    assert shown.code == 0, shown.err
    assert (shown.code, shown.out.split()) == (0, [unused, "foo-1.0-py3-none-any.whl"])
    assert house.names() == before
    assert world.rezup("prune", "--remote", "--older-than", "4d", "--json").data["wheels"] == []
    done = world.rezup("prune", "--remote", "--yes", "--json", "--older-than", "0")
    assert done.code == 0
    (told,) = done.data["wheels"]
    assert (told["sha256"], told["removed"], told["root"]) == (unused, True, str(shelf.root))
    assert done.data["freed"] == told["size"] > 0
    assert house.names() == sorted([wheel_of(b"used").sha256, recent])
    assert len(RemoteStore(shelf.root).listing(FOO).revisions) == 3


@pytest.mark.parametrize("harm", ["cut", "missing", "other", "receipt", "foreign", "newer", "name"])
def test_no_wheel_goes_where_a_lock_can_not_be_read(world: World, shelf: RemoteStore, harm: str) -> None:
    lock = publish_locked(shelf, MIDDLE, b"needed")
    receipt = lock.with_name(RECEIPT)
    if harm == "cut":
        lock.write_bytes(lock.read_bytes()[:-10])
    elif harm == "missing":
        lock.unlink()
    elif harm == "other":
        lock.write_bytes(lock.read_bytes().replace(b'python = "3.11"', b'python = "3.12"'))
    elif harm == "receipt":
        receipt.write_bytes(b"\0" * 200)
    elif harm == "foreign":
        receipt.write_text("{}")
    elif harm == "newer":
        receipt.write_bytes(receipt.read_bytes().replace(b'"format": 1', b'"format": 99'))
    else:
        (shelf.root / "foo").rename(shelf.root / "foo (old)")
    needed = put(shelf, b"needed")
    outcome = world.rezup("prune", "--remote", "--yes")
    assert outcome.code == 1
    assert ("foo (old)" if harm == "name" else f"foo@{MIDDLE}") in outcome.err
    assert "hint:" in outcome.err
    assert needed in Wheelhouse(shelf.root).names()


def test_wheels_of_an_absent_share_are_no_waste(world: World, shelf: RemoteStore) -> None:
    unused = put(shelf, b"unused")
    world.recipe("foo")
    away = shelf.root.rename(shelf.root.with_name("away"))
    outcome = world.rezup("prune", "--remote", "--yes", "--json")
    assert outcome.code == 1
    assert json.loads(outcome.out)["errors"][0]["code"] == "remote-unreachable"
    assert unused in Wheelhouse(away).names()


def test_without_a_remote_root_there_is_nothing_to_look_at(world: World) -> None:
    outcome = world.rezup("prune", "--remote")
    assert outcome.code == 1
    assert "REZUP_ROOT_REMOTE" in outcome.err
