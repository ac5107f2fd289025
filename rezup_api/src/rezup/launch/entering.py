"""Going into a revision: a command, a script, or the user's own shell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rezup.errors import LaunchError
from rezup.launch.environment import compose
from rezup.launch.start import run
from rezup.reporting import stage
from rezup.system.machine import has_terminal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from rezup.containers.revision import Revision
    from rezup.reporting import Reporter
    from rezup.system.locks import Hold


class Entry:
    """One entrance into a revision that is held."""

    def __init__(
        self,
        revision: Revision,
        hold: Hold,
        *,
        is_from_remote: bool,
        environ: Mapping[str, str],
        reporter: Reporter,
        program: Path | None,
        shims: Path | None = None,
        is_pinned: bool = False,
    ) -> None:
        self._revision = revision
        self._hold = hold
        self._is_from_remote = is_from_remote
        self._environ = environ
        self._reporter = reporter
        self._program = program
        self._shims = shims
        self._is_pinned = is_pinned

    def _environment(self) -> dict[str, str]:
        with stage(self._reporter, "compose"):
            return compose(
                self._revision,
                self._environ,
                is_from_remote=self._is_from_remote,
                reporter=self._reporter,
                program=self._program,
                shims=self._shims,
            )

    def run_command(self, command: Sequence[str], *, wait: bool) -> int:
        """Run an argument list, without a shell in between."""
        return self._run(command, self._environment(), wait=wait)

    def run_script(self, script: str, arguments: Sequence[str], *, wait: bool) -> int:
        """Run a script or a command by its name, with arguments."""
        from rezup.launch.scripts import launch_for

        environment = self._environment()
        launch = launch_for(script, arguments, self._revision, environment)
        return self._run(launch.argv, launch.apply(environment), wait=wait)

    def open_shell(self, *, default_shell: str | None, prompt: str | None) -> int:
        """Open the user's own shell, with its prompt marked.

        :param default_shell: the shell to open, instead of the one that is found
        :param prompt: what marks the prompt, instead of the container's name
        """
        from rezup.shells.base import PROMPT_VARIABLE, Startup
        from rezup.shells.detect import VARIABLE, detect
        from rezup.shells.registry import shell_named

        refuse_without_terminal()
        environment = self._environment()
        with stage(self._reporter, "shell"):
            wanted = {VARIABLE: default_shell} if default_shell else {}
            choice = detect({**self._environ, **wanted})
            self._reporter.debug(f"shell: {choice.executable} ({choice.reason})")
            library = self._revision.rez_library
            startup = Startup(
                executable=choice.executable,
                prompt=prompt or self._prompt(),
                bin_folders=tuple(map(str, self._revision.script_folders)),
                completion_folder=None if library is None else library / "completion",
            )
            if prompt:  # what was configured may be stronger than the variable
                environment[PROMPT_VARIABLE] = prompt
            launch = shell_named(choice.name).interactive(startup, environment)
        return self._run(launch.argv, launch.apply(environment), wait=True)

    def _run(self, arguments: Sequence[str], environment: Mapping[str, str], *, wait: bool) -> int:
        # The last word that can be said: on POSIX this process becomes the program.
        self._reporter.stage_started("start", arguments[0])
        return run(arguments, environment, self._hold, wait=wait)

    def _prompt(self) -> str:
        side = "remote" if self._is_from_remote else "local"
        pinned = ", pinned" if self._is_pinned else ""
        return f"rezup ({self._revision.container}/{side}{pinned}) "


def refuse_without_terminal() -> None:
    """Raise where nobody could type into a shell, rather than wait for input for ever.

    :raises LaunchError: the standard input is no terminal
    """
    if not has_terminal():
        raise LaunchError(
            "there is no terminal to open a shell in",
            context="the standard input is closed, or not a terminal",
            hint="run something instead: `rezup use NAME -- COMMAND`, or `--do SCRIPT`",
        )
