"""What is known of a finished environment, as plain data beside it in a cache; what else is in its key."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup.installers.base import BuiltEnvironment, InstalledTool
from rezup.recipes.plain_requirements import canonical
from rezup.system.interpreters import Interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.installers.context import BuildContext
    from rezup.installers.plans import EnvironmentPlan
    from rezup.lockfiles.lock import Lock
    from rezup.recipes.model import Tool

#: Raised whenever the same lock gives another tree: other scripts, byte-code, metadata.
TREE_FORMAT = 1

_TEXTS = ("python", "scripts", "backend", "backend_version", "backend_reason")
_OF_INTERPRETER = ("version", "implementation", "cache_tag", "abi", "machine")
_NAMED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:$|[\[<>=!~;@( ])")


def build_flags(
    plan: EnvironmentPlan, interpreter: Interpreter, context: BuildContext, lock: Lock
) -> tuple[str, ...]:
    """All beside the bytes of the lock and the interpreter's version that changes the environment of a plan.

    Ranges of versions are no part of it: the lock has decided what they allow.

    :param plan: without tools in edit mode, and not the embedded runtime; neither is kept in a cache
    """
    flags = [f"tree={TREE_FORMAT}", f"interpreter={interpreter.path}", f"backend={plan.backend}"]
    for tool in plan.tools:
        kind = "rez" if tool is plan.rez else "tool"
        flags.append(f"{kind}={tool.name} {_distribution(tool, lock)} {' '.join(tool.flags)}")
    if context.edit_in_production:
        flags.append("edit-in-production")
    if not any(package.name == "pip" and package.marker is None for package in lock.packages):
        flags.append(f"pip={_own_pip(interpreter)}")
    return tuple(flags)


def _distribution(tool: Tool, lock: Lock) -> str:
    """Whose scripts are a tool's; empty where its own name is all that tells."""
    for package in lock.packages:
        if package.origin is not None and str(tool.name) in package.origin.tools:
            return package.name
    return _asked(tool)


def _asked(tool: Tool) -> str:
    """The distribution that a requirement names; empty for a folder or a bare URL."""
    named = None if tool.path is not None else _NAMED.match(tool.requirement)
    return canonical(named[1]) if named else ""


def _own_pip(interpreter: Interpreter) -> str:
    """The pip that an environment gets where its lock has none: it comes with this machine's virtualenv."""
    from rezup.installers.programs import bundled_pip

    wheel = bundled_pip(interpreter.release)
    if wheel is None:
        from rezup.installers.virtualenv_pip import LEGACY

        return LEGACY
    return hashlib.sha256(wheel.read_bytes()).hexdigest()


def to_facts(built: BuiltEnvironment) -> dict[str, Any]:
    """As JSON holds it."""
    return {
        **{name: getattr(built, name) for name in _TEXTS},
        "interpreter": {
            "path": str(built.interpreter.path),
            **{name: getattr(built.interpreter, name) for name in _OF_INTERPRETER},
        },
        "tools": [
            {
                "name": str(tool.name),
                "distribution": tool.distribution,
                "version": tool.version,
                "editable": None if tool.editable is None else str(tool.editable),
                "scripts": list(tool.scripts),
            }
            for tool in built.tools
        ],
        "distributions": [list(pair) for pair in built.distributions],
        "leftovers": list(built.leftovers),
        "notes": list(built.notes),
    }


def from_facts(facts: Mapping[str, Any], plan: EnvironmentPlan) -> BuiltEnvironment:
    """The environment of a plan, from what `to_facts` told of it.

    :raises ValueError: it is damaged, or of other tools
    """
    try:
        return _read(facts, plan)
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"the facts of {plan.name} are damaged ({error})") from error


def _read(facts: Mapping[str, Any], plan: EnvironmentPlan) -> BuiltEnvironment:
    interpreter = facts["interpreter"]
    texts = {name: _text(facts[name]) for name in _TEXTS}
    for name in ("python", "scripts"):
        if texts[name].startswith(("/", "\\")) or ":" in texts[name] or ".." in texts[name].split("/"):
            raise ValueError(f"{texts[name]!a} leaves the environment")
    entries = facts["tools"]
    if [entry["name"] for entry in entries] != [str(tool.name) for tool in plan.tools]:
        raise ValueError(f"the facts of {plan.name} are those of other tools")
    for tool, entry in zip(plan.tools, entries, strict=True):
        if _asked(tool) not in ("", canonical(_text(entry["distribution"]))):
            raise ValueError(f"the facts of {plan.name} have another distribution of {tool.name}")
    version = _text(interpreter["version"])
    if not all(part.isdigit() for part in version.split(".")[:2]) or "." not in version:
        raise ValueError(f"{version!a} is no version of an interpreter")
    return BuiltEnvironment(
        name=plan.name,
        interpreter=Interpreter(
            Path(_text(interpreter["path"])), *(_text(interpreter[name]) for name in _OF_INTERPRETER)
        ),
        tools=tuple(
            InstalledTool(
                name=tool.name,
                distribution=_text(entry["distribution"]),
                version=_text(entry["version"]),
                environment=plan.name,
                editable=None if entry["editable"] is None else Path(_text(entry["editable"])),
                scripts=_listed(entry["scripts"]),
            )
            for tool, entry in zip(plan.tools, entries, strict=True)
        ),
        distributions=tuple((_text(name), _text(version)) for name, version in facts["distributions"]),
        leftovers=_listed(facts["leftovers"]),
        notes=_listed(facts["notes"]),
        **texts,
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{ascii(value)[:40]} is no text")
    return value


def _listed(value: object) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError(f"{ascii(value)[:40]} is no list")
    return tuple(_text(entry) for entry in value)
