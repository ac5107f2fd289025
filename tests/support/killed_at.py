"""Performs actions of the library in forked children that stop or kill themselves before a chosen operation.

Usage: ``python killed_at.py``; one JSON object a line is read and answered, see `Execution` in `kill_points`. The
library is imported once, so that hundreds of children cost little.
"""

from __future__ import annotations

import json
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from rezup.reporting import Reporter
from rezup.session import Session
from rezup.session.caching import Caches
from rezup.system import swapping
from rezup_cli.application import run
from rezup_cli.commands import cache, check, doctor, drop, list, use  # noqa: A004, F401 -- imported once for all

if TYPE_CHECKING:
    from collections.abc import Callable

#: What changes files, has an event of its own, and is counted where it concerns the world.
CHANGES = frozenset(
    f"os.{name}"
    for name in (
        "rename",
        "link",
        "symlink",
        "mkdir",
        "remove",
        "rmdir",
        "chmod",
        "chown",
        "utime",
        "truncate",
    )
) | {"fcntl.flock", "fcntl.ioctl"}


#: What of a path differs from run to run: times, process numbers, random names and digests.
_CHANGING = re.compile(
    r"(?<=\.)[0-9]+\.[0-9a-f]{8}(?=\.tmp)|(?<=-)[0-9a-f]{8}-[0-9]+-[0-9a-f]{8}|[0-9]{10}\.[0-9]{6}"
    r"|[0-9]{8}-[0-9]{6}-[0-9]+(?=\.log)"
)


class Executioner(Reporter):
    """Counts the points that this process passes, and sends itself a signal at one of them.

    :param below: only what changes something in this folder counts
    :param at: name of the point; empty to let it pass all, and write them down
    :param trace: where the points are written, all of them or the last one
    """

    def __init__(self, below: str, at: str, number: int, trace: str) -> None:
        self._below, self._at, self._signal = below, at, number
        self._process, self._inside = os.getpid(), threading.local()
        self._passed: Counter[str] = Counter()
        self._trace = os.open(trace, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)

    def begin(self) -> None:
        """Watch from here on; there is no end to it."""
        sync, enter = os.fsync, subprocess.Popen.__enter__

        def watched_sync(descriptor: int) -> None:
            self._see("os.fsync", (descriptor,))
            sync(descriptor)

        def watched_start(process: subprocess.Popen[Any]) -> Any:
            self._pass("process started")
            return enter(process)

        os.fsync = watched_sync
        subprocess.Popen.__enter__ = watched_start  # type: ignore[method-assign]
        sys.addaudithook(self._see)

    def stage_started(self, name: str, detail: str) -> None:
        self._pass(f"{name} starts")

    def stage_finished(self, name: str, seconds: float, cpu: float) -> None:
        self._pass(f"{name} ends")

    def _see(self, event: str, arguments: tuple[Any, ...]) -> None:
        if getattr(self._inside, "here", False):
            return
        if event == "subprocess.Popen":
            self._pass("process starts")
        elif event in CHANGES or event == "os.fsync" or (event == "open" and _writes(arguments[2])):
            self._inside.here = True
            path = _path(event, arguments)
            self._inside.here = False
            if path.startswith(self._below):
                self._pass(f"{event} {path[len(self._below) :]}")

    def _pass(self, name: str) -> None:
        """Count a point; its name is the same in each run, though threads pass theirs in any order."""
        if os.getpid() != self._process:
            return  # a helper, which ends with this process
        plain = _CHANGING.sub("#", name)
        self._passed[plain] += 1
        name = f"{plain} ({self._passed[plain]})"
        if not self._at:
            self._write(name)
            if name.startswith("open "):
                self._write(f"write {name}")
        elif name == self._at:
            self._write(name)
            os.kill(self._process, self._signal)
        elif f"write {name}" == self._at:
            self._write(self._at)
            die_writing()

    def _write(self, name: str) -> None:
        os.write(self._trace, f"{name}\n".encode("utf-8", "surrogateescape"))


def die_writing() -> None:
    """Have this process killed when it makes any file larger: the next one that it opens stays empty."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)


def _writes(flags: Any) -> bool:
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))


def _path(event: str, arguments: tuple[Any, ...]) -> str:
    """What it concerns; of a rename, the new name."""
    is_pair = event in ("os.rename", "os.link")
    path = arguments[1] if is_pair else arguments[0]
    if isinstance(path, int):
        return _opened(path)
    text = os.fsdecode(path)
    if text.startswith("/"):
        return text
    folders = {"os.rename": 3, "os.link": 3, "os.symlink": 2, "os.mkdir": 2, "os.remove": 1, "os.rmdir": 1,
               "os.chmod": 2, "os.chown": 3, "os.utime": 3}  # fmt: skip
    folder = arguments[folders[event]] if event in folders else -1
    return os.path.join(_opened(folder) if isinstance(folder, int) and folder >= 0 else os.getcwd(), text)


def _opened(descriptor: int) -> str:
    try:
        return os.readlink(f"/proc/self/fd/{descriptor}")
    except OSError:
        return ""


def prune(session: Session) -> None:
    """Remove what is not the newest, at a time when nothing is young any more."""
    set_clock(10 * 86400)
    assert not session.removal().old_revisions("foo", older_than=0, remove=True).failures


def perform(action: str, *options: str, reporter: Reporter) -> None:
    """One action on the container foo, or on the cache of the project in the working folder."""
    if action.startswith("cache-"):
        caches = Caches(dict(os.environ), reporter=reporter)
        if action == "cache-prune":
            caches.prune(older_than=0)
        else:
            getattr(caches.project(), action.removeprefix("cache-"))()
        return
    session = Session.create(environ=dict(os.environ), reporter=reporter)
    place = session.place("foo")
    pins = session.pins()
    actions: dict[str, Callable[[], object]] = {
        "make": lambda: session.make(place),
        "acquire": lambda: sys.stderr.write(f"{session.acquire(place).revision.stamp}\n"),
        "publish": lambda: session.sharing().publish(
            place, wheelhouse="wheelhouse" in options, verify="unproved" not in options
        ),
        "drop": lambda: session.removal().drop(place, *options),
        "prune": lambda: prune(session),
        "pin": lambda: pins.pin(place, options[0], remote="remote" in options),
        "unpin": lambda: pins.unpin(place, remote="remote" in options),
        "rollback": lambda: pins.rollback(place, remote="remote" in options),
    }
    actions[action]()


def set_clock(later: float) -> None:
    """Have the clock of this process go ahead by so many seconds."""
    now = time.time
    time.time = lambda: now() + later


def child(order: dict[str, Any]) -> None:
    """Do what is ordered, in this process, and end it."""
    os.setpgid(0, 0)
    os.environ.clear()
    os.environ.update(order["environ"])
    os.chdir(order["folder"])
    for descriptor, name in ((1, "out"), (2, "err")):
        talk = os.open(f"{order['trace']}.{name}", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
        os.dup2(talk, descriptor)
    if "command" in order:
        if order["later"]:
            set_clock(order["later"])
        status = run(order["command"])
        sys.stdout.flush()
        os._exit(status)
    if order["by_renames"]:
        swapping._at_once = lambda *_: False
    executioner = Executioner(order["below"], order["at"], order["signal"], order["trace"])
    executioner.begin()
    try:
        perform(*order["action"], reporter=executioner)
    except BaseException as error:  # noqa: BLE001 -- told to the test, which judges it
        sys.stderr.write(f"{type(error).__name__}: {error}\n")
        sys.stderr.flush()
        os._exit(1)
    sys.stderr.flush()
    os._exit(0)


def wait(pid: int, *, reap: bool) -> dict[str, Any]:
    """How a child is now: ended, or stopped; one that isn't reaped keeps its number."""
    found = os.waitid(os.P_PID, pid, os.WEXITED | os.WSTOPPED | (0 if reap else os.WNOWAIT))
    assert found is not None
    killed = found.si_code in (os.CLD_KILLED, os.CLD_DUMPED)
    is_stopped = found.si_code == os.CLD_STOPPED
    return {"pid": pid, "status": -found.si_status if killed else found.si_status, "stopped": is_stopped}


def main() -> None:
    """Serve until the input ends."""
    for line in sys.stdin:
        order = json.loads(line)
        if "bury" in order:
            with_group = order["bury"]
            os.killpg(with_group, signal.SIGKILL)  # a program that it had started may run still
            answer = wait(with_group, reap=True)
        elif "resume" in order:
            os.waitid(os.P_PID, order["resume"], os.WSTOPPED)
            os.killpg(order["resume"], signal.SIGCONT)
            answer = wait(order["resume"], reap=False)
        else:
            pid = os.fork()
            if not pid:
                child(order)
            answer = wait(pid, reap=False)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
