"""Hostile bundles: what their members hold, above all the list of them."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from rezup.containers.bundle_file import read_bundle, write_bundle
from rezup.errors import BundleError, HashMismatchError
from support.bundles import FACTS, FILES, WHEEL, about, bundle, packed
from support.wheelhouses import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.parametrize("name", FILES)
def test_one_changed_byte_is_refused(refused: Callable[..., BundleError], tmp_path: Path, name: str) -> None:
    write_bundle(tmp_path / "foo.rezup", FILES, FACTS)
    data = bytearray((tmp_path / "foo.rezup").read_bytes())
    (tmp_path / "foo.rezup").unlink()
    data[data.index(FILES[name]) + 3] ^= 1
    refused(bytes(data), f"Bad CRC-32 for file '{name}'")


@pytest.mark.parametrize("name", FILES)
def test_a_repacked_member_is_refused_with_both_hashes(tmp_path: Path, into: Path, name: str) -> None:
    evil = b"!" * len(FILES[name])
    path = write(tmp_path / "x", packed(("bundle.json", about()), *{**FILES, name: evil}.items()))
    with pytest.raises(HashMismatchError) as caught:
        read_bundle(path, into)
    assert caught.value.name == name
    assert caught.value.expected == hashlib.sha256(FILES[name]).hexdigest()
    assert caught.value.found == hashlib.sha256(evil).hexdigest()
    assert str(caught.value).startswith(f"{name} is not the file that the bundle's list names: ")
    assert "the lock" not in str(caught.value)
    assert list(into.iterdir()) == []


def test_members_that_are_missing_or_not_listed_are_refused(refused: Callable[..., BundleError]) -> None:
    fewer = {name: data for name, data in FILES.items() if name != WHEEL}
    refused(packed(("bundle.json", about()), *fewer.items()), "is missing")
    refused(packed(("bundle.json", about(fewer)), *FILES.items()), "isn't listed")
    refused(packed(*FILES.items()), "it has no bundle.json")
    for name in ("rezup.toml", "revision.json"):
        refused(bundle({n: data for n, data in FILES.items() if n != name}), f"it has no {name}")
    refused(bundle({n: data for n, data in FILES.items() if "lock" not in n}), "wheels and no lock")


@pytest.mark.parametrize("newer", [2, 10**30])
def test_a_newer_format_asks_for_an_upgrade(refused: Callable[..., BundleError], newer: int) -> None:
    error = refused(bundle(format=newer, members=None), "made by a newer rezup")
    assert error.hint == "upgrade rezup"


@pytest.mark.parametrize("format_", [None, "1", True, 0, -1, 1.5, [], {}])
def test_no_format_is_refused(refused: Callable[..., BundleError], format_: Any) -> None:
    refused(bundle(format=format_), "has no format")


@pytest.mark.parametrize(
    "others",
    [
        {"container": ".."}, {"container": "a/b"}, {"container": "con"}, {"container": ""}, {"container": 1},
        {"container": ".wheels"}, {"container": "a\x1b[31m"}, {"revision": ".."}, {"revision": "1.0/.."}, {"revision": 1.5},
        {"revision": "1" * 300}, {"creator": None}, {"creator": "\x1b[31m"}, {"host": "a\nb"}, {"rezup": "x" * 201},
        {"members": []}, {"members": None}, {"members": {"rezup.toml": None}}, {"members": {"rezup.toml": {"size": 1}}},
        {"members": {"rezup.toml": {"size": True, "sha256": "a" * 64}}},
        {"members": {"rezup.toml": {"size": 1, "sha256": "a" * 63}}},
        {"members": {"rezup.toml": {"size": 1, "sha256": ["a"] * 64}}},
    ],
)  # fmt: skip
def test_facts_that_make_no_sense_are_refused(
    refused: Callable[..., BundleError], others: dict[str, Any]
) -> None:
    refused(bundle(**others), "damaged, or was made by something else")


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b"[" * 200_000, b"\xff\xfe", b'{"format": 1}', b"1" * 5000]
)
def test_a_list_that_is_none_is_refused(refused: Callable[..., BundleError], data: bytes) -> None:
    refused(packed(("bundle.json", data), *FILES.items()), "damaged, or was made by something else")
