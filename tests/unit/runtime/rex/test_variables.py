"""`env`, by items and by attributes."""

from __future__ import annotations

import pytest

from rezup.runtime.rex.recorder import Outside, Recorder, UndefinedVariableError
from rezup.runtime.rex.variables import Environ
from rezup.shells.actions import Setenv, Unsetenv
from rezup.shells.escaped import EscapedString


@pytest.fixture
def env() -> Environ:
    return Environ(Recorder(Outside({"HOST": "farm", "EMPTY": ""})))


def test_setting_and_asking(env: Environ) -> None:
    env.A = "1"
    env["B"] = env.A
    env.C.set("3")
    assert env.A.get() == env["A"].value() == str(env.B) == "1"
    assert env._recorder.actions[2] == Setenv("C", EscapedString("3"))
    assert repr(env.A) == "EnvironmentVariable('A', '1')"
    assert env.A.name == "A"


def test_joining_resetting_taking_away(env: Environ) -> None:
    env.A.append("1")
    env.A.append("2")
    env.A.prepend("0")
    assert env.A == "0:1:2"
    env.A.reset("x", ["y"])
    assert env.A == "x"
    env.A.unset()
    assert env._recorder.actions[-1] == Unsetenv("A")
    assert not env.A


def test_truth_and_equality(env: Environ) -> None:
    assert env.HOST
    assert not env.EMPTY
    assert not env.MISSING
    assert env.HOST == "farm"
    assert env.HOST == env.HOST
    assert env.HOST != "other"
    with pytest.raises(UndefinedVariableError):
        _ = env.MISSING == "x"
    with pytest.raises(TypeError):
        hash(env.HOST)


def test_defaults(env: Environ) -> None:
    for name in ("HOST", "EMPTY", "NEW"):
        env[name].setdefault("d")
    assert [str(env[name]) for name in ("HOST", "EMPTY", "NEW")] == ["farm", "d", "d"]


def test_known_names(env: Environ) -> None:
    assert "HOST" in env
    assert "NEW" not in env
    assert env.get("NEW").name == "NEW"
    assert "NEW" in env
    assert list(env) == ["HOST", "EMPTY", "NEW"]
    assert len(env) == 3
    del env["NEW"]
    assert "NEW" not in env
    with pytest.raises(KeyError):
        del env["NEW"]
    env.update({"U": "1"})
    assert env.U == "1"


def test_names_of_the_language_are_no_variables(env: Environ) -> None:
    with pytest.raises(AttributeError):
        _ = env.__nothing__
