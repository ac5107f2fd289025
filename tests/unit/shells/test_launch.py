from __future__ import annotations

import os
from pathlib import Path

import pytest

from rezup import shells
from rezup.shells import Launch, Startup, known_names, shell_named
from rezup.shells.base import local_path

SCRIPTS = Path(shells.__file__).with_name("scripts")
STARTUP = Startup("/bin/it", "rezup (foo/local) ", ("/r/bin/rez", "/r/x"))


def test_environment_of_a_launch_is_the_given_one_changed() -> None:
    launch = Launch(("x",), {"A": "1", "B": None, "C": None})
    assert launch.apply({"B": "2", "D": "4"}) == {"A": "1", "D": "4"}


@pytest.mark.parametrize("name", known_names())
def test_start_depends_on_no_data_in_its_arguments(name: str) -> None:
    launch = shell_named(name).interactive(STARTUP, {"REZUP_PROMPT": "$(evil)"})
    assert launch.argv[0] == "/bin/it"
    assert "evil" not in " ".join(launch.argv)
    assert launch.environment["REZUP_PROMPT"] == "$(evil)"
    assert launch.environment["_REZUP_BIN"] == os.pathsep.join(["/r/bin/rez", "/r/x"])


@pytest.mark.parametrize("name", known_names())
def test_startup_script_is_part_of_the_package(name: str) -> None:
    assert (SCRIPTS / shell_named(name).script_file).is_file()


@pytest.mark.parametrize("name", known_names())
def test_every_parameter_that_is_set_is_removed_by_the_script(name: str, tmp_path: Path) -> None:
    shell = shell_named(name)
    if shell.completion_file is not None:
        (tmp_path / shell.completion_file).touch()
    startup = Startup("/bin/it", "x", ("/r",), tmp_path)
    environ = {"HOME": "/h", "ENV": "/e", "ZDOTDIR": "/z"}
    text = (SCRIPTS / shell.script_file).read_text(encoding="utf-8")
    removals = [
        line
        for line in text.splitlines()
        if any(word in line for word in ("unset", "set -e", "Remove-Item", '="'))
    ]
    for variable in shell.interactive(startup, environ).environment:
        if variable.startswith("_REZUP_"):
            assert any(variable in line for line in removals), variable


def test_prompt_of_the_user_wins_and_may_hold_line_breaks() -> None:
    launch = shell_named("bash").interactive(STARTUP, {"REZUP_PROMPT": "a{linebreak}b{x} "})
    assert launch.environment["REZUP_PROMPT"] == "a\nb{x} "


def test_empty_prompt_of_the_user_is_none() -> None:
    launch = shell_named("bash").interactive(STARTUP, {"REZUP_PROMPT": ""})
    assert launch.environment["REZUP_PROMPT"] == "rezup (foo/local) "


def test_completion_is_left_out_where_the_revision_has_none(tmp_path: Path) -> None:
    startup = Startup("/bin/bash", "x", (), tmp_path)
    assert "_REZUP_COMPLETION" not in shell_named("bash").interactive(startup, {}).environment
    assert "_REZUP_BIN" not in shell_named("bash").interactive(startup, {}).environment


@pytest.mark.parametrize(
    ("given", "expected"),
    [("do.sh", "./do.sh"), ("-x", "./-x"), ("a/do.sh", "a/do.sh"), ("/do.sh", "/do.sh")],
)
def test_script_path_is_neither_option_nor_looked_up(given: str, expected: str) -> None:
    assert local_path(given) == expected
    assert local_path(Path(given)) == expected


# -- shells that can't be run everywhere, by their text


def test_powershell_evaluates_its_script_after_the_profiles() -> None:
    launch = shell_named("pwsh").interactive(STARTUP, {})
    assert launch.argv[1:4] == ("-NoLogo", "-NoExit", "-Command")
    assert "-NoProfile" not in launch.argv
    assert '"' not in launch.argv[4]  # Windows would have to escape it
    assert launch.environment["_REZUP_SCRIPT"] == str(SCRIPTS / "powershell.ps1")


def test_powershell_runs_a_script_without_profiles_and_with_literal_arguments() -> None:
    launch = shell_named("pwsh").script("pwsh", "do.ps1", ["a b", "$x"])
    assert launch.argv == ("pwsh", "-NoLogo", "-NoProfile", "-File", "./do.ps1", "a b", "$x")


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", "''"),
        ("it's", "'it''s'"),
        ("\u2018a\u2019\u201a\u201b", "'\u2018\u2018a\u2019\u2019\u201a\u201a\u201b\u201b'"),
        ('$x `n "q" {0} @', "'$x `n \"q\" {0} @'"),
        ("a\nb\\", "'a\nb\\'"),
    ],
)
def test_powershell_quoting(text: str, quoted: str) -> None:
    assert shell_named("pwsh").quote(text) == quoted


def test_cmd_gets_its_batch_file_through_a_variable_as_its_command_line_has_rules_of_its_own() -> None:
    launch = shell_named("cmd").interactive(STARTUP, {})
    assert launch.argv == ("/bin/it", "/K", "%_REZUP_SCRIPT%")
    assert launch.environment["_REZUP_SCRIPT"] == f'"{SCRIPTS / "cmd.bat"}"'


def test_cmd_prompt_text_is_written_in_its_codes() -> None:
    launch = shell_named("cmd").interactive(STARTUP, {"REZUP_PROMPT": "$a (b){linebreak}<c>|&"})
    assert launch.environment["_REZUP_PROMPT"] == "$$a $Cb$F$_$Lc$G$B$A"
    assert launch.environment["REZUP_PROMPT"] == "$a (b)\n<c>|&"


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("", '^"^"'),
        ("a b", '^"a b^"'),
        ('say "hi"', '^"say \\^"hi\\^"^"'),
        ("C:\\dir\\", '^"C:\\dir\\\\^"'),
        ('\\"', '^"\\\\\\^"^"'),
        ("%PATH% & (x|y) <z> ^ !", '^"^%PATH^% ^& ^(x^|y^) ^<z^> ^^ ^!^"'),
    ],
)
def test_cmd_quoting(text: str, quoted: str) -> None:
    assert shell_named("cmd").quote(text) == quoted


def test_cmd_refuses_what_it_cannot_pass() -> None:
    with pytest.raises(ValueError, match="line break"):
        shell_named("cmd").quote("a\nb")


def test_cmd_runs_a_batch_file_through_a_variable_too() -> None:
    launch = shell_named("cmd").script("cmd.exe", "C:/my dir/do.bat", ["a&b"])
    assert launch.argv == ("cmd.exe", "/D", "/C", "%_REZUP_LINE%")
    assert launch.environment == {"_REZUP_LINE": '^"C:/my dir/do.bat^" ^"a^&b^"'}


def test_batch_file_has_the_line_ends_of_windows_and_shows_none_of_its_lines() -> None:
    data = (SCRIPTS / "cmd.bat").read_bytes()
    assert data.count(b"\n") == data.count(b"\r\n")  # labels are missed otherwise
    lines = [line for line in data.decode("ascii").split("\r\n") if line]
    assert all(line.startswith(("@", ":")) for line in lines)
    assert not any("echo off" in line for line in lines)


def test_the_other_scripts_have_the_line_ends_of_unix_and_plain_characters() -> None:
    for path in SCRIPTS.rglob("*"):
        if path.is_file() and path.suffix != ".bat":
            data = path.read_bytes()
            assert b"\r" not in data, path
            assert data.isascii(), path
            assert data.endswith(b"\n"), path


def test_interface_stays_small() -> None:
    public = [name for name in vars(shells.Shell) if not name.startswith("_")]
    assert len(public) <= 8
