"""A disk that is full: what would need it fails at once, and what doesn't goes on."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from support.publishing import Studio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="scripts of POSIX")
pytest_plugins = ["support.upgrade_faults"]

USE = ("use", "foo", "--", "rez")


@pytest.fixture
def machine(tmp_path: Path) -> World:
    """A machine that has to build the studio's revision, of which there is an older one."""
    studio = Studio(tmp_path)
    publisher = studio.machine("publisher")
    studio.recipe(publisher)
    for _ in range(2):
        outcome = publisher.rezup("add", "foo", "--remote", "--wheelhouse", "--skip-use", "--no-verify")
        assert outcome.code == 0, outcome.err
    return studio.machine("machine")


@pytest.mark.parametrize("size", ["2m", "6m", "12m"])
def test_of_revisions_and_cache_ends_the_build_at_once(
    machine: World, mount: Callable[..., None], size: str
) -> None:
    disk = machine.folder / "disk"
    mount(disk, "-t", "tmpfs", "-o", f"size={size}", "tmpfs")
    machine.variables |= {"REZUP_ROOT_LOCAL": str(disk / "root"), "REZUP_CACHE_DIR": str(disk / "cache")}
    outcome = machine.rezup(*USE)
    assert outcome.code == 1
    assert "No space left on device" in outcome.err
    assert "without the cache" not in outcome.err
    assert outcome.err.count("installing") == outcome.err.count("building revision") == 1
    assert "hint:" in outcome.err
    assert "Traceback" not in outcome.err


def test_of_the_revisions_alone_too(machine: World, mount: Callable[..., None]) -> None:
    mount(machine.root, "-t", "tmpfs", "-o", "size=2m", "tmpfs")
    outcome = machine.rezup(*USE)
    assert outcome.code == 1
    assert f"the revision could not be written below {machine.root}" in outcome.err
    assert "without the cache" not in outcome.err
    assert outcome.err.count("installing") <= 1


def test_of_the_cache_alone_is_done_without(machine: World, mount: Callable[..., None]) -> None:
    cache = machine.folder / "cache"
    mount(cache, "-t", "tmpfs", "-o", "size=6m", "tmpfs")
    machine.variables["REZUP_CACHE_DIR"] = str(cache)
    outcome = machine.rezup(*USE)
    assert outcome.code == 0, outcome.err
    assert "is built without the cache" in outcome.err
