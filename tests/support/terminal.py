"""A program on a pseudo-terminal, driven by what it shows; nothing here sleeps."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import subprocess
import termios
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

#: Seconds that anything may take; only ever used up by a failing test.
PATIENCE = 20.0


def _take_terminal() -> None:
    """Make standard input the terminal that controls this session."""
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGQUIT):
        signal.signal(number, signal.SIG_DFL)  # tests may run in the background, or by nohup
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


class Terminal:
    """A program that believes to talk to a person. Use it in a ``with`` statement."""

    def __init__(
        self, argv: Sequence[str], environ: Mapping[str, str], folder: str | os.PathLike[str]
    ) -> None:
        self.shown = ""
        self._descriptor, inner = pty.openpty()
        # No fork that goes on in Python: where coverage is measured, its `execve` would first save all of it.
        self._process = subprocess.Popen(
            argv, stdin=inner, stdout=inner, stderr=inner, env=dict(environ), cwd=folder,
            start_new_session=True, preexec_fn=_take_terminal,
        )  # fmt: skip
        os.close(inner)

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        if self._descriptor >= 0:
            os.close(self._descriptor)

    @property
    def pid(self) -> int:
        """The process that was started."""
        return self._process.pid

    def hang_up(self) -> None:
        """Close the terminal, as closing its window does, and wait for the end of the program."""
        os.close(self._descriptor)
        self._descriptor = -1
        self._process.wait(PATIENCE)

    def expect(self, text: str) -> str:
        """Wait until `text` is shown, counted from the last `expect`; returns all up to its end."""
        deadline = time.monotonic() + PATIENCE
        while text not in self.shown:
            assert self._read(deadline), f"{text!r} was never shown: {self.shown!r}"
        before, _, self.shown = self.shown.partition(text)
        return before + text

    def send(self, text: str) -> None:
        """Type something, without a line end of its own."""
        os.write(self._descriptor, os.fsencode(text))

    def finish(self) -> tuple[int, str]:
        """Wait for the end; exit status (as a shell tells it) and what was shown since the last `expect`."""
        deadline = time.monotonic() + PATIENCE
        while self._read(deadline):
            pass
        code = self._process.wait()
        return code if code >= 0 else 128 - code, self.shown

    def leave(self) -> str:
        """Type `exit 7` into a shell, and see that it ends with that; what was shown since the last `expect`."""
        self.send("exit 7\n")
        status, shown = self.finish()
        assert status == 7, shown
        return shown

    def _read(self, deadline: float) -> bool:
        """Take what has been shown; False at the end."""
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, deadline - time.monotonic()))
        assert ready, f"nothing more within {PATIENCE:g} s: {self.shown!r}"
        try:
            data = os.read(self._descriptor, 65536)
        except OSError:  # the way Linux tells the end of a terminal
            return False
        self.shown += data.decode(errors="replace")
        return bool(data)
