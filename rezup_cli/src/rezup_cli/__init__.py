"""The command line of rezup: parse, one call of the library, render."""

from __future__ import annotations

__version__ = "3.0.0"
