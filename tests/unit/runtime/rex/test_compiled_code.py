"""Code objects of commands: made once, handed on, with the lines of their file."""

from __future__ import annotations

import marshal
from typing import TYPE_CHECKING

import pytest

from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.rex.engine import Rex
from rezup.runtime.rex.recorder import Outside
from rezup.runtime.source_code import SourceCode
from support import rex_worlds

if TYPE_CHECKING:
    from pathlib import Path
    from types import CodeType


def line_of_marker(code: CodeType) -> int:
    """The line in which the name `marker` stands."""
    names = {"marker": None}
    found = [line for _, _, line in code.co_lines() if line]
    exec(code, names)
    return found[-1]


@pytest.mark.parametrize(
    ("file", "line"), [
        ("def commands():\n    marker\n", 2),
        ("def commands(): marker\n", 1),
        ("name = 'foo'\n\ndef commands():\n\n    # why\n    x = '''\n\n'''\n    marker\n", 9),
        ("@include('m')\n@include(\n  'n')\ndef commands(\n):\n    marker\n", 6),
        ("name = 'foo'\ndef commands(): marker\n", 2),
    ],
)  # fmt: skip
def test_lines_are_those_of_the_file(tmp_path: Path, file: str, line: int) -> None:
    rex_worlds.write(tmp_path, {"foo/package.py": file})
    package = FilesystemRepository(str(tmp_path), load_config({})).package("foo")
    assert package is not None
    code = package.commands.compiled()
    assert code.co_filename == str(tmp_path / "foo" / "package.py")
    assert line_of_marker(code) == line


def test_it_is_made_once() -> None:
    source = SourceCode("a = 1", path="/p/package.yaml", as_function=False)
    assert source.compiled() is source.compiled()
    assert source.compiled().co_filename == "</p/package.yaml>"


def test_one_that_was_made_before_is_taken() -> None:
    code = marshal.loads(marshal.dumps(SourceCode("env.A = 'kept'", as_function=False).compiled()))
    rex = Rex(Outside({}))
    rex.run(SourceCode("env.A = 'new'", as_function=False, code=code))
    assert rex.recorder.environ == {"A": "kept"}


def test_a_text_of_several_lines_is_indented_as_rez_does() -> None:
    rex = Rex(Outside({}))
    rex.run(SourceCode("env.A = '''one\n\ntwo'''", as_function=False))
    assert rex.recorder.environ == {"A": "one\n    \n    two"}


def test_a_function_gives_a_value() -> None:
    names: dict[str, object] = {}
    exec(SourceCode("if True:\n    return 5", name="later").compiled(), names)
    assert names["_result"] == 5
