"""What is recorded of setting, joining and asking; values in every form."""

from __future__ import annotations

from typing import Any

import pytest

from rezup.errors import LaunchError
from rezup.runtime.rex.dialects import Dialect
from rezup.runtime.rex.recorder import Outside, Recorder, StoppedError, UndefinedVariableError
from rezup.shells.actions import (
    Alias,
    Appendenv,
    Command,
    Comment,
    Error,
    Info,
    Prependenv,
    Refer,
    Resetenv,
    Setenv,
    Shebang,
    Source,
    Unsetenv,
)
from rezup.shells.escaped import EscapedString, expandable, literal

PARENT = {"HOST": "farm", "PATH": "/usr/bin"}


def recorder(**outside: Any) -> Recorder:
    return Recorder(Outside(PARENT, home="/home/me", **outside))


def text(value: str) -> EscapedString:
    return EscapedString(value)


def test_a_value_is_recorded_with_its_references_and_kept_without() -> None:
    made = recorder()
    made.setenv("A", "1")
    made.setenv("B", "$A on ${HOST}, $MISSING")
    made.setenv("C", "~/x")
    assert made.actions == [
        Setenv("A", text("1")), Setenv("B", text("$A on ${HOST}, $MISSING")), Setenv("C", text("~/x")),
    ]  # fmt: skip
    assert made.environ == {"A": "1", "B": "1 on farm, $MISSING", "C": "/home/me/x"}


def test_literal_parts_are_left_alone() -> None:
    made = recorder()
    made.setenv("A", literal("$HOST ~ ").expandable("$HOST"))
    made.setenv("B", expandable("~"))
    assert made.environ == {"A": "$HOST ~ farm", "B": "/home/me"}
    assert made.actions[0] == Setenv("A", literal("$HOST ~ ").expandable("$HOST"))


@pytest.mark.parametrize(
    ("value", "shown"),
    [(5, "5"), (None, "None"), (True, "True"), (["a", "b"], "['a', 'b']"), ({"a": 1}, "{'a': 1}")],
)
def test_values_that_are_no_text(value: Any, shown: str) -> None:
    made = recorder()
    made.setenv("A", value)
    assert made.environ == {"A": shown}


def test_the_first_touch_replaces_and_later_ones_join() -> None:
    made = recorder()
    made.appendenv("PATH", "/a")
    made.appendenv("PATH", "/b")
    made.prependenv("PATH", "$HOST")
    assert made.actions == [
        Setenv("PATH", text("/a")), Appendenv("PATH", text("/b"), ":"), Prependenv("PATH", text("$HOST"), ":"),
    ]  # fmt: skip
    assert made.environ == {"PATH": "farm:/a:/b"}


def test_inherited_variables_are_joined_to() -> None:
    made = recorder(inherited=["PATH", "NEW"])
    made.prependenv("PATH", "/a")
    made.appendenv("NEW", "n")
    made.appendenv("HOST", "h")
    assert made.actions == [
        Refer("PATH"), Prependenv("PATH", text("/a"), ":"), Refer("NEW"), Appendenv("NEW", text("n"), ":"),
        Setenv("HOST", text("h")),
    ]  # fmt: skip
    assert made.environ == {"PATH": "/a:/usr/bin", "NEW": ":n", "HOST": "h"}
    everything = recorder(inherited=None)
    everything.appendenv("HOST", "h")
    assert everything.environ == {"HOST": "farm:h"}


def test_separators_by_variable() -> None:
    made = recorder(separators={"FLAGS": " "})
    for value in ("-a", "-b"):
        made.appendenv("FLAGS", value)
    assert made.actions[1] == Appendenv("FLAGS", text("-b"), " ")
    assert made.environ == {"FLAGS": "-a -b"}


def test_a_name_with_a_reference_is_joined_to_by_its_value() -> None:
    made = recorder()
    made.setenv("X_$HOST", "1")
    made.appendenv("X_$HOST", "2")
    made.prependenv("X_$HOST", literal("$3"))
    made.unsetenv("Y_$HOST")
    assert made.actions == [
        Setenv("X_$HOST", text("1")), Setenv("X_$HOST", text("${X_farm}:2")),
        Setenv("X_$HOST", literal("$3").expandable(":${X_farm}")), Unsetenv("Y_$HOST"),
    ]  # fmt: skip
    assert made.environ == {"X_farm": "$3:1:2"}


def test_shells_that_are_told_values_without_references() -> None:
    made = recorder(dialect=Dialect(expands=True), inherited=["PATH"])
    made.setenv("A_$HOST", "$HOST")
    made.appendenv("A_$HOST", literal("$b"))
    made.prependenv("PATH", "$HOST")
    made.resetenv("R_$HOST", "$HOST", ["F"])
    made.unsetenv("U_$HOST")
    assert made.actions == [
        Setenv("A_farm", text("farm")), Appendenv("A_farm", literal("$b"), ":"), Refer("PATH"),
        Prependenv("PATH", text("farm"), ":"), Resetenv("R_farm", text("farm"), ("F",)), Unsetenv("U_farm"),
    ]  # fmt: skip


def test_shells_that_are_told_the_whole() -> None:
    made = recorder(dialect=Dialect(expands=True, joins=False))
    made.setenv("A", "$HOST")
    made.appendenv("A", literal("$b"))
    assert made.actions[1] == Setenv("A", expandable("farm:").literal("$b"))


def test_taking_away_shows_the_parent_again() -> None:
    made = recorder()
    made.setenv("HOST", "mine")
    assert made.getenv("HOST") == "mine"
    made.unsetenv("HOST")
    assert made.getenv("HOST") == "farm"
    made.unsetenv("NEVER")
    assert made.environ == {}


def test_resetting() -> None:
    made = recorder()
    made.resetenv("A", "$HOST", ["B"])
    made.resetenv("A", "b")
    assert made.actions == [Resetenv("A", text("$HOST"), ("B",)), Resetenv("A", text("b"), ())]
    assert made.environ == {"A": "b"}


def test_asking() -> None:
    made = recorder()
    made.setenv("A", "HOST")
    assert made.defined("A")
    assert made.defined("$A")
    assert made.undefined("B")
    assert not made.undefined("HOST")
    assert made.getenv("${A}") == "farm"
    assert made.expandvars("$A/$HOST/~") == "HOST/farm/~"
    assert made.expandvars("~/x", format=False) == "/home/me/x"
    assert made.expandvars(literal("$A"), format=False) == "$A"
    assert made.expandvars(literal("$A")) == "HOST"  # filling makes it a plain text
    with pytest.raises(UndefinedVariableError, match="the variable B is not set"):
        made.getenv("B")


def test_what_is_said_and_run() -> None:
    made = recorder()
    made.shebang()
    made.info()
    made.info("a $HOST")
    made.error(literal("b"))
    made.comment(literal("c"))
    made.source("~/x.sh")
    made.alias("d", literal("e $1"))
    made.command("f {x} $HOST")
    made.command(["g", "h i", literal("$j")])
    made.command(("k",))
    assert made.actions == [
        Shebang(), Info(text("")), Info(text("a $HOST")), Error(literal("b")), Comment("c"), Source("~/x.sh"),
        Alias("d", "e $1"), Command("f {x} $HOST"), Command("g", (text("h i"), literal("$j"))), Command("k"),
    ]  # fmt: skip
    assert made.environ == {}


@pytest.mark.parametrize("value", [literal("a"), expandable("a"), [literal("a"), "b"]])
def test_a_command_can_not_be_escaped(value: Any) -> None:
    with pytest.raises(ValueError, match="neither literal nor expandable"):
        recorder().command(value)


def test_stopping_fills_the_message() -> None:
    with pytest.raises(StoppedError, match=r"^no maya for 5$"):
        recorder().stop("no %s for %d", "maya", 5)
    with pytest.raises(StoppedError, match=r"^plain$"):
        recorder().stop("plain")


def test_what_can_not_be_filled_stays_as_it_is() -> None:
    def fill(value: str) -> str:
        raise KeyError(value) if "?" in value else ValueError(value)

    made = Recorder(Outside(PARENT), fill)
    made.setenv("A", "{?} $HOST")
    made.setenv("B", literal("{").expandable("{?}"))
    made.setenv("C", "}")
    assert made.environ == {"A": "{?} farm", "B": "{{?}", "C": "}"}


@pytest.mark.parametrize("name", ["A-B", "", "1A", "A B", "A=B", "A\n", "\u00e9", "A\0", "A${B", "$(x)"])
def test_names_that_no_shell_can_have_are_refused_at_once(name: str) -> None:
    made = recorder(inherited=None, shell="bash")
    said = "a null character" if "\0" in name else "not the name of a variable"
    for change in (made.setenv, made.resetenv, made.prependenv, made.appendenv):
        with pytest.raises(LaunchError, match=said):
            change(name, "x")
    with pytest.raises(LaunchError, match=said):
        made.unsetenv(name)
    assert (made.actions, made.environ) == ([], {})


def test_without_a_shell_names_are_those_that_programs_can_have() -> None:
    made = recorder()
    made.setenv("A-B", "x")
    assert made.environ == {"A-B": "x"}
    for bad in ("A\0", "A\ud800"):
        with pytest.raises(LaunchError):
            made.setenv(bad, "x")


def test_such_variables_of_the_parent_can_be_asked_for() -> None:
    made = Recorder(Outside({"ProgramFiles(x86)": "C:"}, shell="pwsh"))
    assert made.getenv("ProgramFiles(x86)") == "C:"
    assert made.undefined("A-B")


@pytest.mark.parametrize("bad", ["a\0b", "a\ud800b", "\udc7f"])
def test_values_that_no_environment_can_hold_are_refused_at_once(bad: str) -> None:
    made = recorder(inherited=["PATH"])
    for value in (bad, literal(bad), literal("x").expandable(bad)):
        for change in (made.setenv, made.resetenv, made.prependenv, made.appendenv):
            with pytest.raises(LaunchError, match="a value for the shell holds"):
                change("PATH", value)
        for say in (made.info, made.error):
            with pytest.raises(LaunchError):
                say(value)
        with pytest.raises(LaunchError):
            made.command(["ls", value])
    for refused in (lambda: made.alias("a", bad), lambda: made.command(bad), lambda: made.source(bad)):
        with pytest.raises(LaunchError):
            refused()
    assert {type(each) for each in made.actions} <= {Refer}


def test_bytes_that_are_no_text_go_on() -> None:
    made = recorder()
    made.setenv("A", "\udc80/\u00e9/\udcff")
    made.comment("a\0b")
    assert made.environ == {"A": "\udc80/\u00e9/\udcff"}
    assert made.actions[1] == Comment("ab")


@pytest.mark.parametrize(
    ("shell", "name", "is_taken"),
    [
        ("bash", "my-tool", True), ("bash", "foo/bar", True), ("zsh", "foo/bar", True), ("tcsh", "foo/bar", True),
        ("fish", "foo/bar", False), ("sh", "foo/bar", False), ("fish", "\u00e9", True), ("/bin/bash", "\u00e9", True),
        ("bash", "[", False), ("zsh", "if", False), ("bash", "time", False), ("bash", "x=y", False),
        ("bash", "test", True), ("fish", "test", False), ("sh", "exec", False), ("zsh", "a\nb", False),
        ("bash", "a;b", False), ("", "x=y", True),
    ],
)  # fmt: skip
def test_an_alias_that_the_shell_can_not_have_is_left_out(shell: str, name: str, is_taken: bool) -> None:
    made = recorder(shell=shell)
    made.whose = "foo-1"
    made.alias(name, "ls $HOME")
    if is_taken:
        assert made.actions == [Alias(name, "ls $HOME")]
    else:
        said = f"rezup: foo-1: no alias {name!a} here: this shell can't have one of that name"
        assert made.actions == [Error(literal(said))]
