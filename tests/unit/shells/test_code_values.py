from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from rezup.shells.actions import (
    Alias,
    Appendenv,
    Command,
    Comment,
    Error,
    Info,
    Prependenv,
    Setenv,
    Source,
    Unsetenv,
)  # fmt: skip
from rezup.shells.code import code_for
from rezup.shells.escaped import EscapedString, expandable, literal
from support.shell_code import NASTY, SHELLS, program_of, sourced

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(os.name == "nt", reason="shells of POSIX")


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    program_of(request.param)
    return str(request.param)


def test_there_are_enough_of_them() -> None:
    assert len(set(NASTY)) >= 40


def test_literal_values_arrive_to_the_letter(shell: str, tmp_path: Path) -> None:
    actions = [Setenv(f"V{index}", literal(value)) for index, value in enumerate(NASTY)]
    outcome = sourced(shell, code_for(shell).write(actions), tmp_path)
    assert (outcome.stdout, outcome.stderr) == ("", "")
    assert {f"V{index}": value for index, value in enumerate(NASTY)}.items() <= outcome.environment.items()


def test_expandable_values_are_data_but_for_variables(shell: str, tmp_path: Path) -> None:
    actions = [
        Setenv(f"V{index}", expandable(f"${{AROUND}}{value}$AROUND")) for index, value in enumerate(NASTY)
    ]
    outcome = sourced(shell, code_for(shell).write(actions), tmp_path, {"AROUND": "a'$x"})
    assert (outcome.stdout, outcome.stderr) == ("", "")
    for index, value in enumerate(NASTY):
        # The table holds two references itself: the home, and a variable that isn't set.
        seen = value.replace("\\$HOME", f"\\{tmp_path}").replace("'$x'", "''")
        assert outcome.environment[f"V{index}"] == f"a'$x{seen}a'$x"


def test_values_of_variables_are_not_looked_into(shell: str, tmp_path: Path) -> None:
    environ = {f"IN{index}": value for index, value in enumerate(NASTY)}
    actions = [Setenv(f"V{index}", expandable(f"<$IN{index}>")) for index in range(len(NASTY))]
    outcome = sourced(shell, code_for(shell).write(actions), tmp_path, environ)
    assert (outcome.stdout, outcome.stderr) == ("", "")
    assert {
        f"V{index}": f"<{value}>" for index, value in enumerate(NASTY)
    }.items() <= outcome.environment.items()


@pytest.mark.parametrize("separator", [":", ",", " ", ";", "'"])
def test_values_are_put_before_and_behind_what_is_there(shell: str, tmp_path: Path, separator: str) -> None:
    actions: list[Prependenv | Appendenv] = []
    environ = {}
    expected = {}
    for index, value in enumerate(NASTY):
        name = f"V{index}"
        environ[name] = value
        actions.append(Prependenv(name, literal(value), separator))
        actions.append(Appendenv(name, literal(value), separator))
        expected[name] = separator.join([value, value, value])
    outcome = sourced(shell, code_for(shell).write(actions), tmp_path, environ)
    assert (outcome.stdout, outcome.stderr) == ("", "")
    assert expected.items() <= outcome.environment.items()


def test_values_of_one_line_are_said_to_the_letter(shell: str, tmp_path: Path) -> None:
    lines = [value for value in NASTY if "\n" not in value]
    for kind in (Info, Error):
        code = code_for(shell).write([kind(literal(value)) for value in lines])
        outcome = sourced(shell, code, tmp_path)
        said, other = outcome[1:] if kind is Info else outcome[:0:-1]
        assert (said.split("\n")[:-1], other) == (lines, "")


def test_several_lines_are_said_with_variables_in_them(shell: str, tmp_path: Path) -> None:
    text = expandable("one $NAME\n\n  $NOT_SET.").literal("\n$NAME\n")
    outcome = sourced(shell, code_for(shell).write([Info(text)]), tmp_path, {"NAME": "!`x`"})
    assert outcome.stdout == "one !`x`\n\n  .\n$NAME\n\n"


def test_arguments_of_an_alias_arrive_as_they_are(shell: str, tmp_path: Path) -> None:
    from rezup.shells import shell_named

    values = [value for value in NASTY if "\udcff" not in value]
    quote = shell_named(shell).quote
    call = " ".join(["my-tool", *map(quote, values), "> arguments"])
    code = code_for(shell).write([Alias("my-tool", "/usr/bin/printf '%s\\0' 'a b'")])
    outcome = sourced(shell, code, tmp_path, after=call)
    assert outcome.stderr == ""
    arguments = (tmp_path / "arguments").read_bytes().decode().split("\0")[:-1]
    assert arguments == ["a b", *values]


@pytest.mark.parametrize("command", [
    "/bin/echo one 'two", "/bin/echo )", "/bin/echo }; echo ran; {", "if", "/bin/echo \"", "end; echo ran",
])  # fmt: skip
def test_alias_that_is_no_command_spoils_nothing_but_itself(shell: str, tmp_path: Path, command: str) -> None:
    code = code_for(shell).write([Alias("broken", command), Setenv("AFTER", literal("1"))])
    outcome = sourced(shell, code, tmp_path)
    assert (outcome.stdout, outcome.stderr, outcome.environment["AFTER"]) == ("", "", "1")


def test_files_of_any_name_are_sourced(shell: str, tmp_path: Path) -> None:
    names = ["a b", "it's", 'say "x"', "$(echo ran)", "`echo ran`", "a;b", "a&b", "!x", "*", "é", "#x", "\\"]
    for name in names:
        (tmp_path / name).write_text("/bin/echo read\n")
    # To the letter but for variables, here $AT.
    code = code_for(shell).write([Source(f"$AT/{name}") for name in names])
    outcome = sourced(shell, code, tmp_path, {"AT": str(tmp_path)})
    assert (outcome.stdout, outcome.stderr) == ("read\n" * len(names), "")


def test_remarks_do_nothing(shell: str, tmp_path: Path) -> None:
    remarks = [Comment(value) for value in NASTY if "\udcff" not in value]
    outcome = sourced(shell, code_for(shell).write([*remarks, Setenv("A", literal("b"))]), tmp_path)
    assert (outcome.stdout, outcome.stderr, outcome.environment["A"]) == ("", "", "b")


def test_names_may_hold_variables(shell: str, tmp_path: Path) -> None:
    actions = [
        Setenv("A_$N", literal("it's")),
        Prependenv("A_${N}", expandable("$N"), ":"),
        Appendenv("B_$N", literal("x"), ":"),
        Unsetenv("C_$N"),
    ]
    outcome = sourced(
        shell, code_for(shell).write(actions), tmp_path, {"N": "one", "C_one": "1", "B_one": "y'$"}
    )
    assert outcome.stderr == ""
    assert outcome.environment["A_one"] == "one:it's"
    assert outcome.environment["B_one"] == "y'$:x"
    assert "C_one" not in outcome.environment
    assert not [name for name in outcome.environment if name.startswith("_rezup")]


@pytest.mark.parametrize(
    "name", ["$(echo ran)", "a b", "x;echo ran", "a[$(echo ran >&2)]", "*", "-e", "`echo ran`"]
)
def test_names_that_turn_out_to_be_none_run_nothing(shell: str, tmp_path: Path, name: str) -> None:
    for action in (
        Setenv("$N", literal("x")), Prependenv("$N", literal("x"), ":"), Unsetenv("$N")
    ):  # fmt: skip
        outcome = sourced(shell, code_for(shell).write([action]), tmp_path, {"N": name})
        assert "ran" not in outcome.stdout.splitlines()
        assert "ran" not in outcome.stderr.splitlines()


def test_tilde_is_the_home_at_the_beginning_of_expandable_text_only(shell: str, tmp_path: Path) -> None:
    home = os.path.expanduser("~")
    actions = [
        Setenv("A", expandable("~/x:~/y")), Setenv("B", literal("~/x")), Appendenv("C", expandable("~/x"), ":"),
        Prependenv("D", expandable("~/x"), ":"), Setenv("E", literal("a:").expandable("~")),
    ]  # fmt: skip
    environment = sourced(shell, code_for(shell).write(actions), tmp_path).environment
    assert [environment[name] for name in "ABCDE"] == [
        f"{home}/x:~/y", "~/x", ":~/x", f"{home}/x:", f"a:{home}"
    ]  # fmt: skip


def test_on_one_line_it_means_the_same(shell: str, tmp_path: Path) -> None:
    actions = [
        Comment("a remark"), Setenv("A", literal("a;\n;b")), Prependenv("A", expandable("$B"), ":"),
        Command("true # nothing;"), Alias("t", "/bin/echo x"), Command("/bin/echo said;"), Setenv("C", literal("#")),
    ]  # fmt: skip
    code = code_for(shell).write(actions, style="eval")
    assert "remark" not in code
    assert not code.endswith((";", "\n"))
    outcome = sourced(shell, code, tmp_path, {"B": "bee"})
    assert (outcome.stdout, outcome.stderr) == ("said\n", "")
    assert {"A": "bee:a;\n;b", "C": "#"}.items() <= outcome.environment.items()


def test_evaluated_as_the_shell_evaluates_it(tmp_path: Path) -> None:
    for name in ("bash", "zsh", "sh"):
        code = code_for(name).write(
            [Setenv("A", literal("it's\n`x`")), Setenv("B", expandable("<$A>"))], style="eval"
        )
        done = subprocess.run(
            [program_of(name), "-c", 'eval "$1"; printf %s "$B"', "x", code],
            capture_output=True, text=True, check=True, cwd=tmp_path,
        )  # fmt: skip
        assert done.stdout == "<it's\n`x`>"


def test_long_values_arrive(shell: str, tmp_path: Path) -> None:
    value = "x y" * 30_000
    actions = [Setenv("A", literal(value)), Appendenv("A", literal("z"), ":")]
    outcome = sourced(shell, code_for(shell).write(actions), tmp_path)
    assert (outcome.environment["A"], outcome.stderr) == (f"{value}:z", "")


def test_value_made_of_parts(shell: str, tmp_path: Path) -> None:
    value = EscapedString("$A").literal("$A").expandable("${A}").literal("")
    environment = sourced(
        shell, code_for(shell).write([Setenv("B", value)]), tmp_path, {"A": "'"}
    ).environment
    assert environment["B"] == "'$A'"


def test_arguments_of_a_command_arrive_as_they_are(shell: str, tmp_path: Path) -> None:
    arguments = [*map(literal, NASTY), expandable("<$SET|$NOT_SET>"), expandable("$NOT_SET"), literal("$SET")]
    code = code_for(shell).write(
        [Command("/usr/bin/printf '%s\\0'", tuple(arguments)), Command("/usr/bin/env true")]
    )
    outcome = sourced(shell, code, tmp_path, {"SET": "a'b  c"})
    assert outcome.stderr == ""
    assert outcome.stdout.split("\0")[:-1] == [*NASTY, "<a'b  c|>", "", "$SET"]


#: What one shell or another takes for its own, or what is odd in some other way.
_ODD_NAMES = (
    "test", "read", "command", "exec", "exit", "status", "string", "argparse", "and", "or", "not", "_", "break",
    "continue", "local", "readonly", "shift", "trap", "coproc", "unsetopt", "cd", "foo/bar", "a/", "\u00e9", "2x", "a@b",
    "a:b", "a+b", "a.b",
)  # fmt: skip


def test_a_name_that_is_taken_for_an_alias_spoils_nothing(shell: str, tmp_path: Path) -> None:
    for name in _ODD_NAMES:
        code = code_for(shell)
        if code.takes_alias(name):
            text = code.write(
                [Alias(name, "/bin/echo ran"), Info(literal("a")), Setenv("AFTER", literal("1"))]
            )
            outcome = sourced(shell, text, tmp_path)
            assert (outcome.stdout, outcome.stderr) == ("a\n", ""), name
            assert outcome.environment["AFTER"] == "1", name


def test_names_with_slashes_and_letters_of_any_alphabet_work(shell: str, tmp_path: Path) -> None:
    for name in ("foo/bar", "\u00e9t\u00e9"):
        code = code_for(shell)
        if code.takes_alias(name):
            text = code.write([Alias(name, "/bin/echo ran")])
            outcome = sourced(shell, text, tmp_path, after=f"{name} it")
            assert (outcome.stdout, outcome.stderr) == ("ran it\n", ""), name


def test_most_shells_have_such_aliases() -> None:
    assert [each for each in SHELLS if not code_for(each).takes_alias("\u00e9t\u00e9")] == []
    assert {each for each in SHELLS if code_for(each).takes_alias("foo/bar")} >= {"bash", "zsh", "tcsh"}
