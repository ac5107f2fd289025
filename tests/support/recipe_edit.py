"""A recipe that tests change with ``rezup recipe edit``, and what they expect of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from support.world import Outcome, World

TEXT = """\
# the studio's recipe
description = "show"  # what it is for

[rez]
name = "rez"  # never another
url = "rez==3.3.0"

[env]
# of the old show
OLD = "1"
KEPT = "x"   # as it is

[[extension]]
name = "rez-gui"
url = "rez-gui==1.0"  # the newest that works

[[extension]]
name = "other"
url = "other==2"
"""


def edit(world: World, *arguments: str, **options: Any) -> Outcome:
    return world.rezup("recipe", "edit", "foo", *arguments, **options)


def done(world: World, *arguments: str, **options: Any) -> Outcome:
    outcome = edit(world, *arguments, **options)
    assert (outcome.code, outcome.out) == (0, ""), outcome.err
    return outcome


def refused(world: World, *arguments: str, words: str = "", **options: Any) -> Outcome:
    """What is an error, and changes no file in the home."""
    before = files(world)
    outcome = edit(world, *arguments, **options)
    assert outcome.code == 1, outcome.err
    assert outcome.err.startswith("error: ")
    assert "hint: " in outcome.err
    assert "Traceback" not in outcome.err
    assert words in outcome.err
    assert files(world) == before
    return outcome


def files(world: World) -> Mapping[str, bytes]:
    return {path.name: path.read_bytes() for path in world.home.iterdir() if path.is_file()}
