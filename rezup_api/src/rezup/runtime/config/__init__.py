"""The configuration of Rez (rezconfig): files, variables, defaults, and where each value came from."""

from __future__ import annotations

from rezup.runtime.config.config import Config, Origin, load_config
from rezup.runtime.config.files import Source
from rezup.runtime.config.modifiers import DelayLoad, ModifyList

__all__ = ["Config", "DelayLoad", "ModifyList", "Origin", "Source", "load_config"]
