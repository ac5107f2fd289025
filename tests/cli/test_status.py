"""`status`: the container and the context that one is in, in one document."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from support.cli_packages import furnish, saved

if TYPE_CHECKING:
    from support.world import World


@pytest.fixture
def studio(world: World) -> World:
    furnish(world)
    saved(world, "a.rxt", "maya", "rig", ".look-1")
    world.revision("foo", "100.000000")
    return world


def within(world: World, *, context: str | None = "a.rxt", container: str | None = None) -> dict[str, str]:
    """What a shell in these has."""
    found = {} if context is None else {"REZ_RXT_FILE": str(world.home / context)}
    if container is not None:
        found.update(REZUP_CONTAINER=container, REZUP_REVISION="100.000000")
    return found


def test_in_nothing_the_default_container_is_shown(studio: World) -> None:
    data = studio.rezup("status", "--json").data
    assert list(data) == ["container", "context", "unknown_settings"]
    assert (data["container"]["name"], data["container"]["inside"]) == (".main", False)
    assert (data["context"], data["unknown_settings"]) == (None, [])
    assert studio.rezup("status").out.startswith("container    .main\n")


def test_in_a_context_there_is_no_container(studio: World) -> None:
    data = studio.rezup("status", "--json", env=within(studio)).data
    assert data["container"] is None
    assert data["context"] == {**studio.rezup("context", "a.rxt", "--json").data, "problem": None}
    lines = studio.rezup("status", env=within(studio)).out.splitlines()
    assert lines[:3] == [
        f"context   {studio.home}/a.rxt (this shell is in it)",
        "request   maya rig .look-1",
        "packages  lib-1 python-3.9 maya-2024 rig-1.0 .look-1",
    ]
    assert lines[3].startswith("resolved  ")
    assert len(lines) == 4


def test_in_a_context_of_a_container_both_are_shown(studio: World) -> None:
    env = within(studio, container="foo")
    data = studio.rezup("status", "--json", env=env).data
    assert (data["container"]["revision"], data["container"]["inside"]) == ("100.000000", True)
    assert data["context"]["request"] == ["maya", "rig", ".look-1"]
    container, _, context = studio.rezup("status", env=env).out.partition("\n\n")
    assert container.startswith("container     foo (this shell is in it)\n")
    assert context.startswith("context   ")


def test_a_named_container_is_shown_in_a_context_too(studio: World) -> None:
    for name in ("foo", "foo@100"):
        data = studio.rezup("status", name, "--json", env=within(studio)).data
        assert (data["container"]["name"], data["context"]["status"]) == ("foo", "solved")


def test_in_a_container_there_is_no_context(studio: World) -> None:
    data = studio.rezup("status", "--json", env=within(studio, context=None, container="foo")).data
    assert (data["container"]["name"], data["context"]) == ("foo", None)


def test_implicit_packages_and_what_vanished(studio: World) -> None:
    studio.variables["REZ_IMPLICIT_PACKAGES"] = "~python<4"
    saved(studio, "b.rxt", "rig")
    shutil.rmtree(studio.home / "packages/rig")
    out = studio.rezup("status", env=within(studio, context="b.rxt")).out
    assert "implicit  ~python<4\n" in out
    assert f"missing   {studio.home}/packages/rig/1.0/package.py[1]\n" in out


@pytest.mark.parametrize("text", [None, "{", '{"created": 1e99}'])
def test_a_context_that_can_not_be_used(studio: World, text: str | None) -> None:
    if text is not None:
        studio.write("odd.rxt", text)
    outcome = studio.rezup("status", "--json", env=within(studio, context="odd.rxt"))
    assert outcome.code == 0
    assert outcome.data["container"] is None
    context = outcome.data["context"]
    assert (list(context), context["file"]) == (["file", "problem"], f"{studio.home}/odd.rxt")
    human = studio.rezup("status", env=within(studio, context="odd.rxt"))
    assert human.out.splitlines() == [f"context  {context['file']}", f"problem  {context['problem']}"]


def test_unknown_settings_are_named_without_a_container_too(studio: World) -> None:
    file = studio.write(".config/rezup/config.toml", "later = 1\n")
    for env in ({}, within(studio)):
        assert studio.rezup("status", "--json", env=env).data["unknown_settings"] == [f"{file}: later"]
        assert f"unknown setting, without effect: {file}: later\n" in studio.rezup("status", env=env).out
