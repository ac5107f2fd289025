"""The tools of a suite: which of which context is seen under which name."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from rezup.runtime.package import Variant
    from rezup.runtime.suites.members import Member

    ContextTools = Mapping[str, tuple[Variant, list[str]]]


class Tool(NamedTuple):
    """A tool of one context."""

    alias: str
    """The name under which it is seen."""
    name: str
    """Its own name."""
    context: str
    """The name of its context."""
    variants: tuple[Variant, ...]
    """The packages that have it."""
    is_clashing: bool = False
    """Whether the context has more than one tool of that name, so that it depends on paths which one runs."""


class ToolTable(NamedTuple):
    """All tools of a suite."""

    visible: Mapping[str, Tool]
    """By their aliases, those of the context with the highest priority first."""
    overridden: Mapping[str, tuple[Tool, ...]]
    """By their aliases: those that can't be seen, as another context has one of the same name."""
    hidden: tuple[Tool, ...]
    """Those that were hidden."""


def tool_table(members: Iterable[Member], tools_of: Callable[[str], ContextTools]) -> ToolTable:
    """Find out which tools are seen.

    :param members: in the order in which they are in the suite
    :param tools_of: the tools of each package of a context, by the context's name
    """
    visible: dict[str, Tool] = {}
    overridden: dict[str, list[Tool]] = {}
    hidden: list[Tool] = []
    for member in sorted(members, key=lambda each: each.priority)[::-1]:
        for variant, names in tools_of(member.name).values():
            for name in dict.fromkeys(names):
                tool = Tool(member.alias_of(name), name, member.name, (variant,))
                other = visible.get(tool.alias)
                if name in member.hidden_tools:
                    hidden.append(tool)
                elif other is None:
                    visible[tool.alias] = tool
                elif other.context == member.name:
                    variants = (*other.variants, *(() if variant in other.variants else (variant,)))
                    visible[tool.alias] = other._replace(variants=variants, is_clashing=True)
                else:
                    overridden.setdefault(tool.alias, []).append(tool)
    return ToolTable(visible, {alias: tuple(found) for alias, found in overridden.items()}, tuple(hidden))
