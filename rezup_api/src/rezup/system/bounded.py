"""A call that may hang, bounded: done by a helper that can be left behind.

A file operation on a dead network mount can't be interrupted, not even by a signal. So a
forked copy of this process does it and sends the answer through a pipe; when the time is over
the copy is killed if the system lets us, and otherwise left to itself.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable


class TimedOut(Exception):  # noqa: N818 - an answer rather than an error
    """No answer within the time."""


def call(function: Callable[[], Any], seconds: float) -> Any:
    """Run `function` and return what it returns, which must be JSON.

    :raises TimedOut: it did not answer in time
    :raises OSError: it raised one; number and file name are kept
    """
    if hasattr(os, "fork") and sys.platform != "darwin" and not _has_threads():
        answer = _in_fork(function, seconds)
    else:
        answer = _in_thread(function, seconds)
    if "errno" in answer:
        raise OSError(answer["errno"], answer["text"], answer["file"])
    return answer["value"]


def _has_threads() -> bool:
    threading = sys.modules.get("threading")
    return threading is not None and threading.active_count() > 1


def _answer(function: Callable[[], Any]) -> dict[str, Any]:
    try:
        return {"value": function()}
    except OSError as error:
        file = None if error.filename is None else str(error.filename)
        return {"errno": error.errno or 0, "text": error.strerror or str(error), "file": file}


def _in_fork(function: Callable[[], Any], seconds: float) -> dict[str, Any]:
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        # Only this function's result may leave the copy: no exit hooks, no buffered output twice.
        try:
            os.close(reading)
            writing = _without_streams(writing)
            data = json.dumps(_answer(function)).encode()
            while data:
                data = data[os.write(writing, data) :]
        finally:
            os._exit(0)
    os.close(writing)
    try:
        data = _read_all(reading, time.monotonic() + seconds)
    finally:
        os.close(reading)
        _dismiss(child)
    if not data:
        return {"errno": 5, "text": "the helper process ended without an answer", "file": None}
    answer: dict[str, Any] = json.loads(data)
    return answer


def _without_streams(writing: int) -> int:
    """Let go of 0, 1 and 2: a helper that can't be killed must not keep a pipe of the caller open.

    :param writing: a descriptor to keep, which is one of these if the caller has closed its own
    :returns: what it is now
    """
    if writing <= 2:
        import fcntl

        writing = fcntl.fcntl(writing, fcntl.F_DUPFD, 3)
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nowhere, stream)
    return writing


def _read_all(descriptor: int, deadline: float) -> bytes:
    chunks: list[bytes] = []
    poll = select.poll()  # unlike select, it takes descriptors above 1023
    poll.register(descriptor, select.POLLIN)
    while True:
        if not poll.poll(max(deadline - time.monotonic(), 0) * 1000):
            raise TimedOut
        chunk = os.read(descriptor, 1 << 16)
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)


def _dismiss(child: int) -> None:
    """Reap the helper; one that hangs in the kernel becomes init's once we are gone."""
    # Where our parent had SIGCHLD ignored, the system reaps children itself.
    with contextlib.suppress(ProcessLookupError, ChildProcessError):
        os.kill(child, signal.SIGKILL)
        for _ in range(20):
            if os.waitpid(child, os.WNOHANG)[0]:
                return
            time.sleep(0.001)


def _in_thread(function: Callable[[], Any], seconds: float) -> dict[str, Any]:
    import threading

    answers: list[dict[str, Any]] = []
    thread = threading.Thread(target=lambda: answers.append(_answer(function)), daemon=True)
    thread.start()
    thread.join(seconds)
    if not answers:
        raise TimedOut
    return answers[0]
