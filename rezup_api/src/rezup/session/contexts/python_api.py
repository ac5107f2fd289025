"""Contexts for Python programs: a request in, its environment out.

::

    import rezup

    environ = rezup.resolve_environ(["maya-2024", "rigging"])

    context = rezup.Context(["maya-2024", "rigging"])
    if context.is_solved:
        status = context.run(["maya", "-batch", "-file", "a b.ma"])
    else:
        print(context.failure)
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.errors import ResolveError
from rezup.session.contexts.contexts import Contexts, check_solved
from rezup.session.packages import Packages
from rezup.system.machine import process_environment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rezup.runtime.context.context import Context as Data
    from rezup.runtime.context.difference import Difference
    from rezup.runtime.package import Variant


class Context:
    """A Rez environment: a request, and the packages that it was resolved to.

    A request without a solution is a context, too: `is_solved` is False, `failure` says why, and
    whatever needs packages raises.

    :param requests: such as ["maya-2024", "rigging"]; a text is split at blanks
    :param environ: instead of this process's environment; Rez's configuration is that of it
    :param patch: the context whose request is changed by this one
    :param strict: with `patch`: all other packages stay as they were resolved
    :param rank: with `patch`: which part of other versions may change; 0 is any
    :param options: `paths`, `implicit`, `time`, `excludes`, `includes`, `filtered`, `max_fails`,
        `time_limit` and `building`; see `rezup.session.Packages.resolve`
    :raises ResolveError: a requirement can't be understood, or names a package that is nowhere
    :raises RuntimePackageError: a setting, location or package that is needed can't be used
    """

    _data: Data

    def __init__(
        self,
        requests: str | Iterable[str],
        *,
        environ: Mapping[str, str] | None = None,
        patch: Context | None = None,
        strict: bool = False,
        rank: int = 0,
        **options: Any,
    ) -> None:
        self._packages, self._environ, self._contexts = _standing(environ)
        wanted = requests.split() if isinstance(requests, str) else [str(each) for each in requests]
        base = None if patch is None else patch._data
        self._data, _ = self._contexts.resolve(wanted, patch=base, strict=strict, rank=rank, **options)

    @classmethod
    def load(cls, path: str | os.PathLike[str], *, environ: Mapping[str, str] | None = None) -> Context:
        """Read a context's file, one of Rez's or of ours; or an exported one, which is made again.

        :raises ContextFileError: it can't be read, or holds no context
        :raises ContextError: an exported one can't be made here, or turns out different
        """
        standing = _standing(environ)
        return cls._of(standing.contexts.open(path), standing)

    @classmethod
    def current(cls, *, environ: Mapping[str, str] | None = None) -> Context | None:
        """The context that this process runs in; None outside of one.

        :raises ContextFileError: its file is gone, or holds no context
        """
        standing = _standing(environ)
        found = standing.contexts.current()
        return None if found is None else cls._of(found, standing)

    @classmethod
    def _of(cls, data: Data, standing: _Standing) -> Context:
        made = cls.__new__(cls)
        made._data = data
        made._packages, made._environ, made._contexts = standing
        return made

    def __repr__(self) -> str:
        return f"<Context {self._data.status}: {' '.join(self.request)}>"

    # -- what it is

    @property
    def is_solved(self) -> bool:
        """Whether there are packages for its request."""
        return self._data.is_solved

    @property
    def failure(self) -> str | None:
        """Why there are none."""
        if self.is_solved:
            return None
        return self._data.failure_description or f"the resolve was {self._data.status}"

    @property
    def request(self) -> tuple[str, ...]:
        """What was asked for, without the implicit packages."""
        return self._data.package_requests

    @property
    def packages(self) -> tuple[Variant, ...]:
        """Its packages, in the order in which their commands run; none where it is not solved.

        Each has `qualified_package_name` ("maya-2024"), `name`, `version`, `root`, `uri`, and the
        attributes of its definition.
        """
        return self._data.resolved_packages

    @property
    def tools(self) -> dict[str, list[str]]:
        """The tools of each package that has some, by its name.

        :raises ContextError: it is not solved
        """
        from rezup.runtime.context.queries import tools

        return {name: list(found) for name, (_, found) in tools(self._data).items()}

    def diff(self, other: Context) -> Difference:
        """What changed from this context to another: newer, older, added and removed packages.

        It is true if there is anything.

        :raises ContextError: one is not solved, or their packages paths differ
        """
        from rezup.runtime.context.difference import difference, on_path

        return difference(self._data, other._data, on_path(self._contexts.config))

    # -- what it gives

    def environ(self) -> dict[str, str]:
        """The variables that it sets, as a new process would have them; this process's are left alone.

        As with Rez, they are those that packages and Rez give a value, and no others.

        :raises ContextError: it is not solved
        :raises LaunchError: there is no shell, whose folders of programs belong to PATH
        :raises PackageCommandsError: commands of a package fail
        """
        return self._contexts.environ(self._data)

    def shell_code(self, shell: str = "bash") -> str:
        """The lines of a shell that make the same environment where they are sourced.

        :param shell: its name or path
        :raises ContextError: it is not solved
        :raises LaunchError: there is no such shell
        :raises PackageCommandsError: commands of a package fail
        """
        from rezup.shells.code import code_for

        found = self._contexts.interpret(self._data, shell)
        return code_for(shell).write(found.actions)

    def which(self, command: str) -> str | None:
        """The path of a program in it; None where there is none.

        :raises ContextError: it is not solved
        :raises PackageCommandsError: commands of a package fail
        """
        from rezup.runtime.context.queries import which

        return which(command, {**self._environ, **self.environ()})

    def run(self, command: str | Sequence[str], *, shell: str | None = None) -> int:
        """Run a command in it, and wait for its end.

        ::

            rezup.Context(["python-3"]).run(["python", "-c", "print('a b')"])

        :param command: its words, meant to the letter; or a text, a line of the shell
        :param shell: name or path of the shell that it is run in; else the configured or user's own
        :returns: its exit status; 128+N where signal N ended it
        :raises ContextError: it is not solved
        :raises LaunchError: there is no such shell, or it can't be started
        :raises PackageCommandsError: commands of a package fail
        """
        from rezup.launch.context_entry import Wish
        from rezup.launch.start import spawn
        from rezup.session.contexts.exact_words import exact_wish
        from rezup.system.locks import Hold

        check_solved(self._data)
        if isinstance(command, str):
            wish = Wish(shell=shell, command=command, quiet=True)
        else:
            words = [os.fspath(each) for each in command]
            wish = exact_wish(words, self._contexts.config, self._environ, shell=shell)
        ready = self._contexts.entry(self._data).prepare(wish)
        return spawn(ready.arguments, ready.environment, Hold(None))

    # -- keeping it

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write it to a file that Rez reads, too.

        :raises ContextFileError: it can't be written
        """
        self._contexts.save(self._data, os.fspath(path))

    def text(self) -> str:
        """The text of that file."""
        return self._contexts.text(self._data)


def resolve_environ(
    requests: str | Iterable[str], *, environ: Mapping[str, str] | None = None, **options: Any
) -> dict[str, str]:
    """The variables of the environment that a request gives; see `Context`, as for the parameters.

    ::

        subprocess.run(["maya"], env={**os.environ, **rezup.resolve_environ(["maya-2024"])})

    :raises ResolveError: the request can't be understood, or has no solution
    :raises PackageCommandsError: commands of a package fail
    """
    context = Context(requests, environ=environ, **options)
    if not context.is_solved:
        raise ResolveError(
            f"there are no packages for {' '.join(context.request)}",
            context=context.failure,
            hint="`rezup resolve --explain` with the same request shows each step",
        )
    return context.environ()


class _Standing(NamedTuple):
    """An environment, and what works in it."""

    packages: Packages
    environ: Mapping[str, str]
    contexts: Contexts


def _standing(environ: Mapping[str, str] | None) -> _Standing:
    known = process_environment() if environ is None else environ
    packages = Packages(known)
    return _Standing(packages, known, Contexts(packages, known))
