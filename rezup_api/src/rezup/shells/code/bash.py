"""bash, 3.2 (macOS) and later."""

from __future__ import annotations

from rezup.shells.code.posix import PosixCode


class BashCode(PosixCode):
    """An alias is a function that is exported, so that scripts started from the shell have it as well."""

    program = "/usr/bin/env bash"
    own_words = frozenset()
    has_slashes = True

    def alias(self, name: str, command: str) -> list[str]:
        """An exported function; behind its keyword no alias gets into the definition."""
        function = f"function {name}() {{ {self.body(name, command)}; }}"
        # None with a slash can be exported.
        return [function if "/" in name else f"{function}; export -f {name}"]
