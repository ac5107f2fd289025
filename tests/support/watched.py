"""Command lines run in forks of one process that notes what they write to, and that can act in between.

A process of its own does it, since what watches can't be taken off again. Each batch of runs gets a fork, so
that nothing of one is left for the next; a program that would be started in place of rezup is noted, not started.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import stat
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from pathlib import Path

    from support.world import World

#: Audit event -> positions of (path, folder descriptor or None, whether a link at its end is followed).
_WRITING: Mapping[str, tuple[tuple[int, int | None, bool], ...]] = {
    "os.chmod": ((0, 2, True),),
    "os.chown": ((0, 3, False),),
    "os.link": ((1, 3, False),),
    "os.mkdir": ((0, 2, False),),
    "os.remove": ((0, 1, False),),
    "os.rename": ((0, 2, False), (1, 3, False)),
    "os.rmdir": ((0, 1, False),),
    "os.setxattr": ((0, None, True),),
    "os.symlink": ((1, 2, False),),
    "os.truncate": ((0, None, True),),
    "os.utime": ((0, 3, True),),
}
#: Not O_RDWR by itself, which changes nothing yet: locks want it.
_WRITES = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND


@dataclass(frozen=True)
class Run:
    """How one command line ended."""

    code: int
    text: str
    """All that was said, and the document on stdout."""
    written: tuple[str, ...]
    """Paths that were opened for writing, made, renamed, removed or given other permissions; links resolved."""
    operations: int
    """How many operations on files there were, reading ones too."""
    programs: tuple[tuple[tuple[str, ...], Mapping[str, str]], ...]
    """Programs that were started, each with its words and its environment."""


def run_watched(
    world: World,
    batches: Iterable[Sequence[tuple[Sequence[str], Mapping[str, str]]]],
    *,
    swaps: Sequence[tuple[int, str, str, str]] = (),
    user: tuple[int, int] | None = None,
    timeout: float = 240,
) -> list[list[Run]]:
    """Run batches of command lines, each with variables of its own.

    :param swaps: for each batch: the number of the file operation before which a path is renamed to another
        and a link to a third is put in its place
    :param user: user and group to become after the first batch, whose commands must import all that others need
    """
    jobs = [[[list(words), dict(variables)] for words, variables in batch] for batch in batches]
    done = subprocess.run(
        [sys.executable, "-B", __file__],
        input=json.dumps({"jobs": jobs, "swaps": list(swaps), "user": user}),
        env=world.unmeasured, cwd=world.home, capture_output=True, text=True, timeout=timeout, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3000:]
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == len(jobs), done.stderr[-3000:]
    return [[_told(*each) for each in batch] for batch in answers]


def _told(
    code: int, text: str, paths: list[str], count: int, programs: list[tuple[list[str], dict[str, str]]]
) -> Run:
    return Run(code, text, tuple(paths), count, tuple((tuple(words), environ) for words, environ in programs))


def outside(runs: Iterable[Run], places: Iterable[Path]) -> list[str]:
    """What was written that lies below none of the places."""
    allowed = [os.path.realpath(place) for place in places]
    return [
        path
        for run in runs
        for path in run.written
        if not any(path == place or path.startswith(place + os.sep) for place in allowed)
        and path != os.devnull
    ]


def picture(*folders: Path, but: Sequence[Path] = ()) -> dict[str, tuple[Any, ...]]:
    """All that is below some folders, with what a change of it would change."""
    found: dict[str, tuple[Any, ...]] = {}
    for folder in folders:
        for parent, names, files in os.walk(folder):
            left_out = {str(path) for path in but}
            names[:] = [name for name in names if os.path.join(parent, name) not in left_out]
            for name in (*names, *(file for file in files if os.path.join(parent, file) not in left_out)):
                path = os.path.join(parent, name)
                status = os.lstat(path)
                is_folder = stat.S_ISDIR(status.st_mode)
                marks = (status.st_mode, status.st_uid, status.st_ino)
                found[path] = marks if is_folder else (*marks, status.st_size, status.st_mtime_ns)
    return found


# -- in the process of its own ------------------------------------------------------------------


class _Executed(BaseException):
    """Rezup would be another program now."""


class _Watch:
    """Notes what is written, and swaps a path for a link at the right moment."""

    def __init__(self) -> None:
        self.written: set[str] = set()
        self.operations = 0
        self.programs: list[tuple[list[str], dict[str, str]]] = []
        self.swap: tuple[int, str, str, str] | None = None
        self._is_busy = False
        self.is_on = False

    def __call__(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.is_on or self._is_busy:
            return
        if event == "os.exec":
            raise _Executed
        if event == "subprocess.Popen":
            _, words, _, environ = arguments
            self.programs.append(([*map(str, words)], dict(os.environ if environ is None else environ)))
            return
        is_open = event == "open"
        if not is_open and event not in _WRITING and event not in ("os.scandir", "os.listdir"):
            return
        self._is_busy = True
        try:
            self._count()
            if is_open and isinstance(arguments[2], int) and arguments[2] & _WRITES:
                self._note(arguments[0], None, follows=not arguments[2] & getattr(os, "O_NOFOLLOW", 0))
            for path, folder, follows in _WRITING.get(event, ()):
                self._note(arguments[path], None if folder is None else arguments[folder], follows=follows)
        finally:
            self._is_busy = False

    def _count(self) -> None:
        self.operations += 1
        if self.swap is not None and self.operations >= self.swap[0]:
            _, path, aside, target = self.swap
            self.swap = None
            with contextlib.suppress(OSError):
                os.rename(path, aside)
                os.symlink(target, path)

    def _note(self, path: Any, folder: Any, *, follows: bool) -> None:
        if isinstance(path, int):
            self.written.add(os.readlink(f"/proc/self/fd/{path}").removesuffix(" (deleted)"))
            return
        base = (
            os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder >= 0 else os.getcwd()
        )
        whole = os.path.join(base, os.fsdecode(path))
        parent, name = os.path.split(whole.rstrip("/"))
        self.written.add(os.path.realpath(whole) if follows else os.path.join(os.path.realpath(parent), name))


def _one(watch: _Watch, words: list[str], variables: dict[str, str], run: Callable[..., int]) -> list[Any]:
    before = dict(os.environ)
    os.environ.update(variables)
    out = io.TextIOWrapper(io.BytesIO(), "utf-8", "backslashreplace")
    watch.written, watch.operations, watch.programs, watch.is_on = set(), 0, [], True
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
            code = run(words)
    except _Executed:
        code = 0
    except SystemExit as error:
        code = int(error.code or 0)
    finally:
        watch.is_on = False
        os.environ.clear()
        os.environ.update(before)
    out.flush()
    text = out.buffer.getvalue().decode("utf-8", "backslashreplace")  # type: ignore[attr-defined]
    return [code, text, sorted(watch.written), watch.operations, watch.programs]


def _become(user: int, group: int) -> None:
    """Go on as somebody else, in that one's home."""
    os.setgroups([])
    os.setgid(group)
    os.setuid(user)
    os.chdir("/")


def _serve() -> None:
    import click  # noqa: F401 - loaded once, before the forks

    from rezup_cli import application

    request = json.load(sys.stdin)
    watch = _Watch()
    sys.addaudithook(watch)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    import encodings.idna  # noqa: F401

    count = 0 if request["swaps"] else 1 if request["user"] else 8
    for batch in request["jobs"][:count]:  # what they import, all others have
        for words, variables in batch:
            _one(watch, words, variables, application.run)
    for number, batch in enumerate(request["jobs"]):
        sys.stdout.flush()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                if request["user"] and number:
                    _become(*request["user"])
                if request["swaps"]:
                    watch.swap = tuple(request["swaps"][number])
                answers = [_one(watch, words, variables, application.run) for words, variables in batch]
                sys.stdout.write(json.dumps(answers) + "\n")
                sys.stdout.flush()
                status = 0
            except BaseException:  # noqa: BLE001 - whatever it was, it is told, and the fork ends
                import traceback

                traceback.print_exc()
            finally:
                sys.stderr.flush()
                os._exit(status)
        _, ended = os.waitpid(child, 0)
        if ended:
            sys.exit(f"batch {number} ended with {ended}: {batch!a}")


if __name__ == "__main__":
    _serve()
