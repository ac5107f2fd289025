from __future__ import annotations

import subprocess
import sys

import pytest

from rezup.errors import LaunchError
from rezup.shells import known_names
from rezup.shells.actions import (
    Action,
    Alias,
    Appendenv,
    Command,
    Comment,
    Error,
    Info,
    Prependenv,
    Resetenv,
    Setenv,
    Shebang,
    Source,
    Unsetenv,
)  # fmt: skip
from rezup.shells.code import code_for
from rezup.shells.escaped import expandable, literal


@pytest.mark.parametrize("name", known_names())
def test_every_shell_has_code(name: str) -> None:
    text = code_for(name).write([Setenv("A", literal("b")), Comment("c")])
    assert "A" in text
    assert text.endswith("\n")


def test_shell_is_found_by_its_program_too() -> None:
    assert code_for("/opt/bash-5.2").file_extension == "sh"
    with pytest.raises(LaunchError, match="xonsh"):
        code_for("/bin/xonsh")


def test_loading_one_loads_no_other() -> None:
    code = (
        "import sys; from rezup.shells.code import code_for; code_for('bash');"
        "print(*sorted(n for n in sys.modules if n.startswith('rezup.shells.code.')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == [f"rezup.shells.code.{name}" for name in ("base", "bash", "posix")]


def test_nothing_is_no_text() -> None:
    assert code_for("bash").write([]) == ""
    assert code_for("bash").write([], style="eval") == ""


def test_text_of_bash() -> None:
    actions: list[Action] = [
        Shebang(), Comment("one\ntwo"), Setenv("A", literal("b")), Resetenv("A", expandable("$B/c")),
        Prependenv("PATH", literal("/x"), ":"), Alias("m", "maya -x"), Alias("ls", "ls -l"), Command("ls; ls"),
    ]  # fmt: skip
    assert code_for("bash", executable="/bin/bash").write(actions) == (
        "#!/bin/bash\n# one\n# two\nexport A='b'\nexport A=\"${B-}\"'/c'\nexport PATH='/x'':'\"${PATH-}\"\n"
        'function m() { maya -x "$@"; }; export -f m\nfunction ls() { command ls -l "$@"; }; export -f ls\n'
        "ls; ls\n"
    )


@pytest.mark.parametrize("shell", known_names())
@pytest.mark.parametrize(
    "name", ["", "1A", "A B", "A=B", "A;b", "$(x)", "A$", "A${", "${A b}", "A-B", "é", "A\n", "%A%", "*"]
)
def test_what_is_no_variable_is_refused(shell: str, name: str) -> None:
    code = code_for(shell)
    for action in (
        Setenv(name, literal("x")), Unsetenv(name), Prependenv(name, literal("x"), ":"), Resetenv(name, literal(""))
    ):  # fmt: skip
        with pytest.raises(LaunchError, match="name of a variable") as caught:
            code.write([action])
        assert caught.value.hint


@pytest.mark.parametrize("shell", known_names())
@pytest.mark.parametrize(
    "name",
    [
        "",
        "-x",
        "a b",
        "a;b",
        "a(",
        "$x",
        "`x`",
        "a\nb",
        "/a",
        "=",
        "a=b",
        "[",
        "if",
        "time",
        "done",
        "export",
        ".",
    ],
)
def test_what_is_no_alias_is_refused(shell: str, name: str) -> None:
    with pytest.raises(LaunchError, match="name of an alias") as caught:
        code_for(shell).write([Alias(name, "x")])
    assert caught.value.hint


@pytest.mark.parametrize("shell", known_names())
def test_null_character_is_refused(shell: str) -> None:
    for action in (
        Setenv("A", literal("\0")), Setenv("A", expandable("$A\0")), Alias("a", "\0"), Info(literal("\0")),
        Source("a\0b"), Command("a\0"),
    ):  # fmt: skip
        with pytest.raises(LaunchError, match="null character"):
            code_for(shell).write([action])


# -- shells that are not here: by their text alone


def test_text_of_powershell() -> None:
    actions: list[Action] = [
        Shebang(), Comment("a\nb"), Setenv("A", literal("it's \u2019 $x `y`\n\"")), Setenv("B", expandable("${A}/$C")),
        Setenv("E", literal("")), Appendenv("PATH", literal("x"), ":"), Unsetenv("A"), Alias("my-tool", "maya -x"),
        Alias("bad", "x }; y"), Info(expandable("hi $A")), Error(literal("")), Source("/a b"), Command("ls"),
    ]  # fmt: skip
    assert code_for("pwsh").write(actions).split("\n") == [
        "# a", "# b", "Set-Item -LiteralPath 'Env:A' -Value 'it''s \u2019\u2019 $x `y`", "\"'",
        "Set-Item -LiteralPath 'Env:B' -Value ('' + ${env:A} + '/' + ${env:C})",
        "Set-Item -LiteralPath 'Env:E' -Value ''",
        "Set-Item -LiteralPath 'Env:PATH' -Value ('' + ${env:PATH} + ':' + 'x')",
        "Remove-Item -LiteralPath 'Env:A' -ErrorAction SilentlyContinue",
        "function my-tool() { maya -x @args }",
        "function bad() { Invoke-Expression 'x }; y @args' }",
        "Write-Host ('hi ' + ${env:A})", "[Console]::Error.WriteLine('')", ". '/a b'", "ls", "",
    ]  # fmt: skip


def test_powershell_can_be_told_a_name_with_a_variable() -> None:
    text = code_for("pwsh").write([Prependenv("A_$N", literal("x"), ";"), Unsetenv("${N}")])
    assert text.split("\n") == [
        "$_rezup_name = 'Env:' + ('A_' + ${env:N})",
        "$env:_rezup_old = (Get-Item -LiteralPath $_rezup_name -ErrorAction SilentlyContinue).Value",
        "Set-Item -LiteralPath $_rezup_name -Value ('x' + ';' + ${env:_rezup_old})",
        "Remove-Item -LiteralPath 'Env:_rezup_old' -ErrorAction SilentlyContinue",
        "Remove-Variable -Name _rezup_name",
        "$_rezup_name = 'Env:' + ('' + ${env:N})",
        "Remove-Item -LiteralPath $_rezup_name -ErrorAction SilentlyContinue",
        "Remove-Variable -Name _rezup_name",
        "",
    ]


def test_text_of_cmd() -> None:
    actions: list[Action] = [
        Shebang(), Comment("a %b% ^\nb"), Setenv("A", literal('a&b|c "d" %e% ^(!)')), Setenv("B", expandable("$A&c%")),
        Appendenv("PATH", literal("x"), ";"), Unsetenv("A"), Alias("my-tool", '"C:\\a b\\x.exe" -y'),
        Info(literal("/? a&b")), Info(expandable("<$A> ^!")), Error(literal("")), Source("C:\\100%\\a b.bat"), Command("dir"),
    ]  # fmt: skip
    assert code_for("cmd").write(actions).split("\n") == [
        "REM a .b. .", "REM b", 'set A=a^&b^|c ^"d^" %%e%% ^^^(^!^)', 'set "B=%A%&c%%"', 'set "PATH=%PATH%;x"',
        'set "A="', 'doskey my-tool=^"C:\\a b\\x.exe^" -y $*', "echo(/? a^&b",
        "setlocal EnableExtensions EnableDelayedExpansion", "echo(^<!A!^> ^^^^^^!", "endlocal",
        "1>&2 echo(", 'call "C:\\100%%%%\\a b.bat"', "dir", "",
    ]  # fmt: skip


@pytest.mark.parametrize("action", [
    Setenv("A", literal("a\nb")), Setenv("A", expandable("$B\r")), Setenv("A", expandable('"$B"')),
    Setenv("A", literal("x" * 9000)), Alias("a", "x\ny"), Source('a"b'), Prependenv("A_$N", literal("x"), ";"),
])  # fmt: skip
def test_what_cmd_can_not_be_told_is_refused(action: Action) -> None:
    with pytest.raises(LaunchError) as caught:
        code_for("cmd").write([action])
    assert caught.value.hint


def test_paths_get_the_slashes_of_windows_where_they_are_no_literals() -> None:
    actions = [
        Setenv("PYTHONPATH", expandable("C:/a/$X").literal("/b")), Setenv("OTHER", expandable("C:/a"))
    ]  # fmt: skip
    text = code_for("cmd", path_names=["*PATH"]).write(actions)
    assert text == 'set "PYTHONPATH=C:\\a\\%X%/b"\nset OTHER=C:/a\n'
    text = code_for("powershell", path_names=["*PATH"]).write(actions)
    assert "('C:\\a\\' + ${env:X} + '/b')" in text
    assert "C:/a'" in text
    assert "C:/a/" in code_for("bash", path_names=["*PATH"]).write(actions)


@pytest.mark.parametrize(
    ("shell", "separator"), [("cmd", "&& "), ("pwsh", "; "), ("bash", ";"), ("tcsh", ";")]
)
def test_separator_of_one_line(shell: str, separator: str) -> None:
    actions = [Command("a"), Comment("b"), Command("c")]
    assert code_for(shell).write(actions, style="eval") == f"a{separator}c"


def test_arguments_for_cmd_are_in_quotes() -> None:
    arguments = (literal('a "b" 100% &'), expandable("$A b"), literal(""), literal("C:\\x\\"))
    assert code_for("cmd").write([Command("prog /x", arguments)]) == (
        'prog /x ^"a \\^"b\\^" 100%% ^&^" "%A% b" ^"^" ^"C:\\x\\\\^"\n'
    )


def test_word_alone_refers_to_variables_directly() -> None:
    assert code_for("tcsh").text(expandable("$A b")) == "''${A:q}' b'"
