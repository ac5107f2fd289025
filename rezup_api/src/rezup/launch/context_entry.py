"""Going into a context: its script written, a shell found, and this process become that shell."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from rezup.errors import LaunchError
from rezup.launch.context_folder import make_folder, no_place

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.context.execution import Execution, Surroundings
    from rezup.shells.context_start import ContextLaunch


class Wish(NamedTuple):
    """How a context is to be entered; the options of `rez-env`."""

    shell: str | None = None
    """Name or path of the shell; None for the configured one, else the user's."""
    command: str | Sequence[str] | None = None
    """A line of that shell, or the words of a command; None for a prompt."""
    stdin: bool = False
    """Read commands from the standard input."""
    rcfile: str | None = None
    norc: bool = False
    quiet: bool = False
    new_session: bool = False
    detached: bool = False

    @property
    def is_interactive(self) -> bool:
        """Whether somebody is to type."""
        return self.command is None and not self.stdin


class Ready(NamedTuple):
    """A context that is ready to be entered."""

    arguments: tuple[str, ...]
    environment: dict[str, str]
    notices: tuple[str, ...]
    """What was asked for and has no effect."""


class ContextEntry:
    """One entrance into a solved context.

    :param environ: that of this process
    :param execute: runs the commands of the packages
    :param system_paths: gives the folders of programs that a bare shell knows, by shell and program
    :param rez_bin_path: the folder of Rez's programs, which stay reachable behind those of the packages
    :param own_folder: that of rezup itself
    :param welcome: gives the text above the first prompt
    """

    def __init__(
        self,
        context: Context,
        config: Config,
        environ: Mapping[str, str],
        *,
        execute: Callable[[Surroundings], Execution],
        system_paths: Callable[[str, str], tuple[str, ...]],
        rez_bin_path: str | None = None,
        own_folder: str | None = None,
        completion_folder: str | None = None,
        suite_paths: tuple[str, ...] = (),
        welcome: Callable[[], str] = str,
    ) -> None:
        self._context = context
        self._config = config
        self._environ = environ
        self._execute = execute
        self._system_paths = system_paths
        self._rez_bin_path = rez_bin_path
        self._own_folder = own_folder
        self._completion_folder = completion_folder
        self._suite_paths = suite_paths
        self._welcome = welcome
        self.timings: dict[str, float] = {}
        """Seconds that each part of `prepare` took."""

    def prepare(self, wish: Wish) -> Ready:
        """Write all that the shell needs.

        :raises LaunchError: there is no such shell, or it can't be started
        :raises RuntimePackageError: a package, or its commands, can't be used
        """
        from rezup.shells.context_start import ContextStart, context_file, start_in_context

        started = time.perf_counter()
        name, executable = find_shell(wish.shell, self._config, self._environ)
        folder = make_folder(self._environ, self._config["context_tmpdir"], detached=wish.detached)
        file = context_file(name, folder)
        surroundings = self._surroundings(wish, name, executable, folder, file)
        self.timings["shell"] = time.perf_counter() - started
        started = time.perf_counter()
        found = self._execute(surroundings)
        self.timings["commands"] = time.perf_counter() - started
        started = time.perf_counter()
        start = ContextStart(
            executable,
            folder,
            self._code(name, executable, found),
            command=self._line(wish, name),
            stdin=wish.stdin,
            rcfile=wish.rcfile,
            norc=wish.norc,
            quiet=wish.quiet or self._config["rez_tools_visibility"] == "never",
            welcome=self._welcome() if wish.is_interactive and not wish.quiet else "",
            prompt=self._prompt(name),
            set_prompt=bool(self._config["set_prompt"]),
            prefix_prompt=bool(self._config["prefix_prompt"]),
            commands_first=bool(self._config["package_commands_sourced_first"]),
            completion_folder=self._completion_folder,
            aliases=_aliases(found) if name == "cmd" else {},
        )
        try:
            ready = self._ready(start_in_context(name, start, self._environ))
        except OSError as error:
            raise no_place(error) from error
        self.timings["script"] = time.perf_counter() - started
        return ready

    def start(self, ready: Ready, wish: Wish) -> int:
        """Start the shell; on POSIX this process becomes it, unless it has to be a session of its own.

        :returns: its exit status, 128+N for signal N; 0 where it is detached
        :raises LaunchError: it can't be started
        """
        from rezup.launch.start import run
        from rezup.system.locks import Hold

        arguments = ready.arguments
        if wish.detached:
            arguments = (*str(self._config["terminal_emulator_command"] or "").split(), *arguments)
        session = wish.detached or wish.new_session
        return run(arguments, ready.environment, Hold(None), wait=not wish.detached, own_session=session)

    def _surroundings(self, wish: Wish, name: str, executable: str, folder: str, file: str) -> Surroundings:
        from rezup.runtime.context.execution import Surroundings

        return Surroundings(
            shell=name,
            system_paths=self._system_paths(name, executable) if self._context.append_sys_path else (),
            rez_bin_path=self._rez_bin_path,
            own_folder=self._own_folder,
            suite_paths=self._suite_paths,
            rxt_file=self._rxt_file(folder),
            context_file=file,
            init_timestamp=int(time.time()),
            is_interactive=wish.command is None,
        )

    def _rxt_file(self, folder: str) -> str:
        """The context's own file, or a new one."""
        if self._context.load_path and os.path.isfile(self._context.load_path):
            return self._context.load_path
        from rezup.runtime.context.context_file import dumps

        path = os.path.join(folder, "context.rxt")
        try:
            with open(path, "x", encoding="utf-8", errors="surrogateescape") as stream:
                stream.write(dumps(self._context))
        except OSError as error:
            raise no_place(error) from error
        return path

    def _code(self, name: str, executable: str, found: Execution) -> str:
        from rezup.shells.code import code_for

        names = self._config["pathed_env_vars"] if os.name == "nt" else ()
        return code_for(name, executable=executable, path_names=names).write(found.actions)

    def _line(self, wish: Wish, name: str) -> str | None:
        """The command as a line of the shell."""
        if wish.command is None or isinstance(wish.command, str):
            return wish.command
        from rezup.shells.code import code_for
        from rezup.shells.command_line import command_line

        return command_line(code_for(name), wish.command)

    def _prompt(self, name: str) -> str | None:
        settings = self._config["plugins"]["shell"].get(name)
        return None if settings is None else settings.get("prompt")

    def _ready(self, launch: ContextLaunch) -> Ready:
        return Ready(launch.launch.argv, launch.launch.apply(self._environ), launch.notices)


def find_shell(wanted: str | None, config: Config, environ: Mapping[str, str]) -> tuple[str, str]:
    """The shell to use, as (known name, program): as asked, as configured, or the user's.

    :raises LaunchError: it is unknown or not there
    """
    from rezup.shells.detect import detect, find_program
    from rezup.shells.registry import canonical_name, known_names

    program = wanted or config["default_shell"] or detect(environ).executable
    name = canonical_name(program)
    if name is not None and not (wanted and os.path.dirname(wanted)):
        settings = config["plugins"]["shell"].get(name) or {}
        program = settings.get("executable_fullpath") or program
    if name is None:
        raise LaunchError(
            f"unknown shell {program!r}",
            context=f"known shells: {', '.join(known_names())}",
            hint="a Rez with a plugin for it does it in its container: rezup use NAME -- rez-env …",
        )
    executable = find_program(program, environ)
    if executable is None:
        at = "" if os.path.dirname(program) else " on PATH"
        raise LaunchError(
            f"{program} can't be started",
            context=f"there is no such program{at}",
            hint="name another shell with --shell",
        )
    return name, executable


def _aliases(found: Execution) -> dict[str, str]:
    from rezup.shells.actions import Alias

    return {each.name: each.command for each in found.actions if isinstance(each, Alias)}
