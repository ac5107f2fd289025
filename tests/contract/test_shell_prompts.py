"""The text that marks the prompt of a shell in a container, whatever the user's own prompt does."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from rezup import shells

pytest.importorskip("pty", reason="needs pseudo-terminals")

from support.container_shells import CASES, MARK, World, of


@pytest.fixture(params=CASES, ids=str)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> World:
    return World(request.param, tmp_path)


@pytest.mark.parametrize(
    "text", ["%m %F{red}! ", "b\\u\\\\$c^d`e $(echo no) ", "${HOME} \"q' & | <x> ", "é [%~] "]
)
def test_prompt_text_is_shown_as_it_is(world: World, text: str) -> None:
    world.environ["REZUP_PROMPT"] = text
    world.after()


def test_line_break_in_the_prompt_text(world: World) -> None:
    world.environ["REZUP_PROMPT"] = "up{linebreak}low> "
    with world.terminal() as terminal:
        terminal.expect("up\r\nlow> ")
        terminal.leave()


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("bash", ["precmd() { PS1='fancy> '; }", "PROMPT_COMMAND='precmd; # comment'"]),
        ("bash", ["precmd() { PS1='fancy> '; }", "PROMPT_COMMAND=(precmd)"]),
        ("bash", ["precmd() { PS1='fancy> '; }", "PROMPT_COMMAND=precmd", "shopt -u promptvars"]),
        ("bash", ["PS1='fancy> '", "readonly PROMPT_COMMAND=:"]),
        ("bash", ["PS1='fancy> '", "set -u"]),
        ("zsh", ["precmd() { PROMPT='fancy> ' }"]),
        ("zsh", ["theme() { PROMPT='fancy> ' }", "precmd_functions+=(theme)"]),
        ("zsh", ["setopt promptsubst promptbang ksharrays", "theme() { PROMPT='fancy> ' }", "precmd_functions+=(theme)"]),
        ("zsh", ["setopt nounset errexit", "PROMPT='fancy> '"]),
        ("fish", ["function fish_prompt", "echo 'fancy> '", "end"]),
        ("dash", ["PS1='fancy> '", "set -u"]),
        ("tcsh", ["set prompt = 'fancy> '"]),
    ],
)  # fmt: skip
def test_mark_stays_before_prompts_that_set_themselves_anew(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    world = of(name, tmp_path)
    world.environ["REZUP_PROMPT"] = text = "m!%\\$x "
    world.write_rc(*lines)
    with world.terminal() as terminal:
        for _ in range(3):
            assert terminal.expect("fancy> ").endswith(f"{text}fancy> ")
            terminal.send("true\n")
        terminal.expect("fancy> ")
        terminal.leave()


@pytest.mark.parametrize(
    ("name", "line"),
    [
        ("bash", 'PS1="${REZUP_PROMPT}own> "'),
        ("bash", "PS1='${REZUP_PROMPT}own> '"),
        ("zsh", 'PROMPT="${REZUP_PROMPT}own> "'),
        ("fish", "function fish_prompt; echo $REZUP_PROMPT'own> '; end"),
        ("dash", 'PS1="${REZUP_PROMPT}own> "'),
        ("tcsh", 'set prompt = "${REZUP_PROMPT}own> "'),
    ],
)
def test_startup_file_written_for_rezup_2_does_not_mark_twice(tmp_path: Path, name: str, line: str) -> None:
    world = of(name, tmp_path)
    world.write_rc(line)
    with world.terminal() as terminal:
        shown = terminal.expect("own> ")
        terminal.send("true\n")
        again = terminal.expect("own> ")
        terminal.leave()
    assert (shown.count(MARK), again.count(MARK)) == (1, 1)


@pytest.mark.parametrize(
    ("name", "lines"),
    [
        ("bash", ["PROMPT_COMMAND='PS1=\"<$?>\"'"]),
        ("zsh", ["precmd() { PROMPT=\"<$?>\" }"]),
        ("fish", ["function fish_prompt; echo \"<$status|$pipestatus>\"; end"]),
    ],
)  # fmt: skip
def test_users_prompt_sees_the_status_of_the_users_command(
    tmp_path: Path, name: str, lines: list[str]
) -> None:
    world = of(name, tmp_path)
    world.write_rc(*lines)
    with world.terminal() as terminal:
        terminal.expect("<0")
        terminal.send("env sh -c 'exit 5'\n")
        terminal.expect("<5")
        terminal.leave()


def test_text_changed_in_the_shell_changes_the_prompt(tmp_path: Path) -> None:
    for name in ("bash", "zsh", "dash"):
        world = of(name, tmp_path / name)
        with world.terminal() as terminal:
            terminal.expect(MARK)
            terminal.send("REZUP_PROMPT='other'' '\n")
            assert MARK not in terminal.expect("other ")
            terminal.leave()


def test_bash_of_old_gets_its_hook_into_the_string(tmp_path: Path) -> None:
    """bash 3.2 isn't here: the same branch, taken by making bash lie about its version."""
    world = of("bash", tmp_path)
    scripts = tmp_path / "scripts"
    shutil.copytree(Path(shells.__file__).with_name("scripts"), scripts)
    script = scripts / "bash.sh"
    script.write_text(script.read_text().replace(">= 501", ">= 9999"))
    world.write_rc("PROMPT_COMMAND='PS1=\"own> \";'")
    with world.terminal(world.launch(scripts)) as terminal:
        assert terminal.expect("own> ").endswith(f"{MARK}own> ")
        terminal.leave()
