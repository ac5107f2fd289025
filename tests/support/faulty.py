"""Runs the command line with one file operation after the other failing, as on a disk that is full, read-only or broken.

As a script it is a server: it has all loaded, and forks a copy of itself for each run that is asked for. In
the copy, every operation that changes a file below the folder given is counted, and one of them fails. The
files of Python are those of its own `_pyio` there, which is written in Python: all they do passes through `os`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.world import World

#: What takes a path, and which of its arguments is what it makes or changes.
_ON_PATHS = {"mkdir": 0, "rename": 1, "replace": 1, "link": 1, "symlink": 1}
#: What a full disk still allows, and a read-only one does not.
_TAKING_AWAY = ("unlink", "remove", "rmdir", "chmod", "utime")
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Fault(NamedTuple):
    """Which operation fails, counted from 0, and how; with number -1 none does."""

    number: int = -1
    code: int = 0
    is_lasting: bool = False
    """All later ones fail as well; otherwise only this one."""
    is_read_only: bool = False
    """Nothing can be taken away then, either."""


NO_FAULT = Fault()


class Run(NamedTuple):
    """How a run ended, and the operations that were counted."""

    code: int
    out: str
    err: str
    points: list[str]


class Injection:
    """Stands between this process and its files."""

    def __init__(self, below: str, fault: Fault, log: int) -> None:
        self._below = below + os.sep
        self._fault = fault
        self._log = log
        self._count = 0
        self._guard = threading.Lock()
        #: Files that are open for writing, and folders.
        self._opened: dict[int, str] = {}
        self._write, self._close = os.write, os.close

    def install(self) -> None:
        """Replace what changes files."""
        import _pyio
        import builtins
        import io

        io.open = builtins.open = _pyio.open  # type: ignore[assignment]
        os.open = self._opening(os.open)
        os.write = self._on_descriptor("write", os.write)  # type: ignore[assignment]
        os.fsync = self._on_descriptor("fsync", os.fsync)
        os.close = self._closing
        if hasattr(os, "sendfile"):
            os.sendfile = self._on_descriptor("sendfile", os.sendfile)
        for name, position in _ON_PATHS.items():
            setattr(os, name, self._on_path(name, position, getattr(os, name)))
        if self._fault.is_read_only:
            for name in _TAKING_AWAY:
                setattr(os, name, self._when_read_only(getattr(os, name)))

    def _is_below(self, path: Any, options: dict[str, Any]) -> str | None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return None
        text = os.fsdecode(path)
        start = next((fd for name, fd in options.items() if name.endswith("dir_fd") and fd is not None), None)
        if start is not None and not os.path.isabs(text):
            text = os.path.join(self._opened.get(start, ""), text)
        text = os.path.abspath(text)
        return text if text.startswith(self._below) else None

    def _meet(self, what: str, path: str) -> OSError | None:
        """Count one operation; the error if it is to fail."""
        with self._guard:
            number = self._count
            self._count += 1
            self._write(self._log, f"{what} {path[len(self._below) :]}\n".encode("utf-8", "backslashreplace"))
        fault = self._fault
        if 0 <= fault.number <= number if fault.is_lasting else number == fault.number:
            return OSError(fault.code, os.strerror(fault.code), path)
        return None

    def _opening(self, real: Callable[..., int]) -> Callable[..., int]:
        def opening(path: Any, flags: int, *arguments: Any, **options: Any) -> int:
            found = self._is_below(path, options)
            is_written = bool(flags & _WRITING)
            if found is not None and is_written:
                error = self._meet("open", found)
                if error is not None:
                    raise error
            descriptor = real(path, flags, *arguments, **options)
            if found is not None and (is_written or flags & getattr(os, "O_DIRECTORY", 0)):
                self._opened[descriptor] = found
            return descriptor

        return opening

    def _on_descriptor(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def acting(descriptor: int, *arguments: Any) -> Any:
            path = self._opened.get(descriptor)
            error = None if path is None else self._meet(name, path)
            if error is not None:
                raise error
            return real(descriptor, *arguments)

        return acting

    def _closing(self, descriptor: int) -> None:
        path = self._opened.pop(descriptor, None)
        self._close(descriptor)  # it is closed, whatever is told of it
        error = None if path is None else self._meet("close", path)
        if error is not None:
            raise error

    def _on_path(self, name: str, position: int, real: Callable[..., Any]) -> Callable[..., Any]:
        def acting(*arguments: Any, **options: Any) -> Any:
            found = self._is_below(arguments[position] if len(arguments) > position else None, options)
            error = None if found is None else self._meet(name, found)
            if error is not None:
                raise error
            return real(*arguments, **options)

        return acting

    def _when_read_only(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def acting(path: Any, *arguments: Any, **options: Any) -> Any:
            if self._count > self._fault.number and self._is_below(path, options) is not None:
                raise OSError(self._fault.code, os.strerror(self._fault.code), path)
            return real(path, *arguments, **options)

        return acting


class FaultyCommands:
    """The command line of a world's machine, run by a server of this module."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._folder = world.folder.parent / f"{world.folder.name}-runs"
        self._folder.mkdir()
        from support.world import unmeasured  # the server itself is run as a script

        environ = unmeasured(os.environ)
        self._server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environ, cwd=world.home,
        )  # fmt: skip

    def run(self, *arguments: str | Path, fault: Fault = NO_FAULT, cwd: Path | None = None) -> Run:
        """Run a command line to its end."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        environ = self._world.unmeasured
        wish = {
            "arguments": [str(word) for word in arguments], "environ": environ, "fault": fault,
            "below": str(self._world.folder), "cwd": str(cwd or self._world.home), "into": str(self._folder),
        }  # fmt: skip
        self._server.stdin.write(json.dumps(wish) + "\n")
        self._server.stdin.flush()
        code = int(self._server.stdout.readline())
        out, err, points = (
            (self._folder / name).read_text(encoding="utf-8", errors="replace") for name in _STREAMS
        )
        return Run(code, out, err, points.splitlines())

    def end(self) -> None:
        """End the server."""
        self._server.communicate(timeout=30)
        shutil.rmtree(self._folder)


_STREAMS = ("out", "err", "points")


def _serve() -> None:
    # What a command loads is loaded here once, lest each copy does.
    import importlib

    for name in _PRELOADED:
        importlib.import_module(name)
    for line in sys.stdin:
        wish = json.loads(line)
        child = os.fork()
        if child == 0:
            _perform(wish)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


_PRELOADED = (
    "click", "rich.console", "ctypes", "hashlib", "rezup_cli.main", "rezup_cli.application", "rezup_cli.command_group",
    "rezup.session", "rezup.session.sharing", "rezup.session.pins", "rezup.session.caching", "rezup.containers.creation",
    "rezup.containers.building", "rezup.containers.removal", "rezup.containers.pinning", "rezup.cache.environments",
    "rezup.recipes.parse", "rezup.installers.uv", "rezup.lockfiles.writing", "rezup.wheelhouse.store",
    "rezup.system.files", "rezup.system.swapping",
)  # fmt: skip


def _perform(wish: dict[str, Any]) -> None:
    """Be the command line; never returns."""
    into = Path(wish["into"])
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    out, err, log = (os.open(into / name, flags, 0o644) for name in _STREAMS)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    for target, stream in ((0, nowhere), (1, out), (2, err)):
        os.dup2(stream, target)
    os.environ.clear()
    os.environ.update(wish["environ"])
    os.chdir(wish["cwd"])
    sys.argv = ["rezup", *wish["arguments"]]
    Injection(wish["below"], Fault(*wish["fault"]), log).install()
    from rezup_cli.main import main

    sys.exit(main())


def sampled(count: int, most: int | None) -> Iterator[int]:
    """Numbers below `count`, all of them or an even choice that has the first and the last."""
    if most is None or count <= most:
        yield from range(count)
    else:
        yield from sorted({round(step * (count - 1) / (most - 1)) for step in range(most)})


if __name__ == "__main__":
    _serve()
