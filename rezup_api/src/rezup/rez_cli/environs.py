"""An environment as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def environ_text(environ: Mapping[str, str], form: str) -> str:
    """Variables as a table, a dictionary of Python, or JSON.

    :param form: "table", "dict" or "json"
    """
    if form == "table":
        from rezup.runtime.context.info import columns

        return "\n".join(columns(sorted(environ.items())))
    if form == "dict":
        from pprint import pformat

        return pformat(dict(environ))
    import json

    return json.dumps(dict(environ), sort_keys=True, indent=4)
