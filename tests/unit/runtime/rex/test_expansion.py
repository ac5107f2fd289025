"""Variables and homes in texts; shells by name."""

from __future__ import annotations

import os

import pytest

from rezup.runtime.rex.dialects import Dialect, dialect_of
from rezup.runtime.rex.expansion import with_home, with_variables


@pytest.mark.parametrize(
    ("text", "wanted"), [
        ("", ""), ("a", "a"), ("$A", "1"), ("${A}", "1"), ("$A$B", "1$A"), ("$AB", "$AB"), ("${AB}c", "${AB}c"),
        ("$A-${A}.$A", "1-1.1"), ("$", "$"), ("$$A", "$1"), ("${", "${"), ("${}", "${}"), ("$é", "e"),
    ],
)  # fmt: skip
def test_variables(text: str, wanted: str) -> None:
    assert with_variables(text, {"A": "1", "B": "$A", "é": "e"}) == wanted


@pytest.mark.parametrize(
    ("text", "home", "wanted"), [
        ("~", "/home/me", "/home/me"), ("~/x", "/home/me", "/home/me/x"), ("~/x", "/", "/x"), ("~", "/", "/"),
        ("a~", "/h", "a~"), ("~nobody of that name/x", "/h", "~nobody of that name/x"), ("~/x", "/h/", "/h/x"),
    ],
)  # fmt: skip
def test_homes(text: str, home: str, wanted: str) -> None:
    assert with_home(text, home) == wanted


def test_the_home_of_another_user() -> None:
    assert with_home("~root/x", "/h") == os.path.expanduser("~root/x")


def test_dialects() -> None:
    assert dialect_of("") == dialect_of("bash") == dialect_of("fish") == Dialect()
    assert dialect_of("bash").path("/a/b") == "/a/b"
    pwsh = dialect_of("pwsh")
    assert pwsh.expands
    assert pwsh.joins
    assert pwsh.path("/a/b") == "/a/b"
    assert dialect_of("powershell", "windows").path("C:/a/b") == r"C:\a\b"
    cmd = dialect_of("cmd", "windows")
    assert cmd.expands
    assert not cmd.joins
    assert cmd.path("C:/a") == r"C:\a"
    git = dialect_of("gitbash", "windows")
    assert git.separator == ":"
    assert git.path("C:\\a\\b/c") == "/C/a/b/c"
    assert git.path("relative\\b") == "relative/b"
