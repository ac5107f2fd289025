"""A machine with old revisions, and what ``rezup prune`` says of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.world import Outcome, World

OLD, MIDDLE, NEW = STAMPS = ("100.000000", "200.000000", "300.000000")
DAY = 86400.0


def age(folder: Path, days: float = 30.0) -> Path:
    """Have a revision be made so many days ago."""
    then = time.time() - days * DAY
    os.utime(folder, (then, then))
    return folder


def revision(world: World, stamp: str, days: float = 30.0, container: str = "foo", **changes: Any) -> Path:
    made = world.revision(container, stamp, **changes)
    exact = made.with_name(stamp)
    if made != exact:  # a store gives no stamp that is older than another
        made.rename(exact)
    return age(exact, days)


def with_three(world: World) -> World:
    """A machine with three revisions, made a month ago."""
    for stamp in STAMPS:
        revision(world, stamp)
    return world


def reasons(world: World, *arguments: str, container: str = "foo", **options: Any) -> dict[str, list[str]]:
    """Why each revision of a container stays; the list of one that goes is empty."""
    outcome = world.rezup("prune", "--json", *arguments, **options)
    assert outcome.code == 0, outcome.out + outcome.err
    return {
        each["revision"]: [reason["code"] for reason in each["reasons"]]
        for each in outcome.data["revisions"]
        if each["container"] == container
    }


def going(found: dict[str, list[str]]) -> list[str]:
    return [stamp for stamp, why in found.items() if not why]


def pruned(world: World, *arguments: str) -> Outcome:
    outcome = world.rezup("prune", "--yes", *arguments)
    assert outcome.code == 0, outcome.err
    return outcome


@contextlib.contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """A folder on a file system that nobody can write to."""
    if subprocess.run(["mount", "--bind", folder, folder], capture_output=True, check=False).returncode:
        pytest.skip("mounting needs more rights than this user has")
    try:
        subprocess.run(["mount", "-o", "remount,bind,ro", folder], check=True)
        yield
    finally:
        subprocess.run(["umount", folder], check=True)
