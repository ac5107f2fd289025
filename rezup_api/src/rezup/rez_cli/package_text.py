"""A package as the text that `rez-view` prints: YAML, or Python as in a package file."""

from __future__ import annotations

import json
from pprint import pformat
from typing import TYPE_CHECKING, Any

from rezup.resolver.requirement import Requirement
from rezup.resolver.version import Version
from rezup.runtime.attributes import ATTRIBUTES
from rezup.runtime.source_code import SourceCode

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rezup.runtime.package import Package

#: What comes first, in this order; the rest follows as the file has it.
_ORDER = (
    "name", "version", "description", "authors", "tools", "has_plugins", "plugin_for", "requires",
    "build_requires", "private_build_requires", "variants", "commands", "pre_commands", "post_commands",
    "help", "config", "uuid", "timestamp", "release_message", "changelog", "vcs", "revision",
    "previous_version", "previous_revision",
)  # fmt: skip

#: What a release adds.
_OF_RELEASE = frozenset(_ORDER[_ORDER.index("timestamp") :])

_INDENT = "    "
_LONG = 40


def package_text(package: Package, form: str, *, with_release: bool = False) -> str:
    """The definition of a package.

    :param form: "yaml" or "py"
    :param with_release: also what a release has added
    :raises PackageDefinitionError: an attribute can't be used
    """
    items = [(key, value) for key, value in _items(package) if with_release or key not in _OF_RELEASE]
    if form == "yaml":
        from rezup.rez_cli.yaml_text import yaml_text

        return "\n\n".join(yaml_text({key: value}) for key, value in items)
    texts = [_python(key, value) for key, value in items]
    return "# -*- coding: utf-8 -*-\n\n" + "\n\n".join(texts)


def _items(package: Package) -> list[tuple[str, Any]]:
    data: dict[str, Any] = {"name": package.name, "version": str(package.version)}
    for name in ATTRIBUTES:
        data[name] = package.attribute(name)
    data["base"] = package.base
    for name in package.data:
        if name in package.keys_of_its_own:
            data[name] = package.attribute(name)
    known = {key: _plain(value) for key, value in data.items() if value is not None}
    keys = [key for key in _ORDER if key in known] + [key for key in known if key not in _ORDER]
    return [(key, known[key]) for key in keys]


def _plain(value: Any) -> Any:
    """Without versions and requirements, which are written as texts."""
    if isinstance(value, (Requirement, Version)):
        return str(value)
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    return value


def _python(key: str, value: Any) -> str:
    if key in ("description", "changelog") and len(value) > _LONG:
        lines = "\n".join(json.dumps(line, ensure_ascii=False)[1:-1].rstrip() for line in value.split("\n"))
        return f"{key} = \\\n" + _indented(f'"""\n{lines}\n"""')
    if key == "config":
        lines = "\n".join(_settings("config", value))
        return f"with scope('config') as config:\n{_indented(lines)}"
    if isinstance(value, SourceCode):
        heads = [f"@{each.name}({', '.join(map(repr, each.arguments))})\n" for each in value.decorators]
        return f"{''.join(heads)}def {key}():\n{_indented(value.text)}"
    if isinstance(value, list) and len(value) > 1:
        entries = ",\n".join(pformat(each) for each in value)
        return f"{key} = [\n{_indented(entries)}\n]"
    text = pformat(value)
    return f"{key} = \\\n{_indented(text)}" if "\n" in text else f"{key} = {text}"


def _settings(place: str, value: dict[str, Any]) -> Iterator[str]:
    """A dictionary as assignments to attributes."""
    for key, inner in value.items():
        if isinstance(inner, dict):
            yield from _settings(f"{place}.{key}", inner)
        else:
            yield f"{place}.{key} = {pformat(inner)}"


def _indented(text: str) -> str:
    return "\n".join(_INDENT + line if line else "" for line in text.split("\n"))
