"""From actions to the environment."""

from __future__ import annotations

import pytest

from rezup.runtime.rex.recorder import Outside, Recorder
from rezup.runtime.rex.replay import adjusted, changes_of
from rezup.shells.actions import Appendenv, Info, Prependenv, Refer, Resetenv, Setenv, Unsetenv
from rezup.shells.escaped import EscapedString, literal

PARENT = {"HOST": "farm", "PATH": "/usr/bin"}


def test_each_action() -> None:
    actions = [
        Setenv("A", EscapedString("$HOST")), Setenv("${A}_X", literal("$HOST").expandable(" $A ~")),
        Resetenv("R", EscapedString("~/r"), ("x",)), Unsetenv("GONE"), Setenv("U", EscapedString("u")), Unsetenv("U"),
        Refer("PATH"), Prependenv("PATH", EscapedString("$A"), ":"), Appendenv("PATH", literal("$A"), ";"),
        Refer("NEW"), Refer("A"), Info(EscapedString("said")),
    ]  # fmt: skip
    assert changes_of(actions, PARENT, "/h") == {
        "A": "farm", "farm_X": "$HOST farm ~", "R": "/h/r", "PATH": "farm:/usr/bin;$A", "NEW": "",
    }  # fmt: skip


def test_it_is_what_the_recorder_has() -> None:
    recorder = Recorder(Outside(PARENT, ["PATH"], {}, home="/h"))
    recorder.setenv("A", "$PATH")
    recorder.appendenv("PATH", literal("$A"))
    recorder.prependenv("X_$HOST", "~")
    recorder.prependenv("X_$HOST", "$A")
    recorder.setenv("A", "$A$A")
    assert changes_of(recorder.actions, PARENT, "/h") == recorder.environ


@pytest.mark.parametrize(
    ("platform", "environ", "wanted"), [
        ("windows", {"A": "1"}, {"A": "1", "SYSTEMROOT": "C:\\Windows"}),
        ("windows", {"SYSTEMROOT": "mine"}, {"SYSTEMROOT": "mine"}),
        ("linux", {"A": "1"}, {"A": "1"}),
    ],
)  # fmt: skip
def test_what_programs_need(platform: str, environ: dict[str, str], wanted: dict[str, str]) -> None:
    assert adjusted(environ, {"SYSTEMROOT": "C:\\Windows"}, platform) == wanted
    assert adjusted({}, {}, platform) == {}
