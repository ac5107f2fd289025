"""Work shared out to threads."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from rezup.system.parallel import share_out

if TYPE_CHECKING:
    from collections.abc import Sequence


@pytest.mark.parametrize("count", [0, 1, 2, 15, 16, 17, 100])
def test_each_item_is_worked_on_once(count: int) -> None:
    done: list[int] = []
    share_out(done.extend, list(range(count)), 16)
    assert sorted(done) == list(range(count))


def test_parts_are_worked_on_at_once() -> None:
    all_there = threading.Barrier(4)
    share_out(lambda part: all_there.wait(timeout=60) and None, list(range(8)), 4)
    assert not all_there.broken


@pytest.mark.parametrize("bad", [0, 5])
def test_a_failure_is_raised_when_the_others_have_ended(bad: int) -> None:
    done: list[int] = []

    def work(part: Sequence[int]) -> None:
        if bad in part:
            raise OSError(28, "full")
        done.extend(part)

    with pytest.raises(OSError, match="full"):
        share_out(work, list(range(8)), 8)
    assert sorted(done) == [n for n in range(8) if n != bad]
