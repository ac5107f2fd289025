"""`rezup env`: its options and words, with the real entry point and real shells."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from support.shell_code import SHELLS, program_of
from support.terminal import Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.world import Outcome, World

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

NAMES = [*SHELLS]

PACKAGES = {
    "python/2.7": "",
    "python/3.9": "def commands():\n    env.PY = '{version}'",
    "maya/2023": "requires = ['python-2']",
    "maya/2024": "requires = ['python-3']\ntimestamp = 5000\ndef commands():\n    env.MAYA = '{root}'\n"
    "    env.PATH.prepend('{root}/bin')\n    alias('hello', '/bin/echo hello')\n    env.BUILD = building",
    "stops/1": "def commands():\n    stop('not %s', 'here')",
    "fails/1": "def commands():\n    env.A = 1\n    env.B = this.nothing",
}  # fmt: skip


@pytest.fixture
def studio(world: World) -> World:
    """A machine whose Rez has one repository and no implicit packages."""
    (world.home / "tmp").mkdir()
    world.variables.update(
        REZ_PACKAGES_PATH=str(world.home / "packages"),
        REZ_IMPLICIT_PACKAGES="",
        TMPDIR=str(world.home / "tmp"),
    )
    for name, text in PACKAGES.items():
        package(world, name, text)
    return world


def package(world: World, name: str, text: str = "") -> Path:
    family, _, version = name.partition("/")
    return world.write(f"packages/{name}/package.py", f"name = {family!r}\nversion = {version!r}\n{text}\n")


def folders(world: World) -> list[Path]:
    """The folders of contexts that there are."""
    return sorted((world.home / "tmp").glob("rezup-*/rezup-*"))


# -- options and words


def test_a_command_and_its_status(studio: World) -> None:
    outcome = studio.rezup("env", "maya", "--", "sh", "-c", "echo $MAYA $PY; exit 7")
    assert outcome == type(outcome)(7, f"{studio.home}/packages/maya/2024 3.9\n", "")
    assert studio.rezup("env", "maya", "--", "no_such_program").code == 127
    assert studio.rezup("env", "maya", "--", "hello", "a b").out == "hello a b\n"
    assert studio.rezup("env", "maya", "-c", "hello x; exit 3").code == 3


def test_a_child_that_dies_of_a_signal(studio: World) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$@"; echo $?', "sh", *studio.command("env", "maya", "-c", "kill -9 $$")],
        env=studio.environ, capture_output=True, text=True, cwd=studio.home, check=False,
    )  # fmt: skip
    assert done.stdout == "137\n"


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("maya", "-c", "x", "--", "y"), "Either --command or a command after `--`."),
        (("maya", "-i", "x.rxt"), "--input has its own packages; to change them, add --patch."),
        (("maya", "--strict"), "--strict and --patch-rank need --patch."),
        (("maya", "--patch-rank", "1"), "--strict and --patch-rank need --patch."),
        (("maya", "--patch-rank", "-1"), "-1 is not in the range"),
        (("maya", "--pkg-cache-mode", "never"), "'never' is not one of 'sync', 'async'"),
        (("maya", "--time", "1w"), "time"),
        (("maya", "--such"), "--such"),
    ],
)
def test_wrong_usage(studio: World, arguments: tuple[str, ...], text: str) -> None:
    outcome = studio.rezup("env", *arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert text in outcome.err


def test_what_cannot_be_entered(studio: World) -> None:
    def error(*arguments: str, **options: Any) -> list[str]:
        outcome = studio.rezup("env", *arguments, "--", "echo", "never", **options)
        assert (outcome.code, outcome.out) == (1, "")
        return outcome.err.splitlines()

    lines = error("maya-2024", "python-2")
    assert lines[0].startswith("error: The following package conflicts occurred: (python-")
    assert "maya-2024 needs python-3" in lines[1]
    assert lines[2] == "hint: rezup resolve --explain maya-2024 python-2 shows each step"
    assert error("nope")[0].startswith("error: package family not found: nope")
    assert error("maya-1999")[0] == "error: Package could not be found: maya-1999"
    assert error("maya", "--time-limit", "0")[0] == "error: time limit exceeded"
    place = studio.home / "packages"
    lines = error("stops")
    assert lines[0].startswith("error: commands of stops-1 stop the environment")
    assert lines[0].endswith(f"{place}/stops/1/package.py:4")
    assert lines[1] == "  not here"
    lines = error("fails")
    assert lines[0] == f"error: commands of fails-1 fail, {place}/fails/1/package.py:5"
    assert lines[1:3] == [
        "  AttributeError: package fails-1 has no attribute 'nothing'",
        "    env.B = this.nothing",
    ]
    lines = error("maya", "--shell", "nosh")
    assert lines[:2] == [
        "error: unknown shell 'nosh'",
        "  known shells: bash, zsh, fish, sh, dash, ash, tcsh, csh, pwsh, powershell, cmd",
    ]
    assert "rezup use NAME -- rez-env" in lines[2]
    lines = error("maya", "--shell", "fish", env={"PATH": "/nowhere"})
    assert lines[0] == "error: fish can't be started"
    assert lines[2] == "hint: name another shell with --shell"
    assert "REZ_RXT_FILE is not set" in "\n".join(error("--patch", "^maya"))
    assert "digraph" in "\n".join(error("maya-2024", "python-2", "--fail-graph"))


def test_options_that_choose_packages(studio: World) -> None:
    def used(*arguments: str) -> str:
        return studio.rezup("env", *arguments, "--", "printenv", "REZ_USED_RESOLVE").out.strip()

    assert used("maya") == "python-3.9 maya-2024"
    assert used("maya", "--exclude", "maya-2024") == "python-2.7 maya-2023"
    assert used("maya", "--exclude", "maya", "--include", "maya-2023") == "python-2.7 maya-2023"
    assert used("maya", "--time", "4999") == "python-2.7 maya-2023"
    studio.variables["REZ_IMPLICIT_PACKAGES"] = "!maya-2024"
    assert used("maya") == "python-2.7 maya-2023"
    assert used("maya", "--no-implicit") == used("maya", "--ni") == "python-3.9 maya-2024"
    studio.variables["REZ_PACKAGE_FILTER_JSON"] = '{"excludes": ["maya"]}'
    assert used("maya") == ""
    assert used("maya", "--no-filters") == "python-2.7 maya-2023"
    del studio.variables["REZ_PACKAGE_FILTER_JSON"]
    studio.write("other/maya/1/package.yaml", "name: maya\nversion: '1'\n")
    assert used("maya", "--paths", "other") == "maya-1"
    both = os.pathsep.join([str(studio.home / "other"), str(studio.home / "packages")])
    studio.variables.update(REZ_PACKAGES_PATH=both, REZ_LOCAL_PACKAGES_PATH=str(studio.home / "other"))
    assert used("maya-1") == "maya-1"
    assert used("maya-1", "--no-local") == ""


def test_building(studio: World) -> None:
    assert studio.rezup("env", "maya", "-b", "--", "printenv", "BUILD").out == "True\n"
    assert studio.rezup("env", "maya", "--", "printenv", "BUILD").out == "False\n"


def test_what_has_no_effect_is_one_notice(studio: World) -> None:
    outcome = studio.rezup(
        "env", "maya", "--no-cache", "--no-pkg-cache", "--pkg-cache-mode", "async", "--", "echo", "x"
    )
    assert (outcome.code, outcome.out) == (0, "x\n")
    assert outcome.err == (
        "--no-cache, --no-pkg-cache, --pkg-cache-mode: there is no such cache here, so it has no effect\n"
    )
    assert studio.rezup("env", "maya", "--no-cache", "-q", "--", "true").err == ""


def test_timings_and_stats_go_to_stderr(studio: World) -> None:
    outcome = studio.rezup("env", "maya", "--timings", "--stats", "--", "echo", "x")
    assert outcome.out == "x\n"
    assert outcome.err.startswith("steps: ")
    words = [line.split()[0] for line in outcome.err.splitlines() if line.endswith(" ms")]
    assert words[-4:] == ["shell", "commands", "script", "total"]


@pytest.mark.parametrize("shell", NAMES)
def test_commands_from_standard_input(studio: World, shell: str) -> None:
    outcome = studio.rezup(
        "env", "maya", "--shell", program_of(shell), "-s", stdin=None, input="echo $PY\nexit 4\n"
    )
    assert (outcome.code, outcome.out, outcome.err) == (4, "3.9\n", "")


def test_start_up_files(studio: World) -> None:
    """Of a shell that somebody types into; a command has none."""
    program = program_of("bash")
    studio.write(".bashrc", "export RC=usual\n")
    own = studio.write("own rc", "export RC=own\n")
    studio.variables["TERM"] = "dumb"

    def rc(*arguments: str | Path) -> str:
        command = studio.command("env", "maya", "-q", "--shell", program, *arguments)
        with Terminal(command, studio.environ, studio.home) as terminal:
            terminal.send('echo "<$RC-$PY>"; exit\n')
            terminal.expect("<")
            return terminal.finish()[1].rpartition("<")[2].partition(">")[0]

    assert rc() == "usual-3.9"
    assert rc("--norc") == "-3.9"
    assert rc("--rcfile", own) == "own-3.9"
    assert studio.rezup("env", "maya", "--shell", "bash", "-c", "echo $RC-$PY").out == "-3.9\n"


# -- contexts as files


def test_a_context_is_saved_entered_and_changed(studio: World) -> None:
    assert studio.rezup("env", "maya", "-o", "x.rxt") == _outcome(0)
    printed = studio.rezup("env", "maya", "-o", "-").out
    saved = (studio.home / "x.rxt").read_text()
    assert json.loads(printed).keys() == json.loads(saved).keys()

    def used(*arguments: str, **options: Any) -> str:
        return studio.rezup("env", *arguments, "--", "printenv", "REZ_USED_RESOLVE", **options).out.strip()

    package(studio, "maya/2025")  # the context keeps what it was
    assert used("-i", "x.rxt") == used("-i", "-", stdin=None, input=saved) == "python-3.9 maya-2024"
    assert used("-i", "x.rxt", "python-2.7", "^maya", "--patch") == "python-2.7"
    current = {"REZ_RXT_FILE": str(studio.home / "x.rxt")}
    assert used("python-2.7", "maya-2023", "--patch", env=current) == "python-2.7 maya-2023"
    assert used("maya", "-i", "x.rxt", "--patch") == "maya-2025"


def test_a_failed_one_is_saved_and_says_so(studio: World) -> None:
    outcome = studio.rezup("env", "maya-2024", "python-2", "-o", "x.rxt")
    assert (outcome.code, outcome.out) == (1, "")
    assert "conflicts occurred" in outcome.err
    entered = studio.rezup("env", "-i", "x.rxt", "--", "echo", "never")
    assert (entered.code, entered.out) == (1, "")
    assert "conflicts occurred" in entered.err


def test_where_it_cannot_be_saved(studio: World) -> None:
    outcome = studio.rezup("env", "maya", "-o", "nowhere/x.rxt")
    assert (outcome.code, outcome.out) == (1, "")
    assert outcome.err.startswith("error: ")
    assert "nowhere/x.rxt" in outcome.err


def _damaged(text: str) -> dict[str, bytes]:
    document = json.loads(text)
    found = {
        "empty": b"", "cut": text[: len(text) // 2].encode(), "nested": b"[" * 100_000, "a list": b"[]", "text": b'"x"',
        "no text": b"\xff\xfe\x00", "code": b"__import__('os').system('touch harmed')", "null": b"null",
        "pickle": b"\x80\x04cos\nsystem\n(S'touch harmed'\ntR.",
        "yaml": b"!!python/object/apply:os.system ['touch harmed']",
        "a later form": json.dumps({**document, "serialize_version": "99.0"}).encode(),
        "an odd form": json.dumps({**document, "serialize_version": {"a": 1}}).encode(),
    }  # fmt: skip
    for name in ("status", "resolved_packages", "package_requests", "package_paths"):
        found[f"without {name}"] = json.dumps({k: v for k, v in document.items() if k != name}).encode()
        for value in (5, {"a": [1]}, [[[]]], [{"variables": 3}]):
            found[f"{name} {value}"] = json.dumps({**document, name: value}).encode()
    return found


def test_a_damaged_or_foreign_file_is_an_error_and_executes_nothing(studio: World) -> None:
    text = studio.rezup("env", "maya", "-o", "-").out
    for name, content in _damaged(text).items():
        (studio.home / "x.rxt").write_bytes(content)
        outcome = studio.rezup("env", "-i", "x.rxt", "--", "echo", "never")
        if name == "without package_paths" or name.startswith("package_paths"):
            assert outcome.code in (0, 1), name  # nothing is looked for in them
        else:
            assert (outcome.code, outcome.out) == (1, ""), (name, outcome)
        assert "Traceback" not in outcome.err, name
        if outcome.code == 1:
            assert outcome.err.startswith("error: "), name
            assert "x.rxt" in outcome.err or name.startswith("status"), (name, outcome.err)
    assert not (studio.home / "harmed").exists()
    assert "nowhere.rxt" in studio.rezup("env", "-i", "nowhere.rxt").err


def test_a_hostile_file_names_data_only(studio: World) -> None:
    document = json.loads(studio.rezup("env", "maya", "-o", "-").out)
    nasty = "$(touch harmed)`touch harmed`'; touch harmed; \"\n touch harmed\n!"
    for key, value in {"package_requests": [nasty], "implicit_packages": [nasty], "user": nasty, "rez_path": nasty,
                       "suite_context_name": nasty, "parent_suite_path": nasty, "host": nasty}.items():  # fmt: skip
        (studio.home / "x.rxt").write_text(json.dumps({**document, key: value}))
        for shell in ("bash", "tcsh"):
            outcome = studio.rezup("env", "-i", "x.rxt", "--shell", program_of(shell), "--", "echo", "in")
            assert (outcome.code, outcome.out) in ((0, "in\n"), (1, "")), (key, outcome)
            assert "Traceback" not in outcome.err
    assert not list(studio.home.rglob("harmed"))


def test_packages_that_vanished_are_named(studio: World) -> None:
    studio.rezup("env", "maya", "-o", "x.rxt")
    shutil.rmtree(studio.home / "packages/maya/2024")
    outcome = studio.rezup("env", "-i", "x.rxt", "--", "echo", "never")
    assert (outcome.code, outcome.out) == (1, "")
    assert "maya" in outcome.err.splitlines()[0]
    assert str(studio.home / "packages/maya/2024") in outcome.err


# -- what is hostile reaches the child as data

NASTY = [
    "a b\"c'é", "$(touch harmed)", "`touch harmed`", "a\nb", "%PATH% %s", "!! !x", "日本 🦊", "; touch harmed #", "$HOME ${HOME}",
    "\\ \\n \\$x", "*?[a]{b,c}", "~ ~/x", "-n", "a|b&c<d>e", "'\"'\"'", "\t\r", "(x)", "a=b:c",
]  # fmt: skip


@pytest.mark.parametrize("shell", NAMES)
class TestHostile:
    def test_values_and_words(self, studio: World, shell: str) -> None:
        lines = [f"    env['N{number}'] = literal({text!r})" for number, text in enumerate(NASTY)]
        package(studio, "nasty/1", "\n".join(["def commands():", *lines]))
        script = studio.write(
            "show.py", "import os, sys, json\nprint(json.dumps([dict(os.environ), sys.argv[1:]]))\n"
        )
        words = [text for text in NASTY if "$" not in text]
        outcome = studio.rezup(
            "env", "nasty", "--shell", program_of(shell), "--", sys.executable, script, *words
        )
        assert (outcome.code, outcome.err) == (0, "")
        variables, arguments = json.loads(outcome.out)
        assert [variables[f"N{number}"] for number in range(len(NASTY))] == NASTY
        assert arguments == words
        assert not list(studio.home.rglob("harmed"))

    @pytest.mark.parametrize(
        "name", ["a b\"c'é", "$(touch harmed)", "`touch harmed`", "two\nlines", "50% off!", "日本"]
    )
    def test_paths(self, studio: World, shell: str, name: str) -> None:
        """Of packages, temporary files, the home folder, and the folder that one stands in."""
        home = studio.home / name
        shutil.copytree(studio.home / "packages", home / "packages")
        (home / "tmp").mkdir()
        own = {"HOME": str(home), "TMPDIR": str(home / "tmp"), "REZ_PACKAGES_PATH": str(home / "packages")}
        outcome = studio.rezup(
            "env", "maya", "--shell", program_of(shell), "--", "printenv", "MAYA", env=own, cwd=home
        )
        assert outcome == _outcome(0, f"{home}/packages/maya/2024\n")
        assert not list(studio.home.rglob("harmed"))

    def test_inherited_variables(self, studio: World, shell: str) -> None:
        own = {f"I{number}": text for number, text in enumerate(NASTY)}
        package(
            studio, "more/1", "def commands():\n" + "\n".join(f"    env.{name}.append('/x')" for name in own)
        )
        script = studio.write("show.py", "import os, json\nprint(json.dumps(dict(os.environ)))\n")
        studio.variables["REZ_ALL_PARENT_VARIABLES"] = "1"
        outcome = studio.rezup(
            "env", "more", "--shell", program_of(shell), "--", sys.executable, script, env=own
        )
        assert (outcome.code, outcome.err) == (0, "")
        found = json.loads(outcome.out)
        assert {name: found[name] for name in own} == {name: f"{text}:/x" for name, text in own.items()}
        assert not list(studio.home.rglob("harmed"))


def test_hostile_requests_are_errors(studio: World) -> None:
    for text in ("$(touch harmed)", "a b", "../../x", "a\nb", "'", "é", "", "-", "a" * 5000, "\udcff"):
        outcome = studio.rezup("env", "--", "true") if text == "" else studio.rezup("env", text, "--", "true")
        assert outcome.code == (0 if text == "" else 2 if text == "-" else 1) or outcome.code == 1, text
        assert "Traceback" not in outcome.err
    assert not list(studio.home.rglob("harmed"))


def test_a_package_name_that_is_hostile_on_disk_is_not_entered(studio: World) -> None:
    package(studio, "maya/$(touch harmed)", "")
    studio.write("packages/maya/`touch harmed`/package.py", "name = 'maya'\nversion = '`touch harmed`'\n")
    assert studio.rezup("env", "maya-2024", "--", "echo", "x").out == "x\n"
    assert not list(studio.home.rglob("harmed"))


# -- ends of the terminal


def test_ctrl_c_ends_the_command_and_nothing_is_said(studio: World) -> None:
    ready = studio.home / "ready"
    os.mkfifo(ready)
    process = studio.start(
        "env", "maya", "--", "sh", "-c", f"echo x > {ready}; exec sleep 100", start_new_session=True
    )
    with ready.open() as stream:
        stream.read()
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert process.returncode in (-signal.SIGINT, 130)
    assert (out, err) == ("", "")


@pytest.mark.parametrize("shell", NAMES)
def test_without_terminal_and_command_a_shell_reads_what_there_is_and_ends(studio: World, shell: str) -> None:
    program = program_of(shell)
    """In the context, and with no prompt: there is nobody to see it."""
    ended = studio.rezup("env", "maya", "--shell", program, timeout=30)
    assert ended == _outcome(0)
    commands = "echo got $PY\nexit 5\n"
    fed = studio.rezup("env", "maya", "--shell", program, stdin=None, input=commands, timeout=30)
    assert fed == _outcome(5, "got 3.9\n")


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(studio: World, closed: str) -> None:
    line = f'"$@" {closed}'
    done = subprocess.run(
        ["sh", "-c", line, "sh", *studio.command("env", "maya", "--", "sh", "-c", "echo $PY > said; exit 6")],
        env=studio.environ, capture_output=True, text=True, cwd=studio.home, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 6
    assert (studio.home / "said").read_text() == "3.9\n"
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("shell", ["bash", "zsh"])
def test_a_shell_on_a_terminal(studio: World, shell: str) -> None:
    program = program_of(shell)
    studio.write(".zshrc", "")
    studio.variables.update(TERM="dumb")
    with Terminal(studio.command("env", "maya", "--shell", program), studio.environ, studio.home) as terminal:
        terminal.expect("You are now in a rez-configured environment.")
        terminal.expect("requested packages")
        terminal.expect("maya-2024")
        terminal.expect("%" if shell == "zsh" else ">")
        terminal.send("hello $PY\n")
        terminal.expect("hello 3.9")
        terminal.send("exit 9\n")
        assert terminal.finish()[0] == 9


def test_quiet_is_no_welcome(studio: World) -> None:
    studio.variables.update(TERM="dumb")
    with Terminal(
        studio.command("env", "maya", "-q", "--shell", program_of("bash")), studio.environ, studio.home
    ) as terminal:
        terminal.send("echo al''ive\nexit 0\n")
        code, shown = terminal.finish()
    assert code == 0
    assert "alive" in shown
    assert "requested packages" not in shown


# -- places that are not as they should be


@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write anywhere")
def test_a_temporary_folder_that_may_not_be_written(studio: World) -> None:
    (studio.home / "tmp").chmod(0o500)
    _no_place(studio, studio.home / "tmp")


@pytest.mark.parametrize("place", ["missing", "a file"])
def test_no_folder_for_contexts(studio: World, place: str) -> None:
    studio.write("a file", "")
    studio.variables["REZ_CONTEXT_TMPDIR"] = str(studio.home / place)
    _no_place(studio, studio.home / place)


@pytest.mark.parametrize("place", ["missing", "a file"])
def test_a_temporary_folder_that_is_none_is_passed_over(studio: World, place: str) -> None:
    """As with Rez, and all of Python: the next usual one is taken."""
    studio.write("a file", "")
    outcome = studio.rezup("env", "maya", "--", "echo", "x", env={"TMPDIR": str(studio.home / place)})
    assert (outcome.code, outcome.out, outcome.err) == (0, "x\n", "")


def _no_place(studio: World, place: Path) -> None:
    outcome = studio.rezup("env", "maya", "--", "echo", "never")
    assert (outcome.code, outcome.out) == (1, "")
    lines = outcome.err.splitlines()
    assert lines[0] == "error: there is no place for the files of the context"
    assert str(place) in lines[1]
    assert lines[2] == "hint: set TMPDIR, or Rez's context_tmpdir, to a folder that can be written to"


def test_a_context_goes_through_links_and_into_pipes(studio: World) -> None:
    """What is no plain file is never replaced by one."""
    target = studio.write("target.rxt", "old")
    (studio.home / "link.rxt").symlink_to(target)
    assert studio.rezup("env", "maya", "-o", "link.rxt").code == 0
    assert (studio.home / "link.rxt").is_symlink()
    assert json.loads(target.read_text())["status"] == "solved"
    pipe = studio.home / "pipe"
    os.mkfifo(pipe)
    process = studio.start("env", "maya", "-o", "pipe")
    with pipe.open() as stream:
        assert json.load(stream)["status"] == "solved"
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert pipe.is_fifo()
    folder = studio.rezup("env", "maya", "-o", "packages")
    assert (folder.code, folder.out) == (1, "")
    assert "packages can't be written" in folder.err


def test_a_home_that_is_not_there(studio: World) -> None:
    outcome = studio.rezup(
        "env", "maya", "--", "printenv", "MAYA", env={"HOME": str(studio.home / "missing")}
    )
    assert (outcome.code, outcome.err) == (0, "")
    without = {name: value for name, value in studio.environ.items() if name != "HOME"}
    done = subprocess.run(
        studio.command("env", "maya", "--", "printenv", "MAYA"), env=without, capture_output=True, text=True,
        cwd=studio.home, stdin=subprocess.DEVNULL, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, outcome.out, "")


@pytest.mark.parametrize("place", ["a file", "a file/below"])
def test_a_cache_that_cannot_be_written(studio: World, place: str) -> None:
    studio.write("a file", "")
    for _ in range(2):
        outcome = studio.rezup(
            "env", "maya", "--", "echo", "x", env={"REZUP_CACHE_DIR": str(studio.home / place)}
        )
        assert (outcome.code, outcome.out) == (0, "x\n")
        assert "Traceback" not in outcome.err


# -- what is kept between two calls


@pytest.fixture
def later(studio: World) -> Callable[..., list[str]]:
    """Runs `rezup env maya` in a process whose clock is ahead, so that it keeps what was just written."""
    code = (
        "import sys, time\nns = time.time_ns\ntime.time_ns = lambda: ns() + 10**10\nimport click\nimport os\n"
        "if sys.argv[1:] == ['loaded']:\n"
        "    before = set(sys.modules)\n"
        "    import os\n"
        "    def report(*_):\n"
        "        print(*sorted(set(sys.modules) - before), sep='\\n')\n"
        "        sys.stdout.flush()\n"
        "        os._exit(0)\n"
        "    os.execve = os.execv = os.execvpe = report\n"
        "from rezup_cli.main import main\n"
        "sys.exit(main(['env', 'maya', '--shell', 'sh', '--', 'printenv', 'MAYA', 'REZ_USED_RESOLVE']))\n"
    )
    # A measurement of coverage would load modules of its own.
    environment = {name: value for name, value in studio.environ.items() if not name.startswith("COVERAGE_")}

    def run(*arguments: str) -> list[str]:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], env=environment, capture_output=True, text=True, check=False,
            cwd=studio.home,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, "")
        return done.stdout.splitlines()

    return run


#: Beginnings of all that entering may load beside what `import click` has loaded.
ALLOWED = (
    "rezup", "rezup.errors", "rezup.reporting", "rezup.session", "rezup.session.contexts", "rezup.session.packages",
    "rezup.launch", "rezup.resolver", "rezup.runtime", "rezup.shells", "rezup.system", "rezup_cli",
    "bisect", "_bisect", "gc", "signal", "zlib", "locale", "_locale", "marshal", "fcntl", "_json", "json", "textwrap",
)  # fmt: skip
NEVER = (
    "rezup.resolver.solver", "rezup.runtime.index_store.store",
    "rezup.runtime.config.config", "rezup.runtime.plain_definition", "rezup.containers", "rezup.recipes", "rezup.settings", "ast",
    "inspect", "subprocess", "tempfile", "shutil", "pathlib", "tomllib", "yaml", "dataclasses", "socket", "rich",
)  # fmt: skip


def test_a_hot_start_loads_little(studio: World, later: Callable[..., list[str]]) -> None:
    assert "rezup.runtime.config.config" in later("loaded")  # nothing was kept yet
    later()
    loaded = later("loaded")
    assert "rezup.runtime.known_definitions" in loaded
    assert [name for name in loaded if name.startswith(NEVER)] == []
    assert [
        name
        for name in loaded
        if ".".join(name.split(".")[:2]) not in ALLOWED and name.split(".")[0] not in ALLOWED
    ] == []


BUCKETS = ("answers-v1", "definitions-v1", "shells-v1", "rezconfig-v1")


def kept(studio: World) -> list[Path]:
    cache = studio.home / ".cache" / "rezup"
    return [path for name in BUCKETS for path in (cache / name).glob("*") if path.is_file()]


@pytest.mark.parametrize("damage", ["cut", "empty", "random", "marshal", "a folder"])
def test_damaged_files_of_the_cache_are_ignored_and_made_again(
    studio: World, later: Callable[..., list[str]], damage: str
) -> None:
    expected = later()
    files = kept(studio)
    assert {path.parent.name for path in files} == {*BUCKETS}
    before = {path: path.read_bytes() for path in files}
    for path, content in before.items():
        if damage == "a folder":
            path.unlink()
            path.mkdir()
            continue
        own = {
            "cut": content[: len(content) // 2], "empty": b"", "random": bytes(range(256)) * 9,
            "marshal": content[:-9] + b"\xff" * 9,
        }  # fmt: skip
        path.write_bytes(own[damage])
    assert later() == expected
    assert later() == expected
    if damage != "a folder":
        assert {path.parent.name for path in kept(studio)} == {*BUCKETS}
        assert "rezup.runtime.config.config" not in later("loaded")


def test_an_edit_is_seen_by_the_very_next_start(studio: World, later: Callable[..., list[str]]) -> None:
    place = str(studio.home / "packages/maya/2024")
    assert later() == later() == [place, "python-3.9 maya-2024"]
    path = studio.home / "packages/maya/2024/package.py"
    text = path.read_text()
    times = path.stat()
    path.write_text(text.replace("'{root}'", "'edited'"))
    assert later() == ["edited", "python-3.9 maya-2024"]
    path.write_text(text.replace("'{root}'", "'longer {root}'"))
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert later() == [f"longer {place}", "python-3.9 maya-2024"]
    package(studio, "maya/2025", "def commands():\n    env.MAYA = 'new'")
    assert later() == ["new", "maya-2025"]


def test_edits_one_right_after_another(studio: World) -> None:
    """With the real clock, where nothing that young is kept."""
    for number in range(6):
        package(studio, "maya/2024", f"def commands():\n    env.MAYA = '{number}'")
        assert studio.rezup("env", "maya", "--", "printenv", "MAYA").out == f"{number}\n"


def test_a_second_start_and_two_at_once(studio: World) -> None:
    expected = studio.rezup("env", "maya", "--", "printenv", "MAYA")
    assert expected.code == 0
    assert studio.rezup("env", "maya", "--", "printenv", "MAYA") == expected
    shutil.rmtree(studio.home / ".cache", ignore_errors=True)
    started = [studio.start("env", "maya", "--", "printenv", "MAYA") for _ in range(4)]
    for process in started:
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, expected.out, "")


# -- folders of contexts


def test_folders_are_private_and_swept_when_their_shell_is_gone(studio: World) -> None:
    studio.rezup("env", "maya", "--", "true")
    (found,) = folders(studio)
    assert found.stat().st_mode & 0o777 == 0o700
    assert found.parent.stat().st_mode & 0o777 == 0o700
    studio.rezup("env", "maya", "--", "true")
    assert found in folders(studio)  # too young to go
    old = time.time() - 3600
    os.utime(found, (old, old))
    studio.rezup("env", "maya", "--", "true")
    assert found not in folders(studio)


def test_a_shell_that_is_killed_leaves_nothing_broken(studio: World) -> None:
    ready = studio.home / "ready"
    os.mkfifo(ready)
    process = studio.start("env", "maya", "--", "sh", "-c", f"echo x > {ready}; exec sleep 100")
    with ready.open() as stream:
        stream.read()
    (found,) = folders(studio)
    old = time.time() - 3600
    os.utime(found, (old, old))
    assert studio.rezup("env", "maya", "--", "echo", "x").out == "x\n"
    assert found in folders(studio)  # its shell lives
    process.kill()
    process.communicate(timeout=30)
    assert studio.rezup("env", "maya", "--", "echo", "x").out == "x\n"
    assert found not in folders(studio)


def test_killed_at_any_moment(studio: World) -> None:
    for milliseconds in (5, 20, 40, 60, 80, 100, 130, 160):
        process = studio.start("env", "maya", "--", "true")
        try:
            process.wait(milliseconds / 1000)
        except subprocess.TimeoutExpired:
            process.kill()
        process.communicate(timeout=30)
        assert (
            studio.rezup("env", "maya", "--", "printenv", "REZ_USED_RESOLVE").out == "python-3.9 maya-2024\n"
        )


def test_folders_of_others_are_not_used(studio: World) -> None:
    parent = studio.home / "tmp" / f"rezup-{os.geteuid()}"
    elsewhere = studio.home / "elsewhere"
    elsewhere.mkdir()
    parent.symlink_to(elsewhere)
    outcome = studio.rezup("env", "maya", "--", "echo", "never")
    assert (outcome.code, outcome.out) == (1, "")
    assert "it is not the user's own folder" in outcome.err
    assert not list(elsewhere.iterdir())


def _outcome(code: int, out: str = "", err: str = "") -> Outcome:
    from support.world import Outcome

    return Outcome(code, out, err)


@pytest.mark.skipif(shutil.which("tcsh") is None, reason="no tcsh")
@pytest.mark.parametrize("options", [("-s",), ("-c", 'echo "$home:q"')])
def test_tcsh_runs_nothing_that_stands_in_home(studio: World, options: tuple[str, ...]) -> None:
    home = studio.home / "d`touch made`"
    home.mkdir()
    outcome = studio.rezup(
        "env", "python", "--shell", "tcsh", *options,
        env={"HOME": str(home)}, stdin=None, input='echo "$home:q"\n',
    )  # fmt: skip
    assert (outcome.code, outcome.out) == (0, f"{home}\n")
    assert not list(studio.home.rglob("made"))
