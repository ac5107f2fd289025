"""One context's place in a suite: what suite.yaml says of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rezup.errors import SuiteError
from rezup.runtime.suites.names import check_affix, check_alias, check_context_name, shown

if TYPE_CHECKING:
    from collections.abc import Mapping

_KNOWN = frozenset(
    ["name", "tool_aliases", "hidden_tools", "priority", "prefix_char", "prefix", "suffix", "description"]
)


@dataclass(frozen=True, slots=True)
class Member:
    """How the tools of one context are seen in a suite."""

    name: str
    priority: int
    """Of two tools with the same name that of the context with the higher priority is seen."""
    tool_aliases: Mapping[str, str] = field(default_factory=dict)
    """Names that tools got one by one; they beat prefix and suffix."""
    hidden_tools: frozenset[str] = frozenset()
    prefix: str | None = None
    """None where none was ever given; an empty one is written to the file."""
    suffix: str | None = None
    prefix_char: str | None = None
    """What begins the wrappers' own options: empty for no such options, None for the configured one."""
    description: str | None = None
    """Free text. Rez leaves it in the file, and shows it nowhere."""
    extra: Mapping[str, Any] = field(default_factory=dict)
    """What else the file says; kept as it is."""

    def alias_of(self, tool: str) -> str:
        """The name under which a tool of the context is seen, if it is."""
        alias = self.tool_aliases.get(tool)
        return f"{self.prefix or ''}{tool}{self.suffix or ''}" if alias is None else alias


def member_of(name: object, data: object) -> Member:
    """The member that plain data describe.

    :raises SuiteError: they describe none
    """
    name = check_context_name(name)
    if not isinstance(data, dict):
        raise _bad(name, "it has no settings")
    if any(not isinstance(key, str) for key in data):
        raise _bad(name, "a setting has no name")
    if data.get("name", name) != name:
        raise _bad(name, "it has another name inside")
    priority = data.get("priority")
    if isinstance(priority, bool) or not isinstance(priority, int):
        raise _bad(name, "priority must be a whole number")
    prefix_char, description = data.get("prefix_char"), data.get("description")
    if prefix_char is not None and (not isinstance(prefix_char, str) or len(prefix_char) > 1):
        raise _bad(name, "prefix_char must be one character, or empty")
    if description is not None and not isinstance(description, str):
        raise _bad(name, "description must be a text")
    try:
        return Member(
            name,
            priority,
            tool_aliases=_aliases(name, data.get("tool_aliases")),
            hidden_tools=_hidden(name, data.get("hidden_tools")),
            prefix=check_affix(data["prefix"], "prefix") if "prefix" in data else None,
            suffix=check_affix(data["suffix"], "suffix") if "suffix" in data else None,
            prefix_char=prefix_char,
            description=description,
            extra={key: data[key] for key in data if key not in _KNOWN},
        )
    except SuiteError as error:
        raise error if error.message.startswith("context ") else _bad(name, str(error)) from error


def data_of(member: Member) -> dict[str, Any]:
    """The plain data of a member, as Rez writes them."""
    data: dict[str, Any] = {
        **member.extra,
        "name": member.name,
        "tool_aliases": dict(member.tool_aliases),
        "hidden_tools": set(member.hidden_tools),
        "priority": member.priority,
        "prefix_char": member.prefix_char,
    }
    for key in ("prefix", "suffix", "description"):
        value = getattr(member, key)
        if value is not None:
            data[key] = value
    return data


def _aliases(name: str, found: object) -> dict[str, str]:
    if found is None:
        return {}
    if not isinstance(found, dict) or any(not isinstance(tool, str) for tool in found):
        raise _bad(name, "tool_aliases must give a name to each of some tools")
    return {tool: check_alias(alias) for tool, alias in found.items()}


def _hidden(name: str, found: object) -> frozenset[str]:
    if found is None:
        return frozenset()
    # A set in YAML; files that were written by hand have lists.
    if not isinstance(found, (set, list, dict)) or any(not isinstance(tool, str) for tool in found):
        raise _bad(name, "hidden_tools must be names of tools")
    return frozenset(found)


def _bad(name: str, problem: str) -> SuiteError:
    return SuiteError(f"context {shown(name)} can't be used", context=problem)
