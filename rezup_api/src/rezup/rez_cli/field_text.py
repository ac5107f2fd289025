"""Packages as text with fields, such as "{qualified_name} | {description}"."""

from __future__ import annotations

import re
from string import Formatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rezup.runtime.package import Package, Variant

#: The names that may be cut short.
FIELDS = (
    "pre_commands", "tools", "uuid", "build_requires", "version", "timestamp", "release_message",
    "private_build_requires", "revision", "description", "base", "authors", "variants", "commands", "name",
    "changelog", "post_commands", "requires", "root", "index", "uri", "num_variants", "qualified_name",
)  # fmt: skip

_FIELD = re.compile(r"{([^{}]+)}")


def field_lines(resource: Package | Variant, form: str) -> Iterator[str]:
    r"""The lines of a form, filled; ``\n`` in it begins another one.

    :raises PackageDefinitionError: an attribute can't be used
    """
    filler = _Filler(resource)
    for line in _FIELD.sub(_whole, form).split("\\n"):
        yield filler.format(line)


def _whole(match: re.Match[str]) -> str:
    name = match[1]
    if name not in FIELDS:
        matching = [each for each in FIELDS if each.startswith(name)]
        name = matching[0] if len(matching) == 1 else name
    return f"{{{name}}}"


class _Filler(Formatter):
    """Fills in attributes; unknown ones stay as they are."""

    def __init__(self, resource: Package | Variant) -> None:
        self._resource = resource

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        try:
            return super().get_field(field_name, args, kwargs)
        except (AttributeError, KeyError, TypeError):
            return f"{{{field_name}}}", field_name

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        del args, kwargs
        if not key or not isinstance(key, str):
            raise KeyError(key)
        return getattr(self._resource, key)

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, list):
            return " ".join(map(str, value))
        return super().convert_field(value, conversion)
