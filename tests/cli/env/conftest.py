"""Fixtures of the tests of `rezup env`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from support.cli_packages import package

if TYPE_CHECKING:
    from support.world import World

PACKAGES = {
    "python/2.7": "",
    "python/3.9": "def commands():\n    env.PY = '{version}'",
    "maya/2023": "requires = ['python-2']",
    "maya/2024": "requires = ['python-3']\ntimestamp = 5000\ndef commands():\n    env.MAYA = '{root}'\n"
    "    env.PATH.prepend('{root}/bin')\n    alias('hello', '/bin/echo hello')\n    env.BUILD = building",
    "stops/1": "def commands():\n    stop('not %s', 'here')",
    "fails/1": "def commands():\n    env.A = 1\n    env.B = this.nothing",
}  # fmt: skip


@pytest.fixture
def studio(world: World) -> World:
    """A machine whose Rez has one repository and no implicit packages."""
    (world.home / "tmp").mkdir()
    world.variables.update(
        REZ_PACKAGES_PATH=str(world.home / "packages"),
        REZ_IMPLICIT_PACKAGES="",
        TMPDIR=str(world.home / "tmp"),
    )
    for name, text in PACKAGES.items():
        package(world, name, text)
    return world
