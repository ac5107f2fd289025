"""People who use `rezup use` from the shell they are used to: their start-up files, and a terminal."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, NamedTuple

import pytest

from support.terminal import PATIENCE, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from support.world import World

MARK = "rezup (foo/local) "

#: Texts that are hard on whatever lies between a person and a program; any of them may be an argument.
NASTY = [
    "", " ", "  two  blanks  ", "\t", "\n", "a\nb", "\na", "a\n", "\r\n", "'", '"', "''", '""', "it's", "'\"'\"'", "\\",
    "\\\\", "a\\", "\\'", "\\n", "!", "!!", "a!b", "!$", "$", "$HOME", "${HOME}", "$(echo ran)", "`echo ran`", "%PATH%",
    "%s%n", "50%", "*", "?", "[a-z]*", "{a,b}", "~", "~root", "=ls", "-", "--", "-n", "--help", "--make", "-D", "#x", ";",
    "; echo ran", "&", "|", "<x>", "(a)", "^", "^a^b", "a=b", "@", "é", "日本", "🦊", "\x01\x7f", "\x1b[1m", "\udcff",
    "a\udce9b", "'; echo ran; '", '"; echo ran; "', "'$x'\\''!\\\n\"", "x" * 100_000,
]  # fmt: skip


#: Answers each line that is typed; says first that it runs, in a word that the line itself doesn't hold.
LISTENER = 'sh -c \'echo $$ > pid; echo sta""rted; while read line; do echo "got <$line>"; done\''
#: Runs for ever, and leaves its number in the file `pid`.
SLEEPER = "sh -c 'echo $$ > pid; echo sta\"\"rted; exec sleep 1000'"

#: Python that tells whether it is what the terminal has in front.
IN_FRONT = "import os; print('in', 'front:', os.tcgetpgrp(0) == os.getpgrp())"

#: What a shell says of a program that was stopped.
TOLD = {"bash": "Stopped", "fish": "has stopped", "zsh": "suspended", "tcsh": "Suspended", "dash": "Stopped"}


class Kind(NamedTuple):
    """One kind of shell."""

    files: tuple[str, ...]
    """What one that is interactive, but no login shell, reads below HOME, in this order."""
    others: tuple[str, ...]
    """What it reads in other cases only."""
    first_on_path: str
    """A line that puts a folder first on PATH."""
    alias: str
    """A line of an alias `greet` that says hello to its arguments."""
    status: str = "$?"
    """How the status of the last command is written."""
    trace: str = "echo {word} >> $HOME/trace"
    """A line that leaves a word behind."""


_PATH = "PATH='{0}':$PATH"

KINDS = {
    "bash": Kind((".bashrc",), (".bash_profile", ".profile", ".bash_login"), _PATH, "alias greet='echo hello'"),
    "zsh": Kind((".zshenv", ".zshrc"), (".zprofile", ".zlogin"), _PATH, "alias greet='echo hello'"),
    "fish": Kind(
        (".config/fish/conf.d/a.fish", ".config/fish/config.fish"), (), "set -gx PATH '{0}' $PATH",
        "alias greet 'echo hello'", "$status",
    ),
    "dash": Kind((".shrc",), (".profile",), _PATH, "alias greet='echo hello'"),
    "tcsh": Kind(
        (".tcshrc",), (".cshrc", ".login"), "set path = ('{0}' $path:q)", "alias greet echo hello", "$status"
    ),
}  # fmt: skip

SHELLS = list(KINDS)

#: Runs what its arguments say at the end of a chain of processes that is longer than anyone looks up, none of
#: them a shell, and ends with its status.
_STRANGERS = """
import os, sys
for _ in range(12):
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        os._exit(status if status >= 0 else 128 - status)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class User:
    """Somebody with one kind of shell, on a machine with container `foo`."""

    def __init__(self, world: World, shell: str) -> None:
        self.world, self.shell, self.kind = world, shell, KINDS[shell]
        self.program = program(shell)
        self.revision = world.revision("foo", "100.000000")
        world.write(".zshrc", "")  # without any, zsh asks a newcomer
        if shell == "fish":
            seen_before(world.home)
        world.variables.update(REZUP_DEFAULT_SHELL=self.program, TERM="dumb", LC_ALL="C.UTF-8")
        if shell == "dash":
            world.variables["ENV"] = f"{world.home}/.shrc"

    @property
    def home(self) -> Path:
        return self.world.home

    @property
    def rc(self) -> str:
        """The file that people write their own things into."""
        return self.kind.files[-1]

    def writes(self, *lines: str, name: str = "") -> Path:
        return self.world.write(name or self.rc, "\n".join([*lines, ""]))

    def counts(self, *names: str, folder: str = "") -> None:
        """Have start-up files leave their names behind."""
        for name in names:
            self.writes(self.kind.trace.format(word=name), name=folder + name)

    def trace(self) -> list[str]:
        """The words that were left since the last look."""
        path = self.home / "trace"
        if not path.exists():
            return []
        words = path.read_text().split()
        path.unlink()
        return words

    def opens(self, *arguments: str) -> Terminal:
        """`rezup use foo` on a terminal of its own."""
        return self.starts(*self.world.command("use", "foo", *arguments))

    def starts(self, *argv: str) -> Terminal:
        return Terminal(argv, self.world.environ, self.home)

    def types(self, *lines: str, mark: str = MARK) -> str:
        """Open it, type lines one prompt after another, and leave by `exit 7`; all that was shown."""
        with self.opens() as terminal:
            shown = terminal.expect(mark)
            for line in lines:
                terminal.send(line + "\n")
                shown += terminal.expect(mark)
            terminal.send("exit 7\n")
            status, rest = terminal.finish()
        assert status == 7, shown + rest
        return shown + rest

    def environment(self, *lines: str) -> dict[str, str]:
        """The environment of a program started at the prompt."""
        self.types(*lines, "env -0 > environment")
        text = (self.home / "environment").read_text(encoding="utf-8", errors="surrogateescape")
        return dict(entry.split("=", 1) for entry in text.split("\0") if entry)

    def is_free(self) -> bool:
        """Whether nobody holds the revision; it is gone then."""
        return self.world.rezup("drop", "foo", "--yes").code == 0


def seen_before(home: Path) -> None:
    """Spare fish what it does at its very first start: for many seconds, in the background, it reads manuals."""
    (home / ".local/share/fish/generated_completions").mkdir(parents=True)


def with_package(world: World) -> None:
    """Have `rezup env` on this machine find one package, `maya`, which sets MAYA."""
    text = "name = 'maya'\nversion = '2024'\ndef commands():\n    env.MAYA = '{version}'\n"
    world.write("packages/maya/2024/package.py", text)
    (world.home / "tmp").mkdir()
    packages, temporary = str(world.home / "packages"), str(world.home / "tmp")
    world.variables.update(
        REZ_PACKAGES_PATH=packages, REZ_IMPLICIT_PACKAGES="", TMPDIR=temporary, TERM="dumb"
    )


def program(shell: str) -> str:
    """The path of a shell; the test is skipped without it."""
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def strangers(*argv: str) -> list[str]:
    """A command behind so many processes, none a shell, that rezup can't tell which shell it came from."""
    return [sys.executable, "-I", "-S", "-c", _STRANGERS, *argv]


def eventually(is_so: Callable[[], bool]) -> bool:
    """Ask until it is so, or patience ends."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        if is_so():
            return True
        time.sleep(0.02)
    return False


#: Options of an interactive shell that reads no start-up file.
PLAIN = {
    "bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"], "fish": ["--no-config", "-i"], "dash": ["-i"],
    "tcsh": ["-f", "-i"],
}  # fmt: skip


#: How a shell is told its prompt; the line itself doesn't show it.
PROMPTS = {"fish": "function fish_prompt; echo 'out''er> '; end", "tcsh": "set prompt = 'out''er> '"}


def outside(user: User) -> Terminal:
    """A plain shell at its prompt, `outer> `."""
    terminal = user.starts(user.program, *PLAIN[user.shell])
    terminal.send(PROMPTS.get(user.shell, "PS1='out''er> '") + "\n")
    terminal.expect("outer> ")
    return terminal


def state_of(pid: int) -> str:
    """What Linux tells of a process: R runs, S waits, T is stopped, Z waits to be fetched; empty if it is gone."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stream:
            return stream.read().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return ""


def is_alive(pid: int) -> bool:
    return state_of(pid) not in ("", "Z", "X")


def pid_in(folder: Path) -> int:
    return int((folder / "pid").read_text())


def stops_and_goes_on(user: User, terminal: Terminal, mark: str, job: str) -> None:
    """Stop the listener that was started, have it in front again, and end it.

    :param job: part of what the shell says when it goes on
    """
    terminal.expect("started")
    terminal.send("one\n")
    terminal.expect("got <one>")
    terminal.send("\x1a")
    terminal.expect(TOLD[user.shell])
    terminal.expect(mark)
    # The shell may tell when the first of several processes has stopped; the listener would still read.
    assert eventually(lambda: state_of(pid_in(user.home)) == "T")
    to_front(user, terminal, job)
    terminal.send("two\n")
    terminal.expect("got <two>")
    terminal.send("\x04")
    terminal.expect(mark)


def to_front(user: User, terminal: Terminal, job: str) -> None:
    """Have the shell go on with what is stopped.

    :param job: part of what the shell says then
    """
    terminal.send("fg\n")
    # zsh leaves words out of a line that is too long for it: which ones depends on where Python is.
    terminal.expect("continued" if user.shell == "zsh" else job)


def arguments_of(path: Path) -> list[bytes]:
    """What a program was given that left it there, each with a null character behind it."""
    return path.read_bytes().split(b"\0")[:-1]


def encoded(texts: Sequence[str]) -> list[bytes]:
    return [os.fsencode(text) for text in texts]
