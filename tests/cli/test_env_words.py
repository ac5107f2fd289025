"""The words of `rezup env` that are understood without click mean what click makes of them."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import click
import pytest

from rezup_cli.commands.env import command
from rezup_cli.console import Console
from rezup_cli.env_words import plain_words

if TYPE_CHECKING:
    from support.world import World

PLAIN = [
    "", "maya", "maya-2024 rigging", "~foo==1 !bar-2+<3 ^baz", "maya --norc", "--norc maya --shell bash",
    "--shell bash --shell zsh maya", "-s", "maya --stdin", "maya --no-local", "maya --nl", "--ni maya",
    "--no-implicit maya", "--timings maya", "--rcfile a.sh maya", "-c true maya", "maya --command true",
    "-i shot.rxt", "--input shot.rxt --shell sh", "maya -o shot.rxt", "maya --output job.json",
    "maya --paths /a:~/b::c", "--paths /a maya", "-q maya", "maya --quiet", "maya -q -q --norc",
]  # fmt: skip

FOR_CLICK = [
    "-h", "maya --help", "--no-such", "maya -x", "--shell", "maya -c", "maya -o -", "-i -", "--shell=bash maya",
    "-qs maya", "-v maya", "-D", "ma*", "*.beta", "before(1)", "-i shot.rxt maya", "--patch maya", "maya --time 1",
    "maya --exclude a", "maya --max-fails x", "-", "maya --no-cache", "maya --stats", "maya --shell -q",
    "maya --detached", "-b maya",
]  # fmt: skip


def by_click(words: list[str]) -> tuple[tuple[str, ...], dict[str, Any], bool]:
    console = Console()
    with command.make_context("env", [*words], obj=console) as context:
        options = dict(context.params)
    return options.pop("request"), options, console.is_quiet


@pytest.mark.parametrize("line", PLAIN)
def test_plain_words_are_those_of_click(line: str) -> None:
    assert plain_words(line.split()) == by_click(line.split())


@pytest.mark.parametrize("words", [["--paths", ""], ["--shell", "", "maya"], ["", "maya"], ["--output", ""]])
def test_empty_words_are_those_of_click(words: list[str]) -> None:
    assert plain_words(words) == by_click(words)


@pytest.mark.parametrize("line", FOR_CLICK)
def test_all_else_is_left_to_click(line: str) -> None:
    assert plain_words(line.split()) is None


def test_options_that_exclude_each_other_are_left_to_click() -> None:
    assert plain_words(["maya", "-c", "true"], has_tail=True) is None
    assert plain_words(["maya", "-o", "job.json"], has_tail=True) is None
    assert plain_words(["maya", "-o", "job.json", "-c", "true"]) is None
    assert plain_words(["maya"], has_tail=True) == by_click(["maya"])


def test_every_option_of_the_command_has_its_default() -> None:
    found = plain_words([])
    assert found is not None
    names = {
        option.name for option in command.params if isinstance(option, click.Option) and option.expose_value
    }
    assert found[1].keys() == names


def test_a_plain_line_is_run_without_click(world: World) -> None:
    world.write("packages/foo/1/package.py", "name = 'foo'\nversion = '1'\n")
    code = (
        "import sys\n"
        "import os\n"
        "def became(*_):\n"
        "    print('click' in sys.modules)\n"
        "    sys.stdout.flush()\n"
        "    os._exit(0)\n"
        "os.execve = os.execv = os.execvpe = became\n"
        "from rezup_cli.main import main\n"
        "sys.exit(main(['env', *sys.argv[1:]]))\n"
    )
    environment = {name: value for name, value in world.environ.items() if not name.startswith("COVERAGE_")}

    def loaded(*words: str) -> str:
        paths = ["--ni", "--shell", "sh", "--paths", str(world.home / "packages")]
        return subprocess.run(
            [sys.executable, "-c", code, *paths, *words, "--", "true"], env=environment, capture_output=True,
            text=True, check=True, cwd=world.home,
        ).stdout  # fmt: skip

    assert loaded("foo") == "False\n"
    assert loaded("foo", "--no-filters") == "True\n"
