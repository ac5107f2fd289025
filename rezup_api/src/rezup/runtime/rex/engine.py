"""Running commands: the names they see, one after another, and what goes wrong in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from rezup.runtime.rex.bindings import OptionVars
from rezup.runtime.rex.formatting import Formatter
from rezup.runtime.rex.recorder import Recorder
from rezup.runtime.rex.variables import Environ
from rezup.shells.escaped import expandable, literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from rezup.runtime.rex.includes import Includes
    from rezup.runtime.rex.recorder import Outside
    from rezup.runtime.source_code import SourceCode

#: The functions that commands may call, all of them the recorder's.
FUNCTIONS = (
    "unsetenv", "setenv", "resetenv", "prependenv", "appendenv", "alias", "info", "error", "stop",
    "command", "comment", "source", "shebang", "getenv", "expandvars", "defined", "undefined",
)  # fmt: skip


class Origin(NamedTuple):
    """Whose code runs; for messages, and to find what it includes."""

    package: str | None = None
    """Such as "maya-2022.1"."""
    part: str = "commands"
    """Such as "pre_commands"."""
    base: str | None = None
    """The folder of the package."""


_NOBODY = Origin()


class Rex:
    """Runs code that records into `recorder`.

    `names` is what all code sees; what one piece of code defines, no other sees.
    """

    def __init__(
        self, outside: Outside, *, option_vars: Callable[[], Any] = dict, system: Any = None
    ) -> None:
        self.names: dict[str, Any] = {}
        self._formatter = Formatter(self.names, outside.dialect.reference)
        self._includes: Includes | None = None
        self.recorder = Recorder(outside, self._formatter.format)
        self.env = Environ(self.recorder)
        self.names.update(
            format=self._format, literal=literal, expandable=expandable,
            optionvars=OptionVars(option_vars), env=self.env, system=system,
        )  # fmt: skip
        for name in FUNCTIONS:
            self.names[name] = getattr(self.recorder, name)

    def run(self, code: SourceCode, origin: Origin = _NOBODY, **own: Any) -> None:
        """Run code that sees `own` names beside the shared ones.

        :raises PackageCommandsError: it fails, or stops
        """
        names = {**self.names, **own}
        self._formatter.names = names
        self.recorder.whose = origin.package or origin.part
        try:
            for name in code.includes:
                names[name] = self._included(name, origin)
            exec(code.compiled(), names)  # noqa: S102 - the package's own code
        except (Exception, SystemExit) as error:  # whatever a program may raise
            from rezup.runtime.rex.failures import failure_of

            raise failure_of(error, code, origin.package, origin.part) from error
        finally:
            self._formatter.names = self.names
            self.recorder.whose = ""

    def _included(self, name: str, origin: Origin) -> Any:
        if self._includes is None:
            from rezup.runtime.rex.includes import Includes

            self._includes = Includes()
        return self._includes.module(name, origin.base)

    def _format(self, value: Any) -> str:
        """A value as a text with its fields filled."""
        return self._formatter.format(str(value))
