"""Arguments reach a program, and a script, through every shell as they are."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.container_shells import CASES, World
from support.terminal import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


NASTY = [
    "", " ", "  two  blanks  ", "\t", "\n", "a\nb", "\na", "a\n", "'", '"', "''", '""', "it's", "'\"'\"'", "\\", "\\\\",
    "a\\", "\\'", '\\"', "\\n", "\\!", "!", "!!", "a!b", "$", "$HOME", "${HOME}", "$(exit 9)", "`exit 9`", "%PATH%",
    "%s%n", "*", "?", "[a-z]*", "{a,b}", "~", "~root", "=ls", "-n", "--", "#x", "a#b", ";", "&", "&&", "|", "<x>",
    ">", "(", ")", "^", "a=b", "é", "日本", "🦊", "\x01\x7f", "\r", "a;b&c|d", "'$x'\\''!\\\n\"",
]  # fmt: skip


@pytest.fixture(params=CASES, ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


def test_nasty_arguments_arrive_as_they_are(world: World) -> None:
    assert len(NASTY) >= 40
    command = " ".join(map(world.shell.quote, ["/usr/bin/printf", "%s\\0", *NASTY]))
    finished = subprocess.run(
        [world.executable, "-c", command],
        env=world.environ,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    assert finished.stderr == b""
    assert finished.stdout.split(b"\0")[:-1] == [os.fsencode(text) for text in NASTY]


@pytest.mark.parametrize("locale", ["C.UTF-8", "C"])
def test_nasty_arguments_typed_at_the_prompt_arrive_as_they_are(world: World, locale: str) -> None:
    """Through ``source``, which is what pasting comes to; history and expansion are on."""
    world.environ["LC_ALL"] = world.environ["LANG"] = locale
    texts = [text for text in NASTY if locale != "C" or text.isascii()]
    words = ["/usr/bin/printf", "%s\\0", *texts]
    (world.home / "typed").write_text(
        " ".join(map(world.shell.quote, words)) + " > arguments\n", encoding="utf-8"
    )
    world.after("source ./typed" if world.case.name in ("tcsh", "csh", "fish") else ". ./typed")
    assert (world.home / "arguments").read_bytes().split(b"\0")[:-1] == [os.fsencode(text) for text in texts]


def test_null_character_is_refused(world: World) -> None:
    with pytest.raises(ValueError, match="null character"):
        world.shell.quote("a\0b")


def test_script_gets_its_arguments_and_returns_its_status_without_own_startup_files(world: World) -> None:
    world.write_rc(world.case.count)
    world.write_rc(world.case.count, path=world.home / ".zshenv")
    script = world.home / "-my script"
    everything = {"fish": "$argv", "tcsh": "$argv:q", "csh": "$argv:q"}.get(world.case.name, '"$@"')
    lines = [f"/usr/bin/printf '%s\\0' {everything} > arguments", "exit 7", ""]
    if world.case.name in ("tcsh", "csh"):  # $argv:q drops the empty ones
        lines[0] = "while ($#argv)\n/usr/bin/printf '%s\\0' \"$argv[1]:q\" >> arguments\nshift\nend"
    script.write_text("\n".join(lines))
    texts = (
        NASTY if "q" not in everything else [text for text in NASTY if "\\\n" not in text]
    )  # nor is :q exact
    launch = world.shell.script(world.executable, script.name, texts)
    finished = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert (finished.returncode, finished.stderr) == (7, b"")
    assert (world.home / "arguments").read_bytes().split(b"\0")[:-1] == [os.fsencode(text) for text in texts]
    assert world.times_read() == 0
