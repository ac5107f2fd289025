"""Many processes of one machine at the same time."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.world import World


def test_sixteen_first_uses_all_succeed_with_one_build(world: World) -> None:
    world.recipe()
    processes = [world.start("use", "foo", "--", "rez") for _ in range(16)]
    for process in processes:
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
        assert json.loads(out)
    assert len(world.stamps()) == 1


def test_with_locks_that_do_not_work_all_still_succeed(world: World) -> None:
    world.recipe()
    world.variables["REZUP_LOCK_TIMEOUT"] = "0"
    processes = [world.start("use", "foo", "--", "rez") for _ in range(4)]
    for process in processes:
        _, err = process.communicate(timeout=240)
        assert process.returncode == 0, err
    assert list((world.root / "foo").glob(".staging-*")) == []


def test_use_while_others_drop_never_runs_in_a_vanishing_revision(world: World) -> None:
    for stamp in range(100, 112):
        world.revision("foo", f"{stamp}.000000")
    failures: list[str] = []

    def use() -> None:
        for _ in range(6):
            outcome = world.rezup("use", "foo", "--", "rez")
            if outcome.code != 0 or not outcome.out.startswith("rez of "):
                failures.append(outcome.err)

    threads = [threading.Thread(target=use) for _ in range(3)]
    for thread in threads:
        thread.start()
    for stamp in range(111, 101, -1):
        world.rezup("drop", f"foo@{stamp}.000000", "--yes")
    for thread in threads:
        thread.join()
    assert failures == []
