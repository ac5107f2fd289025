"""Suites of this environment: found, made, and their tools run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from rezup.runtime.suites.invocation import help_lines, invocation_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.launch.context_entry import Wish
    from rezup.runtime.context.context import Context
    from rezup.runtime.suites.invocation import Invocation
    from rezup.runtime.suites.suite import Suite
    from rezup.session.contexts.contexts import Contexts
    from rezup.session.packages import Resolved


class Told(NamedTuple):
    """What the wrapper of a tool tells in place of running it."""

    lines: tuple[str, ...]
    is_complete: bool = True
    """False where it could not be found out: several packages have the tool."""


class Suites:
    """Suites, with the packages and the configuration of an environment.

    :param contexts: resolve and enter what suites hold
    :param environ: that of the process that asks
    """

    def __init__(self, contexts: Contexts, environ: Mapping[str, str]) -> None:
        self._contexts = contexts
        self._environ = environ

    def create(self, path: str) -> Suite:
        """Make an empty suite.

        :raises SuiteError: something is there, or it can't be written
        """
        from rezup.runtime.suites.suite import Suite

        suite = Suite(self._contexts.config)
        suite.save(path)
        return suite

    def load(self, path: str) -> Suite:
        """The suite in a folder.

        :raises SuiteError: it can't be read, or the folder is that of no suite
        """
        from rezup.runtime.suites.suite import Suite

        return Suite.load(path, self._contexts.config)

    def visible(self) -> tuple[str, ...]:
        """The folders of the suites whose tools are on PATH, in its order."""
        from rezup.runtime.suites.visibility import visible_suites

        return visible_suites(self._environ.get("PATH", "").split(os.pathsep))

    # -- what a wrapper does

    def invocation(self, path: str, arguments: Sequence[str]) -> Invocation:
        """What the wrapper at a path is asked for.

        :raises SuiteError: it is no wrapper, or stands in no suite, or an option can't be understood
        """
        return invocation_of(path, arguments, self._contexts.config["suite_alias_prefix_char"])

    def told(self, asked: Invocation) -> Told | None:
        """What is to be shown in place of running something; None where something is to be run.

        :raises RezupError: the tool's context can't be used, or its request resolved
        """
        if asked.kind == "help":
            return Told(tuple(help_lines(asked.tool, asked.prefix_char)))
        if asked.kind not in ("about", "versions", "peek"):
            return None
        from rezup.runtime.context.difference import difference, difference_lines, on_path
        from rezup.runtime.suites.about import about_lines, version_lines

        context = self._contexts.load(asked.context_path)
        packages_of = on_path(self._contexts.config)
        if asked.kind == "peek":
            from rezup.session.contexts.reproduction import refetched

            found = difference(context, refetched(self._contexts, context), packages_of)
            return Told(tuple(difference_lines(found)))
        if asked.kind == "about":
            return Told(tuple(line.text for line in about_lines(asked, context)))
        lines, is_complete = version_lines(asked, context, packages_of)
        return Told(tuple(line.text for line in lines), is_complete)

    def context(self, asked: Invocation) -> tuple[Context, Resolved | None]:
        """The context to run something in: that of the suite, or another resolve with its changes.

        :raises RezupError: the tool's context can't be used, or its request resolved
        """
        context = self._contexts.load(asked.context_path)
        if asked.patch is None:
            return context, None
        return self._contexts.resolve(
            asked.patch,
            patch=context,
            strict=asked.is_strict,
            paths=self._contexts.nonlocal_paths() if asked.no_local else None,
        )


def wish_of(asked: Invocation, *, has_input: bool) -> Wish:
    """How the context is to be entered.

    :param has_input: whether something can be read from standard input; without it nothing is read
    """
    from rezup.launch.context_entry import Wish

    if asked.from_stdin and has_input:
        return Wish(stdin=True, quiet=asked.is_quiet)
    return Wish(command=asked.command or None, quiet=asked.is_quiet)
