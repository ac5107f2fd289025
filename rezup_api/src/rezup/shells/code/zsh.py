"""zsh, 5.0 and later."""

from __future__ import annotations

from rezup.shells.code.posix import PosixCode


class ZshCode(PosixCode):
    """As POSIX has it, but for functions, whose names may hold more."""

    program = "/usr/bin/env zsh"
    own_words = frozenset()
    has_slashes = True

    def alias(self, name: str, command: str) -> list[str]:
        """A function; behind its keyword no alias gets into the definition."""
        return [f"function {name} {{ {self.body(name, command)}; }}"]
