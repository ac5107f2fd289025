"""`index build|status|verify|clear`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.world import World


@pytest.fixture
def studio(world: World) -> World:
    """A machine whose Rez has one repository, with a family that reads the environment."""
    world.variables["REZ_PACKAGES_PATH"] = str(world.home / "packages")
    world.write("packages/foo/1/package.py", "name = 'foo'\nversion = '1'\n")
    world.write("packages/foo/2/package.py", "name = 'foo'\nversion = '2'\n")
    world.write("packages/bar/1/package.py", "import os\nname = 'bar'\nversion = os.getenv('NONE', '1')\n")
    return world


def test_build_status_and_clear(studio: World) -> None:
    before = studio.rezup("index", "status", "--json").data
    assert before["index"] is None
    assert before["unread"] == ["bar", "foo"]
    assert "index: none yet" in studio.rezup("index", "status").out

    (built,) = studio.rezup("index", "build", "--json").data["indexes"]
    place = str(studio.home / "packages")
    assert (built["locations"], built["families"]) == ([place], 2)
    assert built["path"].startswith(str(studio.home / ".cache" / "rezup" / "packages-v1"))

    after = studio.rezup("index", "status", "--json").data
    assert (after["index"]["path"], after["index"]["locations"], after["shared"]) == (
        built["path"],
        [place],
        False,
    )
    assert [file["path"] for file in after["files"]] == [built["path"]]
    reasons = {each["family"]: each["reason"] for each in after["index"]["volatile"]}
    assert reasons["bar"] == f"{place}/bar/1/package.py:1 imports os"
    assert (
        f"read each time: bar: {place}/bar/1/package.py:1 imports os" in studio.rezup("index", "status").out
    )

    gone = studio.rezup("index", "clear", "--json").data["removed"]
    assert gone[0] == built["path"]
    assert all("rezconfig-v1" in path for path in gone[1:])
    assert studio.rezup("index", "status", "--json").data["index"] is None
    assert ".idx" not in studio.rezup("index", "clear").out


def test_an_index_beside_the_packages(studio: World) -> None:
    place = studio.home / "packages"
    outcome = studio.rezup("index", "build", place, "--json")
    (built,) = outcome.data["indexes"]
    assert built["path"].startswith(f"{place}/.rezup/packages-v1-")
    studio.rezup("index", "clear")
    status = studio.rezup("index", "status", "--json").data
    assert (status["shared"], status["index"]["path"]) == (True, built["path"])
    assert "(beside the packages)" in studio.rezup("index", "status").out
    assert studio.rezup("resolve", "foo", "--no-implicit").out.startswith("foo-2  ")


def test_a_repository_that_can_t_have_one(studio: World) -> None:
    outcome = studio.rezup("index", "build", "nowhere", "--json")
    assert (outcome.code, json.loads(outcome.out)["errors"][0]["code"]) == (1, "store-error")
    other = studio.rezup("index", "build", "memory@x", "--json")
    assert (other.code, json.loads(other.out)["errors"][0]["code"]) == (1, "invalid-package-location")


def test_verify(studio: World) -> None:
    studio.rezup("index", "build")
    outcome = studio.rezup("index", "verify")
    assert outcome.code == 0
    assert "are right" in outcome.out
    assert studio.rezup("index", "verify", "--json").data["good"] is True
    (path,) = (studio.home / ".cache/rezup/packages-v1").glob("*.idx")
    path.write_bytes(path.read_bytes()[:-40])
    bad = studio.rezup("index", "verify")
    assert (bad.code, bad.out) == (1, "")
    assert "hint: `rezup index clear`" in bad.err
    document = json.loads(studio.rezup("index", "verify", "--json").out)
    assert (document["status"], document["data"]["good"]) == ("error", False)
    assert document["errors"][0]["code"] == "damaged-index"
    assert studio.rezup("resolve", "foo", "--no-implicit").out.startswith("foo-2  ")  # makes it anew
    assert studio.rezup("index", "verify").code == 0


def test_every_damaged_definition_is_told(studio: World) -> None:
    path = studio.write("packages/foo/3/package.py", "name = 'foo'\n1 / 0\n")
    outcome = studio.rezup("index", "build")
    assert outcome.code == 0
    assert f"warning: {path}:2: it can't be loaded" in outcome.err


def test_the_group_alone_and_a_tail(studio: World) -> None:
    assert "build" in studio.rezup("index", "--help").out
    for name in ("build", "status", "verify", "clear"):
        assert studio.rezup("index", name, "--", "x").code == 2
