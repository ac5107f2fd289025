"""Bundles with any bytes changed or moved: each is read as it was written, or refused."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from support.bundles import FILES, bundle, read_whole_or_refused

VALID = bundle()


@given(st.lists(st.tuples(st.integers(0, len(VALID) - 1), st.integers(0, 255)), min_size=1, max_size=8))
@settings(max_examples=500, deadline=None)
def test_changed_bytes_change_nothing_or_are_refused(changes: list[tuple[int, int]]) -> None:
    data = bytearray(VALID)
    for place, byte in changes:
        data[place] = byte
    read_whole_or_refused(bytes(data))


@given(st.integers(0, len(VALID)), st.integers(0, len(VALID)), st.integers(0, len(VALID)))
@settings(max_examples=200, deadline=None)
def test_moved_parts_are_refused(one: int, two: int, place: int) -> None:
    first, last = sorted((one, two))
    part, rest = VALID[first:last], VALID[:first] + VALID[last:]
    read_whole_or_refused(rest[:place] + part + rest[place:])
    read_whole_or_refused(VALID[:place] + part + VALID[place:])


def test_every_single_bit_of_what_is_no_content_may_be_wrong() -> None:
    """Heads, names and the directory; slow for a larger bundle only."""
    starts = [VALID.index(data) for data in FILES.values()]
    inside = {
        place
        for start, data in zip(starts, FILES.values(), strict=True)
        for place in range(start, start + len(data))
    }
    for place in range(len(VALID)):
        if place not in inside:
            data = bytearray(VALID)
            data[place] ^= 1 << (place % 8)
            read_whole_or_refused(bytes(data))
