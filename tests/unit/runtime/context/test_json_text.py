"""Plain data as JSON, without the library where it can be done without."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rezup.runtime.context.json_text import json_text

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(PLAIN)
def test_any_plain_data(value: Any) -> None:
    assert json_text(value) == json.dumps(value, sort_keys=True)


@pytest.mark.parametrize(
    "value",
    [
        "", "a b", 'say "x"', "back\\slash", "\x00\x1f\x7f\n", "\u00e9\U0001f600", "\udc80", "/", True, 1, 1.0, -0.0, 10**30,
        float("inf"), (), (1, "a"), {"b": (1,), "a": {}}, {1: 2}, {True: None}, {"": []},
    ],
)  # fmt: skip
def test_odd_values(value: Any) -> None:
    assert json_text(value) == json.dumps(value, sort_keys=True)


def test_a_text_that_is_more_than_one() -> None:
    class Text(str):
        __slots__ = ()

    assert json_text([Text("a\n")]) == '["a\\n"]'


@pytest.mark.parametrize("value", [object(), [set()], {"a": b""}])
def test_what_is_no_plain_data(value: Any) -> None:
    with pytest.raises(TypeError):
        json_text(value)
