"""Terminals of all kinds and none, closed streams, and which shell it is that opens."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.shell_users import (
    MARK,
    NASTY,
    SHELLS,
    User,
    encoded,
    eventually,
    outside,
    program,
    strangers,
    with_package,
)
from support.terminal import PATIENCE, Terminal

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture(params=SHELLS)
def user(request: pytest.FixtureRequest, world: World) -> User:
    return User(world, request.param)


# -- streams

#: Leaves the numbers of the descriptors that are open.
OPEN = """
import fcntl
numbers = []
for number in range(300):
    try:
        fcntl.fcntl(number, fcntl.F_GETFD)
    except OSError:
        continue
    numbers.append(number)
print(*numbers, file=open("open", "w"))
raise SystemExit(6)
"""


@pytest.mark.parametrize("few", [False, True], ids=["replaced", "parent"])
@pytest.mark.parametrize(
    "closed", ["", "<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"]
)
def test_streams_that_are_closed_stay_so_and_nothing_else_is_open(
    world: World, closed: str, few: bool
) -> None:
    world.revision("foo", "100.000000")
    limit = "ulimit -n 64;" if few else ""
    done = subprocess.run(
        ["sh", "-c", f'{limit} exec "$@" {closed}', "sh", *world.command("use", "foo", "--", sys.executable, "-c", OPEN)],
        env=world.environ, cwd=world.home, capture_output=True, text=True, timeout=PATIENCE, check=False,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (6, "")
    numbers = [int(word) for word in (world.home / "open").read_text().split()]
    expected = [number for number, sign in enumerate(("<&-", " >&-", "2>&-")) if sign not in f" {closed}"]
    assert [number for number in numbers if number < 3] == expected
    # What keeps the revision; and nothing else.
    assert len([number for number in numbers if number >= 3]) == 1
    assert (numbers[-1] >= 256) is not few


@pytest.mark.parametrize(
    "closed",
    [
        ">&-",
        "2>&-",
        *(pytest.param(each, marks=pytest.mark.slow) for each in ("> out", "2> err", "> out 2>&1")),
    ],
)
def test_shell_with_other_streams_than_its_terminal(user: User, closed: str) -> None:
    if (user.shell, closed) == ("tcsh", ">&-"):
        pytest.skip("tcsh itself ends at once")
    argv = ["sh", "-c", f'exec "$@" {closed}', "sh", *user.world.command("use", "foo")]
    with user.starts(*argv) as terminal:
        terminal.send("env > environment\nexit 7\n")
        assert terminal.finish()[0] == 7
    assert "REZUP_CONTAINER=foo" in (user.home / "environment").read_text().splitlines()


@pytest.mark.parametrize("stdin", ["closed", "pipe", "file", "socket"])
def test_without_a_terminal_to_type_in_no_shell_opens_and_nothing_waits(world: World, stdin: str) -> None:
    import socket

    world.revision("foo", "100.000000")
    reading, writing = os.pipe()
    one, other = socket.socketpair()
    file = world.write("commands", "echo never\n").open()
    given = {"pipe": reading, "socket": one.fileno(), "file": file.fileno()}
    # The pipe and the socket stay open: who reads from one waits for ever.
    line = 'exec "$@" <&-' if stdin == "closed" else 'exec "$@"'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *world.command("use", "foo")], env=world.environ, cwd=world.home,
        stdin=given.get(stdin), capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    for each in (reading, writing):
        os.close(each)
    one.close(), other.close(), file.close()
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[0] == "error: there is no terminal to open a shell in"


@pytest.mark.parametrize("term", ["", "no-such-terminal", None])
def test_a_terminal_of_no_known_kind(user: User, term: str | None) -> None:
    del user.world.variables["TERM"]
    if term is not None:
        user.world.variables["TERM"] = term
    shown = user.types("rez here")
    assert "rez of 100.000000 here" in shown
    assert "Traceback" not in shown


# -- which shell

needs_proc = pytest.mark.skipif(not os.path.exists("/proc/self/exe"), reason="no /proc")


@needs_proc
@pytest.mark.parametrize(
    ("value", "opened"),
    [
        (None, "sh"), ("", "sh"), ("   ", "sh"), ("/bin/false", "sh"), ("/usr/sbin/nologin", "sh"), ("{home}/no/zsh", "sh"),
        ("{home}/plain/bash", "sh"), ("{home}", "sh"), ("bash", "bash"), ("{home}/my shells/bash", "bash"),
        ("my shells/bash", "bash"), ("{home}/$(touch ran)/bash", "bash"), ("no-such\nbash", "sh"),
    ],
)  # fmt: skip
def test_the_shell_is_that_of_shell_where_nothing_tells_the_parent(
    world: World, value: str | None, opened: str
) -> None:
    bash = program("bash")
    world.revision("foo", "100.000000")
    for folder in ("my shells", "$(touch ran)"):
        (world.home / folder).mkdir()
        (world.home / folder / "bash").symlink_to(bash)
    world.write("plain/bash", "#!/bin/sh\n", mode=0o644)
    world.variables["TERM"] = "dumb"
    environ = dict(world.environ)
    del environ["SHELL"]
    if value is not None:
        environ["SHELL"] = value.replace("{home}", str(world.home))
    with Terminal(strangers(*world.command("use", "foo")), environ, world.home) as terminal:
        terminal.expect(MARK)
        terminal.send("echo opened-${BASH_VERSION:+ba}sh; exit 7\n")
        expected = opened if opened == "bash" else os.path.basename(os.path.realpath("/bin/sh"))
        terminal.expect(f"opened-{'bash' if expected == 'bash' else 'sh'}\r\n")
        assert terminal.finish()[0] == 7
    assert not list(world.home.rglob("ran"))


OPENED = "import os; print('ope' + 'ned', os.path.basename(os.readlink('/proc/%d/exe' % os.getppid())), '.')"


@needs_proc
@pytest.mark.parametrize("way", ["typed", "login", "script", "exec in a script"])
def test_the_shell_is_the_one_that_rezup_was_started_from(user: User, way: str) -> None:
    del user.world.variables["REZUP_DEFAULT_SHELL"]
    user.world.variables["SHELL"] = "/no/such/shell"
    other = program("dash" if user.shell != "dash" else "bash")
    line = shlex.join(user.world.command("use", "foo"))
    expected = user.shell
    if way == "login":
        terminal = login(user)
    else:
        terminal = outside(user)
        if "script" in way:
            is_exec = way.startswith("exec")
            text = f"#!{other}\n{'exec ' if is_exec else ''}{line}\n"
            if not is_exec:  # a script of another shell is the shell that rezup is started from
                text += "exit $?\n"
                expected = os.path.basename(other)
            line = shlex.quote(str(user.world.write("start", text, mode=0o755)))
    with terminal:
        terminal.send(line + "\n")
        terminal.expect(MARK)
        terminal.send(shlex.join([sys.executable, "-c", OPENED]) + "\n")
        terminal.expect(f"opened {os.path.basename(os.path.realpath(program(expected)))} .")
        terminal.send("exit 3\n")
        terminal.expect("outer> ")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


@needs_proc
@pytest.mark.parametrize("name", ["tcsh", "{path}", "csh"])
def test_tcsh_is_known_though_it_writes_over_the_beginning_of_its_name(world: World, name: str) -> None:
    user = User(world, "tcsh")
    del world.variables["REZUP_DEFAULT_SHELL"]
    (world.home / "bin").mkdir()
    (world.home / "bin" / "csh").symlink_to(user.program)
    argv = [str(world.home / "bin" / "csh") if name == "csh" else name.format(path=user.program)]
    code = f"import os; os.execv({argv[0] if name == 'csh' else user.program!r}, [{argv[0] if name != 'csh' else 'csh'!r}, '-f'])"
    with user.starts(sys.executable, "-c", code) as terminal:
        terminal.send(shlex.join(world.command("use", "foo")) + "\n")
        terminal.expect(MARK)
        terminal.send(shlex.join([sys.executable, "-c", OPENED]) + "\n")
        terminal.expect("opened tcsh .")
        terminal.send("exit 7\n")
        terminal.send("exit $status\n")
        assert terminal.finish()[0] == 7


def login(user: User) -> Terminal:
    """The shell as a login shell, told by the dash before its name."""
    from support.shell_users import PLAIN, PROMPTS

    bash = program("bash")
    words = shlex.join([user.program, *PLAIN[user.shell]])
    terminal = user.starts(bash, "-c", f"exec -a -{user.shell} {words}")
    terminal.send(PROMPTS.get(user.shell, "PS1='out''er> '") + "\n")
    terminal.expect("outer> ")
    return terminal


# -- PowerShell and cmd, which are not here: programs of their names that tell what they were given

_RECORDER = """
import json, os, sys
given = {"argv": [os.fsencode(each).hex() for each in sys.argv[1:]], "environ": dict(os.environ), "tty": sys.stdin.isatty()}
given["stdin"] = "" if given["tty"] else sys.stdin.read()
with open(os.environ["HOME"] + "/given", "w") as stream:
    json.dump(given, stream)
sys.exit(6)
"""


class Given:
    """What a program was started with."""

    def __init__(self, world: World) -> None:
        found: dict[str, Any] = json.loads((world.home / "given").read_text())
        self.arguments = [bytes.fromhex(each) for each in found["argv"]]
        self.environ: dict[str, str] = found["environ"]
        self.has_terminal: bool = found["tty"]
        self.stdin: str = found["stdin"]


@pytest.fixture
def windows_shells(world: World) -> Path:
    """The folder of the two, which is first on PATH."""
    for name in ("pwsh", "cmd"):
        world.write(f"fakes/{name}", f"#!{sys.executable}\n{_RECORDER}", mode=0o755)
    world.revision("foo", "100.000000")
    world.variables.update(TERM="dumb", LC_ALL="C.UTF-8", PATH=f"{world.home}/fakes:{world.environ['PATH']}")
    return world.home / "fakes"


@pytest.mark.parametrize("name", ["pwsh", "cmd"])
def test_what_a_shell_of_windows_is_started_with(world: World, windows_shells: Path, name: str) -> None:
    world.variables["REZUP_DEFAULT_SHELL"] = str(windows_shells / name)
    with Terminal(world.command("use", "foo"), world.environ, world.home) as terminal:
        assert terminal.finish()[0] == 6
    given = Given(world)
    script = given.environ["_REZUP_SCRIPT"].strip('"')
    assert os.path.basename(script) == {"pwsh": "powershell.ps1", "cmd": "cmd.bat"}[name]
    assert os.path.isfile(script)
    assert given.has_terminal
    assert given.environ["REZUP_PROMPT"] == MARK
    assert given.environ["PATH"].split(":")[0] == given.environ["_REZUP_BIN"]
    assert given.environ["_REZUP_BIN"].endswith("100.000000/venv/rez/bin/rez")
    if name == "cmd":
        assert given.arguments == [b"/K", b"%_REZUP_SCRIPT%"]
        assert given.environ["_REZUP_PROMPT"] == "rezup $Cfoo/local$F "
    else:
        assert given.arguments[:3] == [b"-NoLogo", b"-NoExit", b"-Command"]
        assert given.arguments[3:] == [
            b"Invoke-Expression (Get-Content -Raw -LiteralPath $env:_REZUP_SCRIPT)"
        ]


def test_a_script_of_powershell_gets_its_arguments_as_they_are(world: World, windows_shells: Path) -> None:
    script = world.write("it's a job.ps1", "exit 1\n")
    outcome = world.rezup("use", "foo", "--do", script, "--", *NASTY, stdin=None, input="fed")
    assert outcome.code == 6, outcome.err
    given = Given(world)
    options = [b"-NoLogo", b"-NoProfile", b"-File"]
    assert given.arguments == [*options, os.fsencode(script), *encoded(NASTY)]
    assert given.stdin == "fed"


@pytest.mark.parametrize("suffix", ["bat", "cmd"])
def test_no_argument_of_a_batch_file_is_a_command(world: World, windows_shells: Path, suffix: str) -> None:
    """cmd reads a line of text, in which each character that means something stands behind a caret."""
    script = world.write(f"job.{suffix}", "exit 1\n")
    outcome = world.rezup("use", "foo", "--do", script, "--", "a&calc", '"|more', "%PATH%", "50^%", "")
    assert outcome.code == 6, outcome.err
    given = Given(world)
    assert given.arguments == [b"/D", b"/C", b"%_REZUP_LINE%"]
    words = f'^"{script}^" ^"a^&calc^" ^"\\^"^|more^" ^"^%PATH^%^" ^"50^^^%^" ^"^"'
    assert given.environ["_REZUP_LINE"] == words


def test_batch_files_are_given_no_line_break(world: World, windows_shells: Path) -> None:
    script = world.write("job.bat", "exit 1\n")
    outcome = world.rezup("use", "foo", "--do", script, "--", "a\ncalc")
    assert outcome.code == 1
    assert outcome.err.splitlines() == [
        "error: job.bat can't be given its arguments", "  cmd can't pass an argument with a line break"
    ]  # fmt: skip
    assert not (world.home / "given").exists()


def test_a_context_in_powershell_and_in_cmd(world: World, windows_shells: Path) -> None:
    with_package(world)
    for name, option in (("pwsh", b"-Command"), ("cmd", b"/C")):
        outcome = world.rezup("env", "maya", "--shell", name, "-c", "do it")
        assert outcome.code == 6, outcome.err
        given = Given(world)
        assert option in given.arguments
        folder = next((world.home / "tmp").glob("rezup-*/rezup-*"))
        assert folder.is_dir()
        assert "do it" in "".join(path.read_text() for path in folder.rglob("*") if path.is_file())


# -- a terminal of its own


#: A terminal emulator: it gives the program a terminal, and as nobody is there, types into it. Waits to be let go.
_EMULATOR = """
import os, sys
sys.path.insert(0, {tests!r})
from support.terminal import Terminal
open("go").read()
with Terminal(sys.argv[2:], os.environ, ".") as terminal:
    terminal.send("echo $MAYA > said.new; mv said.new said; exit\\n")
    terminal.finish()
"""


def test_detached_opens_in_the_terminal_that_is_configured_and_is_not_waited_for(world: World) -> None:
    with_package(world)
    tests = os.path.dirname(os.path.dirname(__file__))
    text = f"#!{sys.executable}\n{_EMULATOR.format(tests=tests)}"
    world.variables["REZ_TERMINAL_EMULATOR_COMMAND"] = f"{world.write('emulator', text, mode=0o755)} -e"
    os.mkfifo(world.home / "go")
    outcome = world.rezup("env", "maya", "--shell", program("bash"), "--detached", timeout=PATIENCE)
    assert (outcome.code, outcome.out, outcome.err) == (0, "", "")
    (world.home / "go").write_text("")
    assert eventually((world.home / "said").exists)
    assert (world.home / "said").read_text() == "2024\n"
