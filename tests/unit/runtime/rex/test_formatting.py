"""Filling fields: the short way and the long one, and what is no field."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from rezup.runtime.rex.dialects import dialect_of
from rezup.runtime.rex.formatting import Formatter, UnknownFieldError
from rezup.shells.escaped import expandable, literal

NAMES: dict[str, Any] = {
    "root": "/p", "n": 7, "none": None, "this": SimpleNamespace(name="maya", inner=SimpleNamespace(x="deep {root}")),
    "again": "<{root}>", "escaped": literal("{root}").expandable("!"), "variable": "$HOST", "map": {"k": "v"},
    "loop": "{loop}",
}  # fmt: skip


def filled(text: str, shell: str = "") -> str:
    return Formatter(NAMES, dialect_of(shell).reference).format(text)


@pytest.mark.parametrize(
    ("text", "wanted"), [
        ("", ""), ("plain", "plain"), ("{root}/bin", "/p/bin"), ("a{root}{root}b", "a/p/pb"),
        ("{this.name}-{n}-{none}", "maya-7-None"), ("{this.inner.x}", "deep /p"), ("{again}", "</p>"),
        ("{escaped}", "/p!"), ("{variable}", "${HOST}"),
        ("$HOST", "${HOST}"), ("${HOST}", "${HOST}"), ("$HOST2", "${HOST}2"), ("${H2}{root}$A", "${H2}/p${A}"),
        ("$", "$"), ("$$", "$$"), ("$1", "$1"), ("a$-b", "a$-b"), ("$A{root}$", "${A}/p$"), ("${root}", "${root}"),
        # the long way
        ("{{root}}", "{root}"), ("{{}}", "{}"), ("{root}}}", "/p}"), ("{map[k]}", "v"), ("{n:03d}", "007"),
        ("{root!r}", "'/p'"), ("{root:>4}", "  /p"), ("{root:>{n}}", "     /p"), ("{{$HOST}}", "{${HOST}}"),
    ],
)  # fmt: skip
def test_texts(text: str, wanted: str) -> None:
    assert filled(text) == wanted


@pytest.mark.parametrize("text", ["{unknown}", "{unknown.x}", "a {unknown!r}", "$A {unknown}", "{ root }"])
def test_unknown_names(text: str) -> None:
    with pytest.raises(UnknownFieldError, match=r"names nothing that commands can see"):
        filled(text)


@pytest.mark.parametrize("text", ["{", "}", "{root", "a}b", "${", "{root}}", "{root!x}", "{a$B}"])
def test_braces_that_make_no_sense(text: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        filled(text)


@pytest.mark.parametrize("text", ["{}", "{0}", "{1.x}"])
def test_numbers(text: str) -> None:
    with pytest.raises(IndexError, match="is a number; fields of commands are names"):
        filled(text)


def test_missing_attributes_and_endless_values() -> None:
    with pytest.raises(AttributeError):
        filled("{this.nothing}")
    with pytest.raises(RecursionError):
        filled("{loop}")


def test_names_may_change() -> None:
    formatter = Formatter({"a": 1})
    assert formatter.format("{a}") == "1"
    formatter.names = {"a": 2}
    assert formatter.format("{a}") == "2"


def test_the_references_of_powershell() -> None:
    assert filled("$Env:HOST {root} ${env:X1} $A", "pwsh") == "${HOST} /p ${X1} ${A}"
    assert filled("$Env:HOST", "bash") == "${Env}:HOST"


def test_an_expandable_value_is_filled_as_well() -> None:
    assert Formatter({"x": expandable("{y}"), "y": "z"}).format("{x}") == "z"
