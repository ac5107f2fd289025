"""Fixtures of the tests of `rezup doctor`."""

from __future__ import annotations

import os
import shutil

import pytest

from support.world import World


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> World:
    """A machine with two containers that were built by one lock; nobody changes it."""
    made = World(tmp_path_factory.mktemp("template") / "machine")
    shutil.copyfile(made.recipe("foo"), made.home / "rezup.bar.toml")  # by the same wheel
    for name in ("foo", "bar"):
        assert made.rezup("use", name, "--", "rez", "--version").code == 0
    return made


@pytest.fixture
def machine(template: World, world: World) -> World:
    """A copy of that machine, to be broken; pip, most of its files and never broken, is linked."""

    def copy(source: str, target: str) -> object:
        return os.link(source, target) if "/site-packages/pip/" in source else shutil.copy2(source, target)

    ignored = shutil.ignore_patterns("uv")  # the cache of that program
    shutil.copytree(
        template.home, world.home, symlinks=True, dirs_exist_ok=True, ignore=ignored, copy_function=copy
    )
    return world
