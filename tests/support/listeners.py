"""Reporters that keep what they are told."""

from __future__ import annotations

from rezup.reporting import Reporter


class Listener(Reporter):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.stages: list[str] = []
        self.lines: list[str] = []
        self.warnings: list[str] = []

    def stage_finished(self, name: str, seconds: float, cpu: float) -> None:
        self.stages.append(name)

    def output(self, line: str) -> None:
        self.lines.append(line)

    def warning(self, message: str) -> None:
        self.warnings.append(message)
