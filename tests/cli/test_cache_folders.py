"""`rezup cache` in project folders whose names have a meaning elsewhere, as the guide tells it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

from support.environments import make_project, make_venv

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World

pytestmark = pytest.mark.skipif(os.name == "nt", reason="such names are none there")


@pytest.mark.parametrize("name", ["a$b", "${HOME}", "it's", 'a"b', "wow!"])
def test_its_own_environment_comes_back_and_none_of_another_folder(world: World, name: str) -> None:
    first, second = _project(world.home / name), _project(world.home / "plain")
    for folder in (first, second):
        assert world.rezup("cache", "init", cwd=folder).code == 0
    restore = ("cache", "restore", "--python", sys.executable)
    made = make_venv(first)
    assert world.rezup("cache", "store", cwd=first).code == 0
    (made / "lost").write_text("")
    assert world.rezup(*restore, cwd=first).code == 0
    assert not (made / "lost").exists()

    file = second / ".virtualenv_cache.toml"
    make_venv(second)
    assert world.rezup("cache", "store", cwd=second).code == 0
    (first / file.name).write_text(file.read_text())  # the entries that were stored from the plain folder
    refused = world.rezup(*restore, cwd=first)
    assert refused.code == 2
    assert "can't be named in activation scripts" in refused.err
    assert (made / "pyvenv.cfg").exists()


def _project(folder: Path) -> Path:
    """A project with a lock file, and no file of its own."""
    make_project(folder)
    (folder / ".virtualenv_cache.toml").unlink()
    return folder
