"""Python's own formatting, over the names that commands see; loaded for the few texts that need it."""

from __future__ import annotations

from string import Formatter as StandardFormatter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rezup.runtime.rex.formatting import Formatter


class FullFormatter(StandardFormatter):
    """Fields begin with a name; there are no numbered ones."""

    def __init__(self, ours: Formatter) -> None:
        self._ours = ours

    def get_value(self, key: int | str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """See `string.Formatter`."""
        if isinstance(key, str):
            return self._ours.value(key)
        raise IndexError(f"{{{key}}} is a number; fields of commands are names")

    def format_field(self, value: Any, format_spec: str) -> str:
        """See `string.Formatter`."""
        return self._ours.shown(value, format_spec)
