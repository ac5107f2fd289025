"""A user with a home, one of the real shells, and a small context to start it in."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from rezup.shells.actions import Alias, Setenv
from rezup.shells.code import code_for
from rezup.shells.context_start import ContextLaunch, ContextStart, start_in_context
from rezup.shells.escaped import literal
from support.terminal import PATIENCE, Terminal

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = {"bash": "bash", "zsh": "zsh", "sh": "dash", "fish": "fish", "tcsh": "tcsh"}
MARKS = {"zsh": "%"}


class World:
    """A user, a shell, a private folder, and a context that sets WHERE and has an alias."""

    def __init__(self, shell: str, root: Path) -> None:
        program = shutil.which(PROGRAMS[shell])
        if program is None:
            pytest.skip(f"{PROGRAMS[shell]} is not installed")
        self.shell, self.program = shell, program
        self.home, self.folder = root / "home", root / "it's $(private) é"
        self.home.mkdir(parents=True)
        self.folder.mkdir(mode=0o700)
        self.environ = {
            "HOME": str(self.home), "PATH": "/usr/bin:/bin", "TERM": "dumb", "LC_ALL": "C.UTF-8", "LANG": "C.UTF-8"
        }  # fmt: skip
        self.code = code_for(shell).write(
            [Setenv("WHERE", literal("context")), Alias("my-tool", "/bin/echo tool")]
        )

    def write(self, name: str, *lines: str) -> Path:
        path = self.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]))
        return path

    def counting(self, name: str, word: str = "") -> Path:
        """A start-up file that leaves a trace: its name, and where it was read."""
        word = word or name
        if self.shell == "fish":
            return self.write(name, f'echo {word} "$WHERE" >> {self.home}/trace', "set -gx OWN 1")
        if self.shell == "tcsh":
            seen = f"if (! $?WHERE) /bin/echo {word} >> {self.home}/trace"
            return self.write(
                name, seen, f"if ($?WHERE) eval 'echo {word} \"$WHERE\" >> {self.home}/trace'", "setenv OWN 1"
            )
        return self.write(name, f'echo {word} "${{WHERE-}}" >> {self.home}/trace', "export OWN=1")

    def trace(self) -> list[str]:
        path = self.home / "trace"
        return [line.rstrip() for line in path.read_text().splitlines()] if path.exists() else []

    def start(self, **options: Any) -> ContextLaunch:
        start = ContextStart(self.program, str(self.folder), self.code, **options)
        return start_in_context(self.shell, start, self.environ)

    def run(self, command: str | None, fed: str = "", **options: Any) -> subprocess.CompletedProcess[str]:
        launch = self.start(command=command, **options).launch
        return subprocess.run(
            launch.argv, env=launch.apply(self.environ), cwd=self.home, input=fed, capture_output=True,
            text=True, timeout=PATIENCE, check=False, start_new_session=True,
        )  # fmt: skip

    def environment(self) -> dict[str, str]:
        text = (self.home / "environment").read_text()
        return dict(entry.split("=", 1) for entry in text.split("\0") if entry)

    def at_prompt(self, *commands: str, **options: Any) -> str:
        """Open it, type commands, leave by ``exit 7``; what was shown."""
        launch = self.start(**options).launch
        with Terminal(launch.argv, launch.apply(self.environ), self.home) as terminal:
            shown = terminal.expect(MARKS.get(self.shell, ">"))
            for command in commands:
                terminal.send(f"{command}\n")
            terminal.send("exit 7\n")
            status, rest = terminal.finish()
        assert status == 7, shown + rest
        return shown + rest
