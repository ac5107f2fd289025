"""What every shell must do when it is opened in a container, held against the real shells."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from rezup import shells
from rezup.shells import Startup

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.container_shells import CASES, MARK, UGLY, World, of
from support.terminal import PATIENCE


@pytest.fixture(params=CASES, ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


def only(world: World, *names: str) -> None:
    if world.case.name not in names:
        pytest.skip(f"is about {', '.join(names)}")


def test_own_startup_file_is_read_once_the_prompt_is_marked_and_the_exit_status_passed_on(
    world: World,
) -> None:
    world.write_rc(world.case.count)
    world.after()
    assert world.times_read() == 1


def test_without_own_startup_file_the_shell_opens_quietly(world: World) -> None:
    shown = world.after()
    assert "o such file" not in shown
    assert "rror" not in shown


def test_status_of_a_failed_command_is_seen_at_the_next_prompt(world: World) -> None:
    shown = world.after("env false", world.case.echo_status)
    assert "[1]" in shown


def test_ends_at_end_of_file_instead_of_hanging(world: World) -> None:
    launch = world.launch()
    finished = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=PATIENCE, start_new_session=True, check=False,
    )  # fmt: skip
    assert finished.returncode in (0, 1)  # tcsh takes an end of file for a failure


def test_ends_with_stdin_closed(world: World) -> None:
    launch = world.launch()
    command = ["/bin/sh", "-c", 'exec "$@" <&-', "sh", *launch.argv]
    subprocess.run(
        command, env=launch.apply(world.environ), cwd=world.home, capture_output=True,
        timeout=PATIENCE, start_new_session=True, check=False,
    )  # fmt: skip


def test_reads_commands_from_a_pipe(world: World) -> None:
    launch = world.launch()
    finished = subprocess.run(
        launch.argv, env=launch.apply(world.environ), cwd=world.home, input=b"env -0 > environment\nexit 7\n",
        capture_output=True, timeout=PATIENCE, start_new_session=True, check=False,
    )  # fmt: skip
    assert finished.returncode == 7
    assert world.recorded()["PATH"].split(":")[0] == str(world.bin)


def test_folders_of_the_revision_stand_first_again_and_once(world: World) -> None:
    world.write_rc(world.case.prepend.format(world.own_bin), world.case.prepend.format(world.bin.parent))
    path = world.child_environment()["PATH"].split(":")
    assert path == [
        str(world.bin), str(world.bin.parent), str(world.own_bin), "/usr/local/bin", "/usr/bin", "/bin",
    ]  # fmt: skip


def test_several_folders_keep_their_order(world: World) -> None:
    world.write_rc(world.case.prepend.format(world.own_bin))
    folders = (str(world.bin), str(world.bin.parent), "/usr/bin")
    launch = world.shell.interactive(Startup(world.executable, MARK, folders), world.environ)
    path = world.child_environment(launch=launch)["PATH"].split(":")
    assert path == [*folders, str(world.own_bin), "/usr/local/bin", "/bin"]


def test_environment_differs_from_that_of_the_shell_alone_in_the_prompt_text_only(world: World) -> None:
    world.write_rc("")
    plain = shells.Launch((world.executable, "-i"))
    with world.terminal(plain) as terminal:
        terminal.send("env -0 > environment\nexit 7\n")
        status, shown = terminal.finish()
    assert status == 7, shown
    expected = world.recorded()
    assert world.child_environment() == {**expected, "REZUP_PROMPT": MARK}


def test_startup_file_and_what_it_starts_see_no_private_variable(world: World) -> None:
    only(world, "bash", "zsh", "dash", "sh", "tcsh", "csh")
    world.write_rc('env -0 > "$HOME/environment"')
    world.after()
    assert [name for name in world.recorded() if name.startswith("_REZUP")] == []


def test_stray_private_variables_of_an_outer_shell_do_not_get_in(world: World) -> None:
    world.environ.update(dict.fromkeys(shells.base.PARAMETERS, "stray"))
    environment = world.child_environment()
    assert [name for name in environment if name.startswith("_REZUP")] == []


def test_ugly_folder_names_are_only_names(world: World, tmp_path: Path) -> None:
    root = tmp_path / UGLY
    ugly = World(world.case, root)
    ugly.write_rc(ugly.case.count)
    scripts = root / "lib" / "scripts"
    shutil.copytree(Path(shells.__file__).with_name("scripts"), scripts)
    environment = ugly.child_environment(launch=ugly.launch(scripts))
    assert environment["PATH"].split(":")[0] == str(ugly.bin)
    assert environment["HOME"] == str(ugly.home)
    assert ugly.times_read() == 1


def test_scripts_are_not_written_to(world: World, tmp_path: Path) -> None:
    scripts = tmp_path / "lib" / "scripts"
    shutil.copytree(Path(shells.__file__).with_name("scripts"), scripts)
    before = sorted(scripts.rglob("*"))
    world.after("echo hello", launch=world.launch(scripts))
    assert sorted(scripts.rglob("*")) == before


def test_zsh_reads_the_files_below_the_users_zdotdir_and_gives_it_back(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    folder = world.home / "dots"
    world.environ["ZDOTDIR"] = str(folder)
    world.write_rc("echo wrong >> $HOME/count")
    world.write_rc(world.case.count, path=folder / ".zshenv")
    world.write_rc(world.case.count, path=folder / ".zshrc")
    assert world.child_environment()["ZDOTDIR"] == str(folder)
    assert (world.home / "count").read_text() == "read\nread\n"


def test_zsh_follows_a_zdotdir_that_the_users_zshenv_sets(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    folder = world.home / "dots"
    world.write_rc('export ZDOTDIR="$HOME/dots"', path=world.home / ".zshenv")
    world.write_rc(world.case.count, path=folder / ".zshrc")
    assert world.child_environment()["ZDOTDIR"] == str(folder)
    assert world.times_read() == 1


def test_zsh_started_in_the_shell_is_an_ordinary_one(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    world.write_rc(world.case.count)
    shown = world.after("zsh -i -c 'echo \"<${+functions[_rezup_mark]}>\"'")
    assert "<0>" in shown
    assert world.times_read() == 2


def test_zsh_restores_path_even_if_a_startup_file_empties_the_hooks(tmp_path: Path) -> None:
    world = of("zsh", tmp_path)
    world.write_rc("precmd_functions=()", world.case.prepend.format(world.own_bin), "PROMPT='ready> '")
    with world.terminal() as terminal:
        terminal.expect("ready> ")
        terminal.send("env -0 > environment\n")
        terminal.expect(MARK)
        terminal.leave()
    assert world.recorded()["PATH"].split(":")[:2] == [str(world.bin), str(world.own_bin)]


def test_sh_gives_env_back_to_the_shells_it_starts(tmp_path: Path) -> None:
    world = of("dash", tmp_path)
    world.write_rc(world.case.count)
    assert world.child_environment("dash -i -c :")["ENV"] == "$HOME/.shrc"
    assert world.times_read() == 2


def test_sh_without_env_of_the_users_leaves_none(tmp_path: Path) -> None:
    world = of("dash", tmp_path)
    del world.environ["ENV"]
    assert "ENV" not in world.child_environment()


def test_csh_has_its_home_variable_back(tmp_path: Path) -> None:
    world = of("tcsh", tmp_path)
    world.write_rc("cd ~", 'echo "$home" > where', 'echo "$HOME" >> where')
    world.after()
    assert (world.home / "where").read_text().splitlines() == [str(world.home)] * 2


def test_tcsh_reads_cshrc_where_there_is_no_tcshrc(tmp_path: Path) -> None:
    world = of("tcsh", tmp_path)
    world.write_rc(world.case.count, path=world.home / ".cshrc")
    world.after()
    assert world.times_read() == 1


def test_csh_opens_without_home(tmp_path: Path) -> None:
    world = of("tcsh", tmp_path)
    del world.environ["HOME"]
    assert "HOME" not in world.child_environment()
