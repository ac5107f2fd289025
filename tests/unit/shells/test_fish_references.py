"""References to variables in aliases and commands, which the engine writes in braces: fish knows none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.shells.actions import Alias, Command, Setenv
from rezup.shells.code import code_for
from rezup.shells.code.fish import in_fish
from rezup.shells.escaped import literal
from support.shell_code import program_of, sourced

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.shells.actions import Action

SEEN = {
    "echo ${AA}/x": "/usr/bin/x",
    'echo "cmd ${AA}"': "cmd /usr/bin",
    "echo ${AA}b ${AA}_ ${AA}0": "/usr/binb /usr/bin_ /usr/bin0",
    'echo "${AA}b${AA}"': "/usr/binb/usr/bin",
    "echo ${AA}${AA}": "/usr/bin/usr/bin",
    'echo "${AA}[1]"${AA}[1]': "/usr/bin[1]/usr/bin[1]",
    "echo '${AA}' x": "${AA} x",
    "echo 'it\\'s ${AA}' ${AA}": "it's ${AA} /usr/bin",
    'echo "it\'s ${AA}"': "it's /usr/bin",
    "echo 'a \"b ${AA}'": 'a "b ${AA}',
    'echo "a \\" ${AA}b"': 'a " /usr/binb',
    'echo "<${NEVER_SET}b>"': "<b>",
}  # fmt: skip


@pytest.mark.parametrize(("line", "seen"), SEEN.items())
def test_they_are_values_in_aliases_and_commands(line: str, seen: str, tmp_path: Path) -> None:
    program_of("fish")
    actions: list[Action] = [Setenv("AA", literal("/usr/bin")), Alias("tool", line), Command(line, ())]
    outcome = sourced("fish", code_for("fish").write(actions), tmp_path, after="tool 'a  b' '$x'")
    assert (outcome.stdout, outcome.stderr) == (f"{seen}\n{seen} a  b $x\n", "")
    assert outcome.environment["AA"] == "/usr/bin"


def test_program_may_be_behind_one(tmp_path: Path) -> None:
    program_of("fish")
    for line in ('"${AA}/printf" %s-', "${AA}/printf %s-"):
        actions = [Setenv("AA", literal("/usr/bin")), Alias("tool", line)]
        assert (
            sourced("fish", code_for("fish").write(actions), tmp_path, after="tool 'a  b'").stdout == "a  b-"
        )


def test_what_is_escaped_or_no_reference_stays() -> None:
    for line in (r"echo \${AA}b", r'echo "\${AA}b"', "echo $AA ${} ${1} ${A", "'${A}b", "x"):
        assert in_fish(line) == line


@pytest.mark.parametrize("line", ["grep 'x' \"a$\"", "echo $", "break", 'echo "${AA"', "echo ${1}"])
def test_alias_that_fish_refuses_spoils_nothing_else(line: str, tmp_path: Path) -> None:
    program_of("fish")
    code = code_for("fish").write([Alias("tool", line), Setenv("LAST", literal("x"))])
    outcome = sourced("fish", code, tmp_path)
    assert (outcome.environment.get("LAST"), outcome.stderr) == ("x", "")
