"""Runs one action of the library in this process and kills it with SIGKILL at a named moment.

Usage: ``python killed.py ACTION STAGE EDGE``, EDGE being "start" or "end".
"""

from __future__ import annotations

import os
import signal
import sys

from rezup.reporting import Reporter
from rezup.session import Session


class Executioner(Reporter):
    """Kills its process when a stage starts or ends."""

    def __init__(self, stage: str, edge: str) -> None:
        self._moment = (stage, edge)

    def stage_started(self, name: str, detail: str) -> None:
        self._at(name, "start")

    def stage_finished(self, name: str, seconds: float, cpu: float) -> None:
        self._at(name, "end")

    def _at(self, name: str, edge: str) -> None:
        if (name, edge) == self._moment:
            os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Perform the action."""
    action, stage, edge = sys.argv[1:]
    session = Session.create(reporter=Executioner(stage, edge))
    place = session.place("foo")
    if action == "make":
        session.make(place)
    elif action == "publish":
        session.sharing().publish(place)
    else:
        session.acquire(place)


if __name__ == "__main__":
    main()
