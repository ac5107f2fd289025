"""Names as types: text that passed the one whitelist.

A container and a tool become folder names on three platforms, so a name is ASCII, has no
separator, no device name of Windows, and no leading dash that a command line would take for
an option.
"""

from __future__ import annotations

import re

from rezup.errors import InvalidNameError

DEFAULT_CONTAINER = ".main"

#: The folder of a root that holds wheels, see `rezup.wheelhouse.store`; no container has this name.
WHEELHOUSE = ".wheels"

_PATTERN = re.compile(r"\.?[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")
_DEVICES = frozenset(
    ["con", "prn", "aux", "nul", "conin$", "conout$"]
    + [f"{device}{digit}" for device in ("com", "lpt") for digit in "0123456789"]
)


def _validated(text: str, what: str, reserved: str = "") -> str:
    shown = ascii(text if len(text) <= 80 else text[:77] + "...")
    if _PATTERN.fullmatch(text) is None:
        reason = "allowed are 1 to 64 of A-Z a-z 0-9 . _ - and it starts with a letter, digit, _ or one dot"
    elif text.endswith("."):
        reason = "Windows drops a trailing dot"
    elif text.lstrip(".").split(".", 1)[0].lower() in _DEVICES:
        reason = "it is a device name of Windows"
    elif text.lower() == reserved:
        reason = "a root keeps its wheels in the folder of that name"
    else:
        return text
    raise InvalidNameError(f"{shown} is no {what} name", context=reason)


class ContainerName(str):
    """The validated name of a container."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> ContainerName:
        """:raises InvalidNameError: the text is no such name"""
        return cls(_validated(text, "container", reserved=WHEELHOUSE))


class ToolName(str):
    """The validated name of a `[rez]` or `[[extension]]` entry; it names a folder below ``venv/``."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> ToolName:
        """:raises InvalidNameError: the text is no such name"""
        return cls(_validated(text, "tool"))
