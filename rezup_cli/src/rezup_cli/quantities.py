"""Times and sizes, as users write and read them."""

from __future__ import annotations

import re

import click


def days(ctx: click.Context, param: click.Parameter, value: str | None) -> float | None:
    """The callback of an option: "12h", "30d" or "4w" in days; a number alone is days.

    :raises click.BadParameter: it is none of these
    """
    if value is None:
        return None
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)\s*([hdw]?)", value.strip().lower())
    if match is None:
        text = "a time in hours, days or weeks is meant, such as 12h, 30d or 4w; a number alone is days"
        raise click.BadParameter(text, ctx, param)
    return float(match[1]) * {"h": 1 / 24, "": 1, "d": 1, "w": 7}[match[2]]


def counted(count: int, what: str) -> str:
    """A number of things: "1 wheel", "2 wheels"."""
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def size_text(count: float) -> str:
    """Bytes, in the unit that fits."""
    for unit in ("B", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"
