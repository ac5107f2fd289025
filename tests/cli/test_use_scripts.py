"""`rezup use NAME --do FILE` and `-- SCRIPT`: who runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.world import World


@pytest.fixture(autouse=True)
def _revision(world: World) -> None:
    world.revision("foo", "100.000000")


def test_one_with_a_shebang_runs_as_it_is(world: World) -> None:
    script = world.write("a b\"c'é", '#!/bin/sh\necho "$0|$1|$REZUP_CONTAINER"; exit 4\n', mode=0o755)
    outcome = world.rezup("use", "foo", "--do", script, "--", "x y")
    assert (outcome.code, outcome.out) == (4, f"{script}|x y|foo\n")


def test_a_relative_one_is_taken_from_the_current_folder(world: World) -> None:
    world.write("job.sh", "echo job\n")
    assert world.rezup("use", "foo", "--do", "job.sh").out == "job\n"


@pytest.mark.parametrize(
    ("name", "text"), [("job.sh", 'echo "ran $1"'), ("job.py", "import sys; print('ran', sys.argv[1])")]
)
def test_others_run_by_their_suffix(world: World, name: str, text: str) -> None:
    world.write(name, text)
    assert world.rezup("use", "foo", "--do", name, "--", "x;y").out == "ran x;y\n"


def test_a_bare_name_is_looked_up_on_the_containers_path(world: World) -> None:
    assert world.rezup("use", "foo", "--do", "rez", "--", "-V").out == "rez of 100.000000 -V\n"


@pytest.mark.parametrize("name", ["job.bat", "job.cmd", "job.txt", "job"])
def test_one_that_nothing_here_can_run_is_an_error_with_a_hint(world: World, name: str) -> None:
    world.write(name, "echo job\n")
    outcome = world.rezup("use", "foo", "--do", name)
    assert outcome.code == 1
    assert "hint:" in outcome.err


def test_no_string_is_split(world: World) -> None:
    outcome = world.rezup("use", "foo", "--do", "rez --version")
    assert outcome.code == 1
    assert "after `--`" in outcome.err


def test_a_text_with_only_the_executable_bit_runs_by_its_suffix(world: World) -> None:
    world.write("job.sh", "echo job\n", mode=0o755)
    assert world.rezup("use", "foo", "--do", "job.sh").out == "job\n"
