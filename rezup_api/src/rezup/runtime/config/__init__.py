"""The configuration of Rez (rezconfig): files, variables, defaults, and where each value came from.

Names load on first use: reading packages needs the kinds of values, but not the whole configuration.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

# public name -> module that holds it
_HOMES = {
    "Config": "rezup.runtime.config.config",
    "DelayLoad": "rezup.runtime.config.modifiers",
    "ModifyList": "rezup.runtime.config.modifiers",
    "Origin": "rezup.runtime.config.config",
    "Source": "rezup.runtime.config.files",
    "load_config": "rezup.runtime.config.config",
}

__all__ = ["Config", "DelayLoad", "ModifyList", "Origin", "Source", "load_config"]

if TYPE_CHECKING:
    from rezup.runtime.config.config import Config, Origin, load_config
    from rezup.runtime.config.files import Source
    from rezup.runtime.config.modifiers import DelayLoad, ModifyList


def __getattr__(name: str) -> object:
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}") from None
    from importlib import import_module

    return getattr(import_module(home), name)
