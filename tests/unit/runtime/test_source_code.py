"""The text of functions of package files, and how it is run."""

from __future__ import annotations

import textwrap
from typing import Any

import pytest

from rezup.runtime.source_code import SourceCode, body_text


def text_of(source: str, line: int = 1) -> str:
    return body_text(textwrap.dedent(source).encode(), line)


@pytest.mark.parametrize(
    ("source", "body"),
    [
        ("def f():\n    a = 1\n    if a:\n        b()\n\n\nx = 1\n", "a = 1\nif a:\n    b()"),
        ("def f(): pass\nx = 1\n", "pass"),
        ("def f(): a = {'b': 1}; c()\n", "a = {'b': 1}; c()"),
        ("@late()\n@include('a', 'b')\ndef f():\n    return 1\n", "return 1"),
        ("def f(\n    a=(1,\n       2),\n):\n    return a\n", "return a"),
        (
            "def f() -> 'x':  # why\n    # first\n    a()\n    # last\n# outside\ny = 1\n",
            "# first\na()\n# last",
        ),
        ("def f():\n    '''doc\n  left\n    '''\n    a()\n", "  '''doc\nleft\n  '''\n  a()"),
        ("def f():\n    a()\n# left\n    b()\n", "a()\n# left\nb()"),
        ("def f():\n    if a:\n    # comment\n        b()\n", "if a:\n    # comment\n    b()"),
        ("def f():\n\ta()\n\tb()", "a()\nb()"),
        ("def f():\n    def g():\n        pass\n    g()\n", "def g():\n    pass\ng()"),
        ("def f():\n    a = 1\n\n\n\n", "a = 1"),
        ("    def f():\n        a = 1\n        b = 2\n    c = 3\n", "a = 1\nb = 2"),
        ("def f():\r\n    a = 1\r\n    b = '\x0c\u2028'\r\n", "a = 1\nb = '\x0c\u2028'"),
        ("def f():\n    return (1,\n2)\n", "    return (1,\n2)"),
    ],
)
def test_the_body_without_its_indentation(source: str, body: str) -> None:
    assert body_text(source.encode(), 1) == body


def test_the_encoding_of_the_file_is_kept() -> None:
    assert body_text("# coding: latin-1\ndef f():\n    a('é')\n".encode("latin-1"), 2) == "a('é')"


def test_it_runs_as_a_function_or_as_it_is() -> None:
    names: dict[str, Any] = {}
    exec(SourceCode("if a:\n    return 1\nreturn 2", name="f").runnable(), {"a": 0}, names)
    assert names["_result"] == 2
    names = {}
    exec(SourceCode("b = 1\nc = b + 1", as_function=False).runnable(), names)
    assert names["c"] == 2


def test_equal_texts_are_equal() -> None:
    assert SourceCode("a\n\n") == SourceCode("a", name="other")
    assert SourceCode("a") != SourceCode("b")
    assert len({SourceCode("a"), SourceCode("a")}) == 1
    assert str(SourceCode("a")) == "a"
