"""Arguments that are hard on shells reach what is run in a container byte for byte, whichever way they go."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.shells import shell_named
from support.shell_users import NASTY, SHELLS, User, arguments_of, encoded, program, with_package

if TYPE_CHECKING:
    from support.world import World

#: A program that leaves its arguments in the file `arguments` and ends with 9.
SHOW = "import os, sys; open('arguments', 'wb').write(b''.join(os.fsencode(each) + b'\\0' for each in sys.argv[1:])); sys.exit(9)"

WORDS = encoded(NASTY)


@pytest.fixture
def machine(world: World) -> World:
    """With container `foo`, in a locale that knows all letters."""
    world.revision("foo", "100.000000")
    world.variables["LC_ALL"] = "C.UTF-8"
    return world


def received(world: World) -> list[bytes]:
    path = world.home / "arguments"
    words = arguments_of(path)
    path.unlink()
    return words


def test_there_are_enough() -> None:
    assert len(set(NASTY)) >= 40
    assert any(word == "" for word in NASTY)
    assert any(b"\xff" in word for word in WORDS)


# -- rezup use


@pytest.mark.parametrize(
    ("locale", "talk"),
    [
        ("C.UTF-8", ()),
        ("C", ("-D",)),
        pytest.param("C.UTF-8", ("-D",), marks=pytest.mark.slow),
        pytest.param("C", (), marks=pytest.mark.slow),
    ],
)
def test_of_a_command(machine: World, locale: str, talk: tuple[str, ...]) -> None:
    machine.variables["LC_ALL"] = locale
    outcome = machine.rezup("use", "foo", *talk, "--", sys.executable, "-c", SHOW, *NASTY)
    assert outcome.code == 9, outcome.err
    assert received(machine) == WORDS


@pytest.mark.slow
@pytest.mark.parametrize("word", NASTY, ids=range(len(NASTY)))
def test_of_a_command_one_by_one(machine: World, word: str) -> None:
    for before in ([], ["--"], ["-x"]):
        words = [*before, word]
        assert machine.rezup("use", "foo", "--", sys.executable, "-c", SHOW, *words).code == 9
        assert received(machine) == encoded(words)


@pytest.mark.parametrize("name", ["a tool", "it's", "-n", "$(echo ran)", "é", "%s", "a\udcffb", "--"])
def test_commands_of_such_names_are_run(machine: World, name: str) -> None:
    machine.write(f"bin/{name}", f"#!{sys.executable}\n{SHOW}\n", mode=0o755)
    machine.variables["PATH"] = f"{machine.home}/bin:{machine.environ['PATH']}"
    assert machine.rezup("use", "foo", "--", name, "x y").code == 9
    assert received(machine) == [b"x y"]


@pytest.mark.parametrize("shell", SHELLS)
def test_typed_in_a_shell_outside(world: World, shell: str) -> None:
    """Quoted as one has to there; the shell, rezup and the command all leave them alone."""
    user = User(world, shell)
    quote = shell_named(shell).quote
    words = [word for word in NASTY if len(word) < 1000]
    line = " ".join(map(quote, [*world.command("use", "foo", "--"), sys.executable, "-c", SHOW, *words]))
    (world.home / "line").write_text(f"{line}\nexit 4\n", encoding="utf-8", errors="surrogateescape")
    options = {"fish": ["--no-config"], "bash": ["--norc"], "dash": []}.get(shell, ["-f"])
    done = subprocess.run(
        [user.program, *options, "line"], env=world.environ, cwd=world.home, capture_output=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (4, b"")
    assert received(world) == encoded(words)


# -- scripts

#: How a script of each shell leaves all its arguments; csh has no way of its own to pass empty ones on.
EACH = {
    "fish": "printf '%s\\0' $argv > arguments",
    "tcsh": ": > arguments\nwhile ($#argv)\n/usr/bin/printf '%s\\0' \"$argv[1]:q\" >> arguments\nshift\nend",
}
BOURNE = "printf '%s\\0' \"$@\" > arguments"


def script_of(shell: str) -> str:
    option = {"tcsh": " -f", "fish": " --no-config", "zsh": " -f"}.get(shell, "")
    return f"#!{program(shell)}{option}\n{EACH.get(shell, BOURNE)}\nexit 9\n"


def did(world: World, script: str, words: list[str]) -> list[bytes]:
    outcome = world.rezup("use", "foo", "--do", script, "--", *words)
    assert outcome.code == 9, outcome.err
    return received(world)


@pytest.mark.parametrize("shell", SHELLS)
def test_of_a_script_of_a_shell(machine: World, shell: str) -> None:
    # tcsh loses a backslash before a line break.
    words = [word for word in NASTY if "\\\n" not in word] if shell == "tcsh" else NASTY
    machine.write("a script's name", script_of(shell), mode=0o755)
    assert did(machine, "a script's name", words) == encoded(words)


@pytest.mark.parametrize("shell", ["zsh", "fish", "tcsh"])
def test_of_a_script_by_the_suffix_of_its_shell(machine: World, shell: str) -> None:
    program(shell)
    for name in (".zshrc", ".zshenv", ".config/fish/config.fish", ".tcshrc"):
        machine.write(name, "echo read >> $HOME/read")
    machine.write(f"it's.{shell}", script_of(shell).partition("\n")[2])
    words = [word for word in NASTY if "\\\n" not in word]
    assert did(machine, f"it's.{shell}", words) == encoded(words)
    assert not (machine.home / "read").exists()


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("show.py", SHOW), ("-show.py", SHOW), ("$(echo ran).py", SHOW), ("é ü.py", SHOW), ("show.sh", f"{BOURNE}\nexit 9"),
        ("-show it's.sh", f"{BOURNE}\nexit 9"), ("show.bash", f"{BOURNE}\nexit 9"),
    ],
)  # fmt: skip
def test_of_a_script_by_its_suffix(machine: World, name: str, text: str) -> None:
    if name.endswith(".bash"):
        program("bash")
    machine.write(name, text + "\n")
    outcome = machine.rezup("use", "foo", f"--do={name}", "--", *NASTY)
    assert outcome.code == 9, outcome.err
    assert received(machine) == WORDS


def test_not_waited_for_they_arrive_too(machine: World) -> None:
    from support.shell_users import eventually

    code = SHOW.replace("'arguments'", "'unfinished'").replace(
        "sys.exit(9)", "os.rename('unfinished', 'arguments')"
    )
    outcome = machine.rezup("use", "foo", "--no-wait", "--", sys.executable, "-c", code, *NASTY)
    assert (outcome.code, outcome.err) == (0, "")
    assert eventually((machine.home / "arguments").exists)
    assert received(machine) == WORDS


# -- rezup env


@pytest.mark.parametrize("shell", SHELLS)
def test_of_a_line_in_a_context(machine: World, shell: str) -> None:
    with_package(machine)
    quote = shell_named(shell).quote
    words = [
        word for word in NASTY if len(word) < 1000
    ]  # the line itself is one argument, of 128 KiB at most
    line = " ".join(map(quote, [sys.executable, "-c", SHOW, *words]))
    outcome = machine.rezup("env", "maya", "--shell", program(shell), "-c", line)
    assert outcome.code == 9, outcome.err
    assert received(machine) == encoded(words)


@pytest.mark.parametrize("shell", SHELLS)
def test_of_a_command_in_a_context(machine: World, shell: str) -> None:
    """Variables are replaced in them, as with Rez; nothing else is."""
    with_package(machine)
    words = [word for word in NASTY if "$HOME" not in word and "${HOME}" not in word and "$x" not in word]
    outcome = machine.rezup(
        "env", "maya", "--shell", program(shell), "--", sys.executable, "-c", SHOW, *words, "$MAYA"
    )
    assert outcome.code == 9, outcome.err
    assert received(machine) == [*encoded(words), b"2024"]
