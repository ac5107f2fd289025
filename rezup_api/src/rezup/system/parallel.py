"""Work shared out to threads: for what waits for the disk and not for the processor.

``concurrent.futures`` does more, but importing it costs as much as a small job takes.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

T = TypeVar("T")


def share_out(work: Callable[[Sequence[T]], None], items: Sequence[T], threads: int) -> None:
    """Call `work` with a part of the items in each thread, and wait until all have ended.

    :raises BaseException: the first failure of any of them
    """
    count = min(threads, len(items))
    if count < 2:
        work(items)
        return
    failures: list[BaseException] = []

    def run(part: Sequence[T]) -> None:
        try:
            work(part)
        except BaseException as error:  # noqa: BLE001 -- raised below, in the thread that waits
            failures.append(error)

    others = [threading.Thread(target=run, args=(items[n::count],)) for n in range(1, count)]
    started = []
    try:
        for thread in others:
            thread.start()
            started.append(thread)
        run(items[::count])
    finally:
        for thread in started:
            thread.join()
    if failures:
        raise failures[0]
