"""What is known of a finished environment, as plain data beside it in a cache; what else is in its key."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from rezup.installers.base import BuiltEnvironment, InstalledTool
from rezup.system.interpreters import Interpreter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rezup.installers.context import BuildContext
    from rezup.installers.plans import EnvironmentPlan

#: Raised whenever the same lock gives another tree: other scripts, byte-code, metadata.
TREE_FORMAT = 1

_TEXTS = ("python", "scripts", "backend", "backend_version", "backend_reason")
_OF_INTERPRETER = ("version", "implementation", "cache_tag", "abi", "machine")


def build_flags(plan: EnvironmentPlan, interpreter: Interpreter, context: BuildContext) -> tuple[str, ...]:
    """All beside the lock and the interpreter's version that changes the environment of a plan."""
    flags = [f"tree={TREE_FORMAT}", f"interpreter={interpreter.path}", f"backend={plan.backend}"]
    for tool in plan.tools:
        kind = "rez" if tool is plan.rez else "tool"
        flags.append(f"{kind}={tool.name} {' '.join(tool.flags)}")
        if tool.editable:
            flags.append(f"editable={tool.path}")
    if context.edit_in_production:
        flags.append("edit-in-production")
    if plan.is_embedded:
        flags.append(f"library={_library_state()}")
    return tuple(flags)


def _library_state() -> str:
    """The files of this library, which an embedded runtime is a copy of."""
    import hashlib

    from rezup import __version__

    digest = hashlib.sha256(__version__.encode())
    root = Path(__file__).parents[1]
    for path in sorted(root.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts:
            status = path.stat()
            digest.update(f"{path.relative_to(root)}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


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
