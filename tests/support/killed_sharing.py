"""Publishes, pulls or unpacks a revision in this process and kills it with SIGKILL at a named moment.

Usage: ``python killed_sharing.py ACTION stage STAGE EDGE [BUNDLE]``, EDGE being "start" or "end", or
``python killed_sharing.py ACTION change|rename NUMBER ROOT [BUNDLE]``: before the change, or only the rename, of
that number below the folder ROOT, counted from 0.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from rezup.reporting import Reporter
from rezup.session import Session
from support.killed import Executioner

#: What changes what others can see.
CHANGES = {"os.rename", "os.link", "os.mkdir", "os.chmod", "os.remove", "os.rmdir", "os.utime"}


def kill_before(kind: str, number: int, root: str) -> None:
    """Kill this process before a change, or a rename, of something below `root`."""
    count = 0

    def see(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal count
        if not (event == "os.rename" if kind == "rename" else _changes(event, arguments)):
            return
        paths = [os.fspath(each) for each in arguments[:2] if isinstance(each, (str, os.PathLike))]
        if any(path.startswith(root + os.sep) for path in paths):
            if count == number:
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1

    sys.addaudithook(see)


def _changes(event: str, arguments: tuple[object, ...]) -> bool:
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in CHANGES


def main() -> None:
    """Perform the action."""
    action, kind, one, other, *rest = sys.argv[1:]
    if kind == "stage":
        session = Session.create(reporter=Executioner(one, other))
    else:
        session = Session.create(reporter=Reporter())
        kill_before(kind, int(one), other)
    place = session.place("foo")
    if action == "publish":
        session.sharing().publish(place, wheelhouse=True)
    elif action == "pull":
        session.acquire(place)
    else:
        sharing = session.sharing()
        with sharing.read(Path(rest[0])) as bundle:
            if action == "unbundle":
                sharing.make(bundle, place)
            else:
                sharing.publish_bundle(bundle, place)


if __name__ == "__main__":
    main()
