"""The start-up files, PATH, prompt, aliases and completion of people who open their shell in a container."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.rez_completion import write_rez_completion
from support.shell_users import MARK, SHELLS, User

if TYPE_CHECKING:
    from pathlib import Path

    from support.world import World


@pytest.fixture(params=SHELLS)
def user(request: pytest.FixtureRequest, world: World) -> User:
    return User(world, request.param)


def test_start_up_files_are_read_once_in_the_order_of_the_shell_itself(user: User) -> None:
    user.counts(*user.kind.files, *user.kind.others)
    user.types()
    ours = user.trace()
    assert ours == list(user.kind.files)
    # The shell itself is asked too: what is written above might be wrong.
    with user.starts(user.program, "-i") as terminal:
        terminal.leave()
    assert user.trace() == ours


def test_shell_started_in_the_shell_reads_them_again_and_is_not_marked(user: User) -> None:
    user.counts(*user.kind.files)
    shown = user.types(f"{user.program} -i -c 'echo in''side'")
    assert "inside" in shown
    # dash reads the file of ENV for a prompt only; with -i and -c both it is one.
    assert user.trace() == [*user.kind.files, *user.kind.files]


@pytest.mark.parametrize("place", ["variable", "zshenv"])
def test_zsh_reads_the_files_of_zdotdir_wherever_it_is_set(world: World, place: str) -> None:
    user = User(world, "zsh")
    files = [".zshenv", ".zshrc"]
    user.counts(*files, ".zlogin", ".zprofile", folder="dots/")
    if place == "variable":
        user.counts(".zshrc")
        world.variables["ZDOTDIR"] = f"{world.home}/dots"
    else:
        user.writes("echo first >> $HOME/trace", "export ZDOTDIR=$HOME/dots", name=".zshenv")
        files[0] = "first"
    assert user.environment()["ZDOTDIR"] == f"{world.home}/dots"
    assert user.trace() == files


def test_what_they_put_on_path_comes_behind_rez(user: User) -> None:
    own = user.world.write("own/rez", "#!/bin/sh\necho another rez\n", mode=0o755).parent
    user.world.write("own/mine", "#!/bin/sh\necho my own tool\n", mode=0o755)
    user.writes(user.kind.first_on_path.format(own))
    shown = user.types("rez here", "mine")
    assert "rez of 100.000000 here" in shown
    assert "my own tool" in shown
    assert "another rez" not in shown


def test_aliases_survive_and_variables_too(user: User) -> None:
    setting = {"fish": "set -gx MINE kept", "tcsh": "setenv MINE kept"}.get(user.shell, "export MINE=kept")
    user.writes(user.kind.alias, setting)
    assert "hello 1 kept" in user.types('greet 1 "$MINE"')


def marks(shown: str, mark: str) -> list[int]:
    """How often the mark is on each line; fish and tcsh may show one line several times."""
    return [line.count(mark) for line in re.split("[\r\n]+", shown)]


def test_each_prompt_is_marked_once_also_where_a_pin_decides(user: User) -> None:
    user.world.revision("foo", "200.000000")
    assert user.world.rezup("pin", "foo@100").code == 0
    mark = "rezup (foo/local, pinned) "
    assert set(marks(user.types("true", "true", mark=mark), mark)) == {0, 1}


def test_a_default_shell_of_the_users_is_given_its_own_prompt_text(user: User) -> None:
    user.world.variables["REZUP_PROMPT"] = "50% done! "
    assert set(marks(user.types("true", mark="50% done! "), "50% done! ")) == {0, 1}


@pytest.mark.parametrize("mark", [MARK, "m!%\\$x^ [*] "])
def test_tcsh_is_marked_though_precmd_sets_the_prompt(world: World, mark: str) -> None:
    user = User(world, "tcsh")
    world.variables["REZUP_PROMPT"] = mark
    user.writes("""alias precmd 'set prompt = "<$status> "; set seen = "o k"'""")
    with user.opens() as terminal:
        assert terminal.expect("<0> ") == f"{mark}<0> "
        terminal.send("sh -c 'exit 5'\n")
        assert terminal.expect("<5> ").endswith(f"\n{mark}<5> ")
        terminal.send("echo $seen:q $status\n")
        terminal.expect("o k 5\r\n")
        terminal.send("unalias _rezup_user_precmd; unsetenv REZUP_PROMPT; set prompt = 'bare> '\n")
        shown = terminal.expect("bare> ")
        terminal.send("echo quiet''ly\n")
        shown += terminal.expect("quietly\r\n")
        assert not [word for word in ("Undefined", "Faulty") if word in shown]
        terminal.leave()


# -- completion


def test_rez_completes_at_the_tab_key(user: User) -> None:
    if user.shell == "dash":
        pytest.skip("dash has no completion")
    scripts = user.revision / "venv/rez/lib/python3/site-packages/rez/completion"
    scripts.mkdir(parents=True)
    write_rez_completion(scripts, user.revision / "venv/rez/bin/rez", "rez")
    user.world.variables["TERM"] = "xterm"
    with user.opens() as terminal:
        terminal.expect(MARK)
        terminal.send("rez ma\t6\n")
        terminal.expect("rez of 100.000000 maya-2026")
        terminal.leave()


def script_of_rezup(world: World) -> Path:
    """A console script `rezup` on PATH."""
    command = " ".join(f"'{word}'" for word in world.command())
    return world.write("scripts/rezup", f'#!/bin/sh\nexec {command} "$@"\n', mode=0o755)


TURNED_ON = {
    "bash": 'eval "$(rezup completions bash)"',
    "zsh": 'autoload -Uz compinit; compinit -u; eval "$(rezup completions zsh)"',
    "fish": "rezup completions fish | source",
}


@pytest.mark.parametrize("shell", TURNED_ON)
def test_rezup_completes_at_the_tab_key_in_a_container_too(world: World, shell: str) -> None:
    user = User(world, shell)
    world.revision("zebra", "100.000000")
    folder = script_of_rezup(world).parent
    world.variables.update(PATH=f"{folder}:{world.environ['PATH']}", TERM="xterm")
    user.writes(TURNED_ON[shell])
    with user.opens() as terminal:
        terminal.expect(MARK)
        terminal.send("echo got-; rezup list ze\t --json\n")
        terminal.expect('"zebra')
        terminal.leave()
