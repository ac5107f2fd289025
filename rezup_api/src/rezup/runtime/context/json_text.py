"""Plain data as JSON text. The library, which takes a while to load, is left to what needs its care."""

from __future__ import annotations

from typing import Any


def json_text(value: Any) -> str:
    """The text that `json.dumps` gives with sorted keys.

    :raises TypeError: it is no plain data
    """
    kind = type(value)
    if kind is str:
        if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
            return f'"{value}"'
    elif value is None:
        return "null"
    elif kind is bool:
        return "true" if value else "false"
    elif kind is int:
        return str(value)
    elif kind is float:
        if value - value == 0.0:  # neither infinite nor no number
            return repr(value)
    elif kind is list:
        return f"[{', '.join(map(json_text, value))}]"
    elif kind is dict and all(type(key) is str for key in value):
        items = [f"{json_text(key)}: {json_text(each)}" for key, each in sorted(value.items())]
        return f"{{{', '.join(items)}}}"
    import json

    return json.dumps(value, sort_keys=True)
