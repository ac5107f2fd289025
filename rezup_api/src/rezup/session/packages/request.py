"""What is asked for, as Rez's command line takes it: patches of a context, times of release."""

from __future__ import annotations

import time

from rezup.errors import ResolveError
from rezup.runtime.context.patching import patched

__all__ = ["parse_time", "patched", "requests_of"]

_SECONDS = {"s": 1, "m": 60, "h": 60 * 60, "d": 24 * 60 * 60}


def parse_time(text: str, now: float | None = None) -> int:
    """Seconds since 1970 of a moment: that number, or how long ago: "-10s", "-5m", "-0.5h", "-2d".

    :param now: seconds since 1970; the clock's by default
    :raises ResolveError: the text is neither
    """
    try:
        if text.startswith("-"):
            return int((time.time() if now is None else now) - float(text[1:-1]) * _SECONDS[text[-1]])
        return int(text)
    except (ValueError, KeyError, OverflowError):
        raise ResolveError(
            f"{text[:80]!a} is no time",
            hint="write seconds since 1970, or how long ago: -10s, -5m, -0.5h, -2d",
        ) from None


def requests_of(path: str) -> list[str]:
    """What the context in an ``.rxt`` file was asked for, without implicit packages.

    :raises ContextFileError: it is no such file
    """
    from rezup.runtime.context.context_file import read_requests

    return list(read_requests(path))
