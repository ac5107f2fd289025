"""What package files depend on beside themselves."""

from __future__ import annotations

import textwrap

import pytest

from rezup.runtime.nature import Kind, judge


def kind(source: str) -> Kind:
    return judge("package.py", textwrap.dedent(source).encode()).kind


@pytest.mark.parametrize(
    "source",
    [
        "name = 'a'\nrequires = ['b-1']\n",
        "# coding: utf-8\nname = 'é'\n",
        "name = 'a'\ndef commands():\n    import os\n    env.A = os.environ['A']\n    env.B = open('x').read()\n",
        "with scope('config') as c:\n    c.x = sorted({'a': 1})\n",
        "import re\nfrom math import floor\nversion = re.sub('a', 'b', str(floor(2.5)))\n",
        "requires = ['python-%d' % n for n in range(3)]\n",
        "help = 'http://x'\nlicense = 'MIT'\n",
        "@early()\ndef requires():\n    return [this.name]\n",
        "@late()\ndef tools():\n    import os\n    return os.listdir(this.root)\n",
        "def unused():\n    return open('x')\n",
        "def preprocess(this, data):\n    import os\n",
        "class Thing:\n    def f(self):\n        return 1\n",
    ],
)
def test_what_only_says_things_is_pure(source: str) -> None:
    assert kind(source) is Kind.PURE


@pytest.mark.parametrize(
    ("source", "reason", "line"),
    [
        ("name = 'a'\nimport os\n", "imports os", 2),
        ("from os.path import join\n", "imports os.path", 1),
        ("import time as re\n", "imports time", 1),
        ("version = open('VERSION').read()\n", "uses open", 1),
        ("x = __import__('os').environ\n", "uses __import__", 1),
        ("x = eval('1')\n", "uses eval", 1),
        ("x = getattr(str, 'for' + 'mat')\n", "uses getattr", 1),
        ("x = ().__class__.__base__\n", "uses __base__", 1),
        ("def f():\n    return open('x')\n\ny = f()\n", "uses open", 2),
        ("y = [g() for _ in (1,)] if 0 else lambda: f()\ndef f():\n    return open('x')\n", "uses open", 3),
        ("@early()\ndef a():\n    import platform\n    return platform.node()\n", "imports platform", 3),
        (
            "def helper():\n    return input()\n@early()\ndef a():\n    return this.helper()\n",
            "uses input",
            2,
        ),
        ("@early()\ndef a(data):\n    return data['f']()\n", "a takes the whole definition", 2),
        ("@late()\ndef requires():\n    return []\n", "requires is bound late", 2),
        ("@include('x')\n@late()\ndef build_requires():\n    return []\n", "build_requires is bound late", 3),
        ("@own\ndef a():\n    return id(1)\n", "uses id", 3),
        ("def a(x=open('y')):\n    pass\n", "uses open", 1),
        ("class Thing:\n    def f(self):\n        return open('x')\n", "uses open", 3),
        ("def commands():\n    open('x')\ncommands()\n", "uses open", 2),
        ("import os.path\n", "imports os.path", 1),
        ("from . import x\n", "imports .", 1),
        ("x = ｏｐｅｎ('x')\n", "uses open", 1),
        ("# coding: utf-7\nx = 1\nhash(x)\n", "uses hash", 3),
    ],
)
def test_a_look_outside_is_told_with_its_line(source: str, reason: str, line: int) -> None:
    found = judge("package.py", source.encode())
    assert (found.kind, found.reason, found.line) == (Kind.VOLATILE, reason, line)


def test_included_modules_are_named() -> None:
    source = (
        "@include('a', 'b')\ndef commands():\n    pass\n@late()\n@include('c')\ndef tools():\n    return []\n"
    )
    found = judge("package.py", source.encode())
    assert (found.kind, found.includes) == (Kind.INCLUDES, ("a", "b", "c"))


def test_yaml_is_no_program() -> None:
    assert judge("package.yaml", b"import: os").kind is Kind.PURE
