"""Words of a command as a line: in real shells, just those words."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from rezup.shells.code import code_for
from rezup.shells.command_line import command_line
from support.shell_code import NASTY, SHELLS, program_of

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

SHOW = "import sys, json; print(json.dumps([word.encode('utf-8', 'surrogateescape').hex() for word in sys.argv[1:]]))"


def run(shell: str, folder: Path, words: list[str]) -> list[str]:
    """The arguments that a program gets."""
    line = command_line(code_for(shell), [sys.executable, "-c", SHOW, *words])
    script = folder / "script"
    script.write_bytes(os.fsencode(line + "\n"))
    done = subprocess.run(
        [program_of(shell), *SHELLS[shell].norc, str(script)], capture_output=True, text=True, check=False, cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", "GIVEN": "a  b'c\"", "PYTHONUTF8": "1"},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return [bytes.fromhex(word).decode("utf-8", "surrogateescape") for word in json.loads(done.stdout)]


@pytest.mark.parametrize("shell", SHELLS)
class TestAShell:
    def test_words_stay_what_they_are(self, shell: str, tmp_path: Path) -> None:
        words = [word for word in NASTY if "$" not in word]
        assert run(shell, tmp_path, words) == words

    def test_variables_are_those_of_the_environment(self, shell: str, tmp_path: Path) -> None:
        words = ["$GIVEN", "${GIVEN}", "x$GIVEN/y", "${GIVEN}$GIVEN", "'$GIVEN'", '"$GIVEN"', "~$GIVEN"]
        given = "a  b'c\""
        assert run(shell, tmp_path, words) == [
            given, given, f"x{given}/y", given * 2, f"'{given}'", f'"{given}"', f"~{given}",
        ]  # fmt: skip

    def test_what_only_looks_like_one_is_text(self, shell: str, tmp_path: Path) -> None:
        words = [
            "$",
            "$$",
            "$1",
            "$?",
            "$(echo ran)",
            "${GIVEN:-x}",
            "`echo ran`",
            "a$",
            "$-",
            "~",
            "~root",
            "~/x",
        ]
        assert run(shell, tmp_path, words) == words

    def test_an_alias_may_be_the_first_word(self, shell: str, tmp_path: Path) -> None:
        assert command_line(code_for(shell), ["my-tool", "a b"]).startswith("my-tool ")


def test_no_words_are_no_line() -> None:
    assert command_line(code_for("bash"), []) == ""
    assert command_line(code_for("bash"), [""]) == "''"
