"""Who calls a command: an environment and streams, and what these lead to."""

from __future__ import annotations

import os
import sys
from functools import cached_property
from typing import TYPE_CHECKING, Any, TextIO

from rezup.rez_cli.output import Output

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.launch.context_entry import Wish
    from rezup.rez_cli.shelf import Shelf
    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.context.execution import Surroundings
    from rezup.runtime.suites.suite import Suite
    from rezup.session.contexts import Contexts
    from rezup.session.contexts.tools import Tools
    from rezup.session.packages import Packages

#: What marks the folder of programs of a production install.
PRODUCTION = ".rez_production_install"


class Caller:
    """The process that runs a command.

    :param program: the path that the command was called by
    """

    def __init__(
        self,
        environ: Mapping[str, str],
        program: str = "",
        *,
        out: TextIO | None = None,
        err: TextIO | None = None,
    ) -> None:
        self.environ = environ
        self.program = program
        self.out = Output(sys.stdout if out is None else out, self._setting)
        self.err = Output(sys.stderr if err is None else err, self._setting)

    @cached_property
    def packages(self) -> Packages:
        """Resolving and searching packages in this environment."""
        from rezup.session.packages import Packages

        return Packages(self.environ)

    @cached_property
    def contexts(self) -> Contexts:
        """Contexts of this environment."""
        from rezup.session.contexts import Contexts

        return Contexts(self.packages, self.environ)

    @property
    def config(self) -> Config:
        """The configuration of Rez."""
        return self.contexts.config

    @cached_property
    def context(self) -> Context | None:
        """The context that this environment is in; None where it is in none.

        :raises ContextFileError: its file is gone or can't be used
        """
        return self.contexts.current()

    @property
    def context_file(self) -> str | None:
        """The file of that context."""
        return self.environ.get("REZ_RXT_FILE") or None

    @cached_property
    def suites(self) -> list[Suite]:
        """The suites on PATH.

        :raises SuiteError: one can't be read
        """
        from rezup.runtime.suites.suite import load_visible_suites

        paths = self.environ.get("PATH", "").split(os.pathsep)
        return load_visible_suites(paths, self.config)

    @property
    def current_shell(self) -> str:
        """The name of the shell that is configured, or that called."""
        from rezup.shells.registry import canonical_name

        shell = str(self.config["default_shell"] or self.config.facts.shell)
        return canonical_name(shell) or shell

    def shelf(self, paths: tuple[str, ...] | None = None) -> Shelf:
        """The packages on a packages path, else on the configured one.

        :raises PackageLocationError: an entry can't be understood
        """
        from rezup.rez_cli.shelf import Shelf

        return Shelf(self.config, paths)

    def program_of(self, shell: str) -> str:
        """The program of a shell; empty where it is not installed."""
        from rezup.errors import LaunchError
        from rezup.launch.context_entry import find_shell

        try:
            return find_shell(shell, self.config, self.environ)[1]
        except LaunchError:
            return ""

    def surroundings(self, shell: str | None = None) -> Surroundings:
        """What is around a context that is executed here.

        :param shell: whose folders of programs count; by default the caller's
        """
        from rezup.runtime.context.execution import Surroundings

        name = shell or self.current_shell
        executable = self.program_of(name)
        tools = self._tools()
        return Surroundings(
            shell=shell or "",
            system_paths=tools.system_paths(name, executable) if executable else (),
            rez_bin_path=self._bin_folder(tools),
            suite_paths=tools.suites(),
        )

    def enter(self, context: Context, wish: Wish) -> int:
        """Start a shell in a context; where that can be, this process becomes the shell.

        :returns: its exit status
        :raises RezupError: the context is not solved, a package fails, or the shell can't be started
        """
        from rezup.launch.context_entry import ContextEntry
        from rezup.session.contexts.contexts import check_solved

        check_solved(context)
        tools = self._tools()
        entry = ContextEntry(
            context,
            self.config,
            self.environ,
            execute=lambda surroundings: self.contexts.execute(context, surroundings),
            system_paths=tools.system_paths,
            rez_bin_path=self._bin_folder(tools),
            suite_paths=tools.suites(),
            welcome=lambda: self.contexts.welcome(context),
        )
        ready = entry.prepare(wish)
        for notice in ready.notices:
            self.err.say(notice)
        self.out.flush()
        self.err.flush()
        return entry.start(ready, wish)

    def _setting(self, name: str) -> Any:
        return self.config[name]

    def _tools(self) -> Tools:
        from rezup.session.contexts.tools import Tools

        return Tools(self.packages, self.environ, None)

    def _bin_folder(self, tools: Tools) -> str | None:
        """The folder of Rez's programs: that of this very command, else that of the container around."""
        folder = os.path.dirname(os.path.realpath(self.program)) if self.program else ""
        return folder if os.path.isfile(os.path.join(folder, PRODUCTION)) else tools.bin_folder()
