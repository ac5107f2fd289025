"""Users who open one of the real shells in a container: a HOME, start-up files, and the folders of a revision."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from rezup import shells
from rezup.shells import Startup, shell_named
from support.terminal import Terminal

MARK = "rezup (foo/local) "


UGLY = "a b\"c'é"


@dataclass(frozen=True)
class Case:
    """A shell, and how its user writes a start-up file."""

    name: str
    startup_file: str
    """Below HOME."""
    count: str
    """A line for it that leaves a trace in the file ``count`` of HOME."""
    prepend: str
    """A line for it that puts {0} first on PATH."""
    echo_status: str
    """A command that prints the last exit status between brackets."""
    environ: tuple[tuple[str, str], ...] = ()
    program: str = ""
    """Where it isn't called by its name: a link of that name is made to this program."""

    def __str__(self) -> str:
        return f"{self.name}-is-{self.program}" if self.program else self.name


POSIX_COUNT = 'echo read >>"$HOME/count"'


POSIX_PREPEND = "PATH='{0}':$PATH"


CASES = [
    Case("bash", ".bashrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"'),
    Case("zsh", ".zshrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"'),
    Case("fish", ".config/fish/config.fish", POSIX_COUNT, "set -gx PATH '{0}' $PATH", 'echo "[$status]"'),
    Case("dash", ".shrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"', (("ENV", "$HOME/.shrc"),)),
    Case("tcsh", ".tcshrc", POSIX_COUNT, "set path = ('{0}' $path:q)", 'echo "[$status]"'),
    Case("csh", ".cshrc", POSIX_COUNT, "set path = ('{0}' $path:q)", 'echo "[$status]"'),
    Case("sh", ".shrc", POSIX_COUNT, POSIX_PREPEND, 'echo "[$?]"', (("ENV", "$HOME/.shrc"),), "bash"),
]


class World:
    """A user with a fresh HOME, a revision with its folders, and one kind of shell."""

    def __init__(self, case: Case, root: Path) -> None:
        self.case = case
        self.home = root / "home"
        self.bin = root / "venv" / "bin" / "rez"
        self.completion = root / "rez" / "completion"
        self.own_bin = root / "own" / "bin"
        for folder in (self.home, self.bin, self.completion, self.own_bin):
            folder.mkdir(parents=True)
        self.executable = self._program(root)
        self.shell = shell_named(case.name)
        self.environ = {
            "HOME": str(self.home),
            "PATH": os.pathsep.join([str(self.bin), "/usr/local/bin", "/usr/bin", "/bin"]),
            "TERM": "dumb",
            "LANG": "C.UTF-8",
            "LC_ALL": "C.UTF-8",
            "REZUP_CONTAINER": "foo",
            **dict(case.environ),
        }

    def _program(self, root: Path) -> str:
        found = shutil.which(self.case.program or self.case.name)
        if found is None:
            pytest.skip(f"{self.case.program or self.case.name} is not installed")
        if not self.case.program:
            return found
        link = root / self.case.name
        link.symlink_to(found)
        return str(link)

    @property
    def rc(self) -> Path:
        return self.home / self.case.startup_file

    def write_rc(self, *lines: str, path: Path | None = None) -> None:
        path = path or self.rc
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("\n".join([*lines, ""]), encoding="utf-8")

    def launch(self, scripts: Path | None = None) -> shells.Launch:
        startup = Startup(self.executable, MARK, (str(self.bin),), self.completion)
        launch = self.shell.interactive(startup, self.environ)
        if scripts is None:
            return launch
        there = str(Path(shells.__file__).with_name("scripts"))
        return shells.Launch(
            tuple(part.replace(there, str(scripts)) for part in launch.argv),
            {
                name: value and value.replace(there, str(scripts))
                for name, value in launch.environment.items()
            },
        )

    def terminal(self, launch: shells.Launch | None = None) -> Terminal:
        launch = launch or self.launch()
        return Terminal(launch.argv, launch.apply(self.environ), self.home)

    def after(self, *commands: str, launch: shells.Launch | None = None) -> str:
        """Open the shell, type commands and leave it by ``exit 7``; what was shown."""
        with self.terminal(launch) as terminal:
            shown = terminal.expect(self.environ.get("REZUP_PROMPT", MARK))
            for command in commands:
                terminal.send(command + "\n")
            terminal.send("exit 7\n")
            status, rest = terminal.finish()
        assert status == 7, shown + rest
        return shown + rest

    def child_environment(self, *commands: str, launch: shells.Launch | None = None) -> dict[str, str]:
        """The environment of a program started at the prompt."""
        self.after(*commands, "env -0 > environment", launch=launch)
        return self.recorded()

    def recorded(self) -> dict[str, str]:
        text = (self.home / "environment").read_text(encoding="utf-8")
        return dict(entry.split("=", 1) for entry in text.split("\0") if entry)

    def times_read(self) -> int:
        count = self.home / "count"
        return len(count.read_text().splitlines()) if count.exists() else 0


def of(name: str, root: Path) -> World:
    """A user of the shell of that name."""
    return World(next(case for case in CASES if case.name == name), root)
