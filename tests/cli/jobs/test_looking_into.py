"""The context in a farm job's file, for `rezup context`: to be looked at, compared, and sent elsewhere."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from support.jobs import STAMP, change, package, submit

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture
def file(world: World) -> Path:
    return submit(world, "maya", "python-3.9", ".quality-2")


def lines(world: World, *arguments: str | Path) -> list[str]:
    outcome = world.rezup("context", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return [line.rstrip() for line in outcome.out.splitlines()]


def test_show_says_whose_it_is_and_what_is_in_it(world: World, file: Path, packages: Path) -> None:
    for words in (("show", file), (file,)):
        found = lines(world, *words)
        assert found[:2] == [f"the context of a farm job, in foo@{STAMP}", ""]
        assert f"maya-2024.1  {packages}/maya/2024.1" in found
        requested = found.index("requested packages:")
        assert found[requested + 1 : requested + 3] == ["maya", "python-3.9"]
    assert lines(world, "show", file, "--resolve") == ["maya-2024.1", "python-3.9", ".quality-2"]


def test_show_as_json(world: World, file: Path) -> None:
    data = world.rezup("context", "show", file, "--json").data
    job = data["job"]
    assert (job["container"], job["revision"], job["tools"]) == ("foo", STAMP, {"rez": "3.4.0"})
    assert job["rezup"]
    assert job["platform"]
    assert data["request"] == ["maya", "python-3.9", ".quality-2"]
    exact = world.home / "exact.json"
    assert world.rezup("context", "export", file, "-o", exact).code == 0
    assert world.rezup("context", "show", exact, "--json").data["job"] is None


def test_one_of_no_container(world: World, file: Path) -> None:
    change(file, container=None)
    assert lines(world, "show", file)[0] == "the context of a farm job, made in no container"
    assert world.rezup("context", "show", file, "--json").data["job"]["container"] is None


def test_it_can_come_through_a_pipe(world: World, file: Path) -> None:
    with file.open() as stream:
        outcome = world.rezup("context", "show", "-", stdin=stream)
    assert outcome.out.startswith(f"the context of a farm job, in foo@{STAMP}\n")


def test_two_are_compared(world: World, file: Path, packages: Path) -> None:
    old = file.rename(file.with_name("old.json"))
    package(packages, "maya/2025", "requires = ['python-3']")
    new = submit(world, "maya", "python-3.9")
    assert world.rezup("context", "diff", old, new, "--json").data["newer"] == {"maya": ["2024.1", "2025"]}
    assert world.rezup("context", "diff", "--fetch", old, "--json", env={"REZ_PACKAGES_PATH": ""}).data[
        "newer"
    ] == {"maya": ["2024.1", "2025"]}


def test_an_export_for_another_platform_asks_for_what_the_job_asked_for(
    world: World, file: Path, packages: Path
) -> None:
    document = json.loads(world.rezup("context", "export", "--portable", file).out)
    assert (document["kind"], document["request"]) == ("portable", ["maya", "python-3.9", ".quality-2"])
    assert document["packages_path"] is None
    exact = json.loads(world.rezup("context", "export", file).out)
    assert exact["packages"] == json.loads(file.read_text())["context"]["packages"]
    moved = packages.rename(packages.with_name("elsewhere"))
    world.write("portable.json", json.dumps(document))
    outcome = world.rezup(
        "env", "-i", "portable.json", "--", "printenv", "MAYA",
        env={"REZ_PACKAGES_PATH": str(moved), "REZ_IMPLICIT_PACKAGES": ""},
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (0, f"{moved}/maya/2024.1\n"), outcome.err


def test_one_that_can_not_be_had_here_says_what_is_missing(world: World, file: Path, packages: Path) -> None:
    packages.rename(packages.with_name("elsewhere"))
    outcome = world.rezup("context", "show", file)
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: the context can't be made again here\n")
    assert "maya-2024.1" in outcome.err


def test_it_is_still_no_context_to_enter(world: World, file: Path) -> None:
    outcome = world.rezup("env", "-i", file, "--", "true")
    assert (outcome.code, outcome.out) == (1, "")
    assert "is a job, and more than a context" in outcome.err


def test_a_damaged_one_is_an_error(world: World, file: Path) -> None:
    change(file, container="foo")
    outcome = world.rezup("context", "show", file)
    assert (outcome.code, outcome.out) == (1, "")
    assert "job.json can't be used" in outcome.err
