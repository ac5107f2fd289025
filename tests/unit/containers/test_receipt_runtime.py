"""Whose Rez a revision has, in its receipt."""

from __future__ import annotations

import json

import pytest

from rezup.containers.receipt import DamagedReceiptError, parse
from support.world import fake_receipt


def test_it_is_kept() -> None:
    receipt = fake_receipt("foo", runtime="embedded")
    assert json.loads(receipt.to_bytes())["runtime"] == "embedded"
    assert parse(receipt.to_bytes()) == receipt


def test_receipts_without_it_are_of_vanilla_ones() -> None:
    document = json.loads(fake_receipt("foo").to_bytes())
    assert document.pop("runtime") == "vanilla"
    assert parse(json.dumps(document).encode()).runtime == "vanilla"


@pytest.mark.parametrize("value", [1, None, ["embedded"]])
def test_anything_but_text_is_damage(value: object) -> None:
    document = {**json.loads(fake_receipt("foo").to_bytes()), "runtime": value}
    with pytest.raises(DamagedReceiptError):
        parse(json.dumps(document).encode())
