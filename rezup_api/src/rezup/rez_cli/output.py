"""Lines of text on a stream, with the colours of Rez's configuration where somebody looks at them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from rezup.runtime.context.info import Line

_COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
_STYLES = {"bright": 1, "dim": 2, "normal": 22}
_RESET = "\x1b[0m"


class Output:
    """Where a command writes.

    :param setting: gives settings such as `color_enabled`; it is asked only for a terminal, or where
        colours are to be forced
    """

    def __init__(self, stream: TextIO, setting: Callable[[str], Any]) -> None:
        self.stream = stream
        self._setting = setting
        self._is_coloured: bool | None = None

    def say(self, text: object = "") -> None:
        """A line, or several."""
        self.stream.write(f"{text}\n")

    def lines(self, lines: Iterable[Line]) -> None:
        """Lines in the colours of what they are."""
        for line in lines:
            self.mark(line.text, line.mark)

    def mark(self, text: str, mark: str = "") -> None:
        """One line in the colour of what it is.

        :param mark: such as "heading" or "critical": the first part of the names of settings
        """
        self.say(self._coloured(text, mark) if mark and text and self._has_colours() else text)

    def items(self, items: Iterable[object]) -> None:
        """A line for each; on a terminal one line for all."""
        texts = list(map(str, items))
        if self._is_terminal():
            self.say(" ".join(texts))
        else:
            for text in texts:
                self.say(text)

    def flush(self) -> None:
        """Hand over what is written."""
        self.stream.flush()

    def close(self) -> None:
        """Let nothing more be written, now or when the process ends."""
        import os

        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.stream.fileno())
        except (OSError, ValueError):  # no file at all
            return
        os.close(nowhere)

    def _is_terminal(self) -> bool:
        try:
            return self.stream.isatty()
        except (AttributeError, ValueError):
            return False

    def _has_colours(self) -> bool:
        if self._is_coloured is None:
            enabled = self._setting("color_enabled")
            self._is_coloured = enabled == "force" or (bool(enabled) and self._is_terminal())
        return self._is_coloured

    def _coloured(self, text: str, mark: str) -> str:
        codes = []
        for part, base in (("fore", 30), ("back", 40)):
            name = str(self._setting(f"{mark}_{part}") or "").lower()
            if name in _COLOURS:
                codes.append(base + _COLOURS.index(name))
        codes += [_STYLES[name] for name in self._setting(f"{mark}_styles") or () if name in _STYLES]
        return f"{''.join(f'{chr(27)}[{code}m' for code in codes)}{text}{_RESET}"
