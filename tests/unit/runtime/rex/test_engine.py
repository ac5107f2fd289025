"""Running code: the names it sees, what stays of them, what it includes, and how failures read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rezup.errors import PackageCommandsError
from rezup.runtime.config import load_config
from rezup.runtime.filesystem import FilesystemRepository
from rezup.runtime.rex.engine import Origin, Rex
from rezup.runtime.rex.includes import Includes
from rezup.runtime.rex.recorder import Outside
from rezup.runtime.source_code import SourceCode
from rezup.shells.actions import Alias, Error, Setenv
from rezup.shells.escaped import EscapedString
from support import rex_worlds

if TYPE_CHECKING:
    from pathlib import Path


def rex() -> Rex:
    return Rex(
        Outside({"HOST": "farm"}, shell="bash"), option_vars=lambda: {"a": {"b": 1}}, system="the system"
    )


def commands(text: str) -> SourceCode:
    return SourceCode(text, path="/p/package.py", as_function=False)


def failure(text: str, **own: object) -> PackageCommandsError:
    with pytest.raises(PackageCommandsError) as caught:
        rex().run(commands(text), Origin("foo-1"), **own)
    return caught.value


def test_functions_and_values() -> None:
    made = rex()
    made.run(
        commands("env.A = '{root}'; alias('b', format('{system}')); env.C = optionvars('a.b')"), root="/r"
    )
    assert made.recorder.actions == [
        Setenv("A", EscapedString("/r")), Alias("b", "the system"), Setenv("C", EscapedString("1")),
    ]  # fmt: skip


def test_what_code_defines_ends_with_it() -> None:
    made = rex()
    made.run(commands("x = 'one'; literal = None; env.A = '{x}'"))
    made.run(commands("env.B = '{x}'; env.C = literal('{A}'); env.D = 'x' in globals()"), root="/r")
    made.run(commands("env.E = '{root}'"))
    assert made.recorder.environ == {"A": "one", "B": "{x}", "C": "{A}", "D": "False", "E": "{root}"}


def test_names_for_all() -> None:
    made = rex()
    made.names["building"] = True
    made.run(commands("env.A = building"))
    assert made.recorder.environ == {"A": "True"}


def test_the_error_of_a_text_names_its_line_there() -> None:
    error = failure("env.A = 1\nenv.B = [\n  1 / 0,\n]")
    assert error.message == "commands of foo-1 fail, line 3 of their text in /p/package.py"
    assert error.context == "ZeroDivisionError: division by zero\n    env.B = [ 1 / 0, ]"
    assert (error.package, error.path, error.line) == ("foo-1", "/p/package.py", None)
    assert error.statement == "env.B = [ 1 / 0, ]"
    assert isinstance(error.__cause__, ZeroDivisionError)


def test_the_error_of_a_function_names_the_line_of_the_file(tmp_path: Path) -> None:
    file = """\
        name = 'foo'


        @include('gone')
        def pre_commands():

            # first
            if True:
                env.A = '''
                '''; env.B = this.nope
        """
    rex_worlds.write(tmp_path, {"foo/package.py": file})
    package = FilesystemRepository(str(tmp_path), load_config({})).package("foo")
    assert package is not None
    with pytest.raises(PackageCommandsError) as caught:
        rex().run(package.pre_commands, Origin("foo", "pre_commands"), this=package)
    error = caught.value
    path = str(tmp_path / "foo" / "package.py")
    assert error.message == f"pre_commands of foo fail, {path}:10"
    assert error.line == 10
    assert error.statement == "'''; env.B = this.nope"
    (tmp_path / "foo" / "package.py").unlink()
    with pytest.raises(PackageCommandsError) as caught:
        rex().run(package.pre_commands, Origin("foo", "pre_commands"), this=package)
    assert caught.value.line == 10
    assert caught.value.statement is None


def test_the_error_below_a_function_of_the_code() -> None:
    error = failure("def inner():\n    raise ValueError('own')\nfor i in (1,):\n    inner()")
    assert error.context == "ValueError: own\n    raise ValueError('own')"


def test_text_that_is_no_python() -> None:
    error = failure("env.A = 1\na wrong line")
    assert error.message == "commands of foo-1 fail, line 2 of their text in /p/package.py"
    assert error.context is not None
    assert error.context.startswith("SyntaxError: ")
    assert error.statement == "a wrong line"
    assert failure("a = 'x\0'").context is not None


def test_stopping() -> None:
    error = failure("env.A = 1\nstop('no %s', 'way')")
    assert error.message == (
        "commands of foo-1 stop the environment from being made, line 2 of their text in /p/package.py"
    )
    assert error.context == "no way"


@pytest.mark.parametrize(
    ("text", "context", "hint"), [
        ("format('{nope}')", "{nope} names nothing that commands can see", "braces that are meant to the letter are doubled"),
        ("getenv('NOPE')", "the variable NOPE is not set", 'ask defined("NAME") first'),
        ("x = '{x}'; env.A = '{x}'", "RecursionError: ", "filled without end"),
        ("raise ImportError('no', name='rez.config')", "ImportError: no", "Rez is not installed beside rezup"),
        ("import sys; sys.exit(3)", "SystemExit: 3", None),
        ("nope", "NameError: name 'nope' is not defined", None),
        ("command(literal('ls'))", "ValueError: a command can be neither", None),
    ],
)  # fmt: skip
def test_what_is_said(text: str, context: str, hint: str | None) -> None:
    error = failure(text)
    assert error.context is not None
    assert error.context.startswith(context)
    assert (error.hint is None) if hint is None else (hint in (error.hint or ""))


def test_code_of_no_package() -> None:
    with pytest.raises(PackageCommandsError) as caught:
        rex().run(SourceCode("1 / 0", as_function=False), Origin(part="post-commands of the bundle"))
    assert caught.value.message == "post-commands of the bundle fail, line 1 of their text"
    assert caught.value.path is None


def test_interruptions_are_no_failures() -> None:
    with pytest.raises(KeyboardInterrupt):
        rex().run(commands("raise KeyboardInterrupt"))


def test_after_a_failure_the_own_names_are_gone() -> None:
    made = rex()
    with pytest.raises(PackageCommandsError):
        made.run(commands("1 / 0"), root="/r")
    made.run(commands("env.A = '{root}'"))
    assert made.recorder.environ == {"A": "{root}"}


def test_included_modules(tmp_path: Path) -> None:
    files = {
        "foo/package.py": "name = 'foo'\n@include('shared', 'gone')\ndef commands():\n    env.A = shared.x, gone\n",
        "foo/.rez/include/shared.py": "x = 1\n",
        "foo/.rez/include/shared.sha1": "abc",
        "bar/package.py": "name = 'bar'\n@include('shared')\ndef commands():\n    env.B = shared.x\n",
        "bar/.rez/include/shared-def.py": "raise OSError('own')\n",
    }
    rex_worlds.write(tmp_path, files)
    repository = FilesystemRepository(str(tmp_path), load_config({}))
    foo, bar = repository.package("foo"), repository.package("bar")
    assert foo is not None
    assert bar is not None
    made = rex()
    made.run(foo.commands, Origin("foo", base=foo.base))
    assert made.recorder.environ == {"A": "(1, None)"}
    with pytest.raises(PackageCommandsError, match=r"commands of bar fail, .*bar/package\.py"):
        made.run(bar.commands, Origin("bar", base=bar.base))


def test_modules_with_one_digest_are_one(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        digest = "2" if name == "c" else "1"
        files = {f"{name}/.rez/include/m.py": "x = []\n", f"{name}/.rez/include/m.sha1": digest}
        rex_worlds.write(tmp_path, files)
    includes = Includes()
    a, b, c = (includes.module("m", str(tmp_path / name)) for name in ("a", "b", "c"))
    assert a is not None
    assert a is b
    assert a is not c
    assert includes.module("m", None) is None


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("env['A-B'] = 'x'", "not the name of a variable: 'A-B'"),
        ("setenv('A', 'a\\0b')", "a value for the shell holds a null character: 'a\\x00b'"),
        ("env.X = 'a\\ud800b'",
         "a value for the shell holds half of a character (a lone surrogate): 'a\\ud800b'"),
    ],
)  # fmt: skip
def test_what_no_environment_can_hold_is_told_with_its_place(statement: str, words: str) -> None:
    error = failure(f"env.A = 1\n{statement}\n")
    assert error.message == "commands of foo-1 fail, line 2 of their text in /p/package.py"
    assert (error.package, error.path, error.statement) == ("foo-1", "/p/package.py", statement)
    assert error.context == f"{words}\n    {statement}"
    assert error.hint


def test_whose_alias_is_left_out() -> None:
    made = Rex(Outside({}, shell="bash"))
    made.run(commands("alias('if', 'ls')"), Origin("foo-1"))
    made.run(commands("alias('if', 'ls')"), Origin(part="the command"))
    made.recorder.alias("if", "ls")
    assert [str(each.text).partition(" no alias")[0] for each in made.recorder.actions if isinstance(each, Error)] == [
        "rezup: foo-1:", "rezup: the command:", "rezup:",
    ]  # fmt: skip
