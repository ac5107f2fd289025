"""Another process in place of this one: with the library that was just put in place, or with pip's."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import TYPE_CHECKING

from rezup_cli.bootstrap import POINTER, RESTARTED, read_pointer

if TYPE_CHECKING:
    from rezup_cli.bootstrap import Library, Place

COMPLETE = "complete.json"


def can_restart() -> bool:
    """Whether this process is our command line and nothing else, so that starting it again is all the same.

    A program that calls us may have done something before, and a script on the standard input is used up.
    """
    words = sys.argv[1:]
    head = sys.orig_argv[: len(sys.orig_argv) - len(words)]
    if not sys.executable or sys.orig_argv[len(head) :] != words or len(head) < 2:
        return False
    return head[-2:] == ["-m", "rezup_cli"] or _is_our_script(head[-1])


def _is_our_script(path: str) -> bool:
    name = os.path.basename(path)
    return os.path.splitext(name)[0] == "rezup" and os.path.isfile(path)


def restart(reason: str) -> None:
    """Start over with the command line that this process was given; on POSIX in its place.

    It returns only where that can't be done; then this process has to go on.

    :raises SystemExit: on Windows, with the status of the process that was started
    """
    environment = {**os.environ, RESTARTED: reason}
    command = [sys.executable, *sys.orig_argv[1:]]
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
    if os.name != "nt":
        with contextlib.suppress(OSError):
            os.execve(command[0], command, environment)  # noqa: S606 - our own command line
        return
    import subprocess

    with subprocess.Popen(command, env=environment) as child:
        while True:
            try:
                raise SystemExit(child.wait())
            except KeyboardInterrupt:  # the child got it, too, and decides
                continue


def is_damaged(library: Library) -> bool:
    """Whether a file of the library is not what was installed; reads all of it."""
    import hashlib
    import json

    try:
        with open(os.path.join(library.folder, COMPLETE), encoding="utf-8") as stream:
            files = json.load(stream)["files"]
        for name, digest in files.items():
            with open(os.path.join(library.folder, name), "rb") as content:
                if hashlib.sha256(content.read()).hexdigest() != digest:
                    return True
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return True
    return False


def forget(place: Place, library: Library) -> None:
    """Let the next starts use what pip installed, unless the pointer leads elsewhere by now.

    What was rolled back stays so; the next check takes the upgrade anew.
    """
    import json

    pointer = read_pointer(place)
    if pointer is None or pointer.get("version") != library.version:
        return
    pointer.update(version=None, previous=None)
    path = os.path.join(place.folder, POINTER)
    with contextlib.suppress(OSError):
        draft = f"{place.folder}/.{POINTER}.{os.getpid()}.tmp"
        with open(draft, "x", encoding="ascii") as stream:
            json.dump(pointer, stream)
        os.chmod(draft, 0o644)
        os.replace(draft, path)
        os.unlink(place.stamp)
