"""Contexts of this environment: made of a request or of a file, and turned into variables or shell text."""

from __future__ import annotations

import os
import time as clocks
from typing import TYPE_CHECKING, Any

from rezup.errors import ContextError
from rezup.session.contexts.tools import Tools

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rezup.launch.context_entry import ContextEntry
    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.context.execution import Execution, Surroundings
    from rezup.runtime.known_definitions import KnownDefinitions
    from rezup.runtime.source_code import SourceCode
    from rezup.session.contexts.jobs import Job
    from rezup.session.packages import Packages, Resolved


#: The setting that says whether packages are used from the package cache, by whether it is for building.
_CACHING = {False: "read_package_cache", True: "package_cache_during_build"}


class Contexts:
    """Contexts as Rez's configuration in an environment has them.

    ::

        contexts = Session.create().contexts()
        context = contexts.resolve(["maya-2024", "rigging"])
        variables = contexts.environ(context)

    :param packages: what requests are resolved with
    :param environ: that of the process that asks
    :param program: rezup's own script, to be found inside contexts where no container brings Rez's
    :param clock: gives the time in seconds
    """

    def __init__(
        self,
        packages: Packages,
        environ: Mapping[str, str],
        *,
        program: str | None = None,
        clock: Callable[[], float] = clocks.time,
    ) -> None:
        self._packages = packages
        self._environ = environ
        self._program = program
        self._clock = clock
        self._last: tuple[Context | None, KnownDefinitions | None] = None, None

    @property
    def config(self) -> Config:
        """The configuration of Rez."""
        return self._packages.known_config()

    # -- making them

    def resolve(
        self,
        request: Iterable[str],
        *,
        patch: Context | None = None,
        strict: bool = False,
        rank: int = 0,
        **options: Any,
    ) -> tuple[Context, Resolved]:
        """Find packages for a request; a failed resolve is a context, too.

        :param patch: the context whose request is changed by this one
        :param strict: see `rezup.runtime.context.patching.patched_request`, as for `rank`
        :param options: those of `Packages.resolve`
        :raises RezupError: what `Packages.resolve` raises
        :raises ContextError: a package is in no folder; or the context can't be patched that way
        """
        wanted = list(request)
        if patch is not None:
            from rezup.runtime.context.patching import patched_request

            wanted = patched_request(patch, wanted, strict=strict, rank=rank)
        resolved = self._packages.resolve(wanted, **options, known=True)
        return self._context(wanted, resolved, options), resolved

    def load(self, path: str | os.PathLike[str]) -> Context:
        """Read a context's file; "-" is standard input.

        :raises ContextFileError: it can't be read, or holds no context that can be used
        """
        from rezup.runtime.context.context_file import load, loads

        if os.fspath(path) == "-":
            from rezup.session.contexts.reproduction import standard_input

            return loads(standard_input(), self.config, "standard input")
        definitions = self._packages.definitions()
        context = load(os.path.abspath(path), self.config, definitions.find)
        self._last = context, definitions
        return context

    def open(self, path: str | os.PathLike[str]) -> Context:
        """The same for a file that may also hold an exported document, of which the context is made again.

        :raises ContextFileError: it can't be read, or holds no context that can be used
        :raises ContextError: the document's context can't be made here, or turns out different
        """
        from rezup.session.contexts.reproduction import opened

        return opened(os.fspath(path), self)

    def examine(self, path: str | os.PathLike[str]) -> tuple[Context, Job | None]:
        """The same to be looked at, also of a farm job, whose container is left out; gives that job, too.

        :raises ContextFileError: it can't be read, or holds nothing of the kind
        :raises ContextError: the context can't be made here, or turns out different
        """
        from rezup.session.contexts.reproduction import examined

        return examined(os.fspath(path), self)

    def reproduce(self, document: Any) -> Context:
        """The context of an exported document, made again here and the same as it was.

        :raises ContextFileError: it is no such document, or a newer one
        :raises ContextError: it can't be made here, or turns out different; `context` says exactly how
        """
        from rezup.session.contexts.reproduction import reproduced

        return reproduced(document, self._packages, self._over)

    def current(self) -> Context | None:
        """The context that this environment is in; None where it is in none.

        :raises ContextFileError: its file is gone or can't be used
        """
        path = self._environ.get("REZ_RXT_FILE")
        return self.load(path) if path else None

    def current_one(self) -> Context:
        """The same.

        :raises ContextFileError: it is in none, too
        """
        return self.load(self._packages.context_file())

    def nonlocal_paths(self) -> tuple[str, ...]:
        """The packages path without the user's own packages."""
        config = self.config
        local = config["local_packages_path"]
        return tuple(path for path in config["packages_path"] if path != local)

    # -- keeping them

    def text(self, context: Context) -> str:
        """A context as the text of its file, with its graph."""
        from rezup.runtime.context.context_file import dumps
        from rezup.runtime.context.creation import with_graph

        return dumps(with_graph(context))

    def save(self, context: Context, path: str) -> None:
        """Write a context's file, with its graph.

        :raises ContextFileError: it can't be written
        """
        from rezup.runtime.context.context_file import save
        from rezup.runtime.context.creation import with_graph

        save(with_graph(context), os.path.abspath(path))

    def save_job(self, context: Context, path: str) -> Job:
        """Write what another machine needs to do a job in this environment; see `jobs`.

        :raises ContextFileError: it can't be written
        """
        from rezup.session.contexts.jobs import job_of, save_job

        job = job_of(context, self._environ)
        save_job(job, path)
        return job

    def doubt_about(self, job: Job) -> str | None:
        """Why other machines may not have the revision of a job; see `job_reach`."""
        from rezup.session.contexts.job_reach import doubt

        return doubt(job, self._environ)

    # -- what they give

    def execute(
        self, context: Context, surroundings: Surroundings | None = None, *, bare: bool = False
    ) -> Execution:
        """Run the commands of all packages.

        :param bare: as if in an empty environment
        :raises ContextError: the context is not solved
        :raises PackageCommandsError: commands fail, or stop
        :raises PackageDefinitionError: a package is gone or can't be loaded
        """
        from rezup.runtime.context.execution import Surroundings, execute

        check_solved(context)
        around = (surroundings or Surroundings())._replace(bundle_commands=_bundle_commands(context))
        found = execute(context, self.config, {} if bare else self._environ, around)
        self._keep(context)
        return found

    def interpret(self, context: Context, shell: str | None = None, *, bare: bool = False) -> Execution:
        """Run the commands of all packages as for a shell that is not started.

        :param shell: its name; by default that of the configuration, else the user's, for variables alone
        :param bare: as if in an empty environment
        :raises RezupError: see `execute`
        """
        from rezup.runtime.context.execution import Surroundings

        name, executable = self._shell(shell)
        tools = Tools(self._packages, self._environ, self._program)
        surroundings = Surroundings(
            shell=shell or "",
            system_paths=tools.system_paths(name, executable),
            rez_bin_path=tools.bin_folder(),
            own_folder=tools.own_folder(),
            suite_paths=tools.suites(),
            rxt_file=context.load_path if shell else None,
        )
        return self.execute(context, surroundings, bare=bare)

    def environ(self, context: Context) -> dict[str, str]:
        """The variables that a context sets, as a plain process would have them.

        :raises RezupError: see `execute`
        """
        return self.interpret(context).environ

    def entry(self, context: Context) -> ContextEntry:
        """The way into a context.

        :raises ContextError: the context is not solved
        """
        from rezup.launch.context_entry import ContextEntry

        check_solved(context)
        tools = Tools(self._packages, self._environ, self._program)
        return ContextEntry(
            context,
            self.config,
            self._environ,
            execute=lambda surroundings: self.execute(context, surroundings),
            system_paths=tools.system_paths,
            rez_bin_path=tools.bin_folder(),
            own_folder=tools.own_folder(),
            completion_folder=tools.completion_folder(),
            suite_paths=tools.suites(),
            welcome=lambda: self.welcome(context),
        )

    def welcome(self, context: Context) -> str:
        """What an interactive shell shows first: what was asked for, and what came out."""
        from rezup.runtime.context.info import info_lines

        lines = [each.text for each in info_lines(context, self.config, self._environ)]
        return "\n".join(["", "You are now in a rez-configured environment.", "", *lines])

    def shell(self) -> str:
        """The name of the configured shell, else of the user's.

        :raises LaunchError: it is unknown or not there
        """
        return self._shell(None)[0]

    def _shell(self, name: str | None) -> tuple[str, str]:
        """A shell and its program; where that is not here, the user's own stands for it."""
        from rezup.errors import LaunchError
        from rezup.launch.context_entry import find_shell
        from rezup.shells.registry import canonical_name

        try:
            return find_shell(name, self.config, self._environ)
        except LaunchError:
            if name is None or canonical_name(name) is None:
                raise
            return find_shell(None, self.config, self._environ)

    def _over(self, packages: Packages) -> Contexts:
        """Contexts by other settings."""
        return Contexts(packages, self._environ, program=self._program, clock=self._clock)

    def _context(self, wanted: list[str], resolved: Resolved, options: Mapping[str, Any]) -> Context:
        from rezup.resolver.requirement import Requirement
        from rezup.runtime.context.creation import Setting, context_of
        from rezup.runtime.context.handles import place_of_uri

        settings = self._packages.settings
        config = self.config
        setting = Setting(
            paths=resolved.paths,
            requested_time=options.get("time"),
            building=bool(options.get("building")),
            package_filter=resolved.filters.to_pod() if resolved.filters is not None else (),
            package_orderers=settings.package_orderers or (),
            package_caching=bool(config[_CACHING[bool(options.get("building"))]]),
            package_cache_async=bool(config["package_cache_async"]),
            rez_path=_library(),
            solve_time=resolved.timings["total"],
            load_time=resolved.timings["index"],
        )
        definitions = self._packages.definitions()
        context = context_of(
            resolved.resolution,
            resolved.uris,
            requests=[str(Requirement.parse_package(text)) for text in wanted],  # as Rez writes them
            implicit=resolved.implicit,
            setting=setting,
            config=config,
            now=int(self._clock()),
            known=definitions.find([place_of_uri(uri) for uri in resolved.uris], resolved.just_seen),
        )
        self._last = context, definitions
        return context

    def _keep(self, context: Context) -> None:
        """Remember what the packages said, unless that is known already."""
        last, definitions = self._last
        places = [variant.parent.place for variant in context.resolved_packages]
        if context is last and definitions is not None and not all(place.is_known for place in places):
            definitions.keep(places)


def check_solved(context: Context) -> None:
    """:raises ContextError: there are no packages for its request"""
    if not context.is_solved:
        raise ContextError(
            "the context has no packages",
            context=context.failure_description or f"its resolve was {context.status}",
            hint="resolve another request",
        )


def _bundle_commands(context: Context) -> SourceCode | None:
    """The commands that lie in the bundle which a context was read from.

    :raises ContextFileError: they can't be read
    """
    from rezup.runtime.context.context_file import bundle_of

    folder = bundle_of(context.load_path) if context.load_path else None
    path = None if folder is None else os.path.join(folder, "post_commands.py")
    if path is None or not os.path.isfile(path):
        return None
    from rezup.errors import ContextFileError
    from rezup.runtime.source_code import SourceCode

    try:
        with open(path, encoding="utf-8") as stream:
            return SourceCode(stream.read(), path=path, as_function=False)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ContextFileError(f"{path} can't be read", context=reason) from error


def _library() -> str:
    """The folder that `$REZ_USED` names: of the library that makes the environment."""
    import rezup

    return os.path.dirname(os.path.abspath(rezup.__file__))
