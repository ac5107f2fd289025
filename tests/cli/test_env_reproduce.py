"""`env -i` of an exported document: the very same context, or what differs."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from support.cli_packages import furnish, package, saved

if TYPE_CHECKING:
    from support.world import World


@pytest.fixture
def studio(world: World) -> World:
    return furnish(world)


def exported(world: World, context: str, *options: str) -> str:
    outcome = world.rezup("context", "export", context, "-o", "job.json", *options)
    assert (outcome.code, outcome.err) == (0, "")
    return "job.json"


def changed(world: World, file: str, **changes: Any) -> str:
    path = world.home / file
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))
    return file


def environ(world: World, *arguments: str) -> dict[str, str]:
    outcome = world.rezup("env", *arguments, "--", "env", "-0")
    assert (outcome.code, outcome.err) == (0, "")
    found = dict(line.split("=", 1) for line in outcome.out.split("\0") if line)
    # Of the moment of entering, or of the place where the files of it lie.
    for name in ("REZ_RXT_FILE", "REZ_CONTEXT_FILE", "REZ_SHELL_INIT_TIMESTAMP"):
        found.pop(name)
    return found


@pytest.mark.parametrize(
    "request_",
    [
        ["maya", "rig", ".look-1"],
        ["rig", "python-2"],
        ["maya-2023", "lib-2", "!rig"],
        ["lib", "--exclude", "lib-2"],
        ["lib", "--time", "1700000000"],
    ],
)
def test_the_very_same_environment(studio: World, request_: list[str]) -> None:
    studio.variables["REZ_IMPLICIT_PACKAGES"] = "~python<4"
    assert studio.rezup("env", *request_, "-o", "a.rxt").code == 0
    file = exported(studio, "a.rxt")
    package(studio, "lib/1.5")
    package(studio, "lib/3")
    package(studio, "maya/2025")
    package(studio, "python/3.11")
    del studio.variables["REZ_IMPLICIT_PACKAGES"]
    studio.variables["REZ_IMPLICIT_PACKAGES"] = "!python"  # what is exported doesn't go by the place
    before, after = environ(studio, "-i", "a.rxt"), environ(studio, "-i", file)
    assert after == before


def test_other_places_are_told_of(studio: World) -> None:
    saved(studio, "a.rxt", "maya", "rig")
    file = exported(studio, "a.rxt")
    studio.variables["REZ_PACKAGES_PATH"] = str(studio.home / "elsewhere")
    assert studio.rezup("env", "-i", file, "--", "maya").code == 7  # the document has its own path
    furnish(studio, folder="elsewhere")
    changed(studio, file, packages_path=[str(studio.home / "elsewhere")])
    outcome = studio.rezup("env", "-i", file, "--", "echo", "entered")
    assert (outcome.code, outcome.out) == (1, "")
    home = studio.home
    lines = outcome.err.splitlines()
    assert lines[0] == "error: the context turns out different here"
    assert lines[1].startswith(
        f"  lib: another path: {home}/elsewhere/lib/1/package.py[] instead of {home}/packages/lib/1/package.py[]; "
    )
    assert lines[1].count("another path") == 4
    assert lines[2].startswith("hint: ")


def test_a_portable_one_asks_again(studio: World) -> None:
    saved(studio, "a.rxt", "maya", "rig")
    file = exported(studio, "a.rxt", "--portable")
    furnish(studio, folder="elsewhere")  # other places are no difference
    assert studio.rezup("env", "-i", file, "--", "maya", "x").out == "maya: x of 2024:maya rig\n"
    package(studio, "lib/1.5", folder="elsewhere")
    package(studio, "rig/1.0", "variants = [['python-3'], ['python-2']]", folder="elsewhere")
    outcome = studio.rezup("env", "-i", file, "--", "maya")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.splitlines()[1] == "  lib: another version: 1.5 instead of 1"
    shutil.rmtree(studio.home / "elsewhere/lib/1.5")
    package(studio, "rig/1.0", "variants = [['python-2'], ['python']]", folder="elsewhere")
    document = json.loads(studio.rezup("env", "-i", file, "--", "maya").out or "null")
    assert document is None
    again = studio.rezup("env", "-i", file, "--", "maya")
    assert again.err.splitlines()[1] == "  rig: another variant: [1] (python) instead of [1] (python-3)"


def test_everything_that_is_missing_is_named(studio: World) -> None:
    saved(studio, "a.rxt", "maya", "rig")
    file = exported(studio, "a.rxt")
    shutil.rmtree(studio.home / "packages/rig")
    shutil.rmtree(studio.home / "packages/lib/1")
    outcome = studio.rezup("env", "-i", file, "--", "maya")
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert lines[0] == "error: the context can't be made again here"
    assert lines[1].endswith(f"; not in {studio.home}/packages: lib-1, rig-1.0")
    assert lines[2] == "hint: bring these packages, or export the context with --portable"
    changed(studio, file, packages_path=[])
    nowhere = studio.rezup("env", "-i", file, "--", "maya").err.splitlines()[1]
    assert nowhere.endswith("; not in no folder: lib-1, python-3.9, maya-2024, rig-1.0")


def test_a_conflict_is_told_in_the_words_of_the_solver(studio: World) -> None:
    saved(studio, "a.rxt", "maya", "rig")
    file = exported(studio, "a.rxt")
    package(studio, "maya/2024", "requires = ['lib-2']")
    outcome = studio.rezup("env", "-i", file, "--", "maya")
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert lines[0] == "error: the context can't be made again here"
    assert "lib" in lines[1]
    assert "not in" not in lines[1]


def test_filters_orderers_and_building_are_part_of_it(studio: World) -> None:
    package(studio, "tool/1", "build_requires = ['lib']")
    studio.write(
        "rezconfig.py",
        "package_filter = [{'excludes': ['maya-2024']}]\n"
        "package_orderers = [{'type': 'per_family', 'orderers': [{'packages': ['lib'], "
        "'type': 'sorted', 'descending': False}]}]\n",
    )
    env = {"REZ_CONFIG_FILE": str(studio.home / "rezconfig.py")}
    made = studio.rezup("env", "tool", "maya", "--build", "-o", "a.rxt", env=env)
    assert made.code == 0
    for options in ([], ["--portable"]):
        file = exported(studio, "a.rxt", *options)
        outcome = studio.rezup("env", "-i", file, "-o", "again.rxt")
        assert (outcome.code, outcome.err) == (0, "")
        first, again = (studio.rezup("context", name, "--json").data for name in ("a.rxt", "again.rxt"))
        assert {each["name"]: each["version"] for each in again["packages"]} == {
            "tool": "1", "lib": "1", "maya": "2023",
        }  # fmt: skip
        assert again["packages"] == first["packages"]
        assert again["building"] is True


def test_it_can_be_patched_saved_and_read_from_stdin(studio: World) -> None:
    saved(studio, "a.rxt", "maya", "rig")
    file = exported(studio, "a.rxt")
    with (studio.home / file).open() as stream:
        outcome = studio.rezup("env", "-i", "-", "-o", "again.rxt", stdin=stream)
    assert (outcome.code, outcome.err) == (0, "")
    again = studio.rezup("context", "again.rxt", "--json").data
    assert again["request"] == ["maya", "rig"]
    patched = studio.rezup("env", "-i", file, "--patch", "maya-2023", "^rig", "-o", "patched.rxt")
    assert (patched.code, patched.err) == (0, "")
    assert studio.rezup("context", "patched.rxt", "--request").out == "maya-2023\n"
    assert studio.rezup("context", file, "--request").out == "maya\nrig\n"  # elsewhere, too


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 2}, "it has the format 2, 1 is known"),
        ({"request": "maya"}, "request must be a list of texts"),
        ({"request": ["maya-1-+"]}, "maya-1-+"),
        ({"packages": [{}]}, "packages must have name, version, variant, requires and uri"),
        ({"requested": [1]}, "requested must be a list of texts"),
        ({"requested": None}, "requested must be a list of texts"),
        ({"requested": ["!"]}, "requested: '!' is no requirement"),
        ({"requested_implicit": "x"}, "requested_implicit must be a list of texts"),
        ({"requested_time": "x"}, "requested_time must be a number of seconds, or null"),
        ({"packages_path": ["a\0b"]}, "packages_path must be a list of texts"),
    ],
)
def test_bad_documents(studio: World, changes: dict[str, Any], reason: str) -> None:
    saved(studio, "a.rxt", "maya")
    file = changed(studio, exported(studio, "a.rxt"), **changes)
    outcome = studio.rezup("env", "-i", file, "--", "maya")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: the exported context can't be used\n  ")
    assert reason in outcome.err


@pytest.mark.parametrize("changes", [{"package_filter": [7]}, {"package_orderers": ["x"]}, {"time": 10**40}])
def test_odd_parts_of_documents_are_no_traceback(studio: World, changes: dict[str, Any]) -> None:
    saved(studio, "a.rxt", "maya")
    file = changed(studio, exported(studio, "a.rxt"), **changes)
    outcome = studio.rezup("env", "-i", file, "--", "maya")
    assert outcome.code in (1, 7)
    assert "went wrong inside" not in outcome.err


def test_files_that_are_neither(studio: World) -> None:
    studio.write("odd.json", '{"kind": "other"}')
    outcome = studio.rezup("env", "-i", "odd.json", "--", "maya")
    assert outcome.err.startswith(f"error: {studio.home}/odd.json is no context of Rez that can be used\n")
    with (studio.home / "odd.json").open() as stream:
        outcome = studio.rezup("env", "-i", "-", "--", "maya", stdin=stream)
    assert outcome.err.startswith("error: standard input is no context of Rez that can be used\n")
    gone = studio.rezup("env", "-i", "gone.json", "--", "maya")
    assert gone.err == f"error: {studio.home}/gone.json can't be read\n  No such file or directory\n"


def test_a_job_without_a_container_is_its_context(studio: World) -> None:
    assert studio.rezup("env", "maya", "-o", "farm.json").code == 0
    outcome = studio.rezup("env", "-i", "farm.json", "--", "maya", "x")
    assert (outcome.code, outcome.out, outcome.err) == (7, "maya: x of 2024:maya\n", "")


def test_a_job_of_a_container_says_what_it_is_for(studio: World) -> None:
    inside = {"REZUP_CONTAINER": "foo", "REZUP_REVISION": "100.000000"}
    assert studio.rezup("env", "maya", "-o", "farm.json", env=inside).code == 0
    outcome = studio.rezup("env", "-i", "farm.json", "--", "maya")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err == (
        "error: farm.json is a job, and more than a context\n"
        "  its context belongs to a revision of a container\n"
        "hint: rezup use --from farm.json -- COMMAND\n"
    )
