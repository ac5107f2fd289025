"""Texts that are hard on shells, and real shells that source code and tell what came of it."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING, NamedTuple

import pytest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

NASTY = [
    "", " ", "  two  blanks  ", "\t", "\n", "a\nb", "\na", "a\n", "a\n\n", "'", '"', "''", '""', "it's", "'\"'\"'", "\\",
    "\\\\", "a\\", "\\'", '\\"', "\\n", "\\t\\c", "\\!", "\\$HOME", "!", "!!", "a!b", "!$", "$", "$$", "$?", "$1", "$@",
    "$(echo ran)", "`echo ran`", "${NASTY:-$(echo ran)}", "$((1+1))", "${!HOME}", "%PATH%", "%s%n", "50%", "*", "?",
    "[a-z]*", "{a,b}", "=ls", "-n", "-e x", "--", "#x", "a#b", "a # b", ";", "; echo ran", "&", "&& echo ran", "|", "<x>", ">",
    ">&2", "(", ")", "(a)", "^", "^a^b", "a=b", "é", "日本", "🦊", "\x01\x7f", "\r", "\r\n", "a;b&c|d", "'$x'\\''!\\\n\"",
    "'; echo ran; '", '"; echo ran; "', "\udcff", "[0]", "@", "\x1b[1m", "if", "end", "EOF", "a:b::c:",
]  # fmt: skip


class ShellCase(NamedTuple):
    """A real shell and how it is told to do what the tests need."""

    name: str
    program: str
    norc: tuple[str, ...]
    source: str = "."


SHELLS = {
    case.name: case
    for case in (
        ShellCase("bash", "bash", ("--norc",)),
        ShellCase("zsh", "zsh", ("-f",)),
        ShellCase("sh", "dash", ()),
        ShellCase("fish", "fish", ("--no-config",), "source"),
        ShellCase("tcsh", "tcsh", ("-f",), "source"),
    )
}


class Outcome(NamedTuple):
    """What a shell said and what environment it left."""

    environment: dict[str, str]
    stdout: str
    stderr: str


def program_of(name: str) -> str:
    """The shell's program; the test is skipped without it."""
    program = shutil.which(SHELLS[name].program)
    if program is None:
        pytest.skip(f"{SHELLS[name].program} is not installed")
    return program


def sourced(
    name: str, code: str, folder: Path, environ: Mapping[str, str] | None = None, after: str = ""
) -> Outcome:
    """Source the code in the shell, run a line after it, and look around."""
    case = SHELLS[name]
    (folder / "code").write_bytes(code.encode("utf-8", "surrogateescape"))
    main = folder / "main"
    main.write_text(f"{case.source} ./code\n{after}\n/usr/bin/env -0 > environment\n", encoding="utf-8")
    done = subprocess.run(
        [program_of(name), *case.norc, str(main)], cwd=folder, capture_output=True, timeout=60, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "LC_ALL": "C.UTF-8", **(environ or {})},
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    left = folder / "environment"
    text = left.read_bytes() if left.exists() else b""
    environment = dict(os.fsdecode(each).split("=", 1) for each in text.split(b"\0") if each)
    return Outcome(environment, os.fsdecode(done.stdout), os.fsdecode(done.stderr))
