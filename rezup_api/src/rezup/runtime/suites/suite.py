"""A suite: contexts in one folder, whose tools all are on PATH at once, each running in its own context."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

from rezup.errors import (
    ContextError,
    ContextFileError,
    InvalidRequirementError,
    PackageDefinitionError,
    SuiteError,
)
from rezup.runtime.suites import publishing, saving, suite_file
from rezup.runtime.suites.layout import SUITE_FILE, context_path, tools_path
from rezup.runtime.suites.members import Member
from rezup.runtime.suites.names import check_affix, check_alias, check_context_name, check_prefix_char, shown
from rezup.runtime.suites.tools import tool_table
from rezup.runtime.suites.visibility import visible_suites

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rezup.errors import RezupError
    from rezup.resolver.requirement import Requirement
    from rezup.runtime.config import Config
    from rezup.runtime.context.context import Context
    from rezup.runtime.suites.tools import ContextTools, ToolTable


class Suite:
    """Contexts by name, and under which names their tools are seen.

    It is changed in memory; `save` writes it. Of tools with the same name that of the context that
    was added, or brought to the front, last is seen.

    :param config: for the packages of its contexts
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._members: dict[str, Member] = {}
        self._contexts: dict[str, Context] = {}
        self._unchanged: set[str] = set()  # contexts that are as their files in the suite are
        self._next_priority = 1
        self._content: bytes | None = None  # of the file that it was loaded from
        self._table: ToolTable | None = None
        self.path: str | None = None
        """Its folder, without links; None until it is saved."""

    @classmethod
    def load(cls, path: str, config: Config) -> Suite:
        """Read a suite; its contexts are read when they are asked for.

        :raises SuiteError: it can't be read, or the folder is that of no suite
        """
        suite = cls(config)
        suite.path = _real(path)
        suite._content = suite_file.read(suite.path)
        suite._members = suite_file.parse(suite._content, suite.path)
        suite._next_priority = max([0, *[each.priority for each in suite._members.values()]]) + 1
        return suite

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the contexts, in the order in which they came."""
        return tuple(self._members)

    @property
    def members(self) -> tuple[Member, ...]:
        """The settings of all contexts."""
        return tuple(self._members.values())

    @property
    def tools_path(self) -> str | None:
        """The folder to have on PATH; None until it is saved."""
        return None if self.path is None else tools_path(self.path)

    def member(self, name: str) -> Member:
        """The settings of a context.

        :raises SuiteError: there is no such context
        """
        found = self._members.get(name)
        if found is None:
            known = ", ".join(map(shown, sorted(self._members))) or "none"
            raise SuiteError(f"the suite has no context {shown(name)}", hint=f"it has: {known}")
        return found

    def context(self, name: str) -> Context:
        """A context.

        :raises SuiteError: there is no such context, or its file can't be used
        """
        self.member(name)
        if name not in self._contexts and self.path is not None:
            from rezup.runtime.context import context_file

            try:
                self._contexts[name] = context_file.load(context_path(self.path, name), self._config)
            except ContextFileError as error:
                raise _unusable(name, error) from error
            self._unchanged.add(name)
        return self._contexts[name]

    def context_path(self, name: str) -> str | None:
        """The file of a context; None until the suite is saved."""
        return None if self.path is None else context_path(self.path, name)

    def add(
        self, name: str, context: Context, *, prefix_char: str | None = None, description: str | None = None
    ) -> None:
        """Add a context; its tools go in front of all others.

        :raises SuiteError: the name or prefix_char can't be used, or the context has no packages
        """
        check_context_name(name)
        check_prefix_char(prefix_char)
        if name in self._members:
            raise SuiteError(
                f"the suite has a context {shown(name)} already", hint="remove it first, or take another name"
            )
        if not context.is_solved:
            raise SuiteError(
                f"context {shown(name)} can't be added", context="its request could not be resolved"
            )
        self._contexts[name] = context
        self._unchanged.discard(name)
        member = Member(name, self._next_priority, prefix_char=prefix_char, description=description)
        self._next_priority += 1
        self._set(member)

    def remove(self, name: str) -> None:
        """Take a context out.

        :raises SuiteError: there is no such context
        """
        self.member(name)
        del self._members[name]
        self._contexts.pop(name, None)
        self._unchanged.discard(name)
        self._table = None

    def bump(self, name: str) -> None:
        """Bring a context's tools in front of all others.

        :raises SuiteError: there is no such context
        """
        member = self.member(name)
        self._set(replace(member, priority=self._next_priority))
        self._next_priority += 1

    def describe(self, name: str, description: str | None) -> None:
        """Give a context a description, or take it away.

        :raises SuiteError: there is no such context
        """
        self._set(replace(self.member(name), description=description))

    def set_prefix(self, name: str, prefix: str) -> None:
        """Begin the names of all tools of a context with this text.

        :param prefix: empty for none
        :raises SuiteError: there is no such context, or the prefix can't be used
        """
        self._set(replace(self.member(name), prefix=check_affix(prefix, "prefix")))

    def set_suffix(self, name: str, suffix: str) -> None:
        """End the names of all tools of a context with this text; see `set_prefix`."""
        self._set(replace(self.member(name), suffix=check_affix(suffix, "suffix")))

    def hide(self, name: str, tool: str) -> None:
        """Let a tool not be seen.

        :raises SuiteError: there is no such context, or the context has no such tool
        """
        member = self.member(name)
        if tool not in member.hidden_tools:
            self._check_tool(name, tool)
            self._set(replace(member, hidden_tools=member.hidden_tools | {tool}))

    def unhide(self, name: str, tool: str) -> None:
        """Let a hidden tool be seen again, unless another context has one of the same name.

        :raises SuiteError: there is no such context
        """
        member = self.member(name)
        self._set(replace(member, hidden_tools=member.hidden_tools - {tool}))

    def alias(self, name: str, tool: str, alias: str) -> None:
        """Give a tool another name, without prefix and suffix.

        :raises SuiteError: there is no such context or tool, it has an alias, or the alias can't be used
        """
        member = self.member(name)
        check_alias(alias)
        if tool in member.tool_aliases:
            raise SuiteError(
                f"tool {shown(tool)} of context {shown(name)} has an alias already",
                context=f"it is {shown(member.tool_aliases[tool])}",
                hint="take that one away first",
            )
        self._check_tool(name, tool)
        self._set(replace(member, tool_aliases={**member.tool_aliases, tool: alias}))

    def unalias(self, name: str, tool: str) -> None:
        """Take a tool's alias away, if it has one.

        :raises SuiteError: there is no such context
        """
        member = self.member(name)
        aliases = {each: alias for each, alias in member.tool_aliases.items() if each != tool}
        self._set(replace(member, tool_aliases=aliases))

    def tools(self) -> ToolTable:
        """Which tools are seen under which names, and which are not.

        :raises SuiteError: a context or one of its packages can't be used
        """
        if self._table is None:
            self._table = tool_table(self._members.values(), self._tools_of)
        return self._table

    def tool_path(self, alias: str) -> str | None:
        """The path of the wrapper of the tool that is seen under a name.

        None where no tool is, and for a suite that is not saved.

        :raises SuiteError: a context or one of its packages can't be used
        """
        folder = self.tools_path
        return os.path.join(folder, alias) if folder is not None and alias in self.tools().visible else None

    def context_of_tool(self, alias: str) -> str | None:
        """The name of the context whose tool is seen under a name.

        :raises SuiteError: a context or one of its packages can't be used
        """
        found = self.tools().visible.get(alias)
        return None if found is None else found.context

    def find(self, *, in_request: str | None = None, in_resolve: str | None = None) -> list[str]:
        """The names of contexts that hold a package.

        :param in_request: the name of a package that was asked for, be it implicitly or as a conflict
        :param in_resolve: a requirement that a resolved package fulfils; with `!`, which none violates
        :raises SuiteError: a context can't be used, or in_resolve is no requirement
        """
        from rezup.resolver.requirement import Requirement

        found = list(self._members)
        if in_request:
            asked = {
                name: self.context(name).package_requests + self.context(name).implicit_packages
                for name in found
            }
            found = [name for name in found if in_request in {Requirement(text).name for text in asked[name]}]
        if in_resolve:
            try:
                wanted = Requirement.parse_package(in_resolve)
            except InvalidRequirementError as error:
                raise SuiteError(
                    f"{shown(in_resolve)} can't be looked for", context=str(error), hint=error.hint
                ) from error
            found = [name for name in found if _resolves(self.context(name), wanted)]
        return found

    def validate(self) -> None:
        """Check every attribute of every package of all contexts.

        :raises SuiteError: a context or package can't be used
        """
        from rezup.runtime.context import queries

        for name in self._members:
            try:
                queries.validate(self.context(name))
            except (ContextError, PackageDefinitionError) as error:
                raise _unusable(name, error) from error

    def save(self, path: str | None = None, *, windows: bool = os.name == "nt") -> None:
        """Write the suite, from then on the one of that folder.

        It is there completely, or, on any failure, as it was before. Files that are no part of it stay.

        :param path: its folder, by default where it is from; must be new, or where it is from
        :param windows: whether its tools are for Windows
        :raises SuiteError: it can't be written, the folder holds something else, somebody else changed
            the suite since it was loaded, or a tool's name can't be that of a file
        """
        wanted = path or self.path
        if not wanted:
            raise SuiteError("the suite can't be saved", context="it has no folder yet", hint="name one")
        folder = _real(wanted)
        if os.path.lexists(folder) and folder != self.path:
            raise publishing.already_there(folder)

        self._check_aliases()
        contexts = {name: saving.placed(self.context(name), folder, name) for name in self._members}
        is_update = os.path.lexists(folder)
        written = contexts
        if is_update:  # what Rez wrote stays as it is, byte for byte
            written = {name: each for name, each in contexts.items() if not self._is_same(name, each)}
        change = saving.change_of(self._members, written, self.tools(), windows=windows)
        if is_update:
            members, known = self._members, self._content
            publishing.update(folder, lambda: saving.fitted(change, folder, members, known))
        else:
            publishing.create(folder, change)
        self.path = folder
        self._contexts = contexts
        self._unchanged = set(contexts)
        self._content = change.files[SUITE_FILE][0]
        self._table = None

    def _is_same(self, name: str, context: Context) -> bool:
        return name in self._unchanged and context is self._contexts[name]

    def _set(self, member: Member) -> None:
        self._members[member.name] = member
        self._table = None

    def _tools_of(self, name: str) -> ContextTools:
        from rezup.runtime.context import queries

        context = self.context(name)
        try:
            return queries.tools(context, request_only=True)
        except (ContextError, PackageDefinitionError) as error:
            raise _unusable(name, error) from error

    def _check_tool(self, name: str, tool: str) -> None:
        known = [each for _, found in self._tools_of(name).values() for each in found]
        if tool not in known:
            raise SuiteError(
                f"context {shown(name)} has no tool {shown(tool)}",
                hint=f"it has: {', '.join(map(shown, known[:20])) or 'none'}",
            )

    def _check_aliases(self) -> None:
        for tool in self.tools().visible.values():
            try:
                check_alias(tool.alias)
            except SuiteError as error:
                raise SuiteError(
                    f"tool {shown(tool.name)} of context {shown(tool.context)} can't be in a suite",
                    context=str(error),
                    hint="hide it, or give it an alias",
                ) from error


def _real(path: str) -> str:
    try:
        if path and "\0" not in path:
            return os.path.realpath(path)
    except UnicodeEncodeError:  # no file system has it
        pass
    raise SuiteError(f"{shown(path)} is no folder for a suite", context="no path can be this")


def _resolves(context: Context, wanted: Requirement) -> bool:
    from rezup.runtime.context import queries

    found = queries.resolved_package(context, wanted.name)
    if found is None or wanted.range is None:  # `~foo` excludes nothing
        return wanted.conflict
    return (found.parent.version in wanted.range) is not wanted.conflict


def _unusable(name: str, error: RezupError) -> SuiteError:
    return SuiteError(f"context {shown(name)} can't be used", context=str(error), hint=error.hint)


def load_visible_suites(paths: Iterable[str], config: Config) -> list[Suite]:
    """The suites whose tools are on a search path, in its order.

    :param paths: the entries of PATH
    :raises SuiteError: one of them can't be read
    """
    return [Suite.load(path, config) for path in visible_suites(paths)]
