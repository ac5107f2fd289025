"""`search`: families and versions."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from support.world import World


@pytest.fixture
def studio(world: World) -> World:
    """A machine whose Rez has two repositories."""
    world.variables["REZ_PACKAGES_PATH"] = f"{world.home}/one:{world.home}/two"
    for name in (
        "one/maya/2023",
        "one/maya/2024",
        "two/maya/2024",
        "two/maya/10",
        "one/mari/6.0",
        "two/tool",
    ):
        _, family, *version = name.split("/")
        text = f"name = {family!r}\n" + "".join(f"version = {each!r}\ntimestamp = 7\n" for each in version)
        world.write(f"{name}/package.py", text)
    (world.home / "one" / "empty").mkdir()
    return world


@pytest.mark.parametrize(
    ("arguments", "lines"),
    [
        ((), ["empty", "mari", "maya", "tool"]),
        (("maya",), ["maya-10", "maya-2023", "maya-2024"]),
        (("ma*",), ["mari", "maya"]),
        (("m?[xyz]a",), ["maya-10", "maya-2023", "maya-2024"]),
        (("ma*-6+<2024",), ["mari-6.0", "maya-10", "maya-2023"]),
        (("maya==2024",), ["maya-2024"]),
        (("tool",), ["tool"]),
        (("--latest",), ["mari-6.0", "maya-2024", "tool"]),
        (("ma*-1+<2024", "--latest"), ["mari-6.0", "maya-2023"]),
        (("maya", "--paths", "two"), ["maya-10", "maya-2024"]),
        (("maya-1",), []),
        (("empty",), []),
    ],
)
def test_what_is_found(studio: World, arguments: tuple[str, ...], lines: list[str]) -> None:
    outcome = studio.rezup("search", *arguments)
    assert outcome.out.splitlines() == lines
    assert outcome.code == 0
    assert (outcome.err == "no version is in that range\n") is (not lines)


@pytest.mark.conformance
@pytest.mark.parametrize(
    "pattern", [None, "maya", "ma*", "ma*-6+<2024", "maya==2024", "tool", "empty", "maya@10"]
)
def test_it_finds_what_rez_search_finds(studio: World, pattern: str | None) -> None:
    given = [] if pattern is None else [pattern]
    code = "import sys; sys.argv[0] = 'rez-search'; from rez.cli._main import run; run('search')"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, *given],
        env=studio.environ, cwd=studio.home, capture_output=True, text=True, check=False,
    )  # fmt: skip
    found = [line for line in done.stdout.splitlines() if line != "No matching package found."]
    assert studio.rezup("search", *given).out.splitlines() == found


def test_json(studio: World) -> None:
    data = studio.rezup("search", "maya-2024", "--json").data
    uri = str(studio.home / "one/maya/2024/package.py")
    assert data == {
        "families": ["maya"],
        "packages": [{"name": "maya", "version": "2024", "uri": uri, "timestamp": 7}],
    }
    assert studio.rezup("search", "--json").data == {
        "families": ["empty", "mari", "maya", "tool"],
        "packages": None,
    }


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        ("nope", "package-family-not-found"),
        ("!maya", "invalid-requirement"),
        ("maya-1-1+<", "invalid-requirement"),
    ],
)
def test_what_can_t_be_found(studio: World, pattern: str, code: str) -> None:
    outcome = studio.rezup("search", pattern, "--json")
    document = json.loads(outcome.out)
    assert (outcome.code, document["data"], document["errors"][0]["code"]) == (1, None, code)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("env ma", ["mari", "maya"]),
        ("env tool !ma", ["!mari", "!maya"]),
        ("resolve ~may", ["~maya"]),
        ("resolve --patch=x.rxt ^t", ["^tool"]),
        ("search ma", ["mari", "maya"]),
        ("search --paths two ma", ["maya"]),
        ("env maya-", ["maya-10", "maya-2023", "maya-2024"]),
        ("env --norc !maya-2", ["!maya-2023", "!maya-2024"]),
        ("env tool-", []),
        ("env nope-", []),
        ("env ma*", []),
        ("env --paths odd@place ma", []),
    ],
)
def test_completion_of_packages(studio: World, line: str, found: list[str]) -> None:
    assert completed(studio, line) == [f"plain,{each}" for each in found]
    assert not list(studio.home.rglob("packages-v*"))


def test_completion_of_a_command_behind_the_dashes_is_of_files(studio: World) -> None:
    assert completed(studio, "env maya -- ma") == ["file,ma"]


def completed(world: World, line: str) -> list[str]:
    """What bash is told, which hears of nothing else."""
    words = f"rezup {line}"
    environment = {"_REZUP_COMPLETE": "bash_complete", "COMP_WORDS": words}
    outcome = world.rezup(env={**environment, "COMP_CWORD": str(len(words.split()) - 1)})
    assert outcome.err == ""
    return outcome.out.split()


@pytest.mark.parametrize("config", ["packages_path = [", "raise ValueError"])
def test_completion_with_a_configuration_that_is_broken(studio: World, config: str) -> None:
    studio.variables["REZ_CONFIG_FILE"] = str(studio.write("rezconfig.py", config))
    studio.variables.pop("REZ_PACKAGES_PATH")
    assert completed(studio, "env ma") == []


def test_what_is_new_is_found(studio: World) -> None:
    studio.rezup("search", "maya")
    studio.write("two/maya/2025/package.py", "name = 'maya'\nversion = '2025'\n")
    studio.write("two/newer/1/package.py", "name = 'newer'\nversion = '1'\n")
    assert "maya-2025" in studio.rezup("search", "maya").out
    assert "newer" in studio.rezup("search").out
