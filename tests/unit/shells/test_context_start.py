from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from rezup.errors import LaunchError
from rezup.shells.context_start import ContextStart, context_file, start_in_context

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.shell_world import PROGRAMS, World
from support.terminal import PATIENCE, Terminal

#: The start-up file that is read at a prompt, below HOME.
USUAL = {
    "bash": ".bashrc", "zsh": ".zshrc", "sh": ".profile", "fish": ".config/fish/config.fish", "tcsh": ".tcshrc"
}  # fmt: skip


@pytest.fixture(params=PROGRAMS)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


# -- a command


def test_command_sees_the_context_and_its_status_is_passed_on(world: World) -> None:
    done = world.run("my-tool 'a  b' $WHERE\n/bin/sh -c 'exit 5'")
    assert (done.returncode, done.stdout, done.stderr) == (5, "tool a  b context\n", "")


def test_empty_command_runs_nothing_and_ends_well(world: World) -> None:
    done = world.run("", fed="echo not this\n")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_command_of_any_length(world: World) -> None:
    done = world.run("\n".join([":"] * 60_000 + ["my-tool end"]))
    assert (done.returncode, done.stdout) == (0, "tool end\n")


def test_command_reads_the_users_stdin(world: World) -> None:
    assert world.run("/bin/cat", fed="said\n").stdout == "said\n"


def test_files_are_private_and_the_context_is_where_it_is_said_to_be(world: World) -> None:
    world.run("true")
    path = Path(context_file(world.shell, str(world.folder)))
    assert path.read_text().startswith(world.code)
    for each in world.folder.iterdir():
        assert stat.S_IMODE(each.stat().st_mode) == 0o600, each


def test_command_takes_the_place_of_the_shell_where_that_can_be(tmp_path: Path) -> None:
    for shell in ("bash", "zsh"):
        world = World(shell, tmp_path / shell)
        launch = world.start(command="/bin/sh -c 'echo $$'").launch
        process = subprocess.Popen(
            launch.argv, env=launch.apply(world.environ), stdout=subprocess.PIPE, text=True
        )
        assert process.communicate(timeout=PATIENCE)[0] == f"{process.pid}\n", shell


COMMAND_FILES = {
    "bash": ([".bashrc", ".profile", ".bash_profile"], []),
    "zsh": ([".zlogin", ".zprofile", ".zshenv", ".zshrc"], [".zshenv", ".zprofile", ".zshrc", ".zlogin"]),
    "sh": ([".profile"], []),
    "fish": ([".config/fish/config.fish"], [".config/fish/config.fish"]),
    "tcsh": ([".tcshrc", ".cshrc", ".login"], [".tcshrc", ".login"]),
}


def test_startup_files_of_a_command_are_read_once_behind_the_context(world: World) -> None:
    there, read = COMMAND_FILES[world.shell]
    for name in there:
        world.counting(name)
    world.run("true")
    where = "" if world.shell == "fish" else " context"
    assert world.trace() == [f"{name}{where}" for name in read]


def test_no_startup_file_with_norc(world: World) -> None:
    for name in COMMAND_FILES[world.shell][0]:
        world.counting(name)
    world.run("true", norc=True)
    assert world.trace() == []


def test_context_may_come_behind_the_startup_files(tmp_path: Path) -> None:
    for shell in ("zsh", "tcsh", "bash"):
        world = World(shell, tmp_path / shell)
        world.counting(USUAL[shell])
        if shell == "bash":
            world.at_prompt(commands_first=False)
        else:
            world.run("true", commands_first=False)
            world.at_prompt("echo", commands_first=False)
            assert world.trace().pop() == USUAL[shell]
        assert world.trace()[0] == USUAL[shell]


def test_bash_reads_the_file_of_bash_env_once_behind_the_context_and_forgets_it(tmp_path: Path) -> None:
    world = World("bash", tmp_path)
    world.counting("bash env's", "file")
    world.environ["BASH_ENV"] = "$HOME/bash env's"
    done = world.run('echo "${BASH_ENV-none}"; bash -c true')
    assert (done.stdout, world.trace()) == ("none\n", ["file context"])
    done = world.run(None, 'echo "${BASH_ENV-none}"; bash -c true\n', stdin=True)
    assert (done.stdout, world.trace()) == ("none\n", ["file context"] * 2)


# -- stdin


def test_commands_are_read_from_stdin(world: World) -> None:
    launch = world.start(stdin=True, welcome="hello").launch
    read = "/bin/echo $WHERE\nenv -0 > environment\nexit 3\n"
    done = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, input=read, capture_output=True,
        text=True, timeout=PATIENCE, check=False, start_new_session=True,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (3, "context\n", "")
    environment = world.environment()
    assert environment["HOME"] == str(world.home)
    assert not {"ZDOTDIR", "BASH_ENV", "ENV"} & environment.keys()


# -- a prompt


def test_at_the_prompt_are_context_alias_welcome_and_mark(world: World) -> None:
    shown = world.at_prompt("my-tool 'a  b'", "env -0 > environment", welcome="two\nlines $HOME `x`")
    assert "tool a  b" in shown
    assert "two\r\nlines $HOME `x`\r\n" in shown
    environment = world.environment()
    assert environment["WHERE"] == "context"
    assert environment["REZ_ENV_PROMPT"] == ("%%" if world.shell == "zsh" else ">")
    assert environment["HOME"] == str(world.home)
    assert not {"ZDOTDIR", "BASH_ENV", "ENV", "_REZUP_SCRIPT"} & environment.keys()


def test_prompt_grows_with_each_context_around(world: World) -> None:
    world.environ["REZ_ENV_PROMPT"] = "%%" if world.shell == "zsh" else ">"
    launch = world.start().launch
    with Terminal(launch.argv, launch.apply(world.environ), world.home) as terminal:
        terminal.expect("%%" if world.shell == "zsh" else ">>")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7


def test_mark_behind_the_prompt_or_none_at_all(tmp_path: Path) -> None:
    world = World("bash", tmp_path)
    world.write(".bashrc", "PS1='own'")
    launch = world.start(prefix_prompt=False, prompt="$(echo ran)`echo ran`\\w").launch
    with Terminal(launch.argv, launch.apply(world.environ), world.home) as terminal:
        shown = terminal.expect("own ")
        shown += terminal.expect("$(echo ran)`echo ran`\\w")
        terminal.send("exit 7\n")
        assert terminal.finish()[0] == 7
    launch = world.start(set_prompt=False).launch
    with Terminal(launch.argv, launch.apply(world.environ), world.home) as terminal:
        terminal.expect("own")
        terminal.send('echo "<$REZ_ENV_PROMPT|$PS1>"\nexit 7\n')
        assert "<>|own>" in terminal.finish()[1]


def test_quiet_shows_no_welcome(world: World) -> None:
    assert "hello" not in world.at_prompt(welcome="hello", quiet=True)


def test_startup_file_is_read_once_at_the_prompt(world: World) -> None:
    world.counting(USUAL[world.shell], "usual")
    world.at_prompt("env -0 > environment")
    assert world.trace() == ["usual" if world.shell == "fish" else "usual context"]
    assert world.environment()["OWN"] == "1"


def test_no_startup_file_at_the_prompt_with_norc(world: World) -> None:
    world.counting(USUAL[world.shell])
    assert "tool x" in world.at_prompt("my-tool x", norc=True)
    assert world.trace() == []


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_rcfile_comes_in_place_of_the_startup_file(shell: str, tmp_path: Path) -> None:
    world = World(shell, tmp_path)
    world.counting(USUAL[shell], "usual")
    rcfile = world.counting("an rc file's", "rcfile")
    assert "tool x" in world.at_prompt("my-tool x", rcfile=str(rcfile))
    assert world.trace() == ["rcfile context"]


def test_shell_started_from_the_shell_is_an_ordinary_one(tmp_path: Path) -> None:
    for shell, again in {"zsh": "zsh -i -c true", "tcsh": "tcsh -c true", "sh": "dash -i -c true"}.items():
        world = World(shell, tmp_path / shell)
        rc = world.counting(".shrc" if shell == "sh" else USUAL[shell])
        if shell == "sh":
            world.environ["ENV"] = "$HOME/.shrc"
        world.at_prompt(again, "env -0 > environment")
        assert len(world.trace()) == 2, shell
        assert world.environment().get("ENV") == ("$HOME/.shrc" if shell == "sh" else None)
        assert rc.exists()


def test_zsh_follows_the_users_zdotdir(tmp_path: Path) -> None:
    world = World("zsh", tmp_path)
    world.environ["ZDOTDIR"] = str(world.home / "dots")
    world.counting(".zshrc", "wrong")
    world.counting("dots/.zshenv", "env")
    world.counting("dots/.zshrc", "rc")
    world.at_prompt("env -0 > environment")
    assert world.trace() == ["env", "rc context"]
    assert world.environment()["ZDOTDIR"] == world.environ["ZDOTDIR"]


def test_tcsh_reads_cshrc_where_there_is_no_tcshrc(tmp_path: Path) -> None:
    world = World("tcsh", tmp_path)
    world.counting(".cshrc")
    world.at_prompt()
    assert world.trace() == [".cshrc context"]


def test_completion_is_loaded_at_the_prompt(tmp_path: Path) -> None:
    for shell, name in {"bash": "complete.sh", "zsh": "complete.zsh", "tcsh": "complete.csh"}.items():
        world = World(shell, tmp_path / shell)
        world.counting(f"rez/{name}", "completion")
        world.at_prompt(completion_folder=str(world.home / "rez"))
        assert world.trace() == ["completion context"], shell
        world.run("true", completion_folder=str(world.home / "rez"))
        assert len(world.trace()) == 1, shell


# -- options without effect, and what no shell is here for


@pytest.mark.parametrize(("shell", "options", "about"), [
    ("bash", {"rcfile": "x", "norc": True}, ["rcfile"]),
    ("bash", {"rcfile": "x", "stdin": True, "command": "y"}, ["stdin", "rcfile"]),
    ("zsh", {"rcfile": "x", "stdin": True}, ["rcfile"]),
    ("sh", {"rcfile": "x", "norc": True}, ["rcfile"]),
    ("tcsh", {"stdin": True, "command": "y"}, ["stdin"]),
    ("pwsh", {"stdin": True, "rcfile": "x"}, ["rcfile", "stdin"]),
    ("cmd", {"norc": True}, []),
    ("fish", {}, []),
])  # fmt: skip
def test_options_without_effect_are_named(
    shell: str, options: dict[str, Any], about: list[str], tmp_path: Path
) -> None:
    _, notices = start_in_context(shell, ContextStart("/bin/it", str(tmp_path), "", **options), {})
    assert [notice.split()[0] for notice in notices] == [f"--{name}" for name in about]
    assert all(shell in notice for notice in notices)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_rcfile_that_is_not_there_is_named(shell: str, tmp_path: Path) -> None:
    path = tmp_path / "rc"
    start = ContextStart("/bin/it", str(tmp_path), "", rcfile=str(path))
    assert start_in_context(shell, start, {}).notices == (
        f"--rcfile is ignored: {shell} finds no file {path}",
    )
    path.write_text("")
    assert start_in_context(shell, start, {}).notices == ()


def test_unknown_shell_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LaunchError, match="xonsh"):
        start_in_context("/bin/xonsh", ContextStart("x", str(tmp_path), ""), {})


def test_text_for_powershell(tmp_path: Path) -> None:
    start = ContextStart("pwsh", str(tmp_path), "$env:A = 'b'\n", welcome="it's")
    launch = start_in_context("pwsh", start, {}).launch
    assert launch.argv[:4] == ("pwsh", "-NoLogo", "-NoExit", "-Command")
    text = Path(str(launch.environment["_REZUP_SCRIPT"])).read_text()
    assert text.splitlines()[1:] == [
        "$env:A = 'b'", "function global:prompt { '> $ ' }", "Write-Host 'it''s'"
    ]  # fmt: skip
    start = start._replace(command="maya -x", norc=True)
    launch = start_in_context("pwsh", start, {}).launch
    assert launch.argv[:4] == ("pwsh", "-NoLogo", "-NoProfile", "-Command")
    lines = Path(str(launch.environment["_REZUP_SCRIPT"])).read_text().splitlines()
    assert lines[3:5] == ["maya -x", "$_rezup_went_well = $?"]


def test_text_for_cmd(tmp_path: Path) -> None:
    start = ContextStart("cmd.exe", str(tmp_path), "set A=b\n")
    launch = start_in_context("cmd", start, {"PROMPT": "$P$G", "REZ_ENV_PROMPT": "$G"}).launch
    assert launch.argv == ("cmd.exe", "/Q", "/K", "%_REZUP_LINE%")
    assert launch.environment["PROMPT"] == "$G$G $P$G"
    lines = (tmp_path / "start.bat").read_bytes().decode().split("\r\n")
    assert lines[:3] == ["@echo off", 'set "_REZUP_LINE="', f'call "{tmp_path / "context.bat"}"']
    start = start._replace(command="maya -x", aliases={"maya": "maya.exe -hide"})
    launch = start_in_context("cmd", start, {}).launch
    assert launch.argv[1:3] == ("/Q", "/C")
    assert (tmp_path / "start.bat").read_text().splitlines()[3:] == ["maya.exe -hide -x", "exit %errorlevel%"]


def test_start_loads_one_shell_only() -> None:
    import sys

    code = (
        "import sys; from rezup.shells.context_start import ContextStart, context_file; context_file('bash', '/x');"
        "print(*sorted(n for n in sys.modules if n.startswith(('rezup.shells.c', 'subprocess', 'json'))))"
    )
    # What measures coverage loads modules of its own.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environ, capture_output=True, text=True, check=True
    )
    assert set(done.stdout.split()) == {
        "rezup.shells.code", "rezup.shells.code.base", "rezup.shells.context_start",
        "rezup.shells.context_starts", "rezup.shells.context_starts.base", "rezup.shells.context_starts.bash",
        "rezup.shells.context_starts.posix",
    }  # fmt: skip


def test_environment_of_the_parent_is_kept(world: World) -> None:
    world.environ["KEPT"] = "it's\n$x"
    world.run("env -0 > environment")
    assert world.environment()["KEPT"] == "it's\n$x"
    assert os.path.basename(world.environment()["HOME"]) == "home"
