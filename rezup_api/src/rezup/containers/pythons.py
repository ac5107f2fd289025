"""What the Python below a revision is by now, where its file is not the one that it was built with.

A distribution puts the next Python into the place of the last one. Size and time of the file tell
that something happened, and only the Python itself what: a bug-fix release changes nothing for the
revision, another minor version reads other folders. It is asked once for each file, and its answer
kept in a small file of the user's state: in a home that several machines share, each of them has
a Python with a time of its own.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from rezup.system.interpreters import version_of
from rezup.system.reading import read_file

if TYPE_CHECKING:
    from pathlib import Path

    from rezup.containers.receipt import EnvironmentRecord

_FORMAT = 1

#: Answers that are kept, the newest; one for each Python of each machine that shares a home.
_KEPT = 64


def successor(
    environment: EnvironmentRecord, python: Path, status: os.stat_result, memory: Path | None
) -> str | None:
    """What took the place of an environment's Python, such as "3.12"; None if it is none but an update.

    A Python that tells nothing counts as an update, since nothing is known against it.

    :param python: the environment's own, a link to the one that is asked
    :param status: of the file that the link leads to
    :param memory: the file of the answers; None, or one that can't be used, remembers nothing
    """
    path = os.path.realpath(python)
    told = _told(path, status, memory)
    if told is None:
        return None
    version, implementation = told
    minor, before = _minor(version), _minor(environment.interpreter_version)
    if (minor, implementation) == (before, environment.implementation):
        return None
    return minor if implementation == "cpython" else f"{implementation} {minor}"


def _minor(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _told(path: str, status: os.stat_result, memory: Path | None) -> tuple[str, str] | None:
    file = [path, status.st_size, status.st_mtime_ns]
    for known in _recall(memory):
        if known[:3] == file:
            return known[3], known[4]
    told = version_of(path, status.st_size, status.st_mtime_ns)
    if told is not None and memory is not None:
        _keep(memory, [*file, *told])
    return told


def _recall(memory: Path | None) -> list[list[Any]]:
    """Each answer: path, size, time in nanoseconds, version, implementation."""
    if memory is None:
        return []
    try:
        document = json.loads(read_file(memory))
        answers = document["answers"] if document["format"] == _FORMAT else []
        return [each for each in answers if [type(part) for part in each] == [str, int, int, str, str]]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []


def _keep(memory: Path, answer: list[Any]) -> None:
    from rezup.system.files import make_folder, write_atomic

    # Read once more, as another process may have kept an answer meanwhile.
    answers = [each for each in _recall(memory) if each[:3] != answer[:3]]
    document = {"format": _FORMAT, "answers": [*answers, answer][-_KEPT:]}
    try:
        make_folder(memory.parent)
        write_atomic(memory, json.dumps(document).encode(), durable=False)
    except OSError:
        pass  # asked again next time
