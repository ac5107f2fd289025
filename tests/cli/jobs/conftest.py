"""Fixtures of the tests of farm jobs: a user's machine, a farm machine, and packages that both see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.jobs import container, package
from support.world import World

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A repository that all machines see under the same path."""
    folder = tmp_path / "packages"
    for name, text in {
        "python/3.9": "",
        "python/3.11": "timestamp = 1000",
        "maya/2024.1": "requires = ['python-3']\ndef commands():\n    env.MAYA = '{root}'\n    env.SITE = '$SITE_OF_FOO'",
        "rig/1.0": "variants = [['python-3.9'], ['python-3.11']]",
        "free/1": "def commands():\n    env.WORDS = literal(\"a 'b' $HOME\")",
    }.items():
        package(folder, name, text)
    return folder


@pytest.fixture
def world(world: World, packages: Path) -> World:
    """The machine of a user, with a container that names the repository."""
    return container(world, packages)


@pytest.fixture
def farm(tmp_path: Path, packages: Path) -> World:
    """Another machine with the same revision."""
    return container(World(tmp_path / "farm"), packages)
